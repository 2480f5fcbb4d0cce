"""The made-up office at work: every step by who may take it, on a day of the past.

Nothing here writes a row: each method is one verb of `grants.services` with its papers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from ceasefire import periods
from ceasefire.people.models import User
from ceasefire.places.models import Place
from grants.demo import papers, vetting, words
from grants.demo.clock import Clock
from grants.models import (
    DocumentType,
    Fund,
    Grant,
    Officer,
    Organisation,
    PaymentRequest,
    Tranche,
)
from grants.services import (
    anomalies,
    completeness,
    funds,
    ledger,
    machine,
    monitoring,
    payments,
    proposals,
    risks,
    uploads,
)

#: What the office builds or buys itself goes straight to whoever sells it.
PROCURED = ("GRANT_IN_KIND", "DIRECT_PROCUREMENT", "MICRO_PURCHASE")
#: Where owners agree and the ground is looked at first.
WORKS = ("park", "playground", "sports", "youth_centre", "women_centre", "lighting", "school",
         "water")  # fmt: skip
#: Who else makes an offer, in the order in which they are asked.
VENDORS = ("brick", "lamp", "pump", "green")


def matched(payment: PaymentRequest) -> dict[int, Decimal]:
    """An invoice on the lines of its budget: dollars on the first that are not used up, dinars on
    each by its share of the budget. What is left over goes on the last line."""
    lines = list(payment.grant.budget_lines.filter(own=False))
    whole, left = sum(one.amount_usd for one in lines), payment.amount
    used = anomalies.budget_used(payment.grant) if payment.currency == "USD" else {}
    found: dict[int, Decimal] = {}
    for line in lines[:-1]:
        if payment.currency == "USD":
            share = min(left, max(line.amount_usd - used.get(line.pk, Decimal(0)), Decimal(0)))
        else:
            share = (payment.amount * line.amount_usd / whole).quantize(Decimal("0.001"))
        found[line.number], left = share, left - share
    found[lines[-1].number] = left
    return {number: value for number, value in found.items() if value}


class Office:
    """Who works here, what they work on, and the moment of the load."""

    def __init__(self, people: dict[str, User], now: datetime, clock: Clock | None = None) -> None:
        self.now = now
        self.clock = clock or Clock()
        self.people = people
        self.requester = people["reo.requester"]
        self.reviewer = self.vetting = self.monitor = self.closeout = people["reo.reviewer"]
        self.approver, self.lead = people["reo.approver"], people["reo.approver2"]
        self.officer = people["reo.officer"]
        self.certifier, self.payer = people["reo.certifier"], people["reo.payer"]
        self.auditor = people["auditor"]
        self.funds: dict[str, Fund] = {}
        self.organisations: dict[str, Organisation] = {}
        self.rates: list[Any] = []
        self.places = {
            one.pcode: one
            for one in Place.objects.filter(
                governorate__pcode="IQG02", level=Place.Level.DISTRICT
            ).defer("geometry")
        }

    def day(self, days_ago: int) -> date:
        return self.now.date() - timedelta(days=days_ago)

    def go_to(self, day: date) -> None:
        """What is done from here on was done on that day, from nine on."""
        self.clock.set(datetime.combine(day, time(9), periods.BAGHDAD))

    def who(self, user: User) -> Officer:
        return Officer.objects.get(pk=user.pk)


class Walk:
    """One grant on its way. The clock goes forward by the days that each step is given."""

    def __init__(self, office: Office, plan: words.Plan) -> None:
        self.office, self.plan = office, plan
        self.clock = office.now - timedelta(days=plan.began)
        self.steps = 0
        self.number = 0
        self.grant: Grant
        office.clock.set(self.clock)

    # --- time -------------------------------------------------------------------------------

    def later(self, days: int) -> datetime:
        """So many days on, in the hours of an office; never ahead of the load."""
        self.clock += timedelta(days=days)
        self.steps += 1
        moment = self.office.now
        if self.clock.date() != self.office.now.date():
            day = self.clock.replace(hour=9, minute=0, second=0, microsecond=0)
            moment = min(day + timedelta(minutes=7 * self.steps), self.office.now)
        self.office.clock.set(moment)
        return moment

    @property
    def today(self) -> date:
        return self.clock.date()

    def fresh(self) -> Grant:
        self.grant = Grant.objects.select_related("fund").get(pk=self.grant.pk)
        return self.grant

    # --- papers -----------------------------------------------------------------------------

    def paper(self, kind: str, by: User, *, supersedes: Any = None, language: str = "ar") -> Any:
        """A paper of this grant with bytes of its own."""
        self.number += 1
        title = f"{DocumentType(kind).value.replace('_', ' ')} {self.number}"
        lines = (words.LABEL_EN, f"{self.grant.ref}: {title}", self.plan.title_en, str(self.today))
        is_photo = kind == "photo"
        data = papers.photo(" ".join(lines)) if is_photo else papers.page(*lines)
        return uploads.file_whole(
            self.grant,
            name="paper.jpg" if is_photo else "paper.pdf",
            chunks=[data],
            size=len(data),
            type=kind,
            language="none" if is_photo else language,
            dated=self.today,
            supersedes=supersedes,
            by=by,
        )

    # --- up to the award --------------------------------------------------------------------

    def draft(self, *, whole: bool = True) -> Walk:
        plan, office = self.plan, self.office
        facts: dict[str, Any] = {}
        if plan.site_en:
            facts["site_name"] = plan.site_en
        if plan.lat:
            facts |= {"lat": Decimal(plan.lat), "lon": Decimal(plan.lon)}
        if plan.implementer:
            facts["implementer"] = office.organisations[plan.implementer]
        if plan.proposed_by:
            facts |= {
                "program_site": "BASRAH-CENTRE",
                "program_code_name": plan.proposed_by,
                "endorsed_on": self.today,
            }
        self.grant = proposals.draft(
            fund=office.funds[plan.fund],
            by=office.requester,
            at=self.later(0),
            award_type=plan.award_type,
            kind=plan.kind,
            sector=plan.sector,
            title_en=plan.title_en,
            title_ar=plan.title_ar,
            purpose=f"{words.LABEL_EN} {words.PURPOSE}\n{words.LABEL_AR} {words.PURPOSE_AR}",
            rationale=words.RATIONALE,
            sustainment=words.SUSTAINMENT,
            district=office.places[plan.district],
            grantee=office.organisations[plan.grantee],
            requested_usd=plan.asks,
            own_contribution_usd=Decimal(plan.asks) / 10,
            planned_start=self.today + timedelta(days=30),
            planned_end=self.today + timedelta(days=120),
            capture_risk=plan.capture_risk,
            **facts,
        )
        by = office.requester
        if not whole:
            self.paper("proposal", by)
            return self
        proposals.set_budget(self.grant, self._lines(), by=by)
        proposals.set_indicators(
            self.grant,
            [
                proposals.Measure(level, title, Decimal(low), Decimal(high), unit)
                for level, title, unit, low, high, _end in words.MEASURES
            ],
            by=by,
        )
        proposals.set_beneficiaries(
            self.grant, {("m", "18-24"): 60, ("f", "18-24"): 45, ("m", "12-17"): 40}, by=by
        )
        for kind in ("proposal", "budget"):
            self.paper(kind, by)
        if plan.kind in WORKS:
            for kind in ("owner_consent", "environment"):
                self.paper(kind, by)
        if plan.award_type in PROCURED:
            self._quotes()
        return self

    def _lines(self) -> list[proposals.Line]:
        asks, made, left = Decimal(self.plan.asks), [], Decimal(self.plan.asks)
        for title, unit, quantity, share in words.LINES.get(self.plan.kind, words.OTHER_LINES):
            cost = (asks * share / 100 / quantity).quantize(Decimal("0.01"))
            made.append(proposals.Line(title, Decimal(quantity), cost, unit))
            left -= cost * quantity
        made.append(proposals.Line("Transport / نقل", Decimal(1), left, "lot"))
        made.append(proposals.Line("Volunteers / متطوعون", Decimal(1), asks / 10, "lot", own=True))
        return made

    def _quotes(self) -> None:
        """One offer up to the ceiling of micro-purchases; above it three, and their comparison."""
        office, plan = self.office, self.plan
        chosen = plan.implementer or VENDORS[0]
        asked = [chosen, *(one for one in VENDORS if one != chosen)][: 3 if plan.asks > 5000 else 1]
        self.paper("quote", office.requester)
        for place, key in enumerate(asked):
            proposals.add_quote(
                self.grant,
                vendor=office.organisations[key],
                amount_usd=plan.asks + 350 * place,
                quoted_on=self.today,
                chosen=key == chosen,
                by=office.requester,
            )
        if len(asked) > 1:
            self.paper("comparison", office.requester)

    def submit(self, days: int = 3) -> Walk:
        self.grant = machine.submit(self.grant, by=self.office.requester, at=self.later(days))
        return self

    def review(self, days: int = 4) -> Walk:
        at = self.later(days)
        for kind in ("review_sheet", "risk_sheet"):
            self.paper(kind, self.office.reviewer, language="en")
        office, level = self.office, self.plan.risk
        risks.set_risks(
            self.grant,
            [
                risks.Line(one, *words.RISKS[one], owner=office.who(office.officer))
                for one in dict.fromkeys(("low", level))
            ],
            by=office.reviewer,
        )
        self.grant = machine.review(self.grant, risk=level, by=office.reviewer, at=at)
        return self

    def clear(self, days: int = 3) -> Walk:
        at = self.later(days)
        vetting.screen_where_needed(self.grant, by=self.office.vetting, at=at)
        self.paper("screening", self.office.vetting, language="en")
        self.grant = machine.clear(self.grant, by=self.office.vetting, at=at)
        return self

    def approve(self, days: int = 5) -> Walk:
        """By the level that the sum asks for: the officer's up to 5,000, the lead's above."""
        asks = funds.routed_usd(self.grant, self.grant.requested_usd)
        by = self.office.approver if asks <= 5000 else self.office.lead
        self.grant = machine.approve(self.grant, by=by, at=self.later(days))
        return self

    def award(self, days: int = 6) -> Walk:
        office, at = self.office, self.later(days)
        for kind in ("award_letter", "monitoring_plan", "report_plan"):
            self.paper(kind, office.officer, language="both")
        whole = self.grant.approved_usd
        parts, left = [], whole
        for place, share in enumerate(self.plan.tranches):
            sum_usd = (whole * share / 100).quantize(Decimal("0.01"))
            last = place == len(self.plan.tranches) - 1
            parts.append(
                proposals.Part(
                    left if last else sum_usd,
                    self.today + timedelta(days=8 + 40 * place),
                    needs_report=place > 0 and last,
                    needs_visit=place > 0,
                )
            )
            left -= sum_usd
        proposals.plan_tranches(self.grant, parts, by=office.officer)
        if len(parts) > 1:
            self._plan_report("narrative", 45)
        self._plan_report("final", 100)
        self.grant = machine.award(self.grant, by=office.officer, at=at)
        return self

    def _plan_report(self, kind: str, days: int) -> None:
        due = self.today + timedelta(days=days)
        monitoring.plan_report(self.grant, kind=kind, due_on=due, by=self.office.officer)

    # --- while it runs ----------------------------------------------------------------------

    def tranche(self, number: int) -> Tranche:
        return self.grant.tranches.get(number=number)

    def ask(self, number: int, amount: Any = None, **facts: Any) -> PaymentRequest:
        """Ask for a tranche, all of it by default, to whoever is to get it."""
        tranche = self.tranche(number)
        procured = self.plan.award_type in PROCURED and self.grant.implementer is not None
        bank = self.grant.grantee is not None and self.grant.grantee.has_bank_account
        facts = {
            "currency": "USD",
            "method": "VENDOR_DIRECT" if procured else "EFT" if bank else "CASH",
            "payee": self.grant.implementer if procured else self.grant.grantee,
            "voucher_no": f"{self.grant.ref[4:]}/{self.steps:02}-{number}",
            "invoiced_on": self.today,
            **facts,
        }
        value = tranche.planned_usd if amount is None else amount
        return payments.ask(tranche, amount=value, by=self.office.requester, **facts)

    def certify(self, payment: PaymentRequest, days: int = 1) -> PaymentRequest:
        return payments.certify(
            payment,
            lines=matched(payment),
            reason=words.LOOKED,
            by=self.office.certifier,
            at=self.later(days),
        )

    def pay(
        self,
        number: int,
        days: int = 8,
        *,
        amount: Any = None,
        rate: Any = None,
        asked: Callable[[PaymentRequest], None] | None = None,
        **facts: Any,
    ) -> Walk:
        """Ask, certify and pay a tranche; `asked`: what is done before it is certified."""
        office = self.office
        self.later(days - 2)
        payment = self.ask(number, amount, **facts)
        if asked is not None:
            asked(payment)
        payment = self.certify(payment)
        at = self.later(1)
        proof = self.paper("receipt", office.payer)
        witness = office.who(office.officer) if payment.method == "CASH" else None
        payments.pay(payment, proof=proof, by=office.payer, rate=rate, witness=witness, at=at)
        self.fresh()
        return self

    def account(self, number: int, days: int = 25, *, share: int = 100) -> Walk:
        """Receipts for a tranche, in percent of what was paid on it, and what it was used for."""
        office, tranche = self.office, self.tranche(number)
        self.later(days)
        value = (tranche.paid_usd * share / 100).quantize(Decimal("0.01"))
        ledger.verify_expense(
            self.grant, tranche=tranche, amount=value, on=self.today, by=office.certifier
        )
        self.paper("evidence", office.requester)
        self.fresh()
        return self

    def visit(self, days: int = 2, kind: str = "routine", **facts: Any) -> Any:
        office = self.office
        self.later(days)
        report = self.paper("visit_report", office.monitor) if kind == "routine" else None
        made = monitoring.record_visit(
            self.grant,
            kind=kind,
            visited_on=self.today,
            seen=f"{words.LABEL_EN} Work goes on as planned; people of both streets were there.",
            report=report,
            by=office.monitor,
            **facts,
        )
        if kind in ("routine", "completion"):
            monitoring.link_paper(made, self.paper("photo", office.monitor), by=office.monitor)
        return made

    def report(self, kind: str, days: int = 2) -> Walk:
        """The report that is due next is received and accepted."""
        office = self.office
        self.later(days)
        due = self.grant.reports.filter(kind=kind, accepted_at__isnull=True).first()
        document = self.paper("narrative_report", office.officer)
        monitoring.receive_report(due, received_on=self.today, document=document, by=office.officer)
        monitoring.accept_report(due, by=office.officer)
        return self

    def measure(self, days: int = 0, share: int = 100) -> Walk:
        self.later(days)
        values = [row[5] for row in words.MEASURES]
        for indicator, value in zip(self.grant.indicators.all(), values, strict=True):
            monitoring.record_value(
                indicator,
                as_of=self.today,
                value=Decimal(value * share // 100),
                by=self.office.monitor,
            )
        return self

    def run(self, *, upto: int | None = None) -> Walk:
        """Pay and account for the tranches one after the other, as their gates ask."""
        for number in range(1, (upto or len(self.plan.tranches)) + 1):
            if number > 1:
                self.visit()
                if self.tranche(number).needs_report:
                    self.report("narrative")
            self.pay(number)
            self.account(number)
        return self

    def complete(self, days: int = 10) -> Walk:
        self.visit(days, kind="completion")
        self.measure()
        self.grant = machine.complete(
            self.grant, actual_end=self.today, by=self.office.monitor, at=self.later(1)
        )
        return self

    # --- closing ----------------------------------------------------------------------------

    def start_closing(self, days: int = 20) -> Walk:
        if self.grant.state == "COMPLETED":
            self.report("final", days - 1)
        self.grant = machine.start_closing(self.grant, by=self.office.officer, at=self.later(1))
        return self

    def close(self, days: int = 25) -> Walk:
        office, at = self.office, self.later(days)
        for kind in completeness.missing_types(self.grant):
            self.paper(kind, office.closeout, language="both")
        left = self.fresh().unliquidated_usd
        if left:
            ledger.deobligate(
                self.grant,
                amount_usd=left,
                reason="not used / لم يُصرف",
                on=self.today,
                by=office.closeout,
            )
        self.grant = machine.close(self.grant, by=office.closeout, at=at)
        return self

    def upto(self, state: str) -> Walk:
        """Draft it and bring it along the straight way to a state before the first payment."""
        self.draft()
        for name, step in (
            ("SUBMITTED", self.submit),
            ("VETTING", self.review),
            ("PENDING_APPROVAL", self.clear),
            ("APPROVED", self.approve),
            ("AWARDED", self.award),
        ):
            if self.grant.state == state:
                break
            step()
            assert self.grant.state == name
        return self
