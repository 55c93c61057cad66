from django.apps import AppConfig


class PersonConfig(AppConfig):
    name = "archives.person"
    label = "person"
