"""The work with a grant in the browser: lists, proposals, steps, amendments, history."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire import periods
from ceasefire.database.session import acting
from ceasefire.people.roles import Duty
from grants.demo import vetting as demo
from grants.forms.proposals import FactsForm
from grants.models import Amendment, Decision, Grant, Officer
from grants.services import (
    amendments,
    completeness,
    machine,
    parts,
    proposals,
    reading,
    requirements,
    risks,
    splits,
    waiting,
)
from tests.conftest import maker_of_users
from tests.grants import office as world

pytestmark = pytest.mark.django_db
TODAY = "%d/%m/%Y"


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[SimpleNamespace]:
    """An office with a grant in each state, made once; each test plays in a savepoint above."""
    with django_db_blocker.unblock():
        everything = transaction.atomic()
        everything.__enter__()
        try:
            office = world.people(maker_of_users())
            fund = world.open_fund(office)
            grants = {
                state: world.move(office, world.draft(office, fund), state) for state in world.WAY
            }
            yield SimpleNamespace(office=office, fund=fund, grants=grants)
        finally:
            transaction.set_rollback(True)
            everything.__exit__(None, None, None)


@pytest.fixture
def office(stage: SimpleNamespace, db: None) -> SimpleNamespace:
    return stage.office


@pytest.fixture
def in_state(stage: SimpleNamespace, db: None) -> Callable[[str], Grant]:
    """A grant in a state of the way, or suspended."""

    def find(state: str) -> Grant:
        if state == "SUSPENDED":
            with acting(stage.office.officer):
                return machine.suspend(
                    stage.grants["ACTIVE"], reason="the gate is locked", by=stage.office.officer
                )
        return Grant.objects.get(pk=stage.grants[state].pk)

    return find


@pytest.fixture
def at(client: Client) -> Callable[..., Any]:
    """Ask for a page as somebody, or send it with what they typed."""

    def ask(who: Any, name: str, *args: Any, typed: Any = None, query: str = "") -> Any:
        client.force_login(who)
        path = reverse(f"grants:{name}", args=args) + query
        return client.get(path) if typed is None else client.post(path, typed)

    return ask


def words(answer: Any) -> str:
    return answer.content.decode()


def paper(office: Any, grant: Grant, *kinds: str) -> None:
    with acting(office.officer):
        for kind in kinds:
            world.paper(grant, kind, office.officer)


def all_duties(who: Any) -> Any:
    """The same person, entrusted with everything."""
    who.duties = [duty.value for duty in Duty]
    who.save()
    return who


# --- steps ---

REASON = {"reason": "the wall is not theirs"}
#: step: state, who, what is typed, papers on file before, state after.
STEPS: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...], str]] = {
    "submit": ("DRAFT", "requester", {}, (), "SUBMITTED"),
    "give-back": ("SUBMITTED", "reviewer", REASON, (), "RETURNED"),
    "review": (
        "SUBMITTED",
        "reviewer",
        {"risk": "high", "conditions": "fence first"},
        ("review_sheet", "risk_sheet"),
        "VETTING",
    ),
    "clear": ("VETTING", "vetting", {}, ("screening",), "PENDING_APPROVAL"),
    "reject-vetting": ("VETTING", "vetting", REASON, (), "VETTING"),
    "renew-clearance": ("APPROVED", "vetting", {}, (), "APPROVED"),
    "approve": ("PENDING_APPROVAL", "approver", {"amount_usd": "٢٬٥٠٠٫٥"}, (), "APPROVED"),
    "decline": ("PENDING_APPROVAL", "approver", REASON, (), "REJECTED"),
    "send-back": ("PENDING_APPROVAL", "approver", REASON, (), "RETURNED"),
    "suspend": ("ACTIVE", "monitor", REASON, (), "SUSPENDED"),
    "support-reinstatement": ("SUSPENDED", "approver2", {}, (), "SUSPENDED"),
    "terminate": ("ACTIVE", "approver", {**REASON, "recovery_usd": "100"}, (), "TERMINATED"),
    "start-closing": ("COMPLETED", "officer", {}, (), "COMPLETED"),
    "ask-reopening": ("CLOSED", "auditor", REASON, (), "CLOSED"),
    "withdraw": ("VETTING", "requester", REASON, (), "WITHDRAWN"),
    "cancel": ("APPROVED", "officer", REASON, (), "CANCELLED"),
}


def _high_risk(office: Any, grant: Grant) -> None:
    """A risk sheet whose gravest line is high."""
    owner = Officer.objects.get(pk=office.officer.pk)
    with acting(office.reviewer):
        risks.set_risks(grant, [risks.Line("high", "Theft", "A guard", owner)], by=office.reviewer)


@pytest.mark.parametrize("slug", STEPS)
def test_a_step_is_taken_on_its_page_by_who_is_entrusted(slug, office, in_state, at):
    state, person, typed, papers, after = STEPS[slug]
    grant = in_state(state)
    who = getattr(office, person)
    paper(office, grant, *papers)
    if slug == "review":
        _high_risk(office, grant)
    if slug == "ask-reopening":
        typed = {**typed, "finding": str(world.found(office, grant).pk)}
    if slug == "clear":
        with acting(office.vetting):
            demo.screen_where_needed(grant, by=office.vetting)

    offered = at(who, "grant_detail", grant.ref)
    page = at(who, "grant_step", grant.ref, slug)
    done = at(who, "grant_step", grant.ref, slug, typed={"version": grant.version, **typed})

    assert reverse("grants:grant_step", args=[grant.ref, slug]) in words(offered)
    assert page.status_code == 200
    fresh = Grant.objects.get(pk=grant.pk)
    if slug == "start-closing":
        assert done.status_code == 200
        assert "An accepted final report" in words(done)
    else:
        assert done.status_code == 302, words(done)
    assert fresh.state == after
    if slug == "approve":
        assert fresh.approved_usd == Decimal("2500.50")
    if slug == "review":
        assert fresh.risk == "high"


@pytest.mark.parametrize("slug", STEPS)
def test_a_step_is_neither_offered_to_others_nor_taken_by_them(slug, office, in_state, at):
    state, person, typed, papers, _after = STEPS[slug]
    grant = in_state(state)
    paper(office, grant, *papers)
    # SECOND_OFFICERS may all speak at vetting; the requester is none of them.
    other = office.requester2 if slug == "reject-vetting" else office.certifier
    page = at(other, "grant_detail", grant.ref)
    assert reverse("grants:grant_step", args=[grant.ref, slug]) not in words(page)
    for who in (other, office.viewer):
        for sent in (None, {"version": grant.version, **typed}):
            assert at(who, "grant_step", grant.ref, slug, typed=sent).status_code == 403
    assert Grant.objects.get(pk=grant.pk).state == grant.state
    assert at(office.viewer, "grant_step", "QRF-1999-0001", slug).status_code == 403
    assert at(getattr(office, person), "grant_step", "QRF-1999-0001", slug).status_code == 404


def test_the_long_way_round_lifts_a_suspension_completes_closes_and_opens_again(
    office, in_state, at
):
    grant = in_state("SUSPENDED")
    paper(office, grant, "memo", "photo")

    def step(who, slug, **typed):
        answer = at(who, "grant_step", grant.ref, slug, typed=typed)
        assert answer.status_code == 302, words(answer)
        return Grant.objects.get(pk=grant.pk).state

    refused = at(office.officer, "grant_step", grant.ref, "reinstate", typed=REASON)
    assert "An approver who agrees" in words(refused)
    step(office.approver2, "support-reinstatement")
    assert step(office.officer, "reinstate", **REASON) == "ACTIVE"
    early = at(
        office.monitor, "grant_step", grant.ref, "complete", typed={"actual_end": "1/1/2020"}
    )
    assert "before the work began" in words(early)
    closed = in_state("CLOSED")
    page = at(office.approver, "grant_step", closed.ref, "reopen")
    assert "The auditor has not asked for it." in words(page)
    page = at(office.auditor, "grant_step", closed.ref, "ask-reopening")
    assert "Write down first what you found" in words(page)
    finding = world.found(office, closed)
    asked = {**REASON, "finding": str(finding.pk)}
    at(office.auditor, "grant_step", closed.ref, "ask-reopening", typed=asked)
    at(office.approver, "grant_step", closed.ref, "reopen", typed=REASON)
    assert Grant.objects.get(pk=closed.pk).state == "REOPENED"
    at(office.officer, "grant_step", closed.ref, "start-closing", typed={})
    assert Grant.objects.get(pk=closed.pk).state == "CLOSING"


#: who had a part (as the way gives it), state, step that it excludes, what the page says.
PAIRS = [
    ("requester", "SUBMITTED", "review", "You asked for this grant"),
    ("requester", "VETTING", "clear", "You asked for this grant"),
    ("requester", "PENDING_APPROVAL", "approve", "You asked for this grant"),
    ("reviewer", "PENDING_APPROVAL", "approve", "You reviewed it."),
    ("requester", "APPROVED", "award", "You asked for this grant"),
    ("approver", "APPROVED", "award", "You decided on it as an approver."),
    ("requester", "ACTIVE", "suspend", "You asked for this grant"),
    ("requester", "ACTIVE", "complete", "You asked for this grant"),
    ("payer", "ACTIVE", "terminate", "You paid on it."),
    ("certifier", "ACTIVE", "terminate", "You certified a payment of it."),
    ("officer", "AWARDED", "terminate", "You awarded it."),
    ("officer", "SUSPENDED", "support-reinstatement", "You awarded it."),
    ("approver", "SUSPENDED", "reinstate", "You decided on it as an approver."),
    ("requester", "SUSPENDED", "reinstate", "You asked for this grant"),
    ("requester", "CLOSING", "close", "You asked for this grant"),
    ("payer", "CLOSING", "close", "You paid on it."),
    ("certifier", "CLOSED", "reopen", "You certified a payment of it."),
]


@pytest.mark.parametrize(("person", "state", "slug", "said"), PAIRS)
def test_who_had_another_part_is_told_why_and_refused(
    person, state, slug, said, office, in_state, at
):
    grant = in_state(state)
    who = all_duties(getattr(office, person))
    typed = {"risk": "low", "amount_usd": "3000", "actual_end": f"{periods.today():{TODAY}}"}

    overview = at(who, "grant_detail", grant.ref)
    page = at(who, "grant_step", grant.ref, slug)
    sent = at(who, "grant_step", grant.ref, slug, typed={**REASON, **typed})

    assert said in words(overview)
    assert said in words(page)
    assert "data-once" not in words(page)
    assert sent.status_code == 200
    assert Grant.objects.get(pk=grant.pk).state == grant.state


def test_an_approver_without_the_seat_is_told_so(office, in_state, at):
    grant = in_state("PENDING_APPROVAL")
    who = all_duties(office.monitor)

    page = at(who, "grant_step", grant.ref, "approve")

    assert "You have no seat on the level of approval" in words(page)


def test_what_is_missing_leads_to_where_it_is_mended(office, in_state, at):
    grant = in_state("DRAFT")
    with acting(office.requester):
        proposals.edit(grant, by=office.requester, requested_usd=5000, purpose="")
    page = words(at(office.requester, "grant_detail", grant.ref))
    read = words(at(office.viewer, "grant_detail", grant.ref))

    for name, part in (("grant_budget", ""), ("grant_edit", "#id_purpose")):
        url = reverse(f"grants:{name}", args=[grant.ref]) + part
        assert f'<a href="{url}">' in page
        assert url not in read
    assert "It waits for you." in page
    assert "It waits for you." not in read
    sent = at(office.requester, "grant_step", grant.ref, "submit", typed={"version": 99})
    assert "Somebody changed this meanwhile" in words(sent)


def test_awards_that_belong_together_are_shown_before_and_at_submission(office, stage, at, db):
    grantee = world.organisation(office, "Palm Youth")
    first = world.move(office, world.draft(office, stage.fund, 4000, grantee=grantee), "SUBMITTED")
    second = world.draft(office, stage.fund, 4500, grantee=grantee)

    page = words(at(office.requester, "grant_step", second.ref, "submit"))

    assert first.ref in page
    assert "the same grantee" in page
    assert "8,500.00" in page
    assert "5,000.00" in page
    assert "they are decided at their sum" in page
    typed = {"version": second.version}
    assert at(office.requester, "grant_step", second.ref, "submit", typed=typed).status_code == 302
    assert Grant.objects.get(pk=first.pk).split_group is not None
    alone = splits.look(world.draft(office, stage.fund, 100))
    assert alone.near == ()


# --- proposals ---


def facts(stage: Any, **typed: Any) -> dict[str, Any]:
    return {
        "fund": stage.fund.code,
        "title_en": "Lamps for the corniche",
        "award_type": "GRANT_CASH",
        "kind": "lighting",
        "sector": "43030",
        "requested_usd": "3000",
        "district": "IQG02Q02",
        "exactness": "2",
        **typed,
    }


def newest() -> Grant:
    return Grant.objects.order_by("-created_at")[0]


def test_a_grant_is_begun_with_digits_and_signs_as_they_are_typed(office, stage, at, db):
    typed = facts(
        stage,
        title_en='=SUM("A1")',
        title_ar="إنارة الكورنيش",
        requested_usd="١٬٢٣٤٫٥",
        own_contribution_usd="1,000.50",
        lat="٣٠٫٥",
        lon="47.8",
        endorsed_on="٠١/٠٢/٢٠٢٠",
    )

    answer = at(office.requester, "grant_new", typed=typed)

    assert answer.status_code == 302, words(answer)
    made = newest()
    assert made.title_en == '=SUM("A1")'
    assert (made.requested_usd, made.own_contribution_usd) == (
        Decimal("1234.50"),
        Decimal("1000.50"),
    )
    assert (made.lat, made.lon) == (Decimal("30.5"), Decimal("47.8"))
    assert made.publish_level == "NONE"
    assert "=SUM" in words(at(office.viewer, "grant_detail", made.ref))


BAD = {
    "zero": ("requested_usd", "0", "above zero"),
    "negative": ("requested_usd", "-5", "above zero"),
    "three places": ("requested_usd", "10.125", "at most 2 decimal places"),
    "a comma for a point": ("requested_usd", "10,5", "for example 1,500"),
    "no number": ("requested_usd", "lots", "for example 1,500"),
    "far too much": ("requested_usd", "9999999999999", "at most"),
    "an override": ("title_en", "Park \u202egnp.exe", "invisible marks"),
    "a control": ("site_name", "Park\x07", "invisible marks"),
    "no title": ("title_en", "", "in one language at least"),
    "half a point": ("lat", "30.5", "latitude and a longitude"),
    "ahead": ("endorsed_on", "01/01/2190", "lies ahead"),
    "no such grantee": ("grantee", "ORG-99999", "Select a valid choice"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_fault_is_named_at_its_field(case, stage, db):
    name, value, said = BAD[case]

    form = FactsForm(facts(stage, **{name: value}))

    assert not form.is_valid()
    assert said in str([*form.errors.values()])
    assert name in form.errors or case in {"half a point", "no title"}


def test_nothing_typed_is_lost_with_a_fault(office, stage, at, db):
    before = Grant.objects.count()
    typed = facts(
        stage, purpose="Keep me", title_en="Park \u202egnp.exe", requested_usd="١٠٫١٢٥", lat="30.5"
    )

    page = at(office.requester, "grant_new", typed=typed)

    assert page.status_code == 200
    for told in ("Keep me", "Park gnp.exe", "١٠٫١٢٥", "invisible marks", "2 decimal places"):
        assert told in words(page), told
    assert "\u202e" not in words(page)
    assert Grant.objects.count() == before


def test_only_the_requester_writes_and_only_while_it_is_a_draft(office, stage, in_state, at):
    draft, submitted = in_state("DRAFT"), in_state("SUBMITTED")
    for name in ("grant_edit", "grant_budget", "grant_quotes", "grant_indicators",
                 "grant_beneficiaries"):  # fmt: skip
        assert at(office.requester, name, draft.ref).status_code == 200
        for who in (office.requester2, office.officer, office.viewer, office.auditor):
            assert at(who, name, draft.ref).status_code == 403
        assert at(office.requester, name, submitted.ref).status_code == 302
    for who in (office.officer, office.viewer, office.auditor):
        assert at(who, "grant_new").status_code == 403


def test_two_people_who_edit_do_not_overwrite_each_other(office, stage, in_state, at):
    grant = in_state("DRAFT")
    typed = facts(stage, version=grant.version, title_en="Mine", purpose="p")
    with acting(office.requester):
        proposals.edit(grant, by=office.requester, title_en="Theirs")

    refused = at(office.requester, "grant_edit", grant.ref, typed=typed)

    assert "Somebody changed this meanwhile" in words(refused)
    assert 'value="Mine"' in words(refused)
    assert "Theirs" in words(refused)
    assert Grant.objects.get(pk=grant.pk).title_en == "Theirs"
    again = {**typed, "version": refused.context["form"]["version"].value()}
    assert at(office.requester, "grant_edit", grant.ref, typed=again).status_code == 302
    assert Grant.objects.get(pk=grant.pk).title_en == "Mine"


def rows(prefix: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    typed = {f"{prefix}-TOTAL_FORMS": len(lines), f"{prefix}-INITIAL_FORMS": 0, **more}
    for number, line in enumerate(lines):
        typed |= {f"{prefix}-{number}-{name}": value for name, value in line.items()}
    return typed


def test_a_budget_is_written_row_by_row(office, in_state, at):
    grant = in_state("DRAFT")
    lamp = {"description": "=Lamps", "quantity": "١٠", "unit_cost_usd": "٢٥٠٫٥", "unit": "each"}
    sand = {"description": "Sand", "quantity": "0", "unit_cost_usd": "3.999"}
    gone = {"description": "Old", "quantity": "x", "remove": "on"}

    bad = at(
        office.requester,
        "grant_budget",
        grant.ref,
        typed=rows("lines", lamp, sand, {}, version=grant.version),
    )

    shown = words(bad)
    assert bad.status_code == 200
    for kept in ("=Lamps", "٢٥٠٫٥", "Sand", "3.999"):
        assert kept in shown
    assert set(bad.context["rows"].errors[1]) == {"quantity", "unit_cost_usd"}
    good = rows("lines", lamp, {**sand, "quantity": "2", "unit_cost_usd": "3", "own": "on"},
                gone, {}, version=grant.version)  # fmt: skip
    assert at(office.requester, "grant_budget", grant.ref, typed=good).status_code == 302
    lines = list(grant.budget_lines.values_list("description", "amount_usd", "own"))
    assert lines == [("=Lamps", Decimal(2505), False), ("Sand", Decimal(6), True)]
    late = at(office.requester, "grant_budget", grant.ref, typed=good)
    assert "Somebody changed this meanwhile" in words(late)
    assert "Lamps · 2,505.00" in words(late)


def test_quotes_need_a_reason_where_the_lowest_is_not_taken(office, in_state, at):
    grant = in_state("DRAFT")
    vendors = [world.organisation(office, f"Vendor {name}") for name in "ab"]
    day = f"{periods.today():{TODAY}}"
    cheap = {"vendor": vendors[0].code, "amount_usd": "100", "quoted_on": day}
    dear = {"vendor": vendors[1].code, "amount_usd": "120", "quoted_on": day, "chosen": "on"}

    refused = at(
        office.requester,
        "grant_quotes",
        grant.ref,
        typed=rows("quotes", cheap, dear, version=grant.version),
    )
    twice = at(
        office.requester,
        "grant_quotes",
        grant.ref,
        typed=rows("quotes", cheap, cheap, version=grant.version),
    )

    assert "Say why the lowest is not taken." in words(refused)
    assert "A vendor quotes once." in words(twice)
    dear["reason"] = "delivers in a week"
    done = at(
        office.requester,
        "grant_quotes",
        grant.ref,
        typed=rows("quotes", cheap, dear, version=grant.version),
    )
    assert done.status_code == 302
    assert grant.quotes.get(chosen=True).vendor == vendors[1]


def test_indicators_and_beneficiaries_are_written(office, in_state, at):
    grant = in_state("DRAFT")
    one = {"level": "output", "title": "Lamps lit", "baseline": "0", "target": "١٠"}
    at(
        office.requester,
        "grant_indicators",
        grant.ref,
        typed=rows("measures", one, version=grant.version),
    )
    fresh = Grant.objects.get(pk=grant.pk)
    bad = at(
        office.requester,
        "grant_beneficiaries",
        grant.ref,
        typed={"version": fresh.version, "n_f_18_24": "٤٠", "n_m_65": "-1"},
    )
    done = at(
        office.requester,
        "grant_beneficiaries",
        grant.ref,
        typed={"version": fresh.version, "n_f_18_24": "٤٠", "n_m_65": ""},
    )

    assert list(grant.indicators.values_list("title", "target")) == [("Lamps lit", Decimal(10))]
    assert bad.status_code == 200
    assert "٤٠" in words(bad)
    assert done.status_code == 302
    assert list(grant.beneficiaries.values_list("sex", "age_band", "expected")) == [
        ("f", "18-24", 40)
    ]


# --- amendments ---


def test_a_rise_is_vetted_approved_at_the_new_sum_and_signed(office, in_state, at):
    grant = in_state("AWARDED")
    typed = {"new_usd": "٤٬٠٠٠", "reason": "more games"}
    assert at(office.viewer, "amendment_new", grant.ref).status_code == 403
    assert at(office.officer, "amendment_new", grant.ref).status_code == 403
    same = at(office.requester, "amendment_new", grant.ref, typed={**typed, "new_usd": "3000"})
    assert "another sum or another end" in words(same)
    at(office.requester, "amendment_new", grant.ref, typed=typed)
    made = Amendment.objects.get(grant=grant)
    assert made.new_usd == 4000

    early = at(office.approver2, "amendment_step", grant.ref, 1, "approve", typed={})
    assert "A clearance that holds" in words(early)
    assert at(office.requester, "amendment_step", grant.ref, 1, "vet").status_code == 403
    at(office.vetting, "amendment_step", grant.ref, 1, "vet", typed={})
    both = all_duties(office.requester)
    mine = at(both, "amendment_step", grant.ref, 1, "approve")
    assert "You asked for this grant" in words(mine)
    at(office.approver2, "amendment_step", grant.ref, 1, "approve", typed={})
    paper(office, grant, "amendment")
    short = {"planned_usd": "3999", "due_on": f"{periods.today():{TODAY}}"}
    wrong = at(
        office.officer, "amendment_step", grant.ref, 1, "sign", typed=rows("tranches", short)
    )
    assert "The tranches come to 3,999.00; they have to come to 4,000.00." in words(wrong)
    done = at(
        office.officer,
        "amendment_step",
        grant.ref,
        1,
        "sign",
        typed=rows("tranches", {**short, "planned_usd": "٤٠٠٠"}),
    )

    assert done.status_code == 302, words(done)
    fresh = Grant.objects.get(pk=grant.pk)
    assert (fresh.approved_usd, fresh.obligated_usd) == (4000, 4000)
    assert [one.planned_usd for one in fresh.tranches.all()] == [4000]


def test_who_certified_paid_or_awarded_neither_asks_for_a_rise_nor_approves_it(
    office, in_state, at
):
    grant, typed = in_state("ACTIVE"), {"new_usd": "4000", "reason": "more games"}
    others = {
        "certifier": "You certified a payment of it.",
        "payer": "You paid on it.",
        "officer": "You awarded it.",
    }

    for part in others:
        asked = at(all_duties(getattr(office, part)), "amendment_new", grant.ref, typed=typed)
        assert "You had another part in this grant" in words(asked)
    assert not grant.amendments.exists()
    at(office.requester, "amendment_new", grant.ref, typed=typed)
    at(office.vetting, "amendment_step", grant.ref, 1, "vet", typed={})
    for part, why in others.items():
        who = getattr(office, part)
        assert why in words(at(who, "amendment_step", grant.ref, 1, "approve", typed={}))
    assert grant.amendments.get().state == "VETTED"


def test_an_amendment_is_rejected_or_taken_back(office, in_state, at):
    grant = in_state("AWARDED")
    for who, slug, state in (
        (office.requester, "withdraw", "WITHDRAWN"),
        (office.approver2, "reject", "REJECTED"),
    ):
        with acting(office.requester):
            made = amendments.open_amendment(
                grant, new_usd=2000, reason="less", by=office.requester
            )
        page = at(who, "amendment_list", grant.ref)
        url = reverse("grants:amendment_step", args=[grant.ref, made.number, slug])
        assert url in words(page)
        assert url not in words(at(office.viewer, "amendment_list", grant.ref))
        empty = at(who, "amendment_step", grant.ref, made.number, slug, typed={"reason": " "})
        assert empty.status_code == 200
        at(who, "amendment_step", grant.ref, made.number, slug, typed=REASON)
        assert Amendment.objects.get(pk=made.pk).state == state


# --- lists, homes, history ---


def refs(answer: Any) -> set[str]:
    return {one.ref for one in answer.context["page"]}


def test_what_waits_for_an_officer_is_what_the_grants_say(office, stage, in_state, at):
    """The list of one officer, worked out by the database, against each grant by itself."""
    suspended = in_state("SUSPENDED")
    with acting(office.requester):
        amended = amendments.open_amendment(
            in_state("AWARDED"), new_usd=4000, reason="x", by=office.requester
        )
    world.ask(office, in_state("AWARDED").tranches.all()[0], 1000)
    grants = list(Grant.objects.select_related("fund"))
    said = {one.pk: machine.missing_for(one) for one in grants}

    for user in vars(office).values():
        if user.role == "reo_viewer":
            continue
        who = Officer.objects.get(pk=user.pk)
        mine = {one.pk for one in grants if said[one.pk] and who in said[one.pk].officers}
        assert set(waiting.for_officer(who).values_list("pk", flat=True)) == mine, who
    duties = waiting.duties_of(grants)
    for one in grants:
        step = said[one.pk]
        assert duties[one.pk] == (step.duties if step else ()), one.state
    assert suspended.pk in {one.pk for one in grants}
    mine = at(office.requester, "grant_list", query="?waits=on")
    assert refs(mine) == {in_state("DRAFT").ref}
    vetting = Officer.objects.get(pk=office.vetting.pk)
    assert waiting.amendments_for(vetting) == [amended]


def test_the_list_is_narrowed_and_searched(office, stage, at, db):
    with acting(office.requester):
        grantee = world.organisation(office, "Al-Zubair Women")
        park = proposals.draft(
            fund=stage.fund,
            by=office.requester,
            award_type="GRANT_CASH",
            kind="park",
            sector="43030",
            title_ar="حديقة أبي الخصيب",
            district=stage.grants["DRAFT"].district,
            grantee=grantee,
            requested_usd=900,
        )
    for query in (
        "?q=حديقه",  # teh marbuta typed as heh
        "?q=حديقة ابي",  # without the hamza
        "?q=khasib",  # by ear
        "?q=zubair women",  # the grantee
        f"?grantee={grantee.code}",
        "?kind=park",
        "?sector=43030",
        "?state=DRAFT&kind=park&district=IQG02Q02&fund=QRF-FY26",
        "?state=before&kind=park",
    ):
        answer = at(office.viewer, "grant_list", query=query)
        assert refs(answer) == {park.ref}, query
        assert answer.context["chips"]
    for query in ("?q=nowhere", "?fund=NONE-00", "?state=running&kind=park"):
        answer = at(office.viewer, "grant_list", query=query)
        assert answer.status_code == 200
        assert park.ref not in refs(answer) or query == "?fund=NONE-00"
    exact = at(office.viewer, "grant_list", query=f"?q={park.ref.lower()}")
    assert exact["Location"] == reverse("grants:grant_detail", args=[park.ref])


def questions(ask: Callable[[], Any]) -> int:
    ask()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert ask().status_code == 200
    return len(asked)


def test_pages_ask_a_fixed_number_of_questions(office, stage, in_state, at):
    """However many grants, lines, decisions and steps there are."""
    grant = in_state("ACTIVE")
    pages = {
        "list": lambda: at(office.viewer, "grant_list"),
        "waits": lambda: at(office.officer, "grant_list", query="?waits=on"),
        "detail": lambda: at(office.officer, "grant_detail", grant.ref),
        "history": lambda: at(office.viewer, "grant_history", grant.ref),
        "amendments": lambda: at(office.approver, "amendment_list", grant.ref),
    }

    def amend() -> None:
        with acting(office.requester):
            for one in grant.amendments.filter(state="OPEN"):
                amendments.refuse_amendment(one, reason="no", by=office.requester)
            ends = periods.today()
            amendments.open_amendment(grant, new_end=ends, reason="rain", by=office.requester)

    amend()
    before = {name: questions(ask) for name, ask in pages.items()}
    for _number in range(3):
        world.move(office, world.draft(office, stage.fund), "SUBMITTED")
    with acting(office.officer):
        machine.suspend(grant, reason="once", by=office.officer)
    paper(office, grant, "memo")
    with acting(office.approver2):
        machine.support_reinstatement(grant, by=office.approver2)
    with acting(office.officer):
        machine.reinstate(grant, reason="mended", by=office.officer)
    amend()

    assert {name: questions(ask) for name, ask in pages.items()} == before
    assert before["list"] <= 20


#: So often the pages of one grant ask the database, session, person and role among it.
MOST = {
    "grant_detail": 8,
    "document_list": 10,
    "grant_vetting": 14,
    "grant_money": 12,
    "grant_monitoring": 12,
    "grant_surroundings": 10,
    "grant_publishing": 12,
    "grant_history": 9,
}


def test_the_pages_of_one_grant_ask_little_in_every_state(office, in_state, client):
    running = in_state("ACTIVE").ref
    asked_by = [
        (office.viewer, [(name, running) for name in MOST]),
        (office.approver, [("grant_detail", in_state(state).ref) for state in world.WAY]),
    ]
    for who, pages in asked_by:
        client.force_login(who)
        for name, ref in pages:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(reverse(f"grants:{name}", args=[ref])).status_code == 200
            said = [
                one["sql"]
                for one in asked.captured_queries
                if not one["sql"].startswith(OF_THE_TEST)
            ]
            assert len(said) <= MOST[name], (name, ref, said)


#: Savepoints, and what is put back at the end of a transaction inside another.
OF_THE_TEST = ("SAVEPOINT", "RELEASE", "SELECT current_user", "SELECT set_config('app.user_id', ''")


def test_what_a_page_reads_at_once_is_what_the_verbs_read(office, in_state):
    """The next step and the parts people had, from one statement and from the rows one by one."""
    day = periods.now().date()
    for state in (*world.WAY, "SUSPENDED"):
        one = in_state(state)
        other = Grant.objects.get(pk=one.pk)
        with acting(office.viewer):
            reading.read(one, day, "values", "beneficiaries")
            assert machine.missing_for(one, on=day) == machine.missing_for(other, on=day)
            assert parts.parts(one) == parts.parts(other)
            assert requirements.subjects(one) == requirements.subjects(other)
            assert completeness.of(one) == completeness.of(other)
            for name in (*reading.NEXT, "beneficiaries"):
                mine, theirs = (list(getattr(it, name).all()) for it in (one, other))
                assert sorted(map(facts_of, mine)) == sorted(map(facts_of, theirs)), name


def facts_of(row: Any) -> str:
    """What was read of a row, moments as instants."""
    return repr([
        (one.attname, value.timestamp() if hasattr(value, "timestamp") else value)
        for one in row._meta.concrete_fields
        for value in [getattr(row, one.attname)]
    ])  # fmt: skip


def test_pages_of_a_list_follow_each_other(office, in_state, at, monkeypatch):
    monkeypatch.setattr("ceasefire.look.paging.keyset_page.__defaults__", (
        ("-occurred_from", "-id"), None, None, 4, (), None, None))  # fmt: skip
    first = at(office.viewer, "grant_list")
    second = at(office.viewer, "grant_list", query=f"?after={first.context['page'].after}")

    shown = [one.ref for one in [*first.context["page"], *second.context["page"]]]
    assert len(shown) == 8
    assert shown == sorted(shown, reverse=True)


def test_the_history_tells_steps_decisions_and_amendments(office, in_state, at):
    grant = in_state("AWARDED")
    made = world.amended(office, grant, 2000)
    page = at(office.viewer, "grant_history", grant.ref)

    shown = words(page)
    for told in ("Approval: Yes", "REO officer, up to 5,000.00 US dollars", "Awarded",
                 f"Amendment {made.number} asked for", "more games"):  # fmt: skip
        assert told in shown, told
    assert office.approver.code_name in shown
    events = page.context["events"]
    assert [one.at for one in events] == sorted([one.at for one in events], reverse=True)
    assert Decision.objects.filter(grant=grant).count() + grant.transitions.count() + 1 == len(
        events
    )


def test_homes_say_what_waits_and_which_papers_are_missing(office, in_state, client):
    for who, title in (
        (office.reviewer, "What waits for me?"),
        (office.viewer, "Where do the grants stand?"),
        (office.auditor, "Where do the grants stand?"),
    ):
        client.force_login(who)
        shown = words(client.get("/"))
        assert title in shown
        assert "Which papers are missing?" in shown
    client.force_login(office.reviewer)
    shown = words(client.get("/"))
    assert "Submitted: 1" in shown
    assert "?waits=on&amp;state=SUBMITTED" in shown
