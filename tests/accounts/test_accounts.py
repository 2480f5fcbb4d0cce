"""Accounts: made without a password, changed under a lock, ended at once."""

import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from ceasefire.accounts import services
from ceasefire.accounts.exceptions import (
    LastAdministrator,
    LinkIsUsedUp,
    NotYourself,
    UserChangedMeanwhile,
)
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import OneTimeLink, User
from ceasefire.people.roles import Role
from tests.conftest import PASSWORD

NEW_PASSWORD = "quiet river seven boats"


@pytest.fixture
def admin(make_user):
    return make_user(Role.ADMINISTRATOR, username="admin")


def facts_of(user, **changes):
    facts = {
        "code_name": user.code_name,
        "role": user.role,
        "sites": list(user.sites.all()),
        "supervisor": user.supervisor,
        "duties": user.duties,
        "language": user.language,
        "expires_on": user.expires_on,
        "version": user.version,
    }
    return {**facts, **changes}


@pytest.mark.django_db
class TestVerbs:
    def test_a_new_person_has_no_password_until_they_choose_one(self, admin, basrah):
        user = services.add_user(
            username="fresh", code_name="Fresh", role=Role.WORKER, sites=[basrah], by=admin
        )

        assert not user.has_usable_password()
        assert AuditEvent.objects.filter(verb="people.user_added", subject_id=user.pk).exists()

    def test_a_link_works_once(self, admin, worker, client):
        token = services.make_link(worker, by=admin)

        services.set_password_by_link(token, password=NEW_PASSWORD)

        worker.refresh_from_db()
        assert worker.check_password(NEW_PASSWORD)
        with pytest.raises(LinkIsUsedUp):
            services.set_password_by_link(token, password=NEW_PASSWORD)

    def test_a_link_lasts_a_day_and_a_newer_one_ends_it(self, admin, worker):
        first = services.make_link(worker, by=admin)
        second = services.make_link(worker, by=admin)
        with pytest.raises(LinkIsUsedUp):
            services.find_link(first)

        OneTimeLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        with pytest.raises(LinkIsUsedUp):
            services.find_link(second)

    def test_only_the_hash_of_a_link_is_kept(self, admin, worker):
        token = services.make_link(worker, by=admin)

        assert token not in str(OneTimeLink.objects.values().get())

    def test_nobody_disables_or_demotes_themself(self, admin, make_user):
        make_user(Role.ADMINISTRATOR)

        with pytest.raises(NotYourself):
            services.disable_user(admin, by=admin)
        with pytest.raises(NotYourself):
            services.change_user(admin, **facts_of(admin, role=Role.MANAGER), by=admin)

    def test_the_last_administrator_stays(self, admin, manager):
        with pytest.raises(LastAdministrator):
            services.disable_user(admin, by=manager)

    def test_a_change_made_meanwhile_is_not_overwritten(self, admin, worker):
        stale = facts_of(worker, code_name="Second")
        services.change_user(worker, **facts_of(worker, code_name="First"), by=admin)

        with pytest.raises(UserChangedMeanwhile):
            services.change_user(worker, **stale, by=admin)

        worker.refresh_from_db()
        assert worker.code_name == "First"

    def test_duties_go_with_the_role_that_has_them(self, admin, make_user):
        payer = make_user(Role.REO_STAFF, duties=["payer"])

        services.change_user(payer, **facts_of(payer, role=Role.REO_VIEWER), by=admin)

        payer.refresh_from_db()
        assert payer.duties == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "verb",
    [
        lambda user, admin: services.change_user(user, **facts_of(user), by=admin),
        lambda user, admin: services.disable_user(user, by=admin),
        lambda user, admin: services.make_link(user, by=admin),
    ],
    ids=["change", "disable", "link"],
)
def test_a_verb_waits_for_the_one_that_holds_the_row(admin, worker, verb):
    done = threading.Event()

    def second() -> None:
        verb(User.objects.get(pk=worker.pk), admin)
        done.set()
        connection.close()

    with transaction.atomic():
        User.objects.select_for_update().get(pk=worker.pk)
        thread = threading.Thread(target=second)
        thread.start()
        assert not done.wait(0.4)
    thread.join(5)
    assert done.is_set()


