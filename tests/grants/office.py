"""An office to play with: the smallest that can run a grant, and a grant brought to any state."""

import hashlib
import itertools
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from ceasefire import periods
from ceasefire.database.session import acting
from ceasefire.people.roles import Duty, Role
from ceasefire.places.models import Place
from grants.demo import vetting as demo
from grants.models import Grant, Officer, Organisation, PaymentLine, ScreeningList
from grants.services import (
    amendments,
    documents,
    funds,
    ledger,
    lists,
    machine,
    monitoring,
    organisations,
    payments,
    proposals,
    rates,
)

_numbers = itertools.count(1)
#: A day well before today, on which the office's rules begin to hold.
BEGAN = date(2020, 1, 1)


def people(make_user: Any) -> SimpleNamespace:
    """Nobody shares a duty: one user a duty, and a second approver, certifier and payer."""
    made = {
        duty.value: make_user(Role.REO_STAFF, username=f"reo.{duty.value}", duties=[duty.value])
        for duty in Duty
    }
    for duty in ("requester", "approver", "certifier", "payer", "officer"):
        made[f"{duty}2"] = make_user(Role.REO_STAFF, username=f"reo.{duty}2", duties=[duty])
    made["auditor"] = make_user(Role.AUDITOR, username="reo.auditor")
    made["viewer"] = make_user(Role.REO_VIEWER, username="reo.viewer")
    return SimpleNamespace(**made)


def open_fund(office: Any, code: str = "QRF-FY26", ceiling: int = 1_000_000, **facts: Any) -> Any:
    """A fund with the ladder of the demonstration and both approvers on all levels."""
    with acting(office.officer):
        fund = funds.open_fund(
            code=code,
            ceiling_usd=ceiling,
            by=office.officer,
            name_en="Quick response",
            name_ar="الاستجابة السريعة",
            start=BEGAN,
            end=date(2035, 1, 1),
            **facts,
        )
        waiting = []
        for role, low, high in (
            ("OFFICER", 0, 5000),
            ("LEAD", "5000.01", 25000),
            ("PANEL", "25000.01", 200000),
        ):
            for kind in ("MICRO_PURCHASE", "GRANT_CASH", "GRANT_IN_KIND"):
                waiting.append(
                    funds.propose_rule(
                        fund,
                        award_type=kind,
                        role=role,
                        min_amount_usd=low,
                        max_amount_usd=high,
                        valid_from=BEGAN,
                        by=office.officer,
                    )
                )
        seats = [
            funds.propose_seat(
                fund,
                who=Officer.objects.get(pk=who.pk),
                role=role,
                valid_from=BEGAN,
                by=office.officer,
            )
            for who in {one.pk: one for one in (office.approver, office.approver2)}.values()
            for role in ("OFFICER", "LEAD", "PANEL")
        ]
    with acting(office.certifier):
        for rule in waiting:
            funds.confirm_rule(rule, by=office.certifier)
        for seat in seats:
            funds.confirm_seat(seat, by=office.certifier)
    ask_for_list(office, fund)
    return fund


def ask_for_list(office: Any, fund: Any, max_days: int = 365) -> Any:
    """The fund asks for the made-up list, which somebody uploaded a month ago, once."""
    with acting(office.vetting):
        rule = demo.ask_for_list(
            fund, entered_by=office.vetting, valid_from=BEGAN, max_days=max_days
        )
        if not ScreeningList.objects.filter(state="READY").exists():
            month_ago = periods.now() - timedelta(days=30)
            demo.upload_list(month_ago.date(), by=office.vetting, at=month_ago)
    with acting(office.certifier):
        return lists.confirm_rule(rule, by=office.certifier)


def screen(office: Any, grant: Any, **facts: Any) -> Any:
    """Screen everybody whom a clearance is about, and judge what is found."""
    with acting(office.vetting):
        return demo.screen_and_judge(grant, by=office.vetting, **facts)


def organisation(office: Any, name: str = "Basra Youth Association") -> Organisation:
    with acting(office.requester):
        return organisations.add_organisation(
            kind="NGO",
            district=Place.objects.get(pcode="IQG02Q02"),
            name_en=name,
            name_ar="جمعية شباب البصرة",
            by=office.requester,
        )


