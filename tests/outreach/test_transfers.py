"""A case that goes to somebody else, and all that a leaving person carries."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire import periods, rulesets, vault, worklist
from ceasefire.audit.models import AuditEvent
from ceasefire.rulesets import shipped
from ceasefire.worklist.models import Task
from outreach.exceptions import (
    CaseIsClosed,
    CaseloadFull,
    ChangedMeanwhile,
    KeyTaken,
    NotAColleague,
    NotAllowedFromHere,
    NotForThisPerson,
    OutreachRefusal,
)
from outreach.models import CaseloadOverride, CaseMember, Handover, Participant, Transfer
from outreach.services import caseload, cases, mediators, screening, status
from outreach.services import transfers as services
from tests.incidents.test_two_connections import meet
from tests.test_permissions import comparable

pytestmark = pytest.mark.django_db
Status = Participant.Status
PHRASE = "عبارة سرية جدا"


def give_task(person: Any, about: Participant) -> Task:
    return worklist.add_task(
        person, screening.DUE, subject=about, due_at=periods.now() + timedelta(days=1)
    )


def cap(site: Any, manager: Any, most: int) -> None:
    """The hard cap of a site."""
    content = {"least": 0, "target_from": 1, "target_to": 1, "hard_cap": most}
    rulesets.make("caseload_band", site=site, content=content, by=manager)


def held_by(participant: Participant) -> Any:
    return Participant.objects.get(pk=participant.pk).worker


# --- ask ------------------------------------------------------------------------------------------


def test_nothing_changes_until_the_receiver_accepts(case: Any, team: Any) -> None:
    participant = case()
    task = give_task(team.worker, participant)
    asked = services.ask(participant, team.worker2, reason=PHRASE, by=team.worker)
    assert held_by(participant) == team.worker
    assert not Participant.objects.visible_to(team.worker2).exists()
    assert Transfer.objects.visible_to(team.worker2).get() == asked
    assert Task.objects.open().get(kind=services.ASKED).assignee == team.worker2
    services.accept(asked, by=team.worker2)
    assert held_by(participant) == team.worker2
    assert not Participant.objects.visible_to(team.worker).exists()
    task.refresh_from_db()
    assert task.assignee == team.worker2
    assert not Task.objects.open().filter(kind=services.ASKED).exists()
    assert worklist.Notification.objects.get().recipient == team.worker
    assert vault.unseal(asked, "reason", by=team.worker2) == PHRASE


def test_a_declined_case_stays_where_it_is(case: Any, team: Any) -> None:
    participant = case()
    asked = services.ask(participant, team.worker2, by=team.supervisor)
    services.decline(asked, by=team.worker2)
    assert held_by(participant) == team.worker
    assert not Transfer.objects.visible_to(team.worker2).exists()
    told = set(worklist.Notification.objects.values_list("recipient__username", flat=True))
    assert told == {"worker", "supervisor"}
    services.ask(participant, team.worker2, by=team.worker)


def test_who_asks(case: Any, team: Any, manager: Any, elsewhere: Any, data_officer: Any) -> None:
    for person in (team.worker, team.supervisor, manager):
        services.ask(case(), team.worker2, by=person)
    participant = case(team=[team.worker2, team.interrupter])
    for person in (
        team.worker2,  # on the team, and carries it not
        team.interrupter,
        data_officer,
        *vars(elsewhere).values(),
    ):
        with pytest.raises(NotForThisPerson), transaction.atomic():
            services.ask(participant, team.supervisor, by=person)


def test_a_case_goes_to_nobody_who_may_not_carry_it(
    case: Any, team: Any, make_user: Any, basrah: Any, elsewhere: Any
) -> None:
    participant = case()
    yesterday = periods.now().date() - timedelta(days=1)
    strangers = [
        make_user("worker", basrah, is_active=False),
        make_user("worker", basrah, expires_on=yesterday),
        make_user("data", basrah),
        team.interrupter,
        elsewhere.worker,
        elsewhere.manager,
    ]
    for person in strangers:
        assert person not in services.receivers(participant)
        with pytest.raises(NotAColleague), transaction.atomic():
            services.ask(participant, person, by=team.worker)
    with pytest.raises(services.CarriesItAlready), transaction.atomic():
        services.ask(participant, team.worker, by=team.worker)
    assert {one.username for one in services.receivers(participant)} == {"supervisor", "worker2"}


def test_a_receiver_who_was_disabled_meanwhile_accepts_nothing(case: Any, team: Any) -> None:
    participant = case()
    asked = services.ask(participant, team.worker2, by=team.worker)
    team.worker2.is_active = False
    team.worker2.save(update_fields=["is_active"])
    with pytest.raises(NotForThisPerson), transaction.atomic():
        services.accept(asked, by=team.worker2)
    services.take_back(asked, by=team.supervisor)
    services.ask(participant, team.supervisor, by=team.worker)


def test_a_case_waits_for_one_answer(case: Any, team: Any) -> None:
    participant, key = case(), uuid.uuid4()
    one = services.ask(participant, team.worker2, by=team.worker, key=key)
    assert services.ask(participant, team.worker2, by=team.worker, key=key) == one
    with pytest.raises(KeyTaken), transaction.atomic():
        services.ask(participant, team.worker2, by=team.supervisor, key=key)
    with pytest.raises(services.AskedAlready), transaction.atomic():
        services.ask(participant, team.supervisor, by=team.worker)


def test_a_closed_case_goes_to_nobody(case: Any, team: Any) -> None:
    with pytest.raises(CaseIsClosed), transaction.atomic():
        services.ask(case(status=Status.CLOSED), team.worker2, by=team.worker)
    participant = case()
    asked = services.ask(participant, team.worker2, by=team.worker)
    status.close(participant, reason="killed", by=team.worker)
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    with pytest.raises(NotAllowedFromHere):
        services.accept(asked, by=team.worker2)


def test_the_hard_cap_counts_when_asking_and_when_accepting(
    case: Any, team: Any, manager: Any, basrah: Any
) -> None:
    cap(basrah, manager, 2)
    first, second, paused = case(), case(), case(status=Status.PAUSED)
    case(by=team.worker2)
    asked = services.ask(first, team.worker2, by=team.worker)
    also = services.ask(second, team.worker2, by=team.worker)
    services.accept(asked, by=team.worker2)
    with pytest.raises(CaseloadFull), transaction.atomic():
        services.accept(also, by=team.worker2)
    services.decline(also, by=team.worker2)
    with pytest.raises(CaseloadFull), transaction.atomic():
        services.ask(second, team.worker2, by=team.worker)
    services.accept(services.ask(paused, team.worker2, by=team.worker), by=team.worker2)


def test_beyond_the_cap_a_manager_gives_a_case_on_and_says_why(
    case: Any, team: Any, supervisor: Any, manager: Any, basrah: Any, signed_in: Any
) -> None:
    one = case()
    cap(basrah, manager, 1)
    case(by=team.worker2)
    for by, words in ((supervisor, "Only he can"), (manager, "  ")):
        with pytest.raises(CaseloadFull), transaction.atomic():
            services.ask(one, team.worker2, by=by, override_reason=words)
    address = reverse("outreach:transfer_new", args=[one.code])
    assert "beyond" not in signed_in(supervisor).get(address).context["form"].fields
    client = signed_in(manager)
    typed = form_of(client.get(address)) | {"to": str(team.worker2.pk), "reason": PHRASE}
    said = "A manager may go beyond that"
    assert said in client.post(address, typed).content.decode()
    assert client.post(address, typed | {"beyond": "Only he can"}).status_code == 302
    asked = Transfer.objects.get()
    override = CaseloadOverride.objects.get()
    assert vault.unseal(override, "reason", by=manager) == "Only he can"
    assert vault.unseal(asked, "reason", by=manager) == PHRASE
    # What the manager allowed stands for this case and this worker, and for no other.
    services.accept(asked, by=team.worker2)
    assert held_by(one) == team.worker2
    with pytest.raises(CaseloadFull), transaction.atomic():
        services.ask(case(), team.worker2, by=team.worker)


def test_what_was_allowed_once_lets_a_paused_case_go_on(
    case: Any, team: Any, manager: Any, basrah: Any
) -> None:
    one, other = case(status=Status.PAUSED), case(status=Status.PAUSED)
    case()
    cap(basrah, manager, 1)
    with transaction.atomic():
        caseload.take_room(one, team.worker, by=manager, override_reason="Only he can")
    assert status.resume(one, by=team.worker).status == Status.ACTIVE
    with pytest.raises(CaseloadFull), transaction.atomic():
        status.resume(other, by=team.worker)


def test_only_the_one_who_was_asked_answers(
    case: Any, team: Any, manager: Any, elsewhere: Any
) -> None:
    asked = services.ask(case(), team.worker2, by=team.worker)
    for person in (team.worker, team.supervisor, manager, team.interrupter, elsewhere.manager):
        for act in (services.accept, services.decline):
            with pytest.raises(NotForThisPerson), transaction.atomic():
                act(asked, by=person)


def test_who_takes_a_question_back(case: Any, team: Any, manager: Any, elsewhere: Any) -> None:
    for person in (team.worker, team.supervisor, manager):
        asked = services.ask(case(), team.worker2, by=team.supervisor)
        services.take_back(asked, by=person)
        with pytest.raises(NotAllowedFromHere), transaction.atomic():
            services.accept(asked, by=team.worker2)
    asked = services.ask(case(team=[team.interrupter]), team.worker2, by=team.worker)
    for person in (team.worker2, team.interrupter, elsewhere.manager):
        with pytest.raises(NotForThisPerson), transaction.atomic():
            services.take_back(asked, by=person)


def test_who_takes_a_case_over_is_not_on_its_team_besides(case: Any, team: Any) -> None:
    participant = case(team=[team.worker2])
    services.accept(services.ask(participant, team.worker2, by=team.worker), by=team.worker2)
    assert not CaseMember.objects.filter(until__isnull=True).exists()


# --- handover -------------------------------------------------------------------------------------


def hand_over(team: Any, cases: list[Participant], to: Any = None, **facts: Any) -> Handover:
    to = to or team.worker2
    given = {
        "cases_to": {row.pk: to for row in cases},
        "rest_to": team.worker2,
        "by": team.supervisor,
        **facts,
    }
    return services.hand_over(team.worker, **given)


def test_all_that_somebody_carries_goes_in_one_step(case: Any, team: Any, supervisor: Any) -> None:
    own = [case(), case(status=Status.PAUSED), case(status=Status.PROSPECT)]
    closed = case(status=Status.CLOSED)
    on_team = case(by=team.supervisor, team=[team.worker])
    of_receiver = case(by=team.worker2, team=[team.worker])
    tasks = [give_task(team.worker, own[0]), give_task(team.worker, on_team)]
    asked = services.ask(own[1], team.supervisor, by=team.worker)
    to_leaver = services.ask(of_receiver, team.worker, by=team.worker2)
    team.worker.is_active = False
    team.worker.save(update_fields=["is_active"])
    to = {own[0].pk: team.worker2, own[1].pk: supervisor, own[2].pk: team.worker2}
    made = hand_over(team, own, cases_to=to)
    assert [held_by(row) for row in own] == [team.worker2, supervisor, team.worker2]
    assert held_by(closed) == team.worker
    now = CaseMember.objects.filter(until__isnull=True).values_list("participant", "user")
    assert list(now) == [(on_team.pk, team.worker2.pk)]
    for task in tasks:
        task.refresh_from_db()
        assert task.assignee == team.worker2
    asked.refresh_from_db()
    to_leaver.refresh_from_db()
    assert (asked.state, to_leaver.state) == ("withdrawn", "withdrawn")
    assert (made.cases, made.memberships) == (3, 2)
    assert not Task.objects.open().filter(assignee=team.worker).exists()
    assert Transfer.objects.filter(state="handed_over").count() == 3
    event = AuditEvent.objects.get(verb="caseload.handed_over")
    assert event.detail["cases"] == 3


def test_the_hard_cap_of_each_receiver_is_kept_and_all_or_nothing_goes(
    case: Any, team: Any, manager: Any, basrah: Any
) -> None:
    own = [case(), case(), case(status=Status.PAUSED)]
    cap(basrah, manager, 2)
    case(by=team.worker2)
    with pytest.raises(services.NoRoom, match="Worker2"), transaction.atomic():
        hand_over(team, own)
    assert {held_by(row) for row in own} == {team.worker}
    to = {own[0].pk: team.worker2, own[1].pk: team.supervisor, own[2].pk: team.worker2}
    hand_over(team, own, cases_to=to)


def test_a_handover_leaves_nothing_behind(case: Any, team: Any) -> None:
    own = [case(), case()]
    with pytest.raises(services.NotAllGiven), transaction.atomic():
        hand_over(team, own[:1])
    with pytest.raises(services.NotAllGiven), transaction.atomic():
        hand_over(team, [*own, case(by=team.worker2)])
    with pytest.raises(services.NothingToHandOver), transaction.atomic():
        services.hand_over(team.interrupter, cases_to={}, rest_to=team.worker2, by=team.supervisor)


def test_nobody_gets_what_they_may_not_carry(
    case: Any, team: Any, make_user: Any, basrah: Any, elsewhere: Any
) -> None:
    own = [case()]
    gone = make_user("worker", basrah, is_active=False)
    for person in (
        gone,
        team.interrupter,
        team.worker,
        elsewhere.worker,
        make_user("data", basrah),
    ):
        with pytest.raises(NotAColleague), transaction.atomic():
            hand_over(team, own, to=person)
    for person in (gone, team.worker, elsewhere.worker, make_user("data", basrah)):
        with pytest.raises(NotAColleague), transaction.atomic():
            hand_over(team, own, rest_to=person)
    hand_over(team, own, rest_to=team.interrupter)


def test_an_interrupter_s_places_on_teams_are_handed_over_too(case: Any, team: Any) -> None:
    participant = case(team=[team.interrupter])
    services.hand_over(team.interrupter, cases_to={}, rest_to=team.worker2, by=team.supervisor)
    assert Participant.objects.visible_to(team.worker2).get() == participant
    assert not Participant.objects.visible_to(team.interrupter).exists()


@pytest.mark.django_db(transaction=True)
def test_who_leaves_a_team_meanwhile_gives_no_place_on(case: Any, team: Any) -> None:
    participant = case(team=[team.interrupter])

    def leave() -> None:
        cases.locked(participant)
        CaseMember.objects.update(until=periods.now())

    came = meet(
        leave,
        lambda: services.hand_over(
            team.interrupter, cases_to={}, rest_to=team.worker2, by=team.supervisor
        ),
    )
    assert came.memberships == 0
    assert not Participant.objects.visible_to(team.worker2).exists()


def test_who_hands_over_whose_work(
    case: Any, team: Any, manager: Any, make_user: Any, basrah: Any, elsewhere: Any
) -> None:
    other = make_user("supervisor", basrah)
    own = [case()]
    for person in (team.worker, team.worker2, other, *vars(elsewhere).values()):
        assert team.worker not in services.leavers(person) or person == team.worker
        with pytest.raises(NotForThisPerson), transaction.atomic():
            hand_over(team, own, by=person)
    assert services.leavers(team.supervisor) == services.leavers(manager) == [team.worker]
    hand_over(team, own, by=manager)


def test_a_handover_sent_twice_is_done_once(case: Any, team: Any) -> None:
    own, key = [case()], uuid.uuid4()
    one = hand_over(team, own, key=key)
    assert hand_over(team, own, key=key) == one
    assert Handover.objects.count() == 1


def test_who_works_at_two_sites_keeps_what_another_manager_hands_over(
    case: Any, team: Any, zubair: Any, manager: Any, elsewhere: Any
) -> None:
    team.worker.sites.add(zubair)
    here, there = case(), case(site=zubair)
    task = give_task(team.worker, there)
    hand_over(team, [here], by=manager)
    task.refresh_from_db()
    assert (held_by(there), task.assignee) == (team.worker, team.worker)
    services.hand_over(
        team.worker,
        cases_to={there.pk: elsewhere.worker},
        rest_to=elsewhere.worker,
        by=elsewhere.manager,
    )
    task.refresh_from_db()
    assert (held_by(there), task.assignee) == (elsewhere.worker, elsewhere.worker)


def test_what_else_somebody_has_is_handed_over_by_its_own_part(
    case: Any, team: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(services, "_followers", {})
    seen = []

    @services.on_handover
    def follow(from_user: Any, to_user: Any, *, by: Any) -> None:
        seen.append((from_user, to_user, by))

    hand_over(team, [case()])
    assert seen == [(team.worker, team.worker2, team.supervisor)]


def test_who_has_conflicts_and_no_case_is_handed_over_too(
    team: Any, conflict: Any, signed_in: Any
) -> None:
    led, beside = conflict(), conflict(by=team.worker2)
    mediators.set_mediators(beside, lead=team.worker2, beside=[team.worker], by=team.worker2)
    client = signed_in(team.supervisor)
    assert "Worker" in client.get(reverse("outreach:handover_list")).content.decode()
    address = reverse("outreach:handover", args=[team.worker.pk])
    shown = client.get(address)
    assert "2 conflicts" in shown.content.decode()
    answer = client.post(address, form_of(shown) | {"rest": str(team.interrupter.pk)})
    assert answer.status_code == 302
    led.refresh_from_db()
    assert led.lead == team.interrupter
    assert not beside.mediators.filter(user=team.worker, until__isnull=True).exists()
    assert client.get(address).status_code == 404
    with pytest.raises(services.NothingToHandOver):
        hand_over(team, [])


def test_conflicts_go_to_somebody_of_their_site(team: Any, conflict: Any, elsewhere: Any) -> None:
    made = conflict()
    with pytest.raises(NotAColleague):
        hand_over(team, [], rest_to=elsewhere.worker)
    made.refresh_from_db()
    assert made.lead == team.worker


def test_conflicts_stay_with_who_keeps_cases_of_another_site(
    case: Any, team: Any, conflict: Any, zubair: Any
) -> None:
    made = conflict()
    team.worker.sites.add(zubair)
    case(site=zubair)
    assert team.worker not in services.leavers(team.supervisor)
    with pytest.raises(services.NothingToHandOver):
        hand_over(team, [])
    made.refresh_from_db()
    assert made.lead == team.worker


# --- two at once ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_an_acceptance_and_a_taking_back_the_second_is_refused(case: Any, team: Any) -> None:
    participant = case()
    asked = services.ask(participant, team.worker2, by=team.worker)
    came = meet(
        lambda: services.accept(asked, by=team.worker2),
        lambda: services.take_back(asked, by=team.supervisor),
    )
    assert isinstance(came, NotAllowedFromHere)
    assert held_by(participant) == team.worker2


@pytest.mark.django_db(transaction=True)
def test_two_cases_accepted_at_once_do_not_pass_the_cap(
    case: Any, team: Any, manager: Any, basrah: Any
) -> None:
    one, two = (services.ask(case(), team.worker2, by=team.worker) for _ in range(2))
    cap(basrah, manager, 1)
    came = meet(
        lambda: services.accept(one, by=team.worker2),
        lambda: services.accept(two, by=team.worker2),
    )
    assert isinstance(came, CaseloadFull)
    assert Participant.objects.filter(worker=team.worker2).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_questions_at_once_one_waits(case: Any, team: Any) -> None:
    participant = case()
    came = meet(
        lambda: services.ask(participant, team.worker2, by=team.worker),
        lambda: services.ask(participant, team.supervisor, by=team.supervisor),
    )
    assert isinstance(came, services.AskedAlready)


@pytest.mark.django_db(transaction=True)
def test_of_two_handovers_at_once_the_second_is_refused(case: Any, team: Any, manager: Any) -> None:
    own = [case(), case()]
    came = meet(
        lambda: hand_over(team, own),
        lambda: hand_over(team, own, to=team.supervisor, by=manager),
    )
    assert isinstance(came, ChangedMeanwhile)
    assert {held_by(row) for row in own} == {team.worker2}


@pytest.mark.django_db(transaction=True)
def test_the_same_handover_at_once_is_done_once(case: Any, team: Any) -> None:
    own, key = [case()], uuid.uuid4()
    came = meet(
        lambda: hand_over(team, own, key=key),
        lambda: hand_over(team, own, key=key),
    )
    assert came == Handover.objects.get()


@pytest.mark.django_db(transaction=True)
def test_a_case_that_comes_meanwhile_is_not_left_behind(case: Any, team: Any) -> None:
    """Somebody accepts a case of the leaver's while the handover runs: the handover is refused."""
    own = [case(), case()]
    asked = services.ask(own[0], team.worker2, by=team.worker)
    came = meet(
        lambda: services.accept(asked, by=team.worker2),
        lambda: hand_over(team, own, to=team.supervisor),
    )
    assert isinstance(came, OutreachRefusal)
    assert held_by(own[0]) == team.worker2
    assert held_by(own[1]) == team.worker


