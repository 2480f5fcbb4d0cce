"""Screening one person against large lists: making the index, and a question.

A list of made-up people, each with two aliases, is written as SDN.CSV and ALT.CSV, read, and made
into an index; then names nobody has heard of, and names that are listed, are asked.
"""

from __future__ import annotations

import random
import re
import statistics
import time
import zlib
from datetime import date
from typing import Protocol

from grants.screening.entries import EntryType
from grants.screening.listfiles import read_ofac_csv
from grants.screening.matching import Index, Subject
from tests.grants.screening.name_pairs import make_pairs

ENTRIES, LONG = 30_000, 60_000
SEED = 11
SYLLABLES = re.findall("..", "badafahajakalamanaqarasatawazabidirisutunumu")
#: A question, reading a list and making it ready, and taking up what was kept of it, in seconds.
QUESTION, READY, TAKEN_UP = 0.5, 20.0, 1.0


class Report(Protocol):
    """Where the numbers go."""

    def line(self, text: str) -> None: ...

    def figure(self, name: str, value: float, unit: str, at_most: float | None = None) -> None: ...


def run(report: Report, long: bool) -> None:
    """Measure both."""
    entries = LONG if long else ENTRIES
    rng = random.Random(SEED)
    sdn, alt = [], []
    for number in range(1, entries + 1):
        pair = make_pairs("development", number, 1)[0]
        # Every second one has a family name of its own, as lists of the whole world do.
        family = "".join(rng.choices(SYLLABLES, k=4)).upper()
        names = [pair.one, f"{pair.other} {family}", f"{family}, {pair.one.split()[0]}"]
        nothing = ",-0- " * 9
        sdn.append(f'{number},"{names[0]}","individual"{nothing}\r\n')
        alt += [f'{number},{number},"aka","{alias}",-0- \r\n' for alias in names[1:]]
    files = "".join(sdn).encode(), "".join(alt).encode()
    report.line(f"{entries:,} entries, {3 * entries:,} names, seed {SEED}")

    start = time.perf_counter()
    listed = read_ofac_csv(*files, published=date(2026, 1, 1), today=date(2026, 1, 1))
    read = time.perf_counter()
    index = Index([listed])
    report.figure("reading the files", read - start, "s")
    report.figure("and making the index", time.perf_counter() - start, "s", READY)

    start = time.perf_counter()
    octets = zlib.compress(index.packed(), 1)
    packed = time.perf_counter()
    taken = Index.unpacked(zlib.decompress(octets))
    report.figure("packing it, to be kept", packed - start, "s")
    report.figure("taking the kept one up", time.perf_counter() - packed, "s", TAKEN_UP)
    report.line(f"kept in {len(octets) / 1e6:.1f} MB")
    assert taken is not None
    index = taken

    times, hits = [], 0
    for pair in make_pairs("held out", SEED, 40):
        start = time.perf_counter()
        found = index.screen(Subject("1", 1, EntryType.INDIVIDUAL, (pair.one,)))
        times.append(time.perf_counter() - start)
        hits += len(found.hits)
    report.line(f"{hits / len(times):.1f} hits a question on the average")
    report.figure("a question, median", statistics.median(times), "s", QUESTION)
    report.figure("a question, the slowest of 40", max(times), "s", 2 * QUESTION)
