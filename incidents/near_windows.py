"""How far and how long near repeats were found, for the board: told by the reports.

The reports stand above this app, so they say here how they are asked; without them nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True)
class NearWindow:
    """After an incident another was more frequent than by chance so near and so soon.

    metres      within so many, from any other spot; 0: at the very spot
    days        up to so many days after it
    week_start  the week whose report found it
    """

    metres: int
    days: int
    week_start: date

    def last_day(self, happened: date) -> date:
        """The last day of the window of an incident of that day."""
        return happened + timedelta(days=self.days)


Source = Callable[[Any, Iterable[int]], Mapping[int, NearWindow]]
_sources: list[Source] = []


def register(source: Source) -> None:
    """Say how windows are asked for: by person and sites, answered by site."""
    if source not in _sources:
        _sources.append(source)


def near_windows(user: Any, site_ids: Iterable[int]) -> dict[int, NearWindow]:
    """By site, what this person may know of; of a site without one nothing."""
    sites = list(site_ids)
    answer: dict[int, NearWindow] = {}
    for source in _sources if sites else ():
        answer |= source(user, sites)
    return answer
