"""A conflict: its risk in words, who sees it, its sides, its way from state to state."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.vault.models import BlindIndex, Sealed
from incidents import services as incident_services
from outreach.exceptions import (
    ChangedMeanwhile,
    KeyTaken,
    NotAColleague,
    NotAllowedFromHere,
    NotASide,
    NotForThisPerson,
    NotQuietYet,
    ReasonMissing,
    SidesMissing,
    SiteIsReadOnly,
)
from outreach.models import (
    Conflict,
    ConflictIncident,
    ConflictMediator,
    ConflictParty,
    ConflictStep,
    Participant,
    PartyTie,
)
from outreach.services import conflicts, consent, follow_ups, mediators, settlements
from outreach.services.conflict_risk import risk_of
from outreach.services.conflicts import PartyFacts
from tests.incidents.test_two_connections import meet
from tests.outreach.conflict_world import TRIBES, now_of, place, shift_ladder, tasks_of, told

pytestmark = pytest.mark.django_db
State = Conflict.State

# --- risk -----------------------------------------------------------------------------------------

CALM: dict[str, Any] = {
    "kind": "land",
    "violent_history": "no",
    "weapons": "no",
    "persons_band": "2-3",
    "shooting": "very_unlikely",
    "imminent": False,
    "is_retaliation": False,
    "parties": ("family", "family"),
}
RISKS = [
    # what is said beside CALM, level, so many reasons, so much unknown
    ({}, "low", 0, 0),
    ({"shooting": "very_likely"}, "high", 1, 0),
    ({"shooting": "likely"}, "medium", 1, 0),
    ({"shooting": "unlikely"}, "low", 0, 0),
    ({"imminent": True}, "high", 1, 0),
    ({"kind": "retaliation"}, "medium", 1, 0),
    ({"is_retaliation": True}, "medium", 1, 0),
    ({"kind": "retaliation", "shooting": "likely"}, "high", 2, 0),
    ({"violent_history": "yes"}, "medium", 1, 0),
    ({"weapons": "yes"}, "low", 1, 0),
    ({"parties": ("tribe", "tribe")}, "low", 1, 0),
    ({"parties": ("tribe", "armed_group")}, "medium", 2, 0),
    ({"persons_band": "7-15"}, "low", 1, 0),
    ({"persons_band": "16+"}, "medium", 1, 0),
    ({"weapons": "yes", "persons_band": "7-15"}, "medium", 2, 0),
    ({"persons_band": "16+", "violent_history": "yes"}, "high", 2, 0),
    ({"shooting": "unknown"}, "", 0, 1),
    ({"shooting": "unknown", "weapons": "yes"}, "", 1, 1),
    ({"shooting": "unknown", "violent_history": "yes"}, "medium", 1, 1),
    ({"shooting": "unknown", "imminent": True}, "high", 1, 0),
    (
        {
            "shooting": "unknown",
            "persons_band": "unknown",
            "violent_history": "unknown",
            "weapons": "unknown",
        },
        "",
        0,
        3,
    ),
    (
        {
            "shooting": "unknown",
            "persons_band": "unknown",
            "violent_history": "unknown",
            "weapons": "unknown",
            "kind": "retaliation",
        },
        "medium",
        1,
        3,
    ),
]


@pytest.mark.parametrize(("said", "level", "reasons", "unknown"), RISKS)
def test_the_risk_comes_of_four_dimensions_and_says_why(said, level, reasons, unknown):
    risk = risk_of(**{**CALM, **said})

    assert (risk.level, len(risk.reasons), len(risk.unknown)) == (level, reasons, unknown)


def test_the_risk_is_kept_when_a_side_comes(conflict, team):
    made = conflict(facts={"shooting": "unlikely", "persons_band": "2-3", "weapons": "no"})
    assert made.risk == "low"

    conflicts.add_party(made, PartyFacts("armed_group"), by=team.worker)

    assert now_of(made).risk == "medium"


# --- opening --------------------------------------------------------------------------------------


def test_a_conflict_is_heard_of_and_assessed_at_once_where_enough_is_said(conflict):
    plain = conflict()
    told_more = conflict(facts={"shooting": "likely", "persons_band": "4-6"})

    assert (plain.state, told_more.state) == ("detected", "assessed")
    assert [step.to_state for step in told_more.steps.all()] == ["detected", "assessed"]
    assert plain.code.startswith("CON-")


def test_names_and_words_lie_in_the_vault_only(conflict, team):
    made = conflict(note="Abu Salih owes him")
    party = made.parties.get(number=1)

    assert vault.unseal(made, "note", by=team.worker) == "Abu Salih owes him"
    assert vault.unseal(party, "name", by=team.worker) == "عشيرة بني مالك"
    plain = str(list(Conflict.objects.values())) + str(list(ConflictParty.objects.values()))
    plain += str(list(PartyTie.objects.values())) + str(list(AuditEvent.objects.values()))
    assert "بني مالك" not in plain
    assert "Salih" not in plain
    assert "Salman" not in plain


def test_two_sides_are_asked_for(conflict):
    with pytest.raises(SidesMissing), transaction.atomic():
        conflict(parties=TRIBES[:1])


def test_a_form_sent_twice_opens_one_conflict(conflict, team):
    key = uuid.uuid4()
    first, again = conflict(key=key), conflict(key=key)

    assert first.pk == again.pk
    assert Conflict.objects.count() == 1
    with pytest.raises(KeyTaken), transaction.atomic():
        conflict(key=key, by=team.worker2)


def test_only_a_supervisor_names_another_lead(conflict, team):
    with pytest.raises(NotForThisPerson), transaction.atomic():
        conflict(lead=team.worker2)

    made = conflict(by=team.supervisor, lead=team.interrupter)

    assert made.lead == team.interrupter
    assert told(team.interrupter) == ["conflict.assigned"]


def test_a_manager_or_a_stranger_does_not_lead(conflict, team, manager, elsewhere):
    for lead in (manager, elsewhere.worker):
        with pytest.raises(NotAColleague), transaction.atomic():
            conflict(by=manager, lead=lead)


def test_nothing_is_opened_at_another_site_or_where_history_lies(
    conflict,
    team,
    zubair,
    make_site,
):
    with pytest.raises(NotForThisPerson), transaction.atomic():
        conflict(site=zubair)
    history = make_site("BASRAH-HISTORY", read_only=True)
    team.worker.sites.add(history)
    with pytest.raises(SiteIsReadOnly), transaction.atomic():
        conflict(site=history, by=User.objects.get(pk=team.worker.pk))


# --- who sees it ----------------------------------------------------------------------------------


def seen_by(user: Any) -> set[str]:
    rows = Conflict.objects.visible_to(User.objects.get(pk=user.pk))
    return set(rows.values_list("code", flat=True))


def test_field_staff_see_what_they_lead_or_mediate_in(conflict, team):
    led, beside = conflict(), conflict(by=team.worker2)
    conflict(by=team.worker2)
    ConflictMediator.objects.create(conflict=beside, user=team.interrupter, added_by=team.worker2)

    assert seen_by(team.worker) == {led.code}
    assert seen_by(team.interrupter) == {beside.code}


def test_who_opened_it_and_gave_it_away_sees_it_no_more(conflict, team):
    made = conflict()
    mediators.set_mediators(made, lead=team.worker2, beside=[], by=team.supervisor)

    assert seen_by(team.worker) == set()
    assert seen_by(team.worker2) == {made.code}


def test_who_was_taken_off_sees_it_no_more(conflict, team):
    made = conflict()
    mediators.set_mediators(made, lead=team.worker, beside=[team.interrupter], by=team.worker)
    assert seen_by(team.interrupter) == {made.code}

    mediators.set_mediators(made, lead=team.worker, beside=[], by=team.worker)

    assert seen_by(team.interrupter) == set()


def test_a_supervisor_sees_the_teams_a_manager_the_sites(
    conflict,
    team,
    manager,
    make_user,
    basrah,
    elsewhere,
):
    other = make_user(Role.SUPERVISOR, basrah, username="other")
    stranger = make_user(Role.WORKER, basrah, username="stranger", supervisor=other)
    ours, theirs = conflict(), conflict(by=stranger)

    assert seen_by(team.supervisor) == {ours.code}
    assert seen_by(other) == {theirs.code}
    assert seen_by(manager) == {ours.code, theirs.code}
    assert seen_by(elsewhere.supervisor) == seen_by(elsewhere.manager) == set()


@pytest.mark.parametrize("role", ["data", "reo_staff", "reo_viewer", "auditor", "administrator"])
def test_other_roles_see_none(conflict, make_user, basrah, role):
    conflict()
    sites = [basrah] if role == "data" else []

    assert seen_by(make_user(role, *sites)) == set()


VERBS = {
    "assess": lambda c, by: conflicts.assess(c, facts={"shooting": "likely"}, by=by),
    "add party": lambda c, by: conflicts.add_party(c, PartyFacts("group"), by=by),
    "mediators": lambda c, by: mediators.set_mediators(c, lead=c.lead, beside=[], by=by),
    "close": lambda c, by: conflicts.close(c, by=by, reason="x"),
    "watch": lambda c, by: conflicts.watch(c, by=by),
}


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_nobody_writes_what_they_do_not_see(
    conflict,
    team,
    elsewhere,
    data_officer,
    verb,
):
    made = conflict()
    for person in (team.worker2, elsewhere.supervisor, elsewhere.manager, data_officer):
        with pytest.raises(NotForThisPerson), transaction.atomic():
            VERBS[verb](made, person)


# --- sides ----------------------------------------------------------------------------------------


def test_a_participant_is_a_side_without_a_name(conflict, case, team):
    person = case()
    made = conflict(parties=[PartyFacts("person", "Ali Hasan", participant=person), TRIBES[0]])
    party = made.parties.get(number=1)

    assert party.participant == person
    assert vault.unseal(party, "name", by=team.worker) == ""


def test_only_a_participant_whom_the_writer_sees(conflict, case, team):
    hidden = case(by=team.worker2)
    with pytest.raises(NotASide), transaction.atomic():
        conflict(parties=[PartyFacts("person", participant=hidden), TRIBES[0]])


def test_a_side_taken_away_is_erased(conflict, team):
    made = conflict(parties=[*TRIBES, PartyFacts("tribe", "Wrong tribe")])
    party = made.parties.get(number=3)

    conflicts.remove_party(made, 3, by=team.worker)

    assert not Sealed.objects.filter(row=str(party.pk)).exists()
    assert not BlindIndex.objects.filter(row=str(party.pk)).exists()
    assert not party.ties.exists()
    with pytest.raises(SidesMissing), transaction.atomic():
        conflicts.remove_party(made, 1, by=team.worker)


def test_a_withdrawn_participants_ties_go_too(conflict, case):
    person = case()
    made = conflict(
        parties=[
            PartyFacts("person", participant=person, ties=(("tribe", "Bani Asad"),)),
            TRIBES[0],
        ]
    )
    tie = PartyTie.objects.get(party__conflict=made, party__participant=person)
    assert Sealed.objects.filter(row=str(tie.pk)).exists()

    for held in consent.held():
        for row in held.rows(person):
            vault.forget(row, *held.fields)

    assert not Sealed.objects.filter(row=str(tie.pk)).exists()


# --- the way --------------------------------------------------------------------------------------


def test_the_way_of_a_conflict(conflict, session, team):
    made = conflict()
    conflicts.assess(made, facts={"shooting": "likely"}, by=team.worker)
    conflicts.begin_mediation(made, by=team.worker)
    session(made, "R3")
    conflicts.watch(made, by=team.worker)
    conflicts.reignite(made, by=team.worker)
    conflicts.begin_mediation(made, by=team.worker)
    session(made, "R1")
    conflicts.watch(made, by=team.worker)
    conflicts.close(made, by=team.supervisor, reason="They moved away.")

    assert [step.to_state for step in ConflictStep.objects.filter(conflict=made)] == [
        "detected",
        "assessed",
        "mediating",
        "cooled",
        "monitoring",
        "reignited",
        "mediating",
        "resolved",
        "monitoring",
        "closed",
    ]


NOT_FROM = [
    (state, verb)
    for verb, states in {
        "begin": {State.ASSESSED, State.REIGNITED},
        "watch": set(Conflict.SETTLED),
        "reignite": {*conflicts.CALM, State.CLOSED},
    }.items()
    for state in State
    if state not in states
]
STEPS = {
    "begin": conflicts.begin_mediation,
    "watch": conflicts.watch,
    "reignite": conflicts.reignite,
}


@pytest.mark.parametrize(("state", "verb"), NOT_FROM)
def test_no_step_beside_the_way(conflict, team, state, verb):
    made = conflict(state=state)
    with pytest.raises(NotAllowedFromHere), transaction.atomic():
        STEPS[verb](made, by=team.worker)


def test_closing_wants_ninety_quiet_days_or_a_supervisors_reason(conflict, team):
    made = conflict(state="monitoring")
    with pytest.raises(NotQuietYet), transaction.atomic():
        conflicts.close(made, by=team.worker, reason="It is over.")
    with pytest.raises(ReasonMissing), transaction.atomic():
        conflicts.close(made, by=team.supervisor, reason="  ")
    Conflict.objects.filter(pk=made.pk).update(unquiet_at=periods.now() - timedelta(days=90))

    conflicts.close(made, by=team.worker)

    assert (now_of(made).state, now_of(made).closed_early) == ("closed", False)


def test_eighty_nine_days_are_too_few(conflict, team):
    made = conflict(state="monitoring")
    Conflict.objects.filter(pk=made.pk).update(unquiet_at=periods.now() - timedelta(days=89))
    with pytest.raises(NotQuietYet), transaction.atomic():
        conflicts.close(made, by=team.worker)


def test_silence_is_not_quiet(conflict, session, team):
    made = conflict()
    session(made, "R1", days_ago=89)
    conflicts.watch(made, by=team.worker)
    Conflict.objects.filter(pk=made.pk).update(
        unquiet_at=periods.now() - timedelta(days=120), next_follow_up_on=periods.now().date()
    )
    with pytest.raises(NotQuietYet), transaction.atomic():
        conflicts.close(made, by=team.worker)


def test_a_closed_conflict_can_flare_up_again(conflict, team):
    made = conflict()
    conflicts.close(made, by=team.supervisor, reason="A mistake.")
    assert vault.unseal(made, "close_reason", by=team.supervisor) == "A mistake."

    conflicts.reignite(made, by=team.worker)

    assert now_of(made).state == "reignited"
    assert "conflict.reignited" in told(team.supervisor)


def test_of_a_closed_conflict_nobody_is_reminded_of_the_truce(conflict, team):
    made = conflict()
    now = periods.now()
    settlements.make_truce(made, starts_at=now, ends_at=now + timedelta(hours=5), by=team.worker)
    settlements.remind(at=now)
    assert tasks_of(team.worker) == ["conflict.truce_ending"]

    conflicts.close(now_of(made), by=team.supervisor, reason="A mistake.")

    assert tasks_of(team.worker) == []
    later = now + timedelta(hours=6)
    assert not settlements.is_due(later)
    assert settlements.remind(at=later) == 0
    conflicts.reignite(now_of(made), by=team.worker)
    assert settlements.is_due(later)


def test_a_case_of_another_site_is_no_side(conflict, team, case, zubair):
    """Also for who works at both: others at the site of the conflict would read its code."""
    team.supervisor.sites.add(zubair)
    team.worker2.sites.add(zubair)
    both = User.objects.get(pk=team.supervisor.pk)
    there = case(by=team.worker2, site=zubair)
    assert Participant.objects.visible_to(both).filter(pk=there.pk).exists()
    side = PartyFacts("person", participant=there)
    with pytest.raises(NotASide), transaction.atomic():
        conflict(by=both, parties=(side, PartyFacts("tribe", "Al-Bu Muhammad")))
    made = conflict()
    with pytest.raises(NotASide), transaction.atomic():
        conflicts.add_party(made, side, by=both)


def test_a_place_beside_is_ended_with_a_trace(conflict, team):
    made = conflict(by=team.worker2)
    mediators.set_mediators(
        made, lead=team.worker2, beside=[team.worker, team.interrupter], by=team.worker2
    )
    before = now_of(made).version

    assert mediators.hand_over_all(team.worker, team.interrupter, by=team.supervisor) == 0

    after = now_of(made)
    beside = after.mediators.filter(until__isnull=True)
    assert [row.user for row in beside] == [team.interrupter]
    assert (after.lead, after.version) == (team.worker2, before + 1)
    trace = AuditEvent.objects.filter(verb="conflict.mediators_set").order_by("-pk").first()
    assert (trace.actor_id, trace.subject_id) == (team.supervisor.pk, made.code)


def test_what_one_leads_goes_to_a_colleague_with_its_tasks(conflict, session, team):
    made = conflict()
    session(made, "R1")
    shift_ladder(made, 1)
    follow_ups.give_tasks(at=periods.now())
    assert tasks_of(team.worker) == ["conflict.follow_up"]

    assert mediators.hand_over_all(team.worker, team.worker2, by=team.supervisor) == 1

    assert now_of(made).lead == team.worker2
    assert (tasks_of(team.worker), tasks_of(team.worker2)) == ([], ["conflict.follow_up"])


# --- two at once ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_assessments_at_once_the_second_is_refused(conflict, team):
    made = conflict()
    mediators.set_mediators(made, lead=team.worker, beside=[team.interrupter], by=team.worker)
    made = now_of(made)

    came = meet(
        lambda: conflicts.assess(
            made, facts={"shooting": "likely"}, by=team.worker, version=made.version
        ),
        lambda: conflicts.assess(
            made, facts={"shooting": "unlikely"}, by=team.interrupter, version=made.version
        ),
    )

    assert isinstance(came, ChangedMeanwhile)
    assert now_of(made).shooting == "likely"


@pytest.mark.django_db(transaction=True)
def test_two_sides_added_at_once_get_two_letters(conflict, team):
    made = conflict()

    came = meet(
        lambda: conflicts.add_party(made, PartyFacts("group"), by=team.worker),
        lambda: conflicts.add_party(made, PartyFacts("person"), by=team.worker),
    )

    assert came.number == 4
    assert [party.letter for party in made.parties.all()] == ["A", "B", "C", "D"]


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_twice_at_once_is_one_conflict(conflict, team):
    key = uuid.uuid4()
    came = meet(lambda: conflict(key=key), lambda: conflict(key=key))

    assert came == Conflict.objects.get()


def test_the_conflict_of_a_record_that_is_merged_goes_along_and_comes_back(conflict, team, basrah):
    def log() -> Any:
        return incident_services.create_incident(
            site=basrah,
            facts={
                "type": "MUR",
                "occurred_from": periods.now() - timedelta(hours=3),
                "place": place(),
                "killed_best": 1,
            },
            sources=[incident_services.SourceFacts("family", "C", "3")],
            by=team.worker,
        )

    kept, gone = log(), log()
    one, both = conflict(), conflict()
    conflicts.link_incident(one, gone, by=team.worker, is_cause=True)
    for incident in (kept, gone):
        conflicts.link_incident(both, incident, by=team.worker)

    def links() -> set[Any]:
        rows = ConflictIncident.objects.values_list("conflict", "incident", "is_cause")
        return set(rows)

    before = links()
    merge = incident_services.merge_incidents(kept=kept, gone=gone, by=team.supervisor)
    assert links() == {
        (one.pk, kept.pk, True),
        (both.pk, kept.pk, False),
        (both.pk, gone.pk, False),
    }
    incident_services.unmerge_incidents(merge, by=team.supervisor, reason="two events")
    assert links() == before
