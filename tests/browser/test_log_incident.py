"""Logging an incident on a phone: counted taps, no lost word, one incident."""

from typing import Any

import pytest

from tests.browser.conftest import DESK, PHONE, axe, overflow, use_language
from tests.demo_world import World

pytestmark = pytest.mark.browser

#: A minimal report takes at most so many taps, the one that opens the form included.
MOST_TAPS = 12


class Thumb:
    """A finger that counts. Typing is counted by the field that it goes to."""

    def __init__(self, page: Any) -> None:
        self.page, self.taps = page, 0

    def tap(self, selector: str) -> None:
        self.taps += 1
        self.page.locator(selector).first.tap()

    def type(self, selector: str, text: str) -> None:
        self.tap(selector)
        self.page.locator(selector).press_sequentially(text, delay=5)

    def answer(self, name: str, value: str) -> None:
        self.tap(f"label:has(input[name={name}][value='{value}'])")


def phone(visit: Any, demo_world: World, username: str = "worker", language: str = "en") -> Any:
    """The page of somebody signed in on a phone, where the form is one tap away."""
    page = visit(username, viewport=PHONE, has_touch=True)
    use_language(page, language)
    page.goto(demo_world.url("/"))
    return page


def four_answers(thumb: Thumb) -> None:
    """All but the place."""
    thumb.answer("type", "MUR")
    thumb.answer("when", "now")
    thumb.tap("[data-stepper]:has([name=killed_best]) [data-step='1']")
    thumb.answer("source_kind", "family")
    thumb.answer("source_reliability", "B")
    thumb.answer("source_credibility", "2")


def arrive(page: Any) -> None:
    """Wait for the page of the incident; what an earlier test logged here is another one."""
    page.locator("[data-twins], .timeline").first.wait_for()
    if page.locator("[data-twins]").count():
        page.locator("[data-twins] button[value=other]").click()
    page.wait_for_url("**/incidents/INC-*/")


def progress(page: Any) -> int:
    return int(page.locator("[data-log-progress] progress").get_attribute("value"))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_minimal_report_takes_at_most_twelve_taps(
    visit: Any, demo_world: World, language: str
) -> None:
    page = phone(visit, demo_world, language=language)
    thumb = Thumb(page)

    thumb.tap("nav.bar a[href='/incidents/new/']")
    page.locator("form[data-log]").wait_for()
    page.locator("[data-log-progress]:not([hidden])").wait_for()
    assert progress(page) == 0
    four_answers(thumb)
    assert progress(page) == 4
    thumb.tap("label:has(input[name=place])")
    assert progress(page) == 5
    assert overflow(page) == []
    thumb.tap("button[name=send_as][value=report]")
    arrive(page)

    assert thumb.taps <= MOST_TAPS
    assert thumb.taps == 9
    assert page.locator(".message-success").is_visible()


def test_a_place_that_is_not_among_the_recent_ones_still_fits(
    visit: Any, demo_world: World
) -> None:
    page = phone(visit, demo_world)
    thumb = Thumb(page)

    thumb.tap("nav.bar a[href='/incidents/new/']")
    page.locator("form[data-log]").wait_for()
    four_answers(thumb)
    thumb.type("#place-text", "zubayr")
    thumb.tap("#place-found label:has(input)")
    thumb.tap("button[name=send_as][value=report]")
    arrive(page)

    assert thumb.taps <= MOST_TAPS
    assert "Zubair" in page.locator("dl.facts").last.inner_text()


def test_a_form_that_cannot_be_sent_keeps_its_words_and_goes_later(
    visit: Any, demo_world: World
) -> None:
    page = phone(visit, demo_world)
    page.goto(demo_world.url("/incidents/new/"))
    thumb = Thumb(page)
    four_answers(thumb)
    thumb.tap("label:has(input[name=place])")
    page.locator(".log-more > summary").tap()
    page.locator("[name=summary]").fill("رصاص قرب السوق")

    page.context.set_offline(True)
    thumb.tap("button[name=send_as][value=report]")
    page.locator("[data-unsent]").wait_for(state="visible")
    assert "Not sent yet" in page.locator("[data-unsent-text]").inner_text()
    assert page.locator("[name=summary]").input_value() == "رصاص قرب السوق"

    page.context.set_offline(False)
    page.locator("[data-unsent-again]").click()
    arrive(page)
    assert "رصاص قرب السوق" in page.locator("main").inner_text()


def test_a_double_tap_makes_one_incident(visit: Any, demo_world: World) -> None:
    page = phone(visit, demo_world)
    page.goto(demo_world.url("/incidents/new/"))
    thumb = Thumb(page)
    four_answers(thumb)
    thumb.tap("label:has(input[name=place])")
    key = page.locator("[name=key]").input_value()
    page.locator("button[name=send_as][value=report]").dblclick()
    arrive(page)
    first = page.url

    page.go_back()
    page.locator("form[data-log]").wait_for()
    if page.locator("[name=key]").input_value() == key:
        page.locator("button[name=send_as][value=report]").click()
        arrive(page)
        assert page.url == first


