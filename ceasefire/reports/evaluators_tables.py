"""What stands in the evaluator's pack: weekly series by area, and what is needed to read them.

An evaluator is outside the program, so the pack says no more than REO may read: districts at the
finest, without sexual violence, minors and staff, counts of one and two hidden with what would give
them away (`sharing`, week by week). A week that a site did not record is missing, not zero.

A week that REO holds stands as REO holds it, hidden counts and all: counted anew it could be
subtracted from REO's, and a correction that was withheld would show. Only other weeks are counted
here, as of the pack's cut.

Areas of the program are the districts in which a site of the pack works; every other district of
the same records is a comparison area. Two packs of different cuts can be subtracted from each
other: the README says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.codes.services import family
from ceasefire.exports import Column, write_csv
from ceasefire.periods import Week, local_day, today
from ceasefire.places.models import Place, Site
from ceasefire.reports.compilation import VERSION, complete_until
from ceasefire.reports.effect_models import EffectPlan
from ceasefire.reports.effects import first_week
from ceasefire.reports.models import SharedWeeklyReport, WeeklyReport
from ceasefire.reports.panel import NOWHERE, Period, covered
from ceasefire.reports.presentation import OCHA_CREDIT, UCDP_CREDIT
from ceasefire.reports.recording import coverage, districts
from ceasefire.reports.sharing import harmed, published_table
from ceasefire.reports.software import software_version
from incidents import measures

LANGUAGES = ("en", "ar")
#: Where a count was made: for the report that was shared, or for this pack.
SHARED, PACK = "shared", "pack"
#: In the place of a P-code: the whole site, and what is known to no district.
WHOLE, UNKNOWN = "SITE", "NONE"
#: The files that decide a count of the pack: their hash names the code beside its version.
DECIDING = (
    "incidents/measures.py",
    "ceasefire/periods.py",
    "ceasefire/disclosure.py",
    "ceasefire/reports/sharing.py",
    "ceasefire/reports/evaluators_tables.py",
)
#: What changed in how reports count and judge, by the version that each report names.
DEFINITIONS: Mapping[int, Promise | str] = {
    1: _("Counts by district and type, judged against their usual range."),
    2: _("A row for what is known to no district, so that all rows add up to the whole site."),
    3: _("What still comes in, the trend, near repeats and clusters."),
    4: _("Delays, concentration and the program's effect; what was corrected; the software."),
    5: _(
        "Near repeats by kind, in one control with the counts; what was entered together weeks"
        " later; places by sub-district; earlier alerts as they were told."
    ),
    6: _(
        "The program's effect needs incidents in each district compared with and ten choices of"
        " districts, and all plans are judged together; the trend says what was taken out of it,"
        " and a period of the calendar must have come in three years."
    ),
    7: _(
        "Corrections of killed, injured, abducted and of what is not verified too; lateness of what"
        " was entered in the week, tables of earlier days left out."
    ),
    8: _(
        "Where what a site records changed, its comparisons begin anew since that day; what each"
        " group of writers told late, of what it entered in the week."
    ),
}


@dataclass(frozen=True)
class Row:
    """One area of one site in one week; None is hidden or missing, and the rest says which.

    `killed` is None too where nobody knows how many an incident killed.
    """

    site: str
    area: str
    kind: str
    week: Week
    recorded: bool
    complete: bool
    counted: str
    incidents: int | None
    killed: int | None = None
    injured: int | None = None

    @property
    def hidden(self) -> bool:
        return self.recorded and self.incidents is None


@dataclass(frozen=True)
class FamilyRow:
    """One family of types in one whole site and week."""

    site: str
    family: str
    week: Week
    recorded: bool
    counted: str
    incidents: int | None

    @property
    def hidden(self) -> bool:
        return self.recorded and self.incidents is None


@dataclass(frozen=True)
class SiteTold:
    """A site's series with what tells when it recorded."""

    site: Site
    periods: Sequence[Period]
    rows: Sequence[Row]
    families: Sequence[FamilyRow]
    areas: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Told:
    """All that a pack says, read in one moment."""

    cut: datetime
    sites: Sequence[SiteTold]
    reports: Sequence[WeeklyReport]
    plans: Sequence[EffectPlan]
    names: Mapping[str, Mapping[str, str]]

    @property
    def is_demo(self) -> bool:
        return any(one.site.is_demo for one in self.sites)


# --- reading --------------------------------------------------------------------------------------


