"""What leaves as a table or a map file: one list of columns for every format, page and command.

The same columns are read back by the import (docs/import.md). Names of sources stay in the vault:
their column is empty in every export, since a name leaves it only one by one, with a reason.
Named groups and what sources said do not leave either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.exports import Column
from incidents.models import Incident, IncidentActor, Source
from incidents.services.mapping import POINT_UP_TO

BOUNDARIES_CREDIT = "Boundaries: Iraq CSO / OCHA COD, 2019-06-03, CC BY 3.0 IGO"
UCDP_CREDIT = (
    "Contains events of the UCDP Georeferenced Event Dataset, CC BY 4.0; "
    "Sundberg and Melander 2013, Journal of Peace Research 50(4):523-532"
)
#: How our own table writes a number that was asked for and is not known.
UNKNOWN = "unknown"
#: A file of more rows is made by a worker; a CSV is streamed whatever its length.
ROWS_AT_ONCE = 5000


def _killed(incident: Any) -> int | str | None:
    return UNKNOWN if incident.killed_unknown else incident.killed_best


def _sources(field: str) -> Any:
    def read(incident: Any) -> str:
        return "; ".join(getattr(source, field) for source in incident.sources.all())

    return read


def _actors(incident: Any) -> str:
    return "; ".join(actor.category for actor in incident.actors.all())


def _source_id(incident: Any) -> str:
    if not incident.origin or incident.origin.startswith("table/"):
        return str(incident.origin_id)
    return f"{incident.origin}:{incident.origin_id}"


def _no_name(_incident: Any) -> str:
    return ""


def _degrees(axis: str) -> Any:
    """A point's half, where the place is known to the neighbourhood or better; else nothing.

    A record may hold a point that is finer than it is known to be; no file says so.
    """

    def read(incident: Any) -> float | None:
        value: float | None = getattr(incident, axis)
        return value if incident.may_show_point else None

    return read


def _is_sensitive(incident: Any) -> str:
    return "yes" if incident.is_sensitive else "no"


_PLAIN: tuple[Column, ...] = (
    Column("code", _("Code"), "code"),
    Column("site", _("Site"), "code", "site.code"),
    Column("type", _("Type"), "code"),
    Column("subtype", _("More exactly")),
    Column("occurred_from", _("From"), "datetime"),
    Column("occurred_to", _("To"), "datetime"),
    Column("time_precision", _("How sure of the day"), "int"),
    Column("time_of_day", _("Time of day"), "code"),
    Column("place", _("Place"), "code", "place.pcode"),
    Column("geo_precision", _("How sure of the place"), "int"),
    Column("latitude", _("Latitude"), "decimal", _degrees("lat"), places=6),
    Column("longitude", _("Longitude"), "decimal", _degrees("lon"), places=6),
    Column("place_type", _("Kind of place"), "code"),
    Column("killed_min", _("Killed, at least"), "int"),
    Column("killed_best", _("Killed"), "int", _killed, total=True),
    Column("killed_max", _("Killed, at most"), "int"),
    Column("injured_min", _("Injured, at least"), "int"),
    Column("injured_best", _("Injured"), "int", total=True),
    Column("injured_max", _("Injured, at most"), "int"),
    Column("abducted", _("Abducted"), "int", total=True),
    Column("motive", _("Motive"), "code"),
    Column("method", _("Method"), "code"),
    Column("weapons", _("Weapons"), "code"),
    Column("actor_category", _("Who did it"), "code", _actors),
    Column("summary", _("Summary"), width=60),
    Column("source_kind", _("Sources"), "code", _sources("kind")),
    Column("source_reliability", _("Reliability"), "code", _sources("reliability")),
    Column("source_credibility", _("Credibility"), "code", _sources("credibility")),
    Column("source_name", _("Source names (sealed)"), "text", _no_name),
    Column("source_id", _("Source record"), "code", _source_id),
    Column("reported_at", _("Reported"), "datetime"),
    Column("workflow_state", _("State"), "code"),
    Column("verification", _("Verification"), "code"),
    Column("sensitive", _("Sensitive"), "code", _is_sensitive),
)
#: Column -> its HXL tag, and what stands in it.
MEANINGS: dict[str, tuple[str, Any]] = {
    "code": ("#event+id+code", _("Our number of the record. Empty for a new row.")),
    "site": ("#org+code+reporting", _("Code of the site that keeps the record.")),
    "type": ("#event+type+code", _("What happened: a code of the list of types.")),
    "subtype": ("#event+subtype", _("More exactly, in words.")),
    "occurred_from": ("#date+occurred+start", _("When it happened or began, in Baghdad time.")),
    "occurred_to": ("#date+occurred+end", _("When it ended, if it lasted.")),
    "time_precision": (
        "#date+occurred+precision",
        _("1 exact day, 2 within a week, 3 within a month, 4 not known."),
    ),
    "time_of_day": ("#date+occurred+band", _("Part of the day.")),
    "place": ("#loc+code+v_pcode", _("P-code of the smallest place that is known.")),
    "geo_precision": (
        "#geo+precision",
        _("1 exact place, 2 neighbourhood, 3 sub-district, 4 district, 5 governorate."),
    ),
    "latitude": (
        "#geo+lat",
        _("Degrees north; only of a point in a place known to the neighbourhood."),
    ),
    "longitude": ("#geo+lon", _("Degrees east, as latitude.")),
    "place_type": ("#loc+type", _("Kind of place.")),
    "killed_min": ("#affected+killed+min", _("Killed, at least.")),
    "killed_best": (
        "#affected+killed",
        _("Killed, best figure; “unknown” if asked and not known."),
    ),
    "killed_max": ("#affected+killed+max", _("Killed, at most.")),
    "injured_min": ("#affected+injured+min", _("Injured, at least.")),
    "injured_best": ("#affected+injured", _("Injured, best figure.")),
    "injured_max": ("#affected+injured+max", _("Injured, at most.")),
    "abducted": ("#affected+abducted", _("People taken away.")),
    "motive": ("#cause+motive", _("Why, as far as it is known.")),
    "method": ("#event+method", _("How it was done.")),
    "weapons": ("#item+weapon", _("Weapons seen; several are parted by semicolons.")),
    "actor_category": ("#group+actor+type", _("Kind of perpetrator, never a name; several by ;.")),
    "summary": ("#description+summary", _("What is known, without names.")),
    "source_kind": ("#meta+source+type", _("Kinds of the sources, one after the other by ;.")),
    "source_reliability": (
        "#meta+source+reliability",
        _("How often each source has been right: A always to E never, F cannot say."),
    ),
    "source_credibility": (
        "#meta+source+credibility",
        _("What each source said: 1 confirmed to 5 contradicted, 6 cannot say."),
    ),
    "source_name": ("#meta+source+name", _("Always empty on the way out: names stay sealed.")),
    "source_id": ("#event+id+source", _("The row's number in the list it came from.")),
    "reported_at": ("#date+reported", _("When the program learned of it.")),
    "workflow_state": ("#status+workflow", _("How far the review is.")),
    "verification": ("#status+verification", _("How sure the record is, from its sources.")),
    "sensitive": (
        "#meta+sensitive",
        _("Sexual violence, minors, staff involved: yes or no. Such a row is not for everybody."),
    ),
}
#: In this order, in and out.
COLUMNS: tuple[Column, ...] = tuple(
    replace(column, tag=MEANINGS[column.key][0], meaning=MEANINGS[column.key][1])
    for column in _PLAIN
)
BY_KEY = {column.key: column for column in COLUMNS}

# --- rows without models ------------------------------------------------------------------------
# A long list is read as plain tuples: a model and its related rows take five times as long.

_FIELD = {
    "site": "site__code",
    "place": "place__pcode",
    "latitude": "lat",
    "longitude": "lon",
    "sensitive": "is_sensitive",
}
_OWN = tuple(
    _FIELD.get(column.key, column.key)
    for column in COLUMNS
    if not column.key.startswith("source_") and column.key != "actor_category"
)
_READ = (*_OWN, "killed_unknown", "origin", "origin_id", "told_by", "done_by")
_AT = {name: at for at, name in enumerate(_READ)}


def _slim_sources(part: int) -> Callable[[Any], str]:
    at = _AT["told_by"]
    return lambda row: "; ".join([told.split("|")[part] for told in row[at]])


def _slim_id(row: Any) -> str:
    origin, key = row[_AT["origin"]], row[_AT["origin_id"]]
    return str(key) if not origin or origin.startswith("table/") else f"{origin}:{key}"


def _slim_degrees(axis: str) -> Callable[[Any], float | None]:
    at, precision = _AT[axis], _AT["geo_precision"]
    return lambda row: row[at] if row[precision] <= POINT_UP_TO else None


_SLIM: dict[str, Callable[[Any], Any]] = {
    "latitude": _slim_degrees("lat"),
    "longitude": _slim_degrees("lon"),
    "killed_best": lambda row: UNKNOWN if row[_AT["killed_unknown"]] else row[_AT["killed_best"]],
    "actor_category": lambda row: "; ".join(row[_AT["done_by"]]),
    "source_kind": _slim_sources(0),
    "source_reliability": _slim_sources(1),
    "source_credibility": _slim_sources(2),
    "source_name": _no_name,
    "source_id": _slim_id,
    "sensitive": lambda row: "yes" if row[_AT["is_sensitive"]] else "no",
}
#: The same columns, of rows as `slim` gives them.
SLIM: tuple[Column, ...] = tuple(
    replace(
        column,
        value=_SLIM.get(column.key) or itemgetter(_AT[_FIELD.get(column.key, column.key)]),
    )
    for column in COLUMNS
)


def slim(incidents: QuerySet[Incident]) -> QuerySet[Any, Any]:
    """The incidents of `rows` as tuples for the columns of `SLIM`, in the same order."""
    told = Source.objects.filter(incident=OuterRef("pk")).order_by("created_at", "id")
    done = IncidentActor.objects.filter(incident=OuterRef("pk")).order_by("created_at", "id")
    bar = Value("|")
    return (
        incidents.select_related(None)
        .prefetch_related(None)
        .defer(None)
        .annotate(
            told_by=ArraySubquery(
                told.values_list(Concat("kind", bar, "reliability", bar, "credibility"))
            ),
            done_by=ArraySubquery(done.values_list("category")),
        )
        .values_list(*_READ)
    )


#: Column -> the code list of what it holds.
LISTED = {
    "type": "incident_type",
    "time_precision": "time_precision",
    "time_of_day": "time_of_day",
    "geo_precision": "geo_precision",
    "place_type": "place_type",
    "motive": "motive",
    "method": "method",
    "weapons": "weapon",
    "actor_category": "actor_category",
    "source_kind": "source_kind",
    "source_reliability": "reliability",
    "source_credibility": "credibility",
    "sensitive": "yes_no_unknown",
}
_CHOICES = {
    "workflow_state": Incident.State.choices,
    "verification": Incident.Verification.choices,
}
#: Numbers stay numbers also where codes become words.
SCALES = frozenset({"time_precision", "geo_precision"})


def worded_columns(columns: Sequence[Column] = SLIM) -> tuple[Column, ...]:
    """The columns with labels in the active language in the place of codes: for people to read.

    Read back in they are understood too, but for a place or site that has lost its code.
    """
    return tuple(
        replace(
            column, kind="text", value=_worded(column), tag=column.tag.replace("+code", "+name")
        )
        if (column.key in LISTED and column.key not in SCALES) or column.key in _CHOICES
        else column
        for column in columns
    )


def _worded(column: Column) -> Callable[[Any], str]:
    read = column.reader()
    if column.key in _CHOICES:
        states = {value: str(label) for value, label in _CHOICES[column.key]}
        return lambda row: states.get(read(row), "")
    labels = dict(codes.choices(LISTED[column.key], retired=True))

    def words(row: Any) -> str:
        value = read(row)
        if not value:
            return ""
        parts = value if isinstance(value, list) else str(value).split("; ")
        return "; ".join(labels.get(part, part) for part in parts)

    return words


DICTIONARY: tuple[Column, ...] = (
    Column("key", _("Column"), "code"),
    Column("label", _("Label")),
    Column("meaning", _("Meaning"), width=70),
    Column("kind", _("Kind"), "code"),
    Column("tag", _("HXL tag"), "code"),
    Column("codes", _("List of codes"), "code"),
)
CODES: tuple[Column, ...] = (
    Column("list", _("List"), "code"),
    Column("code", _("Code"), "code"),
    Column("english", _("English")),
    Column("arabic", _("Arabic")),
)


def dictionary_rows(columns: Iterable[Column] = COLUMNS) -> list[dict[str, Any]]:
    """What each column means, in the active language."""
    return [
        {
            "key": column.key,
            "label": str(column.label),
            "meaning": str(column.meaning),
            "kind": column.kind,
            "tag": column.tag,
            "codes": LISTED.get(column.key, ""),
        }
        for column in columns
    ]


def code_rows() -> list[dict[str, str]]:
    """Every code that can stand in a file, in both languages."""
    return [
        {
            "list": name,
            "code": code,
            "english": codes.label(name, code, "en"),
            "arabic": codes.label(name, code, "ar"),
        }
        for name in dict.fromkeys(LISTED.values())
        for code, _label in codes.choices(name, retired=True)
    ]


def sheets() -> list[tuple[Any, Sequence[Column], list[Any]]]:
    """The data dictionary, as sheets beside the data."""
    return [(_("Columns"), DICTIONARY, dictionary_rows()), (_("Codes"), CODES, code_rows())]


def layout(labels: str) -> tuple[tuple[Column, ...], str]:
    """Columns for `slim`, and what their first row holds: "codes" or "words"; "" for neither."""
    if labels == "words":
        return worded_columns(), "label"
    return SLIM, "key" if labels == "codes" else ""


def rows(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Incidents as the columns read them: oldest first, related rows at hand.

    What was never sent is left out, also where its own reporter takes out the file.
    """
    return (
        incidents.exclude(Incident.NEVER_SENT)
        .select_related("site", "place")
        .prefetch_related("sources", "actors")
        .defer("original", "search_key", "place__geometry", "place__search_key")
        .order_by("occurred_from", "id")
    )


