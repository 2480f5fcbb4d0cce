"""Behaviours in a real browser: leaving, the form that waits to be sent, counts, error summary.

The page is rendered from the real templates and served by the test itself under the program's own
content policy, so that the network can be cut, answer 503 or send somebody to sign in as wanted.
"""

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from django import forms
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.test import override_settings
from django.urls import reverse

from tests.look import addresses

pytestmark = pytest.mark.browser

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'"
)
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Incident(forms.Form):
    type = forms.ChoiceField(choices=[("MUR", "Murder"), ("SHT", "Shooting")])
    killed = forms.IntegerField(label="Killed")
    killed_unknown = forms.BooleanField(required=False)
    method = forms.CharField(required=False)
    place = forms.CharField()


PAGE = """{% extends "base.html" %}{% load look crispy_forms_filters %}
{% block title %}Log{% endblock %}
{% block content %}<form method="post" action="/send/" data-keep novalidate>
<input type="hidden" name="csrfmiddlewaretoken" value="old">
<input type="hidden" name="key" value="k1">
{% include "components/unsent.html" %}{% include "components/error_summary.html" %}
{% include "components/tiles.html" with field=form.type %}
{% include "components/stepper.html" with field=form.killed unknown=form.killed_unknown %}
<details class="fold"><summary>Add more</summary><div class="fold-body">
{{ form.place|as_crispy_field }}</div></details>
<div data-show-when="type=SHT">{{ form.method|as_crispy_field }}</div>
<button class="btn btn-primary" name="verb" value="send">Send</button></form>{% endblock %}"""


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as engine:
        path = os.environ.get("CHROMIUM") or None
        try:
            browser = engine.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except playwright.Error:
            if os.environ.get("CI"):
                raise
            pytest.skip("no Chromium on this machine")
        yield browser
        browser.close()


class Network:
    """A server of its own: answers by a script, cuts the line, and remembers what arrived."""

    def __init__(self):
        self.answers = []
        self.posts = []
        self.beacons = 0
        self.token = {"token": "fresh", "signed_in": True}
        network = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                network.get(self)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                network.post(self, body)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def render(self, data=None):
        user = type("User", (), {"is_authenticated": True, "code_name": "Falcon", "username": "w"})
        context = {f"{name}_url": reverse(name) for name in ("leave", "away", "token")}
        context |= {"form": Incident(data), "user": user(), "direction": "ltr", "language": "en"}
        return Template(PAGE).render(Context(context))

    def get(self, handler):
        path = handler.path.split("?")[0]
        static = f"/{settings.STATIC_URL.strip('/')}/"
        if path.startswith(static):
            file = finders.find(path.removeprefix(static))
            body = Path(file).read_bytes() if file else b""
            self.reply(
                handler, 200 if file else 404, body, KINDS.get(Path(path).suffix, "text/html")
            )
        elif path == reverse("token"):
            self.reply(handler, 200, json.dumps(self.token).encode(), "application/json")
        elif path == "/form/":
            self.reply(handler, 200, self.render().encode())
        else:
            self.reply(handler, 200, b"<title>Page</title><h1>Elsewhere</h1>")

    def post(self, handler, body):
        if handler.path == reverse("leave"):
            self.beacons += 1
            self.reply(handler, 204, b"")
            return
        self.posts.append(body)
        kind = self.answers.pop(0) if self.answers else "done"
        if kind == "cut":
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif kind == "invalid":
            self.reply(handler, 200, self.render({"type": "MUR", "killed": "x"}).encode())
        elif kind in ("done", "sign in"):
            place = "/saved/" if kind == "done" else reverse("account_login")
            self.reply(handler, 302, b"", Location=place)
        else:
            self.reply(handler, int(kind), b"<h1>no</h1>")

    def reply(self, handler, status, body, kind="text/html; charset=utf-8", **headers):
        handler.send_response(status)
        handler.send_header("Content-Security-Policy", POLICY)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def server():
    with override_settings(ROOT_URLCONF=addresses):
        network = Network()
        yield network
        network.close()


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on(
        "console",
        lambda line: page.faults.append(line.text) if "Content Security" in line.text else None,
    )
    page.set_default_timeout(5_000)
    page.clock.install()
    yield page
    assert page.faults == []
    context.close()


@pytest.fixture
def network(server, page):
    page.goto(f"{server.address}/form/")
    return server


def send(page):
    page.get_by_label("Shooting").check()
    page.locator("[data-step='1']").click()
    page.get_by_role("button", name="Send", exact=True).click()


def test_a_form_goes_through_once_with_its_button_and_follows_on(page, network):
    send(page)
    page.wait_for_url("**/saved/")

    assert len(network.posts) == 1
    assert 'name="verb"' in network.posts[0]


def test_a_cut_line_keeps_what_was_typed_and_sends_it_later_under_the_same_key(page, network):
    network.answers = ["cut", "503"]
    send(page)
    notice = page.locator("[data-unsent-text]")
    notice.wait_for()

    assert "Not sent yet" in notice.inner_text()
    assert page.get_by_label("Killed").input_value() == "1"

    page.clock.run_for(4_000)
    page.get_by_text("safe").wait_for()
    page.clock.run_for(10_000)
    page.wait_for_url("**/saved/")

    assert len(network.posts) == 3
    assert all('name="key"\r\n\r\nk1' in post for post in network.posts)


