"""Screening the subjects of a grant, and deciding every hit; what stands before a clearance.

A run belongs to one version of one subject and to the editions it was made against. Nothing is
cleared by a score: each hit, and each run without one, is decided by a vetting officer. What is
still missing is asked of the database (`grants_screening_obstacles`), which refuses a clearance and
a payment by the same answer. Names are sealed in the rows and opened for vetting officers only.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Prefetch

from ceasefire import audit, jobs, periods
from ceasefire.database.session import acting, as_system
from ceasefire.people.models import User
from ceasefire.vault.exceptions import SealBroken, UnknownKey
from grants import screening
from grants.exceptions import (
    ChangedMeanwhile,
    GrantRefusal,
    ListMissing,
    ListTooOld,
    NameDoesNotOpen,
    NameNotComparable,
    NoScreeningRule,
    NotAllowedFromHere,
    ScreeningUnderWay,
    SecondOfficerClears,
)
from grants.models import (
    Decision,
    Grant,
    Organisation,
    OrganisationPerson,
    Screening,
    ScreeningDisposition,
    ScreeningHit,
    ScreeningList,
    ScreeningRun,
    ScreeningRunList,
    State,
)
from grants.services import lists, machine, organisations, requirements, sealed
from grants.services.held import apart, changed, officer, or_else, said

CARRY_OUT = "grants.screen"
Kind = ScreeningDisposition.Kind
#: States of a grant in which its subjects are screened.
SCREENED_IN = (
    State.VETTING,
    State.PENDING_APPROVAL,
    State.APPROVED,
    State.AWARDED,
    State.ACTIVE,
    State.SUSPENDED,
)
#: Names of an entry that are kept beside a hit.
_MOST_NAMES = 40
#: In every run: all subjects live in Basrah, so a list that says so is worth a look.
_HERE = ("Basra", "Basrah", "البصرة")


# --- subjects -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SubjectNow:
    """An organisation, or a person behind it, as a clearance asks for them today."""

    organisation: Organisation
    person: OrganisationPerson | None
    code: str
    version: int

    @property
    def key(self) -> tuple[Any, Any]:
        """What an obstacle names it by."""
        return self.organisation.pk, self.person.pk if self.person else None


def subjects_now(grant: Grant) -> list[SubjectNow]:
    """Everybody who is screened for a grant, each organisation before those behind it."""
    found = []
    behind = Prefetch("people", OrganisationPerson.objects.defer("sealed"))
    for one in requirements.subjects(grant, behind):
        found.append(SubjectNow(one, None, one.code, one.version))
        for number, person in enumerate(one.people.all(), start=1):
            if person.left_at is None:
                found.append(SubjectNow(one, person, f"{one.code}/{number}", person.version))
    return found


def subject_keys(grant: Grant) -> list[Any]:
    """The keys of the organisations that a clearance is about."""
    return [one.pk for one in requirements.subjects(grant)]


@dataclass(frozen=True)
class Obstacle:
    """One thing that stands before a clearance: of which subject, in which run; a code."""

    organisation: Any
    person: Any
    run: Any
    code: str


def obstacles(grant: Grant, day: date) -> list[Obstacle]:
    """What the database says is missing on a day; nothing where all is screened and decided."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organisation, person, run, obstacle FROM grants_screening_obstacles(%s, %s)",
            [grant.pk, day],
        )
        return [Obstacle(*row) for row in cursor.fetchall()]


def missing(grant: Grant, day: date) -> list[requirements.Missing]:
    """What a step lacks of screening, without a word of hits: all who read grants see it."""
    codes = {one.code for one in obstacles(grant, day)}
    lacks = []
    if "NO_RULE" in codes:
        lacks.append(requirements.Missing("screening_rule"))
    if codes & {"LIST_STALE", "LIST_MISSING"}:
        lacks.append(requirements.Missing("lists_stale"))
    if codes - {"NO_RULE", "LIST_STALE", "LIST_MISSING"}:
        lacks.append(requirements.Missing("screening"))
    return lacks


