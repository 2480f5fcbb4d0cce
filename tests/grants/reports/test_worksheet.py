"""The SF-425 worksheet: every line by its formula, and figures that count by two people."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.session import acting
from grants.exceptions import BadAmount, DutiesKeptApart, InTheFuture, NotForThisPerson
from grants.models import Fund, FundFigure, ReportRun
from grants.reports import federal
from grants.services import figures, ledger
from tests.conftest import maker_of_users
from tests.grants import office as world

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """3,000 awarded and obligated, 1,000 paid, 600 of it verified, 50 refunded, 200 let go."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            fund = world.open_fund(office)
            draft = world.draft(office, fund, 3000)
            grant = world.move(office, draft, "AWARDED", tranches=[1000, 2000])
            first = grant.tranches.get(number=1)
            world.pay(office, first, "1000")
            world.account(office, first, "600")
            with acting(office.closeout):
                ledger.refund(grant, amount="50", reason="not used", by=office.closeout)
                ledger.deobligate(grant, amount_usd="200", reason="dearer", by=office.closeout)
            yield SimpleNamespace(office=office, fund=fund)
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


def entered(scene: SimpleNamespace, kind: str, amount: Any, on: date | None = None) -> FundFigure:
    """A figure that counts."""
    with acting(scene.office.officer):
        made = figures.enter(
            scene.fund,
            kind=kind,
            amount_usd=amount,
            on=on or periods.today(),
            reference="LOC 7",
            by=scene.office.officer,
        )
    with acting(scene.office.certifier):
        return figures.confirm(made, by=scene.office.certifier)


def lines(scene: SimpleNamespace, since: date | None = None) -> dict[str, Decimal]:
    with acting(scene.office.viewer):
        fund = Fund.objects.get(pk=scene.fund.pk)
        content = federal.worksheet(fund, since=since, until=periods.today())
    return {line["line"]: line["total"] for line in content["lines"]}


def test_every_line_is_worked_out_by_its_formula(scene: SimpleNamespace):
    for kind, amount in {
        "receipt": 1500,
        "required": 400,
        "share": 150,
        "earned": 90,
        "deducted": 20,
        "added": 30,
        "indirect": 11,
    }.items():
        entered(scene, kind, amount)

    assert {number: str(value) for number, value in lines(scene).items()} == {
        "10a": "1500.00",
        "10b": "950.00",  # 1,000 paid - 50 refunded
        "10c": "550.00",
        "10d": "1000000.00",
        "10e": "600.00",
        "10f": "1850.00",  # 3,000 - 200 - 1,000 + 50
        "10g": "2450.00",
        "10h": "997550.00",
        "10i": "400.00",
        "10j": "150.00",
        "10k": "250.00",
        "10l": "90.00",
        "10m": "20.00",
        "10n": "30.00",
        "10o": "40.00",
        "11": "11.00",
    }


def test_a_period_takes_in_its_days_alone_and_balances_have_no_amount_in_it(
    scene: SimpleNamespace,
):
    entered(scene, "receipt", 500, on=periods.today() - timedelta(days=40))
    entered(scene, "receipt", 70)
    fund = Fund.objects.get(pk=scene.fund.pk)
    today = periods.today()
    content = federal.worksheet(fund, since=today, until=today)
    period = {line["line"]: line["period"] for line in content["lines"]}
    before = federal.worksheet(fund, since=None, until=today - timedelta(days=1))

    assert period["10a"] == Decimal("70.00")
    assert {number for number, value in period.items() if value is None} == {
        *("10c", "10d", "10f", "10g", "10h", "10k", "10o"),
    }
    told = {line["line"]: line["total"] for line in before["lines"]}
    assert (told["10a"], told["10b"], told["10h"]) == (500, 0, 1_000_000)


def test_a_figure_counts_when_a_second_person_confirmed_it_until_it_is_withdrawn(
    scene: SimpleNamespace,
):
    office = scene.office
    with acting(office.officer):
        waits = figures.enter(
            scene.fund,
            kind="receipt",
            amount_usd="12.50",
            on=periods.today(),
            reference="LOC 8",
            by=office.officer,
        )
    assert lines(scene)["10a"] == 0
    with acting(office.officer), pytest.raises(NotForThisPerson):
        figures.confirm(waits, by=office.officer)
    with acting(office.certifier):
        confirmed = figures.confirm(waits, by=office.certifier)
    assert lines(scene)["10a"] == Decimal("12.50")
    with acting(office.certifier):
        figures.withdraw(confirmed, by=office.certifier)
    assert lines(scene)["10a"] == 0


