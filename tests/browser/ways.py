"""How a person comes to the pages that only an answer leads to, and to those of a fault.

Each way works whichever others were gone before it, and twice: once a language.
"""

import hashlib
import hmac
import re
import struct
import sys
import time
from base64 import b32decode
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from ceasefire import periods
from ceasefire.look import errors
from tests.browser.ways_to_edits import WAYS_TO_EDITS
from tests.demo_world import PASSWORD, World

Way = Callable[[Any, World], None]
SEND = "main form .form-actions button[type=submit]"
#: One row to take, another one each time, and one to refuse.
ROWS = (
    "type,occurred_from,place,killed_best,source_kind,summary\n"
    "MUR,2026-02-11,IQG02Q02,1,media,told {number}\n"
    "XXX,31/02/2026,Nowhere,many,media,\n"
)


# --- two-step sign-in ---------------------------------------------------------------------------


def six_digits(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238, 30 seconds, SHA-1)."""
    key = b32decode(secret + "=" * (-len(secret) % 8))
    mark = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = mark[-1] & 15
    return f"{(struct.unpack('>I', mark[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def _protected(page: Any, world: World, path: str) -> None:
    """Open a page that asks for the password again where the sign-in is not fresh."""
    page.goto(world.url(path))
    if "/reauthenticate/" in page.url:
        page.locator("main [name=password]").fill(PASSWORD)
        page.locator(SEND).first.click()
        page.wait_for_url(re.compile(re.escape(path)))


def set_up_second_step(page: Any, world: World) -> None:
    _protected(page, world, "/accounts/2fa/totp/activate/")
    page.locator("img.qr").wait_for()


def _second_step_refused(page: Any, world: World) -> None:
    set_up_second_step(page, world)
    page.locator("main [name=code]").fill("000000")
    page.locator(SEND).first.click()
    page.locator(".field-error").first.wait_for()


def _codes(page: Any, world: World) -> None:
    """Turn two-step sign-in on, once; then look at the codes."""
    page.goto(world.url("/accounts/2fa/"))
    if page.locator("a[href='/accounts/2fa/totp/activate/']").count():
        set_up_second_step(page, world)
        page.locator("main [name=code]").fill(six_digits(page.locator("main .code").inner_text()))
        page.locator(SEND).first.click()
    page.goto(world.url("/accounts/2fa/recovery-codes/"))
    page.locator("main li .code").first.wait_for()


def _new_codes(page: Any, world: World) -> None:
    _codes(page, world)
    page.goto(world.url("/accounts/2fa/recovery-codes/generate/"))


def _turn_off(page: Any, world: World) -> None:
    _codes(page, world)
    page.goto(world.url("/accounts/2fa/totp/deactivate/"))


def _asked_for_the_code(page: Any, world: World) -> None:
    page.goto(world.url("/"))
    if page.locator("[data-leave-url]").count():
        _codes(page, world)
        page.goto(world.url("/accounts/logout/"))
        page.locator(SEND).first.click()
    page.goto(world.url("/accounts/login/"))
    if "/2fa/authenticate/" in page.url:
        return
    page.locator("[name=login]").fill(page.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form:not(.languages) button[type=submit]").first.click()
    page.wait_for_url(re.compile("/accounts/2fa/authenticate/"))


# --- accounts, reports, names -------------------------------------------------------------------


def _one_time_link(page: Any, world: World) -> None:
    page.goto(world.url("/people/reo.payer/"))
    page.locator("form[action$='/link/'] button").click()
    page.locator("main p.panel .code").wait_for()


def _token_new(page: Any, world: World) -> None:
    _protected(page, world, "/account/tokens/new/")
    page.locator("main [name=device]").wait_for()


def _token_made(page: Any, world: World) -> None:
    _protected(page, world, "/account/tokens/new/")
    page.locator("main [name=device]").fill("tablet 2")
    page.locator("main form .form-actions button[type=submit]").first.click()
    page.locator("main p.panel .code").wait_for()


def _token_refused(page: Any, world: World) -> None:
    _protected(page, world, "/account/tokens/new/")
    page.locator("main form .form-actions button[type=submit]").first.click()
    page.locator("[data-error-summary], .field-error").first.wait_for()


def _tokens(page: Any, world: World) -> None:
    """The list with a token in it, which may be revoked."""
    _token_made(page, world)
    page.goto(world.url("/account/tokens/"))
    page.locator("main table").wait_for()


def _being_compiled(page: Any, world: World) -> None:
    """A week that nobody compiled yet; no worker runs here, so it waits."""
    week = periods.Week.of(periods.today()).plus(-9)
    address = f"/reports/BASRAH-CENTRE/{week}/"
    page.goto(world.url(address))
    if not page.locator("#progress").count():
        page.locator("form[action$='/compile/'] button").click()
        page.locator("#progress").wait_for()


def _revealed(page: Any, world: World) -> None:
    """A sealed name, shown to one who says why."""
    _incident_with_a_name(page, world)
    reveal = page.locator("form[action$='/reveal/']").first
    reveal.locator("xpath=..").locator("summary").click()
    reveal.locator("[name=reveal-reason]").fill("to call the family back")
    reveal.locator("button").click()
    page.wait_for_url(re.compile("/reveal/"))


def _reveal_without_a_reason(page: Any, world: World) -> None:
    _incident_with_a_name(page, world)
    page.locator("form[action$='/reveal/']").first.evaluate("form => form.submit()")
    page.wait_for_url(re.compile("/reveal/"))


def _incident_with_a_name(page: Any, world: World) -> None:
    page.goto(world.url("/incidents/{in_review}/"))
    if page.locator("form[action$='/reveal/']").count():
        return
    form = page.locator("form[action$='/sources/']")
    form.locator("xpath=..").locator("summary").click()
    for field in form.locator("select").all():
        field.select_option(index=1)
    form.locator("[name$=name]").fill("Karim Abd")
    form.locator("button[type=submit]").click()
    page.locator("form[action$='/reveal/']").first.wait_for(state="attached")


# --- import -------------------------------------------------------------------------------------


def _sent_file(page: Any, world: World) -> None:
    rows = ROWS.format(number=time.time_ns())
    page.goto(world.url("/incidents/import/"))
    page.locator("[type=file]").set_input_files(
        {"name": "rows.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.locator("main form .form-actions .btn-primary").first.click()
    page.wait_for_url(re.compile("/columns/"))
    page.locator("main form .form-actions .btn-primary").first.click()
    # The refused row has a word that nobody gave a meaning: asked for, and left open here.
    page.wait_for_url(re.compile("/incidents/import/[^/]+/(values/|words/)?$"))
    if not re.search("/import/[^/]+/$", page.url):
        page.locator("main form .form-actions .btn-primary").first.click()
    page.wait_for_url(re.compile("/incidents/import/[^/]+/$"))


def _imported(page: Any, world: World) -> None:
    _sent_file(page, world)
    page.locator("main form.panel [type=checkbox]").check()
    page.locator("main form.panel .form-actions .btn-primary").click()
    page.locator("a[href$='/undo/']").wait_for()


def _undo_asked(page: Any, world: World) -> None:
    _imported(page, world)
    page.locator("a[href$='/undo/']").click()
    page.wait_for_url(re.compile("/undo/"))


def _undone(page: Any, world: World) -> None:
    _undo_asked(page, world)
    page.locator("main form .btn-danger").click()
    page.wait_for_url(re.compile("/incidents/import/[^/]+/$"))


def _wrong_file(page: Any, world: World) -> None:
    page.goto(world.url("/incidents/import/"))
    page.locator("main form .form-actions .btn-primary").first.click()
    page.locator("[data-error-summary], .field-error").first.wait_for()


# --- faults -------------------------------------------------------------------------------------


def _shown(made: Callable[[HttpRequest], HttpResponse]) -> Way:
    """The way to a page of a fault: made by the program's own view, laid into the browser."""

    def go(page: Any, world: World) -> None:
        request = RequestFactory().get("/broken/", headers={"accept-language": page.language})
        request.COOKIES[settings.SESSION_COOKIE_NAME] = "some session"
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = page.language
        answer = made(request)
        page.route(
            "**/broken/",
            lambda route: route.fulfill(
                status=answer.status_code,
                headers={"Content-Type": "text/html; charset=utf-8"},
                body=answer.content,
            ),
        )
        page.goto(world.url("/broken/"))

    return go


