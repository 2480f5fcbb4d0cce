"""Payroll lists: rows under seal, what is odd about them, and the certifying of a list.

A person is compared by keyed hashes that need no opening: of name and phone together, of how the
name sounds (the skeleton of name screening), of the phone, and of the image of a signature or
thumb. Nothing here decides: a sign is for a person, with a reason, before the list is certified.

**Who reads the names**: a certifier and a vetting officer, by asking for them, each time in the
trail. Nobody else, not the auditor either: signs name rows by number.
"""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, Sum

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from ceasefire.text import search_key, strip_bidi_controls, western_digits
from ceasefire.vault import blind_index
from ceasefire.vault.exceptions import SealBroken, UnknownKey
from ceasefire.vault.keys import keyring
from ceasefire.vault.sealing import open_text, seal_text
from grants.exceptions import (
    BadAmount,
    BadPayrollRow,
    NameMissing,
    NotAllowedFromHere,
    PayrollMissing,
    PayrollNotCertified,
    PersonTwice,
    SignsUndecided,
    SumsDiffer,
    WrongDocument,
)
from grants.models import (
    SEALED,
    DocumentType,
    Grant,
    Officer,
    PaymentRequest,
    PayrollFlag,
    PayrollList,
    PayrollRow,
    ProjectKind,
    State,
)
from grants.screening.names import parts_of
from grants.services.held import apart, changed, held, officer, or_else, said
from grants.services.parts import requesters

#: Who makes a list; who looks at its signs; who may open its names.
MAKERS = ("requester", "officer")
JUDGES = ("certifier", "vetting", "monitor")
READERS = SEALED[DocumentType.PAYROLL]
#: States in which people may be at work on a grant.
AT_WORK = (State.AWARDED, State.ACTIVE, State.SUSPENDED, State.COMPLETED, State.CLOSING)
#: A list that sums to a whole number of these, of at least so many people, is looked at.
ROUND = {"USD": Decimal(1000), "IQD": Decimal(1_000_000)}
FEWEST = 5
#: Rows that one paste or file may hold, and what a file may weigh, packed and unpacked.
MOST_ROWS = 1000
LARGEST_FILE = 2 * 1024 * 1024
LARGEST_UNPACKED = 20 * 1024 * 1024
_TABLE, _COLUMN = "grants_payrollrow", "sealed"
_HALF_DAY = Decimal("0.5")


@dataclass(frozen=True)
class Worker:
    """One row as it was typed, pasted or read: amounts are texts until they are checked."""

    name: str
    days: str
    rate: str
    phone: str = ""
    mark: str = PayrollRow.Mark.NONE
    mark_hash: str = ""


class RowsRefused(BadPayrollRow):
    """Which rows cannot be taken and why: (number in what was given, refusal)."""

    def __init__(self, faults: Sequence[tuple[int, Any]]) -> None:
        super().__init__()
        self.faults = tuple(faults)


# --- what compares people ------------------------------------------------------------------------


def _keyed(kind: str, value: str) -> str:
    digest = blind_index(f"payroll {kind}", value)
    return digest.hex() if digest is not None else ""


def skeletons(name: str) -> list[str]:
    """How a name sounds, part by part: the same from either script and most ways of spelling."""
    return [
        f"{int(part.readings[0].kind)}{part.skeleton or 'e'}"
        for part in parts_of(name)
        if part.weight > 0.5
    ]


def keys_of(name: str, phone: str) -> dict[str, Any]:
    """The keyed hashes of a person, as the columns hold them.

    A name of three parts sounds like one of two where its first two do; one part alone is like
    nothing but itself.
    """
    parts = skeletons(name) or [search_key(name) or name]
    number = blind_index("phone", phone) if phone else None
    phone_key = _keyed("phone", number.hex()) if number is not None else ""
    return {
        "person_key": _keyed("person", f"{search_key(name) or name} {phone_key}"),
        "name_key": _keyed("name", " ".join(parts)),
        "prefix_keys": [
            _keyed("name", " ".join(parts[:length])) for length in range(2, len(parts) + 1)
        ],
        "phone_key": phone_key,
    }


def _seal(row: PayrollRow, facts: dict[str, str]) -> None:
    ring = keyring()
    row.key_id = ring.current
    row.sealed = seal_text(
        json.dumps(facts, ensure_ascii=False, sort_keys=True),
        key=ring.key(ring.current),
        table=_TABLE,
        column=_COLUMN,
        row=str(row.pk),
        key_id=ring.current,
    )


