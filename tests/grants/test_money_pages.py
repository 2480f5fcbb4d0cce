"""Money in the browser: one grant's money, payments, stops. What is typed is kept where refused."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.session import acting
from ceasefire.people.roles import Duty
from grants.exceptions import DistrictStopped, SecondPersonNeeded, WrongDocument
from grants.models import Grant, LedgerEntry, PaymentRequest, PaymentStop
from grants.services import ledger, money_reading, payments, rates, stops, verification
from tests.conftest import maker_of_users
from tests.grants import office as world
from tests.grants.test_duties import role_of

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """An award in two tranches, one that runs, and a rate; each test plays in a savepoint."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            fund = world.open_fund(office)
            awarded = world.move(
                office, world.draft(office, fund, 3000), "AWARDED", tranches=[1000, 2000]
            )
            running = world.move(office, world.draft(office, fund, 900), "ACTIVE")
            yield SimpleNamespace(
                office=office, fund=fund, awarded=awarded, running=running, rate=world.rate(office)
            )
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def office(scene: SimpleNamespace, db: None) -> SimpleNamespace:
    return scene.office


@pytest.fixture
def awarded(scene: SimpleNamespace, db: None) -> Grant:
    return Grant.objects.get(pk=scene.awarded.pk)


@pytest.fixture
def running(scene: SimpleNamespace, db: None) -> Grant:
    return Grant.objects.get(pk=scene.running.pk)


@pytest.fixture
def shown(client: Any) -> Callable[..., Any]:
    """A page as somebody sees it: `shown(person, name, *args)`, with `post` sent to it."""

    def ask(person: Any, name: str, *args: Any, post: Any = None, **query: Any) -> Any:
        client.force_login(person)
        path = reverse(f"grants:{name}", args=args)
        return client.get(path, query) if post is None else client.post(path, post)

    return ask


def all_duties(person: Any) -> Any:
    person.duties = [duty.value for duty in Duty]
    person.save(update_fields=["duties"])
    return person


def asked(**facts: Any) -> dict[str, Any]:
    """What the form of a payment sends."""
    return {
        "tranche": "1",
        "amount": "250",
        "currency": "USD",
        "method": "EFT",
        "voucher_no": "V-77",
        "payee": "",
        "invoiced_on": f"{periods.now():%d/%m/%Y}",
        "evidence": "",
        **facts,
    }


def errors(answer: Any) -> dict[str, Any]:
    return dict(answer.context["form"].errors)


# --- reading -------------------------------------------------------------------------------------


def test_the_ledger_runs_a_balance_over_its_pages(scene, office, running, shown, monkeypatch):
    with acting(office.payer):
        ledger.refund(running, amount=100, reason="left over", by=office.payer)
    with acting(office.officer):
        freed = ledger.deobligate(running, amount_usd=60, reason="spared", by=office.officer)
    with acting(office.closeout):
        ledger.reverse(freed, reason="by mistake", by=office.closeout)
    whole = shown(office.viewer, "grant_money", running.ref).context["lines"]
    monkeypatch.setattr(money_reading, "LEDGER_SIZE", 3)

    pages, after = [], None
    while True:
        answer = shown(
            office.viewer, "grant_money", running.ref, **({"after": after} if after else {})
        )
        pages += answer.context["lines"]
        after = answer.context["page"].after
        if after is None:
            break

    kinds = [
        "REVERSAL",
        "DEOBLIGATE",
        "REFUND",
        "EXPENSE_VERIFIED",
        "DISBURSE",
        "OBLIGATE",
        "COMMIT",
    ]
    assert [one.entry.kind for one in pages] == kinds
    assert [one.balance for one in pages] == [100, 40, 100, 0, 0, 900, 0]
    assert [one.balance for one in whole] == [one.balance for one in pages]
    assert pages[0].balance == Grant.objects.get(pk=running.pk).unliquidated_usd
    assert pages[0].short_hash.encode() in answer.content or pages[0].short_hash


def test_the_page_says_what_each_gate_lacks_and_what_each_sum_means(office, awarded, shown):
    answer = shown(office.viewer, "grant_money", awarded.ref)

    first, second = answer.context["gates"]
    assert first.missing == ()
    assert {one.code for one in second.missing} == {"earlier_tranche", "evidence"}
    assert b"Unliquidated" in answer.content
    assert b"3,000.00" in answer.content
    assert answer.context["verbs"] == []


