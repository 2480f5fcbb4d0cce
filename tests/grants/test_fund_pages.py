"""Funds, rules, seats and rates in the browser; clocks; what other rules would have done."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from statistics import median
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import Error, transaction
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.session import acting
from grants.exceptions import StepIsMissingSomething
from grants.models import AuthorityRule, AuthoritySeat, ExchangeRate, Fund, Grant
from grants.services import clocks, machine, rates
from tests.conftest import maker_of_users
from tests.grants import office as world
from tests.grants.test_duties import role_of

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """A fund with two grants that were decided, one of them paid; tests play in savepoints."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            fund = world.open_fund(office)
            small = world.move(office, world.draft(office, fund, 3000), "ACTIVE")
            large = world.move(office, world.draft(office, fund, 20_000), "APPROVED")
            yield SimpleNamespace(office=office, fund=fund, small=small, large=large)
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def office(scene: SimpleNamespace, db: None) -> SimpleNamespace:
    return scene.office


@pytest.fixture
def shown(client: Any) -> Callable[..., Any]:
    """A page as somebody sees it: `shown(person, name, *args)`, with `post` sent to it."""

    def ask(person: Any, name: str, *args: Any, post: Any = None) -> Any:
        client.force_login(person)
        path = reverse(f"grants:{name}", args=args)
        return client.get(path) if post is None else client.post(path, post)

    return ask


def errors(answer: Any) -> dict[str, Any]:
    return dict(answer.context["form"].errors)


FUND = {
    "code": "qrf-fy27",
    "name_en": "Quick response",
    "name_ar": "الاستجابة السريعة",
    "ceiling_usd": "٢٬٥٠٠٬٠٠٠",
    "donor_ref": "",
    "start": "01/10/2026",
    "end": "30/09/2027",
    "clearance_days": "180",
    "closeout_days": "90",
    "accounted_pct": "80",
    "split_days": "90",
}


# --- funds ---------------------------------------------------------------------------------------


def test_a_fund_is_opened_and_changed_by_a_grants_officer(scene, office, shown):
    assert shown(office.payer, "fund_new").status_code == 403
    answer = shown(office.officer, "fund_new", post=FUND)
    fund = Fund.objects.get(code="QRF-FY27")
    assert answer.url == reverse("grants:fund_detail", args=[fund.code])
    assert fund.ceiling_usd == 2_500_000
    assert list(errors(shown(office.officer, "fund_new", post=FUND))) == ["code"]

    facts = {**FUND, "hawala_enabled": "on", "accounted_pct": "60", "version": fund.version}
    shown(office.officer, "fund_change", fund.code, post=facts)
    fund.refresh_from_db()
    assert (fund.hawala_enabled, fund.accounted_pct, fund.version) == (True, 60, 2)
    late = shown(office.officer, "fund_change", fund.code, post={**facts, "accounted_pct": "70"})
    assert "Somebody changed this meanwhile" in errors(late)["__all__"][0]
    assert late.context["form"]["accounted_pct"].value() == "70"


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"end": "01/10/2026"}, "end"),
        ({"ceiling_usd": "0"}, "ceiling_usd"),
        ({"ceiling_usd": "100.001"}, "ceiling_usd"),
        ({"code": "QRF/27"}, "code"),
        ({"clearance_days": "0"}, "clearance_days"),
        ({"accounted_pct": "101"}, "accounted_pct"),
    ],
)
def test_what_a_fund_can_not_be(office, shown, facts, field):
    answer = shown(office.officer, "fund_new", post={**FUND, "code": "X-1", **facts})

    assert list(errors(answer)) == [field]
    assert Fund.objects.count() == 1


def test_a_ceiling_lowered_after_the_approval_stops_the_award(scene, office, shown):
    low = shown(office.officer, "fund_ceiling", scene.fund.code, post={"ceiling_usd": "2999.99"})
    assert errors(low) == {"ceiling_usd": ["More than this is obligated on the fund already."]}

    shown(office.officer, "fund_ceiling", scene.fund.code, post={"ceiling_usd": "20000"})
    assert Fund.objects.get(pk=scene.fund.pk).left_usd == 17_000
    with pytest.raises(StepIsMissingSomething) as refused:
        world.move(office, scene.large, "AWARDED")
    assert [one.code for one in refused.value.missing] == ["fund_balance"]


# --- rules and seats -----------------------------------------------------------------------------

RULE = {
    "award_type": "GRANT_CASH",
    "role": "OFFICER",
    "min_amount_usd": "0",
    "max_amount_usd": "٢٬٠٠٠",
    "quorum": "1",
    "sequence": "1",
}


