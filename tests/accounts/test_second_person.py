"""Nobody gains power alone: what one person asks for, a second one confirms."""

import threading
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ceasefire.accounts import second_person, services
from ceasefire.accounts.exceptions import (
    ChangeIsClosed,
    NobodyToConfirm,
    NotForThisPerson,
    NotYourself,
    ReasonNeeded,
    SecondPersonNeeded,
)
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import PendingChange, User
from ceasefire.people.roles import Role
from tests.accounts.test_accounts import facts_of
from tests.conftest import PASSWORD

Kind = PendingChange.Kind


@pytest.fixture
def admin(make_user):
    return make_user(Role.ADMINISTRATOR, username="admin")


@pytest.fixture
def second(make_user):
    return make_user(Role.ADMINISTRATOR, username="second")


@pytest.fixture
def lost(worker):
    """The worker, whose phone with the second step is lost."""
    TOTP.activate(worker, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(worker)
    return worker


def ask(subject, by, kind=Kind.SECOND_STEP, **more):
    return second_person.ask(subject, kind=kind, by=by, **{"reason": "Phone taken", **more})


@pytest.mark.django_db
class TestSecondStep:
    def test_a_second_administrator_takes_it_away_and_every_session_ends(
        self, admin, second, worker, settings
    ):
        phone = Client()
        phone.post("/accounts/login/", {"login": worker.username, "password": PASSWORD})
        assert phone.get("/account/").status_code == 200
        TOTP.activate(worker, "JBSWY3DPEHPK3PXP")
        lost = worker
        change = ask(lost, admin)
        assert Authenticator.objects.filter(user=lost).exists()

        second_person.confirm(change, by=second)

        assert not Authenticator.objects.filter(user=lost).exists()
        assert phone.get("/account/").status_code == 302
        events = AuditEvent.objects.filter(actor=second).values_list("verb", flat=True)
        assert {"people.change_confirmed", "people.second_step_removed"} <= set(events)
        settings.REQUIRE_MFA = True
        anew = Client()
        anew.post("/accounts/login/", {"login": lost.username, "password": PASSWORD})
        assert anew.get("/")["Location"] == reverse("mfa_activate_totp")

    def test_who_asked_does_not_confirm_nor_does_the_person(self, admin, second, make_user):
        third = make_user(Role.ADMINISTRATOR)
        change = ask(third, admin)

        for person in (admin, third):
            with pytest.raises(NotForThisPerson):
                second_person.confirm(change, by=person)
        with pytest.raises(NotYourself):
            ask(admin, admin)

    def test_the_database_holds_it_too(self, admin, worker):
        change = ask_for(worker, admin)
        with pytest.raises(IntegrityError), transaction.atomic():
            PendingChange.objects.filter(pk=change.pk).update(
                confirmed_by=admin, confirmed_at=timezone.now()
            )

    def test_with_one_administrator_the_persons_manager_confirms(
        self, admin, lost, manager, make_user, zubair
    ):
        change = ask(lost, admin)
        stranger = make_user(Role.MANAGER, zubair)
        with pytest.raises(NotForThisPerson):
            second_person.confirm(change, by=stranger)

        second_person.confirm(change, by=manager)

        assert not Authenticator.objects.filter(user=lost).exists()

    def test_a_manager_confirms_nothing_where_there_is_another_administrator(
        self, admin, second, lost, manager
    ):
        with pytest.raises(NotForThisPerson):
            second_person.confirm(ask(lost, admin), by=manager)

    def test_it_needs_a_reason_and_somebody_to_confirm(self, admin, lost, manager):
        with pytest.raises(ReasonNeeded):
            ask(lost, admin, reason=" ")
        services.disable_user(manager, by=admin)
        with pytest.raises(NobodyToConfirm):
            ask(lost, admin)

    def test_it_lapses_and_is_refused_for_good(self, admin, second, lost):
        late = ask(lost, admin)
        PendingChange.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        with pytest.raises(ChangeIsClosed):
            second_person.confirm(late, by=second)

        refused = second_person.refuse(ask(lost, admin), by=second)
        with pytest.raises(ChangeIsClosed):
            second_person.confirm(refused, by=second)
        assert Authenticator.objects.filter(user=lost).exists()


def ask_for(subject, admin):
    """A question in the table, without anybody to confirm it."""
    return PendingChange.objects.create(
        kind=Kind.LINK,
        subject=subject,
        asked_by=admin,
        expires_at=timezone.now() + timedelta(days=1),
    )


@pytest.mark.django_db
class TestPower:
    @pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMINISTRATOR])
    def test_power_is_not_given_alone(self, admin, second, worker, role):
        with pytest.raises(SecondPersonNeeded):
            services.change_user(worker, **facts_of(worker, role=role), by=admin)

        second_person.confirm(ask(worker, admin, Kind.ROLE, role=role), by=second)

        worker.refresh_from_db()
        assert worker.role == role
        assert worker.sites.exists() == (role == Role.MANAGER)

    def test_a_link_for_a_manager_is_made_once_after_it_was_confirmed(self, admin, second, manager):
        with pytest.raises(SecondPersonNeeded):
            services.make_link(manager, by=admin)
        second_person.confirm(ask(manager, admin, Kind.LINK), by=second)
        with pytest.raises(SecondPersonNeeded):
            services.make_link(manager, by=second)

        assert services.make_link(manager, by=admin)

        with pytest.raises(SecondPersonNeeded):
            services.make_link(manager, by=admin)

    def test_the_first_administrator_makes_the_second_person_alone(self, admin, basrah):
        new = services.add_user(
            username="first.manager", code_name="F", role=Role.MANAGER, sites=[basrah], by=admin
        )

        assert services.make_link(new, by=admin)


