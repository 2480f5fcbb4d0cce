"""Filling REO's side of the demonstration: 18 months of an office, all through the verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from ceasefire import audit, periods
from grants.demo import fieldwork, vetting, words
from grants.demo.clock import Clock, told
from grants.demo.office import Office, Walk
from grants.models import AwardType, Grant, PublishedFile
from grants.services import (
    amendments,
    funds,
    handover,
    ledger,
    lists,
    machine,
    monitoring,
    organisations,
    payments,
    proposals,
    publishing,
    rates,
)
from grants.services import vetting as screening
from grants.services.held import same_people

#: Up to 5,000 dollars an officer of REO, up to 25,000 the lead, up to 200,000 the embassy's panel.
LADDER: tuple[tuple[str, str, str], ...] = (
    ("OFFICER", "0", "5000"),
    ("LEAD", "5000.01", "25000"),
    ("PANEL", "25000.01", "200000"),
)
#: Small purchases are the officer's alone; up to there one quote is enough.
MICRO = LADDER[:1]
#: Dinars for a dollar on days ago, by source: made up, near what they were.
RATES: tuple[tuple[int, str, str], ...] = (
    (420, "CBI", "1310"),
    (150, "CBI", "1310"),
    (132, "CBI", "1310"),
    (110, "CBI", "1310.5"),
    (110, "MARKET", "1462.5"),
    (60, "CBI", "1311"),
    (20, "CBI", "1310"),
    (1, "CBI", "1310"),
    (1, "MARKET", "1470"),
)
#: How old a list may be when somebody is cleared or paid, and when the lists came, in days.
LIST_DAYS = 200
LISTS = (550, 470, 390, 310, 230, 150, 100, 60, 20)


def load_grants(stage: Any) -> dict[str, int]:
    """Fill funds, organisations, rates and grants in the caller's transaction; how many of each."""
    clock = Clock()
    office = Office(stage.people, min(stage.cut, periods.now()), clock)
    with without_savepoints(), same_people(), told(clock):
        _open_funds(office)
        _upload_lists(office)
        _add_organisations(office)
        _enter_rates(office)
        for plan in sorted(words.PLANS, key=lambda plan: -plan.began):
            _STORIES[plan.key](Walk(office, plan))
        clock.set(office.now)
        titles = {plan.key: plan.title_en for plan in words.PLANS}
        fieldwork.fill(
            office,
            paid=Grant.objects.get(title_en=titles["dinars"]),
            running=Grant.objects.get(title_en=titles["active"]),
        )
        _publish(office, {key: Grant.objects.get(title_en=titles[key]) for key in PUBLISHED})
    counts = {
        "funds": len(office.funds),
        "organisations": len(office.organisations),
        "grants": len(words.PLANS),
    }
    audit.record("demo.loaded", subject=office.funds["QRF-FY26"], detail=counts)
    return counts


@contextmanager
def without_savepoints() -> Iterator[None]:
    """No savepoint a verb: a refusal ends the whole load, and they are a quarter of its time."""
    before = connection.features.uses_savepoints
    connection.features.uses_savepoints = False
    try:
        yield
    finally:
        connection.features.uses_savepoints = before


# --- what grants stand on -----------------------------------------------------------------------


def _open_funds(office: Office) -> None:
    year = office.now.year
    for code, days, ceiling, name_en, name_ar in (
        ("QRF-FY25", 760, 120_000, "Quick response fund 2025", "صندوق الاستجابة السريعة 2025"),
        ("QRF-FY26", 395, 500_000, "Quick response fund 2026", "صندوق الاستجابة السريعة 2026"),
    ):
        start = office.day(days)
        office.go_to(start)
        fund = funds.open_fund(
            code=code,
            ceiling_usd=ceiling,
            name_en=name_en,
            name_ar=name_ar,
            donor_ref=f"EXAMPLE-{code[-2:]}",
            start=start,
            end=date(year + 1, 12, 31),
            by=office.officer,
        )
        office.funds[code] = fund
        for kind in AwardType.values if code == "QRF-FY26" else ("GRANT_CASH", "GRANT_IN_KIND"):
            for role, low, high in MICRO if kind == AwardType.MICRO_PURCHASE else LADDER:
                rule = funds.propose_rule(
                    fund,
                    award_type=kind,
                    role=role,
                    min_amount_usd=Decimal(low),
                    max_amount_usd=Decimal(high),
                    valid_from=start,
                    by=office.officer,
                )
                funds.confirm_rule(rule, by=office.certifier)
        for who, role in (
            (office.approver, "OFFICER"),
            (office.lead, "OFFICER"),
            (office.lead, "LEAD"),
            (office.lead, "PANEL"),
        ):
            seat = funds.propose_seat(
                fund, who=office.who(who), role=role, valid_from=start, by=office.officer
            )
            funds.confirm_seat(seat, by=office.certifier)