def test_errors_stand_at_their_fields_and_the_summary_leads_there(
    visit: Any, demo_world: World
) -> None:
    page = phone(visit, demo_world)
    page.goto(demo_world.url("/incidents/new/"))
    page.locator(".log-more > summary").tap()
    page.locator("[name=injured_best]").fill("many")
    page.locator("[name=summary]").fill("kept")
    page.locator("button[name=send_as][value=report]").tap()

    page.locator("[data-error-summary]").wait_for()
    assert page.evaluate("document.activeElement.matches('[data-error-summary]')")
    assert page.locator("[name=summary]").input_value() == "kept"
    page.locator("[data-error-summary] a[href='#id_injured_best']").click()
    assert page.evaluate("document.activeElement.name") == "injured_best"
    # From the top: half-way down, whatever the sticky bars happen to cut counts as too small.
    page.evaluate("window.scrollTo(0, 0)")
    assert axe(page) == []
    assert overflow(page) == []


def test_the_form_works_by_keyboard_alone(visit: Any, demo_world: World) -> None:
    page = visit("worker", viewport=DESK)
    page.goto(demo_world.url("/incidents/new/"))

    def reach(name: str) -> None:
        for _ in range(120):
            if page.evaluate("document.activeElement.name") == name:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{name} is not reached by Tab")

    for name, keys in (
        ("type", ["Space"]),
        ("when", ["Space"]),
        ("place", ["Space"]),
        ("killed_best", ["0"]),
        ("source_kind", ["ArrowDown", "ArrowDown"]),
        ("source_reliability", ["Space"]),
        ("source_credibility", ["Space"]),
        ("send_as", ["Enter"]),
    ):
        reach(name)
        for key in keys:
            page.keyboard.press(key)
    arrive(page)


def test_the_form_works_without_script(visit: Any, demo_world: World) -> None:
    page = visit(viewport=PHONE, java_script_enabled=False)
    page.goto(demo_world.url("/accounts/login/"))
    from tests.demo_world import PASSWORD

    page.locator("[name=login]").fill("worker")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.goto(demo_world.url("/incidents/new/"))
    page.locator("label:has(input[name=type][value=THR])").click()
    page.locator("label:has(input[name=when][value=yesterday])").click()
    page.locator(".log-list > summary").click()
    page.locator("[name=place_listed]").select_option("IQG02Q02N02-ASHAR")
    page.locator("[name=killed_best]").fill("٠")
    page.locator("label:has(input[name=source_kind][value=family])").click()
    page.locator("label:has(input[name=source_reliability][value=C])").click()
    page.locator("label:has(input[name=source_credibility][value='3'])").click()
    page.locator("button[name=send_as][value=report]").click()
    arrive(page)


def test_another_row_is_added_where_wanted(visit: Any, demo_world: World) -> None:
    page = phone(visit, demo_world)
    page.goto(demo_world.url("/incidents/new/"))
    page.locator(".log-more > summary").tap()
    rows = page.locator("[data-rows=victims] [data-row]")
    page.locator("[name=victims-0-harm]").select_option("killed")
    page.locator("[data-rows=victims] [data-add-row]").tap()
    assert rows.count() == 2
    assert page.locator("[name=victims-1-harm]").input_value() == ""
    assert page.locator("[name=victims-1-sex]").input_value() == "unknown"
    assert page.locator("[name=victims-TOTAL_FORMS]").input_value() == "2"


def test_the_phone_s_place_fills_the_point(visit: Any, demo_world: World) -> None:
    page = visit(
        "worker",
        viewport=PHONE,
        has_touch=True,
        geolocation={"latitude": 30.52, "longitude": 47.8},
        permissions=["geolocation"],
    )
    page.goto(demo_world.url("/incidents/new/"))
    thumb = Thumb(page)
    four_answers(thumb)
    page.locator("[data-use-my-place]").tap()
    page.wait_for_function("document.querySelector('[name=lat]').value !== ''")
    assert progress(page) == 5
    thumb.tap("button[name=send_as][value=report]")
    arrive(page)
    assert "30.52" in page.locator("dl.facts").last.inner_text()


@pytest.mark.parametrize(("metres", "precision"), [(20, ""), (400, "2"), (5000, None)])
def test_a_point_is_no_more_exact_than_the_phone_was_sure(
    metres: int, precision: str | None, visit: Any, demo_world: World
) -> None:
    page = visit(
        "worker",
        viewport=PHONE,
        has_touch=True,
        geolocation={"latitude": 30.52, "longitude": 47.8, "accuracy": metres},
        permissions=["geolocation"],
    )
    page.goto(demo_world.url("/incidents/new/"))
    page.locator("[data-use-my-place]").tap()
    page.locator("[data-my-place-said]", has_text=f"±{metres} m").wait_for()

    assert (page.locator("[name=lat]").input_value() == "") == (precision is None)
    if precision is not None:
        assert page.locator("[name=geo_precision]").input_value() == precision
