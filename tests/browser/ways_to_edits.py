"""How a person comes to the form of a case's facts, and to two values of one fact."""

from itertools import count
from typing import Any

from tests.demo_world import World

SEND = "main form .form-actions button[type=submit]"
#: Somebody else each time: who has a case already is asked about first.
_others = count(1)


def _taken_in(page: Any, world: World) -> str:
    """Take somebody in; the address of the case."""
    page.goto(world.url("/outreach/participants/new/"))
    page.locator("[name=alias]").fill(f"أبو مطر {next(_others)}")
    page.locator(SEND).first.click()
    page.wait_for_url("**/outreach/participants/P-*/")
    return str(page.url)


def _change_facts(page: Any, world: World) -> None:
    page.goto(_taken_in(page, world) + "edit/")
    page.locator("[name=version]").wait_for(state="attached")


def _facts_refused(page: Any, world: World) -> None:
    _change_facts(page, world)
    page.locator("[name=phone]").fill("12")
    page.locator(SEND).first.click()
    page.locator("[data-error-summary]").wait_for()


def _two_values(page: Any, world: World) -> str:
    """Two forms of one case, sent one after the other; the address of the case."""
    address = _taken_in(page, world)
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(address + "edit/")
    for tab, alias, phone in (
        (page, "السبع", "0770 123 4567"),
        (other, "الفهد", "0780 123 4567"),
    ):
        tab.locator("[name=alias]").fill(alias)
        tab.locator("[name=phone]").fill(phone)
        tab.locator(SEND).first.click()
        tab.wait_for_url("**/outreach/participants/P-*/*")
        tab.locator("#contacts, #history").first.wait_for()
    other.close()
    return address


def _both_on_the_case(page: Any, world: World) -> None:
    page.goto(_two_values(page, world))
    page.locator("#edits").wait_for()


def _choose(page: Any, world: World) -> None:
    _both_on_the_case(page, world)
    page.locator("#edits a.btn").first.click()
    page.locator("[name=choice]").first.wait_for(state="attached")


def _choose_sealed(page: Any, world: World) -> None:
    _both_on_the_case(page, world)
    page.locator("#edits a.btn").last.click()
    page.locator("[name=reason]").wait_for(state="attached")


WAYS_TO_EDITS = {
    "facts of a case": ("worker", _change_facts),
    "facts of a case, refused": ("worker", _facts_refused),
    "case with two values": ("worker", _both_on_the_case),
    "choose between two values": ("worker", _choose),
    "choose between two sealed values": ("worker", _choose_sealed),
}
