"""The homes say how many changes of accounts wait for whoever reads them."""

import pytest
from django.test import Client

from ceasefire.accounts import second_person
from ceasefire.people.models import PendingChange
from ceasefire.people.roles import Role

pytestmark = pytest.mark.django_db
TITLE = "What waits for a second person?"


def ask(subject, by):
    return second_person.ask(
        subject, kind=PendingChange.Kind.SECOND_STEP, by=by, reason="Phone taken"
    )


def home(client):
    return client.get("/").context["blocks"]


def block_of(client):
    return next(block for block in home(client) if block.title == TITLE)


@pytest.fixture
def admin(make_user):
    return make_user(Role.ADMINISTRATOR)


def test_a_manager_is_told_first_what_waits_for_them(
    admin, worker, manager, make_user, zubair, signed_in
):
    assert block_of(signed_in(manager)).value == 0
    assert home(signed_in(manager))[0].title != TITLE

    ask(worker, admin)
    first = home(signed_in(manager))[0]
    elsewhere = block_of(signed_in(make_user(Role.MANAGER, zubair)))

    assert (first.title, first.value, first.tone) == (TITLE, 1, "due")
    assert signed_in(manager).get(first.url).context["changes"][0]["may_confirm"]
    assert elsewhere.value == 0


def test_the_other_administrator_is_told_and_who_asked_is_not(
    admin, worker, manager, make_user, signed_in
):
    second = make_user(Role.ADMINISTRATOR)
    ask(worker, admin)

    assert [block_of(signed_in(who)).value for who in (admin, second, manager)] == [0, 1, 0]


def test_the_block_counts_what_the_rule_lets_this_person_confirm(
    admin, worker, supervisor, manager, make_user, zubair
):
    """The one query and `confirmers` say the same, with one administrator and with two."""
    auditor, new = make_user(Role.AUDITOR), make_user(Role.WORKER)
    away = make_user(Role.WORKER, zubair)
    for subject in (worker, supervisor, manager, auditor, new, away):
        if second_person.confirmers(subject, asked_by=admin).exists():
            ask(subject, admin)
    people = [admin, manager, worker, make_user(Role.MANAGER, zubair)]

    def both():
        by_rule = {
            (change.pk, person.pk)
            for change in PendingChange.objects.all()
            for person in people
            if person in second_person.confirmers(change.subject, asked_by=change.asked_by)
        }
        by_query = {
            (change.pk, person.pk)
            for person in people
            for change in second_person.to_confirm(person)
        }
        return by_rule, by_query

    by_rule, by_query = both()
    assert by_rule == by_query
    assert by_rule
    people.append(make_user(Role.ADMINISTRATOR))
    by_rule, by_query = both()
    assert by_rule == by_query
    assert {person for _change, person in by_rule} == {people[-1].pk}


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMINISTRATOR])
def test_many_changes_ask_the_database_no_more_than_one(
    role, admin, basrah, make_user, django_assert_max_num_queries
):
    reader = make_user(role, *([basrah] if role == Role.MANAGER else []))
    client = Client()
    client.force_login(reader)
    for _number in range(12):
        ask(make_user(Role.WORKER, basrah), admin)
    client.get("/")
    for path, most in (("/", 27), ("/people/changes/", 14)):
        with django_assert_max_num_queries(most):
            client.get(path)
