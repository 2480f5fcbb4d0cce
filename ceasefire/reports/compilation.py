"""Making the content of a weekly report: counts and judgements in, JSON documents out.

`body` is the published document (its shape stands in docs/weekly-report.md). `basis` holds what the
page, the PDF and the shared version need beside it. Both depend on nothing but the records, the
site's settings and the cut. Both are made twice: of everything, and as if incidents of sexual
violence, with minors and with staff had never been logged (`editions` says for whom).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.codes.services import family
from ceasefire.periods import Week, local_day
from ceasefire.places import outlines
from ceasefire.places.models import Place, Site
from ceasefire.reports.calendars import marks
from ceasefire.reports.effects import judged_effects
from ceasefire.reports.further import further
from ceasefire.reports.models import Audience, WeeklyReport
from ceasefire.reports.panel import (
    ALL,
    MOST_WEEKS,
    NOWHERE,
    RECENT_WEEKS,
    Panel,
    Period,
    bands,
    build_panel,
    judge,
    probability,
    rounded,
    sentence_of,
)
from ceasefire.reports.recording import changes, coverage, districts, knows_since
from ceasefire.reports.sentences import sentence
from ceasefire.reports.software import software_version
from ceasefire.statistics.assessment import Assessment, Assessments
from ceasefire.statistics.history import RECENT_WEEKS as TESTED_ON
from incidents import measures

REPORT = "weekly-violence-trends"
#: 2: a row of what is known to no district, so that the rows add up to all.
#: 3: nowcast, trend, near repeats and clusters.
#: 4: delays, the line of the trend, concentration, effect, what was corrected, the software.
#: 5: near repeats by kind, back-filled batches, places by sub-district, what was told before.
#: 6: of an effect its first week, which look it is, whether it was tested, and all its choices; of
#: the trend whether the season was taken out.
#: 7: corrections of any number, each with its measure; lateness of what was entered in the week.
#: 8: since when what the site records changed; what groups told late, of what they entered.
VERSION = 8
#: The name and the state of that row.
UNPLACED = _("Place not known closer than the governorate")
UNTESTED = "untested"
#: Fewer delays than these tell nothing about how late reports come.
FEWEST_DELAYS = 200
#: How many weeks of delays are looked at.
DELAY_WEEKS = 26
#: Days after which a week counts as complete where the delays tell nothing.
USUAL_DAYS = 14
#: Below one in so many, reports still missing are not waited for.
COMPLETE_SHARE = 0.95
#: Hears how far the compiling is: judged, told to supervisors and managers, told to all staff, and
#: written down.
Tell = Callable[[int, int], None]
STEPS = 4


@dataclass(frozen=True)
class Documents:
    """The two documents of a report for one audience."""

    body: dict[str, Any]
    basis: dict[str, Any]

    @property
    def says_something(self) -> bool:
        """Whether the site was recording in the week, or recorded something all the same."""
        recorded = self.basis["recorded"]
        return bool(self.basis["is_covered"] or recorded["incidents"] or recorded["unverified"])


@dataclass(frozen=True)
class Content:
    """A report for both audiences."""

    full: Documents
    open: Documents
    #: What was read for them, as JSON: sealed with the report, see `services.made_again`.
    readings: str = ""


@dataclass(frozen=True)
class _Material:
    """What was counted for an audience, and since when."""

    counts: list[measures.Count]
    periods: list[Period]
    first: date


@dataclass(frozen=True)
class _Judged:
    """What the counts say; the costly part of compiling."""

    panel: Panel
    judged: Assessments
    rows: list[_Row]
    bands: dict[str, list[list[Any]]]
    near: measures.NearRepeats


def untold(done: int, total: int) -> None:
    """For whoever need not hear how far the compiling is."""


def compile_content(
    site: Site, week: Week, *, as_of: datetime, cut: datetime | None, tell: Tell = untold
) -> Content:
    """Compile a week of a site.

    `as_of` is the moment the report names; `cut` leaves out what was received later, of every part
    alike (None: takes everything that is there). Each part reads the records by itself: what was
    received by then is taken as it stands when it is read. `tell` hears how many of the steps are
    done.
    """
    tell(0, STEPS)
    open_material = _material(site, week, cut=cut, exclude_sensitive=True)
    open_near = measures.near_repeats(site.pk, week.end, as_of=cut, exclude_sensitive=True)
    open_work = _judge(site, week, open_material, open_near, cut=cut)
    material = _material(site, week, cut=cut)
    near = measures.near_repeats(site.pk, week.end, as_of=cut, known=open_near)
    # Where nothing was left out, both audiences read the same judgements.
    is_same = material == open_material and near is open_near
    work = open_work if is_same else _judge(site, week, material, near, cut=cut)
    tell(1, STEPS)
    full = _documents(site, week, work, Audience.FULL, as_of=as_of, cut=cut)
    tell(2, STEPS)
    found = _documents(site, week, open_work, Audience.OPEN, as_of=as_of, cut=cut)
    full.basis["shared"] = shared_basis(week, open_work.panel) | shared_further(found)
    tell(3, STEPS)
    return Content(full=full, open=found)


def _material(
    site: Site, week: Week, *, cut: datetime | None, exclude_sensitive: bool = False
) -> _Material:
    periods = coverage(site, cut=cut, exclude_sensitive=exclude_sensitive)
    first = max(
        min((start for start, _end in periods), default=week.start),
        week.plus(1 - MOST_WEEKS).start,
    )
    first = Week.of(first, site.week_start).start
    counts = measures.weekly_counts(
        site.pk, first, week.end, as_of=cut, exclude_sensitive=exclude_sensitive
    )
    return _Material(counts, periods, first)


def _judge(
    site: Site,
    week: Week,
    material: _Material,
    near: measures.NearRepeats,
    *,
    cut: datetime | None,
) -> _Judged:
    panel = build_panel(
        material.counts,
        week=week,
        first=material.first,
        periods=material.periods,
        districts=districts(site),
        compares=knows_since(site),
        changes=changes(site, cut=cut),
    )
    judged = judge(panel, beside=near.p)
    rows = [
        _row(panel, item, judged.tests_made) for item in sorted(judged.items, key=_order_of_types())
    ]
    rows += _unplaced_rows(panel)
    return _Judged(panel, judged, rows, bands(panel, judged), near)


def _documents(
    site: Site,
    week: Week,
    work: _Judged,
    audience: Audience,
    *,
    as_of: datetime,
    cut: datetime | None,
) -> Documents:
    panel, judged, rows = work.panel, work.judged, work.rows
    without = audience == Audience.OPEN
    health = measures.data_health(
        site.pk, week.start, week.end, as_of=cut, exclude_sensitive=without
    )
    came = measures.lateness(site.pk, week.start, week.end, as_of=cut, exclude_sensitive=without)
    complete_to = complete_until(site, week, as_of=as_of, cut=cut, exclude_sensitive=without)
    recorded = panel.recorded()
    body = {
        "report": REPORT,
        "version": VERSION,
        "audience": str(audience),
        "site": site.code,
        "week_start": week.start.isoformat(),
        "week_end": week.end.isoformat(),
        # Not rounded: the same moment as a cut makes the report again.
        "data_as_of": as_of.isoformat(),
        "status": "draft",
        "revision_of": None,
        "data_health": {
            "received": health.received,
            "late": came.late,
            "without_place": health.without_place,
            "duplicates": health.duplicates,
            "median_delay_days": rounded(came.median_delay_days),
            "complete_to": complete_to.isoformat(),
            "imprecise_dates": health.imprecise_dates,
            "unverified": health.unverified,
        },
        "recording_changed_on": panel.changed_on and panel.changed_on.isoformat(),
        "counts": [row.body for row in rows],
        "tests_made": judged.tests_made,
        "false_alerts_expected": rounded(judged.false_alerts_expected),
        "alerts": [_finding(item, rows) for item in judged.alerts],
        "watch": [_finding(item, rows) for item in judged.watched],
        **further(
            site,
            week,
            panel,
            work.near,
            judged.beside,
            day=local_day(as_of),
            cut=cut,
            exclude_sensitive=without,
        ),
        "effect": judged_effects(site, week, as_of=as_of, cut=cut, exclude_sensitive=without),
        "software": software_version(),
        "responses": _responses(site, week, as_of=as_of, exclude_sensitive=without),
        "revisions": [],
        "recording_revised": None,
    }
    recent = panel.weeks[max(0, len(panel.weeks) - RECENT_WEEKS) :]
    told = _told_before(site, recent[:-1], audience, cut=cut)
    basis = {
        "site": {
            "name_en": site.name_en,
            "name_ar": site.name_ar,
            "is_demo": site.is_demo,
            "read_only": site.read_only,
        },
        "places": _names(_places(panel.districts, body)),
        "types": _types({row.body["type"] for row in rows} - {ALL}) | _types(_kinds_told(told)),
        "families": _families(
            {one["kind"] for one in body["near_repeat_kinds"] if one["by"] == "family"}
        ),
        "rows": [row.basis for row in rows],
        "recorded": vars(recorded),
        "is_covered": panel.is_covered[-1],
        "weeks": [one.start.isoformat() for one in recent],
        "series": {
            place: {
                "solid": _history(panel, place, "incidents", len(recent)),
                "unverified": _history(panel, place, "unverified", len(recent)),
            }
            for place in panel.districts
        },
        "bands": work.bands,
        "entered": [
            vars(one)
            for one in measures.entered(
                site.pk, week.start, week.end, as_of=cut, exclude_sensitive=without
            )
        ],
        "calendar": marks([one.start for one in recent]),
        "told": told,
        "map": _map(panel.districts, body),
        "outcomes": _outcomes(body["effect"] or ()),
    }
    return Documents(body=body, basis=basis)


def _told_before(
    site: Site, weeks: Sequence[Week], audience: Audience, *, cut: datetime | None
) -> dict[str, dict[str, list[Any]]]:
    """What approved reports told as alerts: {week: {district: [[type, observed], ...]}}.

    As it was told, never tested again, to the same audience and by the cut; of a corrected week the
    last version that was approved by then.
    """
    reports = WeeklyReport.objects.frozen().filter(
        site=site, week_start__in=[week.start for week in weeks]
    )
    if cut is not None:
        reports = reports.filter(frozen_at__lte=cut)
    body = "body"
    if audience == Audience.OPEN:
        reports, body = reports.filter(is_open=True), "body_open"
    last: dict[date, Any] = dict(
        reports.order_by("week_start", "revision").values_list("week_start", f"{body}__alerts")
    )
    told: dict[str, dict[str, list[Any]]] = {}
    for start, alerts in sorted(last.items()):
        for one in alerts or ():
            row = told.setdefault(start.isoformat(), {}).setdefault(one["place"], [])
            row.append([one["type"], one["observed"]])
    return told


def _kinds_told(told: Mapping[str, Mapping[str, Sequence[Any]]]) -> set[str]:
    """The types that earlier alerts are of."""
    return {kind for week in told.values() for rows in week.values() for kind, _count in rows} - {
        ALL
    }


def _places(districts: Sequence[str], body: Mapping[str, Any]) -> list[str]:
    """Every place that a document names."""
    found = {*districts, *(place for one in body["clusters"] for place in one["places"])}
    for one in body["concentration"]["districts"]:
        found |= {one["district"], *(row["place"] for row in one["places"])}
        found |= {row["area"] for row in one["areas"]}
    for plan in body["effect"] or ():
        found |= {*plan["treated"], *plan["comparison"]}
    return sorted(found)


def _outcomes(effects: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What families of types that an effect is judged by are called."""
    return _families({one["outcome"] for one in effects} - {ALL})