def _server_error(request: HttpRequest) -> HttpResponse:
    assert sys.exc_info()[0] is None
    return errors.server_error(request)


#: Pages that only an answer leads to: name: (user name, how to get there).
WAYS: dict[str, tuple[str, Way]] = {
    **WAYS_TO_EDITS,
    "two-step sign-in, set up": ("reo.officer", set_up_second_step),
    "two-step sign-in, wrong code": ("reo.officer", _second_step_refused),
    "recovery codes": ("supervisor.zubair", _codes),
    "recovery codes, new ones": ("supervisor.zubair", _new_codes),
    "two-step sign-in, turn off": ("supervisor.zubair", _turn_off),
    "sign in, second step": ("worker.zubair", _asked_for_the_code),
    "one-time link": ("admin", _one_time_link),
    "new token": ("interrupter", _token_new),
    "token made": ("interrupter", _token_made),
    "token refused": ("interrupter", _token_refused),
    "tokens of one's own": ("interrupter", _tokens),
    "report, being compiled": ("manager", _being_compiled),
    "name, revealed": ("supervisor", _revealed),
    "name, no reason given": ("supervisor", _reveal_without_a_reason),
    "import, no file": ("data", _wrong_file),
    "import, with a refused row": ("data", _sent_file),
    "import, done": ("data", _imported),
    "import, to be undone": ("data", _undo_asked),
    "import, undone": ("data", _undone),
    "fault 400": ("", _shown(errors.bad_request)),
    "fault 403, old form": ("", _shown(errors.csrf_failure)),
    "fault 500": ("", _shown(_server_error)),
    "fault 503": ("", _shown(errors.service_unavailable)),
}
