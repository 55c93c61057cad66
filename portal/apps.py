from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The installation as a whole: what stands outside of the floors and has to be known to Django at its start."""

    name = "portal"
    label = "portal"

    def ready(self) -> None:
        # The checks register with `manage.py check`. The queue must be made in every process, tests and benchmarks too:
        # where it is not, Celery sends what is queued to a broker of its own choice.
        from portal import celery, checks  # noqa: F401
