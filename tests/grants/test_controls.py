"""Controls after the audits: invoices compared and matched, risks, numbers, work done twice, money
owed back. Each through verb, page and raw SQL."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import Error, connection, transaction
from django.urls import reverse

from ceasefire import periods
from ceasefire.audit.models import AuditEvent
from ceasefire.database.roles import as_owner
from ceasefire.database.session import acting
from grants.exceptions import (
    DutiesKeptApart,
    LinesDiffer,
    LooksAlike,
    NobodyToTakeIt,
    NotAllowedFromHere,
    NotForThisPerson,
    RiskSheetDiffers,
    StepIsMissingSomething,
    VoucherUsed,
)
from grants.models import Grant, Officer, PaymentLine, PaymentLook, PaymentRequest, Risk
from grants.services import (
    anomalies,
    handover,
    ledger,
    machine,
    numbers,
    payments,
    payroll,
    proposals,
    requirements,
    risks,
    splits,
)
from tests.conftest import maker_of_users
from tests.grants import office as world
from tests.grants.test_duties import role_of
from tests.grants.test_gates import step_raw

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """Two funds: an award of two budget lines, one that runs, one that is reviewed."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            fund = world.open_fund(office)
            other = world.open_fund(office, "QRF-B")
            draft = world.draft(office, other, 3000)
            with acting(office.requester):
                proposals.set_budget(
                    draft,
                    [
                        proposals.Line("Tools", Decimal(1), Decimal(2000)),
                        proposals.Line("Work", Decimal(1), Decimal(1000)),
                        proposals.Line("Hands", Decimal(1), Decimal(50), own=True),
                    ],
                    by=office.requester,
                )
            lines = world.move(office, draft, "AWARDED", tranches=[2500, 500])
            running = world.move(
                office, world.draft(office, fund, 3000), "AWARDED", tranches=[1000, 2000]
            )
            submitted = world.move(office, world.draft(office, fund, 900, kind="park"), "DRAFT")
            with acting(office.requester):
                for kind in ("owner_consent", "environment"):
                    world.paper(submitted, kind, office.requester)
            submitted = world.onward(office, submitted)
            yield SimpleNamespace(
                office=office,
                fund=fund,
                other=other,
                lines=lines,
                running=running,
                submitted=submitted,
            )
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def office(scene: SimpleNamespace, db: None) -> SimpleNamespace:
    return scene.office


@pytest.fixture
def at(client: Any) -> Callable[..., Any]:
    """A page as somebody sees it; with `post` sent to it."""

    def ask(person: Any, name: str, *args: Any, post: Any = None) -> Any:
        client.force_login(person)
        path = reverse(f"grants:{name}", args=args)
        return client.get(path) if post is None else client.post(path, post)

    return ask


def first(grant: Grant) -> Any:
    return Grant.objects.get(pk=grant.pk).tranches.get(number=1)


def officer(user: Any) -> Officer:
    return Officer.objects.get(pk=user.pk)


# --- C5: invoices --------------------------------------------------------------------------------


def test_a_voucher_is_used_once_a_fund_however_it_is_written(scene, office):
    world.ask(office, first(scene.running), 10, voucher_no="A-17")

    for again in ("a 17", "A/١٧", "A17"):
        with pytest.raises(VoucherUsed):
            world.ask(office, first(scene.running), 11, voucher_no=again)
    twin = PaymentRequest.objects.get(voucher_no="A-17")
    twin.pk, twin.voucher_no, twin._state.adding = uuid4(), "a.17", True
    with (
        pytest.raises(Error, match="a voucher is used once a fund"),
        transaction.atomic(),
        role_of(office.requester, "app"),
    ):
        twin.save(force_insert=True)
    # Numbers are not written into one: these are two vouchers.
    world.ask(office, first(scene.running), 14, voucher_no="1/11")
    world.ask(office, first(scene.running), 15, voucher_no="11/1")
    # Another fund has vouchers of its own; whoever certifies says why it is another one.
    other = world.ask(office, first(scene.lines), 12, voucher_no="a 17")
    assert anomalies.signs(other) == ["voucher"]
    twice = [one for one in anomalies.oddities() if one.kind == "voucher"]
    assert [len(one.payment_ids) for one in twice] == [2]


