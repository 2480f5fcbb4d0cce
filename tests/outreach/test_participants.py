"""The page of a case, the list of all, and the intake: what stands there, and for whom."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.database import roles as database_roles
from ceasefire.people.roles import Role
from ceasefire.places.models import Zone
from ceasefire.vault.models import Sealed
from ceasefire.worklist.models import Notification
from outreach.exceptions import KeyTaken, NotAColleague, NotForThisPerson, SiteIsReadOnly
from outreach.models import SEALED, Participant
from outreach.services import participants
from outreach.services.participants import Agreed, Facts

pytestmark = pytest.mark.django_db

NEW, LIST = "/outreach/participants/new/", "/outreach/participants/"


def page_of(client: Client, participant: Participant) -> Any:
    return client.get(reverse("outreach:participant_detail", args=[participant.code]))


def register(site: Any, by: Any, identity: Any = None, **how: Any) -> Participant:
    return participants.register_participant(
        site=site, facts=how.pop("facts", Facts()), identity=identity or {}, by=by, **how
    )


def typed(**changed: Any) -> dict[str, Any]:
    return {"key": str(uuid4()), "alias": "أبو علي", **changed}


# --- the page -------------------------------------------------------------------------------------


def test_the_page_shows_code_state_worker_alias_and_what_to_heed(case, team, signed_in):
    participant = case(safety_flags=["no_home"], last_contact_at=periods.now() - timedelta(days=3))
    vault.seal(participant, "alias", "أبو علي", by=team.worker, index="alias")
    vault.seal(participant, "name", "علي حسن", by=team.worker, index="name")
    page = page_of(signed_in(team.worker), participant).content.decode()

    for part in (participant.code, "Active", "Worker", "أبو علي", "Do not visit the home"):
        assert part in page
    assert "3 days since the last contact" in page
    assert "أبو علي" not in page.partition("</title>")[0]
    assert "علي حسن" not in page
    assert AuditEvent.objects.filter(verb="vault.list_read", fields=["alias"]).count() == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "reveal/",
        "held/",
        "consent/",
        "consent/withdraw/",
        "pause/",
        "close/",
        "exception/",
    ],
)
def test_anothers_case_answers_like_none(case, team, elsewhere, zubair, signed_in, plain, address):
    for theirs in (case(by=team.worker2), case(by=elsewhere.worker, site=zubair)):
        client = signed_in(team.worker)
        for ask in (client.get, client.post):
            hidden = ask(f"{LIST}{theirs.code}/{address}")
            absent = ask(f"{LIST}P-0000/{address}")
            assert hidden.status_code == absent.status_code == 404
            assert plain(hidden).replace(theirs.code, "") == plain(absent).replace("P-0000", "")


@pytest.mark.parametrize("verb", ["ask-intake", "resume", "reopen"])
def test_a_step_of_anothers_case_answers_like_none(case, team, signed_in, verb):
    theirs = case(by=team.worker2)
    client = signed_in(team.worker)

    assert client.post(f"{LIST}{theirs.code}/{verb}/").status_code == 404
    assert client.post(f"{LIST}P-0000/{verb}/").status_code == 404
    assert client.get(f"{LIST}{theirs.code}/{verb}/").status_code == 405


#: domain.md b.6, "Participant (masked)": the statuses of page and list for every person of two
#: sites, about a case of Basrah that `worker` carries and `interrupter` is on.
CELLS = {
    "worker": 200,
    "worker2": 404,
    "interrupter": 200,
    "supervisor": 200,
    "other.supervisor": 404,
    "manager": 200,
    "data": 403,
    "reo": 403,
    "viewer": 403,
    "auditor": 403,
    "administrator": 403,
    "worker.zubair": 404,
    "supervisor.zubair": 404,
    "manager.zubair": 404,
}


def test_every_cell_of_the_matrix(
    case, team, manager, data_officer, elsewhere, make_user, basrah, signed_in
):
    participant = case(team=[team.interrupter])
    cast = [
        *vars(team).values(),
        *vars(elsewhere).values(),
        manager,
        data_officer,
        make_user(Role.SUPERVISOR, basrah, username="other.supervisor"),
        make_user(Role.REO_STAFF, username="reo"),
        make_user(Role.REO_VIEWER, username="viewer"),
        make_user(Role.AUDITOR, username="auditor"),
        make_user(Role.ADMINISTRATOR, username="administrator"),
    ]
    found = {}
    for person in cast:
        client = signed_in(person)
        found[person.username] = page_of(client, participant).status_code
        listed = client.get(LIST)
        assert (participant.code in listed.content.decode()) == (found[person.username] == 200)
    assert found == CELLS


def test_the_page_asks_as_often_whatever_the_case_holds(
    case, team, signed_in, django_assert_max_num_queries
):
    bare = case()
    full = case(safety_flags=["no_home", "armed"])
    participants.seal_identity(full, dict.fromkeys(SEALED, "x 0770 123 4567"), by=team.worker)
    client = signed_in(team.worker)
    page_of(client, bare)
    counts = []
    for participant in (bare, full):
        with django_assert_max_num_queries(80) as asked:
            assert page_of(client, participant).status_code == 200
        counts.append(len(asked))
    # The vault's reading is one event more.
    assert counts[1] - counts[0] <= 2


# --- the list -------------------------------------------------------------------------------------


def codes_in(answer: Any) -> list[str]:
    return [participant.code for participant in answer.context["page"]]


def test_the_list_holds_closed_cases_too_the_latest_moved_first(case, team, signed_in):
    now = periods.now()
    old = case(status="closed", status_since=now - timedelta(days=900))
    new = case(status_since=now)
    shared = case(by=team.worker2, team=[team.worker], status_since=now - timedelta(days=5))
    case(by=team.worker2)

    assert codes_in(signed_in(team.worker).get(LIST)) == [new.code, shared.code, old.code]


def test_the_list_is_narrowed_by_state_zone_and_code(case, team, basrah, signed_in):
    zone = Zone.objects.create(site=basrah, code="N-1", name_en="North", name_ar="الشمال")
    north, closed = case(zone=zone), case(status="closed")
    client = signed_in(team.worker)

    assert codes_in(client.get(LIST, {"status": "closed"})) == [closed.code]
    assert codes_in(client.get(LIST, {"zone": "BASRAH-CENTRE/N-1"})) == [north.code]
    arabic = "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in closed.code.lower())
    assert codes_in(client.get(LIST, {"code": arabic})) == [closed.code]
    assert codes_in(client.get(LIST, {"code": "P-0000"})) == []
    # What is no choice narrows nothing and breaks nothing.
    assert len(codes_in(client.get(LIST, {"status": "x' or 1=1", "zone": "no/where"}))) == 2


@pytest.mark.parametrize("who", ["worker", "supervisor", "manager"])
def test_pages_of_the_list_follow_each_other_without_a_gap(case, team, manager, signed_in, who):
    now = periods.now()
    made = [
        case(
            by=(team.worker, team.worker2)[number % 2],
            team=[team.worker] if number % 2 else [],
            status="closed",
            status_since=now - timedelta(hours=number // 3),
        ).code
        for number in range(57)
    ]
    client = signed_in({"manager": manager}.get(who) or getattr(team, who))
    first = client.get(LIST)
    second = client.get(LIST, {"after": first.context["page"].after})

    assert len(codes_in(first)) == 50
    assert sorted([*codes_in(first), *codes_in(second)]) == sorted(made)


@pytest.fixture
def many(case, team, basrah, make_user):
    """12,000 closed cases of 20 workers of the site, and some that run."""
    workers = [team.worker, team.worker2] + [
        make_user(Role.WORKER, basrah, username=f"w{number}") for number in range(18)
    ]
    now = periods.now()
    Participant.objects.bulk_create(
        [
            Participant(
                code=f"P-{number:05}",
                site=basrah,
                worker=workers[number % 20],
                created_by=workers[number % 20],
                updated_by=workers[number % 20],
                status="closed",
                close_reason="moved",
                status_since=now - timedelta(hours=number),
            )
            for number in range(12_000)
        ],
        batch_size=5000,
    )
    return workers


def test_the_list_reads_no_more_than_a_page_of_many(
    many, team, manager, signed_in, django_assert_max_num_queries
):
    with database_roles.as_owner(connection), connection.cursor() as cursor:
        cursor.execute("ANALYZE outreach_participant")
    for person in (team.worker, team.supervisor, manager):
        client = signed_in(person)
        client.get(LIST)
        for asked_for in ({}, {"status": "closed"}, {"code": "P-11999"}):
            with django_assert_max_num_queries(25) as asked:
                assert client.get(LIST, asked_for).status_code == 200
            lists = [one["sql"] for one in asked if "status_since" in one["sql"]]
            assert lists
            for sql in lists:
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN {sql}")
                    plan = "\n".join(row[0] for row in cursor.fetchall())
                assert "Seq Scan on outreach_participant" not in plan, plan


# --- intake ---------------------------------------------------------------------------------------


def test_intake_makes_a_code_seals_the_identity_and_records_consent(team, basrah, signed_in):
    identity = {
        "alias": "أبو علي",
        "name": "علي حسن",
        "phone": "٠٧٧٠ ١٢٣ ٤٥٦٧",
        "address": "الحيانية",
        "family": "أمه",
        "tribe": "بني كعب",
    }
    answer = signed_in(team.worker).post(
        NEW,
        typed(
            **identity,
            sex="m",
            birth_year="١٩٩٩",
            language="ar",
            safety_flags=["no_call", "armed"],
            purposes=["case_work"],
            manner="spoken",
        ),
    )
    made = Participant.objects.get()

    assert answer["Location"] == f"/outreach/participants/{made.code}/"
    assert (made.code, made.status, made.worker) == ("P-0001", "prospect", team.worker)
    assert (made.birth_year, made.safety_flags) == (1999, ["no_call", "armed"])
    assert {field: vault.unseal(made, field, by=team.worker) for field in SEALED} == identity
    assert made.consents.get().purposes == ["case_work"]
    assert made.steps.get().to_status == "prospect"
    event = AuditEvent.objects.get(verb="participant.registered")
    assert sorted(event.fields) == sorted(SEALED)
    assert not any(text in str(event.detail) for text in identity.values())


def test_nothing_but_the_site_is_asked_for(team, signed_in):
    signed_in(team.worker).post(NEW, {"key": str(uuid4())})
    made = Participant.objects.get()

    assert (made.sex, made.age_band, made.birth_year) == ("unknown", "unknown", None)
    assert not Sealed.objects.exists()


def test_codes_follow_each_other_and_grow_beyond_four_digits(team, basrah):
    from ceasefire.codes import reserve_numbers

    assert register(basrah, team.worker).code == "P-0001"
    assert register(basrah, team.worker).code == "P-0002"
    reserve_numbers("P", 0, 9997)
    assert register(basrah, team.worker).code == "P-10000"


def test_a_form_sent_twice_makes_one_case(team, signed_in):
    client, form = signed_in(team.worker), typed(name="علي حسن")
    first = client.post(NEW, form)
    second = client.post(NEW, form)

    assert first["Location"] == second["Location"]
    assert Participant.objects.count() == 1


def test_a_key_with_other_content_is_refused(team, basrah):
    key = uuid4()
    register(basrah, team.worker, {"alias": "one"}, key=key)
    with pytest.raises(KeyTaken):
        register(basrah, team.worker, {"alias": "two"}, key=key)
    with pytest.raises(KeyTaken):
        register(basrah, team.worker2, {"alias": "one"}, key=key)


def test_who_may_take_somebody_in(team, manager, elsewhere, make_user, basrah, zubair, signed_in):
    for person in (team.interrupter, make_user(Role.AUDITOR), make_user(Role.DATA_OFFICER, basrah)):
        assert signed_in(person).get(NEW).status_code == 403
    for person in (elsewhere.worker, team.interrupter):
        with pytest.raises(NotForThisPerson):
            register(basrah, person)
    basrah.read_only = True
    basrah.save()
    with pytest.raises(SiteIsReadOnly):
        register(basrah, team.worker)
    assert "You have no site" in signed_in(team.worker).get(NEW).content.decode()


def test_a_supervisor_gives_a_new_case_to_the_own_team_only(
    team, elsewhere, make_user, basrah, signed_in
):
    other = make_user(Role.WORKER, basrah, username="others.worker")
    client = signed_in(team.supervisor)
    page = client.get(NEW).content.decode()
    assert str(team.worker.pk) in page
    assert str(other.pk) not in page
    assert str(elsewhere.worker.pk) not in page

    client.post(NEW, typed(worker=str(team.worker2.pk)))
    assert Participant.objects.get().worker == team.worker2
    assert client.post(NEW, typed(worker=str(other.pk))).status_code == 200
    with pytest.raises(NotAColleague):
        register(basrah, team.worker, worker=team.worker2)


def test_a_zone_of_another_site_is_refused(team, zubair, signed_in):
    zone = Zone.objects.create(site=zubair, code="Z-1", name_en="Z", name_ar="ز")
    answer = signed_in(team.worker).post(NEW, typed(zone="AL-ZUBAIR/Z-1"))

    assert answer.status_code == 200
    assert str(zone) not in dict(answer.context["form"].fields["zone"].choices).values()
    assert not Participant.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 161),
        ("alias", "x" * 81),
        ("phone", "12"),
        ("phone", "0" * 41),
        ("phone", "no number"),
        ("address", "x" * 401),
        ("tribe", "a\x00b"),
        ("birth_year", "1899"),
        ("birth_year", "2100"),
        ("birth_year", "-5"),
        ("birth_year", "nineteen"),
        ("age_band", "old"),
        ("sex", "x"),
        ("language", "klingon"),
        ("safety_flags", "kind"),
        ("agreed_on", "01/01/2100"),
        ("agreed_on", "31/02/2026"),
        ("purposes", "case_work"),
        ("manner", "spoken"),
        ("key", "not-a-key"),
        ("zone", "NOWHERE/X"),
    ],
)
def test_bad_input_is_said_and_nothing_typed_is_lost(team, signed_in, field, value):
    answer = signed_in(team.worker).post(NEW, {**typed(name="علي حسن"), field: value})

    assert answer.status_code == 200
    page = answer.content.decode()
    assert "أبو علي" in page or field == "alias"
    assert "علي حسن" in page or field == "name"
    assert not Participant.objects.exists()


def test_marks_that_turn_text_round_are_taken_out(team, signed_in):
    signed_in(team.worker).post(NEW, typed(alias="\u202eabu ali\u202c"))

    assert vault.unseal(Participant.objects.get(), "alias", by=team.worker) == "abu ali"


# --- one person twice -----------------------------------------------------------------------------

SAME = {"name": "كريم جاسم العبادي", "phone": "0770 555 1234", "alias": "أبو الورد"}


@pytest.mark.parametrize(
    ("field", "spelled"),
    [
        ("name", "كريم  جاسم العبادى"),
        ("phone", "+964 (0) 770-5551234"),
        ("alias", "ابو الورد"),
    ],
)
def test_the_writer_is_asked_about_an_own_case_and_may_say_it_is_another(
    team, basrah, signed_in, field, spelled
):
    own = register(basrah, team.worker, SAME)
    client = signed_in(team.worker)
    form = {"key": str(uuid4()), field: spelled}
    page = client.post(NEW, form).content.decode()
    assert own.code in page
    assert Participant.objects.count() == 1

    client.post(NEW, {**form, "somebody_else": "on"})
    assert Participant.objects.count() == 2
    assert (
        not Notification.objects.filter(kind=participants.TWIN)
        .exclude(recipient=team.supervisor)
        .exists()
    )


def test_the_writer_hears_nothing_of_anothers_case_and_the_supervisor_does(
    team, basrah, elsewhere, signed_in, plain
):
    theirs = register(basrah, team.worker2, SAME)
    client = signed_in(team.worker)
    like = client.post(NEW, {"key": str(uuid4()), **SAME}, follow=True)
    unlike = client.post(NEW, {"key": str(uuid4()), "name": "فلان"}, follow=True)
    mine = Participant.objects.get(code="P-0002")

    assert theirs.code not in like.content.decode()
    assert len(like.redirect_chain) == len(unlike.redirect_chain) == 1
    heard = Notification.objects.filter(kind=participants.TWIN)
    assert {(notice.recipient, notice.subject_code) for notice in heard} == {
        (team.supervisor, theirs.code),
        (team.supervisor, mine.code),
    }
    page = signed_in(team.supervisor).get(reverse("notification_list")).content.decode()
    assert theirs.code in page
    assert mine.code in page
    assert not any(text in page for text in SAME.values())


def test_of_two_teams_the_manager_hears_and_neither_supervisor(team, manager, make_user, basrah):
    other = make_user(Role.SUPERVISOR, basrah, username="other")
    stranger = make_user(Role.WORKER, basrah, username="stranger", supervisor=other)
    register(basrah, stranger, SAME)
    register(basrah, team.worker, SAME)

    heard = Notification.objects.filter(kind=participants.TWIN)
    assert {notice.recipient for notice in heard} == {manager}


def test_across_sites_nobody_hears_who_sees_only_one(team, manager, elsewhere, basrah, zubair):
    register(zubair, elsewhere.worker, SAME)
    register(basrah, team.worker, SAME)

    assert not Notification.objects.filter(kind=participants.TWIN).exists()


def test_a_nickname_alone_is_no_twin_across_sites_or_ages(team, elsewhere, basrah, zubair):
    alias = {"alias": "أبو علي"}
    register(zubair, elsewhere.worker, alias)
    register(basrah, team.worker2, alias, facts=Facts(birth_year=1970))

    found = participants.likely_twins(alias, site=basrah, by=team.worker, birth_year=1999)
    assert found == []
    assert participants.likely_twins(alias, site=basrah, by=team.worker, birth_year=1972)


def test_a_consent_at_intake_is_written_with_the_case_or_not_at_all(team, basrah):
    agreed = Agreed(("case_work",), "spoken", periods.now().date() + timedelta(days=1))
    with pytest.raises(Exception, match="ahead"), transaction.atomic():
        register(basrah, team.worker, SAME, agreed=agreed)

    assert not Participant.objects.exists()
    assert not Sealed.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_form_on_two_connections_makes_one_case(team, basrah):
    key, came = uuid4(), []

    def run() -> None:
        try:
            came.append(register(basrah, team.worker, SAME, key=key))
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first = register(basrah, team.worker, SAME, key=key)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "it did not wait"
    thread.join(20)

    assert came == [first]
    assert Participant.objects.count() == 1
