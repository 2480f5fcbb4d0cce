"""Look for unusual weeks in a file of weekly counts, with the detectors of the weekly report."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire.reports.tables import (
    MISSING,
    a_day,
    integer,
    level,
    read_text,
    refusal,
    share,
    shown,
    whole,
    write_beside,
)
from ceasefire.statistics.assessment import ALERT_RATE
from ceasefire.statistics.ears import ears, weeks_needed
from ceasefire.statistics.farrington import WEEKS_A_YEAR, farrington, has_history
from ceasefire.statistics.multiple_testing import benjamini_hochberg

COLUMNS = ("week_index", "epoch", "observed")
OUT = (
    "week_index",
    "epoch",
    "observed",
    "expected",
    "upperbound",
    "alarm",
    "pvalue",
    "mu0",
    "phi",
)
LARGEST_COUNT = 10**9
HALF_WINDOW = 3
MOST_REASONS = 20

DESCRIPTION = """\
Look for weeks with more events than their past explains, in a CSV file of weekly counts.

FILE has the columns week_index, epoch, observed, one row a week, the weeks following one another;
'-' reads standard input. epoch is the first day of the week (YYYY-MM-DD) or a plain number. With
a first column 'series' the file holds many series. observed is a whole number from 0 up; empty or
NA is a missing week, which is never a zero. More columns are ignored.

Out: CSV on standard output with the columns
  week_index, epoch, observed   as they came
  expected    events a week predicted (farrington) or the mean of the baseline (ears)
  upperbound  an observed count strictly above it is an alarm
  alarm       1 or 0
  pvalue      probability of a count at least as high (farrington)
  mu0, phi    mean the bound was taken at, and dispersion (farrington)
expected and upperbound are empty where the week is suppressed: fewer than 5 events in the last 4
weeks, no past to fit, or a prediction that is absurd; then no alarm is possible. Every other value
that does not exist is empty too.

A file with 'series' gets it first, and two more columns last: q, the p-value adjusted by
Benjamini-Hochberg over all series with a p-value in the same week, empty where the week is
suppressed; and alert, 1 where q <= 0.10. EARS has no p-values, so q stays empty there.
"""

EPILOG = """\
Exit: 0 done; 1 the file was refused, with the reasons, or no week has the history; 2 wrong
arguments.
"""


@dataclass(slots=True)
class Rows:
    """One series as read: text of the week numbers, epochs, and counts (nan = missing)."""

    name: str
    index: list[int] = field(default_factory=list)
    epochs: list[date] | list[int] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)

    @property
    def dates(self) -> list[date] | None:
        """First days of the weeks, None for plain week numbers."""
        days = [epoch for epoch in self.epochs if isinstance(epoch, date)]
        return days or None


@dataclass(slots=True)
class Answer:
    """One row to write."""

    series: Rows
    at: int
    expected: float = math.nan
    upper: float = math.nan
    alarm: bool = False
    p: float = math.nan
    mu0: float = math.nan
    phi: float = math.nan
    q: float = math.nan
    alert: bool = False


class Command(BaseCommand):
    help = DESCRIPTION
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, epilog=EPILOG, **kwargs)
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="CSV file, or - for standard input")
        parser.add_argument(
            "--method",
            required=True,
            choices=["farrington", "ears-c1", "ears-c2", "ears-c3"],
            help="the detector",
        )
        parser.add_argument(
            "--years-back",
            type=whole("years back", 1, 20),
            default=5,
            metavar="N",
            help="farrington: years of the baseline, 1 to 20 (5)",
        )
        parser.add_argument(
            "--periods",
            type=whole("periods", 1, WEEKS_A_YEAR - 2 * HALF_WINDOW - 1),
            default=10,
            metavar="N",
            help="farrington: periods the year is split into, 1 to 45 (10); 1 takes the same "
            "season alone",
        )
        parser.add_argument(
            "--weeks-excluded",
            type=whole("weeks excluded", 0, 520),
            default=26,
            metavar="N",
            help="farrington: last weeks left out of the baseline (26)",
        )
        parser.add_argument(
            "--alpha",
            type=level("alpha", 0.5),
            default=None,
            metavar="A",
            help="one-sided level, above 0 and below 0.5 (farrington 0.01, ears-c1 and ears-c2 "
            "0.001, ears-c3 0.025)",
        )
        parser.add_argument(
            "--threshold",
            choices=["nb", "delta", "muan"],
            default="nb",
            help="farrington: negative-binomial plug-in, 2/3-power normal, or negative binomial "
            "at the upper limit of the mean (nb)",
        )
        parser.add_argument(
            "--p-threshold-trend",
            type=share("p-threshold-trend"),
            default=1.0,
            metavar="P",
            help="farrington: keep the trend where its p-value is below (1: always)",
        )
        parser.add_argument(
            "--r-dispersion",
            action="store_true",
            help="farrington, for tests: standard errors as R surveillance 1.20.3 has them",
        )
        parser.add_argument(
            "--last",
            type=whole("last", 1, 100_000),
            default=None,
            metavar="N",
            help="evaluate the last N weeks; without it every week that has the history",
        )
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="write here instead of standard output: beside it first, then moved into place",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        series, long = _read(options["file"])
        answers = list(self._told(self._evaluate(series, options)))
        if long:
            _adjust(answers)
        places = {id(one): at for at, one in enumerate(series)}
        answers.sort(key=lambda answer: (places[id(answer.series)], answer.at))
        text = _csv(answers, long)
        if options["output"]:
            write_beside(Path(options["output"]), text)
        else:
            self.stdout.write(text, ending="")
        without = [one for one in series if not _with_history(one, options)]
        for one in without[:MOST_REASONS]:
            self.stderr.write(
                f"{_called(one)}{len(one.counts)} weeks are too few for this method: "
                f"{_needed(options)} are needed."
            )
        if len(without) > MOST_REASONS:
            self.stderr.write(f"And {len(without) - MOST_REASONS} more series like these.")
        if len(without) == len(series):
            raise CommandError("No week has the history that the method needs.", returncode=1)

    def _told(self, answers: Iterable[Answer]) -> Iterator[Answer]:
        """Pass the answers on, and count them on a terminal."""
        terminal = self.stderr.isatty()
        for number, one in enumerate(answers, 1):
            if terminal and number % 500 == 0:
                self.stderr.write(f"\r{number} weeks judged", ending="")
                self.stderr.flush()
            yield one
        if terminal:
            self.stderr.write("\r", ending="")

    def _evaluate(self, series: list[Rows], options: dict[str, Any]) -> Iterator[Answer]:
        if options["method"] != "farrington":
            for one in series:
                yield from _by_ears(one, options)
            return
        # Series over the same weeks are fitted together, which is many times faster.
        together: dict[tuple[Any, ...], list[Rows]] = defaultdict(list)
        for one in series:
            together[tuple(one.epochs)].append(one)
        for members in together.values():
            yield from _by_farrington(members, options)


# -- judging -------------------------------------------------------------------------------------


def _weeks(one: Rows, options: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Positions to write, and those of them that have the history."""
    length = len(one.counts)
    asked = range(max(length - options["last"], 0) if options["last"] else 0, length)
    if options["method"] == "farrington":
        dates = one.dates
        able = [
            at
            for at in asked
            if has_history(
                at, options["years_back"], length=length, dates=dates, half_window=HALF_WINDOW
            )
        ]
    else:
        able = [at for at in asked if at >= weeks_needed(_ears_method(options))]
    return (list(asked) if options["last"] else able), able


