"""The band of a caseload, and the hard cap that the database holds."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from outreach.exceptions import CaseIsClosed, CaseloadFull, NotAColleague
from outreach.models import Approval, CaseloadOverride, Participant
from outreach.services import caseload, cases, consent
from outreach.services.caseload import Band
from tests.incidents.test_two_connections import meet

BAND = Band(least=12, target_from=15, target_to=20, hard_cap=25)


@pytest.mark.parametrize(
    ("active", "word"),
    [
        (0, "few"),
        (11, "few"),
        (12, "room"),
        (14, "room"),
        (15, "good"),
        (20, "good"),
        (21, "many"),
        (25, "many"),
        (26, "over"),
    ],
)
def test_the_band_says_how_full_a_caseload_is(active: int, word: str) -> None:
    assert BAND.word(active) == word


@pytest.fixture
def full(case: Any, worker: Any) -> Any:
    """A worker who carries as many active cases as the cap allows."""
    return [case() for _ in range(25)]


@pytest.mark.django_db
def test_room_is_what_the_cap_leaves(case: Any, worker: Any, basrah: Any) -> None:
    for status in ("active", "active", "paused", "closed", "prospect"):
        case(status=status)
    assert caseload.room_for(worker, basrah) == 23


@pytest.mark.django_db
def test_the_database_refuses_one_too_many_whoever_writes(full: Any, case: Any, team: Any) -> None:
    with pytest.raises(IntegrityError, match="hard cap"), transaction.atomic():
        case()
    paused, theirs = case(status="paused"), case(by=team.worker2)
    # Going on, being given, and any update that comes to the same.
    for one, change in (
        (paused, {"status": "active", "pause_reason": "", "pause_until": None}),
        (theirs, {"worker": team.worker}),
    ):
        with pytest.raises(IntegrityError, match="hard cap"), transaction.atomic():
            Participant.objects.filter(pk=one.pk).update(**change)


@pytest.mark.django_db
def test_what_is_carried_already_may_be_written(full: Any) -> None:
    full[0].age_band = "18-24"
    full[0].save()


@pytest.mark.django_db
def test_many_in_one_statement_are_counted_one_by_one(case: Any, team: Any) -> None:
    for _ in range(24):
        case()
    for _ in range(2):
        case(by=team.worker2)
    with pytest.raises(IntegrityError, match="hard cap"), transaction.atomic():
        Participant.objects.filter(worker=team.worker2).update(worker=team.worker)


@pytest.mark.django_db
def test_a_case_is_given_within_the_cap(full: Any, case: Any, team: Any) -> None:
    theirs = case(by=team.worker2)
    with pytest.raises(CaseloadFull), transaction.atomic():
        caseload.assign(theirs, team.worker, by=team.supervisor)
    # A paused case takes no room.
    paused = case(by=team.worker2, status="paused")
    assert caseload.assign(paused, team.worker, by=team.supervisor).worker == team.worker
    given = caseload.assign(full[0], team.worker2, by=team.supervisor)
    assert (given.worker, given.version) == (team.worker2, 2)
    assert caseload.assign(theirs, team.worker, by=team.supervisor).worker == team.worker


@pytest.mark.django_db
def test_beyond_the_cap_a_manager_goes_on_with_a_reason(
    full: Any, case: Any, team: Any, manager: Any
) -> None:
    theirs = case(by=team.worker2)
    with pytest.raises(CaseloadFull), transaction.atomic():
        caseload.assign(theirs, team.worker, by=team.supervisor, override_reason="only she can")
    with pytest.raises(CaseloadFull), transaction.atomic():
        caseload.assign(theirs, team.worker, by=manager, override_reason="  ")

    caseload.assign(theirs, team.worker, by=manager, override_reason="only she can")
    override = CaseloadOverride.objects.get()
    assert vault.unseal(override, "reason", by=manager) == "only she can"
    assert AuditEvent.objects.filter(verb="caseload.overridden", subject_id=theirs.code).exists()
    assert "only she can" not in str(list(AuditEvent.objects.values()))
    # Let through by name, and the next is refused as before.
    with pytest.raises(IntegrityError, match="hard cap"), transaction.atomic():
        case()


@pytest.mark.django_db
def test_nobody_is_given_a_case_who_may_not_carry_it(
    case: Any, team: Any, elsewhere: Any, make_user: Any, basrah: Any
) -> None:
    one = case()
    for stranger in (
        elsewhere.worker,
        team.interrupter,
        make_user("data", basrah),
        make_user("worker", basrah, is_active=False),
    ):
        with pytest.raises(NotAColleague), transaction.atomic():
            caseload.assign(one, stranger, by=team.supervisor)
    with pytest.raises(CaseIsClosed), transaction.atomic():
        caseload.assign(case(status="closed"), team.worker2, by=team.supervisor)


@pytest.mark.django_db(transaction=True)
def test_of_two_given_at_once_to_one_worker_the_last_place_is_given_once(
    case: Any, team: Any
) -> None:
    for _ in range(24):
        case()
    first, second = case(by=team.worker2), case(by=team.worker2)
    came = meet(
        lambda: caseload.assign(first, team.worker, by=team.supervisor),
        lambda: caseload.assign(second, team.worker, by=team.supervisor),
    )
    assert isinstance(came, CaseloadFull)
    assert caseload.room_for(team.worker, first.site) == 0


@pytest.mark.django_db(transaction=True)
def test_the_database_counts_two_at_once_without_the_help_of_a_verb(case: Any, team: Any) -> None:
    # Fails without the lock inside the trigger: each would count the other's out.
    for _ in range(24):
        case()
    first, second = case(by=team.worker2), case(by=team.worker2)
    give = lambda one: Participant.objects.filter(pk=one.pk).update(worker=team.worker)  # noqa: E731
    came = meet(lambda: give(first), lambda: give(second))
    assert isinstance(came, IntegrityError)
    assert "hard cap" in str(came)


@pytest.mark.django_db
def test_a_caseload_is_held_in_a_transaction_only(worker: Any, case: Any) -> None:
    assert cases.locked(case())
    caseload.hold(worker)


@pytest.mark.django_db
def test_a_manager_approves_above_the_cap_and_says_why(
    full: Any, case: Any, team: Any, manager: Any, signed_in: Any
) -> None:
    one = case(by=team.worker, status="eligible")
    consent.record_consent(
        one, purposes=["case_work"], manner="spoken", agreed_on=periods.now().date(), by=team.worker
    )
    approval = Approval.objects.create(participant=one, kind="intake", asked_by=team.worker)
    there = reverse("outreach:approval_detail", args=[approval.pk])
    sent = {"answer": "approve", "reason": "Nobody else can go there."}
    said = "A manager may go beyond that"
    assert said in signed_in(team.supervisor).post(there, sent).content.decode()
    client = signed_in(manager)
    assert said in client.post(there, {**sent, "reason": ""}).content.decode()
    assert client.post(there, sent).status_code == 302
    one.refresh_from_db()
    assert one.status == "active"
    override = CaseloadOverride.objects.get()
    assert vault.unseal(override, "reason", by=manager) == sent["reason"]
