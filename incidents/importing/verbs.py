"""The two verbs: read a file in, and take a batch back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, jobs, periods, vault
from ceasefire.attachments.models import Attachment
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site
from ceasefire.text import search_key
from incidents.exceptions import IncidentRefusal
from incidents.importing import files, table
from incidents.importing.bulk import copy_in
from incidents.importing.collecting import seldom_collected
from incidents.importing.entry import Entry, Gazetteer
from incidents.importing.plan import (
    LISTS,
    Format,
    Plan,
    Progress,
    expected_versions,
    make_plan,
    origin_of,
    visible_codes,
)
from incidents.importing.problems import FileRefused, Problem
from incidents.models import (
    BulkRow,
    ConflictingSubmission,
    ImportBatch,
    ImportChange,
    ImportFile,
    ImportPair,
    Incident,
    IncidentActor,
    IncidentLink,
    IncidentMerge,
    IncidentNaming,
    IncidentResponse,
    IncidentRevision,
    IncidentStep,
    NotATwin,
    RetaliationWatch,
    SecondReport,
    Source,
    Victimization,
)
from incidents.services import clocks, naming, rules, search
from incidents.services.facts import ActorFacts, SourceFacts, plain
from incidents.services.rows import write_rows

IMPORT = "incidents.import_incident"
#: The work that takes a long import back.
UNDO = "incidents.undo_import"
#: The work that looks for likely twins of what was imported.
PAIR = "incidents.pair_import"
#: So many refusals and remarks are kept with a batch; the file of refusals holds them all.
KEPT = 1000
_INSERT = 1000
#: So many parts of new records are written at once, a thousand records each.
_PARTS_TOGETHER = 5
#: So much the index of words gathers before it sorts it in, as long as an import goes on.
_WORDS_GATHERED = "16MB"
#: Folded summaries that are kept for the next row with the same one.
_KEYS = 10_000
#: Remarks that were made when a workbook became text, before the rows were looked at.
OF_THE_FILE = frozenset({"merged_filled", "other_sheets"})
#: Fields that an update writes; those of one row that stayed the same are written as they are.
_WRITTEN = (
    "type",
    "subtype",
    "occurred_from",
    "occurred_to",
    "occurred_on",
    "time_precision",
    "time_of_day",
    "place",
    "district",
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
    "reported_at",
    "is_sensitive",
    "said_sensitive",
    "verification",
    "verification_computed",
    "verification_rule",
    "verification_reason",
)
_MOMENTS = frozenset({"occurred_from", "occurred_to", "reported_at"})
_BESIDE = (
    "content_hash",
    "original",
    "search_key",
    "source_key",
    "version",
    "updated_at",
    "updated_by",
)


class UndoRefused(IncidentRefusal):
    """A batch that cannot be taken back whole; `rows` says which records stand in the way."""

    message = _("This import can no longer be undone, because of these records.")

    def __init__(self, rows: list[tuple[str, str]]) -> None:
        super().__init__(rows)
        #: (incident code, code of the reason in `problems.WORDS`); the code is empty where the
        #: person may not see the record
        self.rows = rows


class UndoTooLate(IncidentRefusal):
    message = _("An import can be undone for 30 days. This one is older, so it stays.")


class NothingToUndo(IncidentRefusal):
    message = _("This batch was not imported, or is undone already.")


@dataclass
class Outcome:
    """What an import did, or would do. `done` is False where nothing was written."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    batch: ImportBatch | None = None
    plan: Plan | None = None
    done: bool = False

    @property
    def rejected(self) -> int:
        """Rows that were not taken; a file that could not be read at all rejects no row."""
        return len({problem.row for problem in self.problems if problem.row > 1})

    def counts(self) -> dict[str, int]:
        """The five numbers, in the order in which they are said."""
        return {
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }


def list_site(format: str) -> Site | None:
    """The read-only site of an outside list, made at its first import; None for our own table."""
    if format not in LISTS:
        return None
    code, name_en, name_ar = LISTS[format]
    site, _made = Site.objects.get_or_create(
        code=code.upper(), defaults={"name_en": name_en, "name_ar": name_ar, "read_only": True}
    )
    return site


def _may(by: User | None, *sites: Site | None) -> None:
    if by is None:
        return
    if not by.has_perm(IMPORT):
        raise PermissionDenied
    if any(site is not None and site.pk not in by.site_ids for site in sites):
        raise PermissionDenied


