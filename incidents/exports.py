"""What leaves as a table or a map file: one list of columns for every format, page and command.

The same columns are read back by the import (docs/import.md). Names of sources stay in the vault:
their column is empty in every export, since a name leaves it only one by one, with a reason.
Named groups and what sources said do not leave either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ceasefire.exports import Column
from incidents.models import Incident

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


#: In this order, in and out.
COLUMNS: tuple[Column, ...] = (
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
    Column("latitude", _("Latitude"), "decimal", "lat", places=6),
    Column("longitude", _("Longitude"), "decimal", "lon", places=6),
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
)
BY_KEY = {column.key: column for column in COLUMNS}


def rows(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Incidents as the columns read them: oldest first, drafts left out, related rows at hand."""
    return (
        incidents.exclude(workflow_state=Incident.State.DRAFT)
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
    if incident.may_show_point:
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

    A point stands only where the place is known to the neighbourhood or better; other incidents
    have no geometry, since the middle of a district is not where anything happened. `progress` is
    told the number of rows now and then.
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
    yield b"\n]}\n"
