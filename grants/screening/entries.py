"""What a list file holds, whatever its format: entries with their names. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

__all__ = ["Entry", "EntryType", "ListFile", "Name", "Quality"]


class EntryType(StrEnum):
    """What is listed, or who is screened."""

    INDIVIDUAL = "individual"
    ORGANISATION = "organisation"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"

    @property
    def may_be_a_person(self) -> bool:
        """Whether people are screened against it: groups bear their names, ships do not count."""
        return self in (EntryType.INDIVIDUAL, EntryType.ORGANISATION)


class Quality(StrEnum):
    """How sure the list is of a name. All are screened; the officer sees which one it was."""

    PRIMARY = "primary"
    GOOD = "good"
    LOW = "low"


@dataclass(frozen=True)
class Name:
    """One name of an entry, in the script the list gives it."""

    text: str
    quality: Quality


@dataclass(frozen=True)
class Entry:
    """One entry of a list: its number there, its names with the primary one first, what is known.

    `birth_years` holds every year that the list thinks possible; `places` are of birth, as the list
    writes them; `programs` say under what the entry was listed.
    """

    id: str
    type: EntryType
    names: tuple[Name, ...]
    birth_years: tuple[int, ...] = ()
    places: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    @property
    def primary(self) -> str:
        """The name the list leads it under."""
        return self.names[0].text


@dataclass(frozen=True)
class ListFile:
    """A list as it was uploaded: which, of what day, of what content.

    `sha256` is of the file; of a list that comes in two files it is of both, one after the other.
    """

    name: str
    format: str
    dated: date
    sha256: str
    entries: tuple[Entry, ...]

    @property
    def names(self) -> int:
        """How many names it holds, aliases included."""
        return sum(len(entry.names) for entry in self.entries)
