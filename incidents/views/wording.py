"""What a field holds, as people read it: codes by their list, places by name, moments in Baghdad.

The same for the history, for what a form told otherwise, for what changed meanwhile and for two
records side by side.
"""

from datetime import date, datetime, time
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ceasefire import codes
from ceasefire.look.numbers import in_digits
from ceasefire.look.templatetags.look import long_day
from ceasefire.places.models import Place
from incidents.models import BAND_HOURS, Incident

#: How the codes of a field are worded.
LISTS = {
    "type": "incident_type",
    "time_of_day": "time_of_day",
    "time_precision": "time_precision",
    "geo_precision": "geo_precision",
    "place_type": "place_type",
    "motive": "motive",
    "method": "method",
    "weapons": "weapon",
}
MOMENTS = frozenset({"occurred_from", "occurred_to", "reported_at", "outcome_on"})

#: The question of each field.
LABELS: dict[str, Any] = {
    **{
        field.name: field.verbose_name
        for field in Incident._meta.get_fields()
        if hasattr(field, "verbose_name")
    },
    "place": gettext_lazy("Place"),
    "weapons": gettext_lazy("Weapons"),
    "killed_min": gettext_lazy("Killed, at least"),
    "killed_max": gettext_lazy("Killed, at most"),
    "killed_unknown": gettext_lazy("Number of killed unknown"),
    "injured_min": gettext_lazy("Injured, at least"),
    "injured_max": gettext_lazy("Injured, at most"),
    "sources": gettext_lazy("Sources"),
    "source_grade": gettext_lazy("Grade of a source"),
    "victims": gettext_lazy("People harmed"),
    "actors": gettext_lazy("Who did it"),
    "verification": gettext_lazy("Verification"),
    "workflow_state": gettext_lazy("State"),
    "is_sensitive": gettext_lazy("Sensitive"),
}


def as_held(field: str, value: Any) -> Any:
    """A value for comparing: of a moment that is held as text the moment, else the value itself.

    Two texts may name one moment: 23:10 in Baghdad is 20:10 UTC.
    """
    if field in MOMENTS and isinstance(value, str):
        try:
            return parse_date(value) or parse_datetime(value) or value
        except ValueError:
            return value
    return value


def in_words(field: str, value: Any, *, digits: str = "western", part: str = "") -> str:
    """A code, number, moment, place or text of a field as people read it, in their digits.

    `part`: the part of the day that goes with a moment. An hour that only stands for it is not
    shown: nothing is shown more exactly than it is known.
    """
    if value in (None, "", []):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return " · ".join(in_words(field, item, digits=digits) for item in value)
    if field in LISTS:
        return str(codes.label(LISTS[field], str(value)))
    if field == "verification":
        return str(dict(Incident.Verification.choices).get(value, value))
    if field == "workflow_state":
        return str(dict(Incident.State.choices).get(value, value))
    if field in {"place", "district"}:
        return _place_name(value)
    if field in MOMENTS:
        return in_digits(_moment(as_held(field, value), part), digits)
    if isinstance(value, int | float):
        return in_digits(str(value), digits)
    return str(value)


def _moment(value: Any, part: str) -> str:
    """Day and hour in Baghdad; the day alone where no hour was told."""
    if isinstance(value, datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        stands_for = time(BAND_HOURS.get(part, 12)) if part else None
        words = long_day(local.date())
        return words if local.time() == stands_for else f"{words} {local:%H:%M}"
    return long_day(value) if isinstance(value, date) else str(value)


def _place_name(value: Any) -> str:
    """The name of a place in the reader's language; its P-code where none is known by it."""
    place = value if isinstance(value, Place) else Place.objects.filter(pcode=value).first()
    return str(place.name if place is not None else value)
