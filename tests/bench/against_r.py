"""The detector beside R: 96 series of ten years, the last week and the last 52.

Where `Rscript` and the package surveillance are installed (Debian: r-cran-surveillance), R judges
the same panel in the same run and its alarms are compared; without --long the last eight weeks
stand for its 52, since each week costs it the same. Where they are not, R's times on the two cores
of the reference stand in: 1.0 s for the last week and 72 s for 52 (R 4.2.2, surveillance 1.20.3).
The floor is one least-squares fit for each series and week by numpy, of one of the models that are
fitted.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceasefire.statistics.farrington import farrington

WEEKS, YEAR, SOME = 522, 52, 8
#: R's seconds for the last week and for 52, where it is not here.
R_WEEK, R_YEAR = 1.0, 72.0
#: So many times as quick as R.
WEEK_TIMES, YEAR_TIMES = 5.0, 6.0
SCRIPT = Path(__file__).with_name("farrington.R")
#: A Monday, as R numbers its weeks.
FIRST_DAY = date(2016, 1, 4)


def run(report: Any, counts: NDArray[np.float64], long: bool) -> None:
    """`counts`: 522 weeks x 96 series."""
    week, alarms = min((_ours(counts, 1) for _turn in range(5)), key=lambda one: one[0])
    year, year_alarms = _ours(counts, YEAR)
    report.figure("farrington: 96 series, last week", week, "s")
    report.figure("farrington: 96 series, last 52 weeks", year, "s")
    floor = _floor(counts)
    report.line(
        f"floor, one least-squares fit a series: {floor:.3f} s a week; "
        f"{week / floor:.1f} and, of 52 weeks, {year / YEAR / floor:.1f} times that"
    )
    theirs = _r(counts, 1)
    if theirs is None:
        report.line(f"R is not here: {R_WEEK:g} s and {R_YEAR:g} s as on the reference's machine")
        r_week, r_year = R_WEEK, R_YEAR
    else:
        r_week, r_alarms = min([theirs, _r(counts, 1) or theirs])
        last = YEAR if long else SOME
        r_last, r_last_alarms = _r(counts, last) or (float("nan"), 0)
        r_year = r_last * YEAR / last
        if (r_alarms, r_last_alarms) != (alarms, year_alarms if long else _ours(counts, last)[1]):
            raise RuntimeError("R and we do not raise the same alarms.")
        report.line(f"R in this run: {r_week:.2f} s, and {r_last:.1f} s for {last} weeks")
    report.ratio("farrington: last week, R's time over ours", r_week / week, "times", WEEK_TIMES)
    report.ratio("farrington: 52 weeks, R's time over ours", r_year / year, "times", YEAR_TIMES)


def _ours(counts: NDArray[np.float64], last: int) -> tuple[float, int]:
    """Seconds and alarms."""
    dates = [FIRST_DAY + timedelta(weeks=number) for number in range(len(counts))]
    began = time.perf_counter()
    found = farrington(
        counts,
        dates=dates,
        weeks=range(len(counts) - last, len(counts)),
        years_back=5,
        periods=10,
        alpha=0.01,
        weeks_excluded=26,
    )
    return time.perf_counter() - began, int(found.alarm.sum())


def _r(counts: NDArray[np.float64], last: int) -> tuple[float, int] | None:
    """The same by R; None where it is not installed."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        np.savetxt(file, counts, fmt="%d", delimiter=",")
        file.flush()
        command = ["Rscript", str(SCRIPT), file.name, FIRST_DAY.isoformat(), str(last)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        return None
    seconds, alarms = answer.stdout.split()
    return float(seconds), int(alarms)


def _floor(counts: NDArray[np.float64]) -> float:
    """Seconds of one weighted fit of twelve terms for each series."""
    rows = np.arange(234)
    terms = np.column_stack([rows[:, None] % 10 == np.arange(10), rows / 52.0]).astype(float)
    began = time.perf_counter()
    for series in counts[: len(rows)].T:
        np.linalg.lstsq(terms, np.log(series + 0.5), rcond=None)
    return time.perf_counter() - began
