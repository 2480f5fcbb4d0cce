"""Lock-out by user name and address together, with a growing delay, kept in PostgreSQL.

A lock on the name alone would let anyone lock a worker out on the night of a shooting; a lock on
the address alone would lock a whole office behind one line. So the pair is locked, and the same
person signs in from another address at once (threats T14, A26).
"""

import hashlib
import hmac
import ipaddress
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from ceasefire.people.models import SignInFailure, User

FREE_TRIES = 5
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=1)
#: Wrong codes of the second step, from all addresses together, before it is locked everywhere. Only
#: who has the password gets there, and a code has six digits: by many addresses it could be tried.
FREE_CODES = 50
#: Stands for all addresses together.
EVERYWHERE = "everywhere"
#: Who has one IPv6 address has the whole network of it.
IPV6_NETWORK = 64
#: A row without a new failure for this long starts again from nothing.
FORGET_AFTER = timedelta(hours=24)


def client_address(request: HttpRequest) -> str:
    """The client's address; a forwarded one is believed only for as many proxies as are trusted."""
    if settings.TRUSTED_PROXIES:
        hops = [
            h.strip() for h in request.headers.get("X-Forwarded-For", "").split(",") if h.strip()
        ]
        if len(hops) >= settings.TRUSTED_PROXIES:
            return _network(hops[-settings.TRUSTED_PROXIES])
    return _network(request.META.get("REMOTE_ADDR") or "unknown")


def _network(address: str) -> str:
    """An IPv4 address as it is, of an IPv6 address its network, anything else as it came."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), IPV6_NETWORK), strict=False).network_address)


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


def delay_after(count: int, free: int = FREE_TRIES) -> timedelta | None:
    """The lock that follows the `count`-th failure in a row: none for five, then doubling."""
    if count < free:
        return None
    return min(FIRST_DELAY * 2 ** min(count - free, 10), LONGEST_DELAY)


def note_failure(username: str, address: str, *, free: int = FREE_TRIES) -> None:
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
        delay = delay_after(count, free)
        cursor.execute(
            "UPDATE people_signinfailure SET locked_until = %s WHERE id = %s",
            [now + delay if delay else None, row],
        )


def forget_failures(username: str, address: str) -> None:
    """A right password from this address starts the count again."""
    SignInFailure.objects.filter(
        who=keyed_hash("user", username), address=keyed_hash("address", address)
    ).delete()


# --- the second step ----------------------------------------------------------------------------


def _code_of(user: User) -> str:
    # No user name holds a colon, so these rows are never those of a password.
    return f"code:{user.pk}"


def code_locked_for(user: User, address: str) -> timedelta | None:
    """How long no code of this person is looked at from this address; None where it is."""
    waits = [locked_for(_code_of(user), place) for place in (address, EVERYWHERE)]
    return max((wait for wait in waits if wait is not None), default=None)


def note_wrong_code(user: User, address: str) -> None:
    """Count one wrong code, for this address and for all together."""
    note_failure(_code_of(user), address)
    note_failure(_code_of(user), EVERYWHERE, free=FREE_CODES)


def forget_wrong_codes(user: User, address: str) -> None:
    """A right code from this address starts its count again; what came from others stands."""
    forget_failures(_code_of(user), address)
