"""What each step lacks: papers, amounts, decisions. The verbs refuse by the same lists."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from grants.exceptions import NoRuleForThis
from grants.models import (
    Amendment,
    AuthorityRule,
    AwardType,
    Decision,
    DocumentType,
    Grant,
    Indicator,
    IndicatorValue,
    MonitoringVisit,
    Officer,
    Organisation,
    ProjectKind,
    Quote,
    Report,
    Risk,
    State,
    Tranche,
)
from grants.services import completeness, documents, funds, reading

#: Building on somebody's land asks for the owner's consent and a look at what it does around it.
WORKS = {
    ProjectKind.PARK,
    ProjectKind.PLAYGROUND,
    ProjectKind.SPORTS,
    ProjectKind.YOUTH_CENTRE,
    ProjectKind.WOMEN_CENTRE,
    ProjectKind.LIGHTING,
    ProjectKind.SCHOOL,
    ProjectKind.WATER,
}
#: Awards by which the office itself buys: vendors are compared.
PROCURED = {
    AwardType.MICRO_PURCHASE,
    AwardType.DIRECT_PROCUREMENT,
    AwardType.GRANT_IN_KIND,
}
QUOTES_ABOVE_MICRO = 3

#: What a code of `Missing` says, for readers.
WORDS: dict[str, Any] = {
    "budget_sum": _("The budget lines sum to what is asked for"),
    "grantee": _("A grantee"),
    "purpose": _("Need and purpose"),
    "sustainment": _("Who keeps it going afterwards"),
    "output": _("An output indicator with a baseline"),
    "outcome": _("An outcome indicator with a baseline"),
    "quotes": _("Quotes, with one of them chosen"),
    "comparison": _("A comparison of quotes, or a sole-source memo"),
    "risk": _("The level of risk"),
    "risks": _("The risk sheet line by line, its gravest risk at the grant's level"),
    "owed": _("What the termination claims back"),
    "clearance": _("A clearance that holds"),
    "screening": _("Name screening, finished for everybody"),
    "screening_rule": _("A rule that says which lists are asked"),
    "lists_stale": _("Name screening against lists that are new enough"),
    "decisions": _("Decisions that the rules ask for"),
    "rule": _("A rule for such a sum"),
    "tranches": _("Tranches that sum to what was approved"),
    "reports_planned": _("A report that is due"),
    "fund_balance": _("Enough money in the fund"),
    "payment": _("A payment that is certified"),
    "obligated": _("Money of the fund that is obligated and not paid"),
    "earlier_tranche": _("The tranche before this one, paid in full"),
    "accounted": _("Receipts for the advances before"),
    "report_accepted": _("An accepted report since the last payment"),
    "visit": _("A visit since the last payment"),
    "visit_overdue": _("The planned visit that is overdue"),
    "evidence": _("Evidence of what the last tranche was used for"),
    "actual_end": _("The day on which the work ended"),
    "visit_photo": _("A photo that belongs to that visit"),
    "completion_visit": _("A completion visit"),
    "indicator_values": _("A value of every indicator"),
    "final_report": _("An accepted final report"),
    "findings": _("Every finding closed"),
    "unliquidated": _("Nothing obligated and unpaid"),
    "unaccounted": _("Receipts for all that was paid"),
    "approver_support": _("An approver who agrees"),
    "auditor_asks": _("The auditor's request"),
    "open_payments": _("No payment left half done"),
    "open_amendment": _("No amendment left half done"),
}


@dataclass(frozen=True)
class Missing:
    """One thing that a step lacks: a code, and for papers the type of the paper."""

    code: str
    document: str = ""
    detail: str = ""

    @property
    def words(self) -> str:
        """In the reader's language."""
        if self.code == "document":
            return str(DocumentType(self.document).label)
        return str(WORDS.get(self.code, self.code))


@dataclass(frozen=True)
class NextStep:
    """Where a grant goes next, who it waits for, since when, and what is missing until then."""

    number: int
    to_state: str
    duties: tuple[str, ...]
    since: datetime
    missing: tuple[Missing, ...]
    #: Who may take it: holds the duty and had no part that excludes it.
    officers: tuple[Officer, ...] = field(default=())

    @property
    def is_ready(self) -> bool:
        return not self.missing


#: What name screening asks for before a clearance; each gives what it lacks.
SCREENING: list[Callable[[Grant, date], list[Missing]]] = []


def _papers(grant: Grant, *types: str) -> list[Missing]:
    """Papers that are neither on file nor put off (`deferrals`)."""
    there = documents.types_to_go_on(grant, periods.now().date())
    return [Missing("document", document=one) for one in types if one not in there]


