"""Pages to which other parts add a section: each page keeps who puts what at which place.

    sections = Sections[Participant]()

    @sections.section(30)
    def contacts(request: HttpRequest, participant: Participant) -> dict[str, Any] | None:
        return {"template": "outreach/_participant_contacts.html", "contacts": ...}

A section is rendered with what it returned, the record and the request; None leaves it out. It asks
the database a fixed number of times, whatever the record holds. One that asks by

    rows = yield {"contacts": Contact.objects.filter(participant=participant)[:5]}

has its question put in one statement with those of the others (`ceasefire.database.together`).
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.http import HttpRequest

Record = TypeVar("Record")


class Sections(Generic[Record]):
    """The sections of one kind of page."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, Callable[[HttpRequest, Record], Any]]] = {}

    def section(self, order: int) -> Callable[[Any], Any]:
        """Put a section on the page, at its place in the order."""

        def add(make: Callable[[HttpRequest, Record], Any]) -> Any:
            # By its name, so that a module that is loaded again replaces what stood.
            self._known[f"{make.__module__}.{make.__qualname__}"] = (order, make)
            return make

        return add

    def parts(self, request: HttpRequest, record: Record) -> list[Any]:
        """The sections of one record for one reader in their order, to be `answered`.

        In one statement with what else the page asks; those that come to None are left out.
        """
        known = sorted(self._known.values(), key=lambda entry: entry[0])
        return [make(request, record) for _order, make in known]
