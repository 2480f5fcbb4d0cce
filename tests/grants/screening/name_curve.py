"""How well names are found: the table of docs/screening.md.

    python -m tests.grants.screening.name_curve

writes it anew. The pairs are those of the held-out names and of `SEED`, with which no cost and no
threshold was ever set.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from grants.screening.matching import THRESHOLD, compare
from tests.grants.screening.name_pairs import make_pairs

SEED, PAIRS = 2026, 700
#: Seeds of the development names, with which the costs and the threshold were set.
DEVELOPMENT = range(1, 5)
THRESHOLDS = [0.5, 0.55, 0.6, 0.65, 0.68, 0.7, 0.72, 0.75, 0.8, 0.85, 0.9]
DOCS = Path(__file__).resolve().parents[3] / "docs"
BEGIN, END = "<!-- curve: begin -->", "<!-- curve: end -->"


@dataclass(frozen=True)
class Scored:
    """A pair's score, whether it is one person's, and how it was made."""

    score: float
    is_same: bool
    made: str


@dataclass(frozen=True)
class At:
    """What a threshold gives."""

    found: int
    missed: int
    wrong: int
    others: int

    @property
    def recall(self) -> float:
        """Of the true pairs, the part that is shown."""
        return self.found / (self.found + self.missed)

    @property
    def false_hits(self) -> float:
        """Of the false pairs, the part that is shown."""
        return self.wrong / self.others


def scores(half: str = "held out", seed: int = SEED, pairs: int = PAIRS) -> list[Scored]:
    """The pairs of a half, compared."""
    return [
        Scored(compare(pair.one, pair.other).score, pair.is_same, pair.made)
        for pair in make_pairs(half, seed, pairs)
    ]


def at(rows: list[Scored], threshold: float) -> At:
    """Shown and not shown at a threshold."""
    true = [row for row in rows if row.is_same]
    false = [row for row in rows if not row.is_same]
    found = sum(row.score >= threshold for row in true)
    wrong = sum(row.score >= threshold for row in false)
    return At(found, len(true) - found, wrong, len(false))


def table(rows: list[Scored]) -> str:
    """The curve, and at the threshold in use the pairs by how they were made."""
    lines = [
        "| score | true pairs shown | missed | false pairs shown | recall | false hits |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for threshold in THRESHOLDS:
        one = at(rows, threshold)
        cells = [
            f"{threshold:g}",
            str(one.found),
            str(one.missed),
            str(one.wrong),
            f"{one.recall:.3f}",
            f"{one.false_hits:.3f}",
        ]
        if threshold == THRESHOLD:
            cells = [f"**{cell}**" for cell in cells]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| false pairs | pairs | shown |", "| --- | ---: | ---: |"]
    for made in sorted({row.made for row in rows if not row.is_same}):
        of_kind = [row for row in rows if not row.is_same and row.made == made]
        lines.append(f"| {made} | {len(of_kind)} | {_shown(of_kind)} |")
    lines += ["", "| true pairs | pairs | shown |", "| --- | ---: | ---: |"]
    true = [row for row in rows if row.is_same]
    for made in sorted({part for row in true for part in row.made.split(", ")}):
        of_kind = [row for row in true if made in row.made.split(", ")]
        lines.append(f"| {made} | {len(of_kind)} | {_shown(of_kind)} |")
    return "\n".join(lines)


def _shown(rows: list[Scored]) -> int:
    return sum(row.score >= THRESHOLD for row in rows)


def main() -> None:
    """Write the table into the page."""
    page = DOCS / "screening.md"
    before, _begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{table(scores())}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")
    main()