def _papers_since(grant: Grant, since: datetime | None, *types: str) -> list[Missing]:
    """Papers of which none that stands was filed since a moment."""
    return [
        Missing("document", document=one)
        for one in types
        if not documents.is_on_file(grant, one, since)
    ]


def _visits(grant: Grant) -> list[Any]:
    """Its visits, each with `has_photo`."""
    if reading.has(grant, "visits"):
        return list(grant.visits.all())
    return list(grant.visits.with_photos())


def _today(at: datetime | None) -> date:
    return periods.local_day(at) if at is not None else periods.now().date()


def for_submission(grant: Grant, day: date) -> list[Missing]:
    """Proposal: form, budget = requested, quotes by rule, indicators, consent where works are."""
    lacks = _papers(grant, DocumentType.PROPOSAL, DocumentType.BUDGET)
    if grant.kind in WORKS:
        lacks += _papers(grant, DocumentType.OWNER_CONSENT, DocumentType.ENVIRONMENT)
    for name in ("purpose", "sustainment"):
        if not getattr(grant, name).strip():
            lacks.append(Missing(name))
    if grant.grantee_id is None:
        lacks.append(Missing("grantee"))
    lines = [one.amount_usd for one in grant.budget_lines.all() if not one.own]
    if not lines or sum(lines) != grant.requested_usd:
        lacks.append(Missing("budget_sum"))
    levels = {one.level for one in grant.indicators.all()}
    lacks += [Missing(level) for level in Indicator.Level.values if level not in levels]
    if grant.award_type in PROCURED:
        lacks += _quotes(grant, day)
    return lacks


def _quotes(grant: Grant, day: date) -> list[Missing]:
    """One quote up to the micro ceiling; above it three and a comparison, or a sole-source memo."""
    quotes = list(grant.quotes.all())
    there = documents.types_to_go_on(grant, periods.now().date())
    needed = 1
    lacks = []
    micro = reading.rules(grant, AwardType.MICRO_PURCHASE, day)
    if grant.requested_usd > max((one.max_amount_usd for one in micro), default=Decimal(0)):
        sole = DocumentType.SOLE_SOURCE in there
        needed = 1 if sole else QUOTES_ABOVE_MICRO
        if not sole and DocumentType.COMPARISON not in there:
            lacks.append(Missing("comparison"))
    if len(quotes) < needed or not any(quote.chosen for quote in quotes):
        lacks.append(Missing("quotes", detail=str(needed)))
    return lacks


def for_vetting(grant: Grant, day: date) -> list[Missing]:
    """Review sheet and risk sheet, and a level of risk, which is that of the sheet."""
    lacks = _papers(grant, DocumentType.REVIEW_SHEET, DocumentType.RISK_SHEET)
    return [*lacks, *(risks(grant) if grant.risk else [Missing("risk")])]


def gravest(grant: Grant) -> str:
    """The level of the gravest line of the risk sheet; low where none is written down."""
    return gravest_of(grant.risks.all())


def gravest_of(lines: Iterable[Risk]) -> str:
    """The level of the gravest of some lines, as the database's `grants_gravest` says it."""
    there = {one.level for one in lines}
    return next((level for level in ("high", "medium") if level in there), "low")


def risks(grant: Grant) -> list[Missing]:
    """A grant of medium or high risk says of what, what is done about it and who sees to it (C9).

    That each such line says so is a constraint of `Risk`.
    """
    return [] if grant.risk == gravest(grant) else [Missing("risks")]


def for_clearance(grant: Grant, day: date) -> list[Missing]:
    """What screening asks for before a vetting officer may clear."""
    return _papers(grant, DocumentType.SCREENING) + screening(grant, day)


def screening(grant: Grant, day: date) -> list[Missing]:
    """What name screening lacks on a day, without a word of whom and what it found."""

    def asked() -> list[Missing]:
        return [one for ask in SCREENING for one in ask(grant, day)]

    return list(reading.once(grant, ("screening", day), asked))


def for_approval(grant: Grant, day: date) -> list[Missing]:
    """Decisions of every level that the rules of the day ask for, at the sum as it stands."""
    lacks = before_approval(grant, day)
    try:
        levels = _levels_left(grant, day)
    except NoRuleForThis:
        return [*lacks, Missing("rule")]
    return lacks + [Missing("decisions", detail=f"{role}:{left}") for role, left in levels]


def before_approval(grant: Grant, day: date) -> list[Missing]:
    """What an approver waits for, whatever the rules ask: a clearance, and the risk sheet."""
    return ([] if cleared(grant, day) else [Missing("clearance")]) + risks(grant)