def gathered(sites: Sequence[Site], *, cut: datetime, progress: Callable[[int, int], None]) -> Told:
    """The series of the sites as of `cut`, in the order of their codes."""
    plans = _plans(sites, cut)
    at_work = _at_work(sites, plans)
    told = []
    progress(0, len(sites))
    for done, site in enumerate(sites, start=1):
        told.append(_site(site, cut, at_work))
        progress(done, len(sites))
    wanted = {area for one in told for area, _kind in one.areas}
    found = Place.objects.filter(pcode__in=wanted).values_list("pcode", "name_en", "name_ar")
    return Told(
        cut=cut,
        sites=told,
        reports=_reports(sites, cut),
        plans=plans,
        names={pcode: {"en": name_en, "ar": name_ar} for pcode, name_en, name_ar in found},
    )


def _plans(sites: Sequence[Site], cut: datetime) -> list[EffectPlan]:
    """What was set down to be judged of the effect and stood at the cut; no sexual violence."""
    left_out = family("incident_type", "SXV")
    plans = EffectPlan.objects.filter(site__in=sites).standing(cut).exclude(outcome=left_out)
    return list(plans.select_related("site").order_by("site__code", "number"))


def _at_work(sites: Sequence[Site], plans: Sequence[EffectPlan]) -> set[str]:
    """The districts of the program.

    Those that plans say, wherever a plan names them; a district that is compared with is none of
    them though a site may record there. Of districts that no plan names, those of a site that is
    written by hand.
    """
    treated = {pcode for plan in plans for pcode in plan.treated}
    compared = {pcode for plan in plans for pcode in plan.comparison}
    compared |= {pcode for plan in plans for _site, pcode in plan.elsewhere_pairs}
    worked = {pcode for site in sites if not site.read_only for pcode in districts(site)}
    return treated | (worked - compared)


def _reports(sites: Sequence[Site], cut: datetime) -> list[WeeklyReport]:
    """The approved reports that were shared: others would tell of what is hidden."""
    shared = set(
        SharedWeeklyReport.objects.filter(site_code__in=[site.code for site in sites]).values_list(
            "site_code", "week_start", "revision"
        )
    )
    found = (
        WeeklyReport.objects.frozen()
        .filter(site__in=sites, is_open=True, frozen_at__lte=cut)
        .select_related("site")
        .defer("body", "basis", "basis_open", "narrative_en", "narrative_ar")
        .order_by("site__code", "week_start", "revision")
    )
    return [one for one in found if (one.site.code, one.week_start, one.revision) in shared]


def _site(site: Site, cut: datetime, at_work: set[str]) -> SiteTold:
    known = coverage(site, exclude_sensitive=True)
    weeks = _weeks(site, known, cut)
    if not weeks:
        return SiteTold(site, known, [], [], [])
    counts = measures.weekly_counts(
        site.pk, weeks[0].start, weeks[-1].end, as_of=cut, exclude_sensitive=True
    )
    by_week: dict[date, list[measures.Count]] = {}
    for count in counts:
        by_week.setdefault(count.week_start, []).append(count)
    shared = _shared(site, cut)
    # An area that only a withheld correction names would tell of it.
    named = {
        count.district_pcode
        for count in counts
        if count.incidents and count.week_start not in shared
    } | {
        row["place"]
        for week in weeks
        if week.start in shared
        for row in shared[week.start].body["districts"]
        if row["incidents"] != 0
    }
    pcodes = sorted({*districts(site), *named} - {NOWHERE})
    areas = [(pcode, "program" if pcode in at_work else "comparison") for pcode in pcodes]
    every = [*areas, *([(UNKNOWN, "unknown")] if NOWHERE in named else [])]
    kinds = _kinds()
    complete_to = complete_until(site, weeks[-1], as_of=cut, cut=cut, exclude_sensitive=True)
    rows: list[Row] = []
    families: list[FamilyRow] = []
    for week in weeks:
        recorded, complete = covered(week, known), week.last_day <= complete_to
        version = shared.get(week.start)
        if version is None:
            published = _week(by_week.get(week.start, []), every, kinds)
        else:
            published = _as_shared(version, every, kinds)
            recorded, complete = recorded and version.is_covered, version.holds(week)
        counted = "" if not recorded else PACK if version is None else SHARED
        for area, kind in [(WHOLE, "site"), *every]:
            facts = published.areas[area] if recorded else {"incidents": None}
            rows.append(Row(site.code, area, kind, week, recorded, complete, counted, **facts))
        for one in kinds:
            how_many = published.families[one] if recorded else None
            families.append(FamilyRow(site.code, one, week, recorded, counted, how_many))
    return SiteTold(site, known, rows, families, every)


