from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "ceasefire.exports"
    label = "exports"
