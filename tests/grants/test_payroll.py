"""Payroll lists: people under seal, what is odd, one sum, and who may certify."""

import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from ceasefire.audit.models import AuditEvent
from ceasefire.database.session import acting
from grants.exceptions import (
    DutiesKeptApart,
    NotAllowedFromHere,
    NotForThisPerson,
    PayrollMissing,
    PayrollNotCertified,
    PersonTwice,
    SignsUndecided,
    SumsDiffer,
)
from grants.models import PaymentRequest, PayrollFlag, PayrollList, PayrollRow
from grants.services import payments, payroll
from grants.services.payroll import Worker
from tests.grants import office as world
from tests.incidents.test_two_connections import meet

LAST = date(2026, 11, 20)
FIRST = LAST - timedelta(days=9)


def begun(office: Any, grant: Any, total: Any = 75000, **facts: Any) -> PayrollList:
    facts = {"period_from": FIRST, "period_to": LAST, "currency": "IQD", **facts}
    with acting(office.officer):
        return payroll.begin_list(grant, control_total=total, by=office.officer, **facts)


def filled(office: Any, made: PayrollList, *workers: Worker) -> list[PayrollRow]:
    with acting(office.officer):
        return payroll.add_rows(made, workers, by=office.officer)


def kinds(made: PayrollList) -> set[tuple[str, int | None]]:
    return {(one.kind, one.row.number if one.row else None) for one in payroll.live_flags(made)}


@pytest.fixture
def awarded(grant_in: Any) -> Any:
    return grant_in("AWARDED")


@pytest.mark.django_db
def test_pay_is_days_by_rate_to_the_place_of_its_currency_by_the_database(office, awarded):
    dollars = begun(office, awarded, "16.68", currency="USD")
    (row,) = filled(office, dollars, Worker("علي حسن كاظم", "٢٫٥", "6.67"))
    row.refresh_from_db()
    assert row.amount == Decimal("16.68")  # 16.675, half up

    dinars = begun(office, awarded, "1")
    (row,) = filled(office, dinars, Worker("علي حسن كاظم", "1.5", "١٢٬٣٤٥٫٣٣٣"))
    row.refresh_from_db()
    assert row.amount == Decimal("18518.000")


