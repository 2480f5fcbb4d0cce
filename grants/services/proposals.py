"""A proposal: drafting and editing it, its budget, quotes, indicators, beneficiaries, tranches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from ceasefire import audit, money, periods
from ceasefire.people.models import User
from ceasefire.text import strip_bidi_controls
from grants.exceptions import (
    BadAmount,
    InTheFuture,
    NameMissing,
    NotAllowedFromHere,
    NotForThisPerson,
    QuotedTwice,
)
from grants.models import (
    Beneficiaries,
    BudgetLine,
    Fund,
    Grant,
    Indicator,
    Officer,
    Organisation,
    Quote,
    State,
    Tranche,
    Transition,
)
from grants.services import search
from grants.services.documents import set_hash
from grants.services.held import changed, held, held_fund, officer, or_else, said

OPEN_TO_EDIT = (State.DRAFT, State.RETURNED)
BEFORE_AWARD = (
    State.DRAFT,
    State.SUBMITTED,
    State.RETURNED,
    State.VETTING,
    State.PENDING_APPROVAL,
    State.APPROVED,
)
#: What a requester fills in; the state and the sums are never among them.
FACTS = (
    "award_type",
    "kind",
    "sector",
    "title_en",
    "title_ar",
    "purpose",
    "rationale",
    "sustainment",
    "district",
    "site_name",
    "lat",
    "lon",
    "exactness",
    "implementer",
    "grantee",
    "program_site",
    "program_code_name",
    "endorsed_on",
    "requested_usd",
    "own_contribution_usd",
    "planned_start",
    "planned_end",
    "capture_risk",
)
_TEXTS = ("title_en", "title_ar", "site_name")


def next_ref(year: int) -> str:
    """QRF-2026-0001 and so on; the counter's row is held, so a rolled-back grant leaves no gap."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grants_refcounter (year, last) VALUES (%s, 1)
            ON CONFLICT (year) DO UPDATE SET last = grants_refcounter.last + 1
            RETURNING last
            """,
            [year],
        )
        return f"QRF-{year}-{cursor.fetchone()[0]:04}"


def _usd(value: Any) -> Decimal:
    try:
        return money.amount(value)
    except money.BadAmount as error:
        raise BadAmount from error


def _cleaned(facts: Mapping[str, Any]) -> dict[str, Any]:
    if set(facts) - set(FACTS):
        raise ValueError("These facts of a grant are not filled in.")
    clean = dict(facts)
    for name in _TEXTS:
        if name in clean:
            clean[name] = " ".join(strip_bidi_controls(clean[name]).split())
    if "requested_usd" in clean:
        clean["requested_usd"] = _usd(clean["requested_usd"])
    if clean.get("own_contribution_usd"):
        clean["own_contribution_usd"] = _usd(clean["own_contribution_usd"])
    if clean.get("endorsed_on") and clean["endorsed_on"] > periods.now().date():
        raise InTheFuture
    return clean


@transaction.atomic
def draft(*, fund: Fund, by: User, at: datetime | None = None, **facts: Any) -> Grant:
    """Begin a grant as its requester: title, district, sector, requested amount at least.

    Transition 1. `at` is for what is brought in from papers; never ahead.
    """
    who = officer(by, "requester")
    at = at or periods.now()
    clean = _cleaned(facts)
    if not (clean.get("title_en") or clean.get("title_ar")):
        raise NameMissing
    if "requested_usd" not in clean:
        raise BadAmount
    fund = held_fund(fund)
    if fund.closed_at is not None:
        raise NotAllowedFromHere
    grant = Grant(
        ref=next_ref(periods.local_day(at).year),
        fund=fund,
        requester=who,
        owner=who,
        state_since=at,
        created_at=at,
        **clean,
    )
    grant.search_key = search.grant_key(grant)
    grant.save(force_insert=True)
    Transition.objects.create(
        grant=grant,
        from_state="",
        to_state=State.DRAFT,
        role="requester",
        actor=who,
        at=at,
        documents_hash=set_hash(grant),
        round=1,
    )
    audit.record(
        "grant.drafted", subject=grant, by=by, detail={"requested_usd": grant.requested_usd}
    )
    return Grant.objects.get(pk=grant.pk)


def _editable(grant: Grant, by: User, version: int | None = None) -> tuple[Grant, Officer]:
    """The draft, held, for a requester who sees to it."""
    who = officer(by, "requester")
    grant = held(grant, version=version)
    if grant.state not in OPEN_TO_EDIT:
        raise NotAllowedFromHere
    if who.pk not in (grant.owner_id, grant.requester_id):
        raise NotForThisPerson
    return grant, who


def _touch(grant: Grant) -> None:
    changed(grant, version=grant.version + 1)


@transaction.atomic
def edit(grant: Grant, *, by: User, version: int | None = None, **facts: Any) -> Grant:
    """Change what a draft says. Raises `ChangedMeanwhile` where somebody wrote since."""
    grant, _who = _editable(grant, by, version)
    clean = _cleaned(facts)
    for name, value in clean.items():
        setattr(grant, name, value)
    if not (grant.title_en or grant.title_ar):
        raise NameMissing
    grant.version += 1
    grant.search_key = search.grant_key(grant)
    grant.save(update_fields=[*clean, "version", "search_key"])
    audit.record("grant.edited", subject=grant, by=by, fields=sorted(clean))
    return Grant.objects.get(pk=grant.pk)


@dataclass(frozen=True)
class Line:
    """A budget line before it is written; `own` is paid by the grantee."""

    description: str
    quantity: Decimal
    unit_cost_usd: Decimal
    unit: str = ""
    own: bool = False


@transaction.atomic
def set_budget(
    grant: Grant, lines: Iterable[Line], *, by: User, version: int | None = None
) -> list[BudgetLine]:
    """Write the budget anew; each line is quantity x unit cost, rounded to the cent once."""
    grant, _who = _editable(grant, by, version)
    rows = []
    for number, line in enumerate(lines, start=1):
        cost = _usd(line.unit_cost_usd)
        quantity = _usd(line.quantity)
        total = money.product(quantity, cost)
        if total <= 0:
            raise BadAmount
        rows.append(
            BudgetLine(
                grant=grant,
                number=number,
                description=" ".join(line.description.split()),
                unit=line.unit,
                quantity=quantity,
                unit_cost_usd=cost,
                own=line.own,
                amount_usd=total,
            )
        )
    grant.budget_lines.all().delete()
    BudgetLine.objects.bulk_create(rows)
    _touch(grant)
    audit.record("grant.budget_set", subject=grant, by=by, detail={"lines": len(rows)})
    return rows


@transaction.atomic
def add_quote(
    grant: Grant,
    *,
    vendor: Organisation,
    amount_usd: Any,
    quoted_on: date,
    by: User,
    chosen: bool = False,
    reason: str = "",
) -> Quote:
    """A vendor's offer; another of the same vendor takes its place. One is chosen.

    A chosen one that is not the lowest needs a reason.
    """
    grant, who = _editable(grant, by)
    if quoted_on > periods.now().date():
        raise InTheFuture
    value = _usd(amount_usd)
    grant.quotes.filter(vendor=vendor).delete()
    if chosen:
        if grant.quotes.filter(amount_usd__lt=value).exists():
            reason = said(reason)
        grant.quotes.filter(chosen=True).update(chosen=False)
    made = Quote.objects.create(
        grant=grant,
        vendor=vendor,
        amount_usd=value,
        quoted_on=quoted_on,
        chosen=chosen,
        reason=reason,
        added_by=who,
    )
    _touch(grant)
    audit.record(
        "grant.quote_added",
        subject=grant,
        by=by,
        detail={"vendor": vendor.code, "amount_usd": value, "chosen": chosen},
    )
    return made


@dataclass(frozen=True)
class Offer:
    """A quote before it is written."""

    vendor: Organisation
    amount_usd: Decimal
    quoted_on: date
    chosen: bool = False
    reason: str = ""


@transaction.atomic
def set_quotes(
    grant: Grant, offers: Iterable[Offer], *, by: User, version: int | None = None
) -> list[Quote]:
    """Write the quotes anew: one of a vendor, at most one chosen.

    A chosen one that is not the lowest needs a reason.
    """
    grant, who = _editable(grant, by, version)
    offers = list(offers)
    if any(one.quoted_on > periods.now().date() for one in offers):
        raise InTheFuture
    lowest = min((_usd(one.amount_usd) for one in offers), default=Decimal(0))
    before = {one.vendor_id: one for one in grant.quotes.all()}
    rows = []
    for one in offers:
        reason = " ".join(one.reason.split())
        if one.chosen and _usd(one.amount_usd) > lowest:
            reason = said(reason)
        row = Quote(
            grant=grant,
            vendor=one.vendor,
            amount_usd=_usd(one.amount_usd),
            quoted_on=one.quoted_on,
            chosen=one.chosen,
            reason=reason,
            added_by=who,
        )
        there = before.get(one.vendor.pk)
        if there is not None:
            row.added_by, row.added_at = there.added_by, there.added_at
        rows.append(row)
    grant.quotes.all().delete()
    with or_else({"a_vendor_quotes_once": QuotedTwice, "one_quote_is_chosen": QuotedTwice}):
        Quote.objects.bulk_create(rows)
    _touch(grant)
    audit.record(
        "grant.quotes_set",
        subject=grant,
        by=by,
        detail={
            "vendors": [one.vendor.code for one in offers],
            "chosen": next((one.vendor.code for one in offers if one.chosen), ""),
        },
    )
    return rows


@dataclass(frozen=True)
class Measure:
    """An indicator before it is written."""

    level: str
    title: str
    baseline: Decimal
    target: Decimal
    unit: str = ""


@transaction.atomic
def set_indicators(
    grant: Grant, measures: Iterable[Measure], *, by: User, version: int | None = None
) -> list[Indicator]:
    """Write the indicators anew."""
    grant, _who = _editable(grant, by, version)
    rows = [
        Indicator(
            grant=grant,
            number=number,
            level=Indicator.Level(one.level),
            title=" ".join(one.title.split()),
            unit=one.unit,
            baseline=one.baseline,
            target=one.target,
        )
        for number, one in enumerate(measures, start=1)
    ]
    grant.indicators.all().delete()
    Indicator.objects.bulk_create(rows)
    _touch(grant)
    audit.record("grant.indicators_set", subject=grant, by=by, detail={"number": len(rows)})
    return rows


@transaction.atomic
def set_beneficiaries(
    grant: Grant,
    expected: Mapping[tuple[str, str], int],
    *,
    by: User,
    version: int | None = None,
) -> list[Beneficiaries]:
    """How many of each sex and age band are hoped to be reached."""
    grant, _who = _editable(grant, by, version)
    rows = [
        Beneficiaries(grant=grant, sex=sex, age_band=band, expected=number)
        for (sex, band), number in sorted(expected.items())
    ]
    grant.beneficiaries.all().delete()
    Beneficiaries.objects.bulk_create(rows)
    _touch(grant)
    audit.record("grant.beneficiaries_set", subject=grant, by=by, detail={"rows": len(rows)})
    return rows


@dataclass(frozen=True)
class Part:
    """A tranche before it is written."""

    planned_usd: Decimal
    due_on: date
    needs_report: bool = False
    needs_visit: bool = False


@transaction.atomic
def plan_tranches(grant: Grant, parts: Iterable[Part], *, by: User) -> list[Tranche]:
    """Write the tranches anew, before the award; the award asks that they sum to what was approved.

    By the requester or the grants officer.
    """
    officer(by, "requester", "officer")
    grant = held(grant)
    if grant.state not in BEFORE_AWARD:
        raise NotAllowedFromHere
    rows = [
        Tranche(
            grant=grant,
            number=number,
            planned_usd=_usd(part.planned_usd),
            due_on=part.due_on,
            needs_report=part.needs_report,
            needs_visit=part.needs_visit,
        )
        for number, part in enumerate(parts, start=1)
    ]
    grant.tranches.all().delete()
    Tranche.objects.bulk_create(rows)
    _touch(grant)
    audit.record("grant.tranches_planned", subject=grant, by=by, detail={"number": len(rows)})
    return rows
