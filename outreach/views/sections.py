"""What stands on the page of a case: each part of the work adds its own section.

    @section(30)
    def contacts(request: HttpRequest, participant: Participant) -> dict[str, Any] | None:
        return {"template": "outreach/_participant_contacts.html", "contacts": ...}

A section is rendered with what it returned, the participant and the request; None leaves it out.
Its number says where it stands: 10 what is due, 20 screening, 30 contacts, 40 needs and plan, 50
referrals, 60 notes, 70 conflicts, 80 the team of the case, 90 history. It asks the database a fixed
number of times, whatever the case holds.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from outreach.models import Participant

Section = Callable[[HttpRequest, Participant], dict[str, Any] | None]
_sections: dict[str, tuple[int, Section]] = {}


def section(order: int) -> Callable[[Section], Section]:
    """Put a section on the page of a case, at its place in the order."""

    def add(make: Section) -> Section:
        _sections[f"{make.__module__}.{make.__qualname__}"] = (order, make)
        return make

    return add


def sections_of(request: HttpRequest, participant: Participant) -> list[dict[str, Any]]:
    """The sections of one case for one reader, in their order."""
    made = (make(request, participant) for _order, make in sorted(_sections.values(), key=_place))
    return [one for one in made if one is not None]


def _place(entry: tuple[int, Section]) -> int:
    return entry[0]