@pytest.mark.parametrize("role", ["reo", "app"])
def test_what_looks_like_another_payment_is_certified_for_a_reason_only(scene, office, at, role):
    with acting(office.requester):
        bill = world.paper(scene.running, "invoice", office.requester)
    paid = world.ask(office, first(scene.running), 123, evidence=bill)
    again = world.ask(office, first(scene.running), 123, evidence=bill)
    assert anomalies.signs(again) == ["paper", "same"]

    page = at(office.certifier, "payment_certify", again.pk)
    assert "reason" in page.context["form"].fields
    assert paid.voucher_no in page.content.decode()
    refused = at(office.certifier, "payment_certify", again.pk, post={"reason": " "})
    assert "reason" in refused.context["form"].errors
    with acting(office.certifier), pytest.raises(LooksAlike):
        payments.certify(again, by=office.certifier)
    with role_of(office.certifier, role):
        world.match_raw(again, office.certifier)
    with pytest.raises(Error, match="certified for a reason"), role_of(office.certifier, role):
        PaymentRequest.objects.filter(pk=again.pk).update(
            state="CERTIFIED", certifier_id=office.certifier.pk, certified_at=periods.now()
        )
    assert PaymentRequest.objects.get(pk=again.pk).state == "REQUESTED"

    at(office.certifier, "payment_certify", again.pk, post={"reason": "two of the same lamps"})
    look = PaymentLook.objects.get(payment=again)
    assert (look.kinds, look.by_id) == (["paper", "same"], office.certifier.pk)
    told = AuditEvent.objects.filter(verb="payment.certified").latest("seq")
    assert told.reason == "two of the same lamps"
    assert "two of the same lamps" in at(office.viewer, "payment_detail", again.pk).content.decode()

    # The same proof for both is taken for a reason, too.
    world.pay_it(office, _certified(office, paid))
    proof = PaymentRequest.objects.get(pk=paid.pk).proof
    sent = {"on": f"{periods.now():%d/%m/%Y}", "proof": proof.pk, "witness": ""}
    refused = at(office.payer, "payment_pay", again.pk, post=sent)
    assert "reason" in refused.context["form"].errors
    with acting(office.payer), pytest.raises(LooksAlike):
        payments.pay(again, proof=proof, by=office.payer)
    at(office.payer, "payment_pay", again.pk, post={**sent, "reason": "one transfer for both"})
    assert PaymentRequest.objects.get(pk=again.pk).state == "PAID"
    assert again.looks.get(step="pay").reason == "one transfer for both"


def _certified(office: Any, payment: PaymentRequest) -> PaymentRequest:
    with acting(office.certifier):
        return payments.certify(payment, reason="the first of the two", by=office.certifier)