def test_send_now_does_not_wait_for_the_clock(page, network):
    network.answers = ["cut"]
    send(page)
    page.get_by_role("button", name="Send now").click()
    page.wait_for_url("**/saved/")


def test_after_signing_in_again_elsewhere_it_goes_on_with_a_fresh_mark(page, network):
    network.answers = ["sign in"]
    network.token = {"token": "other", "signed_in": False}
    send(page)
    link = page.get_by_role("link", name="Sign in (new tab)")
    link.wait_for()
    assert link.get_attribute("target") == "_blank"

    page.clock.run_for(4_000)  # still signed out: nothing is sent
    assert len(network.posts) == 1

    # The page's clock stands still, so that only the button can send.
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 0.5)
    network.token = {"token": "fresh", "signed_in": True}
    page.get_by_role("button", name="Send now").click()
    page.wait_for_url("**/saved/")

    assert 'name="csrfmiddlewaretoken"\r\n\r\nfresh' in network.posts[-1]


def test_an_old_mark_is_renewed_without_a_word(page, network):
    network.answers = ["403"]
    send(page)
    page.clock.run_for(4_000)
    page.wait_for_url("**/saved/")

    assert "\r\n\r\nfresh" in network.posts[-1]


def test_what_one_may_not_do_is_said_and_kept(page, network):
    network.answers = ["403", "403"]
    send(page)
    page.clock.run_for(4_000)
    page.get_by_text("or not by you").wait_for()

    assert page.get_by_label("Killed").input_value() == "1"


def test_errors_come_back_with_a_summary_that_opens_the_fold(page, network):
    network.answers = ["invalid"]
    send(page)
    summary = page.locator("[data-error-summary]")
    summary.wait_for()

    assert summary.evaluate("node => node === document.activeElement")
    assert page.title().startswith("Error:")
    page.get_by_role("link", name="Place").click()
    assert page.evaluate("document.activeElement.id") == "id_place"
    assert page.locator("[data-step='1']").is_visible()


def test_counts_by_plus_and_minus_and_unknown(page, network):
    count = page.get_by_label("Killed")
    plus, minus = page.locator("[data-step='1']"), page.locator("[data-step='-1']")

    plus.click()
    plus.click()
    minus.click()
    assert count.input_value() == "1"
    minus.click()
    minus.click()
    assert count.input_value() == "0"  # never below

    page.get_by_label("Unknown").check()
    assert count.input_value() == ""
    count.fill("٣")
    assert not page.get_by_label("Unknown").is_checked()
    plus.click()
    assert count.input_value() == "4"


def test_a_part_shows_when_its_answer_calls_for_it(page, network):
    part = page.locator("[data-show-when]")

    assert part.is_hidden()
    page.get_by_label("Shooting").check()
    assert part.is_visible()


@pytest.mark.parametrize("way", ["button", "Shift three times"])
def test_leaving_blanks_the_page_signs_out_and_replaces_it(page, network, way):
    if way == "button":
        page.locator("[data-leave-url]").click()
    else:
        for _press in range(3):
            page.keyboard.press("Shift")
    page.wait_for_url("**" + reverse("away"))

    assert network.beacons == 1
    page.go_back()
    assert "/form/" not in page.url  # its entry in the history is gone


def test_two_shifts_or_shift_with_letters_do_not_leave(page, network):
    page.get_by_label("Killed").focus()
    for key in ("Shift", "Shift", "A", "Shift"):
        page.keyboard.press(key)
    page.clock.run_for(1_000)

    assert page.url.endswith("/form/")


def test_nothing_is_stored_on_the_device(page, network):
    network.answers = ["cut"]
    send(page)
    page.locator("[data-unsent-text]").wait_for()

    assert page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]") == []
    assert page.evaluate("indexedDB.databases().then(found => found.length)") == 0


def test_the_page_stands_without_script(chromium, server):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.address}/form/")

    assert page.get_by_role("button", name="Send", exact=True).is_visible()
    assert page.locator("[data-step='1']").is_hidden()
    assert page.locator("[data-unsent]").is_hidden()
    assert page.locator("[data-show-when]").is_visible()
    assert page.locator("form.leave").get_attribute("action") == reverse("leave")
    context.close()


def test_targets_are_large_and_nothing_scrolls_sideways(page, network):
    small = page.evaluate(
        """() => [...document.querySelectorAll("a, button, summary, select, input")].filter(one => {
            const box = one.getBoundingClientRect();
            return box.height > 1 && box.height < 44 && !one.closest("label");
        }).map(one => one.outerHTML.slice(0, 80))"""
    )

    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, network, scheme):
    page.emulate_media(color_scheme=scheme)
    axe = Path(settings.BASE_DIR) / "tests" / "vendor" / "axe.min.js"
    page.evaluate(axe.read_text())
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
    )

    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found["violations"]] == []


def test_what_is_posted_is_the_form_and_no_more(page, network):
    send(page)
    page.wait_for_url("**/saved/")

    names = {part.split('"')[1] for part in network.posts[0].split("name=")[1:]}
    assert names == {"csrfmiddlewaretoken", "key", "type", "killed", "place", "method", "verb"}
    assert parse_qs(page.url) == {}
