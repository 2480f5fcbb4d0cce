from django.apps import AppConfig


class GrantsConfig(AppConfig):
    name = "grants"

    def ready(self) -> None:
        from ceasefire.vault import elsewhere
        from grants.services import organisations

        elsewhere.register(
            "people behind organisations",
            elsewhere.Elsewhere(
                counts=organisations.counts_by_key, rotate=organisations.seal_again
            ),
        )