@pytest.mark.django_db
def test_names_and_phones_lie_under_seal_and_are_read_by_two_duties_only(office, awarded, client):
    made = begun(office, awarded)
    (row,) = filled(office, made, Worker("Reed Marsh Waters", "3", "25000", "0770 123 4567"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(r)::text FROM grants_payrollrow r")
        (stored,) = cursor.fetchone()
    assert "Reed" not in stored
    assert "770123" not in stored
    with acting(office.certifier):
        names = payroll.names_of(made, by=office.certifier)
    assert names[row.pk] == {"name": "Reed Marsh Waters", "phone": "0770 123 4567"}
    assert AuditEvent.objects.filter(verb="payroll.names_read").count() == 1
    for other in (office.officer, office.monitor, office.requester, office.auditor):
        with acting(other), pytest.raises(NotForThisPerson):
            payroll.names_of(made, by=other)

    page = reverse("grants:payroll_detail", args=[awarded.ref, made.number])
    for person in (office.officer, office.certifier, office.auditor):
        client.force_login(person)
        assert "Reed" not in client.get(page).content.decode()
    client.force_login(office.vetting)
    names_page = reverse("grants:payroll_names", args=[awarded.ref, made.number])
    assert "Reed Marsh Waters" in client.post(names_page).content.decode()


@pytest.mark.django_db
def test_a_person_stands_once_on_a_list(office, awarded):
    made = begun(office, awarded)
    with pytest.raises(payroll.RowsRefused) as refused:
        filled(
            office,
            made,
            Worker("Reed Marsh", "1", "25000", "0770 123 4567"),
            Worker("reed  marsh", "1", "25000", "+964 770 1234567"),
            Worker("", "1", "25000"),
            Worker("Rush", "1.25", "25000"),
            Worker("Rush", "1", "25.0001"),
        )
    assert [number for number, _fault in refused.value.faults] == [2, 3, 4, 5]
    assert isinstance(refused.value.faults[0][1], PersonTwice)
    assert not made.rows.exists()

    (first,) = filled(office, made, Worker("Reed Marsh", "1", "25000"))
    # By hand, too.
    twin = PayrollRow.objects.get(pk=first.pk)
    twin.pk, twin.number = PayrollList().pk, 2
    twin._state.adding = True
    with pytest.raises(DatabaseError, match="a_person_stands_once"), transaction.atomic():
        twin.save()


@pytest.mark.django_db
def test_signs_within_a_list_across_lists_and_across_grants(office, fund, grant_in):
    thumb = "ab" * 32
    here, there = grant_in("AWARDED"), grant_in("AWARDED")
    other = begun(office, there)
    filled(office, other, Worker("محمد جاسم كاظم", "3", "25000", "07701234567"))
    long_ago = begun(
        office, there, period_from=FIRST - timedelta(99), period_to=FIRST - timedelta(90)
    )
    filled(office, long_ago, Worker("Rush Bank Waters", "3", "25000"))
    made = begun(office, here)
    filled(
        office,
        made,
        Worker("Mohammed Jassim Kadhim", "11", "25000", mark="thumb", mark_hash=thumb),  # 1
        Worker("Sedge Reed Marsh", "2", "25000", "0770 123 4567"),  # 2
        Worker("Willow Bank Stone", "2", "20000", mark="thumb", mark_hash=thumb),  # 3
        Worker("Sedge Reed", "2", "25000", "0780 000 0000"),  # 4
        Worker("Rush Bank Waters", "2", "25000"),  # 5: on a list of other days
    )

    assert kinds(made) == {
        ("name", 1),
        ("days", 1),
        ("phone", 2),
        ("mark", 3),
        ("name", 4),
        ("no_mark", None),
    }


@pytest.mark.django_db
def test_round_sums_and_rows_that_are_all_alike_are_looked_at(office, awarded):
    made = begun(office, awarded, 1_000_000)
    people = [
        Worker(f"{name} Marsh Waters", "10", "20000")
        for name in ("Reed", "Rush", "Sedge", "Willow", "Osier")
    ]
    filled(office, made, *people)

    assert kinds(made) == {("round", None), ("alike", None), ("no_mark", None)}


def ready(office: Any, grant: Any) -> tuple[PayrollList, Any]:
    """A list of one person with more days than there are, and the payment it supports."""
    world.rate(office, 1000)
    payment = world.ask(office, grant.tranches.get(), 275000, currency="IQD", method="EFT")
    made = begun(office, grant, 275000, payment=payment)
    filled(office, made, Worker("Reed Marsh Waters", "11", "25000"))
    return made, payment


@pytest.mark.django_db
def test_a_list_is_certified_when_signs_are_decided_and_the_sums_are_one(office, awarded):
    made, payment = ready(office, awarded)
    with acting(office.certifier), pytest.raises(PayrollNotCertified):
        payments.certify(payment, by=office.certifier)
    with acting(office.certifier):
        with pytest.raises(SignsUndecided):
            payroll.certify_list(made, by=office.certifier)
        # Nor by hand.
        with pytest.raises(DatabaseError, match="every sign"), transaction.atomic():
            PayrollList.objects.filter(pk=made.pk).update(
                state="CERTIFIED", certified_by=office.certifier.pk, certified_at=made.made_at
            )
        payroll.decide_signs(
            made, made.flags.all(), verdict="wrong", reason="ten days only", by=office.certifier
        )
        with pytest.raises(SignsUndecided):
            payroll.certify_list(made, by=office.certifier)
        payroll.decide_signs(
            made, made.flags.all(), verdict="fine", reason="a night too", by=office.certifier
        )
        payroll.certify_list(made, by=office.certifier)
        payments.certify(payment, by=office.certifier)
    made.refresh_from_db()
    assert made.state == "CERTIFIED"
    with pytest.raises(NotAllowedFromHere):
        filled(office, made, Worker("Rush", "1", "1"))
    row = made.rows.get()
    with acting(office.officer):
        for statement in (
            "UPDATE grants_payrollrow SET struck_at = now(), strike_reason = 'x', struck_by_id ="
            f" '{office.officer.pk}' WHERE id = '{row.pk}'",
            f"UPDATE grants_payrolllist SET control_total = 1 WHERE id = '{made.pk}'",
            f"DELETE FROM grants_payrollrow WHERE id = '{row.pk}'",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


@pytest.mark.django_db
def test_rows_control_total_and_payment_are_one_sum(office, awarded):
    made, _payment = ready(office, awarded)
    filled(office, made, Worker("Rush Bank Stone", "1", "25000"))
    with acting(office.certifier), pytest.raises(SumsDiffer):
        payroll.certify_list(made, by=office.certifier)
    with acting(office.officer):
        payroll.strike_row(made.rows.get(number=2), reason="was not there", by=office.officer)
    with acting(office.certifier):
        payroll.decide_signs(
            made, made.flags.all(), verdict="fine", reason="a night too", by=office.certifier
        )
        payroll.certify_list(made, by=office.certifier)
    assert made.rows.get(number=2).amount == 25000  # kept to be seen


@pytest.mark.django_db
def test_who_made_a_list_or_asked_for_the_grant_decides_nothing_on_it(office, awarded, make_user):
    made, _payment = ready(office, awarded)
    everything = make_user(
        "reo_staff", username="reo.both", duties=["officer", "certifier", "monitor"]
    )
    with acting(everything):
        own = payroll.begin_list(
            awarded,
            period_from=FIRST,
            period_to=LAST,
            currency="IQD",
            control_total=1,
            by=everything,
        )
        with pytest.raises(DutiesKeptApart):
            payroll.certify_list(own, by=everything)
        with pytest.raises(DutiesKeptApart):
            payroll.decide_signs(own, [], verdict="fine", reason="x", by=everything)
    flag = made.flags.get()
    for person in (office.officer, office.requester, office.payer):
        with acting(person):
            with pytest.raises(NotForThisPerson):
                payroll.decide_signs(made, [flag], verdict="fine", reason="x", by=person)
            with pytest.raises(DatabaseError, match="decided by somebody"), transaction.atomic():
                PayrollFlag.objects.filter(pk=flag.pk).update(
                    verdict="fine", reason="x", decided_by=person.pk, decided_at=made.made_at
                )


@pytest.mark.parametrize("end", ["\t", ","])
def test_pasted_rows_are_read_with_or_without_a_head(end):
    rows = [["الاسم", "عدد الأيام", "رقم الهاتف", "الأجر اليومي"], ["علي", "٣", "0770", "25000"]]
    text = "\n".join(end.join(row) for row in rows)
    assert payroll.read_rows(text) == [Worker("علي", "٣", "25000", "0770")]
    assert payroll.read_rows(end.join(["Reed", "0770", "3", "25000"])) == [
        Worker("Reed", "3", "25000", "0770")
    ]


def test_a_workbook_is_read_and_a_bomb_is_not(monkeypatch):
    book = openpyxl.Workbook()
    book.active.append(["Name", "Phone", "Days", "Rate"])
    book.active.append(["Reed", "0770", 2.5, 25000])
    sent = io.BytesIO()
    book.save(sent)
    assert payroll.read_rows(sent.getvalue()) == [Worker("Reed", "2.5", "25000", "0770")]
    for broken in (b"PK\x03\x04nothing", b"\x00\x01", b"   "):
        with pytest.raises(payroll.BadPayrollRow):
            payroll.read_rows(broken)
    monkeypatch.setattr(payroll, "LARGEST_UNPACKED", 10)
    with pytest.raises(payroll.BadPayrollRow):
        payroll.read_rows(sent.getvalue())


@pytest.mark.django_db
def test_a_list_goes_from_paste_to_certified_on_its_pages(office, awarded, client):
    client.force_login(office.officer)
    world.rate(office, 1000)
    payment = world.ask(office, awarded.tranches.get(), 275000, currency="IQD")
    there = client.post(
        reverse("grants:payroll_new", args=[awarded.ref]),
        {
            "period_from": "11/11/2026",
            "period_to": "20/11/2026",
            "currency": "IQD",
            "control_total": "٢٧٥٬٠٠٠",
            "payment": payment.pk,
        },
        follow=True,
    )
    made = awarded.payroll_lists.get()
    assert there.status_code == 200
    people = reverse("grants:payroll_rows", args=[awarded.ref, made.number])
    refused = client.post(people, {"pasted": "Reed Marsh\t\t11\t25000\nRush\t\tmany\t1"})
    assert refused.status_code == 422
    assert "Row 2" in refused.content.decode()
    assert client.post(people, {"pasted": "Reed Marsh\t\t11\t25000"}).status_code == 302

    client.force_login(office.certifier)
    page = reverse("grants:payroll_detail", args=[awarded.ref, made.number])
    assert "More days than the period has" in client.get(page).content.decode()
    client.post(
        reverse("grants:payroll_decide", args=[awarded.ref, made.number]),
        {"flags": [made.flags.get().pk], "verdict": "fine", "reason": "a night too"},
    )
    client.post(reverse("grants:payroll_certify", args=[awarded.ref, made.number]))
    made.refresh_from_db()
    assert made.state == "CERTIFIED"


@pytest.mark.django_db
def test_rows_are_sealed_anew_when_the_key_changes(office, awarded, monkeypatch):
    made = begun(office, awarded)
    (row,) = filled(office, made, Worker("Reed Marsh", "1", "25000"))
    PayrollRow.objects.filter(pk=row.pk).update(key_id="older")
    monkeypatch.setattr(payroll, "_open", lambda _row: {"name": "Reed Marsh", "phone": ""})

    assert payroll.counts_by_key() == {"older": 1}
    assert payroll.seal_again() == []
    assert "older" not in payroll.counts_by_key()


@pytest.mark.django_db(transaction=True)
def test_nobody_is_added_to_a_list_while_it_is_certified(office, grant_in):
    made, _payment = ready(office, grant_in("AWARDED"))
    with acting(office.certifier):
        payroll.decide_signs(
            made, made.flags.all(), verdict="fine", reason="a night too", by=office.certifier
        )

    def certify() -> Any:
        with acting(office.certifier):
            return payroll.certify_list(made, by=office.certifier)

    def add() -> Any:
        with acting(office.officer):
            return payroll.add_rows(made, [Worker("Rush", "1", "25000")], by=office.officer)

    assert isinstance(meet(certify, add), NotAllowedFromHere)
    assert made.rows.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "method", "paper", "waits"),
    [
        ("cash_for_work", "CASH", None, True),
        ("cash_for_work", "EFT", "invoice", True),
        # Tools and material, straight to who sells them.
        ("cash_for_work", "VENDOR_DIRECT", None, False),
        ("cash_for_work", "VENDOR_DIRECT", "payroll", True),
        ("culture", "EFT", "payroll", True),
        ("culture", "EFT", "invoice", False),
    ],
)
def test_wages_are_paid_by_a_certified_list_and_never_without_one(
    office, grant_in, kind, method, paper, waits
):
    grant = grant_in("AWARDED", kind=kind)
    evidence = None
    if paper:
        with acting(office.requester):
            evidence = world.paper(grant, paper, office.requester)
    payment = world.ask(office, grant.tranches.get(), 200, method=method, evidence=evidence)
    if not waits:
        with acting(office.certifier):
            assert payments.certify(payment, by=office.certifier).state == "CERTIFIED"
        return

    with acting(office.certifier), pytest.raises(PayrollMissing):
        payments.certify(payment, by=office.certifier)
    # Nor past the verb.
    with acting(office.certifier), transaction.atomic():
        world.match_raw(payment, office.certifier)
        with pytest.raises(DatabaseError, match="wages are paid"), transaction.atomic():
            PaymentRequest.objects.filter(pk=payment.pk).update(
                state="CERTIFIED", certifier=office.certifier.pk, certified_at=payment.requested_at
            )
        transaction.set_rollback(True)
    made = begun(office, grant, 200, payment=payment, currency="USD")
    filled(office, made, Worker("Reed Marsh Waters", "10", "20"))
    with acting(office.certifier):
        with pytest.raises(PayrollNotCertified):
            payments.certify(payment, by=office.certifier)
        payroll.certify_list(made, by=office.certifier)
        assert payments.certify(payment, by=office.certifier).state == "CERTIFIED"


@pytest.mark.django_db(transaction=True)
def test_signs_that_the_last_look_finds_are_kept_for_who_was_refused_for_them(
    office, grant_in, signed_in
):
    """Another list of those days came after the first was looked over."""
    first, second = grant_in("AWARDED"), grant_in("AWARDED")
    payment = world.ask(office, first.tranches.get(), 200)
    made = begun(office, first, 200, payment=payment, currency="USD")
    filled(office, made, Worker("Reed Marsh Waters", "10", "20"))
    later = begun(office, second, 90, currency="USD")
    filled(office, later, Worker("Reed Marsh Waters", "3", "30"))
    assert not made.flags.exists()

    client = signed_in(office.certifier)
    address = reverse("grants:payroll_certify", args=[first.ref, made.number])
    page = client.post(address, follow=True)

    assert [(one.kind, one.verdict) for one in made.flags.all()] == [("name", "")]
    assert str(SignsUndecided()) in page.content.decode()
    assert len(page.context["decide"].fields["flags"].queryset) == 1
    with acting(office.certifier):
        payroll.decide_signs(
            made, made.flags.all(), verdict="fine", reason="two people", by=office.certifier
        )
        assert payroll.certify_list(made, by=office.certifier).state == "CERTIFIED"
