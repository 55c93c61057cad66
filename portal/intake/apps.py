from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "portal.intake"
    label = "intake"

    def ready(self) -> None:
        from portal.intake.quarantine import forget_quarantined
        from records.signals import forgotten

        forgotten.connect(forget_quarantined, dispatch_uid="forget_quarantined")
