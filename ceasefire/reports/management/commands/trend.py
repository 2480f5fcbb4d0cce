"""How does violence change over the years, with season and religious calendar taken out?"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from django.core.management.base import CommandError, CommandParser

from ceasefire.reports import calendars
from ceasefire.reports.tables import TableCommand, a_count, a_day, read_columns, refusal
from ceasefire.statistics.trend import EVENTS, WEEKS, WEEKS_WITH_ANY, trend

OUT = ("term", "ratio", "low", "high")
DESCRIPTION = """\
Fit the change of weekly counts over the years, with intervals that stand where weeks depend on each
other.

FILE has the columns epoch (first day of a week, YYYY-MM-DD) and observed, the weeks following one
another; empty or NA is a week without reporting, which is never a zero. Out: CSV with the terms
  yearly     counts of a year over those of the year before
  ramadan, muharram, safar, eids
             a week wholly inside over one outside, where the period came in three years
each with its 95 % interval. An interval that holds 1 tells nothing.
"""


class Command(TableCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-calendar", action="store_true", help="leave the religious calendar out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        read = read_columns(options["file"], {"epoch": a_day, "observed": a_count}, rows="weeks")
        weeks: list[date] = read["epoch"]
        for row, (one, other) in enumerate(zip(weeks, weeks[1:], strict=False), start=3):
            if (other - one).days != 7:
                raise refusal(options["file"], row, f"{other} does not follow {one}, one week on")
        found = trend(
            np.array(read["observed"]),
            week_of_year=[(day - date(day.year, 1, 1)).days / 7 for day in weeks],
            calendar=None if options["no_calendar"] else calendars.shares(weeks),
            years=calendars.years(weeks),
        )
        if found is None:
            raise CommandError(
                f"Too little: {WEEKS} weeks, {EVENTS} incidents and {WEEKS_WITH_ANY} weeks that"
                " have any are needed.",
                returncode=1,
            )
        terms = {"yearly": found.yearly, **found.calendar}
        self.write(
            options, OUT, [[name, one.ratio, one.low, one.high] for name, one in terms.items()]
        )
        self.stderr.write(f"{found.events} incidents in {found.weeks} weeks.")
