from django.apps import AppConfig


class CdrsConfig(AppConfig):
    name = "cdrs"

    def ready(self) -> None:
        from cdrs.ingest.current import end_by_facts
        from cdrs.signals import calls_arrived

        calls_arrived.connect(end_by_facts, dispatch_uid="end_by_facts")