def _map(districts: Sequence[str], body: Mapping[str, Any]) -> dict[str, Any]:
    """What the map is drawn of: outlines of districts, and where the gazetteer has the places.

    Nothing of an incident stands here. `outlines`: rings as `places.outlines` keeps them, and where
    a district's name stands; `areas` the same of the sub-districts of section 7; `at`: a place's
    longitude and latitude, else its sub-district's.
    """
    wanted = {one["place"] for one in body["clusters"]}
    rows = Place.objects.filter(pcode__in=wanted).values_list(
        "pcode", "lon", "lat", "parent__lon", "parent__lat"
    )
    at = {}
    for pcode, lon, lat, above_lon, above_lat in rows:
        if lon is None or lat is None:
            lon, lat = above_lon, above_lat
        if lon is not None and lat is not None:
            at[pcode] = [round(lon, 3), round(lat, 3)]
    told = body["concentration"]["districts"]
    drawn = {}
    for district in sorted({*districts, *(one["district"] for one in told)}) if at or told else ():
        shapes = outlines.shapes(district[:5])
        if district in shapes.get("districts", {}):
            drawn[district] = {
                "rings": shapes["districts"][district],
                "at": shapes["at"][district],
            }
    areas = {}
    for area in sorted({row["area"] for one in told for row in one["areas"]}):
        shapes = outlines.shapes(area[:5])
        if area in shapes.get("areas", {}):
            areas[area] = {
                "rings": [ring for polygon in shapes["areas"][area] for ring in polygon],
                "at": shapes["at"][area],
            }
    return {"outlines": drawn, "areas": areas, "at": at}


