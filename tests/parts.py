"""One run in several parts at once: `pytest --part 1/2` takes the first half of the files.

`script/test` runs the parts beside each other, each with servers of its own. A file is never
divided, since its tests may share what took long to make. Files are dealt out by how long they are
likely to take, the longest first, so that the parts end at about the same time.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

#: How long a test of a folder takes beside most others, as was measured once; only a deal's weight.
WEIGHTS = {"browser": 7.0, "local": 20.0, "bench": 4.0}
#: Two folders need the demonstration, which takes a quarter of a minute to load: they go together.
TOGETHER = ("tests/browser/", "tests/test_crawl.py")


def pytest_addoption(parser: Any) -> None:
    parser.addoption("--part", default="", help="which part of how many to run, such as 1/2")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave the tests of the other parts out."""
    given = config.getoption("--part")
    if not given:
        return
    part, parts = (int(number) for number in given.split("/"))
    root = Path(config.rootpath)
    names = [item.path.relative_to(root).as_posix() for item in items]
    mine = dealt(names, parts)[part - 1]
    chosen = [item for item, name in zip(items, names, strict=True) if name in mine]
    config.hook.pytest_deselected(
        items=[item for item, name in zip(items, names, strict=True) if name not in mine]
    )
    items[:] = chosen


def dealt(names: Iterable[str], parts: int) -> list[set[str]]:
    """The files of each part, given the file of every test; each file is in exactly one."""
    names, loads = list(names), dict[str, float]()
    for name in names:
        folder = name.split("/")[1] if name.count("/") > 1 else ""
        pile = _pile(name)
        loads[pile] = loads.get(pile, 0.0) + WEIGHTS.get(folder, 1.0)
    sums, piles = [0.0] * parts, [set[str]() for _part in range(parts)]
    for pile in sorted(loads, key=lambda one: (-loads[one], one)):
        least = sums.index(min(sums))
        sums[least] += loads[pile]
        piles[least].add(pile)
    return [{name for name in set(names) if _pile(name) in pile} for pile in piles]


def _pile(name: str) -> str:
    return TOGETHER[0] if name.startswith(TOGETHER) else name
