"""Runs beside each other: none clears away what another has just made."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ceasefire.local import paths, supervisor
from ceasefire.local.services import Lock


def test_a_run_that_begins_leaves_the_folder_that_another_just_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "CHECKOUT", tmp_path)
    opened = paths.open_data_dir

    def slowly(env: Any) -> paths.Layout:
        time.sleep(0.2)
        return opened(env)

    # Between the folder and its lock stands a moment in which it seems to be nobody's.
    monkeypatch.setattr(paths, "open_data_dir", slowly)
    made: list[tuple[paths.Layout, Lock]] = []

    def one() -> None:
        made.append(supervisor._new_test_folder("running a test"))

    together = [threading.Thread(target=one) for _ in range(4)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join(30)
    assert len({layout.data for layout, _ in made}) == len(together)
    assert all(layout.lock.exists() and layout.logs.is_dir() for layout, _ in made)

    [first, *others] = made
    for _, lock in others:
        lock.release()
    # What nobody holds any more goes, what is held stays.
    layout, lock = supervisor._new_test_folder("running a test")
    assert {path for path in layout.data.parent.glob("run-*")} == {first[0].data, layout.data}
    first[1].release()
    lock.release()
