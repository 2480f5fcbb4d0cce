from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "ceasefire.people"
    label = "people"
