from django.apps import AppConfig


class ArchivesConfig(AppConfig):
    name = "archives"

    def ready(self) -> None:
        from archives.pins import Pins
        from archives.signals import became_ready, ended
        from archives.telling import tell
        from records.pins import KEEPERS

        KEEPERS.append(Pins())
        for happened in (became_ready, ended):
            happened.connect(tell, dispatch_uid="archives.telling")
