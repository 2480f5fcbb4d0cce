"""List files for name screening: uploaded, read in the background, in force until a newer comes.

None is shipped. A vetting officer uploads what a list's publisher gives out; `grants.screening`
reads it, whole or not at all. The bytes are kept compressed and known by their SHA-256, which is
compared whenever an index is made of them. An index takes seconds for a real list, so it is made by
a worker and kept for all (`kept_indexes`); a small list is made ready where it is asked.
"""

import hashlib
import logging
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from ceasefire import audit, jobs, periods
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from grants import screening
from grants.exceptions import (
    BadAmount,
    ListDamaged,
    ListMissing,
    ListTaken,
    NotAllowedFromHere,
    RulesOverlap,
    ScreeningListRefused,
    SecondPersonNeeded,
)
from grants.models import Fund, ListSource, ScreeningList, ScreeningListPart, ScreeningRule
from grants.screening import listfiles, problems
from grants.services import kept_indexes
from grants.services.held import changed, held_fund, officer, or_else

log = logging.getLogger(__name__)

READ = "grants.read_list"
#: Whoever of these did not enter a rule may confirm it.
CONFIRMERS = ("vetting", "officer", "approver", "certifier", "payer", "closeout")
SOURCE_OF = {listfiles.OFAC: ListSource.OFAC, listfiles.UN: ListSource.UN}
#: Lists of so many names together are made ready within a request, in a third of a second.
AT_ONCE = 1500
#: The most days that a rule lets a list be old.
OLDEST = 730
#: Bytes of one piece before it is compressed.
PIECE = 1024 * 1024
#: How far the reading is, in percent, when the file is read and before its index is made.
_PARSED = 35
_FORMATS = ScreeningList.Format
_FILES = {_FORMATS.OFAC_CSV: 2, _FORMATS.OFAC_XML: 1, _FORMATS.UN_XML: 1}

Tell = Callable[[int], None]


def source_of(format: str) -> str:
    """Whose list a format is of."""
    return ListSource.UN if format == _FORMATS.UN_XML else ListSource.OFAC


# --- uploading and reading ------------------------------------------------------------------------


@transaction.atomic
def upload(
    files: Sequence[Any],
    *,
    format: str,
    by: User,
    published: date | None = None,
    at: datetime | None = None,
) -> ScreeningList:
    """Take a list's file, or its two, to be read by a worker. For vetting officers.

    `files` are opened files; `published` is needed for the CSV files, which have no date. Raises
    `ListTaken` where the same file is there already, `ScreeningListRefused` where it is too large.
    """
    who, at = officer(by, "vetting"), at or periods.now()
    if len(files) != _FILES[_FORMATS(format)]:
        raise ScreeningListRefused(problems.OtherFormat())
    if format == _FORMATS.OFAC_CSV and published is None:
        raise ScreeningListRefused(problems.MissingDate())
    if published is not None and published > periods.local_day(at):
        raise ScreeningListRefused(problems.FromTheFuture())
    digest, size = hashlib.sha256(), 0
    for file in files:
        file.seek(0)
        mine = 0
        for piece in _pieces(file):
            digest.update(piece)
            mine += len(piece)
            if mine > listfiles.LARGEST:
                raise ScreeningListRefused(problems.TooLarge())
        size += mine
    with or_else({"a_list_file_is_taken_once": ListTaken}):
        made = ScreeningList.objects.create(
            source=source_of(format),
            format=format,
            dated=published if format == _FORMATS.OFAC_CSV else None,
            sha256=digest.hexdigest(),
            size=size,
            uploaded_by=who,
            uploaded_at=at,
        )
    for file_number, file in enumerate(files, start=1):
        file.seek(0)
        for number, piece in enumerate(_pieces(file)):
            ScreeningListPart.objects.create(
                list=made, file=file_number, number=number, content=zlib.compress(piece, 6)
            )
    jobs.enqueue(READ, by=by, list_id=made.pk)
    audit.record(
        "screening_list.uploaded",
        subject=made,
        by=by,
        detail={"source": made.source, "format": format, "sha256": made.sha256, "size": size},
    )
    return made


def _pieces(file: Any) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def content_of(list_: ScreeningList) -> list[bytes]:
    """The bytes of a list's files. Raises `ListDamaged` where they are not those uploaded."""
    files: list[list[bytes]] = [[] for _file in range(_FILES[_FORMATS(list_.format)])]
    parts = ScreeningListPart.objects.filter(list=list_).order_by("file", "number")
    for part in parts.iterator(chunk_size=8):
        files[part.file - 1].append(zlib.decompress(part.content))
    whole = [b"".join(pieces) for pieces in files]
    if hashlib.sha256(b"".join(whole)).hexdigest() != list_.sha256:
        log.error("the list %s is not the file that was uploaded", list_.pk)
        raise ListDamaged
    return whole


