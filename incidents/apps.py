from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "incidents"

    def ready(self) -> None:
        from ceasefire.people import leaving
        from incidents.services import leavers, photos

        photos.register()
        leaving.register("incidents", leavers.said_when_leaving)
