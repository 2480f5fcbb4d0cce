"""Consent: given, changed and taken back; and everything sealed of the case gone after it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from ceasefire import jobs, periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.oversight.dictionary import SEALED as DESCRIBED
from ceasefire.vault.models import BlindIndex, Sealed
from outreach.exceptions import (
    ConsentWithdrawn,
    InTheFuture,
    NotForThisPerson,
    OutreachRefusal,
)
from outreach.models import ConsentRecord, Participant, ParticipantStep
from outreach.services import cases, consent, contacts, participants, status
from outreach.tasks import consent as tasks
from tests.outreach.test_reveal import IDENTITY

pytestmark = pytest.mark.django_db
S = Participant.Status

#: Sealed texts of outreach that belong to no one case: of staff, of conflicts with many sides, of
#: a week's work. Whatever else is sealed goes with the case.
OF_NO_CASE = {
    "outreach.Conflict.close_reason",
    "outreach.Conflict.note",
    "outreach.FollowUp.note",
    "outreach.MediationSession.note",
    "outreach.NeutralityWaiver.reason",
    "outreach.StaffTie.value",
    "outreach.SupervisionSheet.comment",
    "outreach.TribalSettlement.guarantor",
    "outreach.TribalSettlement.terms",
    "outreach.Truce.guarantor",
    "outreach.TruceEvent.words",
}


def today() -> Any:
    return periods.now().date()


def record(participant: Participant, by: Any, **changed: Any) -> ConsentRecord:
    how = {"purposes": ["case_work", "phone"], "manner": "spoken", "agreed_on": today(), **changed}
    return consent.record_consent(participant, by=by, **how)


def withdraw(participant: Participant, by: Any) -> Participant:
    return consent.withdraw_consent(participant, manner="spoken", by=by)


@pytest.fixture
def known(case, team):
    """An active case with an identity, a consent, a contact with a note."""
    participant = case(birth_year=periods.now().year - 22, safety_flags=["no_call"])
    participants.seal_identity(participant, IDENTITY, by=team.worker)
    record(participant, team.worker)
    contacts.record_contact(participant, mode="street", note="قال إنه خائف", by=team.worker)
    return Participant.objects.get(pk=participant.pk)


# --- given ----------------------------------------------------------------------------------------


def test_a_consent_says_what_when_how_and_who_wrote_it_down(case, team):
    participant = case()
    made = record(participant, team.worker)

    assert consent.in_force(participant) == made
    assert made.recorded_by == team.worker
    assert made.purpose_labels == ["Work with him, and notes about it", "Contact by phone"]
    event = AuditEvent.objects.get(verb="participant.consent_recorded")
    assert event.detail["purposes"] == ["case_work", "phone"]


def test_a_later_consent_takes_the_place_of_the_earlier(case, team):
    participant = case()
    first = record(participant, team.worker)
    second = record(participant, team.supervisor, purposes=["case_work"], manner="written")

    assert consent.in_force(participant) == second
    assert ConsentRecord.objects.get(pk=first.pk).replaced_at is not None
    assert participant.consents.count() == 2


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"agreed_on": today() + timedelta(days=1)}, InTheFuture),
        ({"purposes": []}, ValueError),
        ({"purposes": ["everything"]}, ValueError),
        ({"manner": "guessed"}, ValueError),
    ],
)
def test_what_makes_no_sense_is_refused(case, team, changed, refused):
    with pytest.raises(refused):
        record(case(), team.worker, **changed)


def test_only_who_works_the_case_records_consent(case, team, elsewhere):
    participant = case(team=[team.interrupter])
    for person in (team.worker2, team.interrupter, elsewhere.supervisor):
        with pytest.raises(NotForThisPerson):
            record(participant, person)


# --- taken back -----------------------------------------------------------------------------------


def test_a_withdrawal_ends_the_case_and_erases_every_word_of_it(known, team):
    withdraw(known, team.worker)
    jobs.work_due()
    gone = Participant.objects.get(pk=known.pk)

    assert not Sealed.objects.filter(row__in=_keys(known)).exists()
    assert not BlindIndex.objects.exists()
    assert (gone.status, gone.close_reason) == (S.CLOSED, "declined")
    assert gone.identity_erased_at - gone.consent_withdrawn_at < timedelta(hours=24)
    assert (gone.birth_year, gone.age_band, gone.safety_flags) == (None, "18-24", [])
    assert gone.code == known.code
    assert gone.contacts.count() == 1
    assert gone.consents.get().withdrawn_by == team.worker
    verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"participant.consent_withdrawn", "participant.identity_erased"} <= verbs


def _keys(participant: Participant) -> list[str]:
    return [
        str(participant.pk),
        *[str(key) for key in participant.contacts.values_list("pk", flat=True)],
        *[str(key) for key in participant.steps.values_list("pk", flat=True)],
    ]


def test_a_case_without_any_consent_on_paper_is_erased_too(case, team):
    participant = case(status=S.PROSPECT)
    participants.seal_identity(participant, IDENTITY, by=team.worker)
    withdraw(participant, team.worker)
    jobs.work_due()

    assert not Sealed.objects.exists()


def test_the_hash_of_the_intake_form_goes_too(team, basrah):
    facts = participants.Facts()
    made = participants.register_participant(
        site=basrah, facts=facts, identity=IDENTITY, by=team.worker
    )
    assert made.content_hash
    withdraw(made, team.worker)
    consent.erase(made.pk)

    assert Participant.objects.get(pk=made.pk).content_hash == ""


def test_another_case_keeps_its_words(known, case, team):
    other = case()
    participants.seal_identity(other, {"alias": "أبو سيف"}, by=team.worker)
    withdraw(known, team.worker)
    jobs.work_due()

    assert vault.unseal(other, "alias", by=team.worker) == "أبو سيف"


def test_the_sweep_erases_what_a_lost_job_left(known, team):
    withdraw(known, team.worker)
    assert consent.waiting_for_erasing() == [known.pk]
    assert [due.kind for due in tasks.due_hours()] == [tasks.SWEEP]

    tasks.sweep_withdrawn()
    assert consent.waiting_for_erasing() == []
    assert not Sealed.objects.exists()


def test_erasing_twice_does_it_once(known, team):
    withdraw(known, team.worker)
    assert consent.erase(known.pk) is True
    assert consent.erase(known.pk) is False
    assert AuditEvent.objects.filter(verb="participant.identity_erased").count() == 1


def test_nothing_is_erased_while_consent_stands(known, team):
    assert consent.erase(known.pk) is False
    assert vault.unseal(known, "alias", by=team.worker) == IDENTITY["alias"]


def test_open_questions_and_tasks_of_the_case_end_with_it(case, team):
    from ceasefire.worklist.models import Task
    from outreach.models import Approval

    participant = case(status=S.ELIGIBLE)
    record(participant, team.worker)
    status.ask_intake(participant, by=team.worker)
    withdraw(participant, team.worker)

    assert not Approval.objects.open().exists()
    assert not Task.objects.open().exists()


@pytest.mark.parametrize(
    "verb",
    [
        lambda p, by: contacts.record_contact(p, mode="street", note="again", by=by),
        lambda p, by: record(p, by),
        lambda p, by: status.reopen(p, active=False, by=by),
        lambda p, by: cases.held(p, by=by, permission="outreach.change_participant"),
        lambda p, by: withdraw(p, by),
    ],
    ids=["contact", "consent", "reopen", "any verb", "withdraw"],
)
def test_nothing_is_written_after_it(known, team, verb):
    withdraw(known, team.worker)
    with pytest.raises(ConsentWithdrawn), transaction.atomic():
        verb(known, team.worker)
    consent.erase(known.pk)
    with pytest.raises(ConsentWithdrawn), transaction.atomic():
        verb(known, team.worker)


def test_the_page_says_that_all_is_erased(known, team, signed_in):
    withdraw(known, team.worker)
    jobs.work_due()
    page = signed_in(team.worker).get(known.get_absolute_url()).content.decode()

    assert "Everything sealed of this case is erased." in page
    assert not any(text in page for text in IDENTITY.values())


def test_every_sealed_text_of_a_case_is_erased_or_named_here():
    erased = {f"{one.model._meta.label}.{field}" for one in consent.held() for field in one.fields}
    described = {name for name in DESCRIBED if name.startswith("outreach.")}
    assert described - erased <= OF_NO_CASE


def test_the_database_keeps_a_withdrawn_case_closed_and_erases_no_other(case):
    one, now = case(), periods.now()
    for facts in (
        {"consent_withdrawn_at": now},
        {"identity_erased_at": now},
        {"identity_erased_at": now, "status": "closed", "close_reason": "moved"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Participant.objects.filter(pk=one.pk).update(**facts)


# --- two at once ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("erased", [False, True], ids=["withdrawn", "erased too"])
def test_who_edits_while_it_is_taken_back_is_refused_and_nothing_stays(known, team, erased):
    came: list[Any] = []

    @transaction.atomic
    def edit() -> None:
        held = cases.held(known, by=team.supervisor, permission="outreach.change_participant")
        participants.seal_identity(held, {"phone": "0780 999 8888"}, by=team.supervisor)

    def run() -> None:
        try:
            edit()
        except OutreachRefusal as refusal:
            came.append(refusal)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        withdraw(known, team.worker)
        if erased:
            consent.erase(known.pk)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "it did not wait for the lock"
    thread.join(20)
    jobs.work_due()

    assert isinstance(came[0], ConsentWithdrawn)
    assert not Sealed.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_edit_that_came_first_is_erased_with_the_rest(known, team):
    came: list[Any] = []

    def run() -> None:
        try:
            came.append(withdraw(known, team.worker))
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        held = cases.held(known, by=team.supervisor, permission="outreach.change_participant")
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "it did not wait for the lock"
        participants.seal_identity(held, {"phone": "0780 999 8888"}, by=team.supervisor)
    thread.join(20)
    jobs.work_due()

    assert came
    assert not Sealed.objects.exists()


# --- pages ----------------------------------------------------------------------------------------


def test_consent_is_recorded_and_taken_back_on_pages(case, team, signed_in):
    participant = case()
    client = signed_in(team.worker)
    client.post(
        reverse("outreach:consent_record", args=[participant.code]),
        {"purposes": ["case_work", "home_visits"], "manner": "relative", "agreed_on": ""},
    )
    page = client.get(participant.get_absolute_url()).content.decode()
    assert "Home visits" in page
    assert "Through a relative" in page

    client.post(
        reverse("outreach:consent_withdraw", args=[participant.code]), {"manner": "written"}
    )
    assert ConsentRecord.objects.get().withdrawn_manner == "written"


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"purposes": ["case_work"]},
        {"manner": "spoken"},
        {"purposes": ["case_work"], "manner": "spoken", "agreed_on": "01/01/2100"},
        {"purposes": ["case_work"], "manner": "spoken", "agreed_on": "yesterday"},
        {"purposes": ["\x00"], "manner": "spoken"},
        {"purposes": ["x" * 5000], "manner": "‮spoken"},
    ],
)
def test_bad_input_for_consent_is_said(case, team, signed_in, typed):
    participant = case()
    answer = signed_in(team.worker).post(
        reverse("outreach:consent_record", args=[participant.code]), typed
    )
    assert answer.status_code == 200
    assert not ConsentRecord.objects.exists()


def test_no_word_of_the_case_is_left_in_any_table_after_it(known, team):
    words = [*IDENTITY.values(), "قال إنه خائف"]
    withdraw(known, team.worker)
    jobs.work_due()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not table.startswith(("outreach_", "worklist_", "jobs_", "vault_")):
                continue
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE ANY(%s)',
                [[f"%{word}%" for word in words]],
            )
            assert cursor.fetchone()[0] == 0, table


def test_a_step_is_kept_without_its_words(case, team, manager):
    participant = case(status=S.NOT_ELIGIBLE)
    status.ask_exception(participant, words="ابن عمه", by=team.worker)
    withdraw(participant, team.worker)
    jobs.work_due()

    assert ParticipantStep.objects.filter(to_status=S.EXCEPTION).exists()
    assert not Sealed.objects.exists()
