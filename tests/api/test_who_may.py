"""Who may ask what by a device: one row for every operation, one column for every role; tokens."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ceasefire.accounts import services as accounts
from ceasefire.api import services
from ceasefire.api.exceptions import NotForThisPerson, SecondStepFirst, TooManyTokens
from ceasefire.api.models import DeviceToken
from ceasefire.audit.models import AuditEvent
from ceasefire.people.models import User
from ceasefire.people.roles import ALL_SITE_ROLES, Role
from tests.api.conftest import Device
from tests.conftest import PASSWORD
from tests.test_permissions import COLUMNS

#: In the shape of a token, and nobody's.
NOBODYS = "cft_00000000_" + "a" * 43
pytestmark = pytest.mark.django_db
#: The statuses in the order of COLUMNS; the body of POST is empty, so 400 says "allowed".
TABLE: list[tuple[str, str, str]] = [
    # method, path, statuses:          VI  OW  SU  MA  DO  RS  RV  AU  AD
    ("GET", "/openapi.json", "200 200 200 200 200 403 403 403 200"),
    ("GET", "/me/", "200 200 200 200 200 403 403 403 200"),
    ("GET", "/places/", "200 200 200 200 200 403 403 403 200"),
    ("GET", "/places/IQG02Q02/", "200 200 200 200 200 403 403 403 200"),
    ("GET", "/places/NOWHERE/", "404 404 404 404 404 403 403 403 404"),
    ("POST", "/places/", "403 403 403 403 403 403 403 403 400"),
    ("DELETE", "/places/", "405 405 405 405 405 405 405 405 405"),
    ("GET", "/incidents/", "200 200 200 200 200 403 403 403 403"),
    ("POST", "/incidents/", "400 400 400 400 403 403 403 403 403"),
    ("DELETE", "/incidents/", "405 405 405 405 405 405 405 405 405"),
    ("GET", "/incidents/INC-2026-999999/", "404 404 404 404 404 403 403 403 403"),
    ("GET", "/nothing/", "404 404 404 404 404 404 404 404 404"),
]


def token_of(user: Any, *scopes: str, **facts: Any) -> str:
    """A token whatever the role, as one that was made before the role changed."""
    text = f"cft_{'0' * 8}_{hashlib.sha256(user.username.encode()).hexdigest()[:43]}"
    now = timezone.now()
    facts = {"created_at": now, "expires_at": now + timedelta(days=1), **facts}
    DeviceToken.objects.create(
        user=user,
        device="tablet",
        prefix="cft_00000000",
        digest=services.digest_of(text),
        scopes=list(scopes) or ["read", "write"],
        **facts,
    )
    return text


@pytest.mark.parametrize(
    ("method", "path", "statuses"), TABLE, ids=[f"{m} {p}" for m, p, _s in TABLE]
)
def test_the_table_holds(method, path, statuses, make_user, basrah):
    found = {}
    for short, role in COLUMNS.items():
        user = make_user(role, *([] if role in ALL_SITE_ROLES else [basrah]))
        answer = Device(token_of(user)).ask(method, path)
        assert answer["Content-Type"] == "application/json"
        assert answer["Cache-Control"] == "no-store, private"
        found[short] = str(answer.status_code)

    assert found == dict(zip(COLUMNS, statuses.split(), strict=True))


def test_a_session_opens_nothing_here_and_a_token_no_page(worker, signed_in, device):
    browser = signed_in(worker)

    assert browser.get("/api/v1/me/").status_code == 401
    assert "sessionid" not in browser.get("/api/v1/me/").cookies
    page = Client().get("/incidents/", headers={"Authorization": f"Bearer {device(worker).token}"})
    assert page.status_code == 302
    assert page["Location"].startswith("/accounts/login/")


def test_a_device_gets_no_cookie_and_no_other_site_may_ask(device, worker):
    answer = device(worker).get("/me/", **{"Origin": "https://elsewhere.example"})

    assert answer.status_code == 200
    assert not answer.cookies
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_token_reads_or_writes_as_its_scopes_say(device, worker):
    reads, writes = device(worker, "read"), device(worker, "write")

    assert reads.get("/incidents/").status_code == 200
    assert reads.send({}).json()["code"] == "scope"
    assert writes.get("/incidents/").json()["code"] == "scope"
    assert writes.send({}).status_code == 400


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic d29ya2VyOng=",
        "Bearer short",
        "Bearer cft_00000000_" + "a" * 43,
    ],
)
def test_what_is_no_token_opens_nothing(header, db):
    answer = Client().get("/api/v1/me/", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_only_the_digest_is_kept(worker):
    made, token = services.create_token(worker, device="tablet", scopes=["read"])

    assert token not in str(DeviceToken.objects.filter(pk=made.pk).values())
    assert made.digest == hashlib.sha256(token.encode()).hexdigest()
    assert len(token.split("_", 2)[2]) == 43, "256 bits"


def test_a_token_ends_with_its_day_and_with_the_account(worker):
    past = timezone.now() - timedelta(days=91)
    old = token_of(worker, created_at=past, expires_at=past + timedelta(days=90))
    assert Device(old).get("/me/").status_code == 401

    DeviceToken.objects.update(digest="0" * 64)
    phone = Device(token_of(worker))
    assert phone.get("/me/").status_code == 200
    User.objects.filter(pk=worker.pk).update(expires_on=timezone.localdate())
    assert phone.get("/me/").status_code == 401


@pytest.mark.parametrize("how", ["disabled", "role", "link", "own", "administrator"])
def test_what_ends_a_token(how, worker, make_user, device, basrah):
    administrator = make_user(Role.ADMINISTRATOR)
    phone = device(worker)
    if how == "disabled":
        accounts.disable_user(worker, by=administrator)
        User.objects.filter(pk=worker.pk).update(is_active=True)
    elif how == "role":
        accounts.change_user(
            worker,
            code_name=worker.code_name,
            role=Role.INTERRUPTER,
            sites=[basrah],
            supervisor=None,
            duties=[],
            language="en",
            expires_on=None,
            version=worker.version,
            by=administrator,
        )
    elif how == "link":
        link = accounts.make_link(worker, by=administrator)
        accounts.set_password_by_link(link, password="another long password")
    elif how == "own":
        services.revoke_token(DeviceToken.objects.get(), by=worker)
    else:
        services.revoke_token(DeviceToken.objects.get(), by=administrator)

    assert phone.get("/me/").status_code == 401
    assert AuditEvent.objects.filter(verb="api.token_revoked").count() == 1


def test_a_new_password_ends_the_tokens(worker, device, client):
    phone = device(worker)
    client.post("/accounts/login/", {"login": worker.username, "password": PASSWORD})

    client.post(
        reverse("account_change_password"),
        {
            "oldpassword": PASSWORD,
            "password1": "quite another long one",
            "password2": "quite another long one",
        },
    )

    assert phone.get("/me/").status_code == 401


def test_nobody_else_ends_a_token(worker, supervisor, device):
    phone = device(worker)
    with pytest.raises(NotForThisPerson):
        services.revoke_token(DeviceToken.objects.get(), by=supervisor)

    assert phone.get("/me/").status_code == 200


def test_ten_devices_are_enough(worker):
    for _number in range(10):
        services.create_token(worker, device="tablet", scopes=["read"])

    with pytest.raises(TooManyTokens):
        services.create_token(worker, device="tablet", scopes=["read"])


def test_where_a_second_step_is_forced_a_token_needs_it_too(worker, device, settings):
    phone = device(worker)
    settings.REQUIRE_MFA = True

    assert phone.get("/me/").json()["code"] == "second_step"
    with pytest.raises(SecondStepFirst):
        services.create_token(worker, device="tablet", scopes=["read"])


def test_many_unknown_tokens_make_an_address_wait_but_lock_nobody_out(worker, device):
    phone, stranger = device(worker), Device("cft_00000000_" + "b" * 43)
    statuses = [stranger.get("/me/").status_code for _number in range(22)]

    assert statuses[:20] == [401] * 20
    assert statuses[-1] == 429
    assert int(stranger.get("/me/")["Retry-After"]) > 0
    assert phone.get("/me/").status_code == 200
    assert AuditEvent.objects.filter(verb="api.address_locked").count() == 1


def test_the_last_use_is_written_once_an_hour(worker, device):
    phone = device(worker)
    phone.get("/me/")
    first = DeviceToken.objects.get().last_used_at
    with CaptureQueriesContext(connection) as seen:
        phone.get("/me/")
    assert not [q for q in seen if q["sql"].startswith("UPDATE")]
    DeviceToken.objects.update(last_used_at=first - timedelta(hours=2))
    phone.get("/me/")

    assert DeviceToken.objects.get().last_used_at > first - timedelta(minutes=1)


def test_a_token_is_made_after_the_password_and_shown_once(worker, client):
    client.force_login(worker)
    asked = client.get(reverse("token_new"))
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    client.post(asked["Location"], {"password": PASSWORD})

    page = client.post(reverse("token_new"), {"device": "site tablet", "scopes": ["read"]})

    token = page.context["token"]
    assert Device(token).get("/me/").status_code == 200
    listed = client.get(reverse("token_list")).content.decode()
    assert "site tablet" in listed
    assert token not in listed


def test_a_token_stands_in_no_log_line(worker, device, caplog):
    phone = device(worker)
    phone.get("/me/")
    phone.get("/nothing/")
    phone.get("/incidents/?typo=1")

    assert phone.token not in caplog.text
