"""The 72-hour board on a phone: fresh without a page load, and never in the way of an answer."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.browser.conftest import PHONE, axe, overflow
from tests.demo_world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def _give(page: Any, world: World, row: str, to: str) -> None:
    page.goto(world.url("/incidents/board/"))
    form = page.locator(f"#{row} .response-assign")
    form.locator("select").select_option(label=to)
    form.locator("button").click()
    page.locator(".board-messages .message").first.wait_for()


def _who(page: Any, row: str) -> str:
    return re.sub(r"\s+", " ", page.locator(f"#{row} .response-who").inner_text()).strip()


def test_the_board_shows_what_another_did_without_a_page_load(
    visit: Any, demo_world: World
) -> None:
    phone = visit("worker", viewport=PHONE)
    phone.clock.install()
    phone.goto(demo_world.url("/incidents/board/"))
    row = phone.locator("[data-row]:has(.response-doing)").first.get_attribute("id")
    phone.evaluate("window.stayed = true")
    supervisor = visit("supervisor")
    for name in ("Swallow", "Sparrow"):
        _give(supervisor, demo_world, row, name)
        phone.clock.fast_forward(21_000)
        phone.locator(f"#{row} .response-who", has_text=name).wait_for()
    assert phone.evaluate("window.stayed") is True
    assert axe(phone) == []
    assert overflow(phone) == []


def test_a_look_that_falls_between_two_boards_does_not_end_the_looking(
    visit: Any, demo_world: World
) -> None:
    """A board that has just come hears nothing for a moment; a look in it was the last one ever."""
    phone = visit("supervisor", viewport=PHONE)
    phone.clock.install()
    phone.goto(demo_world.url("/incidents/board/"))
    phone.evaluate(
        """() => {
          const first = document.querySelector("[data-board]");
          document.addEventListener("htmx:afterRequest", () => {
            // Once, with the first board that came: as coming back to the page may have it.
            if (document.contains(first) || document.body.dataset.between) return;
            document.dispatchEvent(new Event("visibilitychange"));
            document.body.dataset.between = "yes";
          });
        }"""
    )
    # As after an answer in a row: a board comes though nobody looked for one. For a while it has
    # not been looked for, so that the next look is due.
    phone.clock.pause_at(datetime.now() + timedelta(hours=1))
    phone.evaluate(
        """() => {
          const where = { target: "#board", swap: "outerHTML" };
          htmx.ajax("GET", "/incidents/board/rows/", where);
        }"""
    )
    phone.locator("body[data-between]").wait_for()
    with phone.expect_response("**/incidents/board/rows/**"):
        phone.clock.run_for(45_000)


def test_without_script_a_link_leads_to_the_page_that_gives_it(
    visit: Any, demo_world: World
) -> None:
    page = visit("supervisor", java_script_enabled=False, viewport=PHONE)
    page.goto(demo_world.url("/incidents/board/"))
    assert page.locator("[data-board] select").count() == 0
    row = page.locator("[data-row]:has([data-give])").first.get_attribute("id")
    page.locator(f"#{row} [data-give]").click()
    chosen = (
        "Swallow" if "Swallow" not in page.locator("option[selected]").inner_text() else "Nobody"
    )
    page.locator("select[name=to]").select_option(label=chosen)
    page.locator("main form button").click()
    page.wait_for_url("**/incidents/board/")
    assert chosen in _who(page, row)


def test_a_row_is_given_by_keyboard_alone(visit: Any, demo_world: World) -> None:
    page = visit("supervisor")
    page.goto(demo_world.url("/incidents/board/"))
    row = page.locator("[data-row]:has(.response-assign)").first.get_attribute("id")
    chosen = "Sparrow" if "Sparrow" not in _who(page, row) else "Swallow"
    page.locator(f"#{row} select").focus()
    page.keyboard.type(chosen)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(f"#{row} .response-who", has_text=chosen).wait_for()
    assert page.locator(f"#{row} .row-name").evaluate("one => one === document.activeElement")


def test_what_is_being_answered_is_not_taken_away(visit: Any, demo_world: World) -> None:
    first, second = visit("supervisor"), visit("supervisor")
    first.clock.install()
    first.goto(demo_world.url("/incidents/board/"))
    row = first.locator("[data-row]:has(.response-assign)").first.get_attribute("id")
    before = _who(first, row)
    select = first.locator(f"#{row} select")
    chosen = "Swallow" if "Swallow" not in before else "Sparrow"
    select.select_option(label=chosen)
    _give(second, demo_world, row, "Kingfisher" if "Kingfisher" not in before else "Nobody")
    first.clock.fast_forward(45_000)
    first.locator("[data-board-waiting]", has_text="It waits").wait_for()
    assert select.evaluate("s => s.selectedOptions[0].text") == chosen
    assert _who(first, row) == before
