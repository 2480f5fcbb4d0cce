"""Are incidents that are close in place also close in time more often than by chance?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from django.core.management.base import CommandParser

from ceasefire.reports.tables import TableCommand, a_day, a_number, add_seed, bounds, read_columns
from ceasefire.statistics.near_repeat import near_repeat, to_metres

OUT = (
    *("metres_from", "metres_to", "days_from", "days_to", "pairs", "expected", "ratio"),
    *("ratio_low", "ratio_high", "p"),
)
DESCRIPTION = """\
Count pairs of incidents close in place and in time, and how many there would be by chance (Knox's
test in bands; dates dealt anew within half-years).

FILE has the columns date (YYYY-MM-DD), lat, lon in degrees, one row an incident; more are ignored.
Rows without a place are left out. Out: CSV, a row a band of metres and days, [from, to):
  pairs, expected   seen, and the mean by chance
  ratio, ratio_low, ratio_high
                    seen over expected, and over the ends of 95 of 100 permutations
  p                 probability of at least as many by chance
The last line on standard error is the p-value of all bands together.
"""


class Command(TableCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--metres", type=bounds("metres"), default=(0.0, 0.1, 200.0, 400.0, 800.0)
        )
        parser.add_argument(
            "--days", type=bounds("days", whole_numbers=True), default=(0.0, 3.0, 8.0, 15.0, 29.0)
        )
        parser.add_argument(
            "--whole-span",
            action="store_true",
            help="deal dates over the whole span, not within half-years",
        )
        add_seed(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        read = read_columns(
            options["file"],
            {"date": a_day, "lat": a_number, "lon": a_number},
            rows="incidents",
        )
        halves = [day.year * 2 + (day.month > 6) for day in read["date"]]
        found = near_repeat(
            to_metres(read["lon"], read["lat"]),
            np.array([day.toordinal() for day in read["date"]], dtype=float),
            metres=options["metres"],
            bands=[int(day) for day in options["days"]],
            strata=None if options["whole_span"] else halves,
            seed=options["seed"],
            permutations=options["permutations"],
        )
        lines = []
        for row, metres in enumerate(zip(found.metres, found.metres[1:], strict=False)):
            for at, days in enumerate(zip(found.days, found.days[1:], strict=False)):
                figures = (found.expected, found.ratio, found.ratio_low, found.ratio_high, found.p)
                values = [float(one[row, at]) for one in figures]
                lines.append([*metres, *days, int(found.observed[row, at]), *values])
        self.write(options, OUT, lines)
        left_out = len(read["date"]) - found.events
        if left_out:
            self.stderr.write(f"{left_out} rows have no place and were left out.")
        overall = found.p_overall if math.isfinite(found.p_overall) else 1.0
        self.stderr.write(f"All bands together: p = {overall:.4g} ({found.events} incidents).")
