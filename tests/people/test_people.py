"""Roles, lock-out, time-outs, passwords: who gets in, and for how long."""

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ceasefire.people import lockout, roles
from ceasefire.people.models import SignInFailure, User
from ceasefire.people.passwords import CommonPasswordValidator, RoleMinimumLengthValidator
from ceasefire.people.roles import Role
from tests.conftest import PASSWORD

LOGIN = "/accounts/login/"


def sign_in(client, user, password=PASSWORD, address="10.0.0.1"):
    return client.post(LOGIN, {"login": user.username, "password": password}, REMOTE_ADDR=address)


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_the_table_names_each_of_the_nine_roles_and_nothing_else():
    assert set(roles.PERMISSIONS) == set(Role.values)
    assert len(Role.values) == 9


@pytest.mark.parametrize("role", [*roles.REO_ROLES, Role.AUDITOR, Role.ADMINISTRATOR])
def test_no_office_outside_the_program_holds_a_permission_on_incidents(role):
    assert not [p for p in roles.PERMISSIONS[role] if p.startswith(("incidents.", "vault."))]


def test_production_hashes_passwords_with_argon2():
    names = [h for h in settings.PASSWORD_HASHERS if "MD5" not in h]

    assert names[0].endswith(Argon2PasswordHasher.__name__)


@pytest.mark.django_db
def test_a_person_signs_in_and_out(client, worker):
    assert sign_in(client, worker).status_code == 302
    assert is_in(client)

    client.post("/accounts/logout/")

    assert not is_in(client)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"expires_on": timezone.localdate()}],
    ids=["disabled", "expired"],
)
def test_who_may_not_sign_in_gets_the_same_answer_as_a_wrong_password(client, worker, change):
    User.objects.filter(pk=worker.pk).update(**change)

    answer = sign_in(client, worker)

    assert answer.status_code == 200
    assert not is_in(client)


@pytest.mark.django_db
def test_disabling_ends_a_session_at_the_next_request(client, worker):
    sign_in(client, worker)
    assert client.get("/account/").status_code == 200

    User.objects.filter(pk=worker.pk).update(is_active=False)

    assert client.get("/account/").status_code == 302
    assert not is_in(client)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mark", "seconds", "stays"),
    [
        ("seen_at", 59 * 60, True),
        ("seen_at", 61 * 60, False),  # idle too long
        ("started_at", 11 * 3600, True),
        ("started_at", 12 * 3600 + 60, False),  # signed in too long, however busy
    ],
)
def test_a_session_ends_when_idle_or_old(client, worker, mark, seconds, stays):
    sign_in(client, worker)
    client.get("/account/")
    session = client.session
    session[mark] = session[mark] - seconds
    session.save()

    client.get("/account/")

    assert is_in(client) == stays


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("/account/", True),
        ("/accounts/token/", False),  # a waiting form asks this by itself
        ("/reports/BASRAH-CENTRE/2026-11-15/progress/", False),  # so does a page of progress
    ],
)
def test_only_what_a_person_does_keeps_the_session(client, manager, path, counts):
    sign_in(client, manager)
    client.get("/account/")
    session = client.session
    session["seen_at"] = before = session["seen_at"] - 600
    session.save()

    client.get(path)

    assert (client.session["seen_at"] > before) == counts


@pytest.mark.django_db
def test_there_is_no_sign_up_and_no_reset_by_mail(client):
    for path in ("/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"):
        assert client.get(path).status_code in {302, 404}
    assert User.objects.count() == 0


class TestLockOut:
    pytestmark = pytest.mark.django_db

    def test_five_wrong_tries_lock_the_name_from_that_address_only(self, client, worker):
        for _try in range(5):
            sign_in(client, worker, "wrong")

        locked = sign_in(client, worker)
        assert not is_in(client)
        assert b"Too many wrong tries" in locked.content

        sign_in(client, worker, address="10.0.0.2")
        assert is_in(client)

    def test_a_thousand_bad_tries_from_one_address_never_lock_the_person_elsewhere(
        self, client, worker
    ):
        for _try in range(1000):
            lockout.note_failure(worker.username, "10.9.9.9")

        sign_in(client, worker, address="10.0.0.2")

        assert is_in(client)

    def test_a_colleague_behind_the_same_address_is_not_locked(self, client, worker, supervisor):
        for _try in range(20):
            sign_in(client, worker, "wrong")

        sign_in(client, supervisor)

        assert is_in(client)

    @pytest.mark.parametrize(
        ("count", "minutes"), [(1, None), (4, None), (5, 1), (6, 2), (8, 8), (30, 60)]
    )
    def test_the_delay_grows(self, count, minutes):
        assert lockout.delay_after(count) == (minutes and timedelta(minutes=minutes))

    def test_a_right_password_forgets_the_failures(self, client, worker):
        for _try in range(4):
            sign_in(client, worker, "wrong")

        sign_in(client, worker)

        assert not SignInFailure.objects.exists()

    def test_no_name_and_no_address_stand_in_the_table(self, worker):
        lockout.note_failure(worker.username, "10.0.0.77")

        row = SignInFailure.objects.values().get()

        assert worker.username not in str(row)
        assert "10.0.0.77" not in str(row)

    def test_a_forwarded_address_is_believed_only_behind_a_trusted_proxy(self, rf, settings):
        request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 7.7.7.7")

        assert lockout.client_address(request) == "10.0.0.1"
        settings.TRUSTED_PROXIES = 1
        assert lockout.client_address(request) == "7.7.7.7"


@pytest.mark.django_db(transaction=True)
def test_parallel_wrong_tries_are_all_counted(worker):
    def attempt() -> None:
        lockout.note_failure(worker.username, "10.0.0.1")
        connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert SignInFailure.objects.get().count == 12


@pytest.mark.parametrize(
    ("role", "length", "good"),
    [
        (Role.WORKER, 11, False),
        (Role.WORKER, 12, True),
        (Role.ADMINISTRATOR, 14, False),
        (Role.ADMINISTRATOR, 15, True),
        (Role.AUDITOR, 14, False),
    ],
)
def test_how_long_a_password_must_be(role, length, good):
    user = User(role=role)
    validator = RoleMinimumLengthValidator()
    if good:
        validator.validate("x" * length, user)
    else:
        with pytest.raises(ValidationError):
            validator.validate("x" * length, user)


@pytest.mark.parametrize(
    "password", ["password1234", "hussein123456789", "ضصثقفغعهخحجد", "١٢٣٤٥٦٧٨٩٠١٢", "07701234567"]
)
def test_common_passwords_are_refused(password):
    with pytest.raises(ValidationError):
        CommonPasswordValidator().validate(password)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "facts",
    [
        {"role": "emperor"},
        {"role": Role.WORKER, "duties": ["payer"]},
    ],
    ids=["a tenth role", "a worker with a duty"],
)
def test_the_database_refuses_a_user_who_cannot_be(facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="x", code_name="x", **facts)


@pytest.mark.django_db
def test_a_user_name_is_taken_once_whatever_its_case(worker):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="WORKER", code_name="Other", role=Role.WORKER)
