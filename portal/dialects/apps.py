from django.apps import AppConfig


class DialectsConfig(AppConfig):
    name = "portal.dialects"
    label = "dialects"
