from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "portal.intake"
    label = "intake"

    def ready(self) -> None:
        import cdrs.signals
        import records.signals
        from portal.intake.inbox import forget_raw
        from portal.intake.quarantine import forget_quarantined

        records.signals.forgotten.connect(forget_quarantined, dispatch_uid="forget_quarantined")
        for forgotten in (cdrs.signals.forgotten, records.signals.forgotten):
            forgotten.connect(forget_raw, dispatch_uid="forget_raw")