def next_level(grant: Grant, day: date) -> str:
    """The level that speaks next of a grant that waits for approval; empty where no rule holds."""
    try:
        levels = _levels_left(grant, day)
    except NoRuleForThis:
        return ""
    return levels[0][0] if levels else ""


def _levels_left(grant: Grant, day: date) -> list[tuple[str, int]]:
    """The levels that have not spoken in full, in their order, and how many words each lacks."""
    said = approvals(grant)
    amount = max((one.amount_usd for one in said), default=grant.requested_usd)
    left = []
    for rule in reading.rules_for(grant, reading.routed_usd(grant, amount), day):
        there = len({one.actor_id for one in said if one.authority == rule.role})
        if there < rule.quorum:
            left.append((str(rule.role), rule.quorum - there))
    return left


def next_levels(grants: Iterable[Grant], day: date) -> dict[Any, str]:
    """Of grants that wait for approval the level that speaks next; absent where no rule holds.

    Asks the database three times, however many grants there are.
    """
    waiting = {one.pk: one for one in grants}
    said = Decision.objects.filter(
        grant__in=waiting, amendment__isnull=True, round=F("grant__round")
    )
    return _next_levels(
        [(one.pk, one, one.requested_usd) for one in waiting.values()], said, "grant_id", day
    )


def next_amendment_levels(amendments: Iterable[Amendment], day: date) -> dict[Any, str]:
    """The same of amendments, each with its grant, at the new sum of the whole award."""
    waiting = {one.pk: one for one in amendments}
    said = Decision.objects.filter(amendment__in=waiting)
    return _next_levels(
        [(one.pk, one.grant, one.new_usd) for one in waiting.values()], said, "amendment_id", day
    )


def _next_levels(
    asked: list[tuple[Any, Grant, Decimal]], decisions: Any, by_key: str, day: date
) -> dict[Any, str]:
    """By key the first level of approval that is not whole; `asked`: key, grant, its sum."""
    said: dict[Any, list[Decision]] = {}
    for one in decisions.filter(step="approval", verdict="YES"):
        said.setdefault(getattr(one, by_key), []).append(one)
    rules: dict[tuple[Any, str], list[AuthorityRule]] = {}
    for rule in funds.rules_of_day({grant.fund_id for _key, grant, _sum in asked}, day):
        rules.setdefault((rule.fund_id, rule.award_type), []).append(rule)
    groups = funds.group_sums({grant.split_group for _key, grant, _sum in asked} - {None})
    found = {}
    for key, grant, amount in asked:
        mine = said.get(key, [])
        amount = max((one.amount_usd for one in mine), default=amount)
        if grant.split_group is not None:
            # The group's sum holds the grant's own request; its place is taken by the amount.
            amount += groups.get(grant.split_group, Decimal(0)) - grant.requested_usd
        for rule in rules.get((grant.fund_id, grant.award_type), []):
            there = {one.actor_id for one in mine if one.authority == rule.role}
            if rule.min_amount_usd <= amount <= rule.max_amount_usd and len(there) < rule.quorum:
                found[key] = str(rule.role)
                break
    return found


def approvals(grant: Grant, amendment: Any = None) -> list[Decision]:
    """The approvals of this round, or of an amendment."""
    rows = [one for one in decisions_of(grant) if (one.step, one.verdict) == ("approval", "YES")]
    if amendment is not None:
        return [one for one in rows if one.amendment_id == amendment.pk]
    return [one for one in rows if one.amendment_id is None and one.round == grant.round]


def decisions_of(grant: Grant) -> list[Decision]:
    """All decisions on a grant and its amendments, the oldest first."""
    return list(grant.decisions.all())


def cleared(grant: Grant, day: date, screened: list[Missing] | None = None) -> bool:
    """Whether the last clearance holds that day, for the organisations as they are named now.

    A later screening that waits for somebody, or found somebody, leaves none (`screened`: what
    `screening` said already). How old the lists are is asked when money is paid.
    """
    last = next((one for one in reversed(decisions_of(grant)) if one.step == "vetting"), None)
    if last is None or last.verdict != "YES" or last.valid_to is None or last.valid_to < day:
        return False
    if not all(
        last.subjects.get(str(one.pk)) == one.version and one.status == "ACTIVE"
        for one in subjects(grant)
    ):
        return False
    lacks = screening(grant, day) if screened is None else screened
    return not any(one.code == "screening" for one in lacks)


