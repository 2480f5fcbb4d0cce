"""What the demonstration holds of grants: every state, made by the verbs, and the books hold."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Count

from ceasefire import periods
from grants.demo import words
from grants.models import (
    Amendment,
    AuthorityRule,
    AuthoritySeat,
    Document,
    ExchangeRate,
    Finding,
    Fund,
    Grant,
    LedgerEntry,
    MonitoringVisit,
    Organisation,
    PaymentRequest,
    PlannedVisit,
    PublishedFile,
    Report,
    State,
)
from grants.services import completeness, machine, publishing, requirements, verification


@pytest.fixture
def refs(demo_connection: Any, db: None) -> dict[str, str]:
    """The grants of the demonstration by the keys of its stories."""
    return {
        key.removeprefix("grant_"): ref
        for key, ref in demo_connection["grants"].items()
        if key.startswith("grant_")
    }


def of(refs: dict[str, str], key: str) -> Grant:
    return Grant.objects.get(ref=refs[key])


def test_there_are_grants_in_every_state_over_a_year_and_a_half(refs: Any) -> None:
    assert set(Grant.objects.values_list("state", flat=True)) == set(State.values)
    began = Grant.objects.order_by("created_at").values_list("created_at", flat=True)
    assert began[0] < periods.now() - timedelta(days=530)
    assert not Grant.objects.filter(state_since__gt=periods.now()).exists()
    # The references follow the order in which the grants were begun.
    by_ref = Grant.objects.order_by("ref").values_list("created_at", flat=True)
    assert list(by_ref) == sorted(by_ref)


ASKED = {"proposal", "budget"}
REVIEWED = ASKED | {"review_sheet", "risk_sheet"}
VETTED = REVIEWED | {"screening"}
SIGNED = VETTED | {"award_letter", "monitoring_plan", "report_plan"}
PAID = SIGNED | {"receipt", "evidence"}
DONE = PAID | {"photo"}
ENDED = PAID | {"reconciliation", "closeout_memo", "financial_report", "asset_handover"}
#: What every grant of a state has on file, whatever else it has.
PAPERS: dict[str, set[str]] = {
    "DRAFT": {"proposal"},
    "WITHDRAWN": {"proposal"},
    "SUBMITTED": ASKED,
    "RETURNED": ASKED,
    "VETTING": REVIEWED,
    "REJECTED": REVIEWED,
    "PENDING_APPROVAL": VETTED,
    "APPROVED": VETTED,
    "CANCELLED": VETTED,
    "AWARDED": SIGNED,
    "ACTIVE": PAID,
    "SUSPENDED": PAID | {"visit_report", "photo"},
    "TERMINATED": PAID,
    "COMPLETED": DONE,
    "CLOSING": DONE | {"narrative_report", "reconciliation"},
    "CLOSED": ENDED,
    "REOPENED": ENDED | {"photo", "narrative_report"},
}


@pytest.mark.parametrize("state", State.values)
def test_every_grant_of_a_state_has_its_papers_with_their_bytes(refs: Any, state: str) -> None:
    grants = Grant.objects.filter(state=state).prefetch_related("documents__content")

    assert grants
    for grant in grants:
        papers = [one for one in grant.documents.all() if one.content is not None]
        assert PAPERS[state] - {one.type for one in papers} == set(), grant.ref
        assert all(one.size > 100 and one.mime for one in papers)


def test_one_that_was_stopped_and_ended_early_is_closed(refs: Any) -> None:
    grant = of(refs, "recovered")

    steps = grant.transitions.order_by("id").values_list("to_state", flat=True)
    assert list(steps)[-5:] == ["ACTIVE", "SUSPENDED", "TERMINATED", "CLOSING", "CLOSED"]
    assert grant.refunded_usd == 300
    assert grant.unliquidated_usd == grant.unaccounted_usd == 0


def test_the_books_hold_and_every_kind_of_posting_is_there(refs: Any) -> None:
    verdict = verification.verify()
    assert verdict.whole, (verdict.why, verdict.faults)
    assert set(LedgerEntry.objects.values_list("kind", flat=True)) == set(LedgerEntry.Kind.values)
    assert set(LedgerEntry.objects.values_list("currency", flat=True)) == {"USD", "IQD"}


def test_two_funds_with_rules_and_seats_confirmed_by_a_second_person(refs: Any) -> None:
    assert set(Fund.objects.values_list("code", flat=True)) == {"QRF-FY25", "QRF-FY26"}
    for model in (AuthorityRule, AuthoritySeat):
        assert not model.objects.filter(confirmed_at__isnull=True).exists()
    waiting = ExchangeRate.objects.filter(confirmed_at__isnull=True)
    assert waiting.count() == 1
    assert ExchangeRate.objects.exclude(pk__in=waiting).count() > 5


def test_the_first_approver_decides_small_sums_and_the_rest_is_passed_up(refs: Any) -> None:
    asked = {
        key: {one.code_name for one in machine.missing_for(of(refs, key)).officers}
        for key in ("quick", "pending", "panel")
    }
    assert asked["quick"] == {"Palm 3", "Palm 8"}
    assert asked["pending"] == asked["panel"] == {"Palm 8"}


def test_two_halves_of_one_thing_are_looked_at_together(refs: Any) -> None:
    halves = [of(refs, "half"), of(refs, "other_half")]
    assert halves[0].split_group is not None
    assert halves[0].split_group == halves[1].split_group
    assert Grant.objects.filter(split_group__isnull=False).count() == 2


def test_what_is_overdue_and_what_waits_at_a_gate(refs: Any) -> None:
    today = periods.now().date()
    assert requirements.closeout_due(of(refs, "late")) < today
    overdue = Finding.objects.filter(closed_at__isnull=True, due_on__lt=today)
    assert overdue.values("grant").distinct().count() >= 3
    lacks = {one.code for one in machine.missing_for(of(refs, "active")).missing}
    assert {"accounted", "report_accepted"} <= lacks


def test_every_paper_has_bytes_of_its_own_and_one_is_superseded(refs: Any) -> None:
    hashes = Document.objects.values_list("sha256", flat=True)
    assert len(set(hashes)) == len(hashes) > 250
    assert not Document.objects.filter(content__isnull=True).exists()
    assert Document.objects.filter(supersedes__isnull=False).count() == 1


def test_the_rest_of_what_pages_show_is_there(refs: Any) -> None:
    assert set(Amendment.objects.values_list("state", flat=True)) >= {"SIGNED", "OPEN"}
    states = dict(PaymentRequest.objects.values_list("state").annotate(Count("pk")))
    assert set(states) >= {"REQUESTED", "PAID", "REFUSED"}
    assert set(MonitoringVisit.objects.values_list("kind", flat=True)) == set(
        MonitoringVisit.Kind.values
    )
    handed = of(refs, "dinars")
    assert handed.owner_id != handed.requester_id
    for group in Organisation.objects.all():
        assert group.name_en
        assert group.name_ar


def test_what_was_done_is_dated_on_the_day_of_the_story_and_not_of_the_load(refs: Any) -> None:
    today = periods.now().date()
    for paper in Document.objects.all():
        assert periods.local_day(paper.uploaded_at) == paper.dated
    for visit in MonitoringVisit.objects.all():
        assert periods.local_day(visit.recorded_at) == visit.visited_on
    for report in Report.objects.filter(accepted_at__isnull=False):
        assert periods.local_day(report.accepted_at) == report.received_on < today
    for payment in PaymentRequest.objects.all():
        assert periods.local_day(payment.requested_at) == payment.invoiced_on
        assert payment.certified_at is None or payment.requested_at <= payment.certified_at
    assert Document.objects.filter(uploaded_at__date__lt=today - timedelta(days=400)).exists()
    # What is missing is missing since its step began, months ago.
    assert not completeness.drift()
    assert completeness.debt().days > 60


def test_a_few_closed_grants_are_published_and_a_file_of_each_standard_is_issued(refs: Any) -> None:
    shown = dict(Grant.objects.exclude(publish_level="NONE").values_list("ref", "publish_level"))
    assert shown == {refs["first"]: "FULL", refs["lights"]: "REDACTED"}
    assert of(refs, "recovered").level_changes.get().waits
    files = list(PublishedFile.objects.order_by("number"))
    assert [(one.kind, one.state, one.number) for one in files] == [
        ("iati", "ISSUED", 1),
        ("360json", "ISSUED", 2),
    ]
    for file in files:
        content = b"".join(publishing.pieces_of(file) or ())
        assert all(ref.encode() in content for ref in shown)
        assert refs["recovered"].encode() not in content


def test_everything_says_that_it_is_made_up(refs: Any) -> None:
    for purpose in Grant.objects.values_list("purpose", flat=True):
        assert words.LABEL_EN in purpose
        assert words.LABEL_AR in purpose


def test_a_payroll_list_is_certified_another_has_signs_and_a_visit_is_overdue(refs: Any) -> None:
    assert of(refs, "dinars").payroll_lists.get().state == "CERTIFIED"
    draft = of(refs, "active").payroll_lists.get()
    assert set(draft.flags.values_list("kind", flat=True)) == {"name", "phone", "days"}
    today = periods.now().date()
    assert PlannedVisit.objects.overdue(today).filter(grant=draft.grant).exists()
    sustained = PlannedVisit.objects.filter(grant=of(refs, "first"))
    assert set(sustained.values_list("kind", flat=True)) == {"sustain_90", "sustain_180"}
    assert not sustained.filter(visit__isnull=True).exists()