def paper(grant: Any, kind: str, by: Any) -> Any:
    """A paper with bytes of its own on file."""
    digest = hashlib.sha256(f"{kind} {next(_numbers)}".encode()).hexdigest()
    return documents.file_document(
        grant, type=kind, sha256=digest, size=10, mime="application/pdf", language="ar", by=by
    )


def draft(office: Any, fund: Any, asks: Any = 3000, **facts: Any) -> Grant:
    """A draft that lacks nothing to be submitted."""
    with acting(office.requester):
        if "grantee" not in facts:
            facts["grantee"] = organisation(office, f"Group {next(_numbers)}")
        facts = {
            "award_type": "GRANT_CASH",
            "kind": "culture",
            "sector": "15220",
            "title_en": "A week of games",
            "purpose": "Give young people a place",
            "sustainment": "The association keeps it",
            "district": Place.objects.get(pcode="IQG02Q02"),
            **facts,
        }
        grant = proposals.draft(fund=fund, by=office.requester, requested_usd=asks, **facts)
        proposals.set_budget(
            grant, [proposals.Line("All of it", Decimal(1), Decimal(asks))], by=office.requester
        )
        proposals.set_indicators(
            grant,
            [
                proposals.Measure("output", "Games", Decimal(0), Decimal(10)),
                proposals.Measure("outcome", "Who comes", Decimal(0), Decimal(100)),
            ],
            by=office.requester,
        )
        for kind in ("proposal", "budget"):
            paper(grant, kind, office.requester)
    return Grant.objects.get(pk=grant.pk)


#: state -> what brings a grant there from the state before.
WAY = ("DRAFT", "SUBMITTED", "VETTING", "PENDING_APPROVAL", "APPROVED", "AWARDED", "ACTIVE",
       "COMPLETED", "CLOSING", "CLOSED")  # fmt: skip


def move(office: Any, grant: Any, state: str, *, tranches: Any = None) -> Grant:
    """Bring a grant along the straight way to a state, each step by who may take it."""
    grant = Grant.objects.get(pk=grant.pk)
    while grant.state != state:
        grant = onward(office, grant, tranches)
    return grant


def onward(office: Any, grant: Grant, tranches: Any = None) -> Grant:
    """The next step of the straight way, with all that it asks for."""
    today = periods.now().date()
    if grant.state == "DRAFT":
        with acting(office.requester):
            machine.submit(grant, by=office.requester)
    elif grant.state == "SUBMITTED":
        with acting(office.reviewer):
            for kind in ("review_sheet", "risk_sheet"):
                paper(grant, kind, office.reviewer)
            machine.review(grant, risk="low", by=office.reviewer)
    elif grant.state == "VETTING":
        with acting(office.vetting):
            demo.screen_where_needed(grant, by=office.vetting)
            paper(grant, "screening", office.vetting)
            machine.clear(grant, by=office.vetting)
    elif grant.state == "PENDING_APPROVAL":
        with acting(office.approver):
            machine.approve(grant, by=office.approver)
    elif grant.state == "APPROVED":
        with acting(office.officer):
            for kind in ("award_letter", "monitoring_plan", "report_plan"):
                paper(grant, kind, office.officer)
            monitoring.plan_report(grant, kind="final", due_on=today, by=office.officer)
            parts = tranches or [grant.approved_usd]
            proposals.plan_tranches(
                grant, [proposals.Part(Decimal(one), today) for one in parts], by=office.officer
            )
            machine.award(grant, by=office.officer)
    elif grant.state == "AWARDED":
        for tranche in grant.tranches.all():
            pay(office, tranche, tranche.planned_usd)
            account(office, tranche, tranche.planned_usd)
            with acting(office.requester):
                paper(grant, "evidence", office.requester)
    elif grant.state == "ACTIVE":
        with acting(office.monitor):
            paper(grant, "visit_report", office.monitor)
            visited(office, grant, kind="completion")
            for indicator in grant.indicators.all():
                monitoring.record_value(indicator, as_of=today, value=Decimal(7), by=office.monitor)
            machine.complete(grant, actual_end=today, by=office.monitor)
    elif grant.state == "COMPLETED":
        with acting(office.officer):
            final = grant.reports.get(kind="final")
            narrative = paper(grant, "narrative_report", office.officer)
            monitoring.receive_report(
                final, received_on=today, document=narrative, by=office.officer
            )
            monitoring.accept_report(final, by=office.officer)
            machine.start_closing(grant, by=office.officer)
    elif grant.state == "CLOSING":
        with acting(office.closeout):
            for kind in ("reconciliation", "asset_handover", "closeout_memo", "financial_report"):
                paper(grant, kind, office.closeout)
            left = Grant.objects.get(pk=grant.pk).unliquidated_usd
            if left:
                ledger.deobligate(grant, amount_usd=left, reason="not used", by=office.closeout)
            machine.close(grant, by=office.closeout)
    else:
        raise AssertionError(f"No way on from {grant.state}.")
    return Grant.objects.get(pk=grant.pk)


