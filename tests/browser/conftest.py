"""A real Chromium, people signed in, and what every page is held to.

Django's connection is not used while a page is open: the program under test runs in a process of
its own, on the demo's database (tests/demo_world.py).
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.demo_world import PASSWORD, World

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
AXE = Path(settings.BASE_DIR) / "tests" / "vendor" / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LANGUAGES = {"en": "ltr", "ar": "rtl"}
#: Where a mark stands on the map is what it says, so one may cover the edge of another: the
#: exception "essential" of WCAG 2.5.8, whose example is pins on a map.
PIN = "leaflet-marker-icon"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser a module; a missing one is a skip, and a failure where CI is set.

    Not for the whole run: Playwright keeps an event loop in this thread, in which Django refuses to
    touch a database. No coroutine of ours does, so that guard is lifted meanwhile.
    """
    playwright = pytest.importorskip("playwright.sync_api")
    patch = pytest.MonkeyPatch()
    with playwright.sync_playwright() as engine:
        path = os.environ.get("CHROMIUM") or None
        try:
            browser = engine.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except playwright.Error:
            if os.environ.get("CI"):
                raise
            pytest.skip("no Chromium on this machine")
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield browser
        browser.close()
    patch.undo()


def sign_in_browser(page: Any, world: World, username: str) -> None:
    """Through the real form."""
    page.goto(world.url("/accounts/login/"))
    page.locator("[name=login]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.locator("[data-leave-url]").wait_for()


def use_language(page: Any, language: str) -> None:
    """By the button of the page, which keeps the choice with the person."""
    if page.locator("html").get_attribute("lang") != language:
        page.locator(f"form.languages button[value={language}]").click()
        page.locator(f"html[lang={language}]").wait_for()


@pytest.fixture(scope="module")
def signed_in_state(chromium: Any, demo_world: World) -> Callable[[str], Any]:
    """The cookies of a person's session, signed in once a module."""
    kept: dict[str, Any] = {}

    def state(username: str) -> Any:
        if username not in kept:
            context = chromium.new_context(viewport=DESK)
            sign_in_browser(context.new_page(), demo_world, username)
            kept[username] = context.storage_state()
            context.close()
        return kept[username]

    return state


@pytest.fixture
def visit(chromium: Any, demo_world: World) -> Iterator[Callable[..., Any]]:
    """A page in a context of its own, at a width, signed in as somebody or as nobody."""
    contexts = []

    def open_page(
        username: str = "", *, viewport: Any = PHONE, language: str = "en", **options: Any
    ) -> Any:
        context = chromium.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        if username:
            sign_in_browser(page, demo_world, username)
            # The choice is kept with the person, so an earlier test may have left the other one.
            use_language(page, language)
        return page

    yield open_page
    for context in contexts:
        context.close()


def axe(page: Any, *, contrast: bool = True) -> list[str]:
    """What axe finds on a page: rule, and the element at fault.

    Four fifths of its time go into the contrast of every text with what lies under it. Where a page
    is looked at more than once, one look of each kind is enough for that (`contrast`).
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "([tags, contrast]) => axe.run(document, {runOnly: tags, resultTypes: ['violations'],"
        " rules: {'color-contrast': {enabled: contrast}}})",
        [AXE_TAGS, contrast],
    )
    return [
        f"{one['id']}: {node['html'][:160]} ({node['failureSummary'][:160]})"
        for one in found["violations"]
        for node in one["nodes"][:3]
        if not (one["id"] == "target-size" and PIN in node["html"])
    ]


#: Elements that make the document wider than the window, the innermost ones, and tables that their
#: frame cuts off.
OVERFLOW = """() => {
  const wide = document.documentElement.clientWidth;
  const cut = [...document.querySelectorAll(".table-frame > table")]
    .filter((table) => table.offsetWidth > table.parentElement.clientWidth + 1)
    .map((table) => `a table is cut off: ${table.offsetWidth} px`);
  if (document.documentElement.scrollWidth <= wide) return cut;
  const out = [...document.body.querySelectorAll("*")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && (box.right > wide + 1 || box.left < -1) && !one.closest(".visually-hidden");
  });
  const leaf = out.filter((one) => !out.some((other) => other !== one && one.contains(other)));
  return [`${document.documentElement.scrollWidth} > ${wide}`, ...cut]
    .concat(leaf.slice(0, 4).map((one) => one.outerHTML.slice(0, 140)));
}"""


def overflow(page: Any) -> list[str]:
    """What makes the document scroll sideways; nothing where it does not."""
    return list(page.evaluate(OVERFLOW))
