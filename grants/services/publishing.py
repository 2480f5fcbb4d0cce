"""Levels of publishing, the publisher's settings, and files that are issued or refused.

Showing more of a grant takes two people, showing less one. A file is written, read again by the
checks as an outsider would, and issued under a number only where nothing fails; else it is kept as
a draft that no validator takes for a file, with the list of what to mend.
"""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Sum

from ceasefire import audit, jobs, periods
from ceasefire.database.session import as_system
from ceasefire.exports import safe_filename
from ceasefire.people.models import User
from grants.exceptions import (
    GrantRefusal,
    NotAllowedFromHere,
    SecondPersonNeeded,
)
from grants.models import (
    Fund,
    Grant,
    LevelChange,
    Organisation,
    PublishedFile,
    PublishedPart,
    Publisher,
)
from grants.publishing import iati, levels, names, threesixty
from grants.publishing.checks import Finding
from grants.publishing.checks import iati as iati_checks
from grants.publishing.checks import threesixty as threesixty_checks
from grants.publishing.levels import Office, PublicGrant
from grants.publishing.problems import KEPT, Problem, of
from grants.services.held import changed, held, held_fund, officer, or_else, said

MAKE = "grants.make_published_file"
#: Who asks for a level, settles who publishes and has files made; who confirms.
ASKERS = ("officer",)
CONFIRMERS = ("officer", "approver")
#: Octets of one piece before it is packed.
PIECE = 1024 * 1024
RANK = [Grant.Publish.NONE, Grant.Publish.AGGREGATE, Grant.Publish.REDACTED, Grant.Publish.FULL]
#: Serialises the numbers of issued files.
_NUMBERS_LOCK = 0x0B51


# --- levels -------------------------------------------------------------------------------------


@transaction.atomic
def change_level(
    grant: Grant, level: str, *, reason: str, by: User, version: int | None = None
) -> LevelChange:
    """Publish less of a grant at once, or ask for more, which a second person confirms.

    Raises `NotAllowedFromHere` where the grant has the level or a raise waits already.
    """
    who = officer(by, *ASKERS)
    reason = said(reason)
    grant = held(grant, version=version)
    level = Grant.Publish(level)
    waiting = grant.level_changes.filter(raises=True, confirmed_at=None, refused_at=None)
    raises = RANK.index(level) > RANK.index(Grant.Publish(grant.publish_level))
    if level == grant.publish_level or (raises and waiting.exists()):
        raise NotAllowedFromHere
    if not raises:
        # What was asked for before somebody wanted less is no longer wanted.
        for one in waiting.select_for_update(no_key=True):
            changed(one, refused_by=who, refused_at=periods.now())
    with or_else({"one_raise_of_a_level_waits_at_a_time": NotAllowedFromHere}):
        made = LevelChange.objects.create(
            grant=grant,
            from_level=grant.publish_level,
            to_level=level,
            raises=raises,
            reason=reason,
            asked_by=who,
        )
    audit.record(
        "grant.level_asked" if raises else "grant.level_lowered",
        subject=grant,
        by=by,
        detail={"before": grant.publish_level, "after": level},
        reason=reason,
    )
    return made


def _held_change(change: LevelChange) -> LevelChange:
    """A raise that still waits, its grant locked before it."""
    held(Grant.objects.get(pk=change.grant_id))
    found = LevelChange.objects.select_for_update(no_key=True).get(pk=change.pk)
    if not found.raises or found.confirmed_at is not None or found.refused_at is not None:
        raise NotAllowedFromHere
    return found


@transaction.atomic
def confirm_level(change: LevelChange, *, by: User) -> LevelChange:
    """Let a grant be shown more, as somebody other than who asked. Raises `SecondPersonNeeded`."""
    who = officer(by, *CONFIRMERS)
    found = _held_change(change)
    if found.asked_by_id == who.pk:
        raise SecondPersonNeeded
    if found.grant.publish_level != found.from_level:
        raise NotAllowedFromHere
    changed(found, confirmed_by=who, confirmed_at=periods.now())
    audit.record(
        "grant.level_raised",
        subject=found.grant,
        by=by,
        detail={"before": found.from_level, "after": found.to_level},
    )
    return found


