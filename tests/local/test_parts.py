"""The parts of a run together are the whole run."""

import pytest

from tests.parts import TOGETHER, dealt

FILES = [
    *["tests/browser/test_every_page.py"] * 30,
    *["tests/test_crawl.py"] * 3,
    *["tests/incidents/test_pages.py"] * 40,
    *["tests/test_permissions.py"] * 300,
    *["tests/vault/test_vault.py"] * 20,
    "tests/text/test_text.py",
]


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_every_file_is_in_exactly_one_part(parts):
    piles = dealt(FILES, parts)

    assert len(piles) == parts
    assert sorted(name for pile in piles for name in pile) == sorted(set(FILES))


def test_what_needs_the_demonstration_stays_together():
    piles = dealt(FILES, 2)

    assert [any(name.startswith(TOGETHER) for name in pile) for pile in piles].count(True) == 1


def test_the_parts_take_about_as_long():
    few, many = sorted(
        sum(12 if "browser" in name or "crawl" in name else 1 for name in FILES if name in pile)
        for pile in dealt(FILES, 2)
    )

    assert many <= 1.5 * few