def test_a_rule_is_proposed_by_one_and_confirmed_by_another(scene, office, shown):
    day = periods.now().date()
    form = {**RULE, "valid_from": f"{day:%d/%m/%Y}"}
    shown(office.officer, "rule_new", scene.fund.code, post=form)
    rule = AuthorityRule.objects.get(confirmed_at=None)
    before = AuthorityRule.objects.get(award_type="GRANT_CASH", role="OFFICER", max_amount_usd=5000)

    shown(office.officer, "rule_confirm", rule.pk, post={})
    rule.refresh_from_db()
    assert rule.waits
    page = shown(office.certifier, "fund_detail", scene.fund.code)
    assert page.context["rules"]["waiting"] == [rule]
    shown(office.certifier, "rule_confirm", rule.pk, post={})
    before.refresh_from_db()
    assert before.valid_to == day
    page = shown(office.viewer, "fund_detail", scene.fund.code)
    assert rule in page.context["rules"]["now"]
    assert before in page.context["rules"]["past"]
    shown(office.officer2, "rule_end", rule.pk, post={"on": "01/01/2031"})
    rule.refresh_from_db()
    assert rule.valid_to == date(2031, 1, 1)


def test_a_proposal_is_refused_with_a_reason_and_never_confirmed_again(scene, office, shown):
    form = {**RULE, "valid_from": "01/01/2027"}
    shown(office.officer, "rule_new", scene.fund.code, post=form)
    rule = AuthorityRule.objects.get(confirmed_at=None)

    assert shown(office.reviewer, "rule_refuse", rule.pk).status_code == 403
    assert list(errors(shown(office.payer, "rule_refuse", rule.pk, post={}))) == ["reason"]
    shown(office.payer, "rule_refuse", rule.pk, post={"reason": "too low"})
    shown(office.certifier, "rule_confirm", rule.pk, post={})
    rule.refresh_from_db()
    assert (rule.confirmed_at, rule.refused_reason) == (None, "too low")
    assert b"too low" in shown(office.viewer, "fund_detail", scene.fund.code).content
    for role in ("reo", "app"):
        with pytest.raises(Error), role_of(office.certifier, role):
            AuthorityRule.objects.filter(pk=rule.pk).update(
                refused_by=None, refused_at=None, refused_reason=""
            )


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"max_amount_usd": "0"}, "max_amount_usd"),
        ({"min_amount_usd": "3000"}, "max_amount_usd"),
        ({"min_amount_usd": "-1"}, "min_amount_usd"),
        ({"quorum": "0"}, "quorum"),
        ({"sequence": "10"}, "sequence"),
        ({"role": ""}, "role"),
    ],
)
def test_what_a_rule_can_not_be(scene, office, shown, facts, field):
    form = {**RULE, "valid_from": "01/01/2027", **facts}
    answer = shown(office.officer, "rule_new", scene.fund.code, post=form)

    assert list(errors(answer)) == [field]
    assert not AuthorityRule.objects.filter(confirmed_at=None).exists()


def test_a_seat_takes_two_people_who_do_not_sit_on_it(scene, office, shown, make_user):
    newcomer = make_user("reo_staff", username="reo.approver3", duties=["approver"])
    form = {"who": newcomer.pk, "role": "LEAD", "valid_from": "01/01/2026"}
    shown(office.officer, "seat_new", scene.fund.code, post=form)
    seat = AuthoritySeat.objects.get(confirmed_at=None)

    for person in (office.officer, newcomer):
        shown(person, "seat_confirm", seat.pk, post={})
        seat.refresh_from_db()
        assert seat.waits
    shown(office.closeout, "seat_confirm", seat.pk, post={})
    seat.refresh_from_db()
    assert not seat.waits
    again = shown(office.officer, "seat_new", scene.fund.code, post=form)
    assert again.status_code == 302
    double = AuthoritySeat.objects.get(confirmed_at=None)
    page = shown(office.closeout, "seat_confirm", double.pk, post={})
    assert page.status_code == 302
    assert AuthoritySeat.objects.get(pk=double.pk).confirmed_at is None


def test_other_rules_are_tried_over_past_grants_and_nothing_is_written(scene, office, shown):
    fund = scene.fund
    page = shown(office.viewer, "rule_what_if", fund.code)
    assert len(page.context["rows"].initial) == 9

    def rows(*levels: tuple[str, str, str]) -> dict[str, Any]:
        sent: dict[str, Any] = {"form-TOTAL_FORMS": len(levels), "form-INITIAL_FORMS": 0}
        for number, (role, low, high) in enumerate(levels):
            facts = {**RULE, "role": role, "min_amount_usd": low, "max_amount_usd": high}
            sent |= {f"form-{number}-{name}": value for name, value in facts.items()}
        return sent

    before = AuthorityRule.objects.count()
    answer = shown(
        office.officer,
        "rule_what_if",
        fund.code,
        post=rows(("OFFICER", "0", "2000"), ("LEAD", "2000.01", "10000")),
    )
    found = {one["ref"]: one for one in answer.context["differ"]}
    assert answer.context["tried"] == 2
    assert [str(level) for level, _n in found[scene.small.ref]["after"]] == ["REO lead"]
    assert found[scene.large.ref]["after"] == []
    assert answer.context["outside"] == 1
    same = shown(
        office.officer,
        "rule_what_if",
        fund.code,
        post=rows(("OFFICER", "0", "5000"), ("LEAD", "5000.01", "25000")),
    )
    assert same.context["differ"] == []
    bad = shown(office.officer, "rule_what_if", fund.code, post=rows(("LEAD", "5", "٣")))
    assert bad.context["rows"].forms[0].errors
    assert not bad.context["asked"]
    assert AuthorityRule.objects.count() == before


