"""What a first load asks for, on a far line where every request costs a second."""

from typing import Any

import pytest

from tests.browser.conftest import DESK, PHONE
from tests.demo_world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_REQUESTS, MOST_BYTES = 8, 150 * 1024
#: (who, which page); the icon in the tab, which this browser does not ask for, is counted with it.
PAGES = [
    ("", "/accounts/login/"),
    ("worker", "/"),
    ("supervisor", "/"),
    ("manager", "/dashboard/"),
    ("worker", "/incidents/new/"),
    ("worker", "/incidents/entry/"),
    ("supervisor", "/incidents/"),
    ("supervisor", "/incidents/board/"),
    ("supervisor", "/incidents/map/?since=01/01/2020&until=31/12/2030"),
    ("supervisor", "/incidents/{accepted}/"),
    ("supervisor", "/incidents/{in_review}/edit/"),
    ("data", "/incidents/import/"),
    ("manager", "{draft_report}"),
]


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize(("username", "path"), PAGES)
def test_a_first_load_is_few_requests_and_light(
    chromium: Any, demo_world: World, signed_in_state: Any, username: str, path: str, viewport: Any
) -> None:
    state = signed_in_state(username) if username else None
    context = chromium.new_context(viewport=viewport, storage_state=state)
    page = context.new_page()
    asked: list[Any] = []
    page.on(
        "requestfinished", lambda one: None if one.url.startswith("data:") else asked.append(one)
    )
    try:
        answer = page.goto(demo_world.url(path))
        page.wait_for_load_state("networkidle")
        assert answer.ok
        names = [one.url.removeprefix(demo_world.address) for one in asked]
        weight = sum(one.sizes()["responseBodySize"] for one in asked)
    finally:
        context.close()
    if not any(name.endswith(".svg") for name in names):
        names.append("icon.svg")
    assert len(names) <= MOST_REQUESTS, names
    assert weight <= MOST_BYTES, weight
