"""Keyboard shortcuts, ticking rows, and the way from many rows to what became of them."""

import pytest

from tests.browser.conftest import DESK, PHONE, axe

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def press(page, code: str, key: str) -> None:
    """One key as a keyboard of some layout sends it: its place (`code`) and its letter (`key`)."""
    page.evaluate(
        "([code, key]) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
        " {code, key, bubbles: true, cancelable: true}))",
        [code, key],
    )


def test_the_list_is_walked_and_ticked_by_keys_under_an_arabic_layout(visit, demo_world):
    page = visit("supervisor", viewport=DESK)
    page.goto(demo_world.url("/incidents/?status=accepted"))
    press(page, "KeyJ", "ت")
    press(page, "KeyJ", "ت")
    rows = page.locator("#results tbody tr")
    assert rows.nth(1).evaluate("row => row.contains(document.activeElement)")
    press(page, "KeyX", "ء")
    assert rows.nth(1).locator("[name=pick]").is_checked()
    assert "1" in page.locator("[data-bulk-count]").inner_text()
    press(page, "KeyK", "ن")
    assert rows.nth(0).evaluate("row => row.contains(document.activeElement)")

    press(page, "Slash", "/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("njk")
    assert page.locator("[name=q]").input_value() == "njk"


def test_the_list_of_shortcuts_opens_and_closes_and_has_no_fault(visit, demo_world):
    page = visit("supervisor", viewport=DESK)
    page.goto(demo_world.url("/incidents/"))
    press(page, "Slash", "؟")
    help_list = page.get_by_role("dialog", name="Keyboard shortcuts")
    help_list.wait_for()
    assert axe(page) == []
    page.keyboard.press("Escape")
    help_list.wait_for(state="hidden")

    press(page, "KeyG", "g")
    press(page, "KeyR", "r")
    page.wait_for_url("**/incidents/review/")


def test_turned_off_no_key_does_anything(visit, demo_world):
    page = visit("worker", viewport=DESK)
    page.goto(demo_world.url("/account/"))
    page.locator("[name=shortcuts]").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_load_state()
    page.goto(demo_world.url("/incidents/"))
    press(page, "KeyN", "n")
    assert page.locator("a[data-keys-help]").count() == 0
    assert page.url.endswith("/incidents/")


def test_many_rows_are_taken_on_a_phone_and_taken_back(visit, demo_world):
    page = visit("supervisor", viewport=PHONE)
    page.goto(demo_world.url("/incidents/?status=submitted"))
    page.get_by_label("Whole page").check()
    page.get_by_role("button", name="Take for review").click()
    page.get_by_role("heading", level=1, name="Take for review").wait_for()
    assert axe(page) == []
    page.get_by_role("button", name="Take for review").click()
    page.wait_for_url("**/incidents/bulk/*/**")
    if page.locator("#progress").count():
        page.get_by_role("button", name="Undo").wait_for(timeout=30_000)
    assert axe(page) == []
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone, as far as nobody").wait_for(timeout=30_000)
    page.get_by_role("link", name="Back to the list").click()
    assert page.url.endswith("?status=submitted")