@dataclass(frozen=True)
class _Shared:
    """What REO holds of one week, and what the report that it was made of knew to be missing."""

    body: Mapping[str, Any]
    is_covered: bool
    killed_is_known: bool

    def holds(self, week: Week) -> bool:
        """Whether hardly a report was missing when it was counted; old versions do not say."""
        until = self.body.get("complete_to")
        return until is not None and week.last_day <= date.fromisoformat(until)


def _shared(site: Site, cut: datetime) -> dict[date, _Shared]:
    """By first day of the week: the last version that was shared by the cut."""
    reports = WeeklyReport.objects.frozen().filter(site=site)
    known = {
        (week, revision): (is_covered, unknown)
        for week, revision, is_covered, unknown in reports.values_list(
            "week_start",
            "revision",
            "basis_open__is_covered",
            "basis_open__recorded__killed_unknown",
        )
    }
    versions = SharedWeeklyReport.objects.filter(site_code=site.code, frozen_at__lte=cut)
    found = {}
    for week, revision, body in versions.order_by("week_start", "revision").values_list(
        "week_start", "revision", "body"
    ):
        # A report from before open versions were kept says neither.
        is_covered, unknown = known.get((week, revision), (None, None))
        recorded = is_covered is not False and body.get("is_covered", True)
        found[week] = _Shared(body, recorded, unknown == 0)
    return found


@dataclass(frozen=True)
class _Published:
    """What of one week of one site may leave: by area, and by family of the whole site."""

    areas: Mapping[str, Mapping[str, int | None]]
    families: Mapping[str, int | None]


def _as_shared(
    version: _Shared, areas: Sequence[tuple[str, str]], kinds: Sequence[str]
) -> _Published:
    """One week as REO reads it."""
    body = version.body
    places = {row["place"]: row["incidents"] for row in body["districts"]}
    families = {row["family"]: row["incidents"] for row in body["families"]}
    whole = {
        "incidents": body["total"],
        "killed": body["killed"] if version.killed_is_known else None,
        "injured": body["injured"],
    }
    # What it does not name had nothing; where no family is named, they were all left out.
    unnamed = 0 if families or body["total"] == 0 else None
    return _Published(
        {
            WHOLE: whole,
            **{
                area: {"incidents": places.get(NOWHERE if area == UNKNOWN else area, 0)}
                for area, _kind in areas
            },
        },
        {one: families.get(one, unnamed) for one in kinds},
    )


def _week(
    found: Sequence[measures.Count], areas: Sequence[tuple[str, str]], kinds: Sequence[str]
) -> _Published:
    """Hide what is small in one week, with what would give it away."""
    there = {_family(one) for one in found if one.incidents}
    present = [one for one in kinds if one in there]
    if not present:
        # A week without an incident has nothing to hide.
        nothing = {"incidents": 0}
        return _Published(
            {
                WHOLE: {**nothing, "killed": 0, "injured": 0},
                **{area: nothing for area, _k in areas},
            },
            dict.fromkeys(kinds, 0),
        )
    table, shown = published_table(
        [[_sum(found, area, one) for one in present] for area, _kind in areas], present
    )
    whole = {
        "incidents": table.total,
        "killed": None
        if any(one.killed_unknown for one in found)
        else harmed(int(sum(one.killed for one in found)), table),
        "injured": harmed(int(sum(one.injured for one in found)), table),
    }
    totals = zip(areas, table.row_totals, strict=True)
    published = dict(zip(shown, table.column_totals, strict=True))
    return _Published(
        {WHOLE: whole, **{area: {"incidents": total} for (area, _kind), total in totals}},
        # Where the families would have cost a district its count they are all hidden.
        {one: published.get(one, 0 if shown else None) for one in kinds},
    )


def _weeks(site: Site, known: Sequence[Period], cut: datetime) -> list[Week]:
    """Every whole week from the first day recorded to the last, or to the cut."""
    if not known:
        return []
    first = min(start for start, _end in known)
    ends = [end for _start, end in known]
    last = min(local_day(cut), today())
    if None not in ends:
        last = min(last, max(end for end in ends if end is not None))
    weeks = Week.starts_between(first, last, site.week_start)
    return [week for week in weeks if week.start >= first and week.end <= last]


