"""A tired worker at 23:10 with a cracked phone and one bar: against the real program.

By keyboard alone, without script, with Arabic digits, pressing twice, going back, losing the line,
being signed out meanwhile, leaving in a hurry; and what a seized phone would tell.
"""

import itertools
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ceasefire import periods
from tests.browser.conftest import DESK, PHONE, overflow, sign_in_browser
from tests.demo_world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NEW = "/incidents/new/"
#: Of as many families.
KINDS = ("SHT", "THR", "ROB", "ASL", "MUR", "KID")
REPORTS = itertools.count()
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
SAVE = "main form .form-actions .btn-primary"
AT_THE_INCIDENT = re.compile(r"/incidents/INC-\d{4}-\d+/$")


def choose(page: Any, name: str, value: str) -> None:
    page.locator(f"label:has(input[name={name}][value='{value}'])").click()


def answer_five(page: Any, *, summary: str = "", killed: str = "1") -> None:
    """The five questions, and a word to know the incident by.

    Each time another kind, or an earlier day: the tests share one world, and a second report like
    the first would be asked whether it is the same.
    """
    earlier, kind = divmod(next(REPORTS), len(KINDS))
    choose(page, "type", KINDS[kind])
    if earlier:
        choose(page, "when", "pick")
        day = periods.today() - timedelta(days=5 * earlier)
        page.locator("[name=day]").fill(f"{day:%d/%m/%Y}")
    else:
        choose(page, "when", "now")
    page.locator("label:has(input[name=place])").first.click()
    page.locator("[name=killed_best]").fill(killed)
    choose(page, "source_kind", "family")
    choose(page, "source_reliability", "C")
    choose(page, "source_credibility", "3")
    if summary:
        page.locator("details.log-more > summary").click()
        page.locator("[name=summary]").fill(summary)


def at_the_incident(page: Any, *, timeout: int = 10_000) -> None:
    """Wait for the saved incident; the demo may hold a likely twin, which is said to be another."""
    page.wait_for_function(
        "() => /INC-\\d/.test(location.pathname)"
        " || document.querySelector('[name=twin][value=other]')",
        timeout=timeout,
    )
    if not AT_THE_INCIDENT.search(page.url):
        page.locator("[name=twin][value=other]").first.click()
        page.wait_for_url(AT_THE_INCIDENT, timeout=timeout)


def how_many(page: Any, world: World, word: str) -> int:
    """Incidents of the worker's list whose summary holds a word."""
    page.goto(world.url(f"/incidents/?q={word}"))
    return int(page.locator("#results tbody tr").count())


def tab_to(page: Any, selector: str, *, most: int = 80) -> int:
    """Press Tab until something is focused; what is focused on the way is never covered."""
    for presses in range(1, most + 1):
        page.keyboard.press("Tab")
        covered = page.evaluate(
            """() => {
              const one = document.activeElement, box = one.getBoundingClientRect();
              const label = one.closest("label");
              const seen = label ? label.getBoundingClientRect() : box;
              const x = seen.left + seen.width / 2, y = seen.top + Math.min(seen.height / 2, 30);
              const top = document.elementFromPoint(x, y);
              const mine = label || one;
              return top && !mine.contains(top) && !top.contains(mine)
                ? `${mine.outerHTML.slice(0, 90)} under ${top.outerHTML.slice(0, 90)}` : "";
            }"""
        )
        assert covered == "", covered
        if page.evaluate("css => document.activeElement.matches(css)", selector):
            return presses
    raise AssertionError(f"{selector} can not be reached by Tab")


def test_an_incident_is_logged_by_the_keyboard_alone(visit, demo_world):
    page = visit("worker", viewport=DESK)
    page.goto(demo_world.url(NEW))

    for name in ("type", "when", "place"):
        tab_to(page, f"[name={name}]")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
    tab_to(page, "[name=killed_best]")
    page.keyboard.type("2")
    for name in ("source_kind", "source_reliability", "source_credibility"):
        tab_to(page, f"[name={name}]")
        page.keyboard.press("Space")
    tab_to(page, ".form-actions .btn-primary")
    page.keyboard.press("Enter")

    at_the_incident(page)


def test_the_quick_exit_is_the_first_stop_of_the_keyboard(visit, demo_world):
    page = visit("worker")
    page.goto(demo_world.url(NEW))

    assert tab_to(page, "[data-leave-url]") == 1


