"""The one way to open a transaction for somebody."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import connection, transaction

_acting: ContextVar[Any] = ContextVar("acting user", default=None)


def acting_user() -> Any:
    """The user on whose behalf this transaction runs; None for the system."""
    return _acting.get()


@contextmanager
def acting(user: Any) -> Iterator[None]:
    """Open a transaction as `user`: the acting user is set, and REO roles get REO's rights only.

    Both settings are local to the transaction, so a connection that goes back to the pool carries
    neither. `user` None (or anonymous) is the system under the application's role. Inside an
    outer transaction both are put back when the inner one ends well; when it fails, its savepoint
    puts them back.
    """
    person = user if getattr(user, "is_authenticated", False) else None
    token = _acting.set(person)
    nested = connection.in_atomic_block
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                if nested:
                    cursor.execute("SELECT current_user, current_setting('app.user_id', true)")
                    role_before, user_before = cursor.fetchone()
                if person is not None and person.is_reo:
                    _become(cursor, str(person.pk), settings.REO_ROLE)
                else:
                    cursor.execute(
                        "SELECT set_config('app.user_id', %s, true)",
                        [str(person.pk) if person else ""],
                    )
            yield
            if nested:
                with connection.cursor() as cursor:
                    _become(cursor, user_before or "", role_before)
    finally:
        _acting.reset(token)


def _become(cursor: Any, user: str, role: str) -> None:
    """Set both to the end of the transaction; `role` as SET LOCAL ROLE would, in one question."""
    cursor.execute(
        "SELECT set_config('app.user_id', %s, true), set_config('role', %s, true)", [user, role]
    )


@contextmanager
def as_system() -> Iterator[None]:
    """Open a transaction for a job: no acting user, the application's role."""
    with acting(None):
        yield
