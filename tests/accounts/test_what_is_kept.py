"""Of a sign-in no address and no phone model is kept, and not longer than it is of use."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from ceasefire.accounts import tasks
from ceasefire.accounts.devices import device_name
from ceasefire.people import lockout
from ceasefire.people.models import OneTimeLink, SignInFailure
from tests.conftest import PASSWORD

PHONE = (
    "Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36"
)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (PHONE, "Chrome, Android"),
        (PHONE.replace("Chrome/", "SamsungBrowser/25.0 Chrome/"), "Samsung Internet, Android"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox, Linux",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge, Windows"),
        ("curl/8.5.0", "?"),
        ("", "?"),
    ],
)
def test_a_device_is_named_by_browser_and_kind(user_agent, name):
    assert device_name(user_agent) == name


@pytest.mark.django_db
def test_a_sign_in_leaves_neither_address_nor_phone_model(client, worker):
    client.post(
        reverse("account_login"),
        {"login": worker.username, "password": PASSWORD},
        REMOTE_ADDR="203.0.113.77",
        HTTP_USER_AGENT=PHONE,
    )

    kept = UserSession.objects.get(user=worker)
    assert (kept.ip, kept.user_agent) == ("0.0.0.0", "Chrome, Android")
    kept.save()
    assert kept.user_agent == "Chrome, Android"
    with connection.cursor() as cursor:
        for table in ("people_signinfailure", "audit_auditevent", "usersessions_usersession"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%203.0.113.77%'")
            assert cursor.fetchone() == (0,), table


@pytest.mark.django_db
def test_a_sign_in_through_a_socket_without_an_address_works(client, worker):
    answer = client.post(
        reverse("account_login"),
        {"login": worker.username, "password": PASSWORD},
        REMOTE_ADDR="",
    )

    assert answer.status_code == 302
    assert UserSession.objects.filter(user=worker).exists()


@pytest.mark.django_db
def test_the_daily_clearing_takes_what_ended_and_leaves_what_lives(client, worker):
    client.force_login(worker)
    live = client.session.session_key
    UserSession.objects.create(user=worker, ip="192.0.2.1", session_key=live)
    now = timezone.now()
    Session.objects.create(session_key="gone", session_data="x", expire_date=now - timedelta(1))
    UserSession.objects.create(user=worker, ip="192.0.2.1", session_key="gone")
    lockout.note_failure("somebody", "192.0.2.1")
    lockout.note_failure("long ago", "192.0.2.1")
    old = SignInFailure.objects.latest("pk")
    SignInFailure.objects.filter(pk=old.pk).update(updated_at=now - timedelta(hours=25))
    for digest, days in (("fresh", 0), ("old", 31)):
        OneTimeLink.objects.create(
            user=worker, created_by=worker, digest=digest, expires_at=now - timedelta(days)
        )

    tasks.clear_expired()
    tasks.clear_expired()

    assert list(Session.objects.values_list("session_key", flat=True)) == [live]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [live]
    assert SignInFailure.objects.count() == 1
    assert list(OneTimeLink.objects.values_list("digest", flat=True)) == ["fresh"]


def test_the_clearing_is_entered_once_a_day():
    (due,) = tasks.due_days()

    assert (due.period, due.kind) == (timezone.localdate().isoformat(), tasks.CLEAR)
