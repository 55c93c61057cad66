from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "archives.retention"
    label = "retention"

    def ready(self) -> None:
        from archives.retention.certificates import remember_removed
        from records.signals import forgotten

        forgotten.connect(remember_removed, dispatch_uid="remember_removed")
