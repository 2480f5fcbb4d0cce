"""The charts of the reports: drawn of a run's kept numbers, the same on a page and in a PDF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from ceasefire.look.charts import (
    Area,
    Chart,
    heat_table,
    horizontal_bars,
    rising_lines,
    shaded_areas,
    stacked_bars,
)
from ceasefire.places import outlines
from grants.models import Stage, State

#: Longest names in a picture; the table beside it has the whole.
LONGEST = 60


def charts_of(slug: str, numbers: Sequence[Any] | None, *, digits: str = "western") -> list[Chart]:
    """The charts of a report in the active language; none where there is nothing to draw."""
    draw = _DRAWN.get(slug)
    return draw(numbers, digits) if draw is not None and numbers else []


def _arabic() -> bool:
    return (get_language() or "en").startswith("ar")


def _name(english: str, arabic: str) -> str:
    name = (arabic or english) if _arabic() else (english or arabic)
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def _by_state(numbers: Sequence[Any]) -> list[Any]:
    """Rows that begin with a state, in the order of the states."""
    order = {state: at for at, state in enumerate(State.values)}
    return sorted(numbers, key=lambda row: order.get(row[0], len(order)))


def _state(code: str) -> str:
    return str(State(code).label) if code in State.values else code


def _portfolio(numbers: Sequence[Any], digits: str) -> list[Chart]:
    rows = [
        (_state(state), [float(paid), float(unpaid), float(asked)])
        for state, _count, paid, unpaid, asked in _by_state(numbers)
        if float(paid) or float(unpaid) or float(asked)
    ]
    return [
        stacked_bars(
            "by-state",
            gettext("Amounts by state, USD"),
            gettext("Paid less refunds, obligated and unpaid, and asked for before an award."),
            rows,
            [gettext("Paid"), gettext("Unliquidated"), gettext("Asked for")],
            places=2,
            digits=digits,
        )
    ]


def _months(numbers: Sequence[Any], digits: str) -> list[Chart]:
    points = [row[0] for row in numbers]
    return [
        rising_lines(
            "by-month",
            gettext("Obligated and disbursed so far, USD"),
            gettext("Net of what was de-obligated and refunded, all funds together."),
            points,
            [
                (gettext("Obligated"), [float(row[1]) for row in numbers]),
                (gettext("Disbursed"), [float(row[2]) for row in numbers]),
            ],
            places=2,
            digits=digits,
        )
    ]


BANDS = (
    _("0 to 7 days"),
    _("8 to 14 days"),
    _("15 to 30 days"),
    _("31 to 60 days"),
    _("Over 60 days"),
)


def _pipeline(numbers: Sequence[Any], digits: str) -> list[Chart]:
    rows = [(_state(row[0]), [int(value) for value in reversed(row[1:])]) for row in
            _by_state(numbers)]  # fmt: skip
    return [
        stacked_bars(
            "waiting",
            gettext("How long grants have been in their state"),
            gettext("Grants by state; the darker, the longer."),
            rows,
            [str(band) for band in reversed(BANDS)],
            digits=digits,
        )
    ]


def _districts(numbers: Sequence[Any], digits: str) -> list[Chart]:
    title = gettext("Obligated by district, USD")
    amounts = {row[0]: (row[1], row[2], float(row[3])) for row in numbers}
    drawn: list[Chart] = []
    for governorate in sorted({code[:5] for code in amounts}):
        shapes = outlines.shapes(governorate)
        if not shapes:
            continue
        areas = []
        for pcode, rings in sorted(shapes["districts"].items()):
            english, arabic, value = amounts.get(pcode, (pcode, pcode, None))
            areas.append(
                Area(
                    _name(english, arabic) if pcode in amounts else _place(pcode),
                    value,
                    [outlines.points(ring) for ring in rings],
                    tuple(shapes["at"][pcode]),
                )
            )
        drawn.append(
            shaded_areas(
                f"map-{governorate}",
                title,
                gettext("The darker, the more. Hatched: no grant."),
                areas,
                places=2,
                digits=digits,
            )
        )
    bars = [(_name(english, arabic), value) for english, arabic, value in amounts.values()]
    drawn.append(
        horizontal_bars(
            "by-district",
            title,
            "",
            bars[:25],
            unit=gettext("USD"),
            places=2,
            digits=digits,
        )
    )
    return drawn


def _place(pcode: str) -> str:
    """The name of a district without a grant; a name of places does not age with a run."""
    from ceasefire.places.models import Place

    found = Place.objects.defer("geometry").filter(pcode=pcode).first()
    return _name(found.name_en, found.name_ar) if found else pcode


def _groups(numbers: Sequence[Any], digits: str) -> list[Chart]:
    rows = []
    for english, arabic, obligated, disbursed in numbers:
        paid, bound = float(disbursed), float(obligated)
        rows.append((_name(english, arabic), [paid, max(bound - paid, 0.0)]))
    return [
        stacked_bars(
            "by-group",
            gettext("Obligated, USD"),
            gettext("The dark part is paid; those with most first."),
            rows,
            [gettext("Disbursed"), gettext("Obligated, not disbursed")],
            places=2,
            digits=digits,
        )
    ]


def _closeouts(numbers: Sequence[Any], digits: str) -> list[Chart]:
    labels = (
        gettext("Up to 30 days"),
        gettext("31 to 60 days"),
        gettext("61 to 90 days"),
        gettext("Over 90 days"),
    )
    if not any(numbers[0]):
        return []
    return [
        horizontal_bars(
            "overdue",
            gettext("Days that closeouts are overdue"),
            "",
            list(zip(labels, [int(value) for value in numbers[0]], strict=True)),
            unit=gettext("Grants"),
            digits=digits,
        )
    ]


def _documents(numbers: Sequence[Any], digits: str) -> list[Chart]:
    stages = [stage for stage in Stage.values if any(row[1] == stage for row in numbers)]
    there = {(row[0], row[1]): int(row[3]) for row in numbers}
    states = dict.fromkeys(row[0] for row in _by_state(numbers))
    return [
        heat_table(
            "missing",
            gettext("Missing papers by state and stage"),
            gettext("The darker, the more are missing. Hatched: none is needed."),
            [str(Stage(stage).label) for stage in stages],
            [(_state(state), [there.get((state, stage)) for stage in stages]) for state in states],
            corner=gettext("State"),
            digits=digits,
        )
    ]


def _results(numbers: Sequence[Any], digits: str) -> list[Chart]:
    rows = []
    for ref, indicator, target, actual in numbers:
        reached = None if actual is None else float(100 * Decimal(actual) / Decimal(target))
        rows.append((_name(f"{ref} · {indicator}", ""), reached))
    return [
        horizontal_bars(
            "reached",
            gettext("What was reached of each target, %"),
            gettext("The first twelve; a full bar is the target."),
            rows,
            unit="%",
            top=100,
            places=0,
            digits=digits,
        )
    ]


_DRAWN: dict[str, Callable[[Sequence[Any], str], list[Chart]]] = {
    "portfolio": _portfolio,
    "months": _months,
    "pipeline": _pipeline,
    "districts": _districts,
    "implementers": _groups,
    "sectors": _groups,
    "closeouts": _closeouts,
    "documents": _documents,
    "results": _results,
}
