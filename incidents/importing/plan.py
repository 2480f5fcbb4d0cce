"""From a file to what would be done: read, mapped, placed, compared. Writes nothing.

Some thousand rows at a time: what is kept of a row that will be written is packed, so that a list
of 200,000 rows takes some tens of megabytes and not a gigabyte.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from typing import Any

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site
from incidents.duplicates import finding
from incidents.importing import acled, collected, table, ucdp_ged
from incidents.importing.entry import Entry, Gazetteer
from incidents.importing.problems import FileRefused, Problem
from incidents.importing.reading import Sheet, column_key, read_sheet
from incidents.models import ImportBatch, ImportChange, Incident, IncidentQuerySet
from incidents.services.facts import content_hash, plain

Format = ImportBatch.Format
Progress = Callable[[int, int], None]

#: Outside lists: their origin, and the site their rows go to when none is named.
LISTS: dict[str, tuple[str, str, str]] = {
    Format.UCDP_GED: (ucdp_ged.ORIGIN, "UCDP GED, Iraq", "بيانات أوبسالا للنزاعات، العراق"),
    Format.ACLED: (acled.ORIGIN, "ACLED, Iraq", "بيانات أكليد، العراق"),
}
_CHUNK = 2000
#: New rows of a file that are compared with what is here, for the preview.
_LOOKED_AT = 1000
_PACK = 1000
#: So many rows are shown as they would be taken.
SHOWN = 10
#: How the codes of our own records begin.
_OURS = "INC-"


@dataclass
class Update:
    """A row that changes a record: the record as it stands, locked when it is to be written."""

    entry: Entry
    incident: Incident


class Packed:
    """Entries, each with the key of the record it changes, if any, in little memory."""

    def __init__(self) -> None:
        self.gazetteer: Gazetteer | None = None
        self._parts: list[bytes] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, entries: list[tuple[Entry, Any]]) -> None:
        """Put entries behind the others; they are not to be used any more."""
        for start in range(0, len(entries), _PACK):
            part = entries[start : start + _PACK]
            for entry, _key in part:
                # A place is known by its key: the gazetteer holds it once.
                entry.facts = {**entry.facts, "place": entry.facts["place"].pk}
            self._parts.append(zlib.compress(pickle.dumps(part, protocol=5), 1))
        self._count += len(entries)

    def parts(self) -> Iterator[list[tuple[Entry, Any]]]:
        """The entries in their order, some hundred at a time."""
        for packed in self._parts:
            # Packed above, in this process: nobody else's pickles come here.
            part: list[tuple[Entry, Any]] = pickle.loads(zlib.decompress(packed))  # noqa: S301
            for entry, _key in part:
                if self.gazetteer is not None:
                    entry.facts["place"] = self.gazetteer.by_pk[entry.facts["place"]]
            yield part


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
    #: The first rows as they would be taken.
    first: list[Entry] = field(default_factory=list)
    create: Packed = field(default_factory=Packed)
    update: Packed = field(default_factory=Packed)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    #: Rows outside the area of the site, and the first of them.
    outside: int = 0
    outside_row: int = 0
    outside_column: str = ""
    #: Of the first new rows, those that look like a record which is here already, and the first.
    twins: int = 0
    twins_row: int = 0
    twins_looked: int = 0
    #: Every row is sensitive, as who sent the file says.
    all_sensitive: bool = False
    #: Rows that are or say to be so, and the first of them.
    hidden: int = 0
    hidden_row: int = 0
    #: Keys of the rows so far, to find one that stands twice.
    seen: set[tuple[str, str]] = field(default_factory=set)

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
        known = set(sheet.header) | set(sheet.made)
        found = dict(mapping) if mapping else table.guess(sheet)
        found = {ours: name for ours, name in found.items() if name in known}
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


def look_through(content: bytes, format: str, *, most: int | None = None) -> Sheet:
    """The file's columns and rows; what collection tools split up is put together.

    With `most`, no more than so many rows are read: for a page, which somebody waits for.
    """
    sheet = read_sheet(content, most=most)
    return collected.prepare(sheet) if format == Format.TABLE else sheet


def make_plan(
    content: bytes | Sheet,
    *,
    format: str,
    site: Site | None,
    by: User | None,
    mapping: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    default_state: str = "submitted",
    all_sensitive: bool = False,
    lock: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """Read a file and say what each row would come to, given what is here.

    With `all_sensitive` every row is sensitive. With `lock`, records that would change are locked
    to the end of the transaction. Raises `FileRefused` where nothing of the file can be read.
    """
    sheet = content if isinstance(content, Sheet) else look_through(content, format)
    plan = Plan(
        format, sheet, columns_of(format, sheet, mapping), site, all_sensitive=all_sensitive
    )
    if not len(sheet.rows) and not sheet.problems:
        raise FileRefused("file_without_rows")
    plan.read = len(sheet.rows) + len(sheet.problems)
    plan.problems += sheet.problems
    plan.warnings += sheet.warnings
    plan.gazetteer = plan.create.gazetteer = plan.update.gazetteer = Gazetteer()
    reader = _reader(plan, by, values, default_state)
    area = _Area(plan)
    total, done = len(sheet.rows), 0
    rows = iter(sheet.rows)
    while part := list(islice(rows, _CHUNK)):
        entries = []
        for row in part:
            entry, found = reader.read(row.number, row.cells)
            (plan.problems if entry is None else plan.warnings).extend(found)
            if entry is not None:
                entries.append(entry)
        _sort(plan, entries, area, by, lock)
        done += len(part)
        if progress is not None:
            progress(done, total)
    if getattr(reader, "serial_row", 0):
        column = plan.columns.get("occurred_from", "")
        plan.warnings.append(Problem.of(reader.serial_row, column, "serial_date"))
    if plan.outside:
        plan.warnings.append(
            Problem.of(plan.outside_row, plan.outside_column, "outside_site", plan.outside)
        )
    if plan.hidden:
        plan.warnings.append(Problem.of(plan.hidden_row, "", "rows_hidden", plan.hidden))
    if plan.twins:
        plan.warnings.append(Problem.of(plan.twins_row, "", "likely_twins", plan.twins))
    plan.problems.sort(key=lambda problem: problem.row)
    plan.warnings.sort(key=lambda problem: problem.row)
    return plan


def _reader(
    plan: Plan,
    by: User | None,
    values: Mapping[str, Mapping[str, str]] | None,
    default_state: str,
) -> Any:
    if plan.format != Format.TABLE:
        return (ucdp_ged if plan.format == Format.UCDP_GED else acled).Reader(plan.columns)
    allowed = Site.objects.all() if by is None else Site.objects.filter(pk__in=by.site_ids)
    plan.sites = {one.code.upper(): one for one in allowed.prefetch_related("places")}
    if plan.site is None and "site" not in plan.columns:
        raise FileRefused("column_missing", column="site")
    return table.Reader(
        plan.columns,
        gazetteer=plan.gazetteer or Gazetteer(),
        near={code: [place.pk for place in one.places.all()] for code, one in plan.sites.items()},
        site_code=plan.site.code if plan.site is not None else "",
        default_state=default_state,
        values=values,
    )


def _sort(plan: Plan, entries: list[Entry], area: _Area, by: User | None, lock: bool) -> None:
    """Check some rows, place them, compare them with what is here, and lay them aside."""
    entries = _check_sites(plan, entries)
    problems, remarks = (plan.gazetteer or Gazetteer()).locate(entries)
    entries = _drop(plan, entries, problems)
    gone = {problem.row for problem in problems}
    plan.warnings += [remark for remark in remarks if remark.row not in gone]
    area.look(entries)
    entries = _check_days(plan, entries)
    for entry in entries:
        if not entry.content:
            entry.content = _content(entry)
    entries = _check_twice(plan, entries)
    for entry in entries:
        entry.sensitive = entry.sensitive or plan.all_sensitive
        if entry.sensitive:
            plan.hidden_row = plan.hidden_row or entry.row
            plan.hidden += 1
    if len(plan.first) < SHOWN:
        plan.first += [
            replace(entry, facts=dict(entry.facts)) for entry in entries[: SHOWN - len(plan.first)]
        ]
    _compare(plan, entries, by=by, lock=lock)


class _Area:
    """Counts the rows of an outside list that lie outside the site they are to go to.

    They are taken, since sites record what happens beside them too; but a whole country read into
    one town's history changes its reports, and should not pass unseen.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.own: set[int | None] = set()
        self.above: set[int | None] = set()
        if plan.format != Format.TABLE and plan.site is not None:
            own = list(plan.site.places.defer("geometry"))
            self.own = {place.pk for place in own}
            self.above = {key for place in own for key in _around(place)}

    def look(self, entries: list[Entry]) -> None:
        if not self.own:
            return
        for entry in entries:
            place = entry.facts["place"]
            if (
                entry.point is not None
                and entry.area != "country"
                and not self.own & _around(place)
                # Known to a wider place only, it may well have been inside.
                and place.pk not in self.above
            ):
                if not self.plan.outside:
                    self.plan.outside_row = entry.row
                    self.plan.outside_column = entry.point_column
                self.plan.outside += 1


