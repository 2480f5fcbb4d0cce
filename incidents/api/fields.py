"""What the API says of an incident: to each reader what the page shows them, in codes.

Names kept in the vault are never read here.
"""

from typing import Any

from django.utils import timezone

from ceasefire.api.operations import known_shape
from ceasefire.api.shapes import (
    CLOCK,
    COUNT,
    DAY,
    DEGREES,
    FLAG,
    MOMENT,
    TEXT,
    Field,
    Shape,
    coded,
    day,
    many,
    moment,
    numbered,
    one_of,
    or_null,
)
from ceasefire.people.models import User
from incidents import services
from incidents.models import Incident

NOT_FOR_ALL = "Null where this person does not see it."


def _retired(name: str) -> Any:
    return coded(name, retired=True)


def _name(row: Any, _sight: Any) -> dict[str, Any] | None:
    return NAME.of(row) if row is not None else None


def _clock(row: Any, _sight: Any) -> str | None:
    if not row.knows_clock:
        return None
    return timezone.localtime(row.occurred_from).strftime("%H:%M")


def _reporter(row: Any, _sight: Any) -> str | None:
    return row.reporter.code_name if row.reporter is not None else None


def _degrees(name: str) -> Any:
    def read(row: Any, sight: Any) -> float | None:
        value: float | None = getattr(row, name)
        return value if sight.seen.point else None

    return read


NAME = known_shape(
    Shape("PlaceName", (Field("pcode", TEXT), Field("name_en", TEXT), Field("name_ar", TEXT)))
)
#: What a row of the list shows.
_ROW = (
    Field("code", TEXT, description="The record's own code, e.g. INC-2026-000123."),
    Field("site", TEXT, lambda row, _s: row.site.code),
    Field("type", _retired("incident_type")),
    Field("day", DAY, lambda row, _s: day(row.occurred_on), "The day it began, in Baghdad."),
    Field("clock", or_null(CLOCK), _clock, "Null where only a part of the day is known."),
    Field(
        "occurred_from",
        MOMENT,
        lambda row, _s: moment(row.occurred_from),
        "The moment it is ordered by; where `clock` is null it stands for the part of the day.",
    ),
    Field("time_precision", numbered("time_precision")),
    Field("time_of_day", _retired("time_of_day")),
    Field("place", NAME.ref, lambda row, s: _name(row.place, s)),
    Field("district", or_null(NAME.ref), lambda row, s: _name(row.district, s)),
    Field("geo_precision", numbered("geo_precision")),
    Field("killed_best", or_null(COUNT), description="Null where it is not known or not asked."),
    Field("killed_unknown", FLAG, description="Asked, and not known."),
    Field("workflow_state", one_of(Incident.State.values)),
    Field("verification", one_of(Incident.Verification.values)),
    Field("is_sensitive", FLAG),
    Field("reporter", or_null(TEXT), _reporter, "Code name; null for an imported record."),
    Field("origin", TEXT, description="The outside list it came from; empty for our own."),
    Field("version", {"type": "integer", "minimum": 1}),
)
INCIDENT = known_shape(Shape("Incident", _ROW, "An incident as a row of the list."))


def _origin_of(row: Any, sight: Any) -> int | None:
    keys = [source.pk for source in sight.sources]
    return keys.index(row.same_origin_as_id) if row.same_origin_as_id in keys else None


SOURCE = known_shape(
    Shape(
        "Source",
        (
            Field("kind", _retired("source_kind")),
            Field("reliability", _retired("reliability")),
            Field("credibility", _retired("credibility")),
            Field(
                "same_origin_as",
                or_null(COUNT),
                _origin_of,
                "Position of the source from whose origin this one comes too.",
            ),
            Field(
                "text",
                or_null(TEXT),
                lambda row, s: row.text if s.seen.words or row.created_by_id == s.user.pk else None,
                f"What they said. {NOT_FOR_ALL}",
            ),
        ),
    )
)
VICTIM = known_shape(
    Shape(
        "Victim",
        (
            Field("harm", _retired("harm")),
            Field("sex", _retired("sex")),
            Field("age", or_null(COUNT)),
            Field("age_band", _retired("age_band")),
            Field("roles", lambda: many(_retired("victim_role")())),
            Field("nationality", TEXT),
            Field("outcome", _retired("outcome")),
            Field("outcome_on", or_null(DAY), lambda row, _s: day(row.outcome_on)),
        ),
    )
)
ACTOR = known_shape(
    Shape(
        "Actor",
        (
            Field("category", _retired("actor_category")),
            Field("certainty", _retired("actor_certainty")),
            Field("count_band", _retired("count_band")),
            Field(
                "named_group",
                or_null(TEXT),
                lambda row, s: row.named_group if s.seen.groups else None,
                NOT_FOR_ALL,
            ),
            Field(
                "note",
                or_null(TEXT),
                lambda row, s: row.note if s.seen.words else None,
                NOT_FOR_ALL,
            ),
        ),
    )
)
INCIDENT_WHOLE = known_shape(
    Shape(
        "IncidentWhole",
        (
            *_ROW,
            Field("subtype", TEXT),
            Field("occurred_to", or_null(MOMENT), lambda row, _s: moment(row.occurred_to)),
            Field("lat", or_null(DEGREES), _degrees("lat"), f"WGS 84. {NOT_FOR_ALL}"),
            Field("lon", or_null(DEGREES), _degrees("lon"), f"WGS 84. {NOT_FOR_ALL}"),
            Field("place_type", _retired("place_type")),
            Field("killed_min", or_null(COUNT)),
            Field("killed_max", or_null(COUNT)),
            Field("injured_min", or_null(COUNT)),
            Field("injured_best", or_null(COUNT)),
            Field("injured_max", or_null(COUNT)),
            Field("abducted", or_null(COUNT)),
            Field("motive", _retired("motive")),
            Field("method", _retired("method")),
            Field("weapons", lambda: many(_retired("weapon")())),
            Field("summary", TEXT),
            Field("public_safety", FLAG, description="The danger to the public goes on."),
            Field(
                "returned_reason",
                TEXT,
                lambda row, s: row.returned_reason if s.seen.since is None else "",
                "Why it went back to its reporter; empty where this person does not see it.",
            ),
            Field(
                "duplicate_of",
                or_null(TEXT),
                lambda row, s: s.original,
                "The incident that this one repeats, where this person sees it.",
            ),
            Field("reported_at", MOMENT, lambda row, _s: moment(row.reported_at)),
            Field(
                "sources", many(SOURCE.ref), lambda row, s: [SOURCE.of(one, s) for one in s.sources]
            ),
            Field(
                "victims",
                many(VICTIM.ref),
                lambda row, s: [VICTIM.of(one, s) for one in row.victimizations.all()],
            ),
            Field(
                "actors",
                many(ACTOR.ref),
                lambda row, s: [ACTOR.of(one, s) for one in row.actors.all()],
            ),
        ),
        "An incident as its page shows it to this person.",
    )
)


class Reader:
    """Who reads one incident, and what of it they see."""

    def __init__(self, incident: Incident, user: User) -> None:
        self.user = user
        self.seen = services.sight(incident, user)
        self.sources = list(incident.sources.all())
        self.original = None
        if incident.duplicate_of_id is not None:
            visible = Incident.objects.visible_to(user).filter(pk=incident.duplicate_of_id)
            self.original = visible.values_list("code", flat=True).first()


def whole(incident: Incident, user: User) -> dict[str, Any]:
    """All that this person sees of one incident."""
    return INCIDENT_WHOLE.of(incident, Reader(incident, user))
