from django.apps import AppConfig


class CodesConfig(AppConfig):
    name = "ceasefire.codes"
    label = "codes"