def _kinds() -> list[str]:
    """The families of types, without the one that is left out: it would read as zero."""
    left_out = family("incident_type", "SXV")
    every = codes.choices("type_family", retired=True)
    return [code for code, _label in every if code != left_out]


def _family(count: measures.Count) -> str:
    return family("incident_type", count.type) or "other"


def _sum(found: Iterable[measures.Count], area: str, kind: str) -> int:
    pcode = NOWHERE if area == UNKNOWN else area
    return sum(
        one.incidents for one in found if one.district_pcode == pcode and _family(one) == kind
    )


# --- writing --------------------------------------------------------------------------------------


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _column(key: str, meaning: Any, kind: Any = "text", value: Any = None) -> Column:
    return Column(key, key, kind, value, meaning=meaning)


_SITE = _column("site", _("Code of the site whose records these are."), "code")
_WEEK = (
    _column("week_start", _("First day of the week."), "date", "week.start"),
    _column("week_end", _("Last day of the week."), "date", "week.last_day"),
)
_RECORDED = _column(
    "recorded",
    _("no: the site was not recording in this week; its counts are missing, not zero."),
    value=lambda row: _yes(row.recorded),
)
_COUNTED = _column(
    "counted",
    _(
        "shared: as in the report of the week that was shared, as of its moment in"
        " changes/reports.csv; pack: counted for this pack. Empty: missing."
    ),
)
_INCIDENTS = _column(
    "incidents",
    _("Verified incidents. Empty: missing where recorded is no, else hidden."),
    "int",
)
_HIDDEN = _column(
    "hidden",
    _("yes: one or two, or hidden to protect another such count. Never zero."),
    value=lambda row: _yes(row.hidden),
)
WEEKLY = [
    _SITE,
    _column("area", _("P-code of the district; SITE: the whole site; NONE: no district is known.")),
    _column(
        "area_kind",
        _(
            "program: a site of the pack works there, or a plan in plans.csv says that the program"
            " does; comparison: it does not, or a plan compares with it; site, unknown: as the area"
            " says."
        ),
        value="kind",
    ),
    *_WEEK,
    _RECORDED,
    _column(
        "complete",
        _("no: when it was counted, reports of this week could still come in."),
        value=lambda row: _yes(row.complete),
    ),
    _COUNTED,
    _INCIDENTS,
    _HIDDEN,
    _column(
        "killed",
        _(
            "Killed in the verified incidents, of the whole site only. Empty: hidden, missing, or"
            " nobody knows how many were killed in one of them; never zero for that."
        ),
        "int",
    ),
    _column(
        "injured",
        _("Injured as far as recorded, of the whole site only. Empty: hidden or missing."),
        "int",
    ),
]
FAMILIES = [
    _SITE,
    _column("family", _("Family of incident types; codes.csv lists the types."), "code"),
    *_WEEK,
    _RECORDED,
    _COUNTED,
    _INCIDENTS,
    _HIDDEN,
]
AREAS = [
    _SITE,
    _column("area", _("P-code of the district, or NONE.")),
    _column("area_kind", _("As in weekly.csv.")),
    _column("name_en", _("Name in English.")),
    _column("name_ar", _("Name in Arabic.")),
]
COVERAGE = [
    _SITE,
    _column("recorded_from", _("First day recorded."), "date"),
    _column("recorded_to", _("First day not recorded any more; empty: still recording."), "date"),
]
#: What somebody wrote of the grounds stays inside.
PLANS = [
    _column("site", _("Code of the site whose plan it is."), "code"),
    _column("plan", _("Number of the plan within the site."), "int"),
    _column("registered_on", _("Day on which it was set down."), "date"),
    _column("starts_on", _("First day of the program in its districts."), "date"),
    _column("first_week", _("First week by which it is judged."), "date"),
    _column("outcome", _("ALL, or the family of incident types that is counted."), "code"),
    _column("area", _("P-code of a district."), "code"),
    _column("area_kind", _("program: where the program works; comparison: compared with it.")),
    _column("records_of", _("Code of the site whose records of the district are used."), "code"),
    _column("first_judged_on", _("Day of the first report that judged it; empty: none."), "date"),
]
#: No number: a gap in a site's numbers would tell of a correction that was withheld. No word that
#: somebody wrote.
REPORTS = [
    _column("site", _("Code of the site."), "code", "site.code"),
    _column("week_start", _("First day of the week."), "date"),
    _column("revision", _("0: the first report of the week; 1: its first correction."), "int"),
    _column("records_as_of", _("Records received later are not in it."), "datetime", "data_as_of"),
    _column("approved_at", _("When a manager approved it."), "datetime", "frozen_at"),
    _column(
        "definitions",
        _("Version of the definitions; see definitions.csv."),
        "int",
        lambda row: (row.body_open or {}).get("version"),
    ),
]
DEFINITION = [
    _column("version", _("The version that a report names."), "int"),
    _column("meaning_en", _("What it brought, in English.")),
    _column("meaning_ar", _("What it brought, in Arabic.")),
]
CODES = [
    _column("family", _("Code of the family of types."), "code"),
    _column("family_en", _("Its name in English.")),
    _column("family_ar", _("Its name in Arabic.")),
    _column("type", _("Code of an incident type in the family."), "code"),
    _column("type_en", _("Its name in English.")),
    _column("type_ar", _("Its name in Arabic.")),
]
CODEBOOK = [
    _column("file", _("The file.")),
    _column("column", _("The column."), "code"),
    _column("kind", _("text, code, int, date (YYYY-MM-DD) or datetime (ISO 8601).")),
    _column("meaning_en", _("What it means, in English.")),
    _column("meaning_ar", _("What it means, in Arabic.")),
]