def _responses(
    site: Site, week: Week, *, as_of: datetime, exclude_sensitive: bool
) -> dict[str, int | None]:
    """How the incidents were answered whose 72 hours ended in the week; None where none is kept."""
    found = measures.answered(
        site.pk, week.start, week.end, as_of=as_of, exclude_sensitive=exclude_sensitive
    )
    if found is None:
        return {"due": None, "within_72h": None, "overdue": None}
    return vars(found)


def complete_until(
    site: Site,
    week: Week,
    *,
    as_of: datetime,
    cut: datetime | None,
    exclude_sensitive: bool = False,
) -> date:
    """The last day, at most the week's own, by which hardly a report is still missing.

    95 of 100 reports came within the delay seen in the 26 weeks before; with fewer than 200 known
    delays the last two weeks count as incomplete. An imported history is complete.
    """
    if site.read_only:
        return week.last_day
    delays = measures.reporting_delays(
        site.pk,
        week.plus(-DELAY_WEEKS).start,
        week.start,
        as_of=cut,
        exclude_sensitive=exclude_sensitive,
    )
    days = USUAL_DAYS
    if len(delays) >= FEWEST_DELAYS:
        days = int(delays[int(COMPLETE_SHARE * (len(delays) - 1))]) + 1
    return min(week.last_day, local_day(as_of) - timedelta(days=days))