# --- pages ----------------------------------------------------------------------------------------


def form_of(page: Any) -> dict[str, Any]:
    """What a form as it stands on a page would send."""
    return {
        bound.html_name: "" if bound.value() is None else bound.value()
        for bound in page.context["form"]
    }


def test_a_case_is_given_on_and_accepted_on_pages(case: Any, team: Any, signed_in: Any) -> None:
    participant = case()
    address = reverse("outreach:transfer_new", args=[participant.code])
    client = signed_in(team.worker)
    typed = form_of(client.get(address)) | {"to": str(team.worker2.pk), "reason": PHRASE}
    answer = client.post(address, typed, follow=True)
    assert PHRASE in answer.content.decode()
    asked = Transfer.objects.get()
    client = signed_in(team.worker2)
    assert participant.code in client.get(reverse("outreach:transfer_list")).content.decode()
    page = client.get(reverse("outreach:transfer_detail", args=[asked.pk])).content.decode()
    assert PHRASE not in page
    assert f'href="{participant.get_absolute_url()}"' not in page
    assert client.get(participant.get_absolute_url()).status_code == 404
    answer = client.post(
        reverse("outreach:transfer_answer", args=[asked.pk]), {"accept": "1"}, follow=True
    )
    assert answer.status_code == 200
    assert held_by(participant) == team.worker2
    page = client.get(reverse("outreach:transfer_detail", args=[asked.pk])).content.decode()
    assert PHRASE in page