# --- screening ------------------------------------------------------------------------------------


def _lists_for(grant: Grant, day: date) -> list[ScreeningList]:
    """The lists in force, all that the fund asks for among them and young enough."""
    rule = lists.rule_on(grant.fund_id, day)
    if rule is None:
        raise NoScreeningRule
    found = lists.in_force(day)
    by_source = {one.source: one for one in found}
    if set(rule.sources) - set(by_source):
        raise ListMissing
    if any(lists.is_stale(by_source[source], rule, day) for source in rule.sources):
        raise ListTooOld
    return found


@transaction.atomic
def screen(grant: Grant, *, by: User, at: datetime | None = None) -> Screening:
    """Screen all subjects of a grant as they are named now; done at once, or left to a worker.

    By a vetting officer who did not ask for the grant. Raises `NoScreeningRule`, `ListMissing`,
    `ListTooOld`, `NameNotComparable`, `ScreeningUnderWay`.
    """
    who, at = officer(by, "vetting"), at or periods.now()
    grant = Grant.objects.select_related("fund").get(pk=grant.pk)
    if grant.state not in SCREENED_IN:
        raise NotAllowedFromHere
    apart(who.pk in machine.excluded(grant, "vetting"))
    used = _lists_for(grant, periods.local_day(at))
    with or_else({"one_screening_of_a_grant_at_a_time": ScreeningUnderWay}):
        asked = Screening.objects.create(grant=grant, asked_by=who, asked_at=at)
    if lists.is_at_hand(used):
        _carry_out(asked, lists.index_of(used), used, by=by)
        return Screening.objects.get(pk=asked.pk)
    jobs.enqueue(CARRY_OUT, by=by, screening_id=asked.pk)
    audit.record("screening.asked", subject=grant, by=by)
    return asked


def carry_out(screening_id: Any, *, progress: Callable[[int, int], None] | None = None) -> None:
    """The work of a screening that was left to a worker: the index, then everybody. May run again.

    What it cannot do is said in the row; what somebody stopped stays stopped (`jobs.Cancelled`).
    """
    with as_system():
        asked = Screening.objects.select_related("grant__fund").filter(pk=screening_id).first()
        if asked is None or asked.state not in Screening.UNDER_WAY:
            return
        by = User.objects.get(pk=asked.asked_by_id)

    def tell(percent: int) -> None:
        with as_system():
            going_on = Screening.objects.filter(
                pk=screening_id, state__in=Screening.UNDER_WAY
            ).update(state=Screening.State.RUNNING, done=percent)
        if not going_on:
            raise jobs.Cancelled
        if progress is not None:
            progress(percent, 100)

    try:
        tell(5)
        with as_system():
            used = _lists_for(asked.grant, periods.local_day(asked.asked_at))
            index = lists.index_of(used, tell=None if connection.in_atomic_block else tell)
        tell(90)
        with acting(by):
            _carry_out(asked, index, used, by=by)
    except GrantRefusal as refusal:
        with as_system():
            _fail(asked, refusal)
    except jobs.Cancelled:
        with as_system():
            _close(asked, Screening.State.STOPPED)
        raise


def _fail(asked: Screening, refusal: GrantRefusal) -> None:
    subject = getattr(refusal, "subject", "")
    fault = f"{type(refusal).__name__}:{subject}" if subject else type(refusal).__name__
    _close(asked, Screening.State.FAILED, fault=fault[:40])


def _close(asked: Screening, state: str, **facts: Any) -> bool:
    held = Screening.objects.select_for_update(no_key=True).get(pk=asked.pk)
    if held.state not in Screening.UNDER_WAY:
        return False
    changed(held, state=state, **facts)
    return True


