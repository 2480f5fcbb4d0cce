"""A paper or a visit counts for its own occasion: not for the next tranche, stop or end."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, transaction

from ceasefire import periods
from ceasefire.database.session import acting
from grants.exceptions import StepIsMissingSomething
from grants.models import Amendment, Grant
from grants.services import (
    amendments,
    completeness,
    documents,
    machine,
    money_reading,
    monitoring,
    requirements,
)
from grants.services.requirements import Missing
from tests.grants import office as world
from tests.grants.test_duties import decide, role_of
from tests.grants.test_gates import pay_raw, step_raw

pytestmark = pytest.mark.django_db
ROLES = pytest.mark.parametrize("role", ["reo", "app"])


def paper(office: Any, grant: Grant, kind: str, **facts: Any) -> Any:
    with acting(office.officer):
        return world.paper(grant, kind, office.officer, **facts)


def gate(grant: Grant, number: int) -> set[str]:
    grant = Grant.objects.get(pk=grant.pk)
    today = periods.now().date()
    return {one.code for one in money_reading.gates(grant, today)[number - 1].missing}


@ROLES
def test_what_was_shown_for_the_first_tranche_does_not_open_the_third(office, grant_in, role):
    grant = grant_in("AWARDED", tranches=[1000, 900, 1100])
    first, second, third = grant.tranches.all()
    world.pay(office, first, 1000)
    world.account(office, first, 1000)
    paper(office, grant, "evidence")
    world.pay(office, second, 900)
    world.account(office, second, 900)
    payment = world.ask(office, third, 1100)

    assert gate(grant, 3) == {"evidence"}
    with pytest.raises(Error, match="what the last tranche was used for"), transaction.atomic():
        pay_raw(office, payment, role)
    paper(office, grant, "evidence")
    assert gate(grant, 3) == set()
    pay_raw(office, payment, role)
    assert Grant.objects.get(pk=grant.pk).disbursed_usd == 3000


@ROLES
def test_an_amendment_is_signed_on_its_own_paper(office, grant_in, role):
    grant = grant_in("ACTIVE")
    first = _moved(office, grant, "rain")
    paper(office, grant, "amendment")
    with acting(office.officer):
        amendments.sign_amendment(first, by=office.officer)
    second = _moved(office, grant, "more rain")

    with acting(office.officer), pytest.raises(StepIsMissingSomething) as refused:
        amendments.sign_amendment(second, by=office.officer)
    assert refused.value.missing == (Missing("document", "amendment"),)
    mine = Amendment.objects.filter(pk=second.pk)
    with pytest.raises(Error, match="signed paper of its own"), role_of(office.officer, role):
        mine.update(state="SIGNED")
    paper(office, grant, "amendment")
    with role_of(office.officer, role):
        mine.update(state="SIGNED")
    assert mine.get().state == "SIGNED"


def _moved(office: Any, grant: Grant, why: str) -> Amendment:
    """An amendment of the end, approved."""
    end = periods.now().date() + timedelta(days=grant.amendments.count())
    with acting(office.requester):
        made = amendments.open_amendment(grant, new_end=end, reason=why, by=office.requester)
    with acting(office.approver):
        return amendments.approve_amendment(made, by=office.approver)


def _stopped(office: Any, grant: Grant) -> Grant:
    with acting(office.auditor):
        return machine.suspend(grant, reason="ghosts", by=office.auditor)


def _agreed(office: Any, grant: Grant) -> None:
    with acting(office.approver2):
        machine.support_reinstatement(grant, by=office.approver2)


@ROLES
def test_each_stop_is_lifted_on_a_memo_of_its_own(office, grant_in, role):
    grant = _stopped(office, grant_in("ACTIVE"))
    _agreed(office, grant)
    paper(office, grant, "memo")
    with acting(office.officer):
        grant = machine.reinstate(grant, reason="mended", by=office.officer)
    grant = _stopped(office, grant)
    _agreed(office, grant)

    # The list of papers asks for it anew, too.
    assert "memo" in completeness.missing_types(grant)
    with acting(office.officer), pytest.raises(StepIsMissingSomething) as refused:
        machine.reinstate(grant, reason="again", by=office.officer)
    assert refused.value.missing == (Missing("document", "memo"),)
    with role_of(office.officer, role):
        decide_again(grant, office.officer)
    with pytest.raises(Error, match="memo of its own"), role_of(office.officer, role):
        lift(grant, office.officer)
    paper(office, grant, "memo")
    assert "memo" not in completeness.missing_types(Grant.objects.get(pk=grant.pk))
    with acting(office.monitor):
        found = monitoring.raise_finding(
            grant,
            severity="low",
            text="x",
            due_on=periods.now().date(),
            owner=grant.owner,
            by=office.monitor,
        )
    with pytest.raises(Error, match="every finding is closed"), role_of(office.officer, role):
        lift(grant, office.officer)
    with acting(office.monitor):
        monitoring.close_finding(found, remedy="done", by=office.monitor)
    with role_of(office.officer, role):
        lift(grant, office.officer)
    assert Grant.objects.get(pk=grant.pk).state == "ACTIVE"


def decide_again(grant: Grant, who: Any) -> None:
    decide(grant, who, "reinstatement", "officer")


def lift(grant: Grant, who: Any) -> None:
    step_raw(grant, "SUSPENDED", "ACTIVE", who, "officer", reason="why")


@ROLES
def test_a_second_end_has_its_own_reconciliation_report_and_memo(office, grant_in, role):
    grant = grant_in("CLOSED")
    finding = world.found(office, grant)
    with acting(office.auditor):
        machine.ask_reopening(grant, finding=finding, reason="a receipt", by=office.auditor)
    with acting(office.approver):
        grant = machine.reopen(grant, reason="as asked", by=office.approver)
    world.mended(office, grant)
    asked = ["financial_report", "reconciliation", "closeout_memo"]
    assert set(completeness.missing_types(grant)) == set(asked)
    with acting(office.officer):
        grant = machine.start_closing(grant, by=office.officer)

    with acting(office.closeout), pytest.raises(StepIsMissingSomething) as refused:
        machine.close(grant, by=office.closeout)
    assert {one.document for one in refused.value.missing} == set(asked)
    with role_of(office.closeout, role):
        decide(grant, office.closeout, "closeout", "closeout")
    for kind in asked:
        with pytest.raises(Error, match="accounted for"), role_of(office.closeout, role):
            step_raw(grant, "CLOSING", "CLOSED", office.closeout, "closeout")
        paper(office, grant, kind)
    assert completeness.missing_types(Grant.objects.get(pk=grant.pk)) == []
    with role_of(office.closeout, role):
        step_raw(grant, "CLOSING", "CLOSED", office.closeout, "closeout")
    assert completeness.drift() == []


# --- photos of the visit itself ------------------------------------------------------------------


@ROLES
def test_a_completion_has_a_photo_of_its_own_visit(office, grant_in, role):
    grant = grant_in("ACTIVE")
    today = periods.now().date()
    # A photo on file, and one of another visit: neither shows the end.
    world.visited(office, grant)
    paper(office, grant, "photo")
    for indicator in grant.indicators.all():
        with acting(office.monitor):
            monitoring.record_value(indicator, as_of=today, value=7, by=office.monitor)
    Grant.objects.filter(pk=grant.pk).update(actual_end=today)
    grant.refresh_from_db()
    with acting(office.monitor):
        decide(grant, office.monitor, "completion", "monitor")

    def lacks() -> list[Missing]:
        return requirements.for_completion(Grant.objects.get(pk=grant.pk), today)

    assert lacks() == [Missing("completion_visit")]
    visit = world.visited(office, grant, kind="completion", photo=False)
    assert lacks() == [Missing("visit_photo")]
    with pytest.raises(Error, match="visit and its photo"), role_of(office.monitor, role):
        step_raw(grant, "ACTIVE", "COMPLETED", office.monitor, "monitor")
    with acting(office.monitor):
        report = world.paper(grant, "visit_report", office.monitor)
        monitoring.link_paper(visit, report, by=office.monitor)
    assert lacks() == [Missing("visit_photo")]
    with acting(office.monitor):
        brought = world.paper(grant, "photo", office.monitor)
        monitoring.link_paper(visit, brought, by=office.monitor)
    assert lacks() == []
    with role_of(office.monitor, role):
        step_raw(grant, "ACTIVE", "COMPLETED", office.monitor, "monitor")
    assert Grant.objects.get(pk=grant.pk).state == "COMPLETED"


def test_a_paper_that_stands_since_a_moment_is_one_that_nothing_supersedes(office, grant_in):
    grant = grant_in("DRAFT")
    first = paper(office, grant, "memo")
    between = periods.now()
    assert documents.is_on_file(grant, "memo")
    assert not documents.is_on_file(grant, "memo", between)
    with acting(office.officer):
        documents.file_document(
            grant,
            type="memo",
            sha256="ab" * 32,
            size=1,
            mime="application/pdf",
            language="ar",
            supersedes=first,
            by=office.officer,
        )
    assert documents.is_on_file(grant, "memo", between)
