"""Conflicts on pages: whom they show what, what a refused form keeps, what bad input comes to."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire import periods, vault
from ceasefire.people.models import User
from incidents.models import Incident
from incidents.services import SourceFacts, create_incident
from outreach.models import Conflict, ConflictIncident, NeutralityWaiver, StaffProfile, Truce
from outreach.services import conflicts, follow_ups, mediators, settlements, staff
from outreach.services.conflicts import PartyFacts
from tests.outreach.conflict_world import now_of, place, shift_ladder, told

pytestmark = pytest.mark.django_db


def page(name: str, *args: Any) -> str:
    return reverse(f"outreach:{name}", args=args)


def answers(**more: Any) -> dict[str, Any]:
    """A form that opens a conflict."""
    return {
        "key": str(uuid.uuid4()),
        "kind": "retaliation",
        "place": "IQG02Q02N02-HAYANIYA",
        "how_learned": "incident",
        "shooting": "likely",
        "persons_band": "4-6",
        "side1-kind": "tribe",
        "side1-name": "عشيرة بني مالك",
        "side2-kind": "family",
        "side2-name": "Beit Salman",
        **more,
    }


@pytest.fixture
def incident(basrah: Any, team: Any) -> Any:
    def make(*, by: Any = None, type: str = "MUR") -> Incident:
        return create_incident(
            site=basrah,
            facts={
                "type": type,
                "occurred_from": periods.now() - timedelta(days=1),
                "place": place(),
                "killed_best": 1,
            },
            sources=[SourceFacts("family", "C", "3")],
            by=by or team.interrupter,
        )

    return make


# --- story 4 --------------------------------------------------------------------------------------


def test_a_conflict_is_opened_from_an_incident_with_a_warning(signed_in, team, manager, incident):
    """Two sides, "retaliation, likely", and a warning with colleagues who are neutral."""
    staff.add_tie(team.worker, kind="tribe", words="بني مالك", by=manager)
    told_of = incident()
    client = signed_in(team.worker)
    shown = client.get(page("conflict_new") + f"?incident={told_of.code}").content.decode()
    assert told_of.code in shown
    assert 'value="IQG02Q02N02-HAYANIYA" selected' in shown

    sent = client.post(page("conflict_new"), answers(incident=told_of.code, is_cause="on"))

    made = Conflict.objects.get()
    assert sent["Location"] == page("conflict_neutral", made.code)
    assert (made.risk, made.state, made.lead) == ("high", "assessed", team.worker)
    warned = client.get(sent["Location"]).content.decode()
    assert "You may not be neutral here" in warned
    assert "Worker2" in warned
    assert "Interrupter" in warned
    assert "مالك" not in warned

    client.post(page("conflict_neutral", made.code), {"reason": "Only I know both"})
    assert NeutralityWaiver.objects.filter(conflict=made, mediator=team.worker).exists()
    assert told(team.supervisor)[-1] == "conflict.not_neutral"


def test_the_incident_shows_the_conflict_to_who_may_see_it(signed_in, team, incident, conflict):
    told_of = incident()
    made = conflict(incident=told_of)
    address = reverse("incidents:incident_detail", args=[told_of.code])

    assert made.code in signed_in(team.worker).get(address).content.decode()
    for person in (team.worker2, team.interrupter):
        assert made.code not in signed_in(person).get(address).content.decode()


def test_a_data_officer_reads_the_incident_without_conflicts(
    signed_in, data_officer, incident, conflict
):
    told_of = incident()
    made = conflict(incident=told_of)
    shown = signed_in(data_officer).get(reverse("incidents:incident_detail", args=[told_of.code]))

    assert made.code not in shown.content.decode()
    assert page("conflict_new") not in shown.content.decode()


def test_a_sensitive_incident_shows_on_the_conflict_only_to_who_sees_it(
    signed_in, team, incident, conflict
):
    hidden = incident(by=team.supervisor, type="SXV")
    made = conflict()
    ConflictIncident.objects.create(conflict=made, incident=hidden, added_by=team.supervisor)

    assert hidden.code not in signed_in(team.worker).get(made.get_absolute_url()).content.decode()
    assert hidden.code in signed_in(team.supervisor).get(made.get_absolute_url()).content.decode()


def test_a_hidden_incident_is_like_an_absent_one_in_the_form(signed_in, team, incident, conflict):
    hidden = incident(by=team.supervisor, type="SXV")
    made = conflict()
    client = signed_in(team.worker)
    bodies = []
    for code in (hidden.code, "INC-2026-999999"):
        shown = client.post(
            page("conflict_incident_link", made.code), {"link-incident": code}
        ).content.decode()
        bodies.append(
            re.sub(r'(csrfmiddlewaretoken" value=|Token": )"[^"]+"', "", shown).replace(code, "")
        )
        new = client.post(page("conflict_new"), answers(incident=code)).content.decode()
        assert "You see no such incident." in new

    assert bodies[0].count("You see no such incident.") == 2
    assert len(bodies[0]) == len(bodies[1])
    assert not ConflictIncident.objects.exists()


def test_a_side_that_is_a_participant_shows_only_to_who_sees_the_case(
    signed_in, team, case, conflict
):
    person = case()
    made = conflict(parties=[PartyFacts("person", participant=person), PartyFacts("group")])
    mediators.set_mediators(made, lead=team.worker, beside=[team.interrupter], by=team.worker)

    assert person.code in signed_in(team.worker).get(made.get_absolute_url()).content.decode()
    shown = signed_in(team.interrupter).get(made.get_absolute_url())
    assert shown.status_code == 200
    assert person.code not in shown.content.decode()


def test_the_case_shows_its_conflicts(signed_in, team, case, conflict):
    person = case()
    made = conflict(parties=[PartyFacts("person", participant=person), PartyFacts("group")])
    address = person.get_absolute_url()

    assert made.code in signed_in(team.worker).get(address).content.decode()
    mediators.set_mediators(made, lead=team.interrupter, beside=[], by=team.supervisor)
    assert made.code not in signed_in(team.worker).get(address).content.decode()


# --- another's is absent --------------------------------------------------------------------------

GETS = [
    "conflict_detail",
    "conflict_assess",
    "party_add",
    "conflict_mediators",
    "conflict_neutral",
    "session_new",
    "truce_new",
    "settlement_edit",
]
POSTS = [
    "conflict_assess",
    "party_add",
    "conflict_mediators",
    "conflict_neutral",
    "conflict_replace",
    "conflict_begin",
    "conflict_watch",
    "conflict_reignite",
    "conflict_close",
    "conflict_incident_link",
    "session_new",
    "follow_up_answer",
    "truce_new",
    "truce_extend",
    "truce_end",
    "settlement_edit",
    "settlement_pay",
]


def test_anothers_conflict_answers_like_an_absent_one(signed_in, team, elsewhere, conflict, plain):
    made = conflict()
    for person in (team.worker2, team.interrupter, elsewhere.supervisor, elsewhere.manager):
        client = signed_in(person)
        for names, ask in ((GETS, client.get), (POSTS, client.post)):
            for name in names:
                hidden, absent = ask(page(name, made.code)), ask(page(name, "CON-9999"))
                assert (hidden.status_code, absent.status_code) == (404, 404), name
                assert plain(hidden).replace(made.code, "") == plain(absent).replace("CON-9999", "")


def test_the_list_shows_ones_own_and_no_sealed_word(signed_in, team, conflict):
    mine, other = conflict(note="Abu Salih"), conflict(by=team.worker2)
    shown = signed_in(team.worker).get(page("conflict_list")).content.decode()

    assert mine.code in shown
    assert other.code not in shown
    assert "مالك" not in shown
    assert "Salih" not in shown


FILTERS = [
    ("?state=", {"open", "high", "late", "ending"}),
    ("?state=all", {"open", "high", "late", "ending", "closed"}),
    ("?state=closed", {"closed"}),
    ("?risk=high", {"high"}),
    ("?due=follow_up", {"late"}),
    ("?due=truce", {"ending"}),
    ("?state=nonsense", {"open", "high", "late", "ending", "closed"}),
    ("?risk=%00", {"open", "high", "late", "ending", "closed"}),
]


def test_the_filters_of_the_list(signed_in, team, conflict, session):
    now = periods.now()
    made = {
        "open": conflict(),
        "high": conflict(facts={"shooting": "very_likely"}),
        "late": conflict(),
        "ending": conflict(),
        "closed": conflict(),
    }
    session(made["late"], "R3")
    shift_ladder(made["late"], 3)
    conflicts.watch(made["late"], by=team.worker)
    settlements.make_truce(
        made["ending"], starts_at=now, ends_at=now + timedelta(days=2), by=team.worker
    )
    conflicts.close(made["closed"], by=team.supervisor, reason="A mistake")
    client = signed_in(team.worker)
    for query, wanted in FILTERS:
        shown = client.get(page("conflict_list") + query).content.decode()
        found = {name for name, one in made.items() if one.code in shown}
        if "nonsense" not in query and "%00" not in query:
            assert found == wanted, query


def test_the_pages_ask_a_fixed_number_of_times(signed_in, team, conflict, session):
    made = conflict(note="words")
    session(made, note="a")
    client = signed_in(team.worker)

    def count(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    one, many = count(made.get_absolute_url()), count(page("conflict_list"))
    for _number in range(6):
        session(made, note="b")
        conflicts.add_party(made, PartyFacts("tribe", f"Tribe {_number}"), by=team.worker)
        conflict()
    assert count(page("conflict_list")) <= many
    assert many <= 16
    # A second reading may ask less: code lists and sites are known by then.
    assert count(made.get_absolute_url()) <= one
    assert one <= 24


# --- what is typed stays --------------------------------------------------------------------------

BAD_OPENINGS = [
    ({"kind": ""}, "Choose one."),
    ({"kind": "nonsense"}, None),
    ({"place": ""}, "Say where it is."),
    ({"place": "IQG01"}, None),
    ({"place": "\x00"}, None),
    ({"how_learned": ""}, "Choose one."),
    ({"shooting": "perhaps"}, None),
    ({"side1-kind": ""}, "Say who it is."),
    ({"side2-kind": "", "side2-name": ""}, "Say who it is."),
    ({"side1-name": "x" * 121}, None),
    ({"side1-tribe": "x" * 201}, None),
    ({"side1-name": "\x00"}, None),
    ({"side1-participant": "P-00000"}, "You see no such participant."),
    ({"note": "x" * 4001}, None),
    ({"retaliation_for": "CON-9999"}, "You see no such conflict."),
    ({"incident": "INC-2026-999999"}, "You see no such incident."),
    ({"key": "no key"}, None),
]


@pytest.mark.parametrize(("changed", "said"), BAD_OPENINGS)
def test_a_bad_opening_is_refused_and_keeps_what_was_typed(signed_in, team, changed, said):
    typed = answers(**{"note": "My words", **changed})
    sent = signed_in(team.worker).post(page("conflict_new"), typed)

    assert sent.status_code == 200
    assert not Conflict.objects.exists()
    shown = sent.content.decode()
    if said:
        assert said in shown
    if "note" not in changed:
        assert "My words" in shown
    if "side2-name" not in changed:
        assert "Beit Salman" in shown


def test_marks_that_turn_text_round_are_taken_out(signed_in, team):
    signed_in(team.worker).post(
        page("conflict_new"), answers(**{"side1-name": "بني \u202eمالك\u2066"})
    )

    party = Conflict.objects.get().parties.get(number=1)
    assert vault.unseal(party, "name", by=team.worker) == "بني مالك"


MOMENTS = [
    # until, taken
    ("{d}/{m}/{y} 23:10", True),
    ("{d}/{m}/{y} ٢٣:١٠", True),
    ("{d}/{m}/{y} ۲۳:۱۰", True),
    ("", False),
    ("tomorrow", False),
    ("31/02/2027 10:00", False),
    ("01/01/1900 10:00", False),
    ("01/01/2100 10:00", False),
    ("22/11/2026", False),
    ("\u202e22/11/2020 10:00", False),
]


@pytest.mark.parametrize(("until", "taken"), MOMENTS)
def test_the_end_of_a_truce_as_people_type_it(signed_in, team, conflict, until, taken):
    made = conflict()
    day = periods.now() + timedelta(days=3)
    until = until.format(d=day.day, m=day.month, y=day.year)

    sent = signed_in(team.worker).post(
        page("truce_new", made.code),
        {"ends_at": until, "guarantor": "Sheikh", "key": str(uuid.uuid4())},
    )

    assert Truce.objects.exists() is taken
    assert sent.status_code == (302 if taken else 200)
    if not taken:
        assert "Sheikh" in sent.content.decode()


AMOUNTS = [
    ("1000000", "1000000.00"),
    ("1,000,000.50", "1000000.50"),
    ("١٬٠٠٠٬٠٠٠٫٥", "1000000.50"),
    ("۲۵۰", "250.00"),
    ("0", None),
    ("-5", None),
    ("1.234", None),
    ("1e9", None),
    ("9" * 13, None),
    ("", ""),
]


@pytest.mark.parametrize(("typed", "kept"), AMOUNTS)
def test_compensation_as_people_type_it(signed_in, team, conflict, typed, kept):
    made = conflict()
    sent = signed_in(team.worker).post(
        page("settlement_edit", made.code),
        {"compensation_due": typed, "currency": "IQD", "terms": "Out of Qurna", "version": "0"},
    )

    if kept is None:
        assert "Out of Qurna" in sent.content.decode()
        assert "compensation_due" in sent.context["form"].errors
        return
    made.refresh_from_db()
    due = made.settlement.compensation_due
    assert (f"{due:.2f}" if due is not None else "") == kept


# --- verbs by their pages -------------------------------------------------------------------------


def test_a_session_by_its_page(signed_in, team, conflict):
    made = conflict()
    client = signed_in(team.worker)
    assert client.get(page("session_new", made.code)).status_code == 200

    sent = client.post(
        page("session_new", made.code),
        {
            "outcome": "R3",
            "mediators": [str(team.worker.pk), str(team.interrupter.pk)],
            "present": ["1", "2"],
            "tactics": ["elder"],
            "key": str(uuid.uuid4()),
            "version": made.version,
        },
    )

    assert sent.status_code == 302
    assert now_of(made).state == "cooled"
    shown = client.get(made.get_absolute_url()).content.decode()
    assert "Cooled for now" in shown


def test_a_session_that_met_another_may_be_sent_once_more(signed_in, team, conflict, session):
    made = conflict()
    client = signed_in(team.worker)
    data = {
        "outcome": "R1",
        "mediators": [str(team.worker.pk)],
        "note": "Long words",
        "key": str(uuid.uuid4()),
        "version": made.version,
    }
    session(made, "R3")

    sent = client.post(page("session_new", made.code), data)

    assert "Somebody changed this meanwhile" in sent.content.decode()
    assert "Long words" in sent.content.decode()
    again = sent.context["form"]["version"].value()
    once_more = client.post(page("session_new", made.code), {**data, "version": again})
    assert once_more.status_code == 302


def test_a_follow_up_by_its_page(signed_in, team, conflict, session):
    made = conflict()
    session(made)
    shift_ladder(made, 1)
    client = signed_in(team.worker)
    assert "How is it there?" in client.get(made.get_absolute_url()).content.decode()

    empty = client.post(page("follow_up_answer", made.code), {"follow-note": "kept words"})
    assert "kept words" in empty.content.decode()
    client.post(
        page("follow_up_answer", made.code),
        {"follow-finding": "calm", "follow-version": now_of(made).version},
    )

    assert now_of(made).state == "monitoring"
    assert follow_ups.due_now(made, periods.now().date()) is None


def test_truce_verbs_by_their_page(signed_in, team, conflict):
    made = conflict()
    now = periods.now()
    settlements.make_truce(made, starts_at=now, ends_at=now + timedelta(hours=5), by=team.worker)
    client = signed_in(team.worker)
    day = now + timedelta(days=4)

    client.post(
        page("truce_extend", made.code),
        {
            "extend-until": f"{day.day}/{day.month}/{day.year} 10:00",
            "extend-version": now_of(made).version,
        },
    )
    assert Truce.objects.get().ends_at > now + timedelta(days=2)
    client.post(page("truce_end", made.code), {"truce-outcome": "breach", "truce-words": "A stone"})
    assert Truce.objects.get().state == "in_force"
    client.post(page("truce_end", made.code), {"truce-outcome": "broken"})
    assert Truce.objects.get().state == "broken"


def test_who_gave_it_away_goes_back_to_the_list(signed_in, team, conflict):
    made = conflict(by=team.supervisor, lead=team.worker)
    client = signed_in(team.supervisor)
    assert client.get(page("conflict_mediators", made.code)).status_code == 200

    sent = client.post(
        page("conflict_mediators", made.code),
        {"lead": str(team.worker2.pk), "version": made.version},
    )

    assert sent["Location"] == made.get_absolute_url()
    assert now_of(made).lead == team.worker2


def test_the_lead_cannot_give_the_lead_away(signed_in, team, conflict):
    made = conflict()
    signed_in(team.worker).post(
        page("conflict_mediators", made.code),
        {
            "lead": str(team.worker2.pk),
            "beside": [str(team.interrupter.pk)],
            "version": made.version,
        },
    )

    assert now_of(made).lead == team.worker
    assert made.mediators.get().user == team.interrupter


def test_closing_early_asks_why_and_keeps_it(signed_in, team, conflict):
    made = conflict()
    client = signed_in(team.supervisor)
    sent = client.post(page("conflict_close", made.code), {"close-reason": ""})
    assert "Give a reason." in sent.content.decode()

    client.post(page("conflict_close", made.code), {"close-reason": "Both left the city"})

    assert now_of(made).state == "closed"
    assert "Both left the city" in client.get(made.get_absolute_url()).content.decode()


# --- staff ----------------------------------------------------------------------------------------


def test_the_manager_keeps_ties_and_the_person_reads_them(signed_in, team, manager):
    client = signed_in(manager)
    assert "Worker" in client.get(page("staff_list")).content.decode()
    client.post(
        page("tie_add", team.worker.pk), {"tie-kind": "tribe", "tie-words": "عشيرة بني مالك"}
    )
    assert "بني مالك" in client.get(page("staff_detail", team.worker.pk)).content.decode()
    assert "بني مالك" not in client.get(page("staff_list")).content.decode()

    client = signed_in(team.worker)
    own = client.get(page("staff_own"), follow=True).content.decode()
    assert "بني مالك" in own
    assert page("tie_add", team.worker.pk) not in own


def test_nobody_else_reads_a_profile(signed_in, team, manager, elsewhere, plain):
    staff.add_tie(team.worker, kind="tribe", words="بني مالك", by=manager)
    absent = uuid.uuid4()
    for person in (team.worker2, team.supervisor, elsewhere.manager):
        client = signed_in(person)
        hidden = client.get(page("staff_detail", team.worker.pk))
        nobody = client.get(page("staff_detail", absent))
        assert hidden.status_code == nobody.status_code == 404
        assert plain(hidden).replace(str(team.worker.pk), "") == plain(nobody).replace(
            str(absent), ""
        )


def test_the_profile_by_its_page(signed_in, team, manager):
    sent = signed_in(manager).post(
        page("staff_change", team.worker.pk),
        {
            "profile-gender": "f",
            "profile-languages": ["ar", "ku"],
            "profile-started_on": "٠١/٠٢/٢٠٢٥",
            "profile-version": "0",
        },
    )

    assert sent.status_code == 302
    kept = StaffProfile.objects.get(user=team.worker)
    assert (kept.gender, kept.languages, kept.on_duty) == ("f", ["ar", "ku"], False)
    assert User.objects.get(pk=team.worker.pk).role == "worker"