@transaction.atomic
def stop(asked: Screening, *, by: User) -> Screening:
    """Stop a screening that is under way; nothing of it is kept."""
    officer(by, "vetting")
    if not _close(asked, Screening.State.STOPPED):
        raise NotAllowedFromHere
    audit.record("screening.stopped", subject=asked.grant, by=by)
    return Screening.objects.get(pk=asked.pk)


def why_failed(asked: Screening) -> str:
    """In the reader's language, why a screening was not done; nothing where it was."""
    name, _colon, subject = asked.fault.partition(":")
    if not name:
        return ""
    import grants.exceptions as known

    found = getattr(known, name, GrantRefusal)
    return str(found(subject) if subject else found())


def _carry_out(
    asked: Screening, index: screening.Index, used: list[ScreeningList], *, by: User
) -> None:
    """Screen everybody and write all runs, in one transaction. The organisations are held, so that
    nobody edits a name meanwhile; the trail comes last, since writing it holds the trail."""
    with transaction.atomic():
        who = officer(by, "vetting")
        held = Screening.objects.select_for_update(no_key=True).get(pk=asked.pk)
        if held.state not in Screening.UNDER_WAY:
            raise NotAllowedFromHere
        grant = held.grant
        found = {
            one.pk: one
            for one in Organisation.objects.select_for_update(no_key=True)
            .filter(pk__in=subject_keys(grant))
            .order_by("pk")
        }
        read: list[OrganisationPerson] = []
        hits = 0
        everybody = []
        for subject in subjects_now(grant):
            organisation = found[subject.organisation.pk]
            person = None
            if subject.person is not None:
                person = OrganisationPerson.objects.get(pk=subject.person.pk)
                read.append(person)
            everybody.append((subject, organisation, person))
        for subject, organisation, person in everybody:
            hits += _run(held, subject, organisation, person, index, used, who)
        changed(held, state=Screening.State.DONE, done=100)
        organisations.record_reading(read, by=by)
        audit.record(
            "screening.done",
            subject=grant,
            by=by,
            detail={"subjects": len(everybody), "hits": hits, "lists": [one.pk for one in used]},
        )


def _compared(
    code: str, version: int, organisation: Organisation, person: OrganisationPerson | None
) -> screening.Subject:
    """The subject as it is compared. Raises `NameDoesNotOpen`."""
    if person is None:
        return screening.Subject(
            id=code,
            version=version,
            type=screening.EntryType.ORGANISATION,
            names=tuple(filter(None, (organisation.name_ar, organisation.name_en))),
            places=_HERE,
        )
    try:
        facts = sealed.opened(person)
    except (SealBroken, UnknownKey) as error:
        raise NameDoesNotOpen from error
    born = facts.get("birth_year", "")
    return screening.Subject(
        id=code,
        version=version,
        type=screening.EntryType.INDIVIDUAL,
        names=names_of_person(facts),
        birth_year=int(born) if born.isdecimal() else None,
        places=_HERE,
    )


def names_of_person(facts: dict[str, str]) -> tuple[str, ...]:
    """Every name somebody is compared by: as written, with father and grandfather, in Latin."""
    full = facts.get("full_name_ar", "")
    words = full.split()
    longer = [
        word
        for name in (facts.get("father_name", ""), facts.get("grandfather_name", ""))
        for word in name.split()
        if word not in words
    ]
    names = [full, " ".join([*words[:1], *longer, *words[1:]]) if full and longer else ""]
    return tuple(dict.fromkeys(filter(None, [*names, facts.get("name_en", "")])))


