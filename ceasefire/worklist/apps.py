from django.apps import AppConfig


class WorklistConfig(AppConfig):
    name = "ceasefire.worklist"
    label = "worklist"
