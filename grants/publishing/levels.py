"""A grant as the world may see it at its level of publishing; the writers never see more.

NONE: nothing. AGGREGATE: only in a sum over at least `FEWEST` grants of a fund. REDACTED: sums,
days, sector and district; nothing that a person typed, no name, no point. FULL: all of it, but the
name of an organisation only where it agreed (`publish_ok`).

Codes that stand for names are made of the grant's number (`QRF-2026-0001-G`), never of the
organisation's: one that is named in another grant would be known by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import F, Max, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import translation

from ceasefire import periods
from ceasefire.text import first_strong_direction, strip_bidi_controls
from grants.models import (
    Amendment,
    Fund,
    Grant,
    IndicatorValue,
    LedgerEntry,
    LevelChange,
    Organisation,
    ProjectKind,
    Sector,
    State,
)

#: Fewest grants a published sum may cover.
FEWEST = 5
#: Called off before they became anything: in no file.
NEVER = (State.REJECTED, State.WITHDRAWN)
#: How many grants are read at a time.
CHUNK = 200

#: Text in a language: ("en", "A park").
Said = tuple[str, str]

#: Activity status of IATI.
STATUS = {
    State.DRAFT: "1", State.SUBMITTED: "1", State.RETURNED: "1", State.VETTING: "1",
    State.PENDING_APPROVAL: "1", State.APPROVED: "1", State.AWARDED: "2", State.ACTIVE: "2",
    State.COMPLETED: "3", State.CLOSING: "3", State.REOPENED: "3", State.CLOSED: "4",
    State.CANCELLED: "5", State.TERMINATED: "5", State.SUSPENDED: "6",
}  # fmt: skip
#: Organisation type of IATI: 24 an NGO of the country, 72 a firm there, 11 local government.
ORGANISATION_TYPE = {
    Organisation.Kind.COMMUNITY: "24",
    Organisation.Kind.NGO: "24",
    Organisation.Kind.COMPANY: "72",
    Organisation.Kind.COUNCIL: "11",
    Organisation.Kind.OTHER: "90",
}
#: Of these the office buys itself: what it pays is an expenditure (4), not a disbursement (3).
IN_KIND = ("MICRO_PURCHASE", "DIRECT_PROCUREMENT", "GRANT_IN_KIND")


@dataclass(frozen=True, slots=True)
class Office:
    """Who publishes: a confirmed row of settings, as the writers need it."""

    ref: str
    type: str
    names: tuple[Said, ...]
    prefix: str
    licence: str
    donor_names: tuple[Said, ...] = ()
    donor_type: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation: its names where it may be named, else one code. `code` is of this grant."""

    code: str
    names: tuple[Said, ...]
    type: str


@dataclass(frozen=True, slots=True)
class Posting:
    """One posting of the ledger as IATI counts it: 2 commitment, 3 disbursement, 4 expenditure.

    `amount` in the currency that moved, negative for what came back; `usd` likewise, in dollars.
    """

    ref: str
    type: str
    day: date
    amount: Decimal
    currency: str
    value_day: date
    usd: Decimal
    channel: str = ""
    receiver: Party | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator: `level` is output or outcome."""

    level: str
    titles: tuple[Said, ...]
    baseline: Decimal
    target: Decimal
    actual: Decimal | None


@dataclass(frozen=True, slots=True)
class PublicGrant:
    """All that may be said of one grant, or of the sum of many (`is_sum`)."""

    ref: str
    level: str
    fund: str
    fund_names: tuple[Said, ...]
    donor_ref: str
    titles: tuple[Said, ...]
    #: (IATI description type, language, text)
    descriptions: tuple[tuple[str, str, str], ...]
    status: str
    modified: datetime
    sector: str
    sector_names: tuple[Said, ...]
    kind: str = ""
    kind_names: tuple[Said, ...] = ()
    planned_start: date | None = None
    actual_start: date | None = None
    planned_end: date | None = None
    actual_end: date | None = None
    implementer: Party | None = None
    grantee: Party | None = None
    district: str = ""
    district_names: tuple[Said, ...] = ()
    site_names: tuple[Said, ...] = ()
    #: Latitude and longitude, WGS 84.
    point: tuple[Decimal, Decimal] | None = None
    exactness: str = "2"
    requested: Decimal = Decimal(0)
    approved: Decimal = Decimal(0)
    awarded_on: date | None = None
    #: (amount in dollars, day it is due)
    tranches: tuple[tuple[Decimal, date], ...] = ()
    postings: tuple[Posting, ...] = ()
    results: tuple[Measured, ...] = ()
    is_sum: bool = False
    #: Texts that people typed and this level shows, with the field they stand in.
    typed: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    #: Names of its own organisations that did not agree; to look for in `typed`, never to write.
    unnamed: tuple[str, ...] = field(default=(), repr=False)

    @property
    def disbursed(self) -> Decimal:
        """Paid less refunded, in dollars."""
        return sum((one.usd for one in self.postings if one.type in "34"), Decimal(0))


def both(english: str, arabic: str) -> tuple[Said, ...]:
    """What there is of a name in two languages, cleaned of marks that reorder text."""
    pairs = (("en", _clean(english)), ("ar", _clean(arabic)))
    return tuple((language, text) for language, text in pairs if text)


def typed_in(text: str) -> tuple[Said, ...]:
    """A text in the language of its first letter."""
    text = _clean(text)
    language = "ar" if first_strong_direction(text) == "rtl" else "en"
    return ((language, text),) if text else ()


def _clean(text: str) -> str:
    """Words between single spaces, without what XML cannot hold."""
    kept = "".join(
        one
        for one in strip_bidi_controls(text)
        # The two that join and part letters belong to the word.
        if one.isprintable() or one.isspace() or one in "\u200c\u200d"
    )
    return " ".join(kept.split())


@lru_cache(maxsize=256)
def labels(choice: Any) -> tuple[Said, ...]:
    """A choice's label in both languages."""
    found = []
    for language in ("en", "ar"):
        with translation.override(language):
            found.append(str(choice.label))
    return both(*found)