def _run(
    asked: Screening,
    subject: SubjectNow,
    organisation: Organisation,
    person: OrganisationPerson | None,
    index: screening.Index,
    used: list[ScreeningList],
    who: Any,
) -> int:
    """Screen one subject and write what was found; the number of hits."""
    version = person.version if person is not None else organisation.version
    compared = _compared(subject.code, version, organisation, person)
    try:
        result = index.screen(compared)
    except screening.ScreeningRefused as error:
        raise NameNotComparable(subject.code) from error
    run = ScreeningRun(
        id=uuid4(),
        screening=asked,
        grant_id=asked.grant_id,
        organisation=organisation,
        person=person,
        subject_code=subject.code,
        version=version,
        algorithm=result.algorithm,
        algorithm_version=result.algorithm_version,
        threshold=str(result.threshold),
        hit_count=len(result.hits),
        officer=who,
        at=asked.asked_at,
    )
    sealed.seal(
        run,
        {
            "names": list(compared.names),
            "birth_year": compared.birth_year,
            "places": list(compared.places),
            "digest": compared.digest,
        },
    )
    run.save(force_insert=True)
    # One by one: the database looks at each with those before it.
    for one in used:
        ScreeningRunList.objects.create(run=run, list=one)
    rows = []
    for number, hit in enumerate(result.hits, start=1):
        row = ScreeningHit(
            run=run,
            number=number,
            source=lists.SOURCE_OF[hit.list_name],
            score=str(hit.score),
        )
        sealed.seal(row, _told(hit))
        rows.append(row)
    ScreeningHit.objects.bulk_create(rows)
    return len(rows)


def _told(hit: screening.Hit) -> dict[str, Any]:
    """What an officer needs to judge a hit, kept as it was: the list may be superseded."""
    entry = hit.entry
    return {
        "entry": entry.id,
        "type": str(entry.type),
        "asked": hit.asked,
        "found": hit.found,
        "quality": str(hit.quality),
        "names": [[name.text, str(name.quality)] for name in entry.names[:_MOST_NAMES]],
        "more_names": max(0, len(entry.names) - _MOST_NAMES),
        "birth_years": list(entry.birth_years),
        "places": list(entry.places),
        "same_places": list(hit.places),
        "programs": list(entry.programs),
        "apart": hit.birth.apart if hit.birth is not None else None,
        "why": {
            language: list(said) for language, said in screening.in_both_languages(hit).items()
        },
    }


# --- deciding -------------------------------------------------------------------------------------


def _held_run(run: ScreeningRun, by: User) -> tuple[Any, ScreeningRun]:
    """The run, its organisation held; for a vetting officer who did not ask for the grant."""
    who = officer(by, "vetting")
    found = ScreeningRun.objects.select_related("grant").get(pk=run.pk)
    apart(who.pk in machine.excluded(found.grant, "vetting"))
    Organisation.objects.select_for_update(no_key=True).get(pk=found.organisation_id)
    return who, found


