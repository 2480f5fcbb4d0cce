"""What the verbs are given: the plain fields of an incident and the rows that belong to it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.crypto import salted_hmac

#: The plain fields that a person writes; everything else the services work out.
FIELDS = (
    "type",
    "subtype",
    "occurred_from",
    "occurred_to",
    "time_precision",
    "time_of_day",
    "place",
    "geo_precision",
    "lat",
    "lon",
    "place_type",
    "killed_min",
    "killed_best",
    "killed_max",
    "killed_unknown",
    "injured_min",
    "injured_best",
    "injured_max",
    "abducted",
    "motive",
    "method",
    "weapons",
    "summary",
    "public_safety",
    "staff_involved",
    "sharing",
    "reported_at",
)


@dataclass(frozen=True)
class SourceFacts:
    """Who says so and how far to trust it. `name` and `contact` go to the vault, never to a column.

    `same_origin_as` is the position (from 0) of an earlier source in the same list from whose
    origin this one comes too. `id` names a source that is there already; `remove` takes it away.
    """

    kind: str
    reliability: str
    credibility: str
    text: str = ""
    name: str = ""
    contact: str = ""
    same_origin_as: int | None = None
    id: UUID | None = None
    remove: bool = False

    PLAIN = ("kind", "reliability", "credibility", "text")
    SEALED = ("name", "contact")


@dataclass(frozen=True)
class VictimFacts:
    """One person harmed. `name` goes to the vault, never to a column."""

    harm: str
    sex: str = "unknown"
    age: int | None = None
    age_band: str = "unknown"
    roles: tuple[str, ...] = ()
    nationality: str = ""
    gunshot: str = "unknown"
    hospital: str = "unknown"
    outcome: str = "unknown"
    outcome_on: date | None = None
    name: str = ""
    id: UUID | None = None
    remove: bool = False

    PLAIN = (
        "harm",
        "sex",
        "age",
        "age_band",
        "roles",
        "nationality",
        "gunshot",
        "hospital",
        "outcome",
        "outcome_on",
    )
    SEALED = ("name",)


@dataclass(frozen=True)
class ActorFacts:
    """One party on the perpetrators' side."""

    category: str = "unknown"
    named_group: str = ""
    certainty: str = "suspected"
    count_band: str = "unknown"
    note: str = ""
    id: UUID | None = None
    remove: bool = False

    PLAIN = ("category", "named_group", "certainty", "count_band", "note")
    SEALED = ()


Rows = Sequence[SourceFacts] | Sequence[VictimFacts] | Sequence[ActorFacts]


_AS_IT_IS = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """A value as JSON holds it: a place as its P-code, a moment or a day in ISO form."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, models.Model):
        return getattr(value, "pcode", None) or str(value.pk)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def as_content(facts: Mapping[str, Any], **rows: Rows) -> dict[str, Any]:
    """Everything a form held, as JSON in a fixed order."""
    content: dict[str, Any] = {name: plain(facts[name]) for name in sorted(facts)}
    for name in sorted(rows):
        content[name] = [
            {key: plain(value) for key, value in asdict(row).items()} for row in rows[name]
        ]
    return content


def content_hash(content: Mapping[str, Any]) -> str:
    """A keyed SHA-256 of what a form held: equal for a resend, and no way to guess at a name."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return salted_hmac("incidents.content", text, algorithm="sha256").hexdigest()


def without_names(content: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The content without what belongs into the vault, and that part by its path.

    A row says of each name that it lies there: `has_sealed_name`.
    """
    names: dict[str, str] = {}
    bare: dict[str, Any] = {}
    for key, value in content.items():
        if not isinstance(value, list) or not value or not isinstance(value[0], dict):
            bare[key] = value
            continue
        bare[key] = []
        for position, row in enumerate(value):
            kept = dict(row)
            for field in ("name", "contact"):
                if field not in kept:
                    continue
                kept[f"has_sealed_{field}"] = bool(kept.pop(field))
                if row[field]:
                    names[f"{key}.{position}.{field}"] = row[field]
            bare[key].append(kept)
    return bare, names