@pytest.mark.django_db(transaction=True)
def test_two_who_confirm_at_once_do_it_once(admin, second, lost, make_user):
    third = make_user(Role.ADMINISTRATOR, username="third")
    change = ask(lost, admin)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def confirm(by: User) -> None:
        start.wait()
        try:
            second_person.confirm(change, by=by)
            outcomes.append("confirmed")
        except ChangeIsClosed:
            outcomes.append("closed")
        connection.close()

    threads = [threading.Thread(target=confirm, args=(by,)) for by in (second, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(outcomes) == ["closed", "confirmed"]
    assert AuditEvent.objects.filter(verb="people.change_confirmed").count() == 1


@pytest.mark.django_db
class TestPages:
    def test_one_asks_and_the_other_confirms(self, admin, second, lost):
        here, there = Client(), Client()
        here.force_login(admin)
        there.force_login(second)
        here.post(reverse("people:user_second_step", args=["worker"]), {"reason": "Phone taken"})
        change = PendingChange.objects.get()
        own = here.get("/people/changes/").content.decode()
        assert "/confirm/" not in own
        assert "/refuse/" in own
        assert "Phone taken" in there.get("/people/changes/").content.decode()

        there.post(f"/people/changes/{change.pk}/confirm/")

        assert not Authenticator.objects.filter(user=lost).exists()

    def test_a_role_of_power_waits_and_a_link_for_it_too(
        self, admin, second, worker, basrah, signed_in
    ):
        client = signed_in(admin)
        sent = {
            "code_name": worker.code_name,
            "role": Role.MANAGER,
            "sites": [basrah.pk],
            "language": "en",
            "version": worker.version,
        }
        client.post(reverse("people:user_detail", args=["worker"]), sent)
        worker.refresh_from_db()
        assert worker.role == Role.WORKER
        second_person.confirm(PendingChange.objects.get(), by=second)

        asked = client.post(reverse("people:user_link", args=["worker"]))
        assert asked.status_code == 302
        second_person.confirm(PendingChange.objects.get(kind=Kind.LINK), by=second)

        shown = client.post(reverse("people:user_link", args=["worker"]))
        assert "/password/new/" in shown.context["link"]