def _second(run: ScreeningRun, who: Any) -> None:
    """A true match of an earlier screening is taken back by two, whoever they are.

    One screens again, another decides; neither said so. `grants_said_the_same` is the trigger's
    own question.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT grants_said_the_same(%s)", [run.pk])
        said_so = {one for (one,) in cursor.fetchall()}
    if said_so and who.pk in said_so | {run.officer_id}:
        raise SecondOfficerClears


def _dispose(
    run: ScreeningRun,
    hit: ScreeningHit | None,
    disposition: str,
    *,
    reason: str,
    who: Any,
    by: User,
    corrects: ScreeningDisposition | None,
    at: datetime | None,
) -> ScreeningDisposition:
    if disposition in (Kind.FALSE_POSITIVE, Kind.CLEAR_NO_HIT):
        _second(run, who)
    made = ScreeningDisposition(
        run=run,
        hit=hit,
        disposition=Kind(disposition),
        officer=who,
        corrects=corrects,
        at=at or periods.now(),
    )
    sealed.seal(made, {"reason": reason})
    with or_else(
        {
            "corrects_id": ChangedMeanwhile,
            "a_run_is_signed_first_once": ChangedMeanwhile,
            "a_hit_is_decided_first_once": ChangedMeanwhile,
        }
    ):
        made.save(force_insert=True)
    audit.record(
        "screening_hit.decided" if hit is not None else "screening_run.signed",
        subject=run,
        by=by,
        detail={
            "hit": hit.number if hit is not None else None,
            "disposition": made.disposition,
            "corrects": corrects is not None,
        },
    )
    return made


@transaction.atomic
def decide_hit(
    hit: ScreeningHit,
    *,
    disposition: str,
    reason: str,
    by: User,
    seen: Any = None,
    at: datetime | None = None,
) -> ScreeningDisposition:
    """Decide one hit, or decide it anew; `seen` is the key of the decision that stood on the page.

    Raises `ChangedMeanwhile` where another decision stands by now. A true match is taken back by
    another screening alone (`NotAllowedFromHere`), which another officer decides than who ran it or
    said so (`SecondOfficerClears`).
    """
    reason = said(reason)
    if disposition == Kind.CLEAR_NO_HIT:
        raise NotAllowedFromHere
    who, run = _held_run(hit.run, by)
    last = ScreeningDisposition.objects.filter(hit=hit, corrected_by__isnull=True).first()
    if (str(last.pk) if last is not None else "") != str(seen or ""):
        raise ChangedMeanwhile
    if last is not None and last.disposition == Kind.TRUE_MATCH:
        raise NotAllowedFromHere
    return _dispose(run, hit, disposition, reason=reason, who=who, by=by, corrects=last, at=at)


@transaction.atomic
def sign_run(
    run: ScreeningRun, *, reason: str, by: User, at: datetime | None = None
) -> ScreeningDisposition:
    """Sign that a run found nobody, with a reason: what was looked at.

    After a true match by another officer than who ran it or said so (`SecondOfficerClears`).
    """
    reason = said(reason)
    who, run = _held_run(run, by)
    if run.hit_count:
        raise NotAllowedFromHere
    if run.dispositions.exists():
        raise ChangedMeanwhile
    return _dispose(
        run, None, Kind.CLEAR_NO_HIT, reason=reason, who=who, by=by, corrects=None, at=at
    )


# --- reading --------------------------------------------------------------------------------------


@dataclass
class SubjectState:
    """How one subject stands: its last run as it is named now, hits by state, what is missing."""

    subject: SubjectNow
    run: ScreeningRun | None
    #: It was screened, but under another name.
    was_screened: bool
    obstacles: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def is_clear(self) -> bool:
        return not self.obstacles


def states(grant: Grant, day: date) -> list[SubjectState]:
    """Every subject of a grant with its run and its hits by state; no name of anybody's."""
    everybody = subjects_now(grant)
    keys = {one.organisation.pk for one in everybody}
    runs = (
        ScreeningRun.objects.filter(organisation__in=keys)
        .select_related("officer")
        .defer("sealed")
        .order_by("-at", "-written_at", "-id")
    )
    latest: dict[Any, ScreeningRun] = {}
    before: set[Any] = set()
    versions = {one.key: one.version for one in everybody}
    for run in runs:
        key = (run.organisation_id, run.person_id)
        if versions.get(key) == run.version:
            latest.setdefault(key, run)
        else:
            before.add(key)
    standing = _standing([run.pk for run in latest.values()])
    found = {
        one.key: SubjectState(one, latest.get(one.key), one.key in before) for one in everybody
    }
    for state in found.values():
        if state.run is not None:
            state.counts = _counts(state.run, standing.get(state.run.pk, []))
    for obstacle in obstacles(grant, day):
        key = (obstacle.organisation, obstacle.person)
        if key in found and obstacle.code not in found[key].obstacles:
            found[key].obstacles.append(obstacle.code)
    return list(found.values())


def _standing(runs: Iterable[Any]) -> dict[Any, list[str]]:
    """Run -> the last decision of each hit that has one."""
    found: dict[Any, list[str]] = {}
    rows = ScreeningDisposition.objects.filter(run__in=list(runs), corrected_by__isnull=True)
    for run, disposition in rows.values_list("run_id", "disposition"):
        found.setdefault(run, []).append(disposition)
    return found