def _upload_lists(office: Office) -> None:
    """Made-up lists over the time, each read at once; every fund asks for one."""
    for days in LISTS:
        moment = office.now - timedelta(days=days)
        office.clock.set(moment)
        vetting.upload_list(moment.date(), listed=words.LISTED, by=office.vetting, at=moment)
    for fund in office.funds.values():
        office.go_to(fund.start)
        rule = vetting.ask_for_list(
            fund, entered_by=office.officer, valid_from=fund.start, max_days=LIST_DAYS
        )
        lists.confirm_rule(rule, by=office.certifier)


def _add_organisations(office: Office) -> None:
    office.go_to(office.day(max(plan.began for plan in words.PLANS) + 5))
    for number, group in enumerate(words.ORGANISATIONS, start=1):
        office.organisations[group.key] = organisations.add_organisation(
            kind=group.kind,
            district=office.places[group.district],
            name_en=group.name_en,
            name_ar=group.name_ar,
            registration_no=f"EX-{number:03}" if group.kind in ("NGO", "COMPANY") else "",
            has_bank_account=group.has_bank,
            by=office.requester,
        )
        organisations.add_person(
            office.organisations[group.key],
            full_name_ar=group.signs_ar,
            name_en=group.signs_en,
            birth_year=str(1970 + number),
            function="signs",
            by=office.requester,
        )
    for group in office.organisations.values():
        group.refresh_from_db()


def _enter_rates(office: Office) -> None:
    for days, source, value in RATES:
        office.go_to(office.day(days))
        rate = rates.enter_rate(
            day=office.day(days), source=source, iqd_per_usd=value, by=office.officer
        )
        # The newest of the market waits for its second person.
        if (days, source) != (1, "MARKET"):
            rates.confirm_rate(rate, by=office.certifier)
        office.rates.append(rate)


#: Grants of the old fund that the world may see, and how much of them. Another waits.
PUBLISHED = {"first": "FULL", "lights": "REDACTED", "recovered": "FULL"}
_WAITS = "recovered"


def _publish(office: Office, grants: dict[str, Grant]) -> None:
    """Who publishes, what is shown of a few closed grants, and a file of each standard, issued."""
    office.go_to(office.day(12))
    row = publishing.enter_publisher(by=office.officer, **words.PUBLISHER)
    publishing.confirm_publisher(row, by=office.approver)
    agrees = grants["first"].grantee
    assert agrees is not None
    organisations.change_organisation(agrees, publish_ok=True, by=office.officer)
    for key, grant in grants.items():
        change = publishing.change_level(
            grant, PUBLISHED[key], reason=words.WHY_PUBLISHED, by=office.officer
        )
        if key != _WAITS:
            publishing.confirm_level(change, by=office.lead)
    office.go_to(office.day(8))
    for kind in (PublishedFile.Kind.IATI, PublishedFile.Kind.JSON):
        file = publishing.ask_file(kind, office.funds["QRF-FY25"], by=office.officer)
        publishing.make(str(file.pk))


# --- one story a grant --------------------------------------------------------------------------

_STORIES: dict[str, Callable[[Walk], Any]] = {}


def _story(function: Callable[[Walk], Any]) -> Callable[[Walk], Any]:
    _STORIES[function.__name__.strip("_")] = function
    return function


def _straight(state: str) -> Callable[[Walk], Any]:
    """A story that is the straight way to a state."""

    def tell(walk: Walk) -> Any:
        return walk.upto(state)

    return tell


_STORIES |= {
    "awarded": _straight("AWARDED"),
    "approved": _straight("APPROVED"),
    "pending": _straight("PENDING_APPROVAL"),
    "quick": _straight("PENDING_APPROVAL"),
    "panel": _straight("PENDING_APPROVAL"),
    "half": _straight("PENDING_APPROVAL"),
    "other_half": _straight("VETTING"),
    "submitted": _straight("SUBMITTED"),
}


def _sustain(walk: Walk, kind: str, days: int) -> None:
    walk.visit(days, kind=kind, is_open=True, is_used=True, is_safe=True,
               controlled_by="the group / المجموعة")  # fmt: skip


@_story
def _first(walk: Walk) -> None:
    """Closed long ago, looked at again after 90 and 180 days."""
    walk.upto("AWARDED").run().complete().start_closing().close()
    _sustain(walk, "sustain_90", 60)
    _sustain(walk, "sustain_180", 90)


