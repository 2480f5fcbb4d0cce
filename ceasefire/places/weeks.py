"""Whether a site's week keeps its first day: the apps above say so, places knows none of them.

    @weeks.fixed_by
    def has_report(site: Site) -> bool: ...

Asked in the transaction of the change, with the site's row held.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Reason = TypeVar("Reason", bound=Callable[..., bool])
_reasons: dict[str, Callable[..., bool]] = {}


def fixed_by(function: Reason) -> Reason:
    """Register a function; the same one again replaces it."""
    _reasons[f"{function.__module__}.{function.__qualname__}"] = function
    return function


def are_fixed(site: Any) -> bool:
    """Whether anything stands on the weeks of a site as they are."""
    return any(reason(site) for reason in _reasons.values())
