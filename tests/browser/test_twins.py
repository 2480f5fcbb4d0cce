"""The question about likely twins on a phone: nothing lost, one tap answers, back leads back."""

from typing import Any

import pytest

from tests.browser.conftest import PHONE, axe, overflow, use_language
from tests.browser.test_log_incident import Thumb, four_answers, phone
from tests.demo_world import World

pytestmark = pytest.mark.browser


def ask(visit: Any, world: World, language: str, username: str = "worker") -> tuple[Any, Thumb]:
    """A report with a word in it, sent until the question stands there."""
    page = phone(visit, world, username, language)
    thumb = Thumb(page)
    for _first_and_second in range(2):
        page.goto(world.url("/incidents/new/"))
        four_answers(thumb)
        thumb.tap("label:has(input[name=place])")
        page.locator(".log-more > summary").tap()
        page.locator("[name=summary]").fill("رصاص قرب السوق")
        thumb.tap("button[name=send_as][value=report]")
        page.locator("[data-twins], .timeline").first.wait_for()
        if page.locator("[data-twins]").count():
            return page, thumb
    raise AssertionError("nobody was asked")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_question_fits_a_phone_and_one_tap_answers_it(
    visit: Any, demo_world: World, language: str
) -> None:
    page, thumb = ask(visit, demo_world, language)
    assert page.viewport_size == PHONE
    assert axe(page) == []
    assert overflow(page) == []
    assert page.evaluate("document.activeElement.hasAttribute('data-twins')")
    thumb.taps = 0
    thumb.tap("[data-twins] button[value=other]")
    page.wait_for_url("**/incidents/INC-*/")
    assert thumb.taps == 1
    assert "رصاص قرب السوق" in page.locator("main").inner_text()
    use_language(page, "en")


def test_the_way_back_leads_to_what_was_written(visit: Any, demo_world: World) -> None:
    page, _thumb = ask(visit, demo_world, "en")
    page.go_back()
    page.locator("[data-twins]").wait_for(state="hidden")
    assert page.locator("[name=summary]").input_value() == "رصاص قرب السوق"
    assert page.url.endswith("/incidents/new/")


def test_the_same_one_takes_the_source_also_without_a_signal(visit: Any, demo_world: World) -> None:
    page, thumb = ask(visit, demo_world, "en")
    button = page.locator("[data-twins] button[name=twin]:not([value=other])").first
    code = button.get_attribute("value")
    page.context.set_offline(True)
    # A slip of the thumb first: what was pressed last counts.
    page.locator("[data-twins] button[value=other]").tap()
    page.locator("[data-unsent]").wait_for(state="visible")
    button.tap()
    # The page sends by itself when the signal is back.
    page.context.set_offline(False)
    page.wait_for_url(f"**/incidents/{code}/")
    assert page.locator("li.source").count() >= 2


def test_an_answer_without_the_form_takes_nothing_away(visit: Any, demo_world: World) -> None:
    page, _thumb = ask(visit, demo_world, "en")
    page.route(
        "**/incidents/new/",
        lambda route: (
            route.fulfill(
                status=404, content_type="text/html", body='<main id="content"><h1>Gone</h1></main>'
            )
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    page.locator("[data-twins] button[value=other]").tap()
    page.locator("[data-unsent]").wait_for(state="visible")
    assert page.locator("[name=summary]").input_value() == "رصاص قرب السوق"
    assert page.locator("text=Gone").count() == 0


def test_it_works_without_script(visit: Any, demo_world: World) -> None:
    page, _thumb = ask(visit, demo_world, "en")
    body = page.evaluate(
        "() => new URLSearchParams(new FormData(document.querySelector('form.log'))).toString()"
    )
    answer = page.request.post(
        demo_world.url("/incidents/new/"),
        data=f"{body}&twin=other",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": demo_world.url("/incidents/new/"),
        },
    )
    assert answer.ok
    assert "/incidents/INC-" in answer.url
