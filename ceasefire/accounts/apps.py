from django.apps import AppConfig
from django.db.models.signals import pre_save


class AccountsConfig(AppConfig):
    name = "ceasefire.accounts"
    label = "accounts"

    def ready(self) -> None:
        from ceasefire.accounts.devices import keep_little

        pre_save.connect(
            keep_little, sender="usersessions.UserSession", dispatch_uid="accounts.keep_little"
        )