def notes(at: datetime, *, by: str = "") -> list[tuple[Any, Any]]:
    """What an XLSX file says of itself on its last sheet."""
    return [
        *([(_("Made by"), by)] if by else []),
        (_("Made at"), at),
        (_("Names of sources"), _("Not in this file")),
        (_("Places"), BOUNDARIES_CREDIT),
        (_("UCDP"), UCDP_CREDIT),
    ]


def _feature(incident: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for column in COLUMNS:
        if column.key in ("latitude", "longitude", "source_name"):
            continue
        value = column.reader()(incident)
        properties[column.key] = value.isoformat() if hasattr(value, "isoformat") else value
    point = None
    if incident.is_drawn:
        point = {"type": "Point", "coordinates": [incident.lon, incident.lat]}
    return {
        "type": "Feature",
        "id": incident.code,
        "geometry": point,
        "properties": properties,
    }


def is_long(incidents: QuerySet[Incident]) -> bool:
    """Whether there is one row too many to be written while somebody waits; reads no further."""
    return incidents[ROWS_AT_ONCE : ROWS_AT_ONCE + 1].exists()


def write_geojson(
    incidents: Iterable[Any], *, progress: Callable[[int], None] | None = None
) -> Iterator[bytes]:
    """Yield a GeoJSON FeatureCollection (RFC 7946) piece by piece.

    A point stands only where the map draws one: the place is known to the neighbourhood or better
    and the record is not sensitive. Other incidents have no geometry, since the middle of a
    district is not where anything happened. `progress` is told the number of rows now and then.
    """
    found = incidents.iterator(chunk_size=2000) if hasattr(incidents, "iterator") else incidents
    head = {"attribution": f"{BOUNDARIES_CREDIT}. {UCDP_CREDIT}."}
    yield (
        '{"type": "FeatureCollection", '
        + json.dumps(head, ensure_ascii=False)[1:-1]
        + ', "features": ['
    ).encode()
    number = 0
    for number, incident in enumerate(found, start=1):
        yield (
            ("\n" if number == 1 else ",\n") + json.dumps(_feature(incident), ensure_ascii=False)
        ).encode()
        if progress is not None and number % 1000 == 0:
            progress(number)
    if progress is not None:
        progress(number)
    yield b'\n], "rows": %d}\n' % number