VERBS = {
    "requester": {"ask"},
    "officer": {"ask", "refund", "deobligate"},
    "payer": {"refund"},
    "certifier": {"expense"},
    "monitor": {"expense"},
    "closeout": {"refund", "deobligate"},
    "reviewer": set(),
    "viewer": set(),
    "auditor": set(),
}


@pytest.mark.parametrize("part", sorted(VERBS))
def test_each_duty_is_offered_its_verbs_and_opens_no_other(office, running, shown, part):
    with acting(office.payer):
        ledger.refund(running, amount=100, reason="left over", by=office.payer)
    person = getattr(office, part)
    offered = shown(person, "grant_money", running.ref).context["verbs"]

    assert {url.rstrip("/").rsplit("/", 1)[1] for url, _label in offered} == VERBS[part]
    for verb in ("ask", "refund", "deobligate", "expense"):
        status = shown(person, f"money_{verb}", running.ref).status_code
        assert status == (200 if verb in VERBS[part] else 403), verb


def test_a_page_asks_as_often_whatever_there_is(
    office, awarded, running, shown, django_assert_max_num_queries
):
    for number in range(6):
        world.ask(office, awarded.tranches.get(number=1), 10 + number)
    for name, args, most in (
        ("grant_money", [awarded.ref], 75),
        ("payment_list", [], 30),
        ("payment_anomalies", [], 30),
        ("fund_list", [], 25),
        ("fund_detail", [awarded.fund.code], 25),
    ):
        with django_assert_max_num_queries(most):
            assert shown(office.officer, name, *args).status_code == 200


# --- a payment from the request to the money -----------------------------------------------------


def test_a_payment_goes_through_three_people(scene, office, awarded, shown):
    answer = shown(
        office.requester,
        "money_ask",
        awarded.ref,
        post=asked(amount="١٬٣١٠٬٥٠٠", currency="IQD", method="CASH", payee=awarded.grantee_id),
    )
    payment = PaymentRequest.objects.get(voucher_no="V-77")
    assert answer.url == reverse("grants:payment_detail", args=[payment.pk])
    assert payment.amount == 1_310_500
    assert b"V-77" in shown(office.certifier, "payment_list").content

    shown(office.certifier, "payment_certify", payment.pk, post={})
    with acting(office.payer):
        proof = world.paper(awarded, "receipt", office.payer)
    form = {"on": f"{periods.now():%d/%m/%Y}", "rate": scene.rate.pk, "proof": proof.pk}
    refused = shown(office.payer, "payment_pay", payment.pk, post={**form, "witness": ""})
    assert "witness" in errors(refused)
    shown(office.payer, "payment_pay", payment.pk, post={**form, "witness": office.monitor.pk})

    payment.refresh_from_db()
    assert (payment.state, payment.witness_id) == ("PAID", office.monitor.pk)
    page = shown(office.viewer, "payment_detail", payment.pk)
    assert b"1,000.00" in page.content  # 1,310,500 dinars at 1,310.5
    assert [one["who"] for one in page.context["events"]] == [
        office.requester.code_name,
        office.certifier.code_name,
        office.payer.code_name,
    ]
    assert verification.verify().whole


AMOUNTS: list[tuple[str, str, Any]] = [
    ("0", "USD", None),
    ("-5", "USD", None),
    ("٠", "IQD", None),
    ("1.001", "USD", None),
    ("1.0005", "IQD", None),
    ("1,5", "USD", None),
    ("abc", "USD", None),
    ("1e3", "USD", None),
    ("99999999999999", "USD", None),
    ("1001", "USD", None),  # more than the tranche
    ("١٬٠٠٠", "USD", Decimal(1000)),
    ("٢٥٠٫٥", "USD", Decimal("250.50")),
    ("۹۹۹.99", "USD", Decimal("999.99")),
    ("1.125", "IQD", Decimal("1.125")),
]