def _both(text: Any, name: str) -> dict[str, str]:
    said = {}
    for language in LANGUAGES:
        with translation.override(language):
            said[f"{name}_{language}"] = str(text)
    return said


def _tables(told: Told) -> list[tuple[str, Sequence[Column], Iterable[Any]]]:
    return [
        ("data/weekly.csv", WEEKLY, (row for one in told.sites for row in one.rows)),
        ("data/families.csv", FAMILIES, (row for one in told.sites for row in one.families)),
        ("data/areas.csv", AREAS, _areas(told)),
        (
            "data/coverage.csv",
            COVERAGE,
            (
                {"site": one.site.code, "recorded_from": start, "recorded_to": end}
                for one in told.sites
                for start, end in one.periods
            ),
        ),
        ("data/plans.csv", PLANS, (row for plan in told.plans for row in _plan(plan))),
        ("changes/reports.csv", REPORTS, told.reports),
        (
            "changes/definitions.csv",
            DEFINITION,
            (
                {"version": number, **_both(text, "meaning")}
                for number, text in DEFINITIONS.items()
                if number <= VERSION
            ),
        ),
        ("codebook/codes.csv", CODES, _codes()),
    ]


def _plan(plan: EffectPlan) -> Iterator[dict[str, Any]]:
    """A row a district of a plan, those of the program first."""
    own = plan.site.code
    every = [("program", own, pcode) for pcode in plan.treated]
    every += [("comparison", own, pcode) for pcode in plan.comparison]
    every += [("comparison", site, pcode) for site, pcode in plan.elsewhere_pairs]
    for kind, records_of, area in every:
        yield {
            "site": own,
            "plan": plan.number,
            "registered_on": local_day(plan.registered_at),
            "starts_on": plan.starts_on,
            "first_week": first_week(plan, plan.site),
            "outcome": plan.outcome,
            "area": area,
            "area_kind": kind,
            "records_of": records_of,
            "first_judged_on": plan.first_read_at and local_day(plan.first_read_at),
        }


def _areas(told: Told) -> Iterator[dict[str, str]]:
    unknown = _both(_("Place not known closer than the governorate"), "name")
    for one in told.sites:
        for area, kind in one.areas:
            names = told.names.get(area)
            yield {
                "site": one.site.code,
                "area": area,
                "area_kind": kind,
                **({f"name_{code}": name for code, name in names.items()} if names else unknown),
            }


def _codes() -> Iterator[dict[str, str]]:
    def named(name: str, code: str, prefix: str) -> dict[str, str]:
        return {f"{prefix}_{one}": codes.label(name, code, one) for one in LANGUAGES}

    types = [code for code, _label in codes.choices("incident_type", retired=True)]
    for group in _kinds():
        for kind in types:
            if (family("incident_type", kind) or "other") == group:
                yield {
                    "family": group,
                    **named("type_family", group, "family"),
                    "type": kind,
                    **named("incident_type", kind, "type"),
                }