@_story
def _lights(walk: Walk) -> None:
    """Bought from a vendor; a part came back at the closeout."""
    walk.upto("AWARDED").run(upto=1)
    visit = walk.visit()
    found = monitoring.raise_finding(
        walk.grant,
        severity="medium",
        text="Two lamps stand too close to each other.",
        due_on=walk.today + timedelta(days=20),
        owner=walk.office.who(walk.office.officer),
        visit=visit,
        by=walk.office.monitor,
    )
    monitoring.close_finding(found, remedy="One was moved.", by=walk.office.monitor)
    walk.report("narrative").pay(2)
    walk.account(2, share=92)
    walk.complete().start_closing()
    back = walk.fresh().unaccounted_usd
    ledger.refund(
        walk.grant, amount=back, reason="lamps that were not delivered", on=walk.today,
        by=walk.office.payer,
    )  # fmt: skip
    walk.close()


@_story
def _reopened(walk: Walk) -> None:
    """Closed, and opened again when the auditor asked."""
    walk.upto("AWARDED").run().complete().start_closing().close()
    office = walk.office
    walk.later(120)
    found = monitoring.raise_finding(
        walk.grant,
        severity="high",
        text="Two receipts carry one number.",
        due_on=walk.today + timedelta(days=30),
        owner=office.who(office.officer),
        by=office.auditor,
    )
    machine.ask_reopening(
        walk.grant, finding=found, reason="two receipts, one number", by=office.auditor,
        at=walk.later(1),
    )  # fmt: skip
    walk.grant = machine.reopen(
        walk.grant, reason="as the auditor asks", by=office.approver, at=walk.later(3)
    )


@_story
def _recovered(walk: Walk) -> None:
    """Ended early, the rest recovered, closed."""
    office = walk.office
    walk.upto("AWARDED").run(upto=1)
    walk.grant = machine.suspend(
        walk.grant, reason="the trainer left", by=office.officer, at=walk.later(15)
    )
    walk.grant = machine.terminate(
        walk.grant, reason="no other trainer was found", recovery_usd=300, by=office.lead,
        at=walk.later(20),
    )  # fmt: skip
    ledger.refund(walk.grant, amount=300, reason="tools given back", on=walk.today, by=office.payer)
    walk.start_closing(10).close()


@_story
def _theatre(walk: Walk) -> None:
    walk.upto("AWARDED").run().complete().start_closing().close()
    _sustain(walk, "sustain_90", 90)


@_story
def _courtyard(walk: Walk) -> None:
    """A payment on the wrong tranche's voucher was taken back and paid again."""
    office = walk.office
    walk.upto("AWARDED").pay(1)
    entry = walk.grant.entries.get(kind="DISBURSE")
    ledger.reverse(
        entry, reason="paid to a wrong account / دُفع إلى حساب خطأ", on=walk.today, by=office.officer
    )
    walk.fresh()
    walk.pay(1).account(1)
    walk.visit()
    walk.report("narrative").pay(2).account(2)
    walk.complete().start_closing().close()


@_story
def _late(walk: Walk) -> None:
    """Completed, and its closeout is overdue: no final report came."""
    walk.upto("AWARDED").run().complete()


@_story
def _closing(walk: Walk) -> None:
    """Half closed; a finding is overdue."""
    walk.upto("AWARDED").run().complete().start_closing()
    office = walk.office
    monitoring.raise_finding(
        walk.grant,
        severity="medium",
        text="The tap leaks; the ground around it is wet.",
        due_on=walk.today + timedelta(days=14),
        owner=office.who(office.requester),
        by=office.monitor,
    )
    walk.paper("reconciliation", office.closeout, language="both")


@_story
def _active(walk: Walk) -> None:
    """Two tranches are paid, the third is asked for and waits at its gate."""
    office = walk.office
    walk.upto("AWARDED").run(upto=1)
    walk.visit()
    walk.pay(2)
    walk.account(2, share=50)
    walk.measure(share=50)
    visit = walk.visit()
    monitoring.raise_finding(
        walk.grant,
        severity="low",
        text="A bench is broken.",
        due_on=walk.today + timedelta(days=200),
        owner=office.who(office.requester),
        visit=visit,
        by=office.monitor,
    )
    walk.ask(3)


