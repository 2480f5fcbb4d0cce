"""The command line over the detectors."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from ceasefire.statistics.multiple_testing import benjamini_hochberg

from .reference import FOLDER, SERIES, column, ears_answers, farrington_answers, same_gaps

HEADER = "week_index,epoch,observed,expected,upperbound,alarm,pvalue,mu0,phi"


def aberrations(*arguments: object) -> tuple[list[dict[str, str]], str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("aberrations", *map(str, arguments), stdout=out, stderr=err, no_color=True)
    return list(csv.DictReader(io.StringIO(out.getvalue()))), out.getvalue(), err.getvalue()


def refused(path: object, *arguments: object) -> tuple[str, int]:
    with pytest.raises(CommandError) as caught:
        aberrations(path, "--method", "farrington", *arguments)
    return str(caught.value), caught.value.returncode


@pytest.fixture
def file(tmp_path):
    def write(text: str | bytes, name: str = "weeks.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize(("configuration", "years"), [("C2_b3_np10_nb", 3), ("C4_b5_np10_nb", 5)])
def test_the_command_reproduces_the_answers_of_r(name, configuration, years):
    theirs = farrington_answers(name, configuration)
    ours, text, _ = aberrations(
        FOLDER / "data" / f"{name}.csv",
        *("--method", "farrington", "--years-back", years, "--last", len(theirs)),
    )
    assert text.splitlines()[0] == HEADER
    # R counts the plain week numbers of the Salmonella series anew from the first week judged.
    kept = ("epoch",) if name != "salmonella_agona" else ()
    for key in ("week_index", "observed", "alarm", *kept):
        assert [row[key] for row in ours] == [row[key] for row in theirs]
    assert np.array_equal(column(ours, "upperbound"), column(theirs, "upperbound"), equal_nan=True)
    assert same_gaps(column(ours, "expected"), column(theirs, "expected"))
    assert np.allclose(column(ours, "phi"), column(theirs, "phi"), rtol=1e-3)


def test_the_options_reach_the_detector():
    theirs = farrington_answers("salmonella_agona", "C0_default")
    ours, _, _ = aberrations(
        FOLDER / "data" / "salmonella_agona.csv",
        *("--method", "farrington", "--periods", 1, "--threshold", "delta", "--alpha", 0.05),
        *("--p-threshold-trend", 0.05, "--weeks-excluded", 3, "--r-dispersion"),
    )
    assert [row["week_index"] for row in ours] == [row["week_index"] for row in theirs]
    assert np.allclose(
        column(ours, "upperbound"), column(theirs, "upperbound"), rtol=7e-5, equal_nan=True
    )


@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
def test_ears_is_reproduced_too(method):
    theirs = [row for row in ears_answers("ucdp_basrah") if row["method"] == method]
    ours, _, _ = aberrations(
        FOLDER / "data" / "ucdp_basrah.csv",
        *("--method", f"ears-{method.lower()}", "--last", len(theirs)),
    )
    assert same_gaps(column(ours, "upperbound"), column(theirs, "upperbound"))
    assert (column(ours, "alarm") == np.nan_to_num(column(theirs, "alarm"))).all()


def test_a_long_file_gets_the_series_first_and_q_and_alert_last(file):
    random = np.random.default_rng(5)
    lines = ["series,week_index,epoch,observed"]
    for name in range(8):
        counts = random.poisson(6, 300)
        if name == 3:
            counts[-1] += 30
        lines += [f"s{name},{at + 1},{at + 1},{value}" for at, value in enumerate(counts)]
    rows, text, _ = aberrations(file("\n".join(lines)), "--method", "farrington", "--last", 2)
    assert text.splitlines()[0] == f"series,{HEADER},q,alert"
    assert [row["series"] for row in rows] == [f"s{at}" for at in range(8) for _ in range(2)]
    last = [row for row in rows if row["week_index"] == "300"]
    assert np.allclose(column(last, "q"), benjamini_hochberg(column(last, "pvalue")))
    assert [row["series"] for row in last if row["alert"] == "1"] == ["s3"]
    assert all((row["alert"] == "1") == (float(row["q"]) <= 0.1) for row in rows)


def test_a_suppressed_week_counts_among_the_tests_and_cannot_alert(file):
    random = np.random.default_rng(6)
    lines = ["series,week_index,epoch,observed"]
    quiet_weeks = random.poisson(0.5, 300)
    quiet_weeks[-4:] = 0
    for name, counts in (("busy", random.poisson(6, 300)), ("quiet", quiet_weeks)):
        lines += [f"{name},{at + 1},{at + 1},{value}" for at, value in enumerate(counts)]
    busy, quiet = aberrations(file("\n".join(lines)), "--method", "farrington", "--last", 1)[0]
    assert (quiet["expected"], quiet["upperbound"], quiet["q"], quiet["alert"]) == ("", "", "", "0")
    both = benjamini_hochberg([float(busy["pvalue"]), float(quiet["pvalue"])])
    assert float(busy["q"]) == pytest.approx(both[0])


def test_a_missing_week_stays_missing(file):
    text = "week_index,epoch,observed\n" + "".join(
        f"{at},{at},{'' if at in (290, 300) else 5}\n" for at in range(1, 301)
    )
    rows, _, _ = aberrations(file(text), "--method", "farrington", "--last", 2)
    assert rows[0]["expected"].startswith("5")
    assert (rows[1]["observed"], rows[1]["upperbound"], rows[1]["pvalue"]) == ("", "", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("week_index,epoch,observed\n", "no weeks"),
        ("week,epoch,observed\n1,1,1\n", "line 1: no column week_index"),
        (
            "week_index,series,epoch,observed\n1,a,1,1\n",
            "line 1: the column series must be the first",
        ),
        ("week_index,epoch,observed\n1,1,x\n", "line 2: observed is not a whole number"),
        ("week_index,epoch,observed\n1,1,-3\n", "line 2: observed is not a whole number"),
        ("week_index,epoch,observed\n1,1,2.5\n", "line 2: observed is not a whole number"),
        ("week_index,epoch,observed\n1,1,99999999999\n", "line 2: observed is above"),
        ("week_index,epoch,observed\n1,1,1\n3,3,1\n", "line 3: week 3 does not follow week 1"),
        ("week_index,epoch,observed\n1,1,1\n1,1,1\n", "line 3: week 1 stands twice"),
        (
            "week_index,epoch,observed\n1,2020-01-05,1\n2,2020-01-13,1\n",
            "line 3: epoch 2020-01-13 does not follow",
        ),
        ("week_index,epoch,observed\n1,2020-01-05,1\n2,2020-01-05,1\n", "line 3: epoch .* twice"),
        ("week_index,epoch,observed\n1,05/01/2020,1\n", "line 2: epoch is neither"),
        ("week_index,epoch,observed\n1,2020-02-30,1\n", "line 2: epoch is neither"),
        ("week_index,epoch,observed\n1,2020-01-05,1\n2,7,1\n", "line 3: dates and plain numbers"),
        ("week_index,epoch,observed\n1,1\n", "line 2: 2 cells under 3 columns"),
        ("series,week_index,epoch,observed\n,1,1,1\n", "line 2: the series has no name"),
        ("series,week_index,epoch,observed\na,1,1,1\na,3,3,1\n", "line 3: series a: week 3"),
        (b"week_index,epoch,observed\n1,1,\xff\n", "line 2: this is not UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_the_line_and_the_reason(file, text, reason):
    message, code = refused(file(text))
    assert code == 1
    assert re.search(reason, message)


def test_too_short_a_file_says_what_is_needed(file):
    text = "week_index,epoch,observed\n1,1,1\n2,2,30\n"
    message, code = refused(file(text))
    assert (message, code) == ("No week has the history that the method needs.", 1)


def test_a_file_that_is_not_there_is_a_wrong_argument(tmp_path):
    message, code = refused(tmp_path / "none.csv")
    assert code == 2
    assert "cannot be read" in message


@pytest.mark.parametrize(
    "arguments",
    [
        ("--alpha", "0.9"),
        ("--alpha", "x"),
        ("--years-back", "0"),
        ("--periods", "50"),
        ("--last", "0"),
        ("--threshold", "magic"),
        ("--p-threshold-trend", "2"),
    ],
)
def test_wrong_arguments_are_refused_before_the_file_is_read(arguments, tmp_path):
    message, _ = refused(tmp_path / "none.csv", *arguments)
    assert arguments[0] in message


def test_the_output_file_is_whole_or_not_there(tmp_path):
    source = FOLDER / "data" / "salmonella_agona.csv"
    target = tmp_path / "out.csv"
    _, text, _ = aberrations(source, "--method", "farrington", "--last", 1, "--output", target)
    assert text == ""
    assert target.read_text().startswith(HEADER)
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    message, code = refused(source, "--output", tmp_path / "none" / "out.csv")
    assert code == 2
    assert "cannot be written" in message