@transaction.atomic
def refuse_level(change: LevelChange, *, by: User) -> LevelChange:
    """Take a raise back, or refuse it."""
    who = officer(by, *CONFIRMERS)
    found = _held_change(change)
    changed(found, refused_by=who, refused_at=periods.now())
    audit.record(
        "grant.level_refused", subject=found.grant, by=by, detail={"after": found.to_level}
    )
    return found


# --- who publishes ------------------------------------------------------------------------------

FACTS = (
    "org_ref",
    "org_type",
    "name_en",
    "name_ar",
    "donor_name_en",
    "donor_name_ar",
    "donor_type",
    "prefix",
    "licence",
    "website",
)


class BadPublisher(GrantRefusal):
    """An identifier, prefix or name that the standards do not allow."""


@transaction.atomic
def enter_publisher(*, by: User, **facts: str) -> Publisher:
    """Say who publishes; it counts once a second person confirmed it. One waits at a time."""
    who = officer(by, *ASKERS)
    if set(facts) - set(FACTS):
        raise ValueError("These facts of a publisher are not entered.")
    for one in waiting_publishers().select_for_update(no_key=True):
        changed(one, withdrawn_by=who, withdrawn_at=periods.now())
    with or_else(
        {
            "a_publisher_has_an_organisation_identifier": BadPublisher,
            "a_publisher_has_a_360giving_prefix": BadPublisher,
            "a_publisher_has_a_name": BadPublisher,
            "a_named_donor_has_a_type": BadPublisher,
        }
    ):
        made = Publisher.objects.create(entered_by=who, **facts)
    audit.record("publisher.entered", subject=made, by=by)
    return made


def waiting_publishers() -> Any:
    """What was entered and neither confirmed nor withdrawn."""
    return Publisher.objects.filter(confirmed_at=None, withdrawn_at=None)


def _held_publisher(row: Publisher) -> Publisher:
    found = Publisher.objects.select_for_update(no_key=True).get(pk=row.pk)
    if found.confirmed_at is not None or found.withdrawn_at is not None:
        raise NotAllowedFromHere
    return found


@transaction.atomic
def confirm_publisher(row: Publisher, *, by: User) -> Publisher:
    """Let it count, as somebody other than who entered it."""
    who = officer(by, *CONFIRMERS)
    found = _held_publisher(row)
    if found.entered_by_id == who.pk:
        raise SecondPersonNeeded
    changed(found, confirmed_by=who, confirmed_at=periods.now())
    audit.record("publisher.confirmed", subject=found, by=by)
    return found


@transaction.atomic
def withdraw_publisher(row: Publisher, *, by: User) -> Publisher:
    """Take back what waits."""
    who = officer(by, *CONFIRMERS)
    found = _held_publisher(row)
    changed(found, withdrawn_by=who, withdrawn_at=periods.now())
    audit.record("publisher.withdrawn", subject=found, by=by)
    return found


def publisher() -> Publisher | None:
    """The row that counts: the one confirmed last."""
    return Publisher.objects.filter(confirmed_at__isnull=False).order_by("-confirmed_at").first()


#: Nobody: it fits the standards, so that a draft tells what is wrong with the grants.
UNSETTLED = Office(
    "XX-UNSETTLED",
    "90",
    (("en", "Not settled"),),
    "360G-unsettled",
    "https://creativecommons.org/licenses/by/4.0/",
)


def office_of(row: Publisher | None) -> Office:
    """The publisher as the writers need it; without one a stand-in, for drafts."""
    if row is None:
        return UNSETTLED
    return Office(
        ref=row.org_ref,
        type=row.org_type,
        names=levels.both(row.name_en, row.name_ar),
        prefix=row.prefix,
        licence=row.licence,
        donor_names=levels.both(row.donor_name_en, row.donor_name_ar),
        donor_type=row.donor_type,
        website=row.website,
    )


# --- asking for a file --------------------------------------------------------------------------


