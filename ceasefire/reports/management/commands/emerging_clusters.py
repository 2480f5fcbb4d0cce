"""Is there a circle with more cases lately than place and time alone explain?"""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ceasefire.reports.tables import (
    TableCommand,
    a_day,
    a_number,
    a_word,
    add_seed,
    floating,
    read_columns,
    whole,
)
from ceasefire.statistics.space_time_scan import scan

OUT = (
    *("centre", "lat", "lon", "radius_km", "days", "members", "observed", "expected"),
    *("log_ratio", "p", "recurrence_weeks"),
)
DESCRIPTION = """\
Look for the cluster of the last days that stands out most (prospective space-time permutation
scan).

FILE has the columns loc (a name of the place), lat, lon in degrees, date (YYYY-MM-DD), one row a
case; more are ignored. The last day is --until, or the last date of the file. Out: CSV with the
greatest cluster, or the header alone where no circle has more cases than expected. p is of that one
cluster, and chance alone shows one like it every 1/p scans.
"""


def _kilometres(text: str) -> float:
    value = floating(text)
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"a radius is from 0 to 1000 km: {text!r}")
    return value


class Command(TableCommand):
    help = DESCRIPTION

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--radius", type=_kilometres, default=3.0, metavar="KM")
        parser.add_argument("--longest", type=whole("longest", 1, 365), default=28, metavar="DAYS")
        parser.add_argument("--span", type=whole("span", 2, 3650), default=180, metavar="DAYS")
        parser.add_argument("--until", type=a_day, default=None, metavar="DATE")
        add_seed(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        read = read_columns(
            options["file"],
            {"loc": a_word, "lat": a_number, "lon": a_number, "date": a_day},
            rows="cases",
        )
        until = options["until"] or max(read["date"])
        first = until.toordinal() - options["span"] + 1
        found = scan(
            read["loc"],
            read["lat"],
            read["lon"],
            [day.toordinal() - first for day in read["date"]],
            span=options["span"],
            furthest=options["radius"],
            longest=options["longest"],
            seed=options["seed"],
            permutations=options["permutations"],
        )
        if not found.cases:
            raise CommandError("No case of these days has a place.", returncode=1)
        lines = []
        if found.cluster is not None:
            one = found.cluster
            lat, lon = map(float, found.locations[one.centre])
            members = " ".join(found.labels[at] for at in one.members)
            lines = [
                [found.labels[one.centre], lat, lon, one.radius, one.days, members]
                + [one.observed, one.expected, one.ratio, found.p, found.recurrence]
            ]
        self.write(options, OUT, lines)
        self.stderr.write(f"{found.cases} cases at {len(found.labels)} places.")