def _with_history(one: Rows, options: dict[str, Any]) -> bool:
    return bool(_weeks(one, options)[1])


def _by_farrington(members: list[Rows], options: dict[str, Any]) -> Iterator[Answer]:
    written, able = _weeks(members[0], options)
    for one in members:
        for at in sorted(set(written) - set(able)):
            yield Answer(one, at)
    table = np.array([one.counts for one in members], dtype=float).T
    dates = members[0].dates
    for at in able:
        result = farrington(
            table,
            dates=dates,
            weeks=[at],
            years_back=options["years_back"],
            half_window=HALF_WINDOW,
            periods=options["periods"],
            weeks_excluded=options["weeks_excluded"],
            alpha=0.01 if options["alpha"] is None else options["alpha"],
            threshold=options["threshold"],
            p_threshold_trend=options["p_threshold_trend"],
            r_dispersion=options["r_dispersion"],
        )
        for column, one in enumerate(members):
            yield Answer(
                one,
                at,
                expected=float(result.expected[0, column]),
                upper=float(result.upper[0, column]),
                alarm=bool(result.alarm[0, column]),
                p=float(result.p[0, column]),
                mu0=float(result.mu0[0, column]),
                phi=float(result.phi[0, column]),
            )


def _ears_method(options: dict[str, Any]) -> Any:
    return options["method"].removeprefix("ears-").upper()


def _by_ears(one: Rows, options: dict[str, Any]) -> Iterator[Answer]:
    written, able = _weeks(one, options)
    for at in sorted(set(written) - set(able)):
        yield Answer(one, at)
    result = ears(one.counts, method=_ears_method(options), weeks=able, alpha=options["alpha"])
    for row, at in enumerate(able):
        yield Answer(
            one,
            at,
            expected=float(result.expected[row]),
            upper=float(result.upper[row]),
            alarm=bool(result.alarm[row]),
        )