def test_a_transfer_of_others_answers_like_an_absent_one(
    case: Any, team: Any, make_user: Any, basrah: Any, elsewhere: Any, signed_in: Any
) -> None:
    asked = services.ask(case(), team.worker2, by=team.worker)
    third = make_user("worker", basrah)
    for person in (third, elsewhere.worker, elsewhere.manager):
        client = signed_in(person)
        for name in ("transfer_detail", "transfer_answer", "transfer_take_back"):
            for verb in (client.get, client.post):
                hidden = verb(reverse(f"outreach:{name}", args=[asked.pk]))
                absent = verb(reverse(f"outreach:{name}", args=[uuid.uuid4()]))
                assert hidden.status_code in (404, 405)
                assert comparable(hidden) == comparable(absent)


@pytest.mark.parametrize(
    "typed",
    [{"to": ""}, {"to": "nobody"}, {"to": str(uuid.uuid4())}, {"reason": "x" * 1001}],
    ids=["nobody", "no key", "somebody else", "without end"],
)
def test_bad_input_to_a_transfer_is_said(
    case: Any, team: Any, signed_in: Any, typed: dict[str, str]
) -> None:
    participant = case()
    address = reverse("outreach:transfer_new", args=[participant.code])
    client = signed_in(team.worker)
    good = form_of(client.get(address)) | {"to": str(team.worker2.pk), "reason": "kept words"}
    answer = client.post(address, good | typed)
    assert answer.context["form"].errors
    if "reason" not in typed:
        assert "kept words" in answer.content.decode()
    assert not Transfer.objects.exists()