def subjects(grant: Grant, *together: Any) -> list[Any]:
    """The organisations that a clearance is about: grantee, implementer and the chosen vendor.

    As they are now; `together` says what is read with them.
    """
    if reading.has(grant, "quotes") and not together:
        named = [one.vendor for one in grant.quotes.all() if one.chosen]
        known = {one.pk: one for one in (grant.grantee, grant.implementer, *named) if one}
        return sorted(known.values(), key=lambda one: one.code)
    keys = {grant.grantee_id, grant.implementer_id} - {None}
    chosen = Quote.objects.filter(grant=grant, chosen=True).values("vendor")
    rows = Organisation.objects.filter(Q(pk__in=keys) | Q(pk__in=chosen))
    return list(rows.prefetch_related(*together).order_by("code"))


def for_award(grant: Grant, day: date) -> list[Missing]:
    """Signed letter, tranches = approved, report and monitoring plan, money in the fund."""
    lacks = _papers(
        grant,
        DocumentType.AWARD_LETTER,
        DocumentType.MONITORING_PLAN,
        DocumentType.REPORT_PLAN,
    )
    planned = [one.planned_usd for one in grant.tranches.all()]
    if not planned or sum(planned) != grant.approved_usd:
        lacks.append(Missing("tranches"))
    if not grant.reports.all():
        lacks.append(Missing("reports_planned"))
    if grant.approved_usd > grant.fund.left_usd:
        lacks.append(Missing("fund_balance"))
    if not cleared(grant, day):
        lacks.append(Missing("clearance"))
    return lacks + risks(grant)


def for_tranche(grant: Grant, tranche: Tranche, day: date) -> list[Missing]:
    """The gate of a tranche: what came before is paid, accounted for, reported on and visited.

    A planned visit that is overdue holds every tranche back (control C3).
    """
    screened = screening(grant, day)
    lacks = [] if cleared(grant, day, screened) else [Missing("clearance")]
    lacks += screened
    # What an amendment cut down to nothing goes before nobody.
    earlier = [
        one for one in grant.tranches.all() if one.number < tranche.number and one.planned_usd
    ]
    if any(one.paid_usd < one.planned_usd for one in earlier):
        lacks.append(Missing("earlier_tranche"))
    advanced = sum((one.paid_usd for one in earlier), Decimal(0))
    out = unaccounted(grant)
    if sum(out[one.pk] for one in earlier) * 100 > advanced * (100 - grant.fund.accounted_pct):
        lacks.append(Missing("accounted", detail=str(grant.fund.accounted_pct)))
    keys = {one.pk for one in earlier}
    paid = [
        one
        for one in (grant.payments.all() if earlier else ())
        if one.state == "PAID" and one.tranche_id in keys
    ]
    since = max((one.paid_on for one in paid if one.paid_on), default=grant.awarded_on)
    paid_at = max((one.paid_at for one in paid if one.paid_at), default=None)
    assert since is not None
    if tranche.needs_report and not any(
        one.accepted_at is not None and one.received_on is not None and one.received_on >= since
        for one in grant.reports.all()
    ):
        lacks.append(Missing("report_accepted"))
    if tranche.needs_visit:
        there = [one for one in _visits(grant) if one.visited_on >= since]
        if not there:
            lacks.append(Missing("visit"))
        elif not any(one.has_photo for one in there):
            lacks.append(Missing("visit_photo"))
    if any(one.is_overdue(day) for one in grant.planned_visits.all()):
        lacks.append(Missing("visit_overdue"))
    # What was shown for a tranche before that one says nothing of it.
    if earlier and not documents.is_on_file(grant, DocumentType.EVIDENCE, paid_at):
        lacks.append(Missing("evidence"))
    return lacks


def unaccounted(grant: Grant) -> dict[Any, Decimal]:
    """Of each tranche, by its key, what is out: paid, and neither receipts for it nor given back.

    US dollars. What came back, receipts of no tranche, and those beyond what their tranche was paid
    go to the oldest advance; together it is `Grant.unaccounted_usd`. `grants_gate` and R10 say the
    same.
    """
    tranches = sorted(grant.tranches.all(), key=lambda one: one.number)
    out = {one.pk: max(one.paid_usd - one.accounted_usd, Decimal(0)) for one in tranches}
    credit = sum(out.values(), Decimal(0)) - grant.unaccounted_usd
    for key, open_usd in out.items():
        taken = min(open_usd, credit)
        out[key], credit = open_usd - taken, credit - taken
    return out


def next_tranche(grant: Grant) -> Tranche | None:
    """The first tranche that is not paid in full."""
    return next((one for one in grant.tranches.all() if one.paid_usd < one.planned_usd), None)