def _deciders(runs: list[Any]) -> dict[tuple[Any, str], str]:
    """Run and kind of decision -> who made the last of that kind that nobody corrected."""
    rows = ScreeningDisposition.objects.filter(run__in=runs, corrected_by__isnull=True)
    told = rows.order_by("at", "id").values_list("run_id", "disposition", "officer__code_name")
    return {(run, disposition): name for run, disposition, name in told}


def _counts(run: ScreeningRun, standing: list[str]) -> dict[str, int]:
    counts = {kind.value: standing.count(kind) for kind in Kind}
    counts["OPEN"] = run.hit_count - sum(
        counts[kind] for kind in Kind.values if kind != Kind.CLEAR_NO_HIT
    )
    return counts


@dataclass(frozen=True)
class OpenedHit:
    """A hit with what is sealed of it, the decisions about it, and what was decided before."""

    hit: ScreeningHit
    told: dict[str, Any] | None
    decisions: list[tuple[ScreeningDisposition, str]]
    earlier: list[ScreeningDisposition]

    @property
    def last(self) -> ScreeningDisposition | None:
        return self.decisions[-1][0] if self.decisions else None


@dataclass(frozen=True)
class OpenedRun:
    """A run with its names, to a vetting officer."""

    asked: dict[str, Any] | None
    hits: list[OpenedHit]
    signed: tuple[ScreeningDisposition, str] | None


def _unsealed(row: Any) -> Any:
    try:
        return sealed.opened(row)
    except (SealBroken, UnknownKey):
        return None


@transaction.atomic
def opened(run: ScreeningRun, *, by: User) -> OpenedRun:
    """The names of a run and its hits, to a vetting officer; the trail says that it was read.

    `earlier` are the decisions about the same entry in runs of the same subject before.
    """
    who = officer(by, "vetting")
    apart(who.pk in machine.excluded(run.grant, "vetting"))
    decided: dict[Any, list[tuple[ScreeningDisposition, str]]] = {}
    for one in run.dispositions.select_related("officer").order_by("at", "id"):
        reason = _unsealed(one)
        decided.setdefault(one.hit_id, []).append((one, reason["reason"] if reason else ""))
    earlier = _earlier(run)
    hits = []
    broken = False
    for hit in run.hits.all():
        told = _unsealed(hit)
        broken |= told is None
        key = (hit.source, told["entry"]) if told else None
        hits.append(OpenedHit(hit, told, decided.get(hit.pk, []), earlier.get(key, [])))
    asked = _unsealed(run)
    if broken or asked is None:
        audit.record("screening_run.seal_broken", subject=run, by=by)
    audit.record("screening_run.read", subject=run, by=by, detail={"hits": len(hits)})
    signed = decided.get(None)
    return OpenedRun(asked, hits, signed[-1] if signed else None)


def _earlier(run: ScreeningRun) -> dict[Any, list[ScreeningDisposition]]:
    """(source, entry) -> what was decided of it in the runs of this subject before."""
    found: dict[Any, list[ScreeningDisposition]] = {}
    rows = (
        ScreeningDisposition.objects.filter(
            run__organisation=run.organisation_id,
            run__person=run.person_id,
            hit__isnull=False,
            corrected_by__isnull=True,
            run__written_at__lt=run.written_at,
        )
        .select_related("officer", "hit", "run")
        .order_by("-at")[:200]
    )
    for one in rows:
        assert one.hit is not None
        told = _unsealed(one.hit)
        if told:
            found.setdefault((one.hit.source, told["entry"]), []).append(one)
    return found


def next_to_decide(grant: Grant, day: date, *, after: Any = None) -> ScreeningRun | None:
    """The first run of a grant that waits for somebody; another than `after` where there is one."""
    waiting = [
        one.run
        for one in states(grant, day)
        if one.run is not None and set(one.obstacles) & {"HIT_OPEN", "HIT_ESCALATED", "NOT_SIGNED"}
    ]
    others = [run for run in waiting if run.pk != getattr(after, "pk", None)]
    return next(iter(others or waiting), None)