def parsed(list_: ScreeningList) -> screening.ListFile:
    """The entries of a list. Raises `ListRefused` and `ListDamaged`."""
    files = content_of(list_)
    today = periods.local_day(list_.uploaded_at)
    if list_.format == _FORMATS.OFAC_CSV:
        return screening.read_ofac_csv(files[0], files[1], published=list_.dated, today=today)
    if list_.format == _FORMATS.OFAC_XML:
        return screening.read_ofac_xml(files[0], published=list_.dated, today=today)
    return screening.read_un_xml(files[0], published=list_.dated, today=today)


def read(list_id: Any, *, progress: Callable[[int, int], None] | None = None) -> None:
    """Read an uploaded file and make its index once; afterwards it is READY, or REFUSED.

    What somebody stopped meanwhile stays stopped (`jobs.Cancelled`). May run again.
    """
    with as_system():
        found = ScreeningList.objects.filter(pk=list_id).first()
    if found is None or found.state not in ScreeningList.UNDER_WAY:
        return

    def tell(percent: int) -> None:
        with as_system():
            going_on = ScreeningList.objects.filter(
                pk=found.pk, state__in=ScreeningList.UNDER_WAY
            ).update(state=ScreeningList.State.READING, done=percent)
        if not going_on:
            raise jobs.Cancelled
        if progress is not None:
            progress(percent, 100)

    tell(5)
    try:
        with as_system():
            file = parsed(found)
        tell(_PARSED)
        # It has to fit into an index: that of all lists which are in force with it.
        with as_system():
            beside = [one for one in in_force(periods.today()) if one.source != found.source]
        _make_ready(found, file, beside, tell=_within(tell, _PARSED, 99))
    except problems.ListRefused as error:
        with as_system():
            _refuse(found, type(error).__name__, error.where)
        return
    except ListDamaged as error:
        with as_system():
            _refuse(found, type(error).__name__, None)
        return
    except jobs.Cancelled:
        with as_system():
            stop_now(found)
        raise
    with as_system():
        held = ScreeningList.objects.select_for_update(no_key=True).get(pk=found.pk)
        if held.state != ScreeningList.State.READING:
            raise jobs.Cancelled
        changed(
            held,
            state=ScreeningList.State.READY,
            dated=file.dated,
            entries=len(file.entries),
            names=file.names,
            done=100,
            read_at=periods.now(),
        )
        audit.record(
            "screening_list.read",
            subject=held,
            detail={"source": held.source, "dated": file.dated, "entries": held.entries},
        )


def _make_ready(
    list_: ScreeningList,
    file: screening.ListFile,
    beside: list[ScreeningList],
    *,
    tell: Callable[[int, int], None],
) -> None:
    """Make the index of a list that was just read and of those beside it, and keep a large one."""
    try:
        made = _index([*beside, list_], {list_.pk: file}, tell=tell)
    except ListDamaged:
        # One beside it: that is said when somebody asks for it, and is no fault of this one.
        screening.Index([file], tell=tell)
        return
    if len(made) > AT_ONCE:
        kept_indexes.keep(_key([*beside, list_]), made)


def _within(tell: Tell, first: int, last: int) -> Callable[[int, int], None]:
    """Progress of a part of the work as a share of the whole, told once for each percent."""
    said = first

    def inner(done: int, total: int) -> None:
        nonlocal said
        percent = first + (last - first) * done // max(total, 1)
        if percent > said:
            said = percent
            tell(percent)

    return inner


def _refuse(list_: ScreeningList, refusal: str, where: Any) -> None:
    held = ScreeningList.objects.select_for_update(no_key=True).get(pk=list_.pk)
    if held.state not in ScreeningList.UNDER_WAY:
        return
    # Which line or entry, never what stands there.
    told = str(where) if isinstance(where, int) or str(where or "").isdecimal() else ""
    changed(
        held,
        state=ScreeningList.State.REFUSED,
        refusal=refusal,
        refused_at_entry=told[:40],
        read_at=periods.now(),
    )
    held.parts.all().delete()
    audit.record("screening_list.refused", subject=held, detail={"refusal": refusal})


def stop_now(list_: ScreeningList) -> bool:
    """Take back a file that is still waiting or being read; whether it was."""
    held = ScreeningList.objects.select_for_update(no_key=True).get(pk=list_.pk)
    if held.state not in ScreeningList.UNDER_WAY:
        return False
    changed(held, state=ScreeningList.State.STOPPED, read_at=periods.now())
    held.parts.all().delete()
    return True


@transaction.atomic
def stop(list_: ScreeningList, *, by: User) -> ScreeningList:
    """Stop the reading; nothing of the file is kept. For vetting officers."""
    officer(by, "vetting")
    if not stop_now(list_):
        raise NotAllowedFromHere
    audit.record("screening_list.stopped", subject=list_, by=by)
    return ScreeningList.objects.get(pk=list_.pk)


