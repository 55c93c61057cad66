from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "portal.intake"
    label = "intake"

    def ready(self) -> None:
        import cdrs.signals
        import records.signals
        from archives.person.signals import number_erased
        from portal.intake.erasing import forget_number
        from portal.intake.inbox import forget_raw
        from portal.intake.quarantine import forget_quarantined

        records.signals.forgotten.connect(forget_quarantined, dispatch_uid="forget_quarantined")
        for forgotten in (cdrs.signals.forgotten, records.signals.forgotten):
            forgotten.connect(forget_raw, dispatch_uid="forget_raw")
        number_erased.connect(forget_number, dispatch_uid="forget_number")