@pytest.mark.parametrize(("typed", "currency", "amount"), AMOUNTS)
def test_amounts_as_they_are_typed(office, awarded, shown, typed, currency, amount):
    answer = shown(
        office.requester,
        "money_ask",
        awarded.ref,
        post=asked(amount=typed, currency=currency, payee=awarded.grantee_id),
    )

    made = PaymentRequest.objects.filter(voucher_no="V-77").first()
    if amount is None:
        assert made is None
        assert list(errors(answer)) == ["amount"]
        assert answer.context["form"]["amount"].value() == typed
        assert answer.context["form"]["voucher_no"].value() == "V-77"
    else:
        assert made.amount == amount


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"voucher_no": " v 1 "}, "voucher_no"),
        ({"voucher_no": ""}, "voucher_no"),
        ({"invoiced_on": "31/12/2199"}, "invoiced_on"),
        ({"invoiced_on": "31/02/2026"}, "invoiced_on"),
        ({"method": "HAWALA_AGENT"}, "method"),
        ({"tranche": "9"}, "tranche"),
        ({"payee": ""}, "payee"),
        ({"payee": "11111111-1111-1111-1111-111111111111"}, "payee"),
        ({"currency": "EUR"}, "currency"),
    ],
)
def test_what_a_request_can_not_hold_is_said_at_its_field(office, awarded, shown, facts, field):
    world.ask(office, awarded.tranches.get(number=1), 10, voucher_no="v 1")

    answer = shown(
        office.requester,
        "money_ask",
        awarded.ref,
        post=asked(**{"payee": awarded.grantee_id, **facts}),
    )

    assert list(errors(answer)) == [field]
    assert answer.context["form"]["amount"].value() == "250"
    assert PaymentRequest.objects.filter(grant=awarded).count() == 1


def test_days_and_rates_that_do_not_count_are_said_where_they_were_typed(
    scene, office, awarded, shown
):
    payment = world.certified(office, awarded.tranches.get(number=1), 5000, currency="IQD")
    with acting(office.payer):
        proof = world.paper(awarded, "receipt", office.payer)

    def pay(**facts: Any) -> Any:
        form = {"on": f"{periods.now():%d/%m/%Y}", "rate": scene.rate.pk, "proof": proof.pk}
        return shown(office.payer, "payment_pay", payment.pk, post={**form, **facts})

    now = periods.now()
    early = world.rate(office, 1300, day=now.date() - timedelta(days=2))
    day_before = f"{now - timedelta(days=1):%d/%m/%Y}"
    assert list(errors(pay(on=day_before))) == ["rate"]
    before = pay(on=day_before, rate=early.pk)
    assert errors(before) == {"on": ["Nothing is paid or obligated before the award."]}
    assert list(errors(pay(on=f"{now + timedelta(days=1):%d/%m/%Y}"))) == ["on"]
    assert list(errors(pay(rate=""))) == ["rate"]
    assert list(errors(pay(proof=""))) == ["proof"]
    with acting(office.certifier):
        rates.withdraw_rate(scene.rate, reason="wrong", by=office.certifier)
    refused = pay()
    assert errors(refused) == {
        "rate": ["This rate does not count on that day. Choose one of those that do."]
    }
    assert PaymentRequest.objects.get(pk=payment.pk).state == "CERTIFIED"


def test_a_paper_of_another_type_or_grant_is_no_paper_of_a_payment(office, awarded, running, shown):
    payment = world.certified(office, awarded.tranches.get(number=1), 100)
    with acting(office.payer):
        wrong = [
            world.paper(awarded, "proposal", office.payer),
            world.paper(awarded, "evidence", office.payer),
            world.paper(running, "receipt", office.payer),
        ]
        receipt = world.paper(awarded, "receipt", office.payer)
    form = {"on": f"{periods.now():%d/%m/%Y}", "witness": ""}

    for paper in wrong:
        answer = shown(office.payer, "payment_pay", payment.pk, post={**form, "proof": paper.pk})
        assert list(errors(answer)) == ["proof"]
        # Nor by the verb, whatever a form offers.
        with pytest.raises(WrongDocument), acting(office.payer):
            payments.pay(payment, proof=paper, by=office.payer)
    # The receipt is no evidence of what the tranche before was used for.
    asks = asked(payee=awarded.grantee_id, evidence=receipt.pk)
    assert list(errors(shown(office.requester, "money_ask", awarded.ref, post=asks))) == [
        "evidence"
    ]
    assert not LedgerEntry.objects.filter(grant=awarded, kind="DISBURSE").exists()
    paid = shown(office.payer, "payment_pay", payment.pk, post={**form, "proof": receipt.pk})
    assert paid.status_code == 302
    assert LedgerEntry.objects.get(grant=awarded, kind="DISBURSE").amount_usd == 100


