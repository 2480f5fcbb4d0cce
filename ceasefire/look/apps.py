"""The Django app of the look."""

from django.apps import AppConfig


class LookConfig(AppConfig):
    """Holds templates tags and context; it has no table."""

    name = "ceasefire.look"
    label = "look"
