"""What binds the fund, in which order levels speak, and where a grant stands: verbs and rows."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, connection

from ceasefire import periods
from ceasefire.database.session import acting
from ceasefire.places.models import Place
from grants.exceptions import DutiesKeptApart
from grants.models import AuthorityRule, Decision, Grant, LedgerEntry, Officer
from grants.services import amendments, funds, ledger, machine, money_reading, waiting
from grants.services.requirements import Missing
from tests.grants import office as world
from tests.grants.test_duties import all_duties, decide, role_of  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
ROLES = pytest.mark.parametrize("role", ["reo", "app"])


def bind(grant: Grant, who: Any, kind: str = "OBLIGATE", of: LedgerEntry | None = None) -> None:
    """Dollars, or a posting taken back, straight into the ledger."""
    value = of.amount_usd if of is not None else 5
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO grants_ledgerentry (fund_id, grant_id, kind, amount, currency, rate_source,
                                            amount_usd, effective_on, actor_id, reverses_id, reason)
            VALUES (%s, %s, %s, %s, 'USD', '', %s, public.grants_day(now()), %s, %s, 'why')
            """,
            [grant.fund_id, grant.pk, kind, value, value, who.pk, of.pk if of else None],
        )


def freed(office: Any, grant: Grant, amount: int = 60) -> LedgerEntry:
    with acting(office.officer):
        return ledger.deobligate(grant, amount_usd=amount, reason="spared", by=office.officer)


# --- who binds the fund ---------------------------------------------------------------------------


@ROLES
@pytest.mark.parametrize("part", ["certifier", "payer"])
def test_who_certifies_or_pays_takes_no_obligation_back(office, grant_in, part, role):
    grant, person = grant_in("AWARDED"), getattr(office, part)
    bound = grant.entries.get(kind="OBLIGATE")
    who = Officer.objects.get(pk=person.pk)
    with pytest.raises(Error, match="takes an obligation back"), role_of(person, role):
        bind(grant, person, "REVERSAL", bound)
    free = freed(office, grant)
    grant.refresh_from_db()

    for entry in (bound, free):
        assert not money_reading.may_reverse(grant, entry, who)
        with pytest.raises(DutiesKeptApart), acting(person):
            ledger.reverse(entry, reason="x", by=person)
    with pytest.raises(Error, match="takes an obligation back"), role_of(person, role):
        bind(grant, person, "REVERSAL", free)
    closer = Officer.objects.get(pk=office.closeout.pk)
    assert money_reading.may_reverse(grant, free, closer)
    with role_of(office.closeout, role):
        bind(grant, office.closeout, "REVERSAL", free)
    with acting(office.closeout):
        ledger.reverse(bound, reason="x", by=office.closeout)
    assert Grant.objects.get(pk=grant.pk).net_obligated_usd == 0


@ROLES
def test_an_approver_who_is_an_officer_too_does_not_bind_the_fund(
    office,
    grant_in,
    all_duties,  # noqa: F811
    role,
):
    grant = grant_in("AWARDED")
    free = freed(office, grant)
    grant.refresh_from_db()
    person = all_duties(office.approver)
    who = Officer.objects.get(pk=person.pk)

    assert "obligate" not in money_reading.verbs(grant, who)
    assert not money_reading.may_reverse(grant, free, who)
    with pytest.raises(DutiesKeptApart), acting(person):
        ledger.obligate(grant, amount_usd=5, by=person)
    with pytest.raises(DutiesKeptApart), acting(person):
        ledger.reverse(free, reason="x", by=person)
    for kind, of in (("OBLIGATE", None), ("REVERSAL", free)):
        with pytest.raises(Error, match="approves does not bind"), role_of(person, role):
            bind(grant, person, kind, of)
    with role_of(office.officer2, role):
        bind(grant, office.officer2)
    assert Grant.objects.get(pk=grant.pk).net_obligated_usd == 2945


def test_an_obligation_that_was_taken_back_is_bound_again_on_its_page(office, grant_in, client):
    grant = grant_in("AWARDED")
    with acting(office.closeout):
        ledger.reverse(grant.entries.get(kind="OBLIGATE"), reason="wrong", by=office.closeout)
    grant = Grant.objects.select_related("fund").get(pk=grant.pk)

    step = machine.missing_for(grant)
    assert Missing("obligated") in step.missing
    assert step.duties == ("officer",)
    assert {one.pk for one in step.officers} == {office.officer.pk, office.officer2.pk}
    assert waiting.duties_of([grant])[grant.pk] == step.duties
    waits = {
        part
        for part in ("requester", "officer", "officer2", "certifier", "payer")
        if grant in waiting.for_officer(Officer.objects.get(pk=getattr(office, part).pk))
    }
    assert waits == {"officer", "officer2"}

    url = f"/grants/{grant.ref}/money/obligate/"
    for person in (office.payer, office.certifier, office.viewer):
        client.force_login(person)
        assert client.get(url).status_code == 403
    client.force_login(office.officer)
    assert url in client.get(f"/grants/{grant.ref}/money/").content.decode()
    typed = {
        "amount": "3000.01",
        "on": f"{periods.now():%d/%m/%Y}",
        "reason": "bound again",
        "after": money_reading.last_posting(grant),
    }
    refused = client.post(url, typed)
    assert list(refused.context["form"].errors) == ["amount"]
    assert client.post(url, {**typed, "amount": "3000"}).status_code == 302
    grant = Grant.objects.get(pk=grant.pk)
    assert (grant.net_obligated_usd, grant.unliquidated_usd) == (3000, 3000)
    assert LedgerEntry.objects.get(grant=grant, reason="bound again").kind == "OBLIGATE"
    assert Missing("obligated") not in machine.missing_for(grant).missing
    assert url not in client.get(f"/grants/{grant.ref}/money/").content.decode()


