"""Runs the benchmarks and prints each figure beside its floor.

A benchmark is a module ``tests/bench/bench_<name>.py`` with ``run(report, long)``. It measures and
calls ``report.ratio(...)``, ``report.figure(...)`` and ``report.line(...)``; ``long`` asks for the
large sizes. Times drift from machine to machine, so what counts is a ratio to something measured in
the same run. A miss is printed, it fails nothing.
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
class Report:
    """Prints figures as they come and counts those that keep their bound."""

    bench: str = ""
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