# --- the screening log (R12) ----------------------------------------------------------------------


@dataclass(frozen=True)
class LogRow:
    """A line of the screening log: one run against one list, without a name."""

    run_id: str
    ref: str
    subject_code: str
    subject_version: int
    list: str
    list_date: date | None
    list_sha256: str
    algorithm: str
    threshold: str
    hits: int
    disposition: str
    #: Who made the decision that stands for the run; None while it is open.
    officer: str | None
    screened_at: datetime
    valid_to: date | None


#: The heaviest of a run's decisions stands for it.
_HEAVIEST = ("TRUE_MATCH", "ESCALATED", "OPEN", "FALSE_POSITIVE", "CLEAR_NO_HIT")


def log_rows(
    *, grants: Any = None, first: date | None = None, last: date | None = None
) -> Iterator[LogRow]:
    """The screening log by time: runs of these grants (all), from day to day, one row a list.

    `hits` are those in that list; `valid_to` is the end of the clearance that followed the run, by
    the same version of the organisation. Names are in none of the columns.
    """
    rows = (
        ScreeningRun.objects.select_related("grant")
        .defer("sealed", "grant__purpose", "grant__rationale", "grant__sustainment")
        .order_by("at", "written_at", "id")
    )
    if grants is not None:
        rows = rows.filter(grant__in=grants)
    if first is not None:
        rows = rows.filter(at__gte=_midnight(first))
    if last is not None:
        rows = rows.filter(at__lt=_midnight(last + timedelta(days=1)))
    batch: list[ScreeningRun] = []
    for run in rows.iterator(chunk_size=500):
        batch.append(run)
        if len(batch) == 500:
            yield from _log_of(batch)
            batch = []
    yield from _log_of(batch)


def _midnight(day: date) -> datetime:
    """When a day begins in Basrah."""
    return datetime.combine(day, time.min, tzinfo=periods.BAGHDAD)


def _log_of(runs: list[ScreeningRun]) -> Iterator[LogRow]:
    keys = [run.pk for run in runs]
    standing = _standing(keys)
    decided = _deciders(keys)
    used: dict[Any, list[ScreeningList]] = {}
    for link in ScreeningRunList.objects.filter(run__in=keys).select_related("list"):
        used.setdefault(link.run_id, []).append(link.list)
    hits: dict[Any, list[str]] = {}
    for key, source in ScreeningHit.objects.filter(run__in=keys).values_list("run_id", "source"):
        hits.setdefault(key, []).append(source)
    clearances: dict[Any, list[Decision]] = {}
    for decision in Decision.objects.filter(
        grant__in={run.grant_id for run in runs}, step="vetting", verdict="YES"
    ).order_by("id"):
        clearances.setdefault(decision.grant_id, []).append(decision)
    for run in runs:
        counts = _counts(run, standing.get(run.pk, []))
        if not run.hit_count and not counts["CLEAR_NO_HIT"]:
            counts["OPEN"] = 1
        worst = next(kind for kind in _HEAVIEST if counts.get(kind))
        cleared = next(
            (
                one
                for one in clearances.get(run.grant_id, [])
                if one.at >= run.at and str(run.organisation_id) in one.subjects
            ),
            None,
        )
        for one in sorted(used.get(run.pk, []), key=lambda one: one.source):
            yield LogRow(
                run_id=str(run.pk),
                ref=run.grant.ref,
                subject_code=run.subject_code,
                subject_version=run.version,
                list=one.source,
                list_date=one.dated,
                list_sha256=one.sha256,
                algorithm=f"{run.algorithm} {run.algorithm_version}",
                threshold=str(run.threshold),
                hits=hits.get(run.pk, []).count(one.source),
                disposition=worst,
                officer=decided.get((run.pk, worst)),
                screened_at=run.at,
                valid_to=cleared.valid_to if cleared is not None else None,
            )