# --- the order of decisions -----------------------------------------------------------------------


@pytest.fixture
def two_levels(office: Any, fund: Any) -> AuthorityRule:
    """From 2,000 dollars on the lead speaks after the officer."""
    with acting(office.officer):
        rule = funds.propose_rule(
            fund,
            award_type="GRANT_CASH",
            role="EMBASSY",
            min_amount_usd=2000,
            max_amount_usd=5000,
            sequence=2,
            valid_from=world.BEGAN,
            by=office.officer,
        )
        seat = funds.propose_seat(
            fund,
            who=Officer.objects.get(pk=office.approver2.pk),
            role="EMBASSY",
            valid_from=world.BEGAN,
            by=office.officer,
        )
    with acting(office.certifier):
        funds.confirm_seat(seat, by=office.certifier)
        return funds.confirm_rule(rule, by=office.certifier)


def say(grant: Grant, who: Any, rule: AuthorityRule, at: Any = None) -> None:
    Decision.objects.create(
        grant=grant,
        round=1,
        step="approval",
        role="approver",
        actor_id=who.pk,
        verdict="YES",
        amount_usd=grant.requested_usd,
        rule=rule,
        at=at or periods.now(),
    )


@ROLES
def test_levels_speak_in_their_order_by_hand_too(office, two_levels, grant_in, role):
    grant = grant_in("PENDING_APPROVAL")
    first = AuthorityRule.objects.get(award_type="GRANT_CASH", role="OFFICER")

    with pytest.raises(Error, match="speak in their order"), role_of(office.approver2, role):
        say(grant, office.approver2, two_levels)
    with role_of(office.approver, role):
        say(grant, office.approver, first)
    with role_of(office.approver2, role):
        say(grant, office.approver2, two_levels)
    assert Decision.objects.filter(grant=grant, step="approval").count() == 2


@ROLES
def test_a_word_is_not_dated_back_under_a_rule_that_has_ended(office, fund, grant_in, role):
    grant = grant_in("PENDING_APPROVAL")
    ended = AuthorityRule.objects.get(award_type="GRANT_CASH", role="OFFICER")
    with acting(office.officer):
        funds.end_rule(ended, on=periods.now().date(), by=office.officer)

    with pytest.raises(Error, match="does not hold for the grant"), role_of(office.approver, role):
        say(grant, office.approver, ended)
    back = periods.now() - timedelta(days=2)
    with pytest.raises(Error, match="before the step that asks"), role_of(office.approver, role):
        say(grant, office.approver, ended, at=back)
    assert not Decision.objects.filter(grant=grant, step="approval").exists()


def test_nor_is_a_word_on_an_amendment(office, grant_in):
    grant = grant_in("AWARDED")
    with acting(office.requester):
        made = amendments.open_amendment(grant, new_usd=2500, reason="less", by=office.requester)

    rows = {"step": "approval", "role": "approver", "verdict": "NO", "reason": "x"}
    with pytest.raises(Error, match="before the step that asks"), acting(office.approver2):
        Decision.objects.create(
            grant=grant,
            amendment=made,
            round=1,
            actor_id=office.approver2.pk,
            at=made.opened_at - timedelta(microseconds=1),
            **rows,
        )


# --- where a grant stands -------------------------------------------------------------------------


@ROLES
@pytest.mark.parametrize("state", ["SUBMITTED", "AWARDED"])
def test_a_grant_does_not_leave_its_district_or_site(office, grant_in, state, role):
    grant = grant_in(state)
    rows = Grant.objects.filter(pk=grant.pk)
    other = Place.objects.filter(level=Place.Level.DISTRICT).exclude(pk=grant.district_id).first()

    for facts in (
        {"district": other},
        {"site_name": "elsewhere"},
        {"lat": 30, "lon": 47},
    ):
        with pytest.raises(Error, match="stands where it is"), role_of(office.requester, role):
            rows.update(**facts)
    with role_of(office.requester, role):
        rows.update(district=grant.district, risk="low")
    draft = Grant.objects.filter(pk=grant_in("DRAFT").pk)
    with role_of(office.requester, role):
        draft.update(district=other)
