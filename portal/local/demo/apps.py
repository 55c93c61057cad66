from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "portal.local.demo"
    label = "demo"