def _open(row: PayrollRow) -> dict[str, str]:
    facts: dict[str, str] = json.loads(
        open_text(
            bytes(row.sealed),
            key=keyring().key(row.key_id),
            table=_TABLE,
            column=_COLUMN,
            row=str(row.pk),
            key_id=row.key_id,
        )
    )
    return facts


# --- making a list -------------------------------------------------------------------------------


def _held_list(payroll: PayrollList) -> tuple[Grant, PayrollList]:
    """The grant, then the list, as they stand now; a list that is no draft is refused."""
    grant = held(payroll.grant)
    found = PayrollList.objects.select_for_update(no_key=True).get(pk=payroll.pk)
    if found.state != PayrollList.State.DRAFT:
        raise NotAllowedFromHere
    found.grant = grant
    return grant, found


def _total(value: Any, currency: str) -> Decimal:
    try:
        return money.amount(value, currency)
    except money.BadAmount as error:
        raise BadAmount from error


@transaction.atomic
def begin_list(
    grant: Grant,
    *,
    period_from: date,
    period_to: date,
    currency: str,
    control_total: Any,
    by: User,
    payment: PaymentRequest | None = None,
) -> PayrollList:
    """A list of who worked in a period; the control total is the sum under the paper list."""
    who = officer(by, *MAKERS)
    total = _total(control_total, currency)
    grant = held(grant)
    if grant.state not in AT_WORK:
        raise NotAllowedFromHere
    if period_to < period_from or period_to > periods.now().date():
        raise BadPayrollRow
    _fits(payment, grant, currency)
    last = grant.payroll_lists.aggregate(last=Max("number"))["last"] or 0
    made = PayrollList.objects.create(
        grant=grant,
        number=last + 1,
        period_from=period_from,
        period_to=period_to,
        currency=currency,
        control_total=total,
        payment=payment,
        made_by=who,
    )
    _trail("payroll.begun", made, by, total=total, currency=currency)
    return made


def _fits(payment: PaymentRequest | None, grant: Grant, currency: str) -> None:
    if payment is None:
        return
    if payment.grant_id != grant.pk or payment.currency != currency or payment.state == "REFUSED":
        raise WrongDocument


@transaction.atomic
def set_support(
    payroll: PayrollList, *, payment: PaymentRequest | None, control_total: Any, by: User
) -> PayrollList:
    """Say anew which payment a draft supports, and the sum under the paper list."""
    officer(by, *MAKERS)
    grant, found = _held_list(payroll)
    total = _total(control_total, found.currency)
    _fits(payment, grant, found.currency)
    with or_else({"payment_id": WrongDocument}):
        changed(found, payment=payment, control_total=total)
    _trail("payroll.changed", found, by, total=total)
    find_signs(found)
    return found