def _around(place: Place) -> set[int | None]:
    return {place.pk, place.parent_id, place.district_id, place.governorate_id}


def _drop(plan: Plan, entries: list[Entry], problems: list[Problem]) -> list[Entry]:
    if not problems:
        return entries
    plan.problems += problems
    gone = {problem.row for problem in problems}
    return [entry for entry in entries if entry.row not in gone]


def _check_sites(plan: Plan, entries: list[Entry]) -> list[Entry]:
    if plan.format != Format.TABLE:
        return entries
    column = plan.columns.get("site", "site")
    return _drop(
        plan,
        entries,
        [
            Problem.of(entry.row, column, "site_unknown", entry.site_code)
            if entry.site_code
            else Problem(entry.row, column, "required")
            for entry in entries
            if entry.site_code.upper() not in plan.sites
        ],
    )


def _check_days(plan: Plan, entries: list[Entry]) -> list[Entry]:
    latest = max(periods.now().date(), periods.today()) + timedelta(days=1)
    column = next(
        (plan.columns[name] for name in ("date_start", "event_date") if name in plan.columns), ""
    )
    return _drop(
        plan,
        entries,
        [
            Problem.of(entry.row, column, "date_in_future", entry.facts["occurred_from"].date())
            for entry in entries
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


def _check_twice(plan: Plan, entries: list[Entry]) -> list[Entry]:
    problems = []
    for entry in entries:
        key = _key(plan, entry)
        if key in plan.seen:
            problems.append(_of_row(plan, entry, "twice_in_file"))
        plan.seen.add(key)
    return _drop(plan, entries, problems)


def _of_row(plan: Plan, entry: Entry, code: str) -> Problem:
    """A problem of a whole row, at the column that the row is known by."""
    column = plan.columns.get("id") or plan.columns.get("event_id_cnty")
    column = column or plan.columns.get("code" if entry.code else "source_id", "")
    shown = "" if entry.origin_id.startswith(table.BY_CONTENT) else entry.origin_id
    return Problem.of(entry.row, column, code, shown)


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


def _compare(plan: Plan, entries: list[Entry], *, by: User | None, lock: bool) -> None:
    """Sort the rows: new, changed, the same, or refused because of what is here."""
    by_origin: dict[str, list[Entry]] = {}
    differing: list[Update] = []
    problems: list[Problem] = []
    create: list[Entry] = []
    left = _compare_codes(plan, [e for e in entries if e.code], differing, problems, by)
    others = _without_ours(plan, [entry for entry in entries if not entry.code], problems, by)
    for entry in [*others, *left]:
        by_origin.setdefault(origin_of(plan, entry), []).append(entry)
    for origin, found in by_origin.items():
        for part in _chunks(found):
            here = {
                incident.origin_id: incident
                for incident in Incident.objects.filter(
                    origin=origin, origin_id__in=[entry.origin_id for entry in part]
                ).only("id", "origin_id", "content_hash", "version", "site_id", "is_sensitive")
            }
            keys = [incident.pk for incident in here.values()]
            open_to = visible_keys(keys, by) | _brought_in(keys, by)
            for entry in part:
                incident = here.get(entry.origin_id)
                if incident is None:
                    problems += _problems_of_new(plan, entry)
                    create.append(entry)
                elif incident.pk not in open_to:
                    # Even that the row says the same would tell what stands in the record.
                    problems.append(_of_row(plan, entry, "elsewhere"))
                elif incident.content_hash == entry.content and _as_hidden(entry, incident):
                    plan.unchanged += 1
                else:
                    differing.append(Update(entry, incident))
    update = _sort_out(plan, differing, problems, by, lock)
    plan.problems += problems
    gone = {problem.row for problem in problems}
    if by is not None and not lock:
        _look_for_twins(plan, [entry for entry in create if entry.row not in gone], by)
    plan.create.add([(entry, None) for entry in create if entry.row not in gone])
    plan.update.add([(one.entry, one.incident.pk) for one in update if one.entry.row not in gone])


def _look_for_twins(plan: Plan, entries: list[Entry], by: User) -> None:
    """Count new rows that look like a record of their site; of the first `_LOOKED_AT` rows only."""
    entries = entries[: max(0, _LOOKED_AT - plan.twins_looked)]
    plan.twins_looked += len(entries)
    by_site: dict[Any, list[Entry]] = {}
    for entry in entries:
        by_site.setdefault(plan.site_of(entry), []).append(entry)
    for site, rows in by_site.items():
        if site.read_only:
            continue
        reports: list[tuple[Incident, list[Any]]] = [
            (Incident(site=site, **{k: v for k, v in row.facts.items() if v is not None}), [])
            for row in rows
        ]
        for position in finding.count_likely(reports, by=by, site=site):
            plan.twins_row = plan.twins_row or rows[position].row
            plan.twins += 1


def _without_ours(
    plan: Plan, entries: list[Entry], problems: list[Problem], by: User | None
) -> list[Entry]:
    """A research file of ours, read as ACLED's: events that were written here are not doubled."""
    if plan.format != Format.ACLED:
        return entries
    asked = [entry.origin_id for entry in entries if entry.origin_id.startswith(_OURS)]
    if not asked:
        return entries
    here = set(_seen_by(by).filter(code__in=asked).values_list("code", flat=True))
    column = plan.columns["event_id_cnty"]
    ours = [entry for entry in entries if entry.origin_id in here]
    if ours and not any(one.code == "ours_already" for one in plan.warnings):
        plan.warnings.append(Problem(ours[0].row, column, "ours_already", ours[0].origin_id))
    plan.unchanged += len(ours)
    left = []
    for entry in entries:
        if entry.origin_id in here:
            continue
        if by is not None and entry.origin_id.startswith(_OURS):
            problems.append(Problem.of(entry.row, column, "code_taken", entry.origin_id))
        else:
            left.append(entry)
    return left


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
    """Rows of our own export: the record of that code. Returns those whose code is not here.

    A person is told the same of a code that is not here and of one whose record is not shown to
    them; so a list of codes does not tell which of them stand for something. The system sees all.
    """
    from incidents.exports import rows

    left: list[Entry] = []
    column = plan.columns.get("code", "code")
    for part in _chunks(entries):
        asked = [entry.code for entry in part]
        wanted = _seen_by(by).filter(code__in=asked)
        seen = {incident.code: incident for incident in rows(wanted)}
        for entry in part:
            incident = seen.get(entry.code)
            if incident is None:
                if by is not None and entry.code.startswith(_OURS):
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


def _as_hidden(entry: Entry, incident: Incident) -> bool:
    """Whether a row hides nothing that is not hidden yet; no file shows what is."""
    return incident.is_sensitive or not entry.sensitive


def _same(plan: Plan, entry: Entry, incident: Incident) -> bool:
    if plan.site_of(entry).pk != incident.site_id and "site" in plan.columns:
        return False
    here = table.as_cells(incident)
    kept = table.KEPT_IF_EMPTY
    if table.keeps_point(incident, entry.facts):
        kept |= table.POINT
    return _as_hidden(entry, incident) and all(
        text == here[name] for name, text in entry.cells.items() if text or name not in kept
    )


def _sort_out(
    plan: Plan,
    differing: list[Update],
    problems: list[Problem],
    by: User | None,
    lock: bool,
) -> list[Update]:
    """Of rows that differ from their record: which may change it."""
    fit: list[Update] = []
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
        # Asked once more, since what was open may have been hidden before it was locked.
        seen = visible_keys(keys, by)
        for update in part:
            incident = fresh[update.incident.pk]
            entry = update.entry
            column = plan.columns.get("id") or plan.columns.get("event_id_cnty") or ""
            if incident.pk not in seen:
                problems.append(_of_row(plan, entry, "elsewhere"))
            elif incident.version != versions.get(incident.pk, 1):
                problems.append(Problem.of(entry.row, column, "worked_on", incident.code))
            elif entry.missing:
                problems += entry.missing
            else:
                fit.append(Update(entry, incident))
    return fit


def _seen_by(by: User | None) -> IncidentQuerySet:
    return Incident.objects.all() if by is None else Incident.objects.visible_to(by)


def visible_keys(keys: list[Any], by: User | None) -> set[Any]:
    """Keys of those of these records that a person may see; a file changes no other."""
    return set(_seen_by(by).filter(pk__in=keys).values_list("pk", flat=True))


def visible_codes(keys: list[Any], by: User | None) -> set[str]:
    """Codes of those of these records that a person may see; a refusal names no other."""
    return set(_seen_by(by).filter(pk__in=keys).values_list("code", flat=True))


def _brought_in(keys: list[Any], by: User | None) -> set[Any]:
    """Keys of records that this person brought in: their own file again tells them nothing new."""
    if by is None:
        return set()
    mine = Incident.objects.filter(pk__in=keys, batch__by=by)
    return set(mine.values_list("pk", flat=True))


def expected_versions(keys: list[Any]) -> dict[Any, int]:
    """The version each record had when an import last touched it; absent means 1."""
    return dict(
        ImportChange.objects.filter(incident__in=keys)
        .order_by("id")
        .values_list("incident_id", "version")
    )
