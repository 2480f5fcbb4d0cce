"""The map in a browser: with and without script, by keyboard, with nothing asked of other hosts."""

import re
from typing import Any

import pytest

from tests.browser.conftest import DESK, PHONE, axe, overflow
from tests.demo_world import World

pytestmark = pytest.mark.browser
YEARS = "?since=01/01/2020&until=31/12/2030"
SUM = "Number(document.querySelector('[data-sum=solid]').textContent.replace(/\\D/g, ''))"
MARK = ".map-mark.leaflet-marker-icon"


def open_map(visit: Any, world: World, **options: Any) -> tuple[Any, list[str], set[str]]:
    """The map's page, what its console said and which hosts it asked."""
    page = visit("supervisor", **options)
    said: list[str] = []
    hosts: set[str] = set()
    page.on(
        "console", lambda line: said.append(line.text) if line.type in ("error", "warning") else 0
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: hosts.add("/".join(request.url.split("/")[:3])))
    page.goto(world.url(f"/incidents/map/{YEARS}"))
    page.locator(MARK).first.wait_for()
    return page, said, hosts


def whole(text: str) -> int:
    return int(re.sub(r"\D", "", text) or 0)


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_map_is_drawn_quietly_and_accessibly(
    visit: Any, demo_world: World, viewport: Any, language: str
) -> None:
    page, said, hosts = open_map(visit, demo_world, viewport=viewport, language=language)

    assert page.locator("path.map-area[class*=shade-]").count() >= 18
    assert page.locator(".map-number").count() >= 1
    assert page.locator(".map-still").is_hidden()
    assert axe(page) == []
    assert overflow(page) == []
    assert said == []
    assert {host for host in hosts if host.startswith("http")} == {demo_world.address}
    zoom, box = page.locator(".leaflet-control-zoom").bounding_box(), page.locator("#map")
    middle = box.bounding_box()["x"] + box.bounding_box()["width"] / 2
    assert (zoom["x"] > middle) is (language == "ar")


def test_an_area_is_chosen_by_keyboard_in_the_table_and_said_beside_the_map(
    visit: Any, demo_world: World
) -> None:
    page, said, _hosts = open_map(visit, demo_world, viewport=DESK)
    link = page.locator("[data-choose]").first
    row = page.locator("tr[data-area]").first.locator("td").all_inner_texts()
    link.focus()
    page.keyboard.press("Enter")
    page.locator("#map-panel .map-records a").first.wait_for()

    assert link.get_attribute("aria-current") == "true"
    assert page.locator("#map-panel").get_attribute("aria-live") == "polite"
    assert page.locator("path.map-area.is-chosen").count() == 1
    total = whole(page.locator("#map-panel .results-line").inner_text())
    assert total == sum(map(whole, row))
    assert said == []


def test_a_mark_is_chosen_by_keyboard(visit: Any, demo_world: World) -> None:
    page, said, _hosts = open_map(visit, demo_world, viewport=DESK)
    mark = page.locator(MARK).first
    words = mark.get_attribute("aria-label")
    mark.focus()
    page.keyboard.press("Enter")
    page.locator("#map-panel .map-records a").first.wait_for()

    assert whole(words) >= 1
    page.locator("#map-panel .map-records a").first.click()
    page.wait_for_url(re.compile(r"/incidents/INC-\d{4}-\d+/"))
    assert said == []


def test_the_map_can_be_skipped(visit: Any, demo_world: World) -> None:
    page, _said, _hosts = open_map(visit, demo_world, viewport=DESK)
    page.locator(".map-skip").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("Boolean(document.activeElement.closest('#map-table'))")


def test_the_weeks_move_by_keyboard_and_the_table_follows(visit: Any, demo_world: World) -> None:
    page, said, _hosts = open_map(visit, demo_world, viewport=DESK)
    before = whole(page.locator("[data-sum=solid]").inner_text())
    slider = page.locator("[data-week=since]")
    slider.focus()
    with page.expect_response(re.compile("/incidents/map/\\?")):
        page.keyboard.press("End")
    page.wait_for_function(
        f"n => {SUM} < n",
        arg=before,
    )

    assert "since=" in page.url
    assert page.locator("[data-week=since]").get_attribute("aria-valuetext")
    # What is typed moves the slider.
    page.locator("[name=since]").fill("٠١-٠١-٢٠٢٠")
    with page.expect_response(re.compile("/incidents/map/\\?")):
        page.keyboard.press("Tab")
    page.wait_for_function(
        f"n => {SUM} >= n",
        arg=before,
    )
    # The slider follows when the answer has settled, a moment after the sums.
    page.wait_for_function(
        "() => /(December 2019|January 2020)$/.test("
        "document.querySelector('[data-week=since]').getAttribute('aria-valuetext'))"
    )
    # The other end is moved, and what was typed at this one stays.
    page.locator("[data-week=until]").focus()
    with page.expect_response(re.compile("/incidents/map/\\?")):
        page.keyboard.press("ArrowLeft")
    assert page.locator("[name=since]").input_value() == "٠١-٠١-٢٠٢٠"
    assert page.locator("[name=until]").input_value()
    assert said == []


def test_without_script_the_map_is_a_picture_and_a_form(visit: Any, demo_world: World) -> None:
    page = visit("supervisor", viewport=DESK)
    state = page.context.storage_state()
    context = page.context.browser.new_context(
        viewport=PHONE, java_script_enabled=False, storage_state=state
    )
    bare = context.new_page()
    bare.goto(demo_world.url(f"/incidents/map/{YEARS}"))

    assert bare.locator(".map-still svg").is_visible()
    assert bare.locator("#map").is_hidden()
    with bare.expect_navigation():
        bare.locator("[data-choose]").first.click()
    assert "/incidents/?" in bare.url
    assert "area=" in bare.url
    context.close()


def test_a_printed_map_is_the_picture(visit: Any, demo_world: World) -> None:
    page, _said, _hosts = open_map(visit, demo_world, viewport=DESK)
    page.emulate_media(media="print")

    assert page.locator(".map-still svg").is_visible()
    assert page.locator("#map").is_hidden()