def ask(office: Any, tranche: Any, amount: Any, **facts: Any) -> Any:
    facts = {
        "currency": "USD",
        "method": "EFT",
        "voucher_no": f"V-{next(_numbers)}",
        "payee": tranche.grant.grantee,
        "invoiced_on": periods.now().date(),
        **facts,
    }
    with acting(office.requester):
        return payments.ask(tranche, amount=amount, by=office.requester, **facts)


def certified(office: Any, tranche: Any, amount: Any, **facts: Any) -> Any:
    payment = ask(office, tranche, amount, **facts)
    with acting(office.certifier):
        return payments.certify(payment, reason="another receipt", by=office.certifier)


def match_raw(payment: Any, who: Any) -> None:
    """The whole of an invoice on the only line of its budget, straight into the table."""
    PaymentLine.objects.create(
        payment=payment,
        budget_line=payment.grant.budget_lines.get(own=False),
        amount=payment.amount,
        matched_by_id=who.pk,
    )


def pay_it(office: Any, payment: Any, **facts: Any) -> Any:
    with acting(office.payer):
        proof = paper(payment.grant, "receipt", office.payer)
        return payments.pay(payment, proof=proof, by=office.payer, **facts)


def pay(office: Any, tranche: Any, amount: Any, *, rate: Any = None, **facts: Any) -> Any:
    """Ask, certify and pay; the posting."""
    return pay_it(office, certified(office, tranche, amount, **facts), rate=rate)


def visited(office: Any, grant: Any, *, kind: str = "routine", photo: bool = True) -> Any:
    """Somebody was there today, and brought a photo back."""
    with acting(office.monitor):
        made = monitoring.record_visit(
            grant,
            kind=kind,
            visited_on=periods.now().date(),
            seen="It stands",
            by=office.monitor,
        )
        if photo:
            brought = paper(grant, "photo", office.monitor)
            monitoring.link_paper(made, brought, by=office.monitor)
    return made


def found(office: Any, grant: Any, text: str = "A receipt is false") -> Any:
    """The auditor writes a finding down."""
    with acting(office.auditor):
        return monitoring.raise_finding(
            grant,
            severity="low",
            text=text,
            due_on=periods.now().date(),
            owner=Officer.objects.get(pk=office.officer.pk),
            by=office.auditor,
        )


def mended(office: Any, grant: Any) -> None:
    """Every finding of a grant is closed."""
    for one in grant.findings.filter(closed_at__isnull=True):
        with acting(office.monitor):
            monitoring.close_finding(one, remedy="put right", by=office.monitor)


def account(office: Any, tranche: Any, amount: Any) -> Any:
    with acting(office.certifier):
        return ledger.verify_expense(
            tranche.grant, tranche=tranche, amount=amount, by=office.certifier
        )


def rate(office: Any, value: Any = "1310.5", *, day: Any = None, source: str = "CBI") -> Any:
    """A confirmed rate."""
    with acting(office.officer):
        made = rates.enter_rate(
            day=day or periods.now().date(), source=source, iqd_per_usd=value, by=office.officer
        )
    with acting(office.certifier):
        return rates.confirm_rate(made, by=office.certifier)


def amended(office: Any, grant: Any, new_usd: Any) -> Any:
    """An amendment that is approved and waits for its signature."""
    with acting(office.requester):
        made = amendments.open_amendment(
            grant, new_usd=new_usd, reason="more games", by=office.requester
        )
    if Decimal(new_usd) > grant.approved_usd:
        with acting(office.vetting):
            made = amendments.vet_amendment(made, by=office.vetting)
    with acting(office.approver):
        return amendments.approve_amendment(made, by=office.approver)


def yesterday() -> date:
    return periods.now().date() - timedelta(days=1)
