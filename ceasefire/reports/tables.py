"""Files of the statistics commands: CSV in, with the line of every fault, and CSV out.

A command refuses a file as a whole and says where: nothing is guessed and nothing skipped.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire.text import western_digits

#: A cell that says that there is no value.
MISSING = ("", "NA", "NaN", "nan")

# -- reading -------------------------------------------------------------------------------------


def read_text(name: str) -> str:
    """The text of a file ('-' is standard input). Raises CommandError with the reason."""
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.", returncode=2) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise refusal(name, line, "this is not UTF-8 text") from error
    if "\0" in text:
        raise refusal(name, text[: text.index("\0")].count("\n") + 1, "this is not a text file")
    return text


def read_columns(
    name: str, columns: dict[str, Callable[[str], Any]], *, rows: str = "rows"
) -> dict[str, list[Any]]:
    """The named columns of a CSV file, each cell through its reader; other columns are ignored.

    A reader raises ValueError with what is wrong with a cell; the refusal says the line, too.
    """
    reader = csv.reader(io.StringIO(read_text(name), newline=""), strict=True)
    found: dict[str, list[Any]] = {column: [] for column in columns}
    try:
        header = [cell.strip() for cell in next(reader, [])]
        lacking = [column for column in columns if column not in header]
        if lacking:
            raise refusal(name, 1, f"no column {', '.join(lacking)}")
        if len(set(header)) != len(header):
            raise refusal(name, 1, "a column stands twice")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise refusal(
                    name, reader.line_num, f"{len(cells)} cells under {len(header)} columns"
                )
            for column, read in columns.items():
                try:
                    found[column].append(read(cells[header.index(column)].strip()))
                except ValueError as error:
                    raise refusal(name, reader.line_num, f"{column}: {error}") from error
    except csv.Error as error:
        raise refusal(name, reader.line_num, f"not a CSV row ({error})") from error
    if not next(iter(found.values())):
        raise CommandError(f"{name} holds no {rows}.", returncode=1)
    return found


def a_day(text: str) -> date:
    """A date like 2026-01-31 in Western or Arabic digits."""
    plain = western_digits(text)
    # Other ISO forms (20260101, 2026-W01-1) are refused: what goes out is what came in.
    if len(plain) == 10 and plain[4] == plain[7] == "-":
        with contextlib.suppress(ValueError):
            return date.fromisoformat(plain)
    raise ValueError(f"not a date like 2026-01-31: {text!r}")


def a_count(text: str) -> float:
    """A whole number from 0 up; nan where it is missing."""
    if text in MISSING:
        return math.nan
    value = integer(text)
    if value is None or not 0 <= value <= 10**9:
        raise ValueError(f"not a whole number from 0 up: {text!r}")
    return float(value)


def a_number(text: str) -> float:
    """A number; nan where it is missing."""
    if text in MISSING:
        return math.nan
    value = floating(text)
    if not math.isfinite(value):
        raise ValueError(f"not a number: {text!r}")
    return value


def a_word(text: str) -> str:
    """A name that is there."""
    if not text:
        raise ValueError("empty")
    return text


def integer(text: str) -> int | None:
    """A whole number in Western or Arabic digits, also as 5.0; None for anything else."""
    plain = western_digits(text)
    whole, _, rest = plain.partition(".")
    if rest.strip("0") or len(whole) > 18:
        return None
    body = whole[1:] if whole.startswith("-") else whole
    return int(whole) if body.isascii() and body.isdigit() else None


def refusal(name: str, line: int, what: str) -> CommandError:
    return CommandError(f"{name}, line {line}: {what}.", returncode=1)


# -- writing -------------------------------------------------------------------------------------


def shown(value: float) -> str:
    """Ten significant digits, no needless decimals; empty for what does not exist."""
    return format(value, ".10g") if math.isfinite(value) else ""


def write_beside(target: Path, text: str) -> None:
    """Write the whole file beside its place and move it there, so that no half file is seen."""
    try:
        handle, beside = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}.", suffix=".part"
        )
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(beside, 0o666 & ~mask)
            os.replace(beside, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise CommandError(
            f"{target} cannot be written: {error.strerror}.", returncode=2
        ) from error


def csv_of(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV: ten significant digits, empty where there is nothing."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for line in lines:
        writer.writerow([shown(cell) if isinstance(cell, float) else cell for cell in line])
    return out.getvalue()


class TableCommand(BaseCommand):
    """A command that reads one CSV file and writes another; it needs no database."""

    requires_system_checks: list[str] = []
    requires_migrations_checks = False
    #: Said under the arguments.
    epilog = "Exit: 0 done; 1 the file was refused, with the reason; 2 wrong arguments."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, epilog=self.epilog, **kwargs)
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument("file", metavar="FILE", help="CSV file, or - for standard input")
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="write here instead of standard output: beside it first, then moved into place",
        )
        return parser

    def write(
        self, options: dict[str, Any], header: Sequence[str], lines: Iterable[Sequence[Any]]
    ) -> None:
        """Write the answer to where the arguments say."""
        text = csv_of(header, lines)
        if options["output"]:
            write_beside(Path(options["output"]), text)
        else:
            self.stdout.write(text, ending="")


def add_seed(parser: CommandParser) -> None:
    """How often chance is tried, and from where it begins: the same seed, the same answer."""
    parser.add_argument(
        "--permutations",
        type=whole("permutations", 19, 99_999),
        default=999,
        metavar="N",
        help="how often the dates are dealt anew, 19 to 99999 (999)",
    )
    parser.add_argument(
        "--seed",
        type=whole("seed", 0, 2**31),
        default=1,
        metavar="N",
        help="the same seed and file give the same answer (1)",
    )


# -- arguments -----------------------------------------------------------------------------------


def whole(name: str, least: int, most: int) -> Any:
    def read(text: str) -> int:
        value = integer(text)
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{name} is a whole number from {least} to {most}: {text!r}"
            )
        return value

    return read


def level(name: str, below: float) -> Any:
    def read(text: str) -> float:
        value = floating(text)
        if not 0 < value < below:
            raise argparse.ArgumentTypeError(
                f"{name} is a number above 0 and below {below:g}: {text!r}"
            )
        return value

    return read


def share(name: str) -> Any:
    def read(text: str) -> float:
        value = floating(text)
        if not 0 <= value <= 1:
            raise argparse.ArgumentTypeError(f"{name} is a number from 0 to 1: {text!r}")
        return value

    return read


def floating(text: str) -> float:
    try:
        return float(western_digits(text))
    except ValueError:
        return math.nan


def bounds(name: str, *, whole_numbers: bool = False) -> Any:
    """An argument like 0,200,400: bounds from 0 up that grow."""

    def read(text: str) -> tuple[float, ...]:
        parts = [floating(part.strip()) for part in text.split(",")]
        grows = all(one < other for one, other in zip(parts, parts[1:], strict=False))
        kind = not whole_numbers or all(part == int(part) for part in parts if part == part)
        if (
            len(parts) < 2
            or not all(map(math.isfinite, parts))
            or parts[0] < 0
            or not (grows and kind)
        ):
            raise argparse.ArgumentTypeError(f"{name} are numbers from 0 up that grow: {text!r}")
        return tuple(parts)

    return read
