"""Whether a mediator belongs to a side: said, never which; who near by does not; what is asked."""

from typing import Any

import pytest
from django.db import transaction

from ceasefire import vault
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.places.models import Place, Zone
from ceasefire.vault.models import Sealed
from outreach.exceptions import ChangedMeanwhile, NotForThisPerson, ReasonMissing, TieThere
from outreach.models import NeutralityWaiver, StaffProfile, StaffTie
from outreach.services import conflicts, mediators, neutrality, staff
from outreach.services.conflicts import PartyFacts
from tests.incidents.test_two_connections import meet
from tests.outreach.conflict_world import TRIBES, now_of, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def tie(manager: Any) -> Any:
    def add(person: Any, words: str = "Bani Malik", kind: str = "tribe") -> StaffTie:
        return staff.add_tie(person, kind=kind, words=words, by=manager)

    return add


@pytest.fixture
def beat(basrah: Any, manager: Any) -> Any:
    """Give somebody a beat over places, and what else their profile says."""

    def give(person: Any, *pcodes: str, **facts: Any) -> None:
        zone = Zone.objects.create(
            site=basrah, code=f"Z-{person.username}"[:40], name_en="Beat", name_ar="قاطع"
        )
        zone.places.set(Place.objects.filter(pcode__in=pcodes))
        staff.set_profile(person, facts=facts, zones=[zone], by=manager)

    return give


# --- meeting --------------------------------------------------------------------------------------

SAME = [
    # kind, as the mediator's tie was written, as the side was
    ("tribe", "بني مالك", "عشيرة بني مالك"),
    ("tribe", "عشيرة بني مالك", "بَنِي مالِك"),
    ("tribe", "Bani Malik tribe", "bani malik"),
    ("party", "حزب الفضيلة", "الفضيلة"),
    ("family", "بيت السلمان", "السلمان"),
    ("tribe", "ألبو محمد", "البو محمد"),
]


@pytest.mark.parametrize(("kind", "ours", "theirs"), SAME)
def test_a_tie_is_the_same_however_it_is_written(conflict, team, tie, kind, ours, theirs):
    tie(team.worker, ours, kind)
    made = conflict(parties=[PartyFacts("person", ties=((kind, theirs),)), PartyFacts("group")])

    assert neutrality.may_be_partial(made, team.worker)


def test_another_kind_of_tie_is_another_tie(conflict, team, tie):
    tie(team.worker, "Salman", "tribe")
    made = conflict(parties=[PartyFacts("family", "Salman"), PartyFacts("group")])

    assert not neutrality.may_be_partial(made, team.worker)


def test_a_side_of_a_kind_is_bound_by_its_own_name(conflict, team, tie):
    tie(team.worker, "بني مالك")

    assert neutrality.may_be_partial(conflict(), team.worker)


def test_a_side_taken_away_meets_nobody(conflict, team, tie):
    tie(team.worker, "Wrong tribe")
    made = conflict(parties=[*TRIBES, PartyFacts("tribe", "Wrong tribe")])
    assert neutrality.may_be_partial(made, team.worker)

    conflicts.remove_party(made, 3, by=team.worker)

    assert not neutrality.may_be_partial(made, team.worker)


def test_nothing_sealed_is_opened_for_it(conflict, team, tie):
    tie(team.worker, "بني مالك")
    made = conflict()
    AuditEvent.objects.filter(verb="vault.read")
    before = AuditEvent.objects.filter(verb__in=["vault.read", "vault.list_read"]).count()

    assert neutrality.is_warned(made, team.worker)

    after = AuditEvent.objects.filter(verb__in=["vault.read", "vault.list_read"]).count()
    assert after == before


# --- taking it on nevertheless --------------------------------------------------------------------


def test_it_asks_a_reason_seals_it_and_tells_the_supervisor(conflict, team, tie):
    tie(team.worker, "بني مالك")
    made = conflict()
    assert told(team.supervisor) == []
    with pytest.raises(ReasonMissing), transaction.atomic():
        neutrality.take_nevertheless(made, by=team.worker, reason="  ")

    waiver = neutrality.take_nevertheless(made, by=team.worker, reason="Only he trusts me")

    assert vault.unseal(waiver, "reason", by=team.supervisor) == "Only he trusts me"
    assert told(team.supervisor) == ["conflict.not_neutral"]
    assert not neutrality.is_warned(made, team.worker)
    assert "trusts" not in str(list(AuditEvent.objects.values()))


def test_who_has_no_tie_has_nothing_to_say(conflict, team):
    with pytest.raises(NotForThisPerson), transaction.atomic():
        neutrality.take_nevertheless(conflict(), by=team.worker, reason="x")


def test_a_session_of_a_tied_mediator_asks_it_too(conflict, session, team, tie):
    tie(team.worker, "بني مالك")
    made = conflict()
    with pytest.raises(ReasonMissing), transaction.atomic():
        session(made)

    session(made, nevertheless="Nobody else was there")

    assert NeutralityWaiver.objects.filter(conflict=made, mediator=team.worker).exists()
    session(made, "R1")


def test_the_supervisor_hears_of_a_tied_colleague_who_is_brought_in(conflict, team, tie):
    tie(team.interrupter, "بني مالك")
    made = conflict()

    mediators.set_mediators(made, lead=team.worker, beside=[team.interrupter], by=team.worker)

    assert told(team.supervisor) == ["conflict.not_neutral"]
    assert "conflict.not_neutral" not in told(team.worker)


