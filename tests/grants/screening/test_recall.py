"""How many of one person's names are shown, on pairs that nothing was set with."""

import pytest

from grants.screening.matching import THRESHOLD
from tests.grants.screening import name_pairs
from tests.grants.screening.name_curve import (
    DEVELOPMENT,
    DOCS,
    PAIRS,
    SEED,
    at,
    scores,
    table,
)
from tests.grants.screening.name_pairs import make_pairs


@pytest.fixture(scope="module")
def rows():
    return scores()


def test_nineteen_of_twenty_true_pairs_are_shown(rows):
    true = [row for row in rows if row.is_same]
    assert len(true) >= 300
    assert len(rows) - len(true) >= 300
    assert at(rows, THRESHOLD).recall >= 0.95


def test_and_most_false_pairs_are_not(rows):
    """All of them are hard; a net that shows everything would pass the test above."""
    assert at(rows, THRESHOLD).false_hits <= 0.25
    strangers = [row for row in rows if row.made == "given name only"]
    assert len(strangers) >= 50
    assert sum(row.score >= THRESHOLD for row in strangers) == 0


def test_the_documentation_shows_this_curve(rows):
    assert table(rows) in (DOCS / "screening.md").read_text(encoding="utf-8")


def test_the_two_halves_share_no_name_and_no_seed():
    halves = {}
    for half in ("development", "held out"):
        stock = name_pairs._Stock(half)
        halves[half] = {word.arabic for word in (*stock.given, *stock.family)}
    assert not halves["development"] & halves["held out"]
    assert SEED not in DEVELOPMENT


def test_the_same_seed_gives_the_same_pairs():
    assert make_pairs("held out", SEED, 30) == make_pairs("held out", SEED, 30)
    assert make_pairs("held out", SEED, 30) != make_pairs("held out", SEED + 1, 30)
    made = {pair.made for pair in make_pairs("held out", SEED, PAIRS)}
    for wanted in ("slip", "family first", "no father", "no grandfather", "arabic arabic"):
        assert any(wanted in one for one in made)