def shared_basis(week: Week, open_panel: Panel) -> dict[str, Any]:
    """What the shared version is made of: districts, without sexual violence, minors and staff.

    Judged by itself, so that nothing of the sensitive incidents shows through a state or a usual
    range.
    """
    judged = judge(open_panel, totals_only=True)
    table = _of_families(open_panel, week)
    places = table["districts"]
    looked_at = zip(open_panel.weeks, open_panel.is_covered, strict=True)
    before = [
        {"week_start": one.start.isoformat(), "is_covered": known, **_of_families(open_panel, one)}
        for one, known in list(looked_at)[-TESTED_ON:-1]
    ]
    totals = []
    for item in judged.items:
        place = _key(item)[0]
        key, values = sentence_of(
            item,
            tests=judged.tests_made,
            panel=open_panel,
        )
        totals.append(
            {
                "place": place,
                "state": item.state,
                "expected": rounded(item.expected) if item.tested else None,
                "upper": item.upper if item.tested else None,
                "key": key,
                "values": values,
            }
        )
    if NOWHERE in places:
        totals.append(
            {
                "place": NOWHERE,
                "state": UNTESTED,
                "expected": None,
                "upper": None,
                "key": "unplaced",
                "values": {},
            }
        )
    killed = [open_panel.cell(place, ALL).killed for place in places]
    unknown = [open_panel.cell(place, ALL).killed_unknown for place in places]
    injured = [open_panel.cell(place, ALL).injured for place in places]
    return {
        **table,
        "is_covered": open_panel.is_covered[-1],
        "before": before,
        "totals": totals,
        "killed": sum(killed),
        "killed_unknown": sum(unknown),
        "injured": sum(injured),
        "alerts": [_key(item)[0] for item in judged.alerts],
    }


