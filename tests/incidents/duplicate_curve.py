"""How well the points tell twins from look-alikes: the table and the picture of docs/duplicates.md.

    python -m tests.incidents.duplicate_curve

writes both anew. The pairs are those of `HELD_OUT`, a seed with which no point was ever set.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from incidents.duplicates.scoring import THRESHOLD, likeness, may_be_twins
from tests.incidents.duplicate_pairs import make_pairs

HELD_OUT, PAIRS = 2026, 600
#: Seeds with which the points and the threshold were set.
DEVELOPMENT = range(1, 11)
THRESHOLDS = [-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0]
DOCS = Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- curve: begin -->", "<!-- curve: end -->"


@dataclass(frozen=True)
class At:
    """What a threshold gives."""

    threshold: float
    found: int
    missed: int
    wrong: int

    @property
    def recall(self) -> float:
        """Of the twins, the part that is found."""
        return self.found / (self.found + self.missed)

    @property
    def precision(self) -> float:
        """Of what is found, the part that are twins."""
        return self.found / max(1, self.found + self.wrong)


def points(seed: int = HELD_OUT) -> list[tuple[float | None, bool, str]]:
    """(points, twin, how it was made) of each pair; None where the two are not compared at all."""
    return [
        (
            likeness(pair.one, pair.other).points if may_be_twins(pair.one, pair.other) else None,
            pair.is_twin,
            pair.made,
        )
        for pair in make_pairs(seed, PAIRS)
    ]


def at(rows: list[tuple[float | None, bool, str]], threshold: float) -> At:
    """Found, missed and wrong at a threshold. A twin that is not compared is missed."""
    twins = [given for given, twin, _made in rows if twin]
    found = sum(given is not None and given >= threshold for given in twins)
    wrong = sum(given is not None and given >= threshold for given, twin, _made in rows if not twin)
    return At(threshold, found, len(twins) - found, wrong)


def table(rows: list[tuple[float | None, bool, str]]) -> str:
    """The curve as a Markdown table, and how many look-alikes of each kind are taken for twins."""
    lines = [
        "| points | twins found | missed | look-alikes taken for twins | recall | precision |",
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
            f"{one.precision:.3f}",
        ]
        if threshold == THRESHOLD:
            cells = [f"**{cell}**" for cell in cells]
        lines.append(f"| {' | '.join(cells)} |")
    kinds = sorted({made for _given, twin, made in rows if not twin})
    lines += ["", "| look-alike | pairs | taken for twins |", "| --- | ---: | ---: |"]
    for kind in kinds:
        of_kind = [given for given, _twin, made in rows if made == kind]
        taken = sum(given is not None and given >= THRESHOLD for given in of_kind)
        lines.append(f"| {kind} | {len(of_kind)} | {taken} |")
    return "\n".join(lines)


def picture(rows: list[tuple[float | None, bool, str]]) -> str:
    """Precision over recall, as SVG; the threshold in use is the dot."""
    left, top, wide, high = 56, 16, 400, 300

    def spot(one: At) -> tuple[float, float]:
        # Both axes from a half to one: nothing of interest lies below.
        return (
            left + (one.recall - 0.5) * 2 * wide,
            top + high - (one.precision - 0.5) * 2 * high,
        )

    steps = [at(rows, step / 4) for step in range(-16, 33)]
    line = " ".join(
        f"{x:.1f},{y:.1f}" for x, y in (spot(one) for one in steps) if x >= left and y <= top + high
    )
    used = at(rows, THRESHOLD)
    x, y = spot(used)
    marks = []
    for step in range(6):
        value = 0.5 + step / 10
        at_x, at_y = left + step * wide / 5, top + high - step * high / 5
        marks.append(
            f'<line x1="{at_x:.0f}" y1="{top}" x2="{at_x:.0f}" y2="{top + high}" stroke="#ddd"/>'
            f'<line x1="{left}" y1="{at_y:.0f}" x2="{left + wide}" y2="{at_y:.0f}" stroke="#ddd"/>'
            f'<text x="{at_x:.0f}" y="{top + high + 18}" text-anchor="middle">{value:.1f}</text>'
            f'<text x="{left - 8}" y="{at_y + 4:.0f}" text-anchor="end">{value:.1f}</text>'
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 366" role="img"'
        ' font-family="sans-serif" font-size="12" fill="#333">'
        "<title>Precision over recall of likely twins</title>"
        '<rect width="480" height="366" fill="#fff"/>'
        + "".join(marks)
        + f'<polyline points="{line}" fill="none" stroke="#0b6e5a" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#b3261e"/>'
        f'<text x="{x - 10:.0f}" y="{y + 20:.0f}" text-anchor="end">{THRESHOLD:g} points</text>'
        f'<text x="{left + wide / 2:.0f}" y="358" text-anchor="middle">recall</text>'
        f'<text x="14" y="{top + high / 2:.0f}" text-anchor="middle"'
        f' transform="rotate(-90 14 {top + high / 2:.0f})">precision</text>'
        "</svg>\n"
    )


def main() -> None:
    """Write the table into the page and the picture beside it."""
    rows = points()
    page = DOCS / "duplicates.md"
    before, _begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{table(rows)}\n\n{END}{after}", encoding="utf-8")
    (DOCS / "duplicates.svg").write_text(picture(rows), encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")
    main()
