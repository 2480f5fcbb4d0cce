"""A sheet typed in by keyboard alone, in both languages."""

import re
from typing import Any

import pytest

from tests.browser.conftest import DESK, PHONE, axe, overflow

SHEET = (
    ("type", "MUR"),
    ("day", "18/11/2026"),
    ("clock", ""),
    ("time_of_day", "evening"),
    ("place", "ASHAR"),
    ("killed_best", "1"),
    ("source_kind", "family"),
    ("source_reliability", "C"),
    ("source_credibility", "3"),
)


def type_sheet(page: Any, **changes: str) -> None:
    """With the keyboard alone, from the first line on; Enter saves."""
    page.locator("[name=type]").focus()
    for name, text in SHEET:
        assert page.evaluate("document.activeElement.name") == name
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.keyboard.type(changes.get(name, text))
        page.keyboard.press("Escape")  # the browser's completion, where it opened
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def answer_by_keyboard(page: Any) -> bool:
    """Where it asks about a likely twin: it is another one. Whether it asked."""
    page.locator("[data-twins], .message a .code").first.wait_for()
    if not page.locator("[data-twins]").count():
        return False
    assert page.evaluate("document.activeElement.hasAttribute('data-twins')")
    for _at_most in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "other":
            break
    page.keyboard.press("Enter")
    return True


def test_enter_in_a_line_answers_no_question_about_twins(visit: Any, demo_world: Any) -> None:
    page = visit("worker", viewport=DESK)
    for _first_and_second in range(2):
        page.goto(demo_world.url("/incidents/entry/"))
        type_sheet(page)
        page.locator("[data-twins], .message a .code").first.wait_for()
    assert page.locator("[data-twins]").count() == 1
    assert axe(page) == []
    assert overflow(page) == []

    page.locator("[name=killed_best]").fill("2")
    page.locator("[name=killed_best]").press("Enter")

    # As the answer has it, and not as it was typed.
    page.locator("[name=killed_best][value='2']").wait_for()
    assert page.locator("[data-twins]").count() == 1
    assert answer_by_keyboard(page)
    page.locator(".message a .code").first.wait_for()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_sheet_is_typed_in_by_keyboard_alone(language: str, visit: Any, demo_world: Any) -> None:
    page = visit("worker", viewport=DESK, language=language)
    page.goto(demo_world.url("/incidents/entry/"))

    type_sheet(page, day="18/11/2026", type="XXX")
    page.locator(".entry-wrong [name=type]").wait_for()
    assert axe(page) == []
    type_sheet(page, day="١٨/١١/٢٠٢٦")
    answer_by_keyboard(page)

    saved = page.locator(".message a .code").first
    saved.wait_for()
    assert re.fullmatch(r"INC-\d{4}-\d{6}", saved.inner_text().strip())
    assert "/incidents/entry/" in page.url
    assert page.locator("[name=type]").input_value() == ""


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["360", "1280"])
def test_the_page_stands_at_both_widths(
    viewport: Any, language: str, visit: Any, demo_world: Any
) -> None:
    page = visit("worker", viewport=viewport, language=language)
    page.goto(demo_world.url("/incidents/entry/"))

    assert axe(page) == []
    assert overflow(page) == []
