"""Needs, plan, referrals and notes: what is kept, who may, what locks."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire import codes, periods, vault
from ceasefire.vault.models import Sealed
from ceasefire.vault.services import rotate
from ceasefire.worklist.models import Notification, Task
from outreach.exceptions import (
    CaseIsClosed,
    ChangedMeanwhile,
    ConsentWithdrawn,
    InTheFuture,
    KeyTaken,
    NotAColleague,
    NotAllowedFromHere,
    NotForThisPerson,
)
from outreach.models import (
    CaseNote,
    NeedsAssessment,
    NoteAmendment,
    Participant,
    PlanGoal,
    PlanReview,
    Referral,
    RiskReductionPlan,
)
from outreach.services import approvals, consent, needs, notes, plans, referrals, status
from tests.incidents.test_two_connections import meet
from tests.test_permissions import comparable
from tests.vault.test_rotation import key_line

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PHRASE = "عبارة سرية جدا"


def today() -> Any:
    return periods.now().date()


def agree(participant: Participant, by: Any, *purposes: str) -> None:
    consent.record_consent(
        participant,
        purposes=["case_work", *purposes],
        manner="spoken",
        agreed_on=today(),
        by=by,
    )


@pytest.fixture
def agreed(case: Any, worker: Any) -> Participant:
    """An active case whose participant agrees to sharing."""
    participant: Participant = case()
    agree(participant, worker, "sharing")
    return participant


def goal_of(participant: Participant, by: Any, **facts: Any) -> PlanGoal:
    facts = {"domain": "income", "step": PHRASE, "due_on": today() + 30 * DAY, **facts}
    return plans.add_goal(participant, by=by, **facts)


def refer(participant: Participant, by: Any, **facts: Any) -> Referral:
    return referrals.send(participant, by=by, **{"domain": "income", "provider": "x", **facts})


def write(participant: Participant, by: Any, **facts: Any) -> CaseNote:
    return notes.write(participant, by=by, **{"kind": "progress", "text": PHRASE, **facts})


def approved(participant: Participant, by: Any, supervisor: Any) -> RiskReductionPlan:
    goal_of(participant, by)
    plans.ask_approval(participant, by=by)
    approvals.decide(participant.approvals.get(kind="plan"), approve=True, by=supervisor)
    return RiskReductionPlan.objects.get(participant=participant)


def age(note: CaseNote) -> CaseNote:
    """Let the 24 hours of a note be over: the database lets them end earlier, never later."""
    CaseNote.objects.filter(pk=note.pk).update(locked_at=periods.now() - timedelta(seconds=1))
    note.refresh_from_db()
    return note


# --- who may --------------------------------------------------------------------------------------

WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "needs": lambda p, by: needs.assess(p, severities={"income": 2}, by=by),
    "goal": lambda p, by: goal_of(p, by),
    "referral": lambda p, by: refer(p, by),
    "note": lambda p, by: write(p, by),
}


@pytest.mark.parametrize("what", sorted(WRITES))
def test_who_writes_in_a_case(
    agreed: Participant, team: Any, manager: Any, elsewhere: Any, data_officer: Any, what: str
) -> None:
    for person in (team.worker, team.supervisor, manager):
        WRITES[what](agreed, person)
    for person in (
        team.worker2,
        team.interrupter,
        data_officer,
        elsewhere.worker,
        elsewhere.supervisor,
        elsewhere.manager,
    ):
        with pytest.raises(NotForThisPerson), transaction.atomic():
            WRITES[what](agreed, person)


@pytest.mark.parametrize("what", sorted(WRITES))
def test_nothing_is_written_in_a_closed_case_nor_after_consent(
    agreed: Participant, case: Any, worker: Any, what: str
) -> None:
    with pytest.raises(CaseIsClosed), transaction.atomic():
        WRITES[what](case(status="closed"), worker)
    consent.withdraw_consent(agreed, manner="spoken", by=worker)
    with pytest.raises(ConsentWithdrawn), transaction.atomic():
        WRITES[what](agreed, worker)


def test_all_that_is_sealed_is_erased_with_consent_and_counts_stay(
    agreed: Participant, team: Any
) -> None:
    worker = team.worker
    needs.assess(agreed, severities={"income": 2}, strengths=PHRASE, by=worker)
    approved(agreed, worker, team.supervisor)
    plans.review(agreed, note=PHRASE, by=worker)
    refer(agreed, worker, provider=PHRASE, note=PHRASE)
    note = age(write(agreed, worker))
    notes.amend(note, text=PHRASE, by=worker)
    tables = [
        "outreach_needsassessment",
        "outreach_plangoal",
        "outreach_planreview",
        "outreach_referral",
        "outreach_casenote",
        "outreach_noteamendment",
    ]
    assert set(Sealed.objects.values_list("table", flat=True)) >= set(tables)
    consent.withdraw_consent(agreed, manner="spoken", by=worker)
    consent.erase(agreed.pk)
    assert not Sealed.objects.filter(table__in=tables).exists()
    for model in (NeedsAssessment, PlanGoal, PlanReview, Referral, CaseNote, NoteAmendment):
        assert model.objects.count() == 1


KEYED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "needs": lambda p, by, key: needs.assess(p, severities={"income": 2}, by=by, key=key),
    "goal": lambda p, by, key: goal_of(p, by, key=key),
    "referral": lambda p, by, key: refer(p, by, key=key),
    "note": lambda p, by, key: write(p, by, key=key),
}


@pytest.mark.parametrize("what", sorted(KEYED))
def test_a_form_sent_twice_records_once(
    agreed: Participant, case: Any, team: Any, what: str
) -> None:
    key = uuid.uuid4()
    one = KEYED[what](agreed, team.worker, key)
    assert KEYED[what](agreed, team.worker, key) == one
    with pytest.raises(KeyTaken), transaction.atomic():
        KEYED[what](agreed, team.supervisor, key)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outreach_needsassessment SET number = 9",
        "DELETE FROM outreach_needsassessment",
        "DELETE FROM outreach_plangoal",
        "UPDATE outreach_planreview SET by_id = NULL",
        "DELETE FROM outreach_referral",
        "UPDATE outreach_referralstep SET by_id = NULL",
        "DELETE FROM outreach_casenote",
        "UPDATE outreach_noteamendment SET by_id = NULL",
        "DELETE FROM outreach_noteamendment",
        "UPDATE outreach_handover SET cases = 0",
        "DELETE FROM outreach_transfer",
    ],
)
def test_the_program_has_no_more_rights_than_it_uses(statement: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# --- needs ----------------------------------------------------------------------------------------


def test_needs_are_kept_in_versions(case: Any, worker: Any) -> None:
    participant = case()
    needs.assess(participant, severities={"income": 3, "debt": None}, by=worker, after=0)
    second = needs.assess(
        participant, severities={"income": 1}, strengths=PHRASE, by=worker, after=1
    )
    assert needs.latest(participant) == second
    rows = NeedsAssessment.objects.values_list("number", "severities")
    assert list(rows) == [(2, {"income": 1}), (1, {"income": 3})]
    assert vault.unseal(second, "strengths", by=worker) == PHRASE
    with pytest.raises(ChangedMeanwhile):
        needs.assess(participant, severities={"income": 2}, by=worker, after=1)


@pytest.mark.parametrize("given", [{"income": 4}, {"income": -1}, {"weather": 1}])
def test_what_is_no_severity_is_an_error(case: Any, worker: Any, given: Any) -> None:
    with pytest.raises(ValueError, match="no severities"):
        needs.assess(case(), severities=given, by=worker)


# --- plan -----------------------------------------------------------------------------------------


def test_a_plan_is_begun_approved_and_looked_at_every_30_days(case: Any, team: Any) -> None:
    participant = case()
    plan = approved(participant, team.worker, team.supervisor)
    assert (plan.state, plan.review_due_on) == ("approved", today() + 30 * DAY)
    task = Task.objects.open().get(kind=plans.REVIEW_DUE)
    assert (task.assignee, task.subject_code) == (team.worker, participant.code)
    RiskReductionPlan.objects.update(review_due_on=today() - DAY)
    plan.refresh_from_db()
    assert plan.overdue()
    made = plans.review(participant, note=PHRASE, by=team.worker)
    plan.refresh_from_db()
    assert plan.review_due_on == made.next_due_on == today() + 30 * DAY
    assert Task.objects.open().get(kind=plans.REVIEW_DUE) != task


def test_a_returned_plan_is_written_on_and_a_new_step_asks_again(case: Any, team: Any) -> None:
    participant = case()
    goal_of(participant, team.worker)
    plans.ask_approval(participant, by=team.worker)
    with pytest.raises(plans.PlanWaits), transaction.atomic():
        goal_of(participant, team.worker)
    approvals.decide(participant.approvals.get(), approve=False, reason="thin", by=team.supervisor)
    plan = RiskReductionPlan.objects.get()
    assert plan.state == "returned"
    plans.ask_approval(participant, by=team.worker)
    approvals.decide(participant.approvals.get(decision=""), approve=True, by=team.supervisor)
    goal_of(participant, team.worker)
    plan.refresh_from_db()
    assert plan.state == "draft"
    assert plan.review_due_on is not None


def test_nobody_approves_their_own_plan(case: Any, supervisor: Any) -> None:
    participant = case(by=supervisor)
    goal_of(participant, supervisor)
    plans.ask_approval(participant, by=supervisor)
    with pytest.raises(approvals.OneOwn):
        approvals.decide(participant.approvals.get(), approve=True, by=supervisor)


def test_a_plan_that_waits_can_be_taken_back(case: Any, team: Any) -> None:
    participant = case()
    goal_of(participant, team.worker)
    plans.ask_approval(participant, by=team.worker)
    plans.take_back(participant, by=team.worker)
    assert participant.approvals.get().decision == "withdrawn"
    goal_of(participant, team.worker)


def test_with_a_closed_case_no_plan_waits(case: Any, team: Any) -> None:
    participant = case()
    goal_of(participant, team.worker)
    plans.ask_approval(participant, by=team.worker)
    status.close(participant, reason="killed", by=team.worker)
    assert RiskReductionPlan.objects.get().state == "draft"


def test_a_plan_without_an_open_step_is_not_sent(case: Any, worker: Any) -> None:
    participant = case()
    with pytest.raises(NotAllowedFromHere), transaction.atomic():
        plans.ask_approval(participant, by=worker)
    plans.end_goal(goal_of(participant, worker), reached=True, by=worker)
    with pytest.raises(plans.NoGoals), transaction.atomic():
        plans.ask_approval(participant, by=worker)
    with pytest.raises(NotAllowedFromHere), transaction.atomic():
        plans.review(participant, note="", by=worker)


def test_a_step_ends_once(case: Any, worker: Any) -> None:
    goal = goal_of(case(), worker)
    plans.end_goal(goal, reached=False, by=worker)
    with pytest.raises(NotAllowedFromHere):
        plans.end_goal(goal, reached=True, by=worker)


@pytest.mark.parametrize("days", [-1, 732])
def test_a_step_is_due_ahead(case: Any, worker: Any, days: int) -> None:
    with pytest.raises(plans.DueNotAhead):
        goal_of(case(), worker, due_on=today() + days * DAY)


def test_a_step_is_the_participant_s_or_of_somebody_on_the_case(case: Any, team: Any) -> None:
    participant = case(team=[team.interrupter])
    for owner in (None, team.worker, team.interrupter):
        goal_of(participant, team.worker, owner=owner)
    with pytest.raises(NotAColleague):
        goal_of(participant, team.worker, owner=team.worker2)


# --- referrals ------------------------------------------------------------------------------------


def test_a_referral_needs_consent_to_sharing(case: Any, worker: Any) -> None:
    participant = case()
    agree(participant, worker)
    with pytest.raises(referrals.NoLeaveToShare):
        refer(participant, worker)


def test_a_referral_goes_its_way(agreed: Participant, team: Any) -> None:
    sent = refer(agreed, team.worker, sent_on=today() - 10 * DAY, is_warm=True)
    referrals.move(sent, to="accepted", on=today() - 4 * DAY, by=team.supervisor, version=1)
    assert Notification.objects.get(recipient=team.worker).kind == "referral.accepted"
    moved = referrals.move(sent, to="started", on=today() - 2 * DAY, by=team.worker)
    assert moved.days_to_start == 8
    done = referrals.move(sent, to="completed", confirmed=True, by=team.worker)
    assert (done.state, done.is_confirmed, done.ended_on) == ("completed", True, today())
    assert [step.to_state for step in done.steps.all()] == [
        "sent",
        "accepted",
        "started",
        "completed",
    ]
    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        referrals.move(sent, to="dropped", by=team.worker, version=1)


STEPS = [
    (state, to)
    for state in Referral.State.values
    for to in Referral.State.values
    if to not in Referral.STEPS.get(state, ())
]


@pytest.mark.parametrize(("state", "to"), STEPS)
def test_every_other_step_is_refused(agreed: Participant, worker: Any, state: str, to: str) -> None:
    sent = refer(agreed, worker)
    for step in {
        "accepted": ["accepted"],
        "declined": ["declined"],
        "started": ["accepted", "started"],
        "completed": ["accepted", "started", "completed"],
        "dropped": ["dropped"],
    }.get(state, []):
        referrals.move(sent, to=step, by=worker)
    with pytest.raises(NotAllowedFromHere):
        referrals.move(sent, to=to, by=worker)


def test_the_days_of_a_referral_follow_one_another(agreed: Participant, worker: Any) -> None:
    with pytest.raises(InTheFuture), transaction.atomic():
        refer(agreed, worker, sent_on=today() + DAY)
    sent = refer(agreed, worker, sent_on=today() - 3 * DAY)
    with pytest.raises(referrals.BeforeItWasSent), transaction.atomic():
        referrals.move(sent, to="accepted", on=today() - 4 * DAY, by=worker)
    with pytest.raises(InTheFuture), transaction.atomic():
        referrals.move(sent, to="accepted", on=today() + DAY, by=worker)
    referrals.move(sent, to="accepted", by=worker)
    with pytest.raises(referrals.BeforeItWasSent), transaction.atomic():
        referrals.move(sent, to="started", on=today() - DAY, by=worker)


def test_after_seven_silent_days_the_worker_is_told_once(agreed: Participant, worker: Any) -> None:
    old = refer(agreed, worker, sent_on=today() - 7 * DAY)
    refer(agreed, worker, sent_on=today() - 6 * DAY)
    assert old.is_silent()
    assert referrals.remind() == referrals.remind() == 1
    assert Notification.objects.get().kind == "referral.silent"
    task = Task.objects.open().get()
    assert (task.kind, task.due_at) == ("referral.silent", old.silent_from)
    referrals.move(old, to="declined", by=worker)
    assert referrals.remind() == 0
    # The other one is asked after next.
    assert Task.objects.open().get().due_at == old.silent_from + DAY


# --- notes ----------------------------------------------------------------------------------------


def test_a_note_is_changed_by_its_writer_for_24_hours(agreed: Participant, team: Any) -> None:
    note = write(agreed, team.worker)
    notes.change(note, text="otherwise", kind="legal", by=team.worker, version=1)
    note.refresh_from_db()
    assert vault.unseal(note, "text", by=team.worker) == "otherwise"
    assert (note.kind, note.version, note.changed_at is not None) == ("legal", 2, True)
    with pytest.raises(NotForThisPerson), transaction.atomic():
        notes.change(note, text="x", by=team.supervisor)
    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        notes.change(note, text="x", by=team.worker, version=1)
    with pytest.raises(notes.NoteIsOpen), transaction.atomic():
        notes.amend(note, text="x", by=team.supervisor)


def test_after_24_hours_a_note_is_only_added_to(agreed: Participant, team: Any) -> None:
    note = age(write(agreed, team.worker))
    with pytest.raises(notes.NoteIsLocked), transaction.atomic():
        notes.change(note, text="x", by=team.worker)
    key = uuid.uuid4()
    made = notes.amend(note, text="more", by=team.supervisor, key=key)
    assert notes.amend(note, text="more", by=team.supervisor, key=key) == made
    assert vault.unseal(note, "text", by=team.worker) == PHRASE


def test_the_database_refuses_to_change_a_locked_note(agreed: Participant, worker: Any) -> None:
    note = age(write(agreed, worker))
    changes: list[Callable[[], Any]] = [
        lambda: vault.seal(note, "text", "other words", by=worker),
        lambda: CaseNote.objects.filter(pk=note.pk).update(kind="legal"),
        lambda: CaseNote.objects.filter(pk=note.pk).update(locked_at=periods.now() + DAY),
    ]
    for change in changes:
        with pytest.raises(IntegrityError, match="locked note"), transaction.atomic():
            change()
    vault.forget(note, "text")
    with pytest.raises(IntegrityError), transaction.atomic():
        vault.seal(note, "text", "other words", by=worker)


def test_an_open_note_is_not_kept_open(agreed: Participant, worker: Any) -> None:
    note = write(agreed, worker)
    for facts in ({"locked_at": note.locked_at + DAY}, {"at": note.at + DAY}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CaseNote.objects.filter(pk=note.pk).update(**facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseNote.objects.create(
            participant=agreed,
            kind="legal",
            by=worker,
            at=note.at,
            locked_at=note.locked_at + DAY,
        )


def test_a_locked_note_is_sealed_anew_under_another_key(
    agreed: Participant, worker: Any, settings: Any, tmp_path: Any
) -> None:
    note = age(write(agreed, worker))
    keys = tmp_path / "keys"
    keys.write_text(Path(settings.VAULT_KEYS_FILE).read_text() + key_line("another"))
    keys.chmod(0o600)
    settings.VAULT_KEYS_FILE = str(keys)
    assert rotate().broken == []
    assert Sealed.objects.get(table="outreach_casenote").key_id == "another"
    assert vault.unseal(note, "text", by=worker) == PHRASE


# --- two at once ----------------------------------------------------------------------------------

MEET: dict[str, tuple[Callable[[Any, Any], Any], type[Exception]]] = {
    "needs": (
        lambda p, by: needs.assess(p, severities={"income": 1}, after=0, by=by),
        ChangedMeanwhile,
    ),
    "ask": (lambda p, by: plans.ask_approval(p, by=by), NotAllowedFromHere),
    "goal": (
        lambda p, by: plans.end_goal(PlanGoal.objects.get(), reached=True, by=by),
        NotAllowedFromHere,
    ),
    "referral": (
        lambda p, by: referrals.move(Referral.objects.get(), to="accepted", by=by),
        NotAllowedFromHere,
    ),
    "note": (
        lambda p, by: notes.change(CaseNote.objects.get(), text="x", version=1, by=by),
        ChangedMeanwhile,
    ),
    "review": (
        lambda p, by: plans.review(p, note="", version=4, by=by),
        ChangedMeanwhile,
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", sorted(MEET))
def test_of_two_at_once_the_second_is_refused(agreed: Participant, team: Any, verb: str) -> None:
    act, refusal = MEET[verb]
    if verb == "review":
        approved(agreed, team.worker, team.supervisor)
        version = RiskReductionPlan.objects.get().version

        def act(p: Any, by: Any) -> Any:
            return plans.review(p, note="", version=version, by=by)

    else:
        goal_of(agreed, team.worker)
        refer(agreed, team.worker)
        write(agreed, team.worker)
    came = meet(lambda: act(agreed, team.worker), lambda: act(agreed, team.worker))
    assert isinstance(came, refusal)


# --- pages ----------------------------------------------------------------------------------------


def form_of(page: Any) -> dict[str, Any]:
    """What a form as it stands on a page would send."""
    return {
        bound.html_name: "" if bound.value() is None else bound.value()
        for bound in page.context["form"]
        if bound.value() is not False
    }


def at(name: str, participant: Participant, *more: Any) -> str:
    return reverse(f"outreach:{name}", args=[participant.code, *more])


def test_a_worker_writes_all_of_it_on_pages(agreed: Participant, team: Any, signed_in: Any) -> None:
    client = signed_in(team.worker)

    def send(name: str, *more: Any, **typed: Any) -> Any:
        address = at(name, agreed, *more)
        return client.post(address, form_of(client.get(address)) | typed, follow=True)

    assert (
        "Urgent"
        in send("needs_new", need_income="3", need_debt="0", strengths=PHRASE).content.decode()
    )
    body = send(
        "goal_new", domain="income", step=PHRASE, due_on=f"{today() + DAY:%d/%m/%Y}", owner=""
    ).content.decode()
    assert PHRASE in body
    client.post(at("plan_ask", agreed), {"version": RiskReductionPlan.objects.get().version})
    assert RiskReductionPlan.objects.get().state == "waiting"
    approvals.decide(agreed.approvals.get(), approve=True, by=team.supervisor)
    version = RiskReductionPlan.objects.get().version
    answer = client.post(
        at("plan_review", agreed), {"note": PHRASE, "version": version}, follow=True
    )
    assert "How it went" in answer.content.decode()
    client.post(at("goal_end", agreed, PlanGoal.objects.get().pk), {"reached": "1"})
    assert PlanGoal.objects.get().state == "reached"
    assert PHRASE in send("referral_new", domain="legal", provider=PHRASE).content.decode()
    send("referral_move", Referral.objects.get().pk, to="accepted", on="")
    assert Referral.objects.get().state == "accepted"
    assert PHRASE in send("note_new", kind="safety", text=PHRASE).content.decode()
    note = CaseNote.objects.get()
    assert "other words" in send("note_change", note.pk, text="other words").content.decode()
    age(note)
    assert "added words" in send("note_amend", note.pk, text="added words").content.decode()
    page = client.get(agreed.get_absolute_url()).content.decode()
    for words in (PHRASE, "other words", "added words"):
        assert words not in page, "the page of the case lays open what is sealed"
    assert "Income, job" in page


PAGES = ["needs_new", "goal_new", "referral_new", "note_new"]
BAD: list[tuple[str, str, dict[str, str]]] = [
    ("nothing was asked", "needs_new", {"need_income": ""}),
    ("a severity that is none", "needs_new", {"need_income": "7"}),
    ("strengths without end", "needs_new", {"need_income": "1", "strengths": "x" * 2001}),
    ("no wording", "goal_new", {"step": ""}),
    ("a null byte", "goal_new", {"step": "a\x00b"}),
    ("a wording without end", "goal_new", {"step": "x" * 501}),
    ("due in 1900", "goal_new", {"due_on": "1/1/1900"}),
    ("due in 2100", "goal_new", {"due_on": "1/1/2100"}),
    ("due on no day", "goal_new", {"due_on": "31/02/2027"}),
    ("somebody else's step", "goal_new", {"owner": str(uuid.uuid4())}),
    ("no provider", "referral_new", {"provider": " "}),
    ("a domain that is none", "referral_new", {"domain": "weather"}),
    ("sent tomorrow", "referral_new", {"sent_on": "1/1/2100"}),
    ("sent long ago", "referral_new", {"sent_on": "1/1/1900"}),
    ("no text", "note_new", {"text": "  "}),
    ("a text without end", "note_new", {"text": "x" * 8001}),
    ("a kind that is none", "note_new", {"kind": "weather"}),
]
GOOD = {
    "needs_new": {"strengths": "kept words", "need_income": "2"},
    "goal_new": {"domain": "income", "step": "kept words", "due_on": "١/١/٢٠٢٧"},
    "referral_new": {"domain": "income", "provider": "kept words", "note": "kept words"},
    "note_new": {"kind": "family", "text": "kept words"},
}


@pytest.mark.parametrize(("name", "change"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
def test_bad_input_is_said_and_nothing_typed_is_lost(
    agreed: Participant, worker: Any, signed_in: Any, name: str, change: dict[str, str]
) -> None:
    client = signed_in(worker)
    address = at(name, agreed)
    typed = form_of(client.get(address)) | GOOD[name] | change
    answer = client.post(address, typed)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    if not {"strengths", "step", "text"} & set(change):
        assert "kept words" in answer.content.decode()
    for model in (NeedsAssessment, PlanGoal, Referral, CaseNote):
        assert not model.objects.exists()


@pytest.mark.parametrize("name", PAGES)
def test_good_input_in_either_digits_is_taken_and_marks_are_taken_out(
    agreed: Participant, worker: Any, signed_in: Any, name: str
) -> None:
    client = signed_in(worker)
    address = at(name, agreed)
    typed = form_of(client.get(address)) | GOOD[name]
    typed = {
        key: value.replace("kept", "\u202ekept") if isinstance(value, str) else value
        for key, value in typed.items()
    }
    if "due_on" in typed:
        typed["due_on"] = f"{today() + DAY:%d/%m/%Y}".translate(
            {ord(str(digit)): chr(0x06F0 + digit) for digit in range(10)}
        )
    answer = client.post(address, typed, follow=True)
    assert "kept words" in answer.content.decode()
    assert "\u202e" not in answer.content.decode()


READ = ["needs_list", "plan_detail", "referral_list", "note_list"]


@pytest.mark.parametrize("name", READ + PAGES)
def test_another_s_case_answers_like_an_absent_one(
    agreed: Participant, team: Any, elsewhere: Any, signed_in: Any, name: str
) -> None:
    for person in (team.worker2, elsewhere.worker):
        client = signed_in(person)
        for verb in (client.get, client.post):
            hidden = verb(at(name, agreed))
            absent = verb(reverse(f"outreach:{name}", args=["P-000000"]))
            assert hidden.status_code in (404, 405)
            assert comparable(hidden) == comparable(absent)


def test_a_row_of_another_case_is_not_found_under_one_s_own(
    agreed: Participant, case: Any, team: Any, signed_in: Any
) -> None:
    note, goal, sent = (
        write(agreed, team.worker),
        goal_of(agreed, team.worker),
        refer(agreed, team.worker),
    )
    own = case(by=team.worker2)
    client = signed_in(team.worker2)
    for name, row in (
        ("note_change", note),
        ("note_amend", note),
        ("goal_end", goal),
        ("referral_move", sent),
    ):
        assert client.post(at(name, own, row.pk)).status_code == 404
        assert client.post(at(name, agreed, row.pk)).status_code == 404
    # A colleague who sees the case finds no note of somebody else's to change.
    assert signed_in(team.supervisor).get(at("note_change", agreed, note.pk)).status_code == 404


def test_an_interrupter_on_the_case_reads_and_writes_nothing(
    case: Any, team: Any, signed_in: Any
) -> None:
    participant = case(team=[team.interrupter])
    client = signed_in(team.interrupter)
    for name in READ:
        assert client.get(at(name, participant)).status_code == 200
    for name in PAGES:
        assert client.get(at(name, participant)).status_code == 403


@pytest.mark.parametrize("name", [*READ, "participant_detail"])
def test_pages_ask_as_often_for_many_as_for_few(
    agreed: Participant, team: Any, signed_in: Any, name: str
) -> None:
    client = signed_in(team.worker)

    def fill() -> None:
        needs.assess(agreed, severities={"income": 2}, strengths="x", by=team.worker)
        goal_of(agreed, team.worker, owner=team.worker)
        refer(agreed, team.worker, note="x")
        notes.amend(age(write(agreed, team.worker)), text="x", by=team.worker)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(at(name, agreed)).status_code == 200
        return len(asked)

    fill()
    queries()
    few = queries()
    for _ in range(3):
        fill()
    assert queries() == few
    assert few <= 16


def test_every_domain_and_kind_is_offered(agreed: Participant, worker: Any, signed_in: Any) -> None:
    client = signed_in(worker)
    assert len(codes.choices("need_domain")) == 13
    page = client.get(at("needs_new", agreed)).content.decode()
    for code, _label in codes.choices("need_domain"):
        assert f'name="need_{code}"' in page
