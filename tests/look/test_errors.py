"""Errors: in words, in the reader's language, without database or session where needed."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from ceasefire.look import errors
from tests.look import addresses


@require_safe
def breaks(request):
    raise RuntimeError("a secret of the program")


def loses_the_database(request):
    try:
        raise OperationalError("server closed the connection at 10.0.0.7")
    except OperationalError as error:
        raise RuntimeError("wrapped") from error


def loses_the_cursor(request):
    raise InterfaceError("cursor already closed")


def refuses(request):
    raise PermissionDenied


def takes(request):
    return HttpResponse("taken")


for _view in (breaks, loses_the_database, loses_the_cursor, refuses, takes):
    _view.login_required = False

urlpatterns = [
    path("breaks/", breaks),
    path("loses/", loses_the_database),
    path("loses-cursor/", loses_the_cursor),
    path("refuses/", refuses),
    path("takes/", takes),
    *addresses.urlpatterns,
]
handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error


@pytest.fixture(autouse=True)
def _these_addresses():
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def browser(client):
    client.raise_request_exception = False
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/breaks/", 500, "Something broke"),
        ("/loses/", 503, "Back in a moment"),
        ("/loses-cursor/", 503, "Back in a moment"),
        ("/refuses/", 403, "Not for your role"),
        ("/no/such/place/", 404, "Not found"),
    ],
)
def test_each_error_says_what_to_do_and_gives_nothing_away(browser, address, status, words):
    answer = browser.get(address)
    page = answer.content.decode()

    assert answer.status_code == status
    assert f"<h1>{words}</h1>" in " ".join(page.split())
    assert "secret" not in page
    assert "10.0.0.7" not in page
    assert "Traceback" not in page


@pytest.mark.django_db
def test_a_lost_database_asks_to_come_back(browser):
    answer = browser.get("/loses/")

    assert answer.headers["Retry-After"] == "10"
    assert 'href="/loses/"' in answer.content.decode()  # try again where one was


@pytest.mark.parametrize(
    "view", [errors.service_unavailable, errors.server_error, errors.bad_request]
)
def test_the_plain_errors_touch_neither_database_nor_session(view):
    """No `django_db` mark: a query would fail the test; and there is neither user nor session."""
    request = RequestFactory().get("/incidents/?q=x", HTTP_ACCEPT_LANGUAGE="ar")
    answer = view(request)

    assert answer.headers["Cache-Control"] == "no-store, private"
    assert 'dir="rtl"' in answer.content.decode()


def test_somebody_signed_in_can_leave_from_an_error_page():
    request = RequestFactory().get("/")
    assert "data-leave-url" not in errors.server_error(request).content.decode()

    request.COOKIES["sessionid"] = "anything"
    assert "data-leave-url" in errors.server_error(request).content.decode()


@pytest.mark.django_db
def test_an_error_page_inside_a_broken_transaction_still_shows(browser, worker):
    browser.force_login(worker)

    assert browser.get("/refuses/").status_code == 403
    assert "data-leave-url" in browser.get("/no/such/place/").content.decode()


@pytest.mark.django_db
def test_a_form_with_an_old_mark_is_told_how_to_go_on():
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post("/takes/", {"a": "b"})

    assert answer.status_code == 403
    assert "Please send it again" in answer.content.decode()


@pytest.mark.django_db
def test_signed_in_answers_are_never_kept(browser, worker):
    browser.force_login(worker)

    for address in ("/takes/", "/no/such/place/", "/breaks/", "/loses/"):
        assert "no-store" in browser.get(address).headers["Cache-Control"], address


@pytest.mark.django_db
def test_answers_carry_the_headers_of_the_house(browser):
    headers = browser.get("/takes/").headers

    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "'unsafe-inline'" not in headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_a_signed_in_page_puts_leaving_first_in_the_order_of_tabbing(browser, worker):
    browser.force_login(worker)
    page = browser.get("/no/such/place/").content.decode()
    body = page[page.index("<body") :]

    assert body.index("data-leave-url") < body.index('class="skip"') < body.index("<nav")


def test_the_connection_is_not_even_opened_for_a_503():
    request = RequestFactory().get("/")
    before = connection.connection
    errors.service_unavailable(request)

    assert connection.connection is before


@pytest.mark.parametrize("name", ["leave", "away"])
def test_the_quick_exit_shows_its_empty_page_without_the_database(rf, name):
    request = rf.get(reverse(name))
    request.COOKIES["sessionid"] = "a-session"
    try:
        raise OperationalError("gone")
    except OperationalError:
        answer = errors.server_error(request)

    assert answer.status_code == 200
    assert "Ceasefire" not in answer.content.decode()
    assert answer.cookies["sessionid"].value == ""
    assert answer["Clear-Site-Data"] == '"cache"'