def test_a_posting_is_made_once_however_often_its_form_arrives(office, running, shown):
    form = {
        "amount": "40",
        "currency": "USD",
        "rate": "",
        "on": f"{periods.now():%d/%m/%Y}",
        "reason": "left over",
        "after": money_reading.last_posting(running),
    }

    first = shown(office.payer, "money_refund", running.ref, post=form)
    second = shown(office.payer, "money_refund", running.ref, post=form)

    assert first.status_code == 302
    assert list(errors(second)) == ["__all__"]
    assert second.context["form"]["after"].value() == str(money_reading.last_posting(running))
    assert LedgerEntry.objects.filter(grant=running, kind="REFUND").count() == 1
    too_much = {**form, "amount": "900", "after": money_reading.last_posting(running)}
    assert list(errors(shown(office.payer, "money_refund", running.ref, post=too_much))) == [
        "amount"
    ]


def test_expenses_deobligation_and_reversal_are_posted_through_their_pages(office, awarded, shown):
    world.pay(office, awarded.tranches.get(number=1), 1000)
    today = f"{periods.now():%d/%m/%Y}"
    after = money_reading.last_posting(awarded)
    expense = {"tranche": "1", "amount": "700", "currency": "USD", "on": today, "after": after}
    shown(office.certifier, "money_expense", awarded.ref, post=expense)
    assert awarded.tranches.get(number=1).accounted_usd == 700

    after = money_reading.last_posting(awarded)
    freed = {"amount": "500", "on": today, "reason": "spared", "after": after}
    shown(office.officer, "money_deobligate", awarded.ref, post=freed)
    posting = LedgerEntry.objects.get(kind="DEOBLIGATE")
    own = shown(
        office.officer, "money_reverse", awarded.ref, posting.pk, post={"reason": "mistake"}
    )
    assert errors(own) == {"__all__": ["Who posted does not reverse it. Ask somebody else."]}
    shown(office.closeout, "money_reverse", awarded.ref, posting.pk, post={"reason": "mistake"})
    assert Grant.objects.get(pk=awarded.pk).deobligated_usd == 0
    assert b"Reversed" in shown(office.viewer, "grant_money", awarded.ref).content


def test_tranches_are_set_before_the_award(scene, office, shown):
    grant = world.move(office, world.draft(office, scene.fund, 600), "APPROVED")

    def rows(*amounts: str) -> dict[str, Any]:
        sent = {"form-TOTAL_FORMS": len(amounts), "form-INITIAL_FORMS": 0}
        for number, amount in enumerate(amounts):
            sent[f"form-{number}-planned_usd"] = amount
            sent[f"form-{number}-due_on"] = "01/02/2027" if amount else ""
        return sent

    bad = shown(office.officer, "money_tranches", grant.ref, post=rows("200", "0"))
    assert bad.context["rows"].forms[1].errors
    assert bad.context["rows"].forms[0]["planned_usd"].value() == "200"
    shown(office.officer, "money_tranches", grant.ref, post=rows("٢٠٠", "400", ""))
    assert [one.planned_usd for one in grant.tranches.all()] == [200, 400]
    late = shown(office.officer, "money_tranches", scene.awarded.ref, post=rows("3000"))
    assert late.context["rows"].forms[0].non_field_errors()


# --- duties through the page ---------------------------------------------------------------------
# The verbs and the rows are held to the same pairs in test_duties.py.


def _certify(scene: Any, person: Any) -> tuple[str, list[Any], dict[str, Any]]:
    payment = world.ask(scene.office, scene.awarded.tranches.get(number=1), 100)
    return "payment_certify", [payment.pk], {}


def _pay(scene: Any, person: Any) -> tuple[str, list[Any], dict[str, Any]]:
    payment = world.certified(scene.office, scene.awarded.tranches.get(number=1), 100)
    with acting(person):
        proof = world.paper(scene.awarded, "receipt", person)
    form = {"on": f"{periods.now():%d/%m/%Y}", "proof": proof.pk, "witness": ""}
    return "payment_pay", [payment.pk], form


