"""Rows of many tables with their sealed texts, kept until all are written together."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import models

from ceasefire import vault
from ceasefire.people.models import User
from incidents.importing.bulk import copy_in
from outreach.demo import words

M = TypeVar("M", bound=models.Model)


class Rows:
    """What is made up, in the order of its making; `write` sends it off, constraints and all.

    Keys come from the seed, so that the same seed gives the same rows.
    """

    def __init__(self, seed: str, cut: datetime) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - made-up data
        self.cut = cut
        self.today: date = cut.date()
        self._rows: dict[type[models.Model], list[Any]] = {}
        #: By who wrote it, then by row and field: the last one counts.
        self._texts: dict[Any, tuple[User, dict[tuple[int, str], vault.Item]]] = {}

    def key(self) -> UUID:
        return UUID(int=self.dice.getrandbits(128), version=4)

    def at(self, days_ago: float, hour: int = 0, minute: int = 0) -> datetime:
        """A moment some days before the load; never after it where the days are 1 or more."""
        return self.cut - timedelta(days=days_ago) + timedelta(hours=hour, minutes=minute)

    def day(self, days_ago: int) -> date:
        return self.today - timedelta(days=days_ago)

    def add(self, model: type[M], **facts: Any) -> M:
        """A row to be written; its key is made here, or by the database for a numbered one."""
        if isinstance(model._meta.pk, models.UUIDField) and "id" not in facts:
            facts["id"] = self.key()
        made = model(**facts)
        self._rows.setdefault(model, []).append(made)
        return made

    def seal(
        self, row: models.Model, field: str, text: str, *, by: User, index: str | None = None
    ) -> None:
        """A text to be sealed with it, labelled as made up."""
        label = words.LABEL_EN, words.LABEL_AR
        told = words.told(text)
        if field not in ("phone",) and not told.endswith(label):
            told = words.marked(told)
        _by, items = self._texts.setdefault(by.pk, (by, {}))
        items[id(row), field] = vault.Item(row, field, told, index)

    def of(self, model: type[M]) -> list[M]:
        """What waits to be written of a model."""
        return self._rows.get(model, [])

    def write(self) -> None:
        """All rows, those first whose model was added first, then the texts."""
        for model, rows in self._rows.items():
            if isinstance(model._meta.pk, models.AutoField):
                # Numbered by the database: the numbers are asked for.
                model._default_manager.bulk_create(rows, batch_size=1000)
                continue
            names = [field.attname for field in model._meta.concrete_fields]
            copy_in(model, [{name: getattr(row, name) for name in names} for row in rows])
            for row in rows:
                row._state.adding = False
        for by, items in self._texts.values():
            vault.seal_rows(items.values(), by=by)
        self._rows.clear()
        self._texts.clear()