def test_an_invoice_is_matched_to_the_lines_of_its_budget(scene, office, at):
    tranche = first(scene.lines)
    payment = world.ask(office, tranche, 1500)
    page = at(office.certifier, "payment_certify", payment.pk)
    assert [name for name in page.context["form"].fields if name.startswith("line_")] == [
        "line_1",
        "line_2",
    ]

    for typed in ({}, {"line_1": "1000"}, {"line_1": "1000", "line_2": "501"}):
        refused = at(office.certifier, "payment_certify", payment.pk, post=typed)
        assert refused.status_code == 200
        assert str(LinesDiffer.message) in refused.content.decode()
    with acting(office.certifier):
        for lines in (None, {3: 1500}, {9: 1500}):
            with pytest.raises(LinesDiffer):
                payments.certify(payment, lines=lines, by=office.certifier)
    with (
        pytest.raises(Error, match="matched to the lines of the budget first"),
        role_of(office.certifier, "reo"),
    ):
        PaymentRequest.objects.filter(pk=payment.pk).update(
            state="CERTIFIED", certifier_id=office.certifier.pk, certified_at=periods.now()
        )
    for who, line, why in (
        (office.certifier, "Hands", "what the fund pays of its own grant"),
        (office.requester, "Tools", "does not hold the duty certifier"),
    ):
        with pytest.raises(Error, match=why), role_of(who, "reo"):
            PaymentLine.objects.create(
                payment=payment,
                budget_line=scene.lines.budget_lines.get(description=line),
                amount=1500,
                matched_by_id=who.pk,
            )

    done = at(
        office.certifier,
        "payment_certify",
        payment.pk,
        post={"line_1": "١٬٠٠٠", "line_2": "500"},
    )
    assert done.status_code == 302
    assert [one.amount for one in payment.lines.order_by("id")] == [1000, 500]
    shown = at(office.viewer, "payment_detail", payment.pk).content.decode()
    assert "Lines of the budget" in shown
    assert "Tools" in shown
    with pytest.raises(Error, match="until it is certified"), role_of(office.certifier, "reo"):
        payment.lines.all().delete()

    # The second line has 500 left: 600 on it take a reason; what was refused gives it back.
    more = world.ask(office, tranche, 600)
    refused = at(office.certifier, "payment_certify", more.pk, post={"line_2": "600"})
    assert "reason" in refused.context["form"].errors
    with acting(office.certifier):
        payments.refuse(payment, reason="wrong account", by=office.certifier)
        payments.certify(more, lines={2: 600}, by=office.certifier)
    assert not more.looks.exists()


# --- C8: the same phone and the same signer -------------------------------------------------------


def test_one_phone_on_lists_of_two_grants_is_listed_without_a_name(scene, office, at):
    for grant, month, mark in ((scene.running, 1, "a"), (scene.lines, 6, "b")):
        with acting(office.officer):
            made = payroll.begin_list(
                grant,
                period_from=date(2026, month, 1),
                period_to=date(2026, month, 10),
                currency="IQD",
                control_total=50000,
                by=office.officer,
            )
            payroll.add_rows(
                made,
                [
                    payroll.Worker(f"Worker {grant.ref}", "1", "25000", "0770 123 4567"),
                    payroll.Worker(f"Other {mark}", "1", "25000", f"0770 123 456{month}"),
                ],
                by=office.officer,
            )

    page = at(office.auditor, "payment_anomalies")

    (phones,) = page.context["people"]
    assert phones["groups"] == [((scene.lines.ref, 1, 1), (scene.running.ref, 1, 1))]
    assert f"Worker {scene.lines.ref}" not in page.content.decode()
    assert scene.lines.ref in page.content.decode()


# --- C9: risks ------------------------------------------------------------------------------------


def sheet(prefix: str = "risks", *rows: tuple[str, str, str, Any]) -> dict[str, Any]:
    sent: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
    for number, (text, level, mitigation, owner) in enumerate(rows):
        for name, value in (
            ("text", text), ("level", level), ("mitigation", mitigation), ("owner", owner),
        ):  # fmt: skip
            sent[f"{prefix}-{number}-{name}"] = value
    return sent


