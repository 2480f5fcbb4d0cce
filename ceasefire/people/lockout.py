"""Lock-out by user name and address together, with a growing delay, kept in PostgreSQL.

A lock on the name alone would let anyone lock a worker out on the night of a shooting; a lock on
the address alone would lock a whole office behind one line. So the pair is locked, and the same
person signs in from another address at once (threats T14, A26).
"""

import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from ceasefire.people.models import SignInFailure

FREE_TRIES = 5
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=1)
#: A row without a new failure for this long starts again from nothing.
FORGET_AFTER = timedelta(hours=24)


def client_address(request: HttpRequest) -> str:
    """The client's address; a forwarded one is believed only for as many proxies as are trusted."""
    if settings.TRUSTED_PROXIES:
        hops = [
            h.strip() for h in request.headers.get("X-Forwarded-For", "").split(",") if h.strip()
        ]
        if len(hops) >= settings.TRUSTED_PROXIES:
            return hops[-settings.TRUSTED_PROXIES]
    return request.META.get("REMOTE_ADDR") or "unknown"


def keyed_hash(kind: str, value: str) -> str:
    """A keyed hash, so that the table shows neither names nor addresses."""
    message = f"{kind}:{value.strip().lower()}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()


def locked_for(username: str, address: str) -> timedelta | None:
    """How long this name stays locked from this address; None where it is not."""
    row = SignInFailure.objects.filter(
        who=keyed_hash("user", username), address=keyed_hash("address", address)
    ).first()
    if row is None or row.locked_until is None or row.locked_until <= timezone.now():
        return None
    return row.locked_until - timezone.now()


def delay_after(count: int) -> timedelta | None:
    """The lock that follows the `count`-th failure in a row: none for five, then doubling."""
    if count < FREE_TRIES:
        return None
    return min(FIRST_DELAY * 2 ** min(count - FREE_TRIES, 10), LONGEST_DELAY)


def note_failure(username: str, address: str) -> None:
    """Count one wrong password; one atomic statement, so parallel tries all count."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO people_signinfailure (who, address, count, updated_at)
            VALUES (%s, %s, 1, %s)
            ON CONFLICT (who, address) DO UPDATE SET
              count = CASE WHEN people_signinfailure.updated_at < %s THEN 1
                           ELSE people_signinfailure.count + 1 END,
              updated_at = EXCLUDED.updated_at
            RETURNING id, count
            """,
            [
                keyed_hash("user", username),
                keyed_hash("address", address),
                now,
                now - FORGET_AFTER,
            ],
        )
        row, count = cursor.fetchone()
        delay = delay_after(count)
        cursor.execute(
            "UPDATE people_signinfailure SET locked_until = %s WHERE id = %s",
            [now + delay if delay else None, row],
        )


def forget_failures(username: str, address: str) -> None:
    """A right password from this address starts the count again."""
    SignInFailure.objects.filter(
        who=keyed_hash("user", username), address=keyed_hash("address", address)
    ).delete()
