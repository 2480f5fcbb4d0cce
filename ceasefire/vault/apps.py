from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "ceasefire.vault"
    label = "vault"