def _of_families(panel: Panel, week: Week) -> dict[str, Any]:
    """A week's verified incidents: a row a district, a column a family of types that has one."""
    places = list(panel.districts)
    if panel.cell(NOWHERE, ALL, week.start).incidents:
        places.append(NOWHERE)
    families: dict[str, dict[str, int]] = {}
    for (place, kind, start), cell in panel.cells.items():
        if place in places and kind != ALL and start == week.start and cell.incidents:
            row = families.setdefault(family("incident_type", kind) or "other", {})
            row[place] = row.get(place, 0) + cell.incidents
    kinds = [
        code for code, _label in codes.choices("type_family", retired=True) if code in families
    ]
    return {
        "districts": places,
        "families": kinds,
        "cells": [[families[kind].get(place, 0) for kind in kinds] for place in places],
    }


def shared_further(open_version: Documents) -> dict[str, Any]:
    """What the shared version says beyond counts: ratios over years and the program effect.

    Ratios only, in two places: how many incidents they stand on would give the hidden counts of a
    week away beside those of the next. Nothing of near repeats, clusters and neighbourhoods.
    """
    body = open_version.body

    def ratio(one: Mapping[str, Any]) -> dict[str, Any]:
        return {name: rounded(one[name]) for name in ("ratio", "low", "high")}

    trend = body["trend"]
    effects = body["effect"]
    return {
        "complete_to": body["data_health"]["complete_to"],
        "trend": {
            "yearly": ratio(trend["yearly"]),
            "has_season": trend["has_season"],
            "calendar": {name: ratio(one) for name, one in trend["calendar"].items()},
        }
        if trend
        else {},
        "effect": effects
        and [
            {name: one[name] for name in _EFFECT}
            | {name: rounded(one[name]) for name in ("ratio", "low", "high")}
            for one in effects
        ],
        "software": body["software"],
        "places": open_version.basis["places"],
        "outcomes": open_version.basis["outcomes"],
    }


#: Of an effect, what is shared as it is.
_EFFECT = (
    "registered_on", "starts_on", "look", "treated", "comparison", "outcome", "tested", "verdict",
    "reason", "p_placebo", "choices_of_all",
)  # fmt: skip


@dataclass(frozen=True)
class _Row:
    key: tuple[str, str]
    body: dict[str, Any]
    basis: dict[str, Any]


def _row(panel: Panel, item: Assessment, tests: int) -> _Row:
    place, kind = _key(item)
    cell = panel.cell(place, kind)
    name, values = sentence_of(item, tests=tests, panel=panel)
    tested = item.tested
    return _Row(
        key=(place, kind),
        body={
            "place": place,
            "type": kind,
            "incidents": cell.incidents,
            "killed": cell.killed,
            "injured": cell.injured,
            "abducted": cell.abducted,
            "state": item.state,
            "expected": rounded(item.expected) if tested else None,
            "upper": item.upper if tested else None,
            "p": probability(item.p) if tested else None,
            "sentence": english(name, values),
        },
        basis={
            "key": name,
            "values": values,
            "lower": item.lower if tested else None,
            "unverified": cell.unverified,
            "killed_unknown": cell.killed_unknown,
        },
    )