def why_refused(list_: ScreeningList) -> str:
    """In the reader's language, why a file was refused; nothing where it was not."""
    if not list_.refusal:
        return ""
    found = getattr(problems, list_.refusal, None)
    if found is None:
        return str(ListDamaged())
    return str(found(list_.refused_at_entry or None))


# --- in force -------------------------------------------------------------------------------------


def in_force(day: date) -> list[ScreeningList]:
    """Of each source the newest list that was read and is of that day or before."""
    rows = ScreeningList.objects.filter(state=ScreeningList.State.READY, dated__lte=day)
    return list(
        rows.select_related("uploaded_by")
        .order_by("source", "-dated", "-uploaded_at", "-id")
        .distinct("source")
    )


#: What this process made ready last; at most two, so that a newer list does not keep the old ones.
_ready: dict[tuple[str, ...], screening.Index] = {}
_MOST_READY = 2


def _key(lists: Sequence[ScreeningList]) -> tuple[str, ...]:
    return tuple(sorted(one.sha256 for one in lists))


def is_at_hand(lists: Sequence[ScreeningList]) -> bool:
    """Whether a question to these lists can be answered within a request."""
    key = _key(lists)
    return key in _ready or sum(one.names for one in lists) <= AT_ONCE or kept_indexes.is_kept(key)


def index_of(lists: Sequence[ScreeningList], *, tell: Tell | None = None) -> screening.Index:
    """The index of these lists together, made or taken up once in this process.

    Raises `ListMissing` and `ListDamaged`.
    """
    if not lists:
        raise ListMissing
    key = _key(lists)
    if key not in _ready:
        is_large = sum(one.names for one in lists) > AT_ONCE
        made = kept_indexes.taken_up(key) if is_large else None
        if made is None:
            made = _index(lists, tell=_within(tell, 5, 90) if tell is not None else None)
            if is_large:
                kept_indexes.keep(key, made)
        while len(_ready) >= _MOST_READY:
            _ready.pop(next(iter(_ready)))
        _ready[key] = made
    return _ready[key]


def _index(
    lists: Sequence[ScreeningList],
    read: Mapping[Any, screening.ListFile] | None = None,
    *,
    tell: Callable[[int, int], None] | None = None,
) -> screening.Index:
    """Of lists together, by their source; those of `read` are not read again."""
    known = read or {}
    return screening.Index(
        [known.get(one.pk) or parsed(one) for one in sorted(lists, key=lambda one: one.source)],
        tell=tell,
    )


# --- which lists a fund asks for ------------------------------------------------------------------


@transaction.atomic
def propose_rule(
    fund: Fund, *, sources: Sequence[str], max_days: int, valid_from: date, by: User
) -> ScreeningRule:
    """Say which lists a fund asks for and how old they may be; counts once another confirmed it."""
    who = officer(by, "vetting", "officer")
    if not sources or not 1 <= max_days <= OLDEST:
        raise BadAmount
    made = ScreeningRule.objects.create(
        fund=fund,
        sources=sorted({ListSource(one).value for one in sources}),
        max_days=max_days,
        valid_from=valid_from,
        entered_by=who,
    )
    audit.record(
        "screening_rule.entered",
        subject=made,
        by=by,
        detail={"fund": fund.code, "sources": made.sources, "max_days": max_days},
    )
    return made


@transaction.atomic
def confirm_rule(rule: ScreeningRule, *, by: User) -> ScreeningRule:
    """Confirm what somebody else entered; the rule before it ends there. The fund is locked."""
    who = officer(by, *CONFIRMERS)
    held_fund(rule.fund)
    found = ScreeningRule.objects.select_for_update(no_key=True).get(pk=rule.pk)
    if found.confirmed_at is not None:
        raise NotAllowedFromHere
    if found.entered_by_id == who.pk:
        raise SecondPersonNeeded
    ScreeningRule.objects.filter(
        fund_id=found.fund_id,
        confirmed_at__isnull=False,
        valid_to__isnull=True,
        valid_from__lte=found.valid_from,
    ).update(valid_to=found.valid_from)
    with or_else({"screening_rules_of_a_fund_do_not_overlap": RulesOverlap}):
        changed(found, confirmed_by=who, confirmed_at=periods.now())
    audit.record("screening_rule.confirmed", subject=found, by=by, detail={"fund": found.fund.code})
    return found


def rule_on(fund_id: Any, day: date) -> ScreeningRule | None:
    """The rule of a fund that holds on a day."""
    rows = ScreeningRule.objects.filter(
        fund_id=fund_id, confirmed_at__isnull=False, valid_from__lte=day
    ).exclude(valid_to__lte=day)
    return rows.first()


def is_stale(list_: ScreeningList, rule: ScreeningRule, day: date) -> bool:
    """Whether a list that was read is older than a rule allows on a day."""
    assert list_.dated is not None
    return screening.is_stale(list_.dated, day, rule.max_days)