def _posting(verb: str) -> Callable[..., Any]:
    def make(scene: Any, person: Any) -> tuple[str, list[Any], dict[str, Any]]:
        form = {
            "amount": "5",
            "currency": "USD",
            "on": f"{periods.now():%d/%m/%Y}",
            "reason": "why",
            "after": money_reading.last_posting(scene.running),
        }
        return f"money_{verb}", [scene.running.ref], form

    return make


def _reverse(scene: Any, person: Any) -> tuple[str, list[Any], dict[str, Any]]:
    entry = scene.running.entries.get(kind="DISBURSE")
    return "money_reverse", [scene.running.ref, entry.pk], {"reason": "why"}


PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    "requester certifies": ("requester", _certify),
    "approver certifies": ("approver", _certify),
    "requester pays": ("requester", _pay),
    "approver pays": ("approver", _pay),
    "certifier pays": ("certifier", _pay),
    "requester refunds": ("requester", _posting("refund")),
    "requester verifies expenses": ("requester", _posting("expense")),
    "requester obligates": ("requester", _posting("obligate")),
    "approver obligates": ("approver", _posting("obligate")),
    "requester de-obligates": ("requester", _posting("deobligate")),
    "requester reverses": ("requester", _reverse),
}


@pytest.mark.parametrize("pair", sorted(PAIRS))
def test_no_page_lets_two_duties_meet(scene, office, shown, pair):
    part, make = PAIRS[pair]
    person = all_duties(getattr(office, part))
    name, args, form = make(scene, person)
    before = (LedgerEntry.objects.count(), PaymentRequest.objects.filter(state="CERTIFIED").count())

    answer = shown(person, name, *args, post=form)
    if answer.status_code == 302:
        answer = shown(person, "payment_detail", *args)

    assert b"You had another part in this grant" in answer.content
    after = (LedgerEntry.objects.count(), PaymentRequest.objects.filter(state="CERTIFIED").count())
    assert after == before
    # What the page offers says the same beforehand.
    if name.startswith("payment"):
        offered = shown(person, "payment_detail", *args).context["verbs"]
        assert not offered & {"certify", "pay"}


# --- odd payments --------------------------------------------------------------------------------


def test_payments_that_look_alike_are_named(scene, office, awarded, running, shown):
    tranche = awarded.tranches.get(number=1)
    with acting(office.requester):
        paper = world.paper(awarded, "invoice", office.requester)
    vendor = world.organisation(office, "Trader")
    facts = {"payee": vendor, "evidence": paper}
    first = world.ask(office, tranche, 123, voucher_no="A-17", **facts)
    second = world.ask(office, tranche, 123, voucher_no="a 18", **facts)
    world.ask(office, tranche, 50)

    page = shown(office.certifier, "payment_detail", second.pk)
    ((other, kinds),) = page.context["twins"]
    assert other.pk == first.pk
    assert len(kinds) == 4
    assert page.content.count(b"Looks like another payment") == 1
    assert shown(office.certifier, "payment_list").content.count(b"Looks like another") == 2

    odd = shown(office.auditor, "payment_anomalies").context["kinds"]
    found = {str(one["label"]): one["groups"] for one in odd}
    assert "A voucher number used more than once" not in found
    assert len(found["The payee is no party to the grant"]) == 2
    assert "A round sum" not in found
    for person in (office.viewer, office.requester, office.approver):
        assert shown(person, "payment_anomalies").status_code == 403


def test_round_sums_and_ever_the_same_hands_are_listed(scene, office, awarded, shown):
    tranche = awarded.tranches.get(number=1)
    for amount in (100, 101, 102):
        world.pay(office, tranche, amount)
    world.ask(office, tranche, 2_000_000, currency="IQD")

    odd = shown(office.officer, "payment_anomalies").context["kinds"]
    found = {str(one["label"]): one["groups"] for one in odd}
    assert [[one.currency for one in group] for group in found["A round sum"]] == [["IQD"]]
    (hands,) = [groups for label, groups in found.items() if label.startswith("Certified and paid")]
    assert {one.amount for one in hands[0]} == {100, 101, 102}


# --- stops ---------------------------------------------------------------------------------------


