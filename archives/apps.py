from django.apps import AppConfig


class ArchivesConfig(AppConfig):
    name = "archives"

    def ready(self) -> None:
        from archives.signals import became_ready, ended
        from archives.telling import tell

        for happened in (became_ready, ended):
            happened.connect(tell, dispatch_uid="archives.telling")
