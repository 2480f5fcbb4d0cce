from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "ceasefire.places"
    label = "places"
