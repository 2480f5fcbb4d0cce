"""From a file to what would be done: read, mapped, placed, compared. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site
from incidents.importing import acled, table, ucdp_ged
from incidents.importing.entry import Entry, Gazetteer
from incidents.importing.problems import FileRefused, Problem
from incidents.importing.reading import Sheet, column_key, read_sheet
from incidents.models import ImportBatch, ImportChange, Incident
from incidents.services.facts import content_hash, plain

Format = ImportBatch.Format
Progress = Callable[[int, int], None]

#: Outside lists: their origin, and the site their rows go to when none is named.
LISTS: dict[str, tuple[str, str, str]] = {
    Format.UCDP_GED: (ucdp_ged.ORIGIN, "UCDP GED, Iraq", "بيانات أوبسالا للنزاعات، العراق"),
    Format.ACLED: (acled.ORIGIN, "ACLED, Iraq", "بيانات أكليد، العراق"),
}
_CHUNK = 2000
_PROGRESS_EVERY = 500


@dataclass
class Update:
    """A row that changes a record: the record as it stands, locked when it is to be written."""

    entry: Entry
    incident: Incident


@dataclass
class Plan:
    """What an import would do."""

    format: str
    sheet: Sheet
    columns: dict[str, str]
    site: Site | None
    sites: dict[str, Site] = field(default_factory=dict)
    gazetteer: Gazetteer | None = None
    read: int = 0
    entries: list[Entry] = field(default_factory=list)
    create: list[Entry] = field(default_factory=list)
    update: list[Update] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Rows with at least one problem."""
        return len({problem.row for problem in self.problems})

    def site_of(self, entry: Entry) -> Site:
        """The site a row belongs to."""
        if entry.site_code:
            return self.sites[entry.site_code.upper()]
        if self.site is None:
            raise LookupError("A row without a site was not refused.")
        return self.site


def fixed_columns(format: str) -> dict[str, tuple[str, ...]]:
    """Our column -> the names it goes by, of a format whose columns are not chosen."""
    return ucdp_ged.COLUMNS if format == Format.UCDP_GED else acled.COLUMNS


def columns_of(format: str, sheet: Sheet, mapping: Mapping[str, str] | None) -> dict[str, str]:
    """Our column -> the file's column. Raises `FileRefused` for the first required one missing."""
    if format == Format.TABLE:
        found = dict(mapping) if mapping else table.guess(sheet.header)
        found = {ours: name for ours, name in found.items() if name in sheet.header}
        needed: tuple[str, ...] = table.REQUIRED
        if "place" not in found and {"latitude", "longitude"} <= set(found):
            needed = tuple(name for name in needed if name != "place")
    else:
        by_key = {column_key(name): name for name in sheet.header if name}
        found = {}
        for ours, names in fixed_columns(format).items():
            for name in names:
                if name in by_key:
                    found[ours] = by_key[name]
                    break
        needed = ucdp_ged.REQUIRED if format == Format.UCDP_GED else acled.REQUIRED
    missing = [name for name in needed if name not in found]
    if missing:
        raise FileRefused("column_missing", column=", ".join(missing))
    return found


def make_plan(
    content: bytes | Sheet,
    *,
    format: str,
    site: Site | None,
    by: User | None,
    mapping: Mapping[str, str] | None = None,
    default_state: str = "submitted",
    progress: Progress | None = None,
) -> Plan:
    """Read a file and say what each row would come to, without the look at what is here.

    Raises `FileRefused` where nothing of the file can be read.
    """
    sheet = content if isinstance(content, Sheet) else read_sheet(content)
    plan = Plan(format, sheet, columns_of(format, sheet, mapping), site)
    if not sheet.rows and not sheet.problems:
        raise FileRefused("file_without_rows")
    plan.read = len(sheet.rows) + len(sheet.problems)
    plan.problems += sheet.problems
    plan.warnings += sheet.warnings
    plan.gazetteer = gazetteer = Gazetteer()
    reader: Any
    if format == Format.TABLE:
        allowed = Site.objects.all() if by is None else Site.objects.filter(pk__in=by.site_ids)
        plan.sites = {one.code.upper(): one for one in allowed.prefetch_related("places")}
        if site is None and "site" not in plan.columns:
            raise FileRefused("column_missing", column="site")
        reader = table.Reader(
            plan.columns,
            gazetteer=gazetteer,
            near={
                code: [place.pk for place in one.places.all()] for code, one in plan.sites.items()
            },
            site_code=site.code if site is not None else "",
            default_state=default_state,
        )
    else:
        reader = (ucdp_ged if format == Format.UCDP_GED else acled).Reader(plan.columns)
    total = len(sheet.rows)
    for done, row in enumerate(sheet.rows, start=1):
        entry, found = reader.read(row.number, row.cells)
        (plan.problems if entry is None else plan.warnings).extend(found)
        if entry is not None:
            plan.entries.append(entry)
        if progress is not None and done % _PROGRESS_EVERY == 0:
            progress(done, total)
    _check_sites(plan)
    problems, remarks = gazetteer.locate(plan.entries)
    _drop(plan, problems)
    gone = {problem.row for problem in problems}
    plan.warnings += [remark for remark in remarks if remark.row not in gone]
    _remark_outside(plan)
    _check_days(plan)
    for entry in plan.entries:
        if not entry.content:
            entry.content = _content(entry)
    _check_twice(plan)
    if progress is not None:
        progress(total, total)
    return plan