def test_a_caseload_is_handed_over_on_the_page(case: Any, team: Any, signed_in: Any) -> None:
    own = [case(), case()]
    team.worker.is_active = False
    team.worker.save(update_fields=["is_active"])
    client = signed_in(team.supervisor)
    page = client.get(reverse("outreach:handover_list")).content.decode()
    assert "Cannot sign in" in page
    address = reverse("outreach:handover", args=[team.worker.pk])
    typed = form_of(client.get(address)) | {f"case_{row.code}": str(team.worker2.pk) for row in own}
    answer = client.post(address, typed | {"rest": ""})
    assert answer.context["form"].errors
    answer = client.post(address, typed | {"rest": str(team.worker2.pk)}, follow=True)
    assert "2 cases were handed over" in answer.content.decode()
    assert {held_by(row) for row in own} == {team.worker2}


def test_one_choice_hands_all_over_and_a_case_may_go_elsewhere(
    case: Any, team: Any, make_user: Any, basrah: Any, signed_in: Any
) -> None:
    one, other = case(), case()
    third = make_user("worker", basrah, username="third", supervisor=team.supervisor)
    client = signed_in(team.supervisor)
    address = reverse("outreach:handover", args=[team.worker.pk])
    typed = form_of(client.get(address))
    # Who carries no cases takes none unasked.
    answer = client.post(address, typed | {"rest": str(team.interrupter.pk)})
    assert set(answer.context["form"].errors) == {f"case_{one.code}", f"case_{other.code}"}
    client.post(
        address, typed | {"rest": str(team.worker2.pk), f"case_{other.code}": str(third.pk)}
    )
    assert (held_by(one), held_by(other)) == (team.worker2, third)


