"""What the demonstration holds of outreach: every state, at two sites, all of it labelled."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Count
from django.test import Client

from ceasefire import codes, periods, rulesets, vault, worklist
from ceasefire.people.models import User
from ceasefire.vault.models import Sealed
from outreach.demo import words
from outreach.demo.rows import Rows
from outreach.models import (
    Approval,
    CaseMember,
    CaseNote,
    Conflict,
    ConflictIncident,
    ConflictParty,
    ConsentRecord,
    Contact,
    ContactTakenBack,
    DailyLog,
    EditConflict,
    EventAttendance,
    FieldEvent,
    FollowUp,
    LogHours,
    MediationSession,
    NoteAmendment,
    Participant,
    Referral,
    RiskReductionPlan,
    RiskScreening,
    Shift,
    StaffProfile,
    StaffTie,
    SupervisionDecision,
    SupervisionSheet,
    Transfer,
    TribalSettlement,
    Truce,
)
from outreach.services import (
    caseload,
    caseload_reading,
    contacts,
    neutrality,
    screening,
    settlements,
)
from outreach.services.conflicts import risk_of

State = Participant.Status
LABELS = (words.LABEL_EN, words.LABEL_AR)
SITES = ("BASRAH-CENTRE", "AL-ZUBAIR")


@pytest.fixture
def demo(demo_connection: Any, db: None) -> dict[str, User]:
    """Everybody of the demonstration by user name."""
    return {user.username: user for user in User.objects.all()}


def of(user: User) -> Any:
    return Participant.objects.filter(worker=user)


def test_each_worker_carries_a_full_caseload_within_the_band(demo: Any) -> None:
    for name in ("worker", "worker2", "worker.zubair"):
        band = caseload.band(demo[name].sites.get())
        assert band.word(of(demo[name]).active().count()) == "good", name
    on_team = CaseMember.objects.filter(user=demo["interrupter"], until__isnull=True)
    assert on_team.filter(participant__status=State.ACTIVE).count() == 17


@pytest.mark.parametrize("code", SITES)
def test_each_site_has_cases_in_every_status(demo: Any, code: str) -> None:
    here = Participant.objects.filter(site__code=code)
    assert set(here.values_list("status", flat=True)) == set(State.values)


def test_cases_were_closed_for_every_reason_and_paused_for_every_one(demo: Any) -> None:
    closed = set(
        Participant.objects.exclude(close_reason="").values_list("close_reason", flat=True)
    )
    assert closed == {code for code, _label in codes.choices("close_reason")}
    paused = set(
        Participant.objects.exclude(pause_reason="").values_list("pause_reason", flat=True)
    )
    assert paused == {code for code, _label in codes.choices("pause_reason")}


@pytest.mark.parametrize(
    ("name", "model", "field"),
    [
        ("sex", Participant, "sex"),
        ("age_band", Participant, "age_band"),
        ("spoken_language", Participant, "language"),
        ("sex", EventAttendance, "sex"),
        ("sex", StaffProfile, "gender"),
        ("contact_mode", Contact, "mode"),
        ("contact_mistake", ContactTakenBack, "reason"),
        ("conflict_kind", Conflict, "kind"),
        ("how_learned", Conflict, "how_learned"),
        ("persons_band", Conflict, "persons_band"),
        ("likelihood", Conflict, "shooting"),
        ("party_kind", ConflictParty, "kind"),
        ("mediation_outcome", MediationSession, "outcome"),
        ("need_domain", Referral, "domain"),
        ("note_kind", CaseNote, "kind"),
        ("consent_manner", ConsentRecord, "manner"),
        ("work_activity", LogHours, "activity"),
    ],
)
def test_codes_are_of_their_lists(demo: Any, name: str, model: Any, field: str) -> None:
    given = set(model.objects.values_list(field, flat=True)) - {""}
    assert given
    assert given <= {code for code, _label in codes.choices(name)}


def test_the_way_of_a_case_ends_where_it_stands(demo: Any) -> None:
    for case in Participant.objects.prefetch_related("steps"):
        steps = list(case.steps.order_by("at", "id"))
        assert [step.from_status for step in steps] == [
            "",
            *(step.to_status for step in steps[:-1]),
        ], case.code
        assert steps[-1].to_status == case.status, case.code
        assert steps[-1].at == case.status_since, case.code


def test_everything_sealed_says_that_it_is_made_up(demo: Any) -> None:
    from ceasefire.vault.services import _open

    opened = [(row.table, row.column, _open(row)) for row in Sealed.objects.all()]
    ours = [row for row in opened if row[0].startswith("outreach_")]
    assert len(ours) > 800
    for table, column, text in ours:
        if column == "phone":
            assert re.fullmatch(r"0700 000 \d{4}", text)
        else:
            assert text.endswith(LABELS), (table, column)
    names = [text for _table, column, text in ours if column == "name" and "بيت" not in text]
    assert len(names) > 80


def test_who_may_see_a_case_reads_the_label_on_its_page(demo: Any) -> None:
    client = Client()
    client.force_login(demo["worker"])
    active = of(demo["worker"]).active().order_by("code").first()
    for path in ("/outreach/", active.get_absolute_url()):
        assert words.LABEL_AR in client.get(path).content.decode() or (
            words.LABEL_EN in client.get(path).content.decode()
        ), path
    led = Conflict.objects.filter(lead=demo["worker"]).first()
    page = client.get(led.get_absolute_url()).content.decode()
    assert words.LABEL_AR in page or words.LABEL_EN in page


def test_a_consent_taken_back_leaves_nothing_sealed(demo: Any) -> None:
    gone = Participant.objects.get(consent_withdrawn_at__isnull=False)
    assert gone.identity_erased_at is not None
    assert gone.birth_year is None
    assert vault.sealed_fields(gone) == []
    assert ConsentRecord.objects.get(participant=gone).withdrawn_by is not None


def test_screenings_score_as_their_rules_say(demo: Any) -> None:
    for made in RiskScreening.objects.select_related("ruleset", "participant__site"):
        assert made.ruleset == rulesets.current(screening.KIND, made.participant.site)
        result = screening.count(made.ruleset.content, made.answers)
        assert (made.score, made.qualifies) == (result.score, result.qualifies)
    late = Participant.objects.active().filter(rescreen_due_on__lt=periods.now().date())
    assert late.exists()


def test_a_case_keeps_of_its_contacts_what_the_verb_would_keep(demo: Any) -> None:
    kept = ("last_contact_at", "last_face_at", "risk_signal")
    for case in Participant.objects.active():
        before = [getattr(case, name) for name in kept]
        contacts._read_anew(case)
        assert [getattr(case, name) for name in kept] == before, case.code


def test_contacts_meet_the_standard_and_miss_it(demo: Any) -> None:
    day = periods.Week.of(periods.now().date()).previous().end - timedelta(days=1)
    site = demo["worker"].sites.get()
    rules = caseload_reading.standards([site], day)
    cases = list(of(demo["worker"]).active().select_related("site"))
    counts = caseload_reading.contact_counts(cases, rules)
    wanted = rules[site.pk].weekly_contacts
    met = [counts.get(case.pk, {}).get("contacts", 0) >= wanted for case in cases]
    assert True in met
    assert False in met
    quiet = [(periods.now() - case.last_contact_at).days for case in cases if case.last_contact_at]
    assert max(quiet) > 30
    assert any(14 <= days < 30 for days in quiet)
    assert ContactTakenBack.objects.exists()
    assert set(Participant.objects.values_list("risk_signal", flat=True)) >= {
        "planning",
        "threatened",
    }


def test_plans_and_referrals_stand_in_each_state(demo: Any) -> None:
    plans = set(RiskReductionPlan.objects.values_list("state", flat=True))
    assert plans == set(RiskReductionPlan.State.values)
    referrals = Referral.objects.annotate(moves=Count("steps"))
    assert set(referrals.values_list("state", flat=True)) == set(Referral.State.values)
    assert any(one.is_silent() for one in referrals)
    for one in referrals:
        assert one.steps.order_by("-at").first().to_state == one.state
    assert NoteAmendment.objects.exists()
    assert set(Transfer.objects.values_list("state", flat=True)) >= {"asked", "declined"}
    assert EditConflict.objects.open().exists()


@pytest.mark.parametrize(
    ("code", "states"),
    [
        ("BASRAH-CENTRE", set(Conflict.State.values)),
        ("AL-ZUBAIR", {"detected", "assessed", "mediating", "cooled", "monitoring", "closed"}),
    ],
)
def test_conflicts_stand_in_every_state_with_sides_and_a_way(
    demo: Any, code: str, states: set[str]
) -> None:
    here = Conflict.objects.filter(site__code=code).prefetch_related("steps", "parties")
    assert {conflict.state for conflict in here} == states
    for conflict in here:
        steps = list(conflict.steps.order_by("at", "id"))
        assert steps[-1].to_state == conflict.state
        assert len(conflict.parties.all()) >= 2
        assert conflict.risk == risk_of(conflict, conflict.parties.all()).level


def test_truces_settlements_and_follow_ups_are_of_each_sort(demo: Any) -> None:
    assert set(Truce.objects.values_list("state", flat=True)) == set(Truce.State.values)
    tomorrow = periods.now().date() + timedelta(days=1)
    ends = [periods.local_day(at) for at in Truce.objects.values_list("ends_at", flat=True)]
    assert tomorrow in ends
    assert set(FollowUp.objects.values_list("state", flat=True)) == set(FollowUp.State.values)
    assert set(FollowUp.objects.values_list("finding", flat=True)) >= set(FollowUp.Finding.values)
    assert TribalSettlement.objects.filter(compensation_paid__gt=0).exists()
    assert ConflictIncident.objects.filter(is_cause=True).exists()
    for conflict in Conflict.objects.all():
        held = settlements.in_force(conflict)
        assert conflict.truce_ends_at == (held.ends_at if held else None)


def test_one_mediator_is_warned_of_a_tie_and_one_said_why(demo: Any) -> None:
    assert StaffTie.objects.count() >= 3
    warned = [
        conflict.lead.username
        for conflict in Conflict.objects.open().select_related("lead")
        if neutrality.is_warned(conflict, conflict.lead)
    ]
    assert warned == ["worker"]
    waived = Conflict.objects.filter(waivers__isnull=False).get()
    assert neutrality.may_be_partial(waived, waived.lead)


def test_a_week_of_supervision_is_closed_and_one_open(demo: Any) -> None:
    week = periods.Week.of(periods.now().date())
    signed = SupervisionSheet.objects.filter(week_start=week.previous().start)
    assert {sheet.worker.username for sheet in signed} == {"worker", "worker2", "worker.zubair"}
    for sheet in signed:
        assert sheet.signed_by == sheet.worker.supervisor
        assert sheet.figures["reviewed"] == sheet.reviews.count() > 0
        assert sheet.decisions.count() == 2
    this = SupervisionSheet.objects.filter(week_start=week.start)
    assert this
    assert not this.exclude(signed_at=None)
    decided = SupervisionDecision.objects.values_list("code", flat=True)
    tasks = worklist.Task.objects.filter(kind="supervision.decision")
    assert set(tasks.values_list("subject_code", flat=True)) == set(decided)


def test_work_waits_for_each_of_them(demo: Any) -> None:
    waiting = set(Approval.objects.open().values_list("kind", flat=True))
    assert waiting == set(Approval.Kind.values)
    assert set(Approval.objects.values_list("decision", flat=True)) >= {"approved", "returned", ""}
    now = periods.now()
    for name in ("worker", "worker2", "worker.zubair", "supervisor", "supervisor.zubair"):
        tasks = worklist.Task.objects.open().filter(assignee=demo[name])
        assert tasks.filter(due_at__lt=now).exists(), name
        assert tasks.filter(due_at__gt=now).exists(), name
    assert worklist.Task.objects.open().filter(assignee=demo["manager"]).exists()
    assert worklist.Notification.objects.filter(recipient=demo["worker"]).exists()


def test_the_last_week_was_written_down(demo: Any) -> None:
    assert set(FieldEvent.objects.values_list("sort", flat=True)) == set(FieldEvent.Sort.values)
    assert FieldEvent.objects.filter(incident__isnull=False).exists()
    group = FieldEvent.objects.filter(sort="group").first()
    assert group is not None
    assert group.presences.count() == group.people
    assert Contact.objects.filter(mode="group").exists()
    assert Shift.objects.open().exists()
    assert Shift.objects.filter(supervisor_alarm_at__isnull=False).exists()
    for name in ("worker", "worker2", "interrupter", "worker.zubair"):
        logs = DailyLog.objects.filter(user=demo[name])
        assert logs.count() >= 5, name
        assert logs.filter(signed_at__isnull=False, hours__isnull=False).exists(), name


def test_the_same_seed_gives_the_same_keys_and_another_one_others() -> None:
    cut = periods.now()

    def keys(seed: str) -> list[Any]:
        rows = Rows(seed, cut)
        return [rows.key() for _turn in range(3)]

    assert keys("1/outreach") == keys("1/outreach")
    assert keys("1/outreach") != keys("2/outreach")


def test_no_two_made_up_people_share_a_name_or_a_number() -> None:
    persons = words.Persons(Rows("1", periods.now()).dice)
    made = [persons.identity(is_woman=number % 9 == 0) for number in range(300)]
    for field in ("name", "alias", "phone"):
        found = [one[field] for one in made if field in one]
        assert len(found) == len(set(found)), field
