"""Runs the benchmarks and prints each figure beside its floor.

A benchmark is a module ``tests/bench/bench_<name>.py`` with ``run(report, long)``. It measures and
calls ``report.ratio(...)``, ``report.figure(...)`` and ``report.line(...)``; ``long`` asks for the
large sizes, ``report.scale`` says more where a benchmark reads many incidents. Times drift from
machine to machine, so what counts is a ratio to something measured in the same run. A miss is
printed, it fails nothing.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import time
import traceback
from dataclasses import dataclass, field

import tests.bench as package

HUGE = 5_000_000
#: Those that read many incidents (or cases), in a database of theirs or in one that is kept.
CROWDED = ("pages", "exports", "entry", "fill", "rollups", "import", "outreach", "grants")


@dataclass(frozen=True)
class Scale:
    """How many incidents (None: as the benchmark has it), and in which database."""

    size: int | None = None
    keep: str = ""
    reuse: str = ""
    rounds: int = 25


@dataclass
class Report:
    """Prints figures as they come and counts those that keep their bound."""

    bench: str = ""
    scale: Scale = field(default_factory=Scale)
    held: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def line(self, text: str) -> None:
        """A remark: what was measured, on what, with which seed."""
        print(f"  {text}", flush=True)

    def ratio(
        self, name: str, value: float, unit: str, floor: float, target: float | None = None
    ) -> None:
        """``value`` (more is better) beside the least it must be and what is hoped for."""
        hoped = "" if target is None else f", hoped for {target:g}"
        self._judge(name, value, unit, f"at least {floor:g}{hoped}", value >= floor)

    def figure(self, name: str, value: float, unit: str, at_most: float | None = None) -> None:
        """``value`` (less is better: ms, MB, times) beside the most it may be."""
        if at_most is None:
            print(f"  {name:<52}{value:>12.2f} {unit}", flush=True)
        else:
            self._judge(name, value, unit, f"at most {at_most:g}", value <= at_most)

    def _judge(self, name: str, value: float, unit: str, bound: str, holds: bool) -> None:
        (self.held if holds else self.missed).append(name)
        verdict = "holds" if holds else "MISSED"
        print(f"  {name:<52}{value:>12.2f} {unit} ({bound}): {verdict}", flush=True)


def names() -> list[str]:
    """The benchmarks there are, in the order of the alphabet."""
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name.removeprefix("bench_") for name in found if name.startswith("bench_"))


def main() -> int:
    """Run those named, else all. Exit code 1 only where a benchmark broke."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"one of: {', '.join(names()) or 'none yet'}")
    parser.add_argument("--long", action="store_true", help="the large sizes and the long versions")
    parser.add_argument(
        "--huge",
        action="store_true",
        help=f"{HUGE:,} incidents: list, filtered list and one record beside 100,000",
    )
    parser.add_argument("--size", type=int, help="so many incidents (active cases) instead")
    parser.add_argument("--rounds", type=int, default=25, help="how often each page is asked for")
    named = parser.add_mutually_exclusive_group()
    named.add_argument("--keep", default="", metavar="NAME", help="fill a database that stays")
    named.add_argument("--reuse", default="", metavar="NAME", help="measure on one that was kept")
    given = parser.parse_args()
    unknown = sorted(set(given.name) - set(names()))
    if unknown:
        parser.error(f"no benchmark named {', '.join(unknown)}")

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")
    import django

    django.setup()
    chosen = given.name or names()
    if given.huge or given.size or given.keep or given.reuse:
        # Only these read a crowd; of five millions only the pages are asked.
        able = ("pages", "fill") if given.huge else CROWDED
        if given.name and not set(given.name) <= set(able):
            parser.error(f"these sizes and databases are for {' and '.join(able)}")
        chosen = given.name or list(able[:1])
    if given.keep and len(chosen) > 1:
        parser.error("a database is filled by one benchmark, and used again by the others")
    size = given.size or (HUGE if given.huge else None)
    report = Report(scale=Scale(size, given.keep, given.reuse, given.rounds))
    broken = 0
    for name in chosen:
        report.bench = name
        print(name, flush=True)
        began = time.monotonic()
        try:
            importlib.import_module(f"tests.bench.bench_{name}").run(report, given.long)
        except Exception:
            broken += 1
            traceback.print_exc()
            print("  broke", flush=True)
        print(f"  took {time.monotonic() - began:.1f} s", flush=True)
    print(f"{len(report.held)} held, {len(report.missed)} missed, {broken} broke")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