@_story
def _dinars(walk: Walk) -> None:
    """Paid in dinars after a first request was refused; another officer sees to it now."""
    office = walk.office
    walk.upto("AWARDED")
    walk.later(2)
    wrong = walk.ask(1, 1_000_000, currency="IQD", method="CASH")
    payments.refuse(wrong, reason="the invoice has no date", by=office.certifier)
    rate = rates.rate_for(walk.today, "CBI")
    walk.pay(
        1,
        amount=int(Decimal(5900) * rate.iqd_per_usd),
        currency="IQD",
        method="CASH",
        rate=rate,
        asked=lambda payment: fieldwork.certified(office, payment, walk.today),
    )
    walk.account(1, share=85)
    walk.paper("payroll", office.requester)
    handover.hand_over(
        walk.grant,
        to=office.who(office.officer),
        reason="on leave for a month / في إجازة لشهر",
        by=office.requester,
    )
    walk.fresh()


@_story
def _amended(walk: Walk) -> None:
    """A larger sum was asked for, vetted, approved and signed; another amendment is open."""
    office = walk.office
    walk.upto("AWARDED").run(upto=1)
    walk.later(5)
    made = amendments.open_amendment(
        walk.grant, new_usd=6000, reason="a second class / صف ثانٍ", by=office.requester
    )
    made = amendments.vet_amendment(made, by=office.vetting, at=walk.later(2))
    made = amendments.approve_amendment(made, by=office.lead, at=walk.later(2))
    walk.later(2)
    walk.paper("amendment", office.officer, language="both")
    walk.grant = amendments.sign_amendment(
        made,
        parts=[proposals.Part(Decimal(6000) - walk.tranche(1).planned_usd,
                              walk.today + timedelta(days=30), needs_visit=True)],
        on=walk.today,
        by=office.officer,
    )  # fmt: skip
    amendments.open_amendment(
        walk.grant,
        new_end=walk.grant.planned_end + timedelta(days=60),
        reason="exams come first / الامتحانات أولا",
        by=office.requester,
    )


@_story
def _suspended(walk: Walk) -> None:
    """Stopped by the monitor; the finding is overdue and nobody lifted it yet."""
    office = walk.office
    walk.upto("AWARDED").run(upto=1)
    visit = walk.visit(10)
    monitoring.raise_finding(
        walk.grant,
        severity="high",
        text="Three of the shops were never opened.",
        due_on=walk.today + timedelta(days=15),
        owner=office.who(office.requester),
        visit=visit,
        by=office.monitor,
    )
    walk.grant = machine.suspend(
        walk.grant, reason="shops that were paid for are closed", by=office.monitor,
        at=walk.later(1),
    )  # fmt: skip


@_story
def _terminated(walk: Walk) -> None:
    office = walk.office
    walk.upto("AWARDED").run(upto=1)
    walk.grant = machine.terminate(
        walk.grant, reason="the couriers' company gave up", recovery_usd=900, by=office.lead,
        at=walk.later(30),
    )  # fmt: skip


@_story
def _returned(walk: Walk) -> None:
    """Sent back for a better budget; a newer paper stands in the place of the first."""
    office = walk.office
    walk.draft().submit()
    walk.grant = machine.give_back(
        walk.grant, reason="the budget names no hire / لا إيجار في الموازنة", by=office.reviewer,
        at=walk.later(4),
    )  # fmt: skip
    first = walk.grant.documents.get(type="budget")
    walk.later(2)
    walk.paper("budget", office.requester, supersedes=first)


@_story
def _refused(walk: Walk) -> None:
    walk.upto("PENDING_APPROVAL")
    walk.grant = machine.decline(
        walk.grant, reason="of use to few", by=walk.office.approver, at=walk.later(6)
    )


@_story
def _not_vetted(walk: Walk) -> None:
    """Rejected at vetting by two officers, for a match that is true."""
    office = walk.office
    walk.upto("VETTING")
    vetting.screen_and_judge(
        walk.grant, by=office.vetting, at=walk.later(1), disposition="TRUE_MATCH"
    )
    for who in (office.vetting, office.officer):
        walk.grant = machine.reject_at_vetting(
            walk.grant, reason="the group cannot be paid", by=who, at=walk.later(2)
        )


@_story
def _hits(walk: Walk) -> None:
    """Screened; a hit waits for somebody to decide it."""
    walk.upto("VETTING")
    screening.screen(walk.grant, by=walk.office.vetting, at=walk.later(1))


@_story
def _cancelled(walk: Walk) -> None:
    walk.upto("APPROVED")
    walk.grant = machine.cancel(
        walk.grant, reason="no boat is licensed", by=walk.office.officer, at=walk.later(9)
    )


@_story
def _withdrawn(walk: Walk) -> None:
    walk.draft(whole=False)
    walk.grant = machine.withdraw(
        walk.grant, reason="the group bought them itself", by=walk.office.requester,
        at=walk.later(5),
    )  # fmt: skip


@_story
def _draft(walk: Walk) -> None:
    """Begun; most of it is still to be written."""
    walk.draft(whole=False)
