"""Each method on the command line: its answers, and files that are refused with the line."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from ceasefire.reports import calendars

from .reference import FOLDER, rows

DATA = FOLDER / "data"


def run(name: str, *arguments: object) -> tuple[list[dict[str, str]], str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(name, *map(str, arguments), stdout=out, stderr=err, no_color=True)
    return list(csv.DictReader(io.StringIO(out.getvalue()))), err.getvalue()


def written(path: Path, header: str, lines: list[str]) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_near_repeat(tmp_path):
    events = [row for row in rows(DATA / "sigacts_basra_events.csv") if row["type"] == "SAF"]
    lines = [f"{row['date']},{row['latitude']},{row['longitude']}" for row in events]
    file = written(tmp_path / "events.csv", "date,lat,lon", [*lines, "2007-03-01,,"])
    given = ("--metres", "0,0.1,200", "--days", "0,2", "--permutations", 99, "--whole-span")
    found, told = run("near_repeat", file, *given)
    # As R counts them (tests/reference/analytics/knox).
    assert [(row["metres_to"], row["pairs"]) for row in found] == [("0.1", "171"), ("200", "104")]
    assert "1 rows have no place" in told
    assert "374 incidents" in told
    assert run("near_repeat", file, *given) == (found, told)


def test_emerging_clusters(tmp_path):
    given = ("--radius", 3, "--longest", 7, "--span", 24, "--permutations", 99)
    (found,), told = run("emerging_clusters", DATA / "nyc_fever_cases.csv", *given)
    assert (found["centre"], found["observed"], found["days"]) == ("11418", "4", "3")
    assert "194 cases at 75 places" in told
    out = tmp_path / "out.csv"
    assert run("emerging_clusters", DATA / "nyc_fever_cases.csv", *given, "--output", out)[0] == []
    assert out.read_text().splitlines()[1].startswith("11418,40.69924,-73.83176,2.9047")


def test_nowcast(tmp_path):
    lines = [
        f"{row['dHosp']},{row['dReport']}"
        for row in rows(DATA / "hus_o104_linelist.csv")
        if "NA" not in row.values()
    ]
    file = written(tmp_path / "list.csv", "happened,told", lines)
    found, _told = run("nowcast", file, "--until", "2011-06-05", "--longest", 3, "--window", 6)
    assert [row["week"] for row in found] == ["2011-05-16", "2011-05-23", "2011-05-30"]
    weeks = [date.fromisoformat(row["week"]) for row in found]
    for row, week in zip(found, weeks, strict=True):
        day = [date.fromisoformat(line.split(",")[0]) for line in lines]
        final = sum(week <= one < week + timedelta(days=7) for one in day)
        assert int(row["known"]) <= min(final, int(row["low"]))
        assert float(row["low"]) <= float(row["expected"]) <= float(row["high"])
    with pytest.raises(CommandError, match="nothing is corrected"):
        run("nowcast", written(tmp_path / "few.csv", "happened,told", lines[:20]))


def test_trend(tmp_path):
    found, told = run("trend", DATA / "ucdp_baghdad.csv")
    assert [row["term"] for row in found] == ["yearly", "ramadan", "muharram", "safar", "eids"]
    assert "1359 incidents in 833 weeks" in told
    # Nothing of the calendar is distinguishable in Baghdad.
    assert all(float(row["low"]) < 1 < float(row["high"]) for row in found[1:])
    with pytest.raises(CommandError, match="Too little"):
        run("trend", written(tmp_path / "w.csv", "epoch,observed", ["2026-01-05,3"]))
    gap = written(tmp_path / "gap.csv", "epoch,observed", ["2026-01-05,3", "2026-01-19,3"])
    with pytest.raises(CommandError, match="line 3: 2026-01-19 does not follow 2026-01-05"):
        run("trend", gap)


def test_program_effect():
    given = ("--district", "D1", "--district", "D2", "--start", "2018-12-31")
    (found,), _told = run("program_effect", DATA / "its_null_downtrend.csv", *given)
    assert (found["verdict"], found["reason"]) == ("cannot_tell", "chance")
    early_start = (*given[:4], "--start", "2015-03-02")
    (early,), _told = run("program_effect", DATA / "its_effect.csv", *early_start)
    assert (early["verdict"], early["reason"], early["ratio"]) == ("too_little", "weeks_before", "")
    with pytest.raises(CommandError, match="No such district: D9"):
        run("program_effect", DATA / "its_effect.csv", "--district", "D9", "--start", "2018-12-31")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("date,lat\n2026-01-01,30\n", "line 1: no column lon"),
        ("date,lat,lon\n2026-13-01,30,47\n", "line 2: date: not a date like 2026-01-31"),
        ("date,lat,lon\n2026-01-01,x,47\n", "line 2: lat: not a number"),
        ("date,lat,lon\n2026-01-01,30\n", "line 2: 2 cells under 3 columns"),
        ("date,lat,lon\n", "holds no incidents"),
        ("date,lat,lat\n", "no column lon"),
    ],
)
def test_a_file_is_refused_with_the_line(tmp_path, text, says):
    file = tmp_path / "events.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=says):
        run("near_repeat", file)


def test_arabic_digits_are_read(tmp_path):
    file = written(
        tmp_path / "events.csv", "date,lat,lon", ["٢٠٢٦-٠١-٠١,٣٠٫٥,٤٧", "2026-01-01,30.5,47"]
    )
    found, _told = run(
        "near_repeat", file, "--metres", "٠,٢٠٠", "--days", "0,8", "--permutations", 19
    )
    assert found[0]["pairs"] == "1"


@pytest.mark.parametrize("bad", ["0", "200,100", "a,b", "-1,5", "nan,5"])
def test_bounds_that_do_not_grow_are_refused(bad):
    with pytest.raises(CommandError, match="from 0 up that grow"):
        run("near_repeat", "-", f"--metres={bad}")


def test_the_religious_calendar_crosses_new_year_and_ends_where_it_is_tabled():
    # 1 Ramadan 1421 was 27 November 2000; 1 Shawwal 27 December 2000.
    weeks = [date(2000, 11, 20), date(2000, 12, 18), date(2000, 12, 25), date(2001, 1, 1)]
    found = calendars.shares(weeks)
    assert found["ramadan"].tolist() == pytest.approx([0, 1, 2 / 7, 0])
    assert found["eids"].tolist() == pytest.approx([0, 0, 3 / 7, 0])
    assert calendars.shares([date(2090, 1, 2)])["ramadan"].tolist() == [0]
    # Muharram's ten days of 1447 began on 26 June 2025.
    assert calendars.shares([date(2025, 6, 23)])["muharram"][0] == pytest.approx(4 / 7)