@pytest.mark.django_db(transaction=True)
def test_two_uses_of_a_link_at_once_set_one_password(admin, worker):
    token = services.make_link(worker, by=admin)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def use(password: str) -> None:
        start.wait()
        try:
            services.set_password_by_link(token, password=password)
            outcomes.append("set")
        except LinkIsUsedUp:
            outcomes.append("refused")
        connection.close()

    threads = [threading.Thread(target=use, args=(f"{NEW_PASSWORD} {n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused", "set"]


@pytest.mark.django_db
class TestPages:
    def test_an_administrator_adds_somebody_who_then_chooses_a_password(
        self, admin, basrah, signed_in, client
    ):
        signed_in(admin)
        client.post(
            "/people/new/",
            {
                "username": "fresh",
                "code_name": "Fresh",
                "role": Role.WORKER,
                "sites": [basrah.pk],
                "language": "ar",
                "expires_on": "٣١/١٢/٢٠٣٠",
            },
        )
        user = User.objects.get(username="fresh")
        assert user.expires_on.isoformat() == "2030-12-31"

        shown = client.post(reverse("people:user_link", args=["fresh"]))
        token = shown.context["link"].rstrip("/").rsplit("/", 1)[1]
        client.logout()

        page = reverse("password_by_link", args=[token])
        short = client.post(page, {"password": "short", "again": "short"})
        assert "password" in short.context["form"].errors
        client.post(page, {"password": NEW_PASSWORD, "again": NEW_PASSWORD})
        client.post("/accounts/login/", {"login": "fresh", "password": NEW_PASSWORD})

        assert client.session["_auth_user_id"] == str(user.pk)
        assert client.get(page).status_code == 404

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"username": "Has Space"}, "username"),
            ({"username": "worker"}, "username"),
            ({"code_name": "WORKER"}, "code_name"),
            ({"sites": []}, "sites"),
            ({"role": Role.AUDITOR}, "sites"),
            ({"duties": ["payer"]}, "duties"),
            ({"expires_on": "31/31/2030"}, "expires_on"),
            ({"role": "emperor"}, "role"),
        ],
    )
    def test_bad_input_is_refused_where_it_was_typed_and_kept(
        self, admin, worker, basrah, signed_in, changes, field
    ):
        typed = {
            "username": "fresh",
            "code_name": "Fresh",
            "role": Role.WORKER,
            "sites": [basrah.pk],
            "language": "ar",
            "expires_on": "",
            **changes,
        }

        answer = signed_in(admin).post("/people/new/", typed)

        assert list(answer.context["form"].errors) == [field]
        assert not User.objects.filter(username="fresh").exists()
        assert 'value="fresh"' in answer.content.decode() or field == "username"

    def test_a_stale_form_shows_that_somebody_else_saved(self, admin, worker, signed_in):
        services.change_user(worker, **facts_of(worker, code_name="First"), by=admin)
        stale = {
            "code_name": "Second",
            "role": worker.role,
            "sites": [s.pk for s in worker.sites.all()],
            "language": "en",
            "version": worker.version,
        }

        answer = signed_in(admin).post(reverse("people:user_detail", args=["worker"]), stale)

        assert answer.context["form"].non_field_errors()
        worker.refresh_from_db()
        assert worker.code_name == "First"

    def test_disabling_ends_every_session_at_once(self, admin, worker, signed_in, client):
        from django.test import Client

        phone = Client()
        phone.post("/accounts/login/", {"login": worker.username, "password": PASSWORD})
        assert phone.get("/account/").status_code == 200

        signed_in(admin).post(reverse("people:user_disable", args=[worker.username]))

        assert phone.get("/account/").status_code == 302

    def test_one_ends_the_session_of_a_lost_phone_and_only_ones_own(self, worker, supervisor):
        from allauth.usersessions.models import UserSession
        from django.test import Client

        phone, desk, other = Client(), Client(), Client()
        for device, person in ((phone, worker), (desk, worker), (other, supervisor)):
            device.post("/accounts/login/", {"login": person.username, "password": PASSWORD})
            device.get("/account/")
        lost = UserSession.objects.get(session_key=phone.session.session_key)
        foreign = UserSession.objects.get(session_key=other.session.session_key)

        desk.post(reverse("session_end", args=[lost.pk]))

        assert phone.get("/account/").status_code == 302
        assert desk.get("/account/").status_code == 200
        assert desk.post(reverse("session_end", args=[foreign.pk])).status_code == 404

    def test_the_quick_exit_signs_out_and_leads_to_a_neutral_page(self, worker, signed_in, client):
        from django.test import Client

        strict = Client(enforce_csrf_checks=True)
        strict.force_login(worker)

        answer = strict.post("/accounts/leave/")

        assert answer["Location"] == "/accounts/away/"
        assert "_auth_user_id" not in strict.session
        assert b"Ceasefire" not in strict.get("/accounts/away/").content

    def test_no_script_reads_the_cookie_of_the_form_token(self, client):
        answer = client.get("/accounts/login/")

        assert answer.cookies["csrftoken"]["httponly"]
        assert b'name="csrfmiddlewaretoken"' in answer.content

    def test_language_and_digits_are_ones_own(self, worker, signed_in, client):
        signed_in(worker).post("/account/", {"language": "ar", "digits": "arabic"})

        assert b'dir="rtl"' in client.get("/account/").content

    def test_two_step_sign_in_asks_for_the_code_and_takes_it_once(self, worker, signed_in, client):
        from allauth.mfa.adapter import get_adapter
        from allauth.mfa.totp.internal.auth import (
            TOTP,
            format_hotp_value,
            hotp_value,
            yield_hotp_counters_from_time,
        )

        TOTP.activate(worker, "JBSWY3DPEHPK3PXP")
        assert get_adapter().is_mfa_enabled(worker)
        answer = client.post("/accounts/login/", {"login": worker.username, "password": PASSWORD})
        assert answer["Location"].startswith("/accounts/2fa/authenticate/")
        assert client.get("/account/").status_code == 302

        counter = next(iter(yield_hotp_counters_from_time()))
        code = format_hotp_value(hotp_value("JBSWY3DPEHPK3PXP", counter))
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert client.get("/account/").status_code == 200

        again = type(client)()
        again.post("/accounts/login/", {"login": worker.username, "password": PASSWORD})
        again.post("/accounts/2fa/authenticate/", {"code": code})
        assert again.get("/account/").status_code == 302

    def test_where_the_second_step_is_forced_nothing_else_opens(self, worker, signed_in, settings):
        settings.REQUIRE_MFA = True
        answer = signed_in(worker).get("/")
        assert answer["Location"] == reverse("mfa_activate_totp")


@pytest.mark.django_db
def test_the_first_administrator_is_made_with_a_link_and_no_password(capsys):
    call_command("create_administrator", "chief", "--host", "https://example.org/")

    link = capsys.readouterr().out.strip()
    user = User.objects.get(username="chief")
    assert user.role == Role.ADMINISTRATOR
    assert link.startswith("https://example.org/accounts/password/new/")
    assert services.find_link(link.rstrip("/").rsplit("/", 1)[1]).user == user


@pytest.mark.django_db
def test_the_command_never_makes_a_worker_an_administrator(worker):
    with pytest.raises(CommandError):
        call_command("create_administrator", worker.username)
