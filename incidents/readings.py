"""What was read of the records for a report, kept so that the report can be made of it again.

A record that is verified, merged, withdrawn or corrected after a report's cut changes what a second
reading says of the same moment. So each answer that a report is made of is kept as it came:
functions that are marked with `kept` answer as always; inside `recording` their answers are put
down beside the question, and inside `replaying` they are answered from there and no record is read.

Answers are counts, days and points, never a name or a text; they are sealed with the report. As
JSON: the type that a function says it returns tells how its answer is read back.
"""

from __future__ import annotations

import functools
import json
import types
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ParamSpec, TypeVar

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class NotKept(LookupError):
    """The question was not asked when the answers were kept."""


@dataclass
class Readings:
    """Answers by their questions; `is_replayed` when they are read and no longer written."""

    answers: dict[str, Any] = field(default_factory=dict)
    is_replayed: bool = False

    def were_asked(self, name: str) -> bool:
        """Whether any answer of a function was put down."""
        return any(json.loads(question)[0] == name for question in self.answers)

    def text(self) -> str:
        """All of it as JSON, the same for the same answers."""
        return json.dumps(self.answers, sort_keys=True, separators=(",", ":"))


_current: ContextVar[Readings | None] = ContextVar("readings", default=None)


@contextmanager
def recording() -> Iterator[Readings]:
    """Put down every answer of the functions that are `kept`."""
    yield from _using(Readings())


@contextmanager
def replaying(text: str) -> Iterator[Readings]:
    """Answer from what was put down; a question that was not asked then raises NotKept."""
    yield from _using(Readings(json.loads(text), is_replayed=True))


def _using(readings: Readings) -> Iterator[Readings]:
    before = _current.set(readings)
    try:
        yield readings
    finally:
        _current.reset(before)


def kept(function: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """Mark a function whose answers a report is made of."""
    return _kept(function)


def kept_since(
    before: Answer,
) -> Callable[[Callable[Asked, Answer]], Callable[Asked, Answer]]:
    """As `kept`, for a question that reports of earlier versions did not ask: `before` to these."""
    return lambda function: _kept(function, before)


def _kept(function: Callable[Asked, Answer], *before: Answer) -> Callable[Asked, Answer]:
    @functools.wraps(function)
    def ask(*given: Asked.args, **named: Asked.kwargs) -> Answer:
        readings = _current.get()
        if readings is None:
            return function(*given, **named)
        question = _question(function.__name__, given, named)
        if readings.is_replayed:
            if question not in readings.answers:
                if before and not readings.were_asked(function.__name__):
                    return before[0]
                raise NotKept(function.__name__)
            answer: Answer = _read(readings.answers[question], _returned(function))
            return answer
        found = function(*given, **named)
        readings.answers[question] = _written(found)
        return found

    return ask


def _question(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> str:
    """A question as text; a row is named by its key."""
    parts = [_written(getattr(one, "pk", one)) for one in given]
    more = {
        key: _written(getattr(one, "pk", one))
        for key, one in sorted(named.items())
        if one is not None and one is not False
    }
    return json.dumps([name, parts, more], separators=(",", ":"))


@functools.cache
def _returned(function: Callable[..., Any]) -> Any:
    return typing.get_type_hints(function)["return"]


def _written(value: Any) -> Any:
    if is_dataclass(value):
        return [_written(getattr(value, one.name)) for one in fields(value)]
    if isinstance(value, list | tuple):
        return [_written(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    # Sums of whole numbers, as PostgreSQL answers them.
    return int(value) if isinstance(value, Decimal) else value


def _read(value: Any, kind: Any) -> Any:
    """An answer as its function gave it."""
    inside = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        (only,) = (one for one in inside if one is not type(None))
        return _read(value, only)
    if origin is list:
        return [_read(one, inside[0]) for one in value]
    if origin is tuple:
        if inside[-1] is Ellipsis:
            return tuple(_read(one, inside[0]) for one in value)
        return tuple(_read(one, each) for one, each in zip(value, inside, strict=True))
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        given = [
            _read(one, hints[name.name]) for one, name in zip(value, fields(kind), strict=True)
        ]
        return kind(*given)  # type: ignore[operator]
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    return value