def test_who_entered_a_figure_does_not_confirm_it_not_even_with_both_duties(
    scene: SimpleNamespace,
):
    person = scene.office.officer
    person.duties = ["officer", "certifier"]
    person.save()
    with acting(person):
        mine = figures.enter(
            scene.fund,
            kind="receipt",
            amount_usd=5,
            on=periods.today(),
            reference="LOC 9",
            by=person,
        )
        with pytest.raises(DutiesKeptApart):
            figures.confirm(mine, by=person)
        for statement in (
            "UPDATE grants_fundfigure SET confirmed_at = now(), confirmed_by_id = entered_by_id",
            "UPDATE grants_fundfigure SET amount_usd = 6",
            "DELETE FROM grants_fundfigure",
        ):
            with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"amount_usd": 0}, BadAmount),
        ({"amount_usd": "1.005"}, BadAmount),
        ({"on": date(2199, 1, 1)}, InTheFuture),
    ],
)
def test_a_figure_is_of_an_amount_and_of_a_day_gone_by(
    scene: SimpleNamespace, facts: dict[str, Any], refusal: type[Exception]
):
    asked = {"kind": "receipt", "amount_usd": 1, "on": periods.today(), "reference": "x", **facts}
    with acting(scene.office.officer), pytest.raises(refusal):
        figures.enter(scene.fund, by=scene.office.officer, **asked)


def test_the_page_takes_a_figure_in_arabic_digits_and_another_confirms_it(
    scene: SimpleNamespace, client: Any
):
    page = reverse("grants:worksheet")
    client.force_login(scene.office.officer)
    new = reverse("grants:figure_new", args=[scene.fund.code])
    typed = {"kind": "receipt", "amount_usd": "١٬٢٥٠٫٥٠", "on": "١/٢/٢٠٢٦", "reference": "LOC 1"}
    assert client.post(new, {**typed, "amount_usd": "-5"}).status_code == 422
    assert client.post(new, typed).status_code == 302
    figure = FundFigure.objects.get(reference="LOC 1")
    assert figure.amount_usd == Decimal("1250.50")
    shown = client.get(page).content.decode()
    waits = shown.split("Waits for one of:")[1].split("</td>")[0]
    assert scene.office.payer.code_name in waits
    assert scene.office.officer.code_name not in waits

    client.force_login(scene.office.certifier)
    client.post(reverse("grants:figure_confirm", args=[figure.pk]))
    shown = client.get(page, {"fund": scene.fund.code})
    assert b"1,250.50" in shown.content
    assert "not a filed form" in shown.content.decode()
    for format, begins in (("xlsx", b"PK"), ("pdf", b"%PDF"), ("json", b"{"), ("csv", b"\xef")):
        answer = client.get(page, {"fund": scene.fund.code, "format": format, "language": "ar"})
        assert b"".join(answer.streaming_content).startswith(begins)
    # The CSV says of which run it is; amounts in the JSON are numbers with all their places.
    files = {
        format: b"".join(
            client.get(
                page, {"fund": scene.fund.code, "format": format, "language": "en"}
            ).streaming_content
        ).decode("utf-8-sig")
        for format in ("csv", "json")
    }
    run = ReportRun.objects.filter(report="sf-425").latest("number")
    said = {row["item"]: row["note"] for row in csv.DictReader(io.StringIO(files["csv"]))}
    assert said["Run"] == str(run.number)
    assert said["Made by"] == scene.office.certifier.code_name
    assert said["Head of the ledger"] == run.ledger_hash
    told = json.loads(files["json"], parse_float=Decimal, parse_int=Decimal)
    receipts = next(one for one in told["lines"] if one["line"] == "10a")
    assert receipts["total"] == Decimal("1250.50")
    assert isinstance(told["unverified"], Decimal)
