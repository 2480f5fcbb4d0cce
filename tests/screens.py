"""Takes the pictures of docs/screens: each main page in both languages, on a phone and on a desk.

Run by `script/screens`. Without `--url` it loads the demo into the database it is given, compiles
the last weeks and serves them; with `--url` it looks at a program that runs already.
"""

import argparse
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WIDTHS = {360: 740, 1280: 900}
LANGUAGES = ("en", "ar")
PASSWORD = "password-of-the-pictures"  # noqa: S105 - of a demo that ends with the pictures
LIMIT = 176 * 1024

COMPILE = """
from ceasefire import periods
from ceasefire.database.session import as_system
from ceasefire.people.models import User
from ceasefire.places.models import Site
from ceasefire.reports import services
with as_system():
    manager = User.objects.get(username="manager")
    for site in Site.objects.filter(reporting_since__isnull=False):
        last = periods.Week.of(periods.today(), site.week_start).previous()
        weeks = [last]
        for _number in range(5):
            weeks.insert(0, weeks[0].previous())
        for week in weeks:
            report = services.compile_week(site=site, week_start=week.start)
            if week != last:
                services.freeze_report(report, by=manager)
"""


def _first(list_path: str, link: str) -> Callable[[Any, str], None]:
    """Go to a list and open its first entry."""

    def go(page: Any, url: str) -> None:
        page.goto(url + list_path)
        page.goto(url + page.locator(link).first.get_attribute("href"))

    return go


def _path(path: str) -> Callable[[Any, str], None]:
    def go(page: Any, url: str) -> None:
        page.goto(url + path)

    return go


def _log(page: Any, url: str) -> None:
    """The form with its first answers given."""
    page.goto(url + "/incidents/new/")
    for name, value in (("type", "SHT"), ("when", "now")):
        page.locator(f"label:has(input[name={name}][value={value}])").click()
    page.evaluate("window.scrollTo(0, 0)")


#: name: (user name, how to get there)
PICTURES: dict[str, tuple[str, Callable[[Any, str], None]]] = {
    "signin": ("", _path("/accounts/login/")),
    "home": ("worker", _path("/")),
    "log": ("worker", _log),
    "list": ("worker", _path("/incidents/")),
    "incident": ("supervisor", _first("/incidents/?status=accepted", "#results a.row-link")),
    "review": ("supervisor", _path("/incidents/review/")),
    "board": ("supervisor", _path("/incidents/board/")),
    "map": ("supervisor", _path("/incidents/map/")),
    "duplicates": ("supervisor", _path("/incidents/duplicates/")),
    "export": ("data", _path("/incidents/export/")),
    "import": ("data", _path("/incidents/import/")),
    "caseload": ("worker", _path("/outreach/")),
    "conflict": ("supervisor", _first("/outreach/conflicts/?state=cooled", "#results a.row-link")),
    "report": ("manager", _first("/reports/?site=BASRAH-CENTRE", "main a.row-link")),
    "dashboard": ("manager", _path("/dashboard/?site=BASRAH-CENTRE")),
    "audit": ("auditor", _path("/audit/")),
    "home-reo": ("reo.viewer", _path("/")),
    "grants": ("reo.viewer", _path("/grants/")),
    "grant": ("reo.officer", _first("/grants/?state=ACTIVE", "#results a.row-link")),
    "grant-money": ("reo.officer", _path("/grants/QRF-2026-0005/money/")),
    "grant-report": ("reo.viewer", _path("/grants/reports/districts/")),
    "places": ("admin", _path("/places/")),
}


@contextmanager
def a_demo() -> Iterator[str]:
    """The program on a freshly loaded demo, for the time of the pictures."""
    environment = os.environ | {
        "CEASEFIRE_DEMO_PASSWORD": PASSWORD,
        "DJANGO_SETTINGS_MODULE": "ceasefire.settings",
    }
    for arguments, more in (
        (["migrate", "-v0"], {"CEASEFIRE_AS_OWNER": "1"}),
        (["demo"], {}),
        (["shell", "-v0", "-c", COMPILE], {}),
        (["collectstatic", "--noinput", "-v0"], {}),
    ):
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment | more,
            check=True,
        )
    port = os.environ.get("PORT") or "8463"
    program = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "ceasefire.wsgi:application"),
            *(f"--bind=127.0.0.1:{port}", "--worker-class=gthread", "--threads=4"),
            *("--no-control-socket", "--log-level=warning"),
        ],
        cwd=ROOT,
        env=environment,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        for _try in range(300):
            try:
                with urllib.request.urlopen(f"{address}/readyz", timeout=5):  # noqa: S310 - ours
                    break
            except OSError:
                if program.poll() is not None:
                    raise SystemExit("screens: the program did not start") from None
                time.sleep(0.1)
        yield address
    finally:
        program.terminate()
        program.wait(30)


def _sign_in(page: Any, url: str, username: str, password: str) -> None:
    page.goto(url + "/accounts/login/")
    page.locator("[name=login]").fill(username)
    page.locator("[name=password]").fill(password)
    page.locator("main form button[type=submit]").click()
    page.locator("[data-leave-url]").wait_for()


def _speak(page: Any, url: str, language: str, signed_in: bool) -> None:
    page.goto(url + ("/account/" if signed_in else "/accounts/login/"))
    if page.locator("html").get_attribute("lang") != language:
        page.locator(f"form.languages button[value={language}]").click()
        page.locator(f"html[lang={language}]").wait_for()


def take(url: str, password: str, output: Path, only: list[str]) -> int:
    """Take the pictures; the number of those heavier than they may be."""
    from playwright.sync_api import sync_playwright

    output.mkdir(parents=True, exist_ok=True)
    heavy = 0
    with sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or None, args=["--no-sandbox"]
        )
        pages: dict[str, Any] = {}
        for name, (username, go) in PICTURES.items():
            if only and name not in only:
                continue
            if username not in pages:
                pages[username] = browser.new_context(viewport={"width": 1280, "height": 900})
                pages[username] = pages[username].new_page()
                if username:
                    _sign_in(pages[username], url, username, password)
            page = pages[username]
            for language in LANGUAGES:
                for width, height in WIDTHS.items():
                    page.set_viewport_size({"width": 1280, "height": 900})
                    _speak(page, url, language, bool(username))
                    page.set_viewport_size({"width": width, "height": height})
                    go(page, url)
                    page.wait_for_load_state("networkidle")
                    file = output / f"{name}-{language}-{width}.png"
                    page.screenshot(path=file, animations="disabled", caret="hide")
                    size = file.stat().st_size
                    heavy += size > LIMIT
                    print(f"{file.name} {size // 1024} KB")
        browser.close()
    return heavy


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/screens", description=__doc__)
    parser.add_argument("--url", help="a running demo, instead of one of its own")
    parser.add_argument("--password", default=os.environ.get("CEASEFIRE_DEMO_PASSWORD", PASSWORD))
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "screens")
    parser.add_argument("--only", action="append", default=[], choices=list(PICTURES))
    given = parser.parse_args()
    if given.url:
        return int(take(given.url.rstrip("/"), given.password, given.output, given.only) > 0)
    with a_demo() as url:
        return int(take(url, PASSWORD, given.output, given.only) > 0)


if __name__ == "__main__":
    raise SystemExit(main())
