from django.apps import AppConfig


class HoldsConfig(AppConfig):
    name = "portal.holds"
    label = "holds"

    def ready(self) -> None:
        from portal.clients import retiring
        from portal.holds.queries import keeping_extension

        if keeping_extension not in retiring.OBJECTIONS:
            retiring.OBJECTIONS.append(keeping_extension)