def test_a_handover_beyond_the_cap_is_said_on_the_page(
    case: Any, team: Any, manager: Any, basrah: Any, signed_in: Any
) -> None:
    own = [case(), case()]
    cap(basrah, manager, 1)
    client = signed_in(team.supervisor)
    address = reverse("outreach:handover", args=[team.worker.pk])
    typed = form_of(client.get(address)) | {f"case_{row.code}": str(team.worker2.pk) for row in own}
    answer = client.post(address, typed | {"rest": str(team.worker2.pk)})
    assert "More than the rules allow: Worker2" in answer.content.decode()
    assert {held_by(row) for row in own} == {team.worker}


def test_a_manager_hands_over_beyond_the_cap_and_says_why(
    case: Any, team: Any, manager: Any, basrah: Any, signed_in: Any
) -> None:
    own = [case(), case(), case(status=Status.PAUSED)]
    cap(basrah, manager, 1)
    for person, words in (
        (team.supervisor, "Nobody else is there"),
        (manager, " "),
        (manager, "Nobody else is there"),
    ):
        assert {held_by(row) for row in own} == {team.worker}
        client = signed_in(person)
        address = reverse("outreach:handover", args=[team.worker.pk])
        typed = form_of(client.get(address)) | {
            f"case_{row.code}": str(team.worker2.pk) for row in own
        }
        client.post(address, typed | {"rest": str(team.worker2.pk), "beyond": words})
    assert {held_by(row) for row in own} == {team.worker2}
    # One had room, the paused one takes none.
    override = CaseloadOverride.objects.get()
    assert vault.unseal(override, "reason", by=manager) == "Nobody else is there"


def test_who_is_of_another_team_is_not_there_to_hand_over(
    case: Any, team: Any, elsewhere: Any, signed_in: Any
) -> None:
    case()
    client = signed_in(elsewhere.manager)
    hidden = client.get(reverse("outreach:handover", args=[team.worker.pk]))
    absent = client.get(reverse("outreach:handover", args=[uuid.uuid4()]))
    assert hidden.status_code == 404
    assert comparable(hidden) == comparable(absent)


def test_the_handover_asks_as_often_for_many_as_for_few(
    case: Any, team: Any, signed_in: Any
) -> None:
    client = signed_in(team.supervisor)
    address = reverse("outreach:handover", args=[team.worker.pk])

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    case()
    queries()
    few = queries()
    for _ in range(5):
        case()
    assert queries() == few


def test_the_shipped_cap_is_25() -> None:
    assert shipped.CASELOAD_BAND["hard_cap"] == 25