#: What stands in a draft where a text must not.
HELD_BACK: tuple[Said, ...] = (("en", "(held back)"), ("ar", "(محجوب)"))


def without(grant: PublicGrant, fields: Iterable[str]) -> PublicGrant:
    """The grant with the texts of some typed fields held back."""
    facts: dict[str, Any] = {}
    for name in fields:
        if name in ("title_en", "title_ar"):
            facts["titles"] = HELD_BACK
        elif name == "purpose":
            facts["descriptions"] = tuple(("1", *one) for one in HELD_BACK)
        elif name == "site_name":
            facts["site_names"] = HELD_BACK
        elif name == "indicators":
            facts["results"] = tuple(replace(one, titles=HELD_BACK) for one in grant.results)
    return replace(grant, **facts)


# --- one grant ----------------------------------------------------------------------------------


def public(grant: Grant) -> PublicGrant | None:
    """The grant at its level; None where it has no entry of its own.

    Reads `fund`, `district`, `grantee`, `implementer`, and what `_related` fetches.
    """
    full = grant.publish_level == Grant.Publish.FULL
    if not full and grant.publish_level != Grant.Publish.REDACTED or grant.state in NEVER:
        return None
    kind, sector = ProjectKind(grant.kind), Sector(grant.sector)
    district = both(grant.district.name_en, grant.district.name_ar)
    built = tuple(
        (
            language,
            f"{label}{'،' if language == 'ar' else ','} "
            f"{dict(district).get(language) or grant.district.pcode}",
        )
        for language, label in labels(kind)
    )
    titles = both(grant.title_en, grant.title_ar) if full else built
    purpose = typed_in(grant.purpose) if full else ()
    site = typed_in(grant.site_name) if full else ()
    results = tuple(_results(grant, full))
    typed = (
        ("title_en", grant.title_en),
        ("title_ar", grant.title_ar),
        ("purpose", grant.purpose),
        ("site_name", grant.site_name),
        *(("indicators", one.title) for one in grant.indicators.all()),
    )
    entries = grant.entries.all()
    has_point = full and grant.lat is not None and grant.lon is not None
    return PublicGrant(
        ref=grant.ref,
        level=grant.publish_level,
        fund=grant.fund.code,
        fund_names=both(grant.fund.name_en, grant.fund.name_ar),
        donor_ref=_clean(grant.fund.donor_ref),
        titles=titles,
        descriptions=tuple(("1", *one) for one in purpose or built),
        status=STATUS[State(grant.state)],
        modified=max(_moments(grant)),
        sector=sector.value,
        sector_names=labels(sector),
        kind=kind.value,
        kind_names=labels(kind),
        # Where nobody planned a first day, it is that of the award.
        planned_start=grant.planned_start or grant.awarded_on,
        actual_start=grant.actual_start,
        planned_end=grant.planned_end,
        actual_end=grant.actual_end,
        implementer=_party(grant.implementer, grant, "I", full),
        grantee=_party(grant.grantee, grant, "G", full),
        district=grant.district.pcode,
        district_names=district,
        site_names=site,
        point=(grant.lat, grant.lon) if has_point else None,  # type: ignore[arg-type]
        exactness=grant.exactness if has_point else Grant.Exactness.APPROXIMATE,
        requested=grant.requested_usd,
        approved=grant.approved_usd,
        awarded_on=grant.awarded_on,
        tranches=tuple(
            (one.planned_usd, one.due_on) for one in grant.tranches.all() if one.planned_usd
        ),
        postings=tuple(_postings(grant, entries, full)),
        results=results,
        typed=tuple((name, text) for name, text in typed if text) if full else (),
        unnamed=tuple(_unnamed(grant)) if full else (),
    )