def _checked(worker: Worker, currency: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The columns of a row, and what is sealed; raises a refusal that says what is wrong."""
    name = " ".join(strip_bidi_controls(worker.name).split())[:200]
    phone = " ".join(strip_bidi_controls(western_digits(worker.phone)).split())[:40]
    if not any(letter.isalpha() for letter in name):
        raise NameMissing
    days = _days(worker.days)
    rate = _total(plain_number(worker.rate), currency)
    pay = (days * rate).quantize(Decimal(1).scaleb(-money.PLACES[currency]), ROUND_HALF_UP)
    if pay <= 0 or len(pay.as_tuple().digits) > 17:
        raise BadAmount
    mark_hash = worker.mark_hash.strip().lower()
    if mark_hash and not re.fullmatch(r"[0-9a-f]{64}", mark_hash):
        raise BadPayrollRow
    mark = worker.mark if mark_hash else PayrollRow.Mark.NONE
    if mark_hash and mark == PayrollRow.Mark.NONE:
        mark = PayrollRow.Mark.SIGNATURE
    columns = {
        "days": days,
        "rate": rate,
        "amount": pay,
        "mark": PayrollRow.Mark(mark),
        "mark_hash": mark_hash,
        **keys_of(name, phone),
    }
    return columns, {"name": name, "phone": phone}


def plain_number(text: str) -> str:
    """What somebody typed as a number, in Western digits without thousands marks.

    "1,5" stays as it is, which is no number: nobody knows if it means one and a half or fifteen.
    """
    told = strip_bidi_controls(western_digits(str(text))).strip()
    told = told.replace("\u066b", ".").replace("\u066c", ",").replace("\u060c", ",")
    told = re.sub(r"(?<=\d)[\s'\u2019](?=\d)", ",", told)
    return told.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", told) else told


def _days(text: str) -> Decimal:
    told = plain_number(text)
    if not re.fullmatch(r"\d{1,3}(\.\d)?", told):
        raise BadPayrollRow
    days = Decimal(told)
    if days <= 0 or days > 366 or days % _HALF_DAY:
        raise BadPayrollRow
    return days


@transaction.atomic
def add_rows(payroll: PayrollList, workers: Sequence[Worker], *, by: User) -> list[PayrollRow]:
    """Put people on a draft; all of them or none.

    Raises `RowsRefused` with the number of each row that cannot be taken and why: no name, no
    number, days that are no half days, the same name with the same phone twice.
    """
    who = officer(by, *MAKERS)
    _grant, found = _held_list(payroll)
    there = set(found.rows.filter(struck_at__isnull=True).values_list("person_key", flat=True))
    number = found.rows.aggregate(last=Max("number"))["last"] or 0
    if not workers or number + len(workers) > MOST_ROWS:
        raise BadPayrollRow
    rows, faults = [], []
    for place, worker in enumerate(workers, start=1):
        try:
            columns, facts = _checked(worker, found.currency)
            if columns["person_key"] in there:
                raise PersonTwice
        except (BadAmount, BadPayrollRow, NameMissing, PersonTwice) as refusal:
            faults.append((place, refusal))
            continue
        there.add(columns["person_key"])
        number += 1
        row = PayrollRow(list=found, number=number, added_by=who, **columns)
        _seal(row, facts)
        rows.append(row)
    if faults:
        raise RowsRefused(faults)
    with or_else({"a_person_stands_once_on_a_payroll_list": PersonTwice}):
        PayrollRow.objects.bulk_create(rows)
    _trail("payroll.filled", found, by, rows=len(rows))
    find_signs(found)
    return rows


@transaction.atomic
def strike_row(row: PayrollRow, *, reason: str, by: User) -> PayrollRow:
    """Take somebody off a draft; the row stays to be seen, and counts no more."""
    who = officer(by, *MAKERS, *JUDGES)
    reason = said(reason)
    _grant, found = _held_list(row.list)
    row = PayrollRow.objects.select_for_update(no_key=True).get(pk=row.pk)
    if row.struck_at is not None:
        raise NotAllowedFromHere
    changed(row, struck_by=who, struck_at=periods.now(), strike_reason=reason)
    audit.record(
        "payroll.struck",
        subject=found.grant,
        by=by,
        reason=reason,
        detail={"list": found.number, "row": row.number},
    )
    find_signs(found)
    return row


@transaction.atomic
def drop_list(payroll: PayrollList, *, reason: str, by: User) -> PayrollList:
    """A draft that is not carried on; it stays to be seen and supports no payment."""
    officer(by, *MAKERS, "certifier")
    reason = said(reason)
    _grant, found = _held_list(payroll)
    changed(found, state=PayrollList.State.DROPPED, payment=None, reason=reason)
    _trail("payroll.dropped", found, by, reason=reason)
    return found


# --- what is odd ---------------------------------------------------------------------------------


def standing(payroll: PayrollList) -> Any:
    """The rows that count."""
    return payroll.rows.filter(struck_at__isnull=True)


def sum_of(payroll: PayrollList) -> Decimal:
    """What the rows that count come to."""
    return standing(payroll).aggregate(all=Sum("amount"))["all"] or Decimal(0)


def live_flags(payroll: PayrollList) -> Any:
    """Signs that still matter: neither row of the sign was struck out."""
    return payroll.flags.filter(
        Q(row__isnull=True) | Q(row__struck_at__isnull=True),
        Q(other__isnull=True) | Q(other__struck_at__isnull=True),
    )


def find_signs(payroll: PayrollList) -> int:
    """Look a draft over, inside the caller's transaction; how many signs are new.

    Within the list, and against every list of any grant whose period shares a day with its own and
    that was not dropped.
    """
    rows = list(standing(payroll))
    found = _pairs(rows, [*rows, *_elsewhere(payroll, rows)])
    found += [(PayrollFlag.Kind.DAYS, row, None, "") for row in rows if row.days > payroll.days]
    found += _of_the_whole(payroll, rows)
    there = {(one.kind, one.row_id, one.other_id, one.found_with) for one in payroll.flags.all()}
    fresh = [
        PayrollFlag(list=payroll, kind=kind, row=row, other=other, found_with=told)
        for kind, row, other, told in found
        if (kind, row and row.pk, other and other.pk, told) not in there
    ]
    PayrollFlag.objects.bulk_create(fresh)
    return len(fresh)


def _elsewhere(payroll: PayrollList, rows: list[PayrollRow]) -> list[PayrollRow]:
    """Rows of other lists of those days that are like any of these."""
    names = {row.name_key for row in rows} | {key for row in rows for key in row.prefix_keys}
    alike = Q(name_key__in=names) | Q(prefix_keys__overlap=[row.name_key for row in rows])
    alike |= Q(phone_key__in={row.phone_key for row in rows if row.phone_key})
    alike |= Q(mark_hash__in={row.mark_hash for row in rows if row.mark_hash})
    if not rows:
        return []
    others = PayrollRow.objects.filter(
        alike,
        struck_at__isnull=True,
        list__period_from__lte=payroll.period_to,
        list__period_to__gte=payroll.period_from,
    ).exclude(list=payroll)
    return list(others.exclude(list__state=PayrollList.State.DROPPED))


def _sound_alike(one: PayrollRow, other: PayrollRow) -> bool:
    return (
        one.name_key == other.name_key
        or one.name_key in other.prefix_keys
        or other.name_key in one.prefix_keys
    )


def _pairs(rows: list[PayrollRow], others: list[PayrollRow]) -> list[tuple[Any, ...]]:
    """Two rows that may be one person; of two rows of the list the later one carries the sign."""
    found: list[tuple[Any, ...]] = []
    for at, other in enumerate(others):
        for number, row in enumerate(rows):
            if at < len(rows) and at >= number:
                continue
            if _sound_alike(row, other):
                found.append((PayrollFlag.Kind.NAME, row, other, ""))
            if row.phone_key and row.phone_key == other.phone_key:
                found.append((PayrollFlag.Kind.PHONE, row, other, ""))
            if row.mark_hash and row.mark_hash == other.mark_hash:
                found.append((PayrollFlag.Kind.MARK, row, other, ""))
    return found


def _of_the_whole(payroll: PayrollList, rows: list[PayrollRow]) -> list[tuple[Any, ...]]:
    """What is odd about a list as a whole; what it was found with makes another sign of it."""
    if len(rows) < FEWEST:
        return []
    found: list[tuple[Any, ...]] = []
    total = sum((row.amount for row in rows), Decimal(0))
    if total % ROUND[payroll.currency] == 0:
        found.append((PayrollFlag.Kind.ROUND, None, None, f"{total:f}"))
    if len({(row.days, row.rate) for row in rows}) == 1:
        found.append((PayrollFlag.Kind.ALIKE, None, None, f"{rows[0].days:f} x {rows[0].rate:f}"))
    unsigned = sum(not row.mark_hash for row in rows)
    if unsigned:
        found.append((PayrollFlag.Kind.NO_MARK, None, None, str(unsigned)))
    return found


@transaction.atomic
def decide_signs(
    payroll: PayrollList, flags: Iterable[PayrollFlag], *, verdict: str, reason: str, by: User
) -> int:
    """Say of some signs of a draft whether they are in order, and why; how many.

    By a certifier, vetting officer or monitor who neither made the list nor asked for the grant.
    Until the list is certified a word may be changed; the trail keeps the first.
    """
    who = officer(by, *JUDGES)
    reason = said(reason)
    grant, found = _held_list(payroll)
    apart(who.pk in requesters(grant) | {found.made_by_id})
    wanted = [flag.pk for flag in flags]
    rows = list(found.flags.select_for_update(no_key=True).filter(pk__in=wanted))
    for flag in rows:
        changed(
            flag,
            verdict=PayrollFlag.Verdict(verdict),
            reason=reason,
            decided_by=who,
            decided_at=periods.now(),
        )
    if rows:
        _trail("payroll.signs_decided", found, by, reason=reason, verdict=verdict, number=len(rows))
    return len(rows)


# --- certifying ----------------------------------------------------------------------------------


def certify_list(payroll: PayrollList, *, by: User) -> PayrollList:
    """Certify a list: every sign in order, and rows, control total and payment one sum.

    Looks it over once more first, since another list of those days may have come. What that brings
    to light is kept, also where the list is refused for it: the certifier has to see what there is
    to decide. By a certifier who neither made it nor asked for the grant. Raises `SignsUndecided`,
    `SumsDiffer`.
    """
    with transaction.atomic():
        certified = _certified(payroll, by)
    # After the signs are saved: inside, the refusal would take them along.
    if certified is None:
        raise SignsUndecided
    return certified


def _certified(payroll: PayrollList, by: User) -> PayrollList | None:
    """The list, certified; None where signs are to be decided first, those found now saved."""
    who = officer(by, "certifier")
    grant, found = _held_list(payroll)
    apart(who.pk in requesters(grant) | {found.made_by_id})
    payment = found.payment
    if payment is None or payment.state == "REFUSED":
        raise SumsDiffer
    if not sum_of(found) == found.control_total == payment.amount:
        raise SumsDiffer
    fresh = find_signs(found)
    if fresh:
        _trail("payroll.looked_over", found, by, number=fresh)
    if live_flags(found).exclude(verdict=PayrollFlag.Verdict.FINE).exists():
        return None
    with or_else(
        {
            "rows, control total and payment": SumsDiffer,
            "every sign on a payroll list": SignsUndecided,
        }
    ):
        changed(
            found,
            state=PayrollList.State.CERTIFIED,
            certified_by=who,
            certified_at=periods.now(),
        )
    _trail("payroll.certified", found, by, total=found.control_total, currency=found.currency)
    return found


def look_over(payroll: PayrollList, *, by: User) -> int:
    """Look a draft over again now; how many signs are new."""
    officer(by, *MAKERS, *JUDGES)
    with transaction.atomic():
        _grant, found = _held_list(payroll)
        new = find_signs(found)
        _trail("payroll.looked_over", found, by, number=new)
    return new


def refuse_until_certified(payment: PaymentRequest) -> None:
    """No payment is certified whose payroll list is a draft, or that needs a list and has none.

    A trigger says the same. Raises `PayrollNotCertified`, `PayrollMissing`.
    """
    made = PayrollList.objects.filter(payment=payment).first()
    if made is None and needs_list(payment):
        raise PayrollMissing
    if made is not None and made.state != PayrollList.State.CERTIFIED:
        raise PayrollNotCertified


def needs_list(payment: PaymentRequest) -> bool:
    """Whether a payment is of wages: its paper is a payroll list, or its grant is cash for work.

    What a cash-for-work grant pays straight to a vendor is tools and material.
    """
    if payment.evidence is not None and payment.evidence.type == DocumentType.PAYROLL:
        return True
    of_wages = payment.grant.kind == ProjectKind.CASH_FOR_WORK
    return of_wages and payment.method != PaymentRequest.Method.VENDOR_DIRECT


# --- names ---------------------------------------------------------------------------------------


@transaction.atomic
def names_of(payroll: PayrollList, *, by: User) -> dict[Any, dict[str, str] | None]:
    """Name and phone of every row of a list, to a certifier or vetting officer; in the trail.

    A seal that does not open is None, and said in the trail.
    """
    officer(by, *READERS)
    found: dict[Any, dict[str, str] | None] = {}
    broken = 0
    for row in payroll.rows.all():
        try:
            found[row.pk] = _open(row)
        except (SealBroken, UnknownKey):
            found[row.pk] = None
            broken += 1
    _trail("payroll.names_read", payroll, by, rows=len(found), broken=broken)
    return found


def _trail(verb: str, payroll: PayrollList, by: User, *, reason: str = "", **detail: Any) -> None:
    audit.record(
        verb,
        subject=payroll.grant,
        by=by,
        reason=reason,
        detail={"list": payroll.number, **detail},
    )


def counts_by_key() -> dict[str, int]:
    """Key id -> how many rows it seals, for the rotation of the vault's keys."""
    rows = PayrollRow.objects.order_by("key_id").values_list("key_id")
    return dict(rows.annotate(number=Count("pk")))


def seal_again() -> list[str]:
    """Seal anew what an older key seals, row by committed row; the places that did not open."""
    moved, faults = 0, list[str]()
    older = PayrollRow.objects.exclude(key_id=keyring().current).order_by("pk")
    for pk in list(older.values_list("pk", flat=True)):
        with transaction.atomic():
            row = PayrollRow.objects.select_for_update(no_key=True).get(pk=pk)
            try:
                _seal(row, _open(row))
            except (SealBroken, UnknownKey) as error:
                faults.append(f"{_TABLE}.{_COLUMN} {pk}: {type(error).__name__}")
                continue
            changed(row, "key_id", "sealed")
            moved += 1
    if moved or faults:
        audit.record(
            "payroll.sealed_again",
            detail={"key": keyring().current, "moved": moved, "broken": len(faults)},
        )
    return faults


# --- reading what was pasted or sent -------------------------------------------------------------

#: What a column may be called, folded; the order above all where there is no head.
_HEADS = {
    "name": ("name", "full name", "worker", "الاسم", "اسم", "اسم العامل", "الاسم الكامل"),
    "phone": ("phone", "mobile", "telephone", "الهاتف", "رقم الهاتف", "الموبايل", "موبايل"),
    "days": ("days", "days worked", "الايام", "ايام العمل", "عدد الايام", "ايام"),
    "rate": ("rate", "daily rate", "wage", "الاجر", "الاجر اليومي", "اليوميه", "اجر اليوم"),
    "mark_hash": ("mark", "signature", "thumb", "hash", "التوقيع", "البصمه"),
}
_HEAD_OF = {search_key(word): field for field, words in _HEADS.items() for word in words}
_ORDER = ("name", "phone", "days", "rate", "mark_hash")


def read_rows(content: str | bytes) -> list[Worker]:
    """The people in a pasted table or in a CSV or XLSX file; raises `BadPayrollRow`.

    Columns: name, phone, days, rate, hash of the mark; in this order, or named in the first row.
    """
    if isinstance(content, bytes):
        if len(content) > LARGEST_FILE:
            raise BadPayrollRow
        cells = _workbook(content) if content[:4] == b"PK\x03\x04" else _text(_decoded(content))
    else:
        cells = _text(content)
    cells = [row for row in ([cell.strip() for cell in row] for row in cells) if any(row)]
    if not cells:
        raise BadPayrollRow
    heads = [_HEAD_OF.get(search_key(cell), "") for cell in cells[0]]
    if "name" in heads and "days" in heads:
        order, cells = heads, cells[1:]
    else:
        order = list(_ORDER)
    if len(cells) > MOST_ROWS:
        raise BadPayrollRow
    return [_worker(dict(zip(order, row, strict=False))) for row in cells]


def _worker(told: dict[str, str]) -> Worker:
    return Worker(
        name=told.get("name", ""),
        phone=told.get("phone", ""),
        days=told.get("days", ""),
        rate=told.get("rate", ""),
        mark_hash=told.get("mark_hash", ""),
    )


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1256"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadPayrollRow


def _text(text: str) -> list[list[str]]:
    if "\x00" in text or len(text) > LARGEST_FILE:
        raise BadPayrollRow
    first = text.lstrip().split("\n", 1)[0]
    delimiter = next((one for one in "\t;،," if one in first), ",")
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        raise BadPayrollRow from None


def _workbook(content: bytes) -> list[list[str]]:
    """The cells of the first sheet, as texts."""
    try:
        _refuse_a_bomb(content)
        import openpyxl

        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            rows = []
            for values in sheet.iter_rows(values_only=True, max_col=12, max_row=MOST_ROWS + 50):
                rows.append(["" if value is None else _cell(value) for value in values])
            return rows
        finally:
            book.close()
    except BadPayrollRow:
        raise
    except Exception:
        # A library that reads strangers' files raises whatever the stranger made it stumble over.
        raise BadPayrollRow from None


def _refuse_a_bomb(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        # Reading stops at the size that a part declares.
        if len(parts) > 500 or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
            raise BadPayrollRow
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                plain = archive.read(part).replace(b"\x00", b"")
                if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
                    raise BadPayrollRow


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}"
    return str(value)


def hash_of_mark(image: bytes) -> str:
    """What is kept of the image of a signature or thumb: its SHA-256, and nothing else."""
    return hashlib.sha256(image).hexdigest()


def owners_lists(who: Officer) -> Any:
    """Drafts that an officer began; for a handover."""
    return PayrollList.objects.filter(made_by=who, state=PayrollList.State.DRAFT)
