"""One run in several processes at once, each with servers of its own: `pytest --shared=DIR`.

`script/test` starts a few of them on one empty directory. Each takes the next pile of tests that no
other has taken, until none is left, so they end at about the same time however long a pile turns
out to take. A pile is a file, since its tests may share what took long to make; the first piles are
those that take longest, so that none of them is begun last.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

#: How long a test takes beside most others, as was measured once, by how its file's path begins; it
#: only orders the piles, and the first that fits counts.
WEIGHTS = {
    "tests/browser/test_every_page": 20.0,
    "tests/browser/": 15.0,
    "tests/test_crawl": 100.0,
    "tests/local/": 10.0,
    "tests/bench/": 4.0,
}
#: Files that need the demonstration, which takes a minute to load, go together, in two piles of
#: about as long: one alone would take longer than half of everything else.
DEMONSTRATED = {
    "tests/browser/test_every_page": "tests/browser/test_every_page",
    **dict.fromkeys(
        (
            "tests/browser/",
            "tests/test_crawl",
            "tests/test_translations",
            "tests/grants/test_demo",
            "tests/outreach/test_demo",
        ),
        "the demonstration",
    ),
}


def pytest_addoption(parser: Any) -> None:
    parser.addoption("--shared", default="", help="a directory in which runs share out the tests")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: Any) -> bool | None:
    """Run the piles that no other run has taken; without `--shared`, as pytest does by itself."""
    directory = session.config.getoption("--shared")
    if not directory or session.testsfailed or session.config.option.collectonly:
        return None
    root = Path(session.config.rootpath)
    named = [(item.path.relative_to(root).as_posix(), item) for item in session.items]
    run = (item for pile in taken(Path(directory), piled(named)) for item in pile)
    item = next(run, None)
    while item is not None:
        following = next(run, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
    return True


def piled(named: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    """The tests of each pile, given each with its file; the pile that takes longest comes first."""
    piles, loads = dict[str, list[Any]](), dict[str, float]()
    for name, test in named:
        pile = _of(DEMONSTRATED, name, name)
        piles.setdefault(pile, []).append(test)
        loads[pile] = loads.get(pile, 0.0) + _of(WEIGHTS, name, 1.0)
    return {pile: piles[pile] for pile in sorted(piles, key=lambda one: (-loads[one], one))}


def taken(directory: Path, piles: dict[str, list[Any]]) -> Iterator[list[Any]]:
    """The piles of this run, each taken when the one before it is done with."""
    for pile, tests in piles.items():
        mark = directory / hashlib.sha256(pile.encode()).hexdigest()
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            continue
        yield tests


def _of(table: dict[str, Any], name: str, otherwise: Any) -> Any:
    return next((value for start, value in table.items() if name.startswith(start)), otherwise)