def _moments(grant: Grant) -> Iterator[datetime]:
    """When what is published of a grant changed: its state, its money, its sum or end, its values,
    its organisations, and how much of it is shown.

    A harvester takes an entry with an old moment for the one it has: what was taken out since
    would stay with it for ever.
    """
    yield grant.state_since
    for moment in (grant.level_moved_at, grant.amended_at):  # type: ignore[attr-defined]
        if moment is not None:
            yield moment
    for who in (grant.grantee, grant.implementer):
        if who is not None and who.shown_since is not None:
            yield who.shown_since
    for entry in grant.entries.all():
        yield entry.posted_at
    for indicator in grant.indicators.all():
        for value in indicator.values.all():
            yield value.recorded_at


def _unnamed(grant: Grant) -> Iterator[str]:
    for who in (grant.grantee, grant.implementer):
        if who is not None and not who.publish_ok:
            yield who.name_en
            yield who.name_ar


def _party(who: Organisation | None, grant: Grant, part: str, full: bool) -> Party | None:
    if who is None:
        return None
    code = f"{grant.ref}-{part}"
    names = both(who.name_en, who.name_ar) if full and who.publish_ok else ()
    return Party(code, names or (("en", code),), ORGANISATION_TYPE[Organisation.Kind(who.kind)])


def _results(grant: Grant, full: bool) -> Iterator[Measured]:
    numbers = {"output": 0, "outcome": 0}
    for one in grant.indicators.all():
        numbers[one.level] += 1
        number = numbers[one.level]
        arabic = "المخرج" if one.level == "output" else "النتيجة"
        counted = both(f"{one.level.capitalize()} {number}", f"{arabic} {number}")
        values = sorted(one.values.all(), key=lambda value: (value.as_of, value.recorded_at))
        yield Measured(
            level=one.level,
            titles=(typed_in(one.title) if full else ()) or counted,
            baseline=one.baseline,
            target=one.target,
            actual=values[-1].value if values else None,
        )


#: Kind of posting -> IATI type, and the sign it counts with. Commitments before the award and
#: verified expenses are no transactions: the first are intentions, the second would count a
#: payment twice.
_COUNTED = {
    LedgerEntry.Kind.OBLIGATE: ("2", 1),
    LedgerEntry.Kind.DEOBLIGATE: ("2", -1),
    LedgerEntry.Kind.DISBURSE: ("3", 1),
    LedgerEntry.Kind.REFUND: ("3", -1),
}


def _postings(grant: Grant, entries: Iterable[LedgerEntry], full: bool) -> Iterator[Posting]:
    """The postings that stand: one that was reversed goes out together with its reversal."""
    entries = list(entries)
    taken_back = {one.reverses_id for one in entries if one.reverses_id}
    for number, one in enumerate(entries, 1):
        if one.kind not in _COUNTED or one.pk in taken_back:
            continue
        type, sign = _COUNTED[LedgerEntry.Kind(one.kind)]
        payment = one.payment
        straight = payment is not None and payment.method == "VENDOR_DIRECT"
        if type == "3" and (straight or grant.award_type in IN_KIND):
            type = "4"
        receiver = None
        if payment is not None:
            mine = payment.payee_id == grant.grantee_id
            receiver = _party(payment.payee, grant, "G" if mine else "V", full)
        yield Posting(
            ref=f"{grant.ref}-{number}",
            type=type,
            day=one.effective_on,
            amount=sign * one.amount,
            currency=one.currency,
            value_day=one.rate_on or one.effective_on,
            usd=sign * one.amount_usd,
            channel=_channel(grant, straight) if one.kind == LedgerEntry.Kind.DISBURSE else "",
            receiver=receiver,
        )