def test_a_replacement_is_asked_of_the_supervisor(conflict, team):
    neutrality.ask_replacement(conflict(), by=team.worker)

    assert told(team.supervisor) == ["conflict.replacement"]


@pytest.mark.django_db(transaction=True)
def test_said_twice_at_once_it_is_said_once(conflict, team, tie):
    tie(team.worker, "بني مالك")
    made = conflict()

    came = meet(
        lambda: neutrality.take_nevertheless(made, by=team.worker, reason="a"),
        lambda: neutrality.take_nevertheless(made, by=team.worker, reason="b"),
    )

    assert isinstance(came, NeutralityWaiver)
    assert NeutralityWaiver.objects.count() == 1


# --- colleagues -----------------------------------------------------------------------------------


def names(found: list[Any]) -> list[str]:
    return [one.person.username for one in found]


def test_the_nearest_free_colleague_without_ties(conflict, team, make_user, basrah, beat, tie):
    near = make_user(Role.INTERRUPTER, basrah, username="near", supervisor=team.supervisor)
    far = make_user(Role.WORKER, basrah, username="far", supervisor=team.supervisor)
    tied = make_user(Role.WORKER, basrah, username="tied", supervisor=team.supervisor)
    for person in (team.worker2, team.interrupter, team.supervisor):
        staff.set_profile(
            person, facts={"on_duty": False}, zones=[], by=User.objects.get(username="manager")
        )
    beat(near, "IQG02Q02N02-HAYANIYA")
    beat(far, "IQG02Q05")
    beat(tied, "IQG02Q02N02-HAYANIYA")
    tie(tied, "بني مالك")

    found = neutrality.colleagues(conflict(), by=team.worker)

    assert names(found) == ["near", "far"]
    assert found[0].on_beat
    assert found[1].kilometres is not None
    assert found[1].kilometres > 20


def test_three_at_most_and_never_who_mediates_already(conflict, team, make_user, basrah):
    for number in range(6):
        make_user(Role.WORKER, basrah, username=f"w{number}", supervisor=team.supervisor)
    made = conflict()
    mediators.set_mediators(made, lead=team.worker, beside=[team.interrupter], by=team.worker)

    found = neutrality.colleagues(now_of(made), by=team.worker)

    assert len(found) == 3
    assert not {"worker", "interrupter"} & set(names(found))


def test_whose_hands_are_full_is_not_free(conflict, team):
    for _number in range(neutrality.MOST_LED):
        conflict(by=team.worker2)

    assert "worker2" not in names(neutrality.colleagues(conflict(), by=team.worker))


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ({"gender": "f"}, True),
        ({"gender": "m"}, False),
        ({"language": "ku"}, True),
        ({"language": "fa"}, False),
        ({"gender": "f", "language": "ku"}, True),
        ({}, True),
    ],
)
def test_gender_and_language_where_asked(conflict, team, beat, asked, there):
    beat(team.worker2, "IQG02Q02", gender="f", languages=["ar", "ku"])

    found = names(neutrality.colleagues(conflict(), by=team.worker, **asked))

    assert ("worker2" in found) is there


def test_asking_is_recorded_without_anybodys_tie(conflict, team, tie):
    tie(team.worker2, "بني مالك")
    made = conflict()
    neutrality.colleagues(made, by=team.worker)

    event = AuditEvent.objects.get(verb="conflict.colleagues_asked")
    assert event.detail == {"proposed": 2}


def test_people_of_another_site_are_not_proposed(conflict, team, elsewhere):
    found = names(neutrality.colleagues(conflict(), by=team.worker))

    assert not {"worker.zubair", "supervisor.zubair"} & set(found)


# --- profiles and ties ----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["worker", "supervisor", "elsewhere", "self"])
def test_only_the_sites_manager_keeps_ties(team, elsewhere, manager, who):
    by = {
        "worker": team.worker2,
        "supervisor": team.supervisor,
        "elsewhere": elsewhere.manager,
        "self": team.worker,
    }[who]
    with pytest.raises(NotForThisPerson), transaction.atomic():
        staff.add_tie(team.worker, kind="tribe", words="Bani Malik", by=by)


def test_who_sees_a_profile_with_its_ties(team, manager, elsewhere, data_officer, tie):
    tie(team.worker)

    def seen(user: Any) -> int:
        fresh = User.objects.get(pk=user.pk)
        return StaffProfile.objects.visible_to(fresh).count()

    assert [seen(one) for one in (manager, team.worker)] == [1, 1]
    for person in (team.worker2, team.supervisor, elsewhere.manager, data_officer):
        assert seen(person) == 0


def test_a_tie_is_kept_once_and_erased_when_taken_away(team, manager, tie):
    kept = tie(team.worker, "بني مالك")
    with pytest.raises(TieThere), transaction.atomic():
        tie(team.worker, "عشيرة بني مالك")
    with pytest.raises(TieThere), transaction.atomic():
        tie(team.worker, "…")
    assert "مالك" not in str(list(StaffTie.objects.values()))

    staff.remove_tie(team.worker, kept.pk, by=manager)

    assert not StaffTie.objects.exists()
    assert not Sealed.objects.filter(row=str(kept.pk)).exists()


def test_two_who_write_a_profile_meet(team, manager):
    first = staff.set_profile(team.worker, facts={"gender": "m"}, zones=[], by=manager)
    staff.set_profile(
        team.worker, facts={"on_duty": False}, zones=[], by=manager, version=first.version
    )
    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        staff.set_profile(
            team.worker, facts={"on_duty": True}, zones=[], by=manager, version=first.version
        )