def _remark_outside(plan: Plan) -> None:
    """Say once how many rows of an outside list lie outside the site they are to go to.

    They are taken, since sites record what happens beside them too; but a whole country read into
    one town's history changes its reports, and should not pass unseen.
    """
    if plan.format == Format.TABLE or plan.site is None:
        return
    own = list(plan.site.places.defer("geometry"))
    area = {place.pk for place in own}
    above = {key for place in own for key in _around(place)}
    outside = [
        entry
        for entry in plan.entries
        if entry.point is not None
        and entry.area != "country"
        and not area & _around(entry.facts["place"])
        # Known to a wider place only, it may well have been inside.
        and entry.facts["place"].pk not in above
    ]
    if area and outside:
        column = outside[0].point_column
        plan.warnings.append(Problem.of(outside[0].row, column, "outside_site", len(outside)))


def _around(place: Place) -> set[int | None]:
    return {place.pk, place.parent_id, place.district_id, place.governorate_id}


def _drop(plan: Plan, problems: list[Problem]) -> None:
    if problems:
        plan.problems += problems
        gone = {problem.row for problem in problems}
        plan.entries = [entry for entry in plan.entries if entry.row not in gone]


def _check_sites(plan: Plan) -> None:
    if plan.format != Format.TABLE:
        return
    column = plan.columns.get("site", "site")
    _drop(
        plan,
        [
            Problem.of(entry.row, column, "site_unknown", entry.site_code)
            if entry.site_code
            else Problem(entry.row, column, "required")
            for entry in plan.entries
            if entry.site_code.upper() not in plan.sites
        ],
    )


def _check_days(plan: Plan) -> None:
    latest = max(periods.now().date(), periods.today()) + timedelta(days=1)
    column = next(
        (plan.columns[name] for name in ("date_start", "event_date") if name in plan.columns), ""
    )
    _drop(
        plan,
        [
            Problem.of(entry.row, column, "date_in_future", entry.facts["occurred_from"].date())
            for entry in plan.entries
            if entry.facts["occurred_from"] and entry.facts["occurred_from"].date() > latest
        ],
    )


def _key(plan: Plan, entry: Entry) -> tuple[str, str]:
    if entry.code:
        return "code", entry.code
    return origin_of(plan, entry), entry.origin_id


def origin_of(plan: Plan, entry: Entry) -> str:
    """The outside list of a row; each site's tables are a list of their own."""
    if plan.format == Format.TABLE:
        return f"table/{plan.site_of(entry).pk}"
    return LISTS[plan.format][0]


def _check_twice(plan: Plan) -> None:
    seen: set[tuple[str, str]] = set()
    problems = []
    column = plan.columns.get("id") or plan.columns.get("event_id_cnty")
    for entry in plan.entries:
        key = _key(plan, entry)
        if key in seen:
            named = column or plan.columns.get("code" if entry.code else "source_id", "")
            shown = "" if entry.origin_id.startswith(table.BY_CONTENT) else entry.origin_id
            problems.append(Problem.of(entry.row, named, "twice_in_file", shown))
        seen.add(key)
    _drop(plan, problems)


def _content(entry: Entry) -> str:
    """What an outside row says, as one keyed number: the same again means nothing changed."""
    facts = {name: plain(value) for name, value in entry.facts.items()}
    facts["sources"] = [[s.kind, s.reliability, s.credibility, s.text] for s in entry.sources]
    facts["grade"] = list(entry.grade or ())
    return content_hash(facts)


def _chunks(items: list[Any]) -> Any:
    source = iter(items)
    while part := list(islice(source, _CHUNK)):
        yield part


