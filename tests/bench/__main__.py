"""Runs the benchmarks and prints each figure beside its floor.

A benchmark is a module ``tests/bench/bench_<name>.py`` with ``run(report, long)``. It measures and
calls ``report.ratio(...)`` or ``report.figure(...)``; ``long`` asks for the large sizes. Times
drift from machine to machine, so what counts is a ratio to something measured in the same run. A
miss is printed, it fails nothing.
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


@dataclass
class Line:
    """One figure and what it had to be."""

    bench: str
    work: str
    value: float
    unit: str
    floor: float | None
    more_is_better: bool

    @property
    def verdict(self) -> str:
        if self.floor is None:
            return ""
        holds = self.value >= self.floor if self.more_is_better else self.value <= self.floor
        return "holds" if holds else "MISSED"


@dataclass
class Report:
    """Collects figures and prints each as it comes."""

    bench: str = ""
    lines: list[Line] = field(default_factory=list)

    def figure(
        self,
        work: str,
        value: float,
        unit: str,
        floor: float | None = None,
        *,
        more_is_better: bool = False,
    ) -> None:
        """A figure in its own unit (ms, rows/s, MB), with the bound it should keep."""
        line = Line(self.bench, work, value, unit, floor, more_is_better)
        self.lines.append(line)
        sign = ">=" if more_is_better else "<="
        bound = "" if floor is None else f"{sign} {floor:g} {unit}".strip()
        print(
            f"{self.bench:<16}{work:<52}{value:>12.2f} {unit:<8}{bound:<18}{line.verdict}",
            flush=True,
        )

    def ratio(self, work: str, measured: float, base: float, at_most: float) -> None:
        """``measured`` divided by ``base``, both taken in this run and in the same unit."""
        self.figure(work, measured / base if base else float("inf"), "times", at_most)


def names() -> list[str]:
    """The benchmarks there are, in the order of the alphabet."""
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name.removeprefix("bench_") for name in found if name.startswith("bench_"))


def main() -> int:
    """Run those named, else all. Exit code 1 only where a benchmark broke."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"one of: {', '.join(names()) or 'none yet'}")
    parser.add_argument("--long", action="store_true", help="the large sizes and the long versions")
    given = parser.parse_args()
    unknown = sorted(set(given.name) - set(names()))
    if unknown:
        parser.error(f"no benchmark named {', '.join(unknown)}")

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")
    import django

    django.setup()
    report = Report()
    broken = 0
    for name in given.name or names():
        report.bench = name
        began = time.monotonic()
        try:
            importlib.import_module(f"tests.bench.bench_{name}").run(report, given.long)
        except Exception:
            broken += 1
            traceback.print_exc()
            print(f"{name:<16}broke", flush=True)
        print(f"{name:<16}took {time.monotonic() - began:.1f} s", file=sys.stderr)
    held = sum(line.verdict == "holds" for line in report.lines)
    missed = sum(line.verdict == "MISSED" for line in report.lines)
    print(f"{held} held, {missed} missed, {broken} broke")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
