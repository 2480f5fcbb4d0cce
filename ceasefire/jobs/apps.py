from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "ceasefire.jobs"
    label = "jobs"

    def ready(self) -> None:
        # The web's processes too must know every kind: a job of an unknown kind is refused when it
        # is entered, not when it is run.
        autodiscover_modules("tasks")