def _unplaced_rows(panel: Panel) -> list[_Row]:
    """What counts in no district, so that the rows add up to all; nothing is compared."""
    of_type = _type_order()
    rows = []
    for kind in sorted(panel.unplaced(), key=lambda kind: (kind != ALL, of_type(kind))):
        cell = panel.cell(NOWHERE, kind)
        rows.append(
            _Row(
                key=(NOWHERE, kind),
                body={
                    "place": NOWHERE,
                    "type": kind,
                    "incidents": cell.incidents,
                    "killed": cell.killed,
                    "injured": cell.injured,
                    "abducted": cell.abducted,
                    "state": UNTESTED,
                    "expected": None,
                    "upper": None,
                    "p": None,
                    "sentence": english("unplaced", {}),
                },
                basis={
                    "key": "unplaced",
                    "values": {},
                    "lower": None,
                    "unverified": cell.unverified,
                    "killed_unknown": cell.killed_unknown,
                },
            )
        )
    return rows


def _finding(item: Assessment, rows: Sequence[_Row]) -> dict[str, Any]:
    """An alert or a watch, as the document lists it."""
    place, kind = _key(item)
    body = next(row.body for row in rows if row.key == (place, kind))
    return {
        "place": place,
        "type": kind,
        "observed": item.observed,
        "expected": rounded(item.expected),
        "upper": item.upper,
        "p": probability(item.p),
        "q": probability(item.q),
        "sentence": body["sentence"],
    }


def english(key: str, values: Mapping[str, Any]) -> str:
    """A sentence as the published document has it."""
    with translation.override("en"):
        return sentence(key, values)


def _key(item: Assessment) -> tuple[str, str]:
    key: Any = item.key
    return str(key[0]), str(key[1])


def _type_order() -> Any:
    order = {code: at for at, (code, _label) in enumerate(_type_choices())}
    return lambda kind: (order.get(kind, len(order)), kind)


def _order_of_types() -> Any:
    """Districts by P-code; in each its total first, then the types as the code list has them."""
    of_type = _type_order()

    def order(item: Assessment) -> Any:
        place, kind = _key(item)
        return (place, kind != ALL, of_type(kind))

    return order


def _type_choices() -> list[tuple[str, str]]:
    return codes.choices("incident_type", retired=True)


def _types(kinds: set[str]) -> dict[str, dict[str, str]]:
    return {
        kind: {
            "name_en": codes.label("incident_type", kind, "en"),
            "name_ar": codes.label("incident_type", kind, "ar"),
            "family": family("incident_type", kind),
        }
        for kind in sorted(kinds)
    }


def _families(kinds: set[str]) -> dict[str, dict[str, str]]:
    return {
        kind: {
            "name_en": codes.label("type_family", kind, "en"),
            "name_ar": codes.label("type_family", kind, "ar"),
        }
        for kind in sorted(kinds)
    }


def _names(pcodes: Sequence[str]) -> dict[str, dict[str, str]]:
    """Names of places; of one in another site's records ("SITE/P-CODE") with the site's name."""
    elsewhere = [(one, *one.rsplit("/", 1)) for one in pcodes if "/" in one]
    wanted = {*pcodes, *(pcode for _one, _site, pcode in elsewhere)}
    found = Place.objects.filter(pcode__in=wanted).values_list("pcode", "name_en", "name_ar")
    known = {pcode: {"name_en": name_en, "name_ar": name_ar} for pcode, name_en, name_ar in found}
    names = {pcode: known[pcode] for pcode in pcodes if pcode in known}
    if elsewhere:
        sites = Site.objects.filter(code__in={site for _one, site, _pcode in elsewhere})
        of_site = {site.code: {"name_en": site.name_en, "name_ar": site.name_ar} for site in sites}
        for one, site, pcode in elsewhere:
            names[one] = {
                name: f"{known[pcode][name]} ({of_site[site][name]})"
                for name in ("name_en", "name_ar")
            }
    return names | {NOWHERE: unplaced_names()}


def unplaced_names() -> dict[str, str]:
    """What stands in place of a district's name where none is known, in both languages."""
    said = {}
    for language in ("en", "ar"):
        with translation.override(language):
            said[f"name_{language}"] = str(UNPLACED)
    return said


def _history(panel: Panel, place: str, name: str, length: int) -> list[int | None]:
    return [
        getattr(panel.cell(place, ALL, week.start), name) if known else None
        for week, known in list(zip(panel.weeks, panel.is_covered, strict=True))[-length:]
    ]
