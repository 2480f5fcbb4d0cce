"""The days on which the made-up office did what it did.

Verbs write the moment at which something was entered by themselves, and forms offer no other. The
demonstration tells of months that are past, so while it is loaded their clock stands where the
story is: papers are filed, visits written down and reports accepted on the day they belong to.
Postings alone keep the moment at which they were really made: the database writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField
from django.db.models.signals import pre_save
from django.utils import timezone

from ceasefire import periods

_TICK = timedelta(seconds=1)


class Clock:
    """A moment of the past that goes on by a second each time it is looked at."""

    def __init__(self) -> None:
        self._moment: datetime | None = None
        self._real = periods.now

    def set(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        """The story's moment, in Baghdad; never ahead of the real one."""
        real = self._real()
        if self._moment is None:
            return real
        self._moment = min(self._moment + _TICK, real)
        return self._moment.astimezone(periods.BAGHDAD)


@contextmanager
def told(clock: Clock) -> Iterator[None]:
    """Let verbs and new rows of grants take their moments from this clock."""

    def date_it(sender: Any, instance: Any, raw: bool = False, **_facts: Any) -> None:
        if sender._meta.app_label != "grants" or not instance._state.adding:
            return
        for name in _entered(sender):
            # Set just now by the field itself: no verb said another moment.
            if abs(getattr(instance, name) - timezone.now()) < _TICK:
                setattr(instance, name, clock.now())

    real = periods.now
    periods.now = clock.now
    pre_save.connect(date_it, weak=False)
    try:
        yield
    finally:
        pre_save.disconnect(date_it)
        periods.now = real


def _entered(model: Any) -> list[str]:
    return [
        one.attname
        for one in model._meta.concrete_fields
        if isinstance(one, DateTimeField) and one.default is timezone.now
    ]