def for_first_payment(grant: Grant, day: date) -> list[Missing]:
    """A certified payment on the next tranche, whose gate is open, and money to pay it from."""
    tranche = next_tranche(grant)
    lacks = for_tranche(grant, tranche, day) if tranche is not None else []
    if tranche is not None and grant.unliquidated_usd <= 0:
        lacks.append(Missing("obligated"))
    if not any(one.state == "CERTIFIED" for one in grant.payments.all()):
        lacks.append(Missing("payment"))
    return lacks


def for_completion(grant: Grant, day: date) -> list[Missing]:
    """Completion visit with its photo (C6), actual end, a value of every indicator."""
    lacks = []
    there = [one for one in _visits(grant) if one.kind == MonitoringVisit.Kind.COMPLETION]
    if not there:
        lacks.append(Missing("completion_visit"))
    elif not any(one.has_photo for one in there):
        lacks.append(Missing("visit_photo"))
    if grant.actual_end is None:
        lacks.append(Missing("actual_end"))
    measured = set(
        IndicatorValue.objects.filter(indicator__grant=grant)
        .order_by()
        .values_list("indicator_id", flat=True)
    )
    if {one.pk for one in grant.indicators.all()} - measured:
        lacks.append(Missing("indicator_values"))
    return lacks


def for_reinstatement(grant: Grant, day: date) -> list[Missing]:
    """Findings closed, a memo on this stop, and an approver who agrees."""
    lacks = _papers_since(grant, grant.state_since, DocumentType.MEMO)
    if any(one.closed_at is None for one in grant.findings.all()):
        lacks.append(Missing("findings"))
    agreed = any(
        (one.round, one.step, one.role, one.verdict)
        == (grant.round, "reinstatement", "approver", "YES")
        for one in decisions_of(grant)
    )
    return lacks if agreed else [*lacks, Missing("approver_support")]


def for_closing(grant: Grant, day: date) -> list[Missing]:
    """The accepted final report; of a terminated grant none is waited for."""
    if grant.state != State.COMPLETED:
        return []
    final = any(
        one.kind == Report.Kind.FINAL and one.accepted_at is not None for one in grant.reports.all()
    )
    return [] if final else [Missing("final_report")]


def for_closeout(grant: Grant, day: date) -> list[Missing]:
    """Receipts reconciled, refund posted, the rest de-obligated, every finding closed, every paper
    that the grant has to have, those of the closeout and those that were put off among them."""
    lacks = [Missing("document", document=one) for one in completeness.missing_types(grant)]
    if any(one.closed_at is None for one in grant.findings.all()):
        lacks.append(Missing("findings"))
    if grant.unaccounted_usd > 0:
        lacks.append(Missing("unaccounted", detail=str(grant.unaccounted_usd)))
    if grant.unliquidated_usd != 0:
        lacks.append(Missing("unliquidated", detail=str(grant.unliquidated_usd)))
    owed = recovery(grant).owed_usd
    if owed > 0:
        lacks.append(Missing("owed", detail=str(owed)))
    if any(one.state in ("REQUESTED", "CERTIFIED") for one in grant.payments.all()):
        lacks.append(Missing("open_payments"))
    if any(one.state in ("OPEN", "VETTED", "APPROVED") for one in grant.amendments.all()):
        lacks.append(Missing("open_amendment"))
    return lacks


@dataclass(frozen=True)
class Recovery:
    """What a termination claimed back, and how much of it has not come back, in US dollars."""

    claimed_usd: Decimal = Decimal(0)
    owed_usd: Decimal = Decimal(0)

    @property
    def is_claimed(self) -> bool:
        return self.claimed_usd > 0


def recovery(grant: Grant) -> Recovery:
    """What a terminated grant owes back: claimed, less the refunds since then.

    Never more than is still out, so that a payment that was taken back is not owed. Asks the
    database only where something was claimed.
    """
    last = next((one for one in reversed(decisions_of(grant)) if one.step == "termination"), None)
    if last is None or not last.amount_usd:
        return Recovery()
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.grants_owed(%s)", [grant.pk])
        return Recovery(last.amount_usd, cursor.fetchone()[0])


def closeout_from(grant: Grant) -> date | None:
    """When the clock of the closeout began: with the last reopening, else the end of the work.

    Else with the day a termination broke it off; None while work goes on.
    """

    def went(state: str) -> date | None:
        moments = [one.at for one in grant.transitions.all() if one.to_state == state]
        return periods.local_day(max(moments)) if moments else None

    return went(State.REOPENED) or grant.actual_end or went(State.TERMINATED)


def closeout_due(grant: Grant) -> date | None:
    """By when a grant whose work is over is to be closed: the fund's days after `closeout_from`."""
    since = closeout_from(grant)
    return since + timedelta(days=grant.fund.closeout_days) if since is not None else None
