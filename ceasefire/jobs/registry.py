"""Which function does which kind of job, and which kinds come round by the calendar."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ceasefire.jobs.exceptions import UnknownKind

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Handler:
    """A registered function. `atomic` False: it opens its own transactions with `as_system()`."""

    kind: str
    function: Callable[..., Any]
    atomic: bool
    takes_job: bool


@dataclass(frozen=True)
class Due:
    """A period that a periodic job owes: its key, and the job that settles it."""

    period: str
    kind: str
    ids: Mapping[str, Any] = field(default_factory=dict)
    site: Any = None


Provider = Callable[[], Iterable[Due]]
Mourner = Callable[[Any], None]

_handlers: dict[str, Handler] = {}
_mourners: dict[str, Mourner] = {}
_providers: dict[str, Provider] = {}


def handler(kind: str, *, atomic: bool = True) -> Callable[[Function], Function]:
    """Register a function for a kind such as `reports.compile_week`.

    It takes the job's ids as keyword arguments, and the job itself where it has a parameter `job`.
    By default it runs in one transaction together with the mark that it is done, so its effect in
    the database happens once. A second function for a kind is refused.
    """

    def register(function: Function) -> Function:
        known = _handlers.get(kind)
        if known is not None and known.function.__qualname__ != function.__qualname__:
            raise ValueError(f"The kind {kind} has a handler already.")
        takes_job = "job" in inspect.signature(function).parameters
        _handlers[kind] = Handler(kind, function, atomic, takes_job)
        return function

    return register


def when_parked(kind: str) -> Callable[[Mourner], Mourner]:
    """Register what is done when a job of a kind has failed for the last time, given the job.

    It runs in the transaction that parks the job, so once each time one is parked, whether its
    handler raised or its workers died. What it raises is written to the log, and the job is parked
    all the same.
    """

    def register(function: Mourner) -> Mourner:
        _mourners[kind] = function
        return function

    return register


def mourner_of(kind: str) -> Mourner | None:
    """What is done when a job of this kind is parked; None for most."""
    return _mourners.get(kind)


def periodic(name: str) -> Callable[[Provider], Provider]:
    """Register a function that says which periods are due now, the missed ones included.

    It is asked every five minutes and at each worker's start; a period that was entered before is
    passed over (unique by name and period), so it may name the same ones again and again.
    """

    def register(provider: Provider) -> Provider:
        _providers[name] = provider
        return provider

    return register


def handler_of(kind: str) -> Handler:
    """The handler of a kind, or UnknownKind."""
    try:
        return _handlers[kind]
    except KeyError:
        raise UnknownKind(f"No handler is registered for the kind {kind!r}.") from None


def providers() -> dict[str, Provider]:
    """Every periodic provider by name."""
    return dict(_providers)
