from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "ceasefire.accounts"
    label = "accounts"
