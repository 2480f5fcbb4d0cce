"""The addresses of the work around the caseload: events, shifts, daily logs."""

from django.urls import path, register_converter

from outreach.views import daily_log, fieldwork, shifts


class DayConverter:
    """A day in an address, 2026-11-22; anything else is no address."""

    regex = r"20\d\d-[01]\d-[0-3]\d"

    def to_python(self, value: str) -> object:
        from datetime import date

        return date.fromisoformat(value)

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(DayConverter, "day")

urlpatterns = [
    path("events/", fieldwork.event_list, name="event_list"),
    path("events/new/", fieldwork.event_new, name="event_new"),
    path("events/<str:code>/", fieldwork.event_detail, name="event_detail"),
    path("events/<str:code>/take-back/", fieldwork.event_take_back, name="event_take_back"),
    path("shift/", shifts.shift, name="shift"),
    path("shift/<uuid:pk>/", shifts.shift_detail, name="shift_detail"),
    path("shift/<uuid:pk>/later/", shifts.shift_later, name="shift_later"),
    path("shift/<uuid:pk>/end/", shifts.shift_end, name="shift_end"),
    path("log/", daily_log.log_today, name="log"),
    path("log/team/", daily_log.log_team, name="log_team"),
    path("log/<day:day>/", daily_log.log_day, name="log_day"),
    path("log/of/<uuid:pk>/", daily_log.log_detail, name="log_detail"),
]
