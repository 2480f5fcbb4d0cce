"""Who follows when a zone is closed or opened: the apps above say so, places knows none of them.

    @zones.follows
    def _zone_changed(zone: Zone, *, closed: bool, by: User) -> None: ...

Runs in the transaction of the change. What is given back is nothing: who closes a zone learns
nothing of who works there.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Follower = TypeVar("Follower", bound=Callable[..., None])
_followers: dict[str, Callable[..., None]] = {}


def follows(function: Follower) -> Follower:
    """Register a function; the same one again replaces it."""
    _followers[f"{function.__module__}.{function.__qualname__}"] = function
    return function


def changed(zone: Any, *, closed: bool, by: Any) -> None:
    """Let everybody follow who registered."""
    for follow in _followers.values():
        follow(zone, closed=closed, by=by)