def _channel(grant: Grant, straight: bool) -> str:
    """Disbursement channel of IATI: 2 to the grantee, 3 in kind by a third party, 4 by us."""
    if straight:
        return "3"
    return "4" if grant.award_type in IN_KIND else "2"


# --- a fund -------------------------------------------------------------------------------------


def _latest(rows: Any, moment: Any) -> Subquery:
    """The last moment among the rows of one grant."""
    mine = rows.filter(grant=OuterRef("pk")).order_by().values("grant")
    return Subquery(mine.annotate(latest=Max(moment)).values("latest"))


def _related(grants: Any) -> Any:
    """The grants with all that `public` reads, in their order."""
    return (
        grants.select_related("fund", "district", "grantee", "implementer")
        # What was refused, withdrawn or waits changed nothing. Less is shown at once, more when a
        # second person said so.
        .annotate(
            level_moved_at=_latest(
                LevelChange.objects.filter(Q(raises=False) | Q(confirmed_at__isnull=False)),
                Coalesce("confirmed_at", "asked_at"),
            ),
            amended_at=_latest(
                Amendment.objects.filter(state=Amendment.State.SIGNED), F("closed_at")
            ),
        )
        .defer("district__geometry", "rationale", "sustainment")
        .prefetch_related(
            "tranches",
            "indicators",
            Prefetch("indicators__values", IndicatorValue.objects.order_by("as_of")),
            Prefetch(
                "entries",
                LedgerEntry.objects.select_related("payment__payee").order_by("seq"),
            ),
        )
        .order_by("ref")
    )


def own_entries(fund: Fund) -> Any:
    """The grants of a fund with an entry of their own."""
    own = [Grant.Publish.REDACTED, Grant.Publish.FULL]
    return fund.grants.filter(publish_level__in=own).exclude(state__in=NEVER)


def chunk_of(fund: Fund, after: str = "") -> list[PublicGrant]:
    """The next of them after a number, at most `CHUNK`, in their order."""
    found = _related(own_entries(fund).filter(ref__gt=after))[:CHUNK]
    return [entry for grant in found if (entry := public(grant)) is not None]


def one_of(grant: Grant, level: str | None = None) -> PublicGrant | None:
    """One grant as the world would see it, at the level it has or at another."""
    found = _related(Grant.objects.filter(pk=grant.pk)).get()
    found.publish_level = level or found.publish_level
    return public(found)


def summed(fund: Fund, *, day: date | None = None) -> PublicGrant | None:
    """The grants of the fund that are shown only in sums, as one entry dated to `day`.

    None where they are fewer than `FEWEST`: then they stand in no file at all. One posting a type
    and sign, in dollars; no months, since in a small fund a month is one grant.
    """
    grants = fund.grants.filter(publish_level=Grant.Publish.AGGREGATE).exclude(state__in=NEVER)
    number = grants.count()
    if number < FEWEST:
        return None
    day = day or periods.now().date()
    sums: dict[tuple[str, int], Decimal] = {}
    for refs in _refs_of(grants):
        for grant in _related(Grant.objects.filter(ref__in=refs)):
            for one in _postings(grant, grant.entries.all(), False):
                key = (one.type, 1 if one.usd > 0 else -1)
                sums[key] = sums.get(key, Decimal(0)) + one.usd
    code = f"{fund.code}-SUM"
    texts = both(
        f"{fund.name_en or fund.code}: grants shown only in sums ({number})",
        f"{fund.name_ar or fund.code}: منح تُعرض مجاميعها فقط ({number})",
    )
    return PublicGrant(
        ref=code,
        level=Grant.Publish.AGGREGATE,
        fund=fund.code,
        fund_names=both(fund.name_en, fund.name_ar),
        donor_ref=_clean(fund.donor_ref),
        titles=texts,
        descriptions=tuple(("1", *one) for one in texts),
        status="2" if fund.closed_at is None else "4",
        modified=periods.now(),
        # 43010 is the code for aid to many sectors.
        sector="43010",
        sector_names=both("Many sectors", "قطاعات متعددة"),
        planned_start=fund.start,
        planned_end=fund.end,
        postings=tuple(
            Posting(f"{code}-{type}{'+' if sign > 0 else '-'}", type, day, usd, "USD", day, usd)
            for (type, sign), usd in sorted(sums.items())
        ),
        is_sum=True,
    )


def _refs_of(grants: Any) -> Iterator[list[str]]:
    last = ""
    in_order = grants.order_by("ref").values_list("ref", flat=True)
    while True:
        refs = list(in_order.filter(ref__gt=last)[:CHUNK])
        if not refs:
            return
        yield refs
        last = refs[-1]