def import_file(
    content: bytes,
    *,
    format: str,
    site: Site | None = None,
    by: User | None,
    mapping: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    default_state: str = "submitted",
    all_sensitive: bool = False,
    skip_rejected: bool = False,
    dry_run: bool = False,
    batch: ImportBatch | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Read a file in: all rows or none, unless `skip_rejected` leaves the bad ones out.

    A row that was imported before (its list and its key there) is left alone when it says the same,
    and changed when it says something else and nobody has worked on the record since; it is never
    doubled. `all_sensitive` hides every row from who may not see sensitive records, as a row does
    that says so of itself or tells of a minor; no file takes that back. `site` is where the rows
    belong; our own table may name it row by row. `by` None is the system (the command); a person
    needs the permission and the sites. `dry_run` writes nothing. `progress(done, total)` may raise
    to stop; then nothing is written.

    The audit entry is written last, since its lock lasts to the commit. Refusals are in
    `Outcome.problems`; `PermissionDenied` is raised.
    """
    _may(by, site)
    outcome = Outcome()
    checking, writing = progress, progress
    if progress is not None and not dry_run:
        # Half of the way is checking, half is writing.
        told = progress
        checking = lambda done, total: told(done, 2 * total)  # noqa: E731
        writing = lambda done, total: told(total + done, 2 * total)  # noqa: E731
    try:
        with seldom_collected(), transaction.atomic():
            if not dry_run:
                _one_at_a_time(format)
            if site is None and not dry_run:
                site = list_site(format)
            plan = make_plan(
                content,
                format=format,
                site=site,
                by=by,
                mapping=mapping,
                values=values,
                default_state=default_state,
                all_sensitive=all_sensitive,
                lock=not dry_run,
                progress=checking,
            )
            outcome = Outcome(
                read=plan.read,
                created=len(plan.create),
                updated=len(plan.update),
                unchanged=plan.unchanged,
                problems=plan.problems,
                warnings=plan.warnings,
                plan=plan,
            )
            if dry_run:
                return outcome
            if plan.problems and not skip_rejected:
                outcome.created = outcome.updated = 0
                # The list's site is not kept for a file that was refused.
                transaction.set_rollback(True)
                return outcome
            outcome.batch = _write(plan, outcome, content, by, batch, writing)
            outcome.done = True
            if outcome.created:
                jobs.enqueue(PAIR, site=outcome.batch.site, batch_id=str(outcome.batch.pk))
    except FileRefused as refused:
        return Outcome(problems=[refused.problem])
    return outcome


def _one_at_a_time(format: str) -> None:
    """Two imports of one list wait for each other, so neither meets the other's new rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"incidents.import.{format}"])


def _write(
    plan: Plan,
    outcome: Outcome,
    content: bytes,
    by: User | None,
    batch: ImportBatch | None,
    progress: Progress | None,
) -> ImportBatch:
    now = periods.now()
    site = plan.site or next((plan.site_of(entry) for entry in plan.first), None)
    if site is None:
        site = next(iter(plan.sites.values()))
    if batch is None:
        batch = ImportBatch(site=site, format=plan.format, by=by, mapping=plan.columns)
    batch.digest = hashlib.sha256(content).hexdigest()
    batch.state = ImportBatch.State.IMPORTED
    batch.at = now
    for name, number in outcome.counts().items():
        setattr(batch, name, number)
    batch.rejects = [problem.as_json() for problem in plan.problems[:KEPT]]
    of_the_file = [one for one in batch.warnings if one.get("code") in OF_THE_FILE]
    batch.warnings = of_the_file + [one.as_json() for one in plan.warnings[:KEPT]]
    batch.save()
    _insert(plan, batch, by, now, progress)
    _change(plan, batch, by, now)
    if plan.format == Format.TABLE:
        clocks.follow_new(batch, by=by, at=now)
        clocks.follow_changed(_changed_by(batch), by=by, at=now)
    ImportFile.objects.filter(batch=batch).delete()
    if len(plan.problems) > KEPT:
        files.keep_findings(batch, plan.problems, [])
    audit.record(
        "incident.imported",
        subject=batch,
        by=by,
        site=site,
        detail={
            "format": plan.format,
            "digest": batch.digest,
            **({"sensitive": plan.hidden} if plan.hidden else {}),
            **outcome.counts(),
        },
    )
    return batch


def _changed_by(batch: ImportBatch) -> list[UUID]:
    """Keys of the records that a batch changed and that were not restored yet."""
    rows = batch.changes.filter(undone=False).order_by()
    return list(rows.values_list("incident_id", flat=True))


def _grade(entry: Entry, sources: Iterable[Any]) -> dict[str, str]:
    """The four fields of verification: by the list's own grading, or from the sources."""
    computed, rule = entry.grade or rules.verification_of(sources)
    stated = entry.stated_grade or computed
    return {
        "verification": str(stated),
        "verification_computed": str(computed),
        "verification_rule": rule,
        "verification_reason": "" if stated == computed else gettext("As graded in the table."),
    }


def set_numbers_aside(batch: ImportBatch, count: int) -> None:
    """Take the numbers of a long file's `count` new records, as its check found; the caller saves.

    The counter is locked to the end of a transaction: of this short one, and not of the import's,
    in which everybody who logs an incident would wait. What the import does not use is left out.
    """
    year = periods.now().year
    first = codes.reserve_numbers("INC", year, count)
    batch.numbers = {"year": year, "first": first, "count": count}


def _first_number(batch: ImportBatch, year: int, total: int) -> int:
    """The first of the numbers of `total` new records: those set aside, while they are enough."""
    aside = batch.numbers
    if aside and aside["year"] == year and aside["count"] >= total:
        return int(aside["first"])
    return codes.reserve_numbers("INC", year, total)


def _insert(
    plan: Plan, batch: ImportBatch, by: User | None, now: datetime, progress: Progress | None
) -> None:
    """Write the new records in chunks, with their sources and actors; names into the vault."""
    if not plan.create or plan.gazetteer is None:
        return
    total = len(plan.create)
    making = _Making(plan, plan.gazetteer, by, now, _first_number(batch, now.year, total))
    same = {
        "batch_id": batch.pk,
        "created_at": now,
        "submitted_at": now,
        "updated_at": now,
        "updated_by_id": by.pk if by is not None else None,
    }
    parts = plan.create.parts()
    done = 0
    while together := list(islice(parts, _PARTS_TOGETHER)):
        rows = sum(map(len, together))
        _gather_words(_WORDS_GATHERED if done + rows < total else None)
        # Each record is made while the one before is written: nothing is asked in between.
        copy_in(
            Incident,
            (making.incident(entry) for part in together for entry, _none in part),
            same=same,
        )
        copy_in(Source, making.sources)
        copy_in(IncidentActor, making.actors)
        search.learn(making.written - making.learned, making.names - making.learned)
        vault.seal_rows(
            (vault.Item(Source(pk=key), "name", name, "name") for key, name in making.named), by=by
        )
        making.forget()
        done += rows
        if progress is not None:
            progress(done, total)


def _gather_words(most: str | None) -> None:
    """Let the index of words gather so much before it sorts it in, the more the quicker.

    None: as always, so that what is left unsorted at the end makes no search slow. Holds for this
    transaction at most.
    """
    with connection.cursor() as cursor:
        if most is None:
            cursor.execute("SET LOCAL gin_pending_list_limit TO DEFAULT")
            cursor.execute("SET LOCAL work_mem TO DEFAULT")
        else:
            cursor.execute(
                "SELECT set_config('gin_pending_list_limit', %s, true),"
                " set_config('work_mem', %s, true)",
                [most, most],
            )


class _Graded:
    """As much of a source as the rule of verification looks at."""

    same_origin_as_id = None

    def __init__(self, id: int, facts: SourceFacts) -> None:
        self.id, self.kind = id, facts.kind
        self.reliability, self.credibility = facts.reliability, facts.credibility


class _Making:
    """Makes new records of rows; what is made beside them waits until they are written."""

    def __init__(
        self, plan: Plan, gazetteer: Gazetteer, by: User | None, now: datetime, number: int
    ) -> None:
        self.plan, self.gazetteer, self.now, self.number = plan, gazetteer, now, number
        self.person = by.pk if by is not None else None
        #: The words of summaries, and of what sources said, that came before.
        self.keys: dict[str, str] = {}
        self.said: dict[tuple[str, ...], str] = {}
        self.learned: set[str] = set()
        self.forget()

    def forget(self) -> None:
        """Begin the next chunk."""
        self.sources: list[dict[str, Any]] = []
        self.actors: list[dict[str, Any]] = []
        self.named: list[tuple[UUID, str]] = []
        self.learned |= getattr(self, "written", set()) | getattr(self, "names", set())
        #: Words that stand in the records, and those by which their places are called.
        self.written: set[str] = set()
        self.names: set[str] = set()
        self.places: set[int] = set()

    def incident(self, entry: Entry) -> dict[str, Any]:
        """The columns of a record that are its own; its sources and actors are laid aside."""
        key, now = uuid4(), self.now
        incident = self._facts(entry)
        incident["id"] = key
        incident["code"] = f"INC-{now.year}-{self.number:06d}"
        incident["search_key"] = f"inc {now.year} {self.number:06d} {incident['search_key']}"
        incident["source_key"] = self._said(entry)
        if entry.state in ("accepted", "archived"):
            incident["accepted_at"] = now
        incident |= _grade(entry, (_Graded(at, one) for at, one in enumerate(entry.sources)))
        self.number += 1
        # A microsecond apart, so that the rows keep their order.
        for position, facts in enumerate(entry.sources):
            source_key = uuid4()
            source = {
                "id": source_key,
                "incident_id": key,
                "kind": facts.kind,
                "reliability": facts.reliability,
                "credibility": facts.credibility,
                "text": facts.text,
                "has_sealed_name": bool(facts.name),
                "received_at": now,
                "created_at": now + timedelta(microseconds=position),
                "created_by_id": self.person,
            }
            self.sources.append(source)
            if facts.name:
                self.named.append((source_key, facts.name))
        for position, actor in enumerate(entry.actors):
            self.actors.append(
                {
                    "id": uuid4(),
                    "incident_id": key,
                    "category": actor.category,
                    "created_at": now + timedelta(microseconds=position),
                }
            )
        return incident

    def _facts(self, entry: Entry) -> dict[str, Any]:
        """The columns that follow from the row; the search key still without the code."""
        facts = {name: value for name, value in entry.facts.items() if value is not None}
        place = facts.pop("place")
        if place.pk not in self.places:
            self.places.add(place.pk)
            self.written.update(self.gazetteer.tail(place).split())
            self.names.update(self.gazetteer.names(place))
        words = self._words(facts.get("summary", ""))
        return {
            "reported_at": self._heard(facts),
            "staff_involved": False,
            **facts,
            "site_id": self.plan.site_of(entry).pk,
            "place_id": place.pk,
            "district_id": place.district_id,
            "occurred_on": periods.local_day(facts["occurred_from"]),
            "said_sensitive": entry.sensitive,
            "is_sensitive": facts["type"] == "SXV" or entry.sensitive,
            "search_key": f"{words} {self.gazetteer.tail(place)}".strip(),
            "workflow_state": str(entry.state),
            "origin": origin_of(self.plan, entry),
            "origin_id": entry.origin_id,
            "content_hash": entry.content,
            "original": entry.original,
        }

    def _heard(self, facts: dict[str, Any]) -> datetime:
        """When an event was heard of, where the row does not say.

        A table of our own that tells of the last days is news: heard with the import, from which
        its 72 hours run. Of what is older nobody knows, so no delay is counted.
        """
        occurred: datetime = facts["occurred_from"]
        latest = clocks.at_latest(
            occurred, facts.get("occurred_to"), facts.get("time_precision", 1)
        )
        if self.plan.format == Format.TABLE and self.now - latest <= clocks.HISTORY_AFTER:
            return max(self.now, occurred)
        return occurred

    def _words(self, summary: str) -> str:
        found = self.keys.get(summary)
        if found is None:
            if len(self.keys) > _KEYS:
                self.keys.clear()
            found = self.keys[summary] = search.words_key(summary)
            self.written.update(("inc", *found.split()))
        return found

    def _said(self, entry: Entry) -> str:
        texts = tuple(facts.text for facts in entry.sources)
        found = self.said.get(texts)
        if found is None:
            if len(self.said) > _KEYS:
                self.said.clear()
            found = self.said[texts] = search.said_key((self.person, text) for text in texts)
            self.written.update(found.split())
        return found


def _settle(incident: Incident, gazetteer: Gazetteer | None, keys: dict[str, str]) -> None:
    """As `rules.settle`, with the folded parts kept from row to row."""
    incident.occurred_on = periods.local_day(incident.occurred_from)
    incident.district_id = incident.place.district_id
    incident.is_sensitive = rules.is_sensitive(incident, ()) or incident.is_sensitive
    key = keys.get(incident.summary)
    if key is None:
        key = keys[incident.summary] = search.words_key(incident.summary)
    tail = (
        gazetteer.tail(incident.place)
        if gazetteer is not None
        else search.place_key(incident.place)
    )
    incident.search_key = " ".join(filter(None, [search_key(incident.code), key, tail]))


# --- rows that change a record ------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """As `plain`, with every moment in one zone, so that equal ones look equal."""
    return plain(value.astimezone(UTC) if isinstance(value, datetime) else value)


def _snapshot(incident: Incident) -> dict[str, Any]:
    """The record as it stands, as JSON, without names: what `undo_batch` brings back."""
    return {
        "fields": {name: _plain(getattr(incident, name)) for name in _WRITTEN},
        "content_hash": incident.content_hash,
        "original": incident.original,
        "sources": [
            {
                "kind": source.kind,
                "reliability": source.reliability,
                "credibility": source.credibility,
                "text": source.text,
                "named": source.has_sealed_name,
            }
            for source in incident.sources.all()
        ],
        "actors": [
            {"category": actor.category, "certainty": actor.certainty}
            for actor in incident.actors.all()
        ],
    }


def _with_ids(rows: list[Any], given: list[Any], kind: Any) -> list[Any]:
    """The rows of a record by position: changed in place, added, taken away."""
    from dataclasses import replace

    facts = [
        replace(one, id=rows[at].pk) if at < len(rows) else one for at, one in enumerate(given)
    ]
    for row in rows[len(given) :]:
        values = {name: getattr(row, name) for name in kind.PLAIN}
        facts.append(kind(**values, id=row.pk, remove=True))
    return facts


def _set_rows(
    incident: Incident,
    sources: list[SourceFacts] | None,
    actors: list[ActorFacts] | None,
    by: User | None,
    at: datetime,
) -> bool:
    changed = False
    for kind, given, facts in (("sources", sources, SourceFacts), ("actors", actors, ActorFacts)):
        if given is None:
            continue
        rows = list(getattr(incident, kind).all())
        if [[getattr(row, name) for name in facts.PLAIN] for row in rows] == [
            [getattr(one, name) for name in facts.PLAIN] for one in given
        ] and not any(getattr(one, "name", "") for one in given):
            continue
        done, _rows = write_rows(incident, kind, _with_ids(rows, given, facts), by=by, at=at)
        changed = changed or done
    if changed:
        incident._prefetched_objects_cache = {}  # type: ignore[attr-defined]
    return changed


def _change(plan: Plan, batch: ImportBatch, by: User | None, now: datetime) -> None:
    """Change the records whose rows say something else; keep what stood there before."""
    keys: dict[str, str] = {}
    for part in plan.update.parts():
        # Locked since they were compared.
        here = {
            incident.pk: incident
            for incident in Incident.objects.filter(pk__in=[key for _entry, key in part])
            .select_related("place")
            .prefetch_related("sources", "actors")
        }
        _change_some(plan, [(entry, here[key]) for entry, key in part], batch, by, now, keys)


def _change_some(
    plan: Plan,
    part: list[tuple[Entry, Incident]],
    batch: ImportBatch,
    by: User | None,
    now: datetime,
    keys: dict[str, str],
) -> None:
    changes, revisions, written = [], [], []
    numbers = _revision_numbers([incident.pk for _entry, incident in part])
    for entry, incident in part:
        before = _snapshot(incident)
        given = entry.facts.keys() if entry.given is None else entry.given
        as_it_is = {"reported_at"}
        if table.keeps_point(incident, entry.facts):
            as_it_is |= {"lat", "lon"}
        for name in given:
            value = entry.facts[name]
            if value is None and name in as_it_is:
                continue
            setattr(incident, name, value)
        incident.said_sensitive = incident.said_sensitive or entry.sensitive
        columns = plan.columns
        is_table = entry.given is not None
        _set_rows(
            incident,
            entry.sources if not is_table or "source_kind" in columns else None,
            entry.actors if is_table and "actor_category" in columns else None,
            by,
            now,
        )
        if not is_table or entry.stated_grade or not incident.verification_reason:
            for name, value in _grade(entry, list(incident.sources.all())).items():
                setattr(incident, name, value)
        incident.content_hash, incident.original = entry.content, entry.original
        incident.version += 1
        incident.updated_by, incident.updated_at = by, now
        _settle(incident, plan.gazetteer, keys)
        after = _snapshot(incident)
        changes.append(
            ImportChange(batch=batch, incident=incident, before=before, version=incident.version)
        )
        revision = _revision(
            incident, before, after, gettext("The imported list changed."), by, now
        )
        if revision is not None:
            revision.number = numbers.get(incident.pk, 0) + 1
            revisions.append(revision)
        written.append(incident)
    Incident.objects.bulk_update(written, [*_WRITTEN, *_BESIDE], batch_size=200)
    search.learn(
        {word for row in written for word in f"{row.search_key} {row.source_key}".split()},
        {word for place in {row.place for row in written} for word in search.names_of(place)},
    )
    ImportChange.objects.bulk_create(changes, batch_size=_INSERT)
    IncidentRevision.objects.bulk_create(revisions, batch_size=_INSERT)


def _revision_numbers(keys: list[Any]) -> dict[Any, int]:
    return dict(
        IncidentRevision.objects.filter(incident__in=keys)
        .values_list("incident")
        .annotate(last=Max("number"))
        .order_by()
    )


def _revision(
    incident: Incident,
    before: dict[str, Any],
    after: dict[str, Any],
    reason: str,
    by: User | None,
    at: datetime,
) -> IncidentRevision | None:
    """What changed of an accepted record; None where nothing that readers see did."""
    if incident.workflow_state not in (Incident.State.ACCEPTED, Incident.State.ARCHIVED):
        return None
    changes = {
        name: [value, after["fields"][name]]
        for name, value in before["fields"].items()
        if value != after["fields"].get(name, value)
        and name not in ("occurred_on", "district", "said_sensitive")
    }
    for kind, shown in (
        ("sources", ("kind", "reliability", "credibility")),
        ("actors", ("category",)),
    ):
        old, new = (
            [{name: row[name] for name in shown} for row in state[kind]]
            for state in (before, after)
        )
        if old != new:
            changes[kind] = [old, new]
    if not changes:
        return None
    return IncidentRevision(
        incident=incident, number=0, reason=reason, changes=changes, by=by, at=at
    )


# --- undo ---------------------------------------------------------------------------------------


#: An undo of more records than this is made by a worker: a page is not waited for so long.
UNDONE_AT_ONCE = 2000


@transaction.atomic
def ask_undo(batch: ImportBatch, *, by: User) -> list[Problem] | None:
    """Take a batch back, as `undo_batch`; a long one by a worker, then None is returned.

    What stands in the way of a long one is found while it runs and kept with the batch
    (`undo_blocked`), which then stays as it was.
    """
    if batch.created + batch.updated <= UNDONE_AT_ONCE:
        return undo_batch(batch, by=by)
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    _refuse_undo(batch, by, ImportBatch.State.IMPORTED)
    batch.state, batch.undo_blocked = ImportBatch.State.UNDOING, []
    batch.job = jobs.enqueue(UNDO, by=by, site=batch.site, batch_id=str(batch.pk))
    batch.save(update_fields=["state", "undo_blocked", "job"])
    audit.record("incident.import_undo_asked", subject=batch, by=by, site=batch.site)
    return None


def _refuse_undo(batch: ImportBatch, by: User | None, *states: str) -> None:
    if batch.state not in states:
        raise NothingToUndo
    if periods.now() > batch.undo_until:
        raise UndoTooLate
    _may(by, batch.site)


@transaction.atomic
def undo_batch(
    batch: ImportBatch, *, by: User | None, progress: Progress | None = None
) -> list[Problem]:
    """Take a batch back: remove what it created, restore what it changed. All of it or nothing.

    For 30 days (`UndoTooLate`). Refuses (`UndoRefused`, with the records) where staff has worked on
    a record since (a photo, a link or an answer is work too), another record refers to it, or a
    later import changed it. Names that the batch put in the place of others cannot come back; those
    records are named in what is returned. Waits for an import of the same kind of list, which would
    else find rows here that are about to go. `progress(done, total)` may raise to stop; then
    nothing is changed.
    """
    _one_at_a_time(batch.format)
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    _refuse_undo(batch, by, ImportBatch.State.IMPORTED, ImportBatch.State.UNDOING)
    now = periods.now()
    created = list(
        Incident.objects.select_for_update()
        .filter(batch=batch)
        .order_by("pk")
        .only("id", "code", "version", "site_id")
    )
    changed = list(
        batch.changes.filter(undone=False)
        .select_related("incident__place")
        .prefetch_related("incident__sources", "incident__actors")
    )
    if by is not None and any(
        site not in by.site_ids
        for site in {i.site_id for i in created} | {c.incident.site_id for c in changed}
    ):
        raise PermissionDenied
    named = visible_codes([one.pk for one in created] + [one.incident_id for one in changed], by)
    blocked = _blocked(batch, created, changed)
    if blocked:
        raise UndoRefused([(code if code in named else "", why) for code, why in blocked])
    told = progress or (lambda _done, _total: None)
    total = len(changed) + len(created)
    restored, opened = _restore(changed, by, now, progress=lambda done: told(done, total))
    remarks = [one for one in restored if one.column in named]
    clocks.follow_changed([change.incident_id for change in changed], by=by, at=now)
    _remove(
        batch,
        [one.pk for one in created],
        by,
        named,
        progress=lambda done: told(len(changed) + done, total),
    )
    batch.state, batch.undone_at = ImportBatch.State.UNDONE, now
    batch.save(update_fields=["state", "undone_at"])
    audit.record(
        "incident.import_undone",
        subject=batch,
        by=by,
        site=batch.site,
        detail={"removed": len(created), "restored": len(changed)},
    )
    naming.end_namings(opened, by=by)
    return remarks


def _blocked(
    batch: ImportBatch, created: list[Incident], changed: list[ImportChange]
) -> list[tuple[str, str]]:
    later = dict(
        ImportChange.objects.filter(incident__batch=batch, undone=False)
        .exclude(batch=batch)
        .values_list("incident_id", "version")
    )
    busy = _worked_on(batch)
    original_of = set(
        Incident.objects.filter(duplicate_of__batch=batch)
        .exclude(batch=batch)
        .values_list("duplicate_of", flat=True)
    )
    rows = []
    for incident in created:
        if incident.pk in later:
            rows.append((incident.code, "undone_order"))
        elif incident.pk in original_of:
            rows.append((incident.code, "in_use"))
        elif incident.version != 1 or incident.pk in busy:
            rows.append((incident.code, "worked_on"))
    versions = expected_versions([change.incident_id for change in changed])
    for change in changed:
        incident = change.incident
        if versions.get(incident.pk) != change.version:
            rows.append((incident.code, "undone_order"))
        elif incident.version != change.version:
            rows.append((incident.code, "worked_on"))
    return rows


#: What people leave on a record without raising its number: the model, and where it points there.
_WORK: tuple[tuple[Any, str], ...] = (
    (IncidentStep, "incident"),
    (IncidentRevision, "incident"),
    (Victimization, "incident"),
    (ConflictingSubmission, "incident"),
    (SecondReport, "incident"),
    (IncidentLink, "from_incident"),
    (IncidentLink, "to_incident"),
    (IncidentMerge, "kept"),
    (IncidentMerge, "gone"),
    (NotATwin, "first"),
    (NotATwin, "second"),
    (IncidentNaming, "incident"),
    (BulkRow, "incident"),
)


def _worked_on(batch: ImportBatch) -> set[Any]:
    """Keys of the records that the batch made and on which somebody has left something since.

    Photos hold on to their record by a key alone, so the database would let the record go from
    under them; one that was removed counts too, since its row says that there was one.
    """
    busy: set[Any] = set()
    for model, name in _WORK:
        left = model.objects.filter(**{f"{name}__batch": batch}).order_by()
        busy.update(left.values_list(f"{name}_id", flat=True))
    # A clock that the import itself began is nobody's work.
    for model, idle in zip(
        (IncidentResponse, RetaliationWatch), clocks.untouched(batch), strict=True
    ):
        kept = model.objects.filter(incident__batch=batch).exclude(pk__in=idle.values("pk"))
        busy.update(kept.order_by().values_list("incident_id", flat=True))
    photos = Attachment.objects.filter(
        subject_model=Incident._meta.label_lower,
        subject_key__in=Incident.objects.filter(batch=batch).order_by().values("pk"),
    )
    busy.update(photos.order_by().values_list("subject_key", flat=True))
    return busy


def _restore(
    changed: list[ImportChange],
    by: User | None,
    now: datetime,
    *,
    progress: Callable[[int], None],
) -> tuple[list[Problem], list[Incident]]:
    """Put back what stood before; what is told of it, and the records that are open again."""
    remarks, keys, revisions, opened = [], {}, [], []  # type: ignore[var-annotated]
    places = {
        place.pcode: place
        for place in Place.objects.filter(
            pcode__in={c.before["fields"][name] for c in changed for name in ("place",)}
        )
        .defer("geometry")
        .select_related("district")
    }
    numbers = _revision_numbers([change.incident_id for change in changed])
    for done, change in enumerate(changed):
        progress(done)
        incident = Incident.objects.select_for_update().get(pk=change.incident_id)
        now_stands = _snapshot(incident)
        for name, value in change.before["fields"].items():
            if name in ("occurred_on", "district"):
                continue
            if name == "place":
                value = places[value]
            elif name in _MOMENTS and value is not None:
                value = datetime.fromisoformat(value)
            setattr(incident, name, value)
        rows = list(incident.sources.all())
        old = change.before["sources"]
        for at, source in enumerate(old):
            if source["named"] and (at >= len(rows) or not rows[at].has_sealed_name):
                remarks.append(Problem(0, incident.code, "name_not_restored"))
        _set_rows(
            incident,
            [
                SourceFacts(one["kind"], one["reliability"], one["credibility"], text=one["text"])
                for one in old
            ],
            [ActorFacts(category=one["category"]) for one in change.before["actors"]],
            by,
            now,
        )
        incident.content_hash = change.before["content_hash"]
        incident.original = change.before["original"]
        # The number goes on and never back: a page that is open holds the one between.
        incident.version += 1
        incident.updated_by = by
        _settle(incident, None, keys)
        if now_stands["fields"]["is_sensitive"] and not incident.is_sensitive:
            incident.guarded_until = now
            opened.append(incident)
        incident.save()
        search.remember(incident)
        revision = _revision(
            incident, now_stands, change.before, gettext("The import was undone."), by, now
        )
        if revision is not None:
            revision.number = numbers.get(incident.pk, 0) + 1
            revisions.append(revision)
        change.undone, change.version = True, incident.version
        change.save(update_fields=["undone", "version"])
    IncidentRevision.objects.bulk_create(revisions)
    return remarks, opened


#: So many records are removed at once.
_REMOVED_AT_ONCE = 2000


def _remove(
    batch: ImportBatch,
    keys: list[UUID],
    by: User | None,
    named: set[str],
    *,
    progress: Callable[[int], None],
) -> None:
    """Remove the records that the batch created, names in the vault first.

    By SQL: the application may not delete steps or revisions, which Django would try even where
    there are none. Whatever else refers to a record keeps it, and the whole undo fails.
    """
    for source in Source.objects.filter(incident__batch=batch, has_sealed_name=True):
        vault.forget(source, by=by)
    beside = ("retaliationwatch", "incidentresponse", "importchange", "incidentactor", "source")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Of other imports too, where one of the two came from here.
            of_batch = Incident.objects.filter(batch=batch).order_by().values("pk")
            ImportPair.objects.filter(first__in=of_batch).delete()
            ImportPair.objects.filter(second__in=of_batch).delete()
            for start in range(0, len(keys), _REMOVED_AT_ONCE):
                progress(start)
                part = keys[start : start + _REMOVED_AT_ONCE]
                for name in beside:
                    cursor.execute(
                        f"DELETE FROM incidents_{name} WHERE incident_id = ANY(%s)",  # noqa: S608
                        [part],
                    )
                cursor.execute("DELETE FROM incidents_incident WHERE id = ANY(%s)", [part])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError:
        codes_of = Incident.objects.filter(batch=batch).values_list("code", flat=True)[:20]
        raise UndoRefused(
            [(code if code in named else "", "in_use") for code in codes_of]
        ) from None


__all__ = [
    "NothingToUndo",
    "Outcome",
    "UndoRefused",
    "UndoTooLate",
    "ask_undo",
    "import_file",
    "list_site",
    "undo_batch",
]