# --- clocks --------------------------------------------------------------------------------------


def test_clocks_and_waits_are_those_of_the_rows(scene, office, shown):
    grants = [
        world.move(office, world.draft(office, scene.fund, 100 + number), "PENDING_APPROVAL")
        for number in range(2)
    ]
    now = periods.now()
    for number, grant in enumerate(grants, start=1):
        with acting(office.approver):
            machine.approve(grant, by=office.approver, at=now)
        invoice = {"invoiced_on": now.date() - timedelta(days=10 * number)}
        world.pay(office, world.move(office, grant, "AWARDED").tranches.get(), 100, **invoice)
    waiting = world.ask(office, scene.small.tranches.get(), 1, currency="IQD")

    every, basrah = clocks.clocks(scene.fund.pk)
    assert every.clocks == basrah.clocks
    assert basrah.district.pcode == "IQG02Q02"
    payment = every.clocks[2]
    assert (payment.n, payment.median) == (3, median([0, 10, 20]))
    assert payment.p90 == pytest.approx(18)
    assert [one.n for one in every.clocks] == [4, 3, 3]
    assert clocks.clocks(scene.small.pk)[0].clocks == (None, None, None)

    found = {str(one.label): one for one in clocks.waits(scene.fund.pk)}
    assert found["Approved"].ref == scene.large.ref
    assert [str(one) for one in found["Payment asked for"].duties] == ["Certifier"]
    assert found["Payment asked for"].ref == waiting.grant.ref
    page = shown(office.viewer, "fund_detail", scene.fund.code)
    assert page.context["waits"][0].label == "Approved"
    assert b"The longest wait" in page.content


# --- rates ---------------------------------------------------------------------------------------


def test_a_rate_is_entered_confirmed_used_and_withdrawn(scene, office, shown):
    day = f"{periods.now():%d/%m/%Y}"
    form = {"day": day, "source": "CBI", "iqd_per_usd": "١٬٣١٠٫٥"}
    shown(office.payer, "rate_new", post=form)
    rate = ExchangeRate.objects.get()
    assert str(rate.iqd_per_usd) == "1310.500000"
    assert list(errors(shown(office.officer, "rate_new", post=form))) == ["day"]

    shown(office.payer, "rate_confirm", rate.pk, post={})
    assert ExchangeRate.objects.get().confirmed_at is None
    shown(office.officer, "rate_confirm", rate.pk, post={})
    grant = world.move(office, scene.large, "AWARDED")
    world.pay(office, grant.tranches.get(), 1_310_500, currency="IQD", rate=rates.rate_for(
        periods.now().date(), "CBI"
    ))  # fmt: skip
    (row,) = shown(office.viewer, "rate_list").context["rows"]
    assert (row["used"], row["may_withdraw"]) == (1, False)

    shown(office.certifier, "rate_withdraw", rate.pk, post={"reason": "typed wrong"})
    page = shown(office.certifier, "rate_list")
    assert b"Withdrawn" in page.content
    # What was posted keeps its rate, and is shown with it.
    money = shown(office.viewer, "grant_money", grant.ref)
    assert b"1,310.50" in money.content
    assert Grant.objects.get(pk=grant.pk).disbursed_usd == 1000


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"iqd_per_usd": "0"}, "iqd_per_usd"),
        ({"iqd_per_usd": "-1300"}, "iqd_per_usd"),
        ({"iqd_per_usd": "1300.1234567"}, "iqd_per_usd"),
        ({"iqd_per_usd": "1,3"}, "iqd_per_usd"),
        ({"day": "31/12/2199"}, "day"),
        ({"source": "BANK"}, "source"),
    ],
)
def test_what_a_rate_can_not_be(office, shown, facts, field):
    form = {"day": f"{periods.now():%d/%m/%Y}", "source": "CBI", "iqd_per_usd": "1310", **facts}
    answer = shown(office.officer, "rate_new", post=form)

    assert list(errors(answer)) == [field]
    assert not ExchangeRate.objects.exists()