def compare(plan: Plan, *, by: User | None, lock: bool = False) -> None:
    """Sort the rows: new, changed, the same, or refused because of what is here.

    With `lock`, records that would change are locked to the end of the transaction.
    """
    by_origin: dict[str, list[Entry]] = {}
    with_code: list[Entry] = []
    for entry in plan.entries:
        if entry.code:
            with_code.append(entry)
        else:
            by_origin.setdefault(origin_of(plan, entry), []).append(entry)
    differing: list[Update] = []
    problems: list[Problem] = []
    left = _compare_codes(plan, with_code, differing, problems, by)
    for entry in left:
        by_origin.setdefault(origin_of(plan, entry), []).append(entry)
    for origin, entries in by_origin.items():
        for part in _chunks(entries):
            here = {
                incident.origin_id: incident
                for incident in Incident.objects.filter(
                    origin=origin, origin_id__in=[entry.origin_id for entry in part]
                ).only("id", "origin_id", "content_hash", "version", "site_id")
            }
            for entry in part:
                incident = here.get(entry.origin_id)
                if incident is None:
                    problems += _problems_of_new(plan, entry)
                    plan.create.append(entry)
                elif incident.content_hash == entry.content:
                    plan.unchanged += 1
                else:
                    differing.append(Update(entry, incident))
    _sort_out(plan, differing, problems, by, lock)
    plan.problems += problems
    gone = {problem.row for problem in problems}
    if gone:
        plan.create = [entry for entry in plan.create if entry.row not in gone]
        plan.update = [update for update in plan.update if update.entry.row not in gone]
    plan.problems.sort(key=lambda problem: problem.row)
    plan.warnings.sort(key=lambda problem: problem.row)


def _problems_of_new(plan: Plan, entry: Entry) -> list[Problem]:
    """What a new record lacks, or may not be."""
    problems = list(entry.missing)
    if entry.state not in table.BORN:
        column = plan.columns.get("workflow_state", "workflow_state")
        problems.append(Problem.of(entry.row, column, "state_not_importable", entry.state))
    return problems


def _compare_codes(
    plan: Plan,
    entries: list[Entry],
    differing: list[Update],
    problems: list[Problem],
    by: User | None,
) -> list[Entry]:
    """Rows of our own export: the record of that code. Returns those whose code is not here."""
    from incidents.exports import rows

    left: list[Entry] = []
    column = plan.columns.get("code", "code")
    for part in _chunks(entries):
        asked = [entry.code for entry in part]
        everything = Incident.objects.all() if by is None else Incident.objects.visible_to(by)
        seen = {incident.code: incident for incident in rows(everything.filter(code__in=asked))}
        taken = set(Incident.objects.filter(code__in=asked).values_list("code", flat=True))
        for entry in part:
            incident = seen.get(entry.code)
            if incident is None:
                if entry.code in taken:
                    problems.append(Problem.of(entry.row, column, "code_taken", entry.code))
                else:
                    left.append(entry)
                continue
            if _same(plan, entry, incident):
                plan.unchanged += 1
            elif not incident.origin:
                problems.append(Problem.of(entry.row, column, "written_here", entry.code))
            elif not incident.origin.startswith("table/"):
                # A row of an outside list, changed in our export: the list is the one to read anew.
                problems.append(Problem.of(entry.row, column, "worked_on", entry.code))
            else:
                differing.append(Update(entry, incident))
    return left


def _same(plan: Plan, entry: Entry, incident: Incident) -> bool:
    if plan.site_of(entry).pk != incident.site_id and "site" in plan.columns:
        return False
    here = table.as_cells(incident)
    return all(
        text == here[name]
        for name, text in entry.cells.items()
        if text or name not in table.KEPT_IF_EMPTY
    )


def _sort_out(
    plan: Plan,
    differing: list[Update],
    problems: list[Problem],
    by: User | None,
    lock: bool,
) -> None:
    """Of rows that differ from their record: which may change it."""
    for part in _chunks(differing):
        keys = [update.incident.pk for update in part]
        wanted = Incident.objects.filter(pk__in=keys).order_by("pk")
        if lock:
            wanted = wanted.select_for_update(of=("self",))
        fresh = {
            incident.pk: incident
            for incident in wanted.select_related("place").prefetch_related("sources", "actors")
        }
        versions = expected_versions(keys)
        for update in part:
            incident = fresh[update.incident.pk]
            entry = update.entry
            column = plan.columns.get("id") or plan.columns.get("event_id_cnty") or ""
            if by is not None and incident.site_id not in by.site_ids:
                problems.append(Problem.of(entry.row, column, "elsewhere", entry.origin_id))
            elif incident.version != versions.get(incident.pk, 1):
                problems.append(Problem.of(entry.row, column, "worked_on", incident.code))
            elif entry.missing:
                problems += entry.missing
            else:
                plan.update.append(Update(entry, incident))


def expected_versions(keys: list[Any]) -> dict[Any, int]:
    """The version each record had when an import last touched it; absent means 1."""
    return dict(
        ImportChange.objects.filter(incident__in=keys)
        .order_by("id")
        .values_list("incident_id", "version")
    )
