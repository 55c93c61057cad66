from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        from django.contrib.auth.models import update_last_login
        from django.contrib.auth.signals import user_logged_in

        # Django would write the user's row outside of any scope; portal.accounts.sign_in does it in the right one.
        user_logged_in.disconnect(update_last_login, dispatch_uid="update_last_login")
