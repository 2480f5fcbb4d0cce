"""Which notices there are: the sentence of each kind, how loud it is, and where it leads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of notice. `tone` as the badges have it; `address` makes a path of a code."""

    name: str
    sentence: Any
    tone: str = ""
    address: Callable[[str], str] | None = None


_kinds: dict[str, Kind] = {}

#: Of which records of a kind (as the trail calls it) a person may hear: see `subject`.
_subjects: dict[str, Callable[[Any], Any]] = {}


def kind(
    name: str, sentence: Any, *, tone: str = "", address: Callable[[str], str] | None = None
) -> Kind:
    """Register a kind such as `response.contact_due`; its sentence names nobody and no place.

    Asked for at every start, so the same name again replaces what stood.
    """
    _kinds[name] = Kind(name, sentence, tone, address)
    return _kinds[name]


def kind_of(name: str) -> Kind | None:
    """A registered kind; None where this version has no such kind any more."""
    return _kinds.get(name)


def subject(label: str, visible_to: Callable[[Any], Any]) -> None:
    """Say which records of a kind, such as `incidents.incident`, a person may see now.

    `visible_to` makes of a person the query of those records, which have a `code`. Asked whenever
    notices are read, for a record may become sensitive, and a person may leave its site, after
    they were told. A kind of record that nobody registered is shown to whoever was told.
    """
    _subjects[label] = visible_to


def subjects() -> dict[str, Callable[[Any], Any]]:
    """Every registered kind of record."""
    return dict(_subjects)
