"""Guesses at a code or an old password are counted; what a person changes is written down."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from django.urls import reverse

from ceasefire.audit.models import AuditEvent
from ceasefire.people import lockout
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

HERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"
NEW_PASSWORD = "quiet river seven boats"


@pytest.fixture
def secret(worker) -> str:
    """The worker's second step is set up with this secret."""
    made = generate_totp_secret()
    TOTP.activate(worker, made)
    return made


def right_code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(counters()))))


def half_way(client, address=HERE):
    """The password is right; the code is asked."""
    answer = client.post(
        reverse("account_login"), {"login": "worker", "password": PASSWORD}, REMOTE_ADDR=address
    )
    assert answer["Location"] == reverse("mfa_authenticate")


def give(client, code, address=HERE):
    return client.post(reverse("mfa_authenticate"), {"code": code}, REMOTE_ADDR=address)


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("seq").values_list("verb", flat=True))


def test_the_right_code_signs_in(client, secret):
    half_way(client)

    give(client, right_code(secret))

    assert is_in(client)


def test_five_wrong_codes_lock_the_code_from_that_address(client, secret):
    half_way(client)
    for _try in range(5):
        give(client, "wrong")

    answer = give(client, right_code(secret))

    assert b"Too many wrong tries" in answer.content
    assert not is_in(client)
    assert verbs().count("people.second_step_failed") == 5


def test_a_new_start_of_the_sign_in_gives_no_new_tries(client, secret):
    for _round in range(5):
        half_way(client)
        give(client, "wrong")
        client.cookies.clear()
    half_way(client)

    give(client, right_code(secret))

    assert not is_in(client)


def test_the_same_person_goes_on_from_another_address(client, secret):
    half_way(client)
    for _try in range(5):
        give(client, "wrong")
    client.cookies.clear()

    half_way(client, ELSEWHERE)
    give(client, right_code(secret), ELSEWHERE)

    assert is_in(client)


def test_wrong_codes_from_many_addresses_lock_the_code_everywhere(client, secret, worker):
    for number in range(lockout.FREE_CODES):
        lockout.note_wrong_code(worker, f"10.1.0.{number}")
    half_way(client)

    answer = give(client, right_code(secret))

    assert b"Too many wrong tries" in answer.content
    assert not is_in(client)


def test_the_code_that_is_asked_again_is_counted_too(client, secret, worker):
    client.force_login(worker)
    for _try in range(5):
        client.post(reverse("mfa_reauthenticate"), {"code": "wrong"})

    answer = client.post(reverse("mfa_reauthenticate"), {"code": right_code(secret)})

    assert b"Too many wrong tries" in answer.content


def change_password(client, old):
    return client.post(
        reverse("account_change_password"),
        {"oldpassword": old, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )


def test_the_old_password_is_not_guessed_on_an_unlocked_phone(client, worker):
    client.force_login(worker)
    for _try in range(5):
        assert change_password(client, "wrong").status_code == 200

    answer = change_password(client, PASSWORD)

    worker.refresh_from_db()
    assert b"Too many wrong tries" in answer.content
    assert worker.check_password(PASSWORD)


def test_a_new_password_is_written_down_and_ends_the_other_sessions(client, worker):
    phone = type(client)()
    phone.force_login(worker)
    client.force_login(worker)

    change_password(client, PASSWORD)

    assert "people.password_set" in verbs()
    assert client.get(reverse("account")).status_code == 200
    assert phone.get(reverse("account")).status_code == 302


def test_setting_up_and_taking_away_the_second_step_is_written_down(worker, secret):
    Authenticator.objects.filter(user=worker).delete()

    events = AuditEvent.objects.order_by("seq").values_list("verb", "actor_name", "detail")
    assert list(events) == [
        ("people.second_step_added", worker.code_name, {"type": "totp"}),
        ("people.second_step_removed", worker.code_name, {"type": "totp"}),
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),  # one line, any address of it
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),  # IPv4 in the clothes of IPv6
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
    ],
)
def test_an_ipv6_line_counts_as_one_address(rf, one, other, same):
    first, second = (lockout.client_address(rf.get("/", REMOTE_ADDR=a)) for a in (one, other))

    assert (first == second) == same


@pytest.mark.parametrize("word", ["home", "nothing-such", "x.y"])
def test_a_bare_word_is_no_way_on_after_choosing_a_language(client, word):
    answer = client.post(reverse("language_set"), {"language": "en", "next": word})

    assert answer.status_code == 302
    assert answer["Location"] == word