def test_two_people_stop_the_payments_of_a_district_and_two_lift_it(scene, office, awarded, shown):
    tranche = awarded.tranches.get(number=1)
    waiting, ready = world.ask(office, tranche, 10), world.certified(office, tranche, 20)
    form = {"fund": scene.fund.pk, "district": awarded.district_id, "reason": "ghost workers"}
    shown(office.officer, "stop_new", post=form)
    stop = PaymentStop.objects.get()
    again = shown(office.officer2, "stop_new", post=form)
    assert list(errors(again)) == ["district"]

    shown(office.officer, "stop_settle", stop.pk, post={"verb": "confirm"})
    assert stops.holding(awarded) is None
    shown(office.certifier, "stop_settle", stop.pk, post={"verb": "confirm"})
    assert stops.holding(awarded) == stop
    page = shown(office.certifier, "payment_detail", waiting.pk)
    assert b"ghost workers" in page.content
    assert page.context["verbs"] == {"refuse"}
    shown(office.certifier, "payment_certify", waiting.pk, post={})
    assert PaymentRequest.objects.get(pk=waiting.pk).state == "REQUESTED"
    answer = shown(office.requester, "money_ask", awarded.ref, post=asked(payee=awarded.grantee_id))
    assert errors(answer) == {"__all__": ["Payments of this fund are stopped in this district."]}
    with pytest.raises(DistrictStopped):
        world.pay_it(office, ready)
    for role in ("reo", "app"):
        with (
            pytest.raises(Error, match="payments of this fund are stopped"),
            role_of(office.certifier, role),
        ):
            PaymentRequest.objects.filter(pk=waiting.pk).update(
                state="CERTIFIED", certifier_id=office.certifier.pk, certified_at=periods.now()
            )

    shown(office.officer, "stop_ask_lift", stop.pk, post={"reason": "checked"})
    shown(office.officer, "stop_settle", stop.pk, post={"verb": "lift"})
    assert stops.holding(awarded) == stop
    shown(office.payer, "stop_settle", stop.pk, post={"verb": "lift"})
    assert stops.holding(awarded) is None
    world.pay_it(office, ready)


@pytest.mark.parametrize("role", ["reo", "app"])
def test_the_rows_of_a_stop_hold_its_two_people(scene, office, awarded, role):
    with acting(office.officer):
        stop = stops.propose(scene.fund, district=awarded.district, reason="why", by=office.officer)
    with pytest.raises(SecondPersonNeeded), acting(office.officer):
        stops.confirm(stop, by=office.officer)
    rows = PaymentStop.objects.filter(pk=stop.pk)
    now = periods.now()
    for person, facts in (
        (office.officer, {"confirmed_by": office.officer.pk, "confirmed_at": now}),
        (office.requester, {"confirmed_by": office.requester.pk, "confirmed_at": now}),
        (office.payer, {"lifted_by": office.payer.pk, "lifted_at": now}),
        (office.payer, {"reason": "another"}),
        (office.payer, {"dropped_by": office.requester.pk, "dropped_at": now}),
    ):
        facts = {f"{name}_id" if name.endswith("_by") else name: v for name, v in facts.items()}
        with pytest.raises(Error), role_of(person, role):
            rows.update(**facts)
    with pytest.raises(Error), role_of(office.officer, role), connection.cursor() as cursor:
        cursor.execute("DELETE FROM grants_paymentstop")
    assert rows.get().confirmed_at is None


def test_a_refused_payment_keeps_its_reason_and_its_voucher(office, awarded, shown):
    payment = world.ask(office, awarded.tranches.get(number=1), 10, voucher_no="V-9")
    assert "reason" in errors(shown(office.certifier, "payment_refuse", payment.pk, post={}))
    shown(office.certifier, "payment_refuse", payment.pk, post={"reason": "no invoice"})

    assert b"no invoice" in shown(office.viewer, "payment_detail", payment.pk).content
    assert b"V-9" in shown(office.viewer, "payment_list", waits="refused").content
    assert b"V-9" not in shown(office.viewer, "payment_list").content
    with pytest.raises(Exception, match="voucher"):
        world.ask(office, awarded.tranches.get(number=1), 10, voucher_no="V-9")


def test_what_a_gate_lacks_is_named_to_the_certifier(office, awarded, shown):
    payment = world.ask(office, awarded.tranches.get(number=2), 10)
    page = shown(office.certifier, "payment_certify", payment.pk, post={})

    assert b"The tranche before this one, paid in full" in page.content
    assert payments.PaymentRequest.objects.get(pk=payment.pk).state == "REQUESTED"