def test_a_risk_from_medium_on_says_what_is_done_and_who_sees_to_it(scene, office, at):
    grant, owner = scene.submitted, officer(office.officer)
    with acting(office.reviewer):
        for kind in ("review_sheet", "risk_sheet"):
            world.paper(grant, kind, office.reviewer)
        # Nobody judges a risk that nobody wrote down.
        with pytest.raises(RiskSheetDiffers):
            machine.review(grant, risk="medium", by=office.reviewer)
        for line in (risks.Line("medium", "Rain", "", owner), risks.Line("high", "Rain", "Roof")):
            with pytest.raises(RiskSheetDiffers):
                risks.set_risks(grant, [line], by=office.reviewer)
        with (
            pytest.raises(Error, match="a_risk_from_medium_is_seen_to_by_somebody"),
            transaction.atomic(),
        ):
            Risk.objects.create(
                grant=grant,
                number=1,
                level="high",
                text="Rain",
                entered_by=officer(office.reviewer),
            )
    with acting(office.requester), pytest.raises(NotForThisPerson):
        risks.set_risks(grant, [], by=office.requester)
    assert at(office.officer, "grant_risks", grant.ref).status_code == 403

    for row, field in (
        (("Rain", "medium", "", owner.pk), "mitigation"),
        (("Rain", "high", "A roof", ""), "owner"),
    ):
        refused = at(office.reviewer, "grant_risks", grant.ref, post=sheet("risks", row))
        assert list(refused.context["rows"].forms[0].errors) == [field]
    rows = (("Rain", "low", "", ""), ("Thieves", "medium", "A guard", owner.pk))
    done = at(office.reviewer, "grant_risks", grant.ref, post=sheet("risks", *rows))
    assert done.status_code == 302
    # Sent again with one more, what was left as it is stays.
    floods = ("Floods", "low", "", "")
    done = at(office.reviewer, "grant_risks", grant.ref, post=sheet("risks", *rows, floods))
    assert done.status_code == 302
    assert [one.text for one in grant.risks.order_by("number")] == ["Rain", "Thieves", "Floods"]
    assert "A guard" in at(office.viewer, "grant_detail", grant.ref).content.decode()
    review = at(office.reviewer, "grant_step", grant.ref, "review")
    assert review.context["form"].initial["risk"] == "medium"

    with acting(office.reviewer), pytest.raises(RiskSheetDiffers):
        machine.review(grant, risk="low", by=office.reviewer)
    with (
        pytest.raises(Error, match="the level of risk is that of the risk sheet"),
        role_of(office.reviewer, "app"),
    ):
        step_raw(grant, "SUBMITTED", "VETTING", office.reviewer, "reviewer")
    with acting(office.reviewer):
        grant = machine.review(grant, risk="medium", by=office.reviewer)
        with pytest.raises(NotAllowedFromHere):
            risks.set_risks(grant, [], by=office.reviewer)
    with pytest.raises(Error, match="stands as it was"), role_of(office.reviewer, "reo"):
        grant.risks.all().delete()
    # A sheet that went missing past the guards stops approval and award, too.
    assert requirements.risks(grant) == []
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE grants_risk DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM grants_risk WHERE level = 'medium'")
        cursor.execute("ALTER TABLE grants_risk ENABLE TRIGGER USER")
    grant = world.onward(office, grant)
    assert grant.state == "PENDING_APPROVAL"
    with acting(office.approver), pytest.raises(StepIsMissingSomething) as lacks:
        machine.approve(grant, by=office.approver)
    assert [one.code for one in lacks.value.missing] == ["risks"]


def test_a_risk_goes_to_somebody_else_with_a_handover(scene, office, at):
    grant = scene.submitted
    with acting(office.reviewer):
        (risk,) = risks.set_risks(
            grant,
            [risks.Line("high", "Thieves", "A guard", officer(office.monitor))],
            by=office.reviewer,
        )
    with acting(office.payer), pytest.raises(NotForThisPerson):
        risks.hand_over(risk, to=officer(office.payer), reason="leaves", by=office.payer)
    assert "Thieves" in at(office.officer, "handover_detail", office.monitor.pk).content.decode()
    with acting(office.officer):
        with pytest.raises(NobodyToTakeIt):
            risks.hand_over(risk, to=officer(office.auditor), reason="x", by=office.officer)
        done = handover.hand_over_all(
            officer(office.monitor), to=officer(office.officer2), reason="leaves", by=office.officer
        )
    assert [one.pk for one in done.risks] == [risk.pk]
    assert Risk.objects.get(pk=risk.pk).owner_id == office.officer2.pk


def test_who_approves_does_not_judge_the_risk(scene, office):
    grant = world.move(office, scene.submitted, "APPROVED")
    person = office.approver
    person.duties = ["approver", "reviewer"]
    person.save(update_fields=["duties"])
    with acting(person), pytest.raises(DutiesKeptApart):
        risks.set_risks(grant, [risks.Line("low", "Rain")], by=person)
    with pytest.raises(Error, match="does not judge the risk"), role_of(person, "reo"):
        Risk.objects.create(
            grant=grant, number=1, level="low", text="Rain", entered_by=officer(person)
        )


