"""Which notices and tasks there are: the sentence of each kind, its tone, and where it leads."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One kind of notice. `tone` as the badges have it; `address` makes a path of a code."""

    name: str
    sentence: Any
    tone: str = ""
    address: Callable[[str], str] | None = None


@dataclass(frozen=True)
class TaskKind(Kind):
    """One kind of task. `by_hand` False: it ends only with the deed it asks for, by no tick."""

    escalate_after: timedelta = timedelta(days=1)
    by_hand: bool = True


_kinds: dict[str, Kind] = {}
_task_kinds: dict[str, TaskKind] = {}

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


def task_kind(
    name: str,
    sentence: Any,
    *,
    tone: str = "",
    address: Callable[[str], str] | None = None,
    escalate_after: timedelta = timedelta(days=1),
    by_hand: bool = True,
) -> TaskKind:
    """Register a kind of task such as `contact.due`; its sentence names nobody and no place.

    So long after the due moment the supervisor hears of it, and after as long again the manager.
    """
    _task_kinds[name] = TaskKind(name, sentence, tone, address, escalate_after, by_hand)
    return _task_kinds[name]


def task_kind_of(name: str) -> TaskKind | None:
    """A registered kind of task; None where this version has no such kind any more."""
    return _task_kinds.get(name)


def _nobody(person: Any) -> Iterable[Any]:
    return ()


_represented: Callable[[Any], Iterable[Any]] = _nobody
_representing: Callable[[Any], Iterable[Any]] = _nobody


def stand_ins(
    *, represented: Callable[[Any], Iterable[Any]], representing: Callable[[Any], Iterable[Any]]
) -> None:
    """Say who stands in for whom, once for the program.

    `represented` makes of a person the keys of those they stand in for now, whose tasks they then
    see too; `representing` makes of somebody who is away the people who stand in.
    """
    global _represented, _representing
    _represented, _representing = represented, representing


def represented_by(person: Any) -> list[Any]:
    """Keys of those for whom somebody stands in at this moment."""
    return list(_represented(person))


def representing(person: Any) -> list[Any]:
    """The people who stand in for somebody at this moment."""
    return list(_representing(person))