@transaction.atomic
def ask_file(kind: str, fund: Fund, *, by: User, draft_only: bool = False) -> PublishedFile:
    """Have a file of a fund made; asked twice while the first is under way, it is the same one."""
    who = officer(by, *ASKERS)
    kind = PublishedFile.Kind(kind)
    Fund.objects.select_for_update(no_key=True).get(pk=fund.pk)
    standing = PublishedFile.objects.filter(
        kind=kind,
        fund=fund,
        draft_only=draft_only,
        state=PublishedFile.State.MAKING,
        cancel_requested=False,
        # One whose worker died stands in nobody's way.
        asked_at__gt=periods.now() - timedelta(hours=1),
    ).first()
    if standing is not None:
        return standing
    made = PublishedFile.objects.create(kind=kind, fund=fund, draft_only=draft_only, asked_by=who)
    audit.record(
        "published_file.asked", subject=made, by=by, detail={"kind": kind, "fund": fund.code}
    )
    jobs.enqueue(MAKE, by=by, file_id=made.pk)
    return made


@transaction.atomic
def stop_file(file: PublishedFile, *, by: User) -> None:
    """Ask the worker to stop; what is made stays."""
    officer(by, *ASKERS)
    if file.state != PublishedFile.State.MAKING:
        raise NotAllowedFromHere
    PublishedFile.objects.filter(pk=file.pk).update(cancel_requested=True)
    audit.record("published_file.stopped", subject=file, by=by)


# --- making a file ------------------------------------------------------------------------------


class Stopped(Exception):
    """Somebody asked for the making to stop."""


Writer = Callable[..., int]
Check = Callable[..., Iterator[Finding]]
#: How each kind is written and checked, and what its name ends with.
KINDS: dict[str, tuple[Writer, Check, str]] = {
    PublishedFile.Kind.IATI: (iati.write, iati_checks.check, "xml"),
    PublishedFile.Kind.JSON: (threesixty.write, threesixty_checks.check, "json"),
    PublishedFile.Kind.CSV: (threesixty.write_csv, threesixty_checks.check_csv, "csv"),
}


@dataclass
class Counted:
    """What went into a file: grants, sums by type and sign, and what our own eyes found."""

    grants: int = 0
    has_sum: bool = False
    sums: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    #: Number of the grant -> the level it was shown at.
    shown: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def take(self, grant: PublicGrant) -> None:
        if grant.is_sum:
            self.has_sum = True
        else:
            self.grants += 1
            self.shown[grant.ref] = grant.level
        for one in grant.postings:
            key = f"{one.type}{'+' if one.amount > 0 else '-'}"
            sums = self.sums.setdefault(key, {})
            # "usd" is all of it in dollars at the rates of the ledger, the rest what moved.
            for name, amount in ((one.currency, one.amount), ("usd", one.usd)):
                sums[name] = sums.get(name, Decimal(0)) + amount

    def total(self, *keys: str) -> Decimal:
        return sum((self.sums.get(key, {}).get("usd", Decimal(0)) for key in keys), Decimal(0))

    def kept(self) -> dict[str, dict[str, str]]:
        return {
            key: {name: iati.plain(amount) for name, amount in sorted(sums.items())}
            for key, sums in sorted(self.sums.items())
        }


def make(file_id: str, *, is_last_attempt: bool = False) -> None:
    """Write, check and keep a file that was asked for. Run again after it was made, nothing."""
    with as_system():
        file = (
            PublishedFile.objects.select_related("fund")
            .filter(pk=file_id, state__in=[PublishedFile.State.MAKING, PublishedFile.State.FAILED])
            .first()
        )
        if file is None:
            return
        person = User.objects.get(pk=file.asked_by_id)
        PublishedFile.objects.filter(pk=file.pk).update(state=PublishedFile.State.MAKING)
    try:
        _make(file, person)
    except Stopped:
        with as_system():
            PublishedFile.objects.filter(pk=file.pk).update(
                state=PublishedFile.State.CANCELLED, finished_at=periods.now()
            )
    except Exception:
        if is_last_attempt:
            with as_system():
                PublishedFile.objects.filter(pk=file.pk).update(state=PublishedFile.State.FAILED)
        raise


