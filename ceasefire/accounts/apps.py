from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save, pre_save


class AccountsConfig(AppConfig):
    name = "ceasefire.accounts"
    label = "accounts"

    def ready(self) -> None:
        from ceasefire.accounts import sealed_secrets, second_step
        from ceasefire.accounts.devices import keep_little
        from ceasefire.vault import elsewhere

        elsewhere.register(
            "second step",
            elsewhere.Elsewhere(
                counts=sealed_secrets.counts_by_key,
                rotate=lambda: sealed_secrets.seal_again().broken,
            ),
        )

        pre_save.connect(
            keep_little, sender="usersessions.UserSession", dispatch_uid="accounts.keep_little"
        )
        authenticators = "mfa.Authenticator"
        post_save.connect(
            second_step.note_added, sender=authenticators, dispatch_uid="accounts.note_added"
        )
        post_delete.connect(
            second_step.note_removed, sender=authenticators, dispatch_uid="accounts.note_removed"
        )
