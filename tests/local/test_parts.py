"""Runs that share a directory are together the whole run."""

from tests.parts import piled, taken

NAMED = [
    *[("tests/vault/test_vault.py", f"vault {number}") for number in range(20)],
    *[("tests/browser/test_every_page.py", f"page {number}") for number in range(30)],
    *[("tests/browser/test_keys.py", f"key {number}") for number in range(4)],
    *[("tests/test_permissions.py", f"row {number}") for number in range(300)],
    *[("tests/test_crawl.py", f"crawl {number}") for number in range(3)],
    ("tests/text/test_text.py", "text"),
]


def test_what_takes_longest_comes_first_and_nothing_is_left_out():
    piles = piled(NAMED)

    assert [tests[0] for tests in piles.values()] == ["page 0", "key 0", "row 0", "vault 0", "text"]
    assert sorted(sum(piles.values(), [])) == sorted(test for _name, test in NAMED)


def test_what_needs_the_demonstration_stays_together():
    assert any({"key 0", "crawl 0"} <= set(tests) for tests in piled(NAMED).values())


def test_every_pile_is_taken_once_by_whoever_comes_first(tmp_path):
    piles = piled(NAMED)
    one, another = taken(tmp_path, piles), taken(tmp_path, piles)

    shared = [next(one), next(another), next(one), *another]

    assert shared == list(piles.values())
    assert list(one) == []