# --- C14, C7 --------------------------------------------------------------------------------------


def test_every_number_is_accounted_for_and_a_gap_is_named(scene, office, at):
    year = periods.now().year
    page = at(office.viewer, "number_list")
    assert page.context["is_whole"], page.context["years"]
    assert {one.fund: one.grants for one in page.context["funds"]} == {"QRF-FY26": 2, "QRF-B": 1}

    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE grants_grant DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE grants_grant SET ref = %s WHERE id = %s",
            [f"QRF-{year}-0099", scene.submitted.pk],
        )
        cursor.execute("ALTER TABLE grants_grant ENABLE TRIGGER USER")
    (series,) = numbers.of_grants()
    assert series.missing == (scene.submitted.ref,)
    assert series.never_given == (f"QRF-{year}-0099",)
    shown = at(office.auditor, "number_list").content.decode()
    assert scene.submitted.ref in shown
    assert "Not every number is accounted for" in shown


def test_the_same_work_on_another_fund_is_named_when_it_is_handed_in(scene, office, at):
    words = "Give the young people of the quarter a place for the evening"
    facts = {"kind": "mediation", "purpose": words}
    there = world.move(office, world.draft(office, scene.other, 800, **facts), "SUBMITTED")
    again = world.draft(
        office, scene.fund, 700, kind="mediation", purpose=words + "s, by the river"
    )
    unlike = world.draft(office, scene.fund, 700, kind="mediation", purpose="Repair of four pumps")

    assert [one.ref for one in splits.alike(again, periods.now())] == [there.ref]
    assert splits.alike(unlike, periods.now()) == []
    page = at(office.requester, "grant_step", again.ref, "submit").content.decode()
    assert "May be the same work twice" in page
    assert there.ref in page
    # No sum is routed by it: another grantee, another site.
    again = world.onward(office, again)
    assert again.split_group is None
    handed_in = AuditEvent.objects.filter(verb="grant.submitted").latest("seq")
    assert handed_in.detail["alike"] == [there.ref]


# --- what a termination claims back --------------------------------------------------------------


def test_a_grant_with_money_owed_back_is_not_closed(scene, office, at):
    grant = scene.running
    world.pay(office, first(grant), 1000)
    world.account(office, first(grant), 1000)
    with acting(office.officer):
        # What came back before is no part of what is claimed.
        ledger.refund(grant, amount=100, reason="before", by=office.officer)
    with acting(office.approver2):
        grant = machine.terminate(grant, reason="over", recovery_usd=600, by=office.approver2)
    with acting(office.officer):
        grant = machine.start_closing(grant, by=office.officer)
        ledger.refund(grant, amount=250, reason="a part", by=office.officer)

    assert (
        "350"
        in at(office.viewer, "grant_money", grant.ref)
        .content.decode()
        .split("Still owed:")[1]
        .split("</p>")[0]
    )
    with acting(office.closeout), pytest.raises(StepIsMissingSomething) as refused:
        machine.close(grant, by=office.closeout)
    assert {one.code: one.detail for one in refused.value.missing}["owed"] == "350.00"
    assert (
        "What the termination claims back"
        in at(office.closeout, "grant_detail", grant.ref).content.decode()
    )
    with (
        pytest.raises(Error, match="what is owed back comes back before the closeout"),
        role_of(office.closeout, "reo"),
    ):
        step_raw(grant, "CLOSING", "CLOSED", office.closeout, "closeout")

    with acting(office.officer):
        last = ledger.refund(grant, amount=350, reason="the rest", by=office.officer)
    assert requirements.recovery(Grant.objects.get(pk=grant.pk)).owed_usd == 0
    with acting(office.closeout):
        ledger.reverse(last, reason="the cheque came back", by=office.closeout)
    assert requirements.recovery(Grant.objects.get(pk=grant.pk)).owed_usd == 350
