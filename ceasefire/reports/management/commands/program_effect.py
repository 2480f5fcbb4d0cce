"""Did violence fall where the program works, compared with where it does not?"""

from __future__ import annotations

from typing import Any

import numpy as np
from django.core.management.base import CommandError, CommandParser

from ceasefire.reports.tables import TableCommand, a_count, a_day, a_word, read_columns
from ceasefire.statistics.effect import effect

OUT = ("verdict", "reason", "ratio", "low", "high", "p_placebo")
DESCRIPTION = """\
Judge the change in the program's districts against the other districts: by their spread, and
against every other choice of as many districts. A before and after of the program's districts alone
is never given.

FILE has the columns week_start (YYYY-MM-DD), district and count, one row a district and week; empty
or NA is a week without reporting. Out: CSV with the verdict (fewer, more, cannot_tell, too_little),
why not more is said, the ratio with its 95 % interval, and the share of all choices of districts
that lie as far out.
"""


class Command(TableCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--district", action="append", required=True, metavar="NAME",
            help="a district of the program; once for each",
        )  # fmt: skip
        parser.add_argument(
            "--start", type=a_day, required=True, metavar="DATE", help="its first week"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        read = read_columns(
            options["file"],
            {"week_start": a_day, "district": a_word, "count": a_count},
            rows="weeks",
        )
        weeks, districts = sorted(set(read["week_start"])), sorted(set(read["district"]))
        unknown = sorted(set(options["district"]) - set(districts))
        if unknown:
            raise CommandError(f"No such district: {', '.join(unknown)}.", returncode=2)
        row_of = {week: at for at, week in enumerate(weeks)}
        column_of = {name: at for at, name in enumerate(districts)}
        table = np.full((len(weeks), len(districts)), np.nan)
        seen: set[tuple[int, int]] = set()
        for week, name, count in zip(*(read[key] for key in read), strict=True):
            cell = (row_of[week], column_of[name])
            if cell in seen:
                raise CommandError(f"{name} stands twice in the week of {week}.", returncode=1)
            seen.add(cell)
            table[cell] = count
        found = effect(
            table,
            start=sum(week < options["start"] for week in weeks),
            treated=[name in options["district"] for name in districts],
        )
        self.write(
            options,
            OUT,
            [
                [found.verdict.value, found.reason.value, found.ratio, found.low]
                + [found.high, found.p_placebo]
            ],
        )
