"""What other apps add to the demonstration. An app's module `demo` registers its part:

    @parts.part("outreach")
    def load(stage: parts.Stage) -> dict[str, int]: ...

All of it stands in the one transaction of the load; what it returns is said: {"participants": 96}.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.module_loading import autodiscover_modules

from ceasefire.people.models import User
from ceasefire.places.models import Site


@dataclass(frozen=True)
class Stage:
    """What stands already: sites by code, people by user name, and the first moment not over."""

    sites: dict[str, Site]
    people: dict[str, User]
    cut: datetime
    seed: int


Part = Callable[[Stage], dict[str, int]]
_parts: dict[str, Part] = {}


def part(name: str) -> Callable[[Part], Part]:
    """Register what an app adds, under its name; once more replaces it."""

    def register(function: Part) -> Part:
        _parts[name] = function
        return function

    return register


def known() -> dict[str, Part]:
    """Every part, in the order of the apps."""
    autodiscover_modules("demo")
    return dict(_parts)
