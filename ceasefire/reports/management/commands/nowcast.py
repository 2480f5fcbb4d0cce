"""How many incidents of the last weeks will be known in the end?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ceasefire.reports.tables import TableCommand, a_day, add_seed, read_columns, whole
from ceasefire.statistics.nowcast import FEWEST, nowcast

OUT = ("week", "known", "share_known", "expected", "low", "high")
DESCRIPTION = """\
Say of the last weeks how many incidents will be known of them, by how late they are usually told.

FILE has the columns happened and told (YYYY-MM-DD), one row an incident; more are ignored. Weeks
begin on Monday. The last week is the last one that ended by --until, or by the last date told. Out:
CSV, a row a week, the oldest first: known so far, the share usually known by now, what is expected
in the end and between which limits it will lie 95 times in 100.
"""


class Command(TableCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--longest", type=whole("longest", 1, 26), default=6, metavar="WEEKS",
            help="delays of more weeks count as this long (6)",
        )  # fmt: skip
        parser.add_argument(
            "--window", type=whole("window", 2, 520), default=26, metavar="WEEKS",
            help="learn from incidents of the last so many weeks (26)",
        )  # fmt: skip
        parser.add_argument("--until", type=a_day, default=None, metavar="DATE")
        add_seed(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["window"] <= options["longest"]:
            raise CommandError("The window is longer than the longest delay.", returncode=2)
        read = read_columns(options["file"], {"happened": a_day, "told": a_day}, rows="incidents")
        until = options["until"] or max(read["told"])
        # Week 0 holds the first day of the calendar; a week that is not over is not looked at.
        now = (until.toordinal() + 6) // 7 - (0 if until.weekday() == 6 else 1) - 1
        found = nowcast(
            [_week(day) for day in read["happened"]],
            [_week(day) for day in read["told"]],
            now=now,
            longest=options["longest"],
            window=options["window"],
            seed=options["seed"],
        )
        if found is None:
            raise CommandError(
                f"Fewer than {FEWEST} incidents tell how late they come: nothing is corrected.",
                returncode=1,
            )
        weeks = range(now - options["longest"] + 1, now + 1)
        self.write(
            options,
            OUT,
            [
                [_monday(week), int(found.known[at]), float(found.share[at])]
                + [float(found.expected[at]), int(found.low[at]), int(found.high[at])]
                for at, week in enumerate(weeks)
            ],
        )


def _week(day: date) -> int:
    """Mondays counted from the first of the calendar, which was one."""
    return int((day.toordinal() - 1) // 7)


def _monday(week: int) -> date:
    return date.min + timedelta(days=7 * week)
