"""A form that is sent twice makes one record; sent again with another content it is refused.

Each form that makes something carries a key of its own. The verb behind it gives the first record
back when the key comes again (`cases.sent_before`): on a bad line the answer is lost more often
than the form. But who then went on writing and sent it again would see the first record and think
that all was kept. So what the form held is remembered, as a keyed hash, and compared.
"""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import models, transaction
from django.utils.crypto import salted_hmac

from ceasefire import periods
from outreach.exceptions import SentOtherwise
from outreach.models.forms import SentForm

#: A form is not sent again after so long.
KEPT = timedelta(days=7)
#: Not what the form says, but who sends it, when it was opened, and its key.
_BESIDE = frozenset({"by", "key", "version", "created_at", "on"})

Given = ParamSpec("Given")
Made = TypeVar("Made")


def keyed(verb: Callable[Given, Made]) -> Callable[Given, Made]:
    """Make a verb with a `key` refuse the key with other arguments than the first time.

    `SentOtherwise`, and nothing of the second content is written.
    """
    known = inspect.signature(verb)

    @wraps(verb)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        given = known.bind(*args, **kwargs).arguments
        key = given.get("key")
        if key is None:
            return verb(*args, **kwargs)
        with transaction.atomic():
            made = verb(*args, **kwargs)
            _compare(key, content_hash(verb.__name__, given))
        return made

    return run


def _compare(key: UUID, held: str) -> None:
    SentForm.objects.bulk_create(
        [SentForm(key=key, content_hash=held, at=periods.now())], ignore_conflicts=True
    )
    if SentForm.objects.get(key=key).content_hash != held:
        raise SentOtherwise


def content_hash(name: str, given: Mapping[str, Any]) -> str:
    """A keyed hash of what a form held: equal for a resend, and no way to guess at a word of it."""
    content = {field: value for field, value in given.items() if field not in _BESIDE}
    text = json.dumps([name, _plain(content)], ensure_ascii=False, sort_keys=True)
    return salted_hmac("outreach.forms", text, algorithm="sha256").hexdigest()


def _plain(value: Any) -> Any:
    """A value by what it stands for, in what JSON knows."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, models.Model):
        return [value._meta.label_lower, str(value.pk)]
    if is_dataclass(value) and not isinstance(value, type):
        return [_plain(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(one) for one in value), key=str)
    if isinstance(value, Iterable):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date | time) else str(value)


def forget_old() -> int:
    """Throw away what is remembered of forms that nobody sends again; how many."""
    return SentForm.objects.filter(at__lt=periods.now() - KEPT).delete()[0]