def _adjust(answers: list[Answer]) -> None:
    """Benjamini-Hochberg within each week; a suppressed week counts but never alerts."""
    weeks: dict[Any, list[Answer]] = defaultdict(list)
    for one in answers:
        weeks[one.series.epochs[one.at]].append(one)
    for members in weeks.values():
        for one, q in zip(members, benjamini_hochberg([one.p for one in members]), strict=True):
            if math.isfinite(one.upper):
                one.q = float(q)
                one.alert = bool(q <= ALERT_RATE)


def _needed(options: dict[str, Any]) -> str:
    if options["method"] == "farrington":
        return f"about {math.ceil(52.18 * options['years_back']) + HALF_WINDOW + 1}"
    return str(weeks_needed(_ears_method(options)) + 1)


# -- reading -------------------------------------------------------------------------------------


def _read(name: str) -> tuple[list[Rows], bool]:
    """The series of a file, and whether it is a long one. Raises CommandError with the reasons."""
    text = read_text(name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(name, header)
        long = header[0] == "series"
        at = {column: header.index(column) for column in COLUMNS}
        series: dict[str, Rows] = {}
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise refusal(
                    name, reader.line_num, f"{len(cells)} cells under {len(header)} columns"
                )
            key = cells[0].strip() if long else ""
            if long and not key:
                raise refusal(name, reader.line_num, "the series has no name")
            one = series.setdefault(key, Rows(key))
            try:
                _add(
                    one,
                    cells[at["week_index"]].strip(),
                    cells[at["epoch"]].strip(),
                    cells[at["observed"]].strip(),
                )
            except ValueError as error:
                raise refusal(name, reader.line_num, f"{_called(one)}{error}") from error
    except csv.Error as error:
        raise refusal(name, reader.line_num, f"not a CSV row ({error})") from error
    if not series:
        raise CommandError(f"{name} holds no weeks.", returncode=1)
    return list(series.values()), long


def _check_header(name: str, header: list[str]) -> None:
    wanted = "week_index,epoch,observed, with series before them in a file of many series"
    if not header:
        raise CommandError(f"{name} is empty. The columns are {wanted}.", returncode=1)
    lacking = [column for column in COLUMNS if column not in header]
    if lacking:
        raise refusal(name, 1, f"no column {', '.join(lacking)}. The columns are {wanted}")
    if len(set(header)) != len(header):
        raise refusal(name, 1, "a column stands twice")
    if "series" in header[1:]:
        raise refusal(name, 1, "the column series must be the first")


def _add(one: Rows, index: str, epoch: str, observed: str) -> None:
    """Take in one row. Raises ValueError with what is wrong with it."""
    number = integer(index)
    if number is None:
        raise ValueError(f"week_index is not a whole number: {index!r}")
    if one.index and number == one.index[-1]:
        raise ValueError(f"week {number} stands twice")
    if one.index and number != one.index[-1] + 1:
        raise ValueError(f"week {number} does not follow week {one.index[-1]}")
    when = _epoch(epoch)
    if one.epochs:
        before: Any = one.epochs[-1]
        if type(when) is not type(before):
            raise ValueError("dates and plain numbers are mixed in epoch")
        if when == before:
            raise ValueError(f"epoch {epoch} stands twice")
        step: Any = timedelta(days=7) if isinstance(when, date) else 1
        if when != before + step:
            raise ValueError(f"epoch {epoch} does not follow {before}, one week on")
    count = math.nan
    if observed not in MISSING:
        events = integer(observed)
        if events is None or events < 0:
            raise ValueError(f"observed is not a whole number from 0 up: {observed!r}")
        if events > LARGEST_COUNT:
            raise ValueError(f"observed is above {LARGEST_COUNT}: {observed!r}")
        count = float(events)
    one.index.append(number)
    one.epochs.append(when)  # type: ignore[arg-type]
    one.counts.append(count)


def _epoch(text: str) -> date | int:
    number = integer(text)
    if number is not None:
        return number
    with contextlib.suppress(ValueError):
        return a_day(text)
    raise ValueError(f"epoch is neither a date like 2026-01-31 nor a whole number: {text!r}")


def _called(one: Rows) -> str:
    return f"series {one.name}: " if one.name else ""


# -- writing -------------------------------------------------------------------------------------


def _csv(answers: list[Answer], long: bool) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("series", *OUT, "q", "alert") if long else OUT)
    for one in answers:
        row: list[object] = [
            one.series.index[one.at],
            one.series.epochs[one.at],
            shown(one.series.counts[one.at]),
            shown(one.expected),
            shown(one.upper),
            int(one.alarm),
            shown(one.p),
            shown(one.mu0),
            shown(one.phi),
        ]
        if long:
            row = [one.series.name, *row, shown(one.q), int(one.alert)]
        writer.writerow(row)
    return out.getvalue()
