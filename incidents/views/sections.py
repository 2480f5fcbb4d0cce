"""What other apps put beside the links on the page of an incident. Incidents import none of them.

    @section(10)
    def conflicts(request: HttpRequest, incident: Incident) -> dict[str, Any] | None:
        return {"template": "outreach/_incident_conflicts.html", "conflicts": ...}

A section is rendered with what it returned, the incident and the request; None leaves it out. It
asks the database a fixed number of times.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from incidents.models import Incident

Section = Callable[[HttpRequest, Incident], dict[str, Any] | None]
_sections: dict[str, tuple[int, Section]] = {}


def section(order: int) -> Callable[[Section], Section]:
    """Put a section on the page of an incident, at its place in the order."""

    def add(make: Section) -> Section:
        _sections[f"{make.__module__}.{make.__qualname__}"] = (order, make)
        return make

    return add


def sections_of(request: HttpRequest, incident: Incident) -> list[dict[str, Any]]:
    """The sections of one incident for one reader, in their order."""
    made = (
        make(request, incident)
        for _order, make in sorted(_sections.values(), key=lambda entry: entry[0])
    )
    return [one for one in made if one is not None]
