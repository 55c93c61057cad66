from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class AccessConfig(AppConfig):
    name = "portal.access"
    label = "access"

    def ready(self) -> None:
        import portal.access.among  # noqa: F401 - it makes the lookup known
        from portal.access.roles import grant_to_serving_role, make_roles

        pre_migrate.connect(make_roles, sender=self, dispatch_uid="make_roles")
        post_migrate.connect(grant_to_serving_role, sender=self, dispatch_uid="grant_to_serving_role")