def _make(file: PublishedFile, person: User) -> None:
    with as_system():
        row = publisher()
        office = office_of(row)
        total = levels.own_entries(file.fund).count()
        unnamed = {
            pk: (english, arabic)
            for pk, english, arabic in Organisation.objects.filter(publish_ok=False).values_list(
                "pk", "name_en", "name_ar"
            )
        }
    kept_back = names.Names(name for pair in unnamed.values() for name in pair)
    tell = _Progress(file, 2 * total)
    moment = periods.now()
    write, check, extension = KINDS[file.kind]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file.{extension}"
        counted = Counted()
        with path.open("wb") as out:
            write(_counting(file, tell, counted, kept_back), out, office=office, moment=moment)
        # Schema and rules may say the same of a field; an officer mends it once.
        found = dict.fromkeys((one.code, one.ref, one.field) for one in counted.problems)
        problems = list(counted.problems)
        if row is None:
            problems.insert(0, Problem("publisher", field="publisher"))
        for finding in check(path, tell=lambda done: tell(min(total + done, 2 * total))):
            problem = of(finding, office)
            key = (problem.code, problem.ref, problem.field)
            if finding.is_note or key in found:
                continue
            found[key] = None
            if len(problems) < KEPT:
                problems.append(problem)
        number = len(found) + (row is None)
        if not number and not file.draft_only:
            if _keep(file, path, row, counted, person, still=unnamed.keys()):
                return
            problems, number = [Problem("moved", field="level")], 1
        with path.open("wb") as out:
            again = _counting(file, tell.silent(), Counted(), kept_back)
            write(again, out, office=office, moment=moment, draft=True, problems=number)
        _keep(file, path, row, counted, person, problems=problems[:KEPT], number=number)


def _entries(file: PublishedFile, tell: Callable[[int], None]) -> Iterator[PublicGrant]:
    """What the file holds, read in short transactions, so that nobody waits for it."""
    after, done = "", 0
    while True:
        with as_system():
            chunk = levels.chunk_of(file.fund, after)
        if not chunk:
            break
        yield from chunk
        after, done = chunk[-1].ref, done + len(chunk)
        tell(done)
    if file.kind == PublishedFile.Kind.IATI:
        with as_system():
            summed = levels.summed(file.fund)
        if summed is not None:
            yield summed


def _counting(
    file: PublishedFile, tell: Callable[[int], None], counted: Counted, kept_back: names.Names
) -> Iterator[PublicGrant]:
    """What the file holds, counted. A text that names who did not agree stands in no file."""
    for grant in _entries(file, tell):
        if file.kind != PublishedFile.Kind.IATI and not threesixty.is_grant(grant):
            continue
        counted.take(grant)
        found = list(names.fields_with(kept_back, grant.typed, grant.unnamed))
        counted.problems.extend(Problem("name", grant.ref, name) for name in found)
        yield levels.without(grant, found) if found else grant


def _stands(file: PublishedFile, counted: Counted, unnamed: Collection[Any]) -> bool:
    """Whether nothing that was read is shown less by now, and the sums are still the ledger's.

    The sums are those that the ledger's own triggers keep (as in report R2).
    """
    shown = levels.own_entries(file.fund)
    if file.kind != PublishedFile.Kind.IATI:
        shown = shown.filter(awarded_on__isnull=False)
    if dict(shown.values_list("ref", "publish_level")) != counted.shown:
        return False
    if Organisation.objects.filter(publish_ok=False).exclude(pk__in=unnamed).exists():
        return False
    if counted.has_sum:
        shown = file.fund.grants.exclude(state__in=levels.NEVER).exclude(
            publish_level=Grant.Publish.NONE
        )
    sums = shown.aggregate(
        obligated=Sum("obligated_usd"),
        deobligated=Sum("deobligated_usd"),
        disbursed=Sum("disbursed_usd"),
        refunded=Sum("refunded_usd"),
    )
    return (
        counted.total("2+") == (sums["obligated"] or 0)
        and -counted.total("2-") == (sums["deobligated"] or 0)
        and counted.total("3+", "4+") == (sums["disbursed"] or 0)
        and -counted.total("3-", "4-") == (sums["refunded"] or 0)
    )