def test_without_script_signing_in_logging_and_reading_work(visit, demo_world):
    page = visit("worker", java_script_enabled=False)
    page.goto(demo_world.url(NEW))
    answer_five(page, summary="ohneskript")
    page.locator(SAVE).click()
    at_the_incident(page)

    assert how_many(page, demo_world, "ohneskript") == 1


def test_without_script_the_button_sent_again_after_going_back_makes_one(visit, demo_world):
    page = visit("worker", java_script_enabled=False)
    page.goto(demo_world.url(NEW))
    answer_five(page, summary="zweimalohneskript")
    page.locator(SAVE).click()
    at_the_incident(page)
    page.go_back()
    page.locator(SAVE).click()
    page.wait_for_load_state()

    assert how_many(page, demo_world, "zweimalohneskript") == 1


@pytest.mark.parametrize("way", ["button", "Shift three times"])
def test_leaving_in_a_hurry_signs_out_and_shows_nothing_again(way, visit, demo_world):
    page = visit("worker")
    page.goto(demo_world.url("/incidents/"))
    if way == "button":
        page.locator("[data-leave-url]").click()
    else:
        for _press in range(3):
            page.keyboard.press("Shift")
    page.wait_for_url("**/accounts/away/")
    _wait_until_signed_out(page, demo_world)

    page.go_back()
    assert page.locator("#results").count() == 0


def _wait_until_signed_out(page: Any, world: World) -> None:
    """The beacon that signs out is under way while the neutral page already shows."""
    for _try in range(20):
        page.goto(world.url("/incidents/"))
        if "/accounts/login/" in page.url:
            return
        page.wait_for_timeout(100)
    raise AssertionError("still signed in after leaving")


def test_without_script_the_quick_exit_works_too(visit, demo_world):
    page = visit("worker", java_script_enabled=False)
    page.locator("[data-leave-url]").click()
    page.wait_for_url("**/accounts/away/")
    page.goto(demo_world.url("/"))

    assert "/accounts/login/" in page.url


def test_two_taps_on_save_make_one_incident(visit, demo_world):
    page = visit("worker")
    page.goto(demo_world.url(NEW))
    answer_five(page, summary="doppeltgetippt")
    page.locator(SAVE).dblclick()
    at_the_incident(page)

    assert how_many(page, demo_world, "doppeltgetippt") == 1


def test_going_back_and_saving_again_makes_one_incident(visit, demo_world):
    page = visit("worker")
    page.goto(demo_world.url(NEW))
    answer_five(page, summary="zurueckgegangen")
    page.locator(SAVE).click()
    at_the_incident(page)
    page.go_back()
    page.locator(SAVE).click()
    page.wait_for_load_state("networkidle")

    assert how_many(page, demo_world, "zurueckgegangen") == 1


def test_a_lost_line_keeps_what_was_typed_and_sends_it_by_itself(visit, demo_world):
    page = visit("worker")
    page.goto(demo_world.url(NEW))
    answer_five(page, summary="leitungweg", killed="٣")
    page.context.set_offline(True)
    page.locator(SAVE).click()
    said = page.locator("[data-unsent-text]")
    said.wait_for()

    assert "Not sent yet" in said.inner_text()
    assert page.locator("[name=summary]").input_value() == "leitungweg"
    assert page.locator("[name=killed_best]").input_value() == "٣"
    assert said.evaluate(
        "one => { const box = one.getBoundingClientRect();"
        " return box.top >= 0 && box.top < innerHeight }"
    ), "what happened is said where it is not seen"

    page.context.set_offline(False)
    at_the_incident(page)
    assert how_many(page, demo_world, "leitungweg") == 1


def test_signed_out_meanwhile_it_says_so_and_sends_after_signing_in_elsewhere(visit, demo_world):
    page = visit("worker")
    page.goto(demo_world.url(NEW))
    answer_five(page, summary="abgemeldet")
    other = page.context.new_page()
    other.goto(demo_world.url("/accounts/logout/"))
    other.locator("main form button[type=submit]").click()
    other.wait_for_url(re.compile("login|/$"))

    page.bring_to_front()
    page.locator(SAVE).click()
    said = page.locator("[data-unsent-text]", has_text="signed out")
    said.wait_for()
    assert page.locator("[name=summary]").input_value() == "abgemeldet"

    sign_in_browser(other, demo_world, "worker")
    page.bring_to_front()
    page.locator("[data-unsent-again]").click()
    at_the_incident(page)
    assert how_many(page, demo_world, "abgemeldet") == 1


