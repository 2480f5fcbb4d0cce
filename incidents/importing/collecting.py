"""Seldom looking for dead objects while very many living ones are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: New objects, less those that went, after which Python looks for rings of dead ones.
SELDOM = 200_000
_lock = threading.Lock()
_inside = 0
_before: tuple[int, int, int] = gc.get_threshold()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let Python look for rings of dead objects a few times, and not once in 700 new ones.

    What an import makes of its rows goes as soon as nobody needs it, since no two of these objects
    hold each other; to look them through again and again took a quarter of its time. Holds for the
    whole process until the last who asked for it is done.
    """
    global _inside, _before  # noqa: PLW0603 - the process has one collector
    with _lock:
        if not _inside:
            _before = gc.get_threshold()
            gc.set_threshold(SELDOM, *_before[1:])
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                gc.set_threshold(*_before)