class _Progress:
    """Says how far the file is, at most once in so many; hears whether it is to stop."""

    STEP = 50

    def __init__(self, file: PublishedFile, total: int) -> None:
        self.file, self.total, self.told = file, total, -self.STEP

    def __call__(self, done: int) -> None:
        if done - self.told < self.STEP:
            return
        self.told = done
        with as_system():
            rows = PublishedFile.objects.filter(pk=self.file.pk)
            rows.update(done_count=min(done, self.total), total_count=self.total)
            if rows.filter(cancel_requested=True).exists():
                raise Stopped

    def silent(self) -> Callable[[int], None]:
        return lambda done: None


def _keep(
    file: PublishedFile,
    path: Path,
    row: Publisher | None,
    counted: Counted,
    person: User,
    *,
    still: Collection[Any] | None = None,
    problems: Iterable[Problem] = (),
    number: int = 0,
) -> bool:
    """Put the file away and say what it is, in one transaction; False where it may not be issued.

    `still` are the organisations that had not agreed when it was read: it is to be issued.
    """
    issued = still is not None
    digest, size = hashlib.sha256(), 0
    with as_system():
        # Who changes a level or posts money waits for the fund, so what is compared here stands.
        held_fund(file.fund)
        standing = PublishedFile.objects.select_for_update().get(pk=file.pk)
        if standing.state != PublishedFile.State.MAKING:
            return True
        if standing.cancel_requested:
            raise Stopped
        if still is not None and not _stands(file, counted, still):
            return False
        with path.open("rb") as content:
            for at, piece in enumerate(iter(lambda: content.read(PIECE), b"")):
                digest.update(piece)
                size += len(piece)
                PublishedPart.objects.create(file=file, number=at, content=zlib.compress(piece))
        standing.number = _next_number() if issued else None
        standing.state = PublishedFile.State.ISSUED if issued else PublishedFile.State.DRAFT
        standing.publisher = row
        standing.sha256, standing.size = digest.hexdigest(), size
        standing.grants, standing.has_sum = counted.grants, counted.has_sum
        standing.totals = counted.kept()
        standing.problems = [one.kept() for one in problems]
        standing.problem_count = number
        standing.done_count = standing.total_count
        standing.finished_at = periods.now()
        standing.save()
        audit.record(
            "published_file.issued" if issued else "published_file.drafted",
            subject=standing,
            by=person,
            detail={
                "kind": file.kind,
                "number": standing.number,
                "grants": counted.grants,
                "problems": number,
                "sha256": standing.sha256,
            },
        )
    return True


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERS_LOCK])
    last = PublishedFile.objects.aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


# --- taking a file ------------------------------------------------------------------------------


def name_of(file: PublishedFile) -> str:
    """What the file is called when it is saved. A draft says what it is."""
    _write, _check, extension = KINDS[file.kind]
    what = "iati" if file.kind == PublishedFile.Kind.IATI else "360giving"
    if file.state == PublishedFile.State.ISSUED:
        return safe_filename(what, file.fund.code, f"{file.number:04}", extension=extension)
    return safe_filename("DRAFT-NOT-VALID", what, file.fund.code, extension=extension)


def pieces_of(file: PublishedFile) -> Iterator[bytes] | None:
    """The bytes of a file that was made, if they still are those of its hash; else None."""
    if not file.is_made:
        return None
    digest = hashlib.sha256()
    for piece in _pieces(file):
        digest.update(piece)
    return _pieces(file) if digest.hexdigest() == file.sha256 else None


def _pieces(file: PublishedFile) -> Iterator[bytes]:
    number = 0
    while True:
        with as_system():
            part = PublishedPart.objects.filter(file=file, number=number).first()
        if part is None:
            return
        yield zlib.decompress(bytes(part.content))
        number += 1


# --- figures of the page ------------------------------------------------------------------------


def by_level() -> dict[Any, dict[str, int]]:
    """Fund key -> level -> how many grants; those that were called off are in none."""
    found: dict[Any, dict[str, int]] = {}
    rows = (
        Grant.objects.exclude(state__in=levels.NEVER)
        .order_by("fund_id")
        .values_list("fund_id", "publish_level")
        .annotate(number=Count("pk"))
    )
    for fund, level, number in rows:
        found.setdefault(fund, {})[level] = number
    return found
