from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "records"

    def ready(self) -> None:
        from cdrs.signals import calls_arrived
        from records.ingest.linking import link_recordings

        calls_arrived.connect(link_recordings, dispatch_uid="link_recordings")
