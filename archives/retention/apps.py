from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "archives.retention"
    label = "retention"
