"""Which models may have photos, and what an app says about its own records."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet


@dataclass(frozen=True)
class Subject:
    """A kind of record that can have photos. Its key is a UUID.

    `visible`: the records a person may see at all. `may_add`, `may_remove`: asked again inside the
    transaction, with the record locked by `lock`; the second also gets the photo. `is_sensitive`:
    each look at a photo of it is written down. `forgotten`: which of these keys nobody needs photos
    of any more. `title`: how a page names the record; `page`: its address. `may_see`: whether a
    person who sees the record sees this photo of it, where not every one of them does.
    """

    model: type[Model]
    visible: Callable[[Any], QuerySet[Any]]
    lock: Callable[[Any], Any]
    may_add: Callable[[Any, Any], bool]
    may_remove: Callable[[Any, Any, Any], bool]
    is_sensitive: Callable[[Any], bool]
    forgotten: Callable[[Collection[UUID]], set[UUID]]
    title: Callable[[Any], str]
    page: Callable[[Any], str]
    may_see: Callable[[Any, Any, Any], bool] = lambda _record, _photo, _user: True

    @property
    def label(self) -> str:
        return self.model._meta.label_lower


_subjects: dict[str, Subject] = {}


def register(subject: Subject) -> None:
    """Let records of a model have photos; the same model again replaces what was said."""
    _subjects[subject.label] = subject


def subject_of(record: Model) -> Subject:
    """What was said about the model of a record; KeyError where it can have no photos."""
    return _subjects[record._meta.label_lower]


def subject_by_label(label: str) -> Subject:
    """What was said about a model by its label, such as `incidents.incident`."""
    return _subjects[label]


def subjects() -> list[Subject]:
    """All that were registered."""
    return list(_subjects.values())
