from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The installation as a whole: what stands outside of the floors and has to be known to Django at its start."""

    name = "portal"
    label = "portal"

    def ready(self) -> None:
        from portal import checks  # noqa: F401 - registers the boot checks with `manage.py check`