def _codebook(tables: Iterable[tuple[str, Sequence[Column], Any]]) -> Iterator[dict[str, str]]:
    for name, columns, _rows in tables:
        for column in columns:
            yield {
                "file": name,
                "column": column.key,
                "kind": column.kind,
                **_both(column.meaning, "meaning"),
            }


def files(told: Told) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Every file of the pack, by its name in it."""
    for language in LANGUAGES:
        with translation.override(language):
            yield f"README-{language}.txt", [_text(_readme(told))]
    with translation.override("en"):
        tables = _tables(told)
        for name, columns, rows in tables:
            yield name, list(write_csv(columns, rows))
        yield "codebook/codebook.csv", list(write_csv(CODEBOOK, _codebook(tables)))
        yield "VERSION.txt", [_text(_version(told))]
    for language in LANGUAGES:
        with translation.override(language):
            yield f"LICENCE-{language}.txt", [_text(_licence(told))]


def _text(lines: Iterable[str]) -> bytes:
    return ("\n\n".join(lines) + "\n").encode()


def _version(told: Told) -> list[str]:
    digest = hashlib.sha256()
    for name in DECIDING:
        digest.update((Path(settings.BASE_DIR) / name).read_bytes())
    return [
        f"Ceasefire {software_version()}",
        f"Definitions {VERSION}",
        f"Code that decides the counts, SHA-256 {digest.hexdigest()}",
        f"Records as of {told.cut.isoformat(timespec='seconds')}",
    ]


def _readme(told: Told) -> list[str]:
    moment = told.cut.strftime("%Y-%m-%d %H:%M")
    lines = [
        gettext("Weekly series of recorded violence, for an evaluation."),
        gettext("Records received by %(moment)s, Baghdad time.") % {"moment": moment},
        gettext(
            "data/weekly.csv: a row for each site, area and week. data/families.csv: the same for"
            " whole sites by family of types. data/areas.csv: names of areas. data/coverage.csv:"
            " when each site recorded. data/plans.csv: what was set down to be judged of the"
            " program's effect, before it was judged. codebook/: what columns and codes mean."
            " changes/: approved reports with their corrections, and what changed in the"
            " definitions."
        ),
        *(_weekday(one.site) for one in told.sites),
        gettext(
            "A week whose report was shared (counted is shared) has that report's figures, as of"
            " its own moment in changes/reports.csv: no record that came later and no correction"
            " that was not shared. Other weeks were counted for this pack."
        ),
        gettext(
            "Days are days in Baghdad. A week outside a site's coverage is missing, not zero:"
            " recorded is no, and its counts are empty. Where complete is no, reports could"
            " still come in when it was counted."
        ),
        gettext(
            "Counted: incidents that were sent, reviewed, accepted or archived and are verified at"
            " least provisionally. Not counted: drafts, returned, withdrawn and duplicate records,"
            " unverified ones, and dates vaguer than a week."
        ),
        gettext(
            "Left out: sexual violence and incidents with minors or with staff. Hidden: counts of"
            " one and two, and others where they would give these away; a hidden count is never"
            " zero. Killed and injured are given for whole sites only."
        ),
        gettext(
            "A comparison area is a district of the same records in which no site of this pack"
            " works, or that a plan compares with. It is no control group by itself: sites differ"
            " in how they record."
        ),
        gettext(
            "Give one reader one pack: two packs of different moments can be subtracted, which"
            " may show a hidden count; so can a pack and a report that was shared after it. A"
            " correction that would do so is neither in the counts nor listed in changes/."
        ),
        gettext("To check that nothing was changed: sha256sum --check SHA256SUMS"),
    ]
    if told.is_demo:
        lines.insert(1, gettext("Demo data: the incidents are made up."))
    return lines


def _weekday(site: Site) -> str:
    return gettext("%(code)s, %(site)s: weeks begin on %(day)s.") % {
        "code": site.code,
        "site": site.name,
        "day": str(WEEKDAYS[site.week_start]),
    }


def _licence(told: Told) -> list[str]:
    lines = [
        gettext(
            "Counts of the program's own sites: for the evaluation they were given for. Ask the"
            " program before publishing them or giving them on; do not try to work out a hidden"
            " count or to know a person by it."
        )
    ]
    if any(one.site.read_only for one in told.sites):
        lines.append(gettext("Events: %(source)s") % {"source": UCDP_CREDIT})
    lines += [
        gettext("Names and borders of places: %(source)s") % {"source": OCHA_CREDIT},
        gettext("The program that made this: BSD 3-Clause."),
    ]
    return lines
