"""What every verb on a grant begins with: who may, the rows as they stand now, held in order.

Locks are taken in one order everywhere: fund, grant, tranche, the ledger's chain, the audit trail.
Two verbs then never wait for each other. A submission takes one more before all of them
(`splits.one_at_a_time`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction

from ceasefire.people.models import User
from grants.exceptions import (
    ChangedMeanwhile,
    DutiesKeptApart,
    GrantRefusal,
    NotForThisPerson,
    ReasonMissing,
)
from grants.models import Fund, Grant, Officer

#: Of REO staff, to write anything at all; which duty a verb needs, it says itself.
WORK = "grants.work_grant"


def officer(by: User, *duties: str) -> Officer:
    """The officer that `by` is, if the account lives and one of the duties is theirs today.

    Duties are read anew from the database, not from the session's user. Without `duties` any
    officer will do. Raises `NotForThisPerson`.
    """
    found = _officer(by)
    if found is None or not by.may_sign_in():
        raise NotForThisPerson
    if duties and not by.has_perm(WORK):
        raise NotForThisPerson
    if duties and not any(found.has(duty) for duty in duties):
        raise NotForThisPerson
    return found


def _officer(by: User) -> Officer | None:
    if _stands is not None and by.pk in _stands:
        return _stands[by.pk]
    found = Officer.objects.filter(pk=by.pk, is_active=True).first()
    if _stands is not None:
        _stands[by.pk] = found
    return found


#: Who was read since `same_people` began; None outside it.
_stands: dict[Any, Officer | None] | None = None


@contextmanager
def same_people() -> Iterator[None]:
    """Read everybody once. For a load by one program in one transaction, in which nobody's duties
    change; never while a person works."""
    global _stands  # noqa: PLW0603 - one load at a time, by a command
    _stands = {}
    try:
        yield
    finally:
        _stands = None


def auditor(by: User) -> Officer:
    """The officer that an auditor is; raises `NotForThisPerson`."""
    found = officer(by)
    if found.role != "auditor" or not by.has_perm("grants.flag_grant"):
        raise NotForThisPerson
    return found


def held_fund(fund: Fund) -> Fund:
    """The fund as it stands now, locked to the end of the caller's transaction."""
    _inside()
    return Fund.objects.select_for_update(no_key=True).get(pk=fund.pk)


def held(grant: Grant, *, version: int | None = None) -> Grant:
    """The grant as it stands now, its fund locked before it, to the end of the transaction.

    Raises `ChangedMeanwhile` where `version` is given and somebody wrote since.
    """
    fund = held_fund(Fund(pk=grant.fund_id))
    found = Grant.objects.select_for_update(no_key=True).get(pk=grant.pk)
    found.fund = fund
    if version is not None and version != found.version:
        raise ChangedMeanwhile
    return found


def _inside() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A fund and a grant are locked inside a transaction.")


def apart(condition: bool) -> None:
    """Refuse where `condition` says that the person had another part in the grant."""
    if condition:
        raise DutiesKeptApart


def said(reason: str) -> str:
    """A reason that says something; raises `ReasonMissing`."""
    reason = " ".join(reason.split())
    if not reason:
        raise ReasonMissing
    return reason[:1000]


@contextmanager
def or_else(refusals: dict[str, type[GrantRefusal]]) -> Iterator[None]:
    """Say what the database refused in words: constraint name, or part of the message -> refusal.

    The checks before it say the same to one person; this is for two at once. What is not named
    here is a fault and goes on as it is.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        told = str(error)
        for part, refusal in refusals.items():
            if part in told:
                raise refusal() from error
        raise


def changed(row: Any, *fields: str, **facts: Any) -> None:
    """Write facts into some columns of a row, and no others: roles may write no more."""
    for name, value in facts.items():
        setattr(row, name, value)
    row.save(update_fields=[*fields, *facts])