def test_arabic_digits_are_taken_in_counts_days_and_times(visit, demo_world):
    page = visit("worker")
    page.goto(demo_world.url(NEW))
    day = periods.now().date() - timedelta(days=3)
    answer_five(page, summary="arabischeziffern", killed="١٢")
    choose(page, "when", "pick")
    page.locator("[name=day]").fill(f"{day:%d/%m/%Y}".translate(ARABIC))
    page.locator("[name=clock]").fill("٢١:٣٠")
    page.locator("[name=injured_best]").fill("٤")
    page.locator(SAVE).click()
    at_the_incident(page)
    page.goto(page.url + "edit/")

    assert page.locator("[name=killed_best]").input_value() == "12"
    assert page.locator("[name=injured_best]").input_value() == "4"
    assert page.locator("[name=clock]").input_value() == "21:30"
    assert page.locator("[name=day]").input_value() == f"{day:%d/%m/%Y}"


@pytest.mark.parametrize(
    ("width", "height", "scale"),
    [(320, 640, 1), (640, 450, 2), (320, 225, 4)],
    ids=["320 px", "200 %", "400 %"],
)
def test_zoomed_in_the_form_still_fits_and_can_be_sent(width, height, scale, visit, demo_world):
    page = visit("worker", viewport={"width": width, "height": height}, device_scale_factor=scale)
    page.goto(demo_world.url(NEW))
    page.locator("details.log-more > summary").click()

    assert overflow(page) == []
    page.locator(SAVE).scroll_into_view_if_needed()
    # Sticky parts leave the larger half of the window to the questions.
    taken = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((one) => {
          const how = getComputedStyle(one).position, box = one.getBoundingClientRect();
          return (how === "fixed" || how === "sticky") && box.height && box.width > innerWidth / 2;
        }).reduce((sum, one) => sum + one.getBoundingClientRect().height, 0)"""
    )
    assert taken <= height * 0.6


# --- what a seized phone tells --------------------------------------------------------------------

ON_THE_DEVICE = r"""async () => {
  const kept = [...Object.entries(localStorage), ...Object.entries(sessionStorage)].flat();
  for (const found of await indexedDB.databases()) kept.push(found.name);
  for (const name of await caches.keys()) {
    kept.push(name);
    for (const request of await (await caches.open(name)).keys()) kept.push(request.url);
  }
  // The form token is random and says nothing; the session's cookie is out of a script's reach.
  kept.push(document.cookie.replace(/csrftoken=\w+/, ""));
  return kept.join(" ");
}"""


def test_nothing_of_a_form_is_kept_by_the_page(visit, demo_world):
    page = visit("worker")
    page.goto(demo_world.url(NEW))
    answer_five(page, summary="nichtsaufdemgeraet")
    page.locator("[name=source_name]").fill("Qastalani")
    page.context.set_offline(True)
    page.locator(SAVE).click()
    page.locator("[data-unsent-text]").wait_for()
    waiting = page.evaluate(ON_THE_DEVICE)
    page.context.set_offline(False)
    at_the_incident(page)
    sent = page.evaluate(ON_THE_DEVICE)

    for kept in (waiting, sent):
        assert "nichtsaufdemgeraet" not in kept
        assert "Qastalani" not in kept
        assert kept.strip() == ""


def test_a_seized_phone_holds_nothing_of_what_was_typed_or_read(chromium, demo_world, tmp_path):
    """The whole profile of the browser is searched after the quick exit; a control is found."""
    typed = ("telefonweggenommen", "Zubaidawi")
    context = chromium.browser_type.launch_persistent_context(
        str(tmp_path),
        executable_path=os.environ.get("CHROMIUM") or None,
        args=["--no-sandbox"],
        viewport=PHONE,
    )
    page = context.new_page()
    sign_in_browser(page, demo_world, "worker")
    page.goto(demo_world.url(NEW))
    answer_five(page, summary=typed[0])
    page.locator("[name=source_name]").fill(typed[1])
    page.locator(SAVE).click()
    at_the_incident(page)
    assert page.get_by_text(typed[0]).count() >= 1
    code = page.url.rstrip("/").rsplit("/", 1)[-1]
    page.locator("[data-leave-url]").click()
    page.wait_for_url("**/accounts/away/")
    page.evaluate("localStorage.setItem('control', 'kontrollwort')")
    context.close()

    assert _files_holding(tmp_path, "kontrollwort")
    for word in typed:
        assert _files_holding(tmp_path, word) == [], (word, code)


def _files_holding(folder: Path, word: str) -> list[str]:
    forms = [word.encode("utf-8"), word.encode("utf-16-le")]
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and any(form in path.read_bytes() for form in forms)
    ]
