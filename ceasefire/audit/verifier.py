"""Checking the chain from outside the database's own functions.

The bytes of each event are built here a second time, from the columns: whoever can replace the
database's functions still can not make this agree.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

_FIRST_PREV = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH = 2000


@dataclass(frozen=True)
class Verdict:
    """What a check found. `broken` is the first number that does not hold, None where all do."""

    broken: int | None
    why: str
    events: int
    head_seq: int
    head_hash: str
    head_at: str

    @property
    def whole(self) -> bool:
        return self.broken is None


def _piece(value: Any) -> bytes:
    if value is None:
        return b"-"
    text = value if isinstance(value, bytes) else str(value).encode()
    return b"%d:%s" % (len(text), text)


def digest(row: Mapping[str, Any], prev: bytes) -> bytes:
    """SHA-256 over the canonical encoding of an event (described in migration 0002).

    `row["at"]` is whole microseconds since 1970, `row["detail"]` the text of the JSON as PostgreSQL
    writes it; `prev` the hash before.
    """
    pieces = [
        row["seq"],
        row["at"],
        row["actor_id"],
        row["actor_name"],
        row["acting_id"],
        row["verb"],
        row["subject_label"],
        row["subject_id"],
        row["site_id"],
        b"".join(_piece(field) for field in row["fields"]),
        row["reason"],
        row["detail"],
        row["address_hash"],
        row["session_hash"],
        row["database_role"],
        prev.hex(),
    ]
    return hash_of(pieces)


def hash_of(pieces: Iterable[Any]) -> bytes:
    """SHA-256 over values in a row, each with its length before it, so that none runs into another.

    The encoding of every chain of the program.
    """
    return hashlib.sha256(b"".join(map(_piece, pieces))).digest()


_IN_ORDER = """
SELECT seq, (extract(epoch FROM at) * 1000000)::bigint AS at, actor_id, actor_name, acting_id,
       verb, subject_label, subject_id, site_id, fields, reason, detail::text AS detail,
       address_hash, session_hash, database_role, prev, hash
  FROM audit_auditevent ORDER BY seq
"""


def verify(
    head: Mapping[str, Any] | None = None, *, progress: Callable[[int], None] | None = None
) -> Verdict:
    """Read the whole chain in order and say where it first breaks.

    Streams: memory does not grow with the trail. `head` is an outside copy {seq, hash} of an
    earlier head (`audit_head`): with it a cut tail and a wholly rewritten chain are found too.
    An empty trail holds.
    """
    expected, prev, at = 1, _FIRST_PREV, ""
    head_seq = int(head["seq"]) if head else 0

    def verdict(broken: int | None, why: str) -> Verdict:
        return Verdict(broken, why, expected - 1, expected - 1, prev.hex(), at)

    with connection.chunked_cursor() as cursor:
        cursor.execute(_IN_ORDER)
        names: list[str] = []
        while rows := cursor.fetchmany(_BATCH):
            names = names or [column[0] for column in cursor.description]
            for values in rows:
                row = dict(zip(names, values, strict=True))
                if row["seq"] != expected:
                    return verdict(expected, "missing")
                if bytes(row["prev"]) != prev:
                    return verdict(expected, "does not follow the event before it")
                if bytes(row["hash"]) != digest(row, prev):
                    return verdict(expected, "changed after it was written")
                if head and row["seq"] == head_seq and bytes(row["hash"]).hex() != head["hash"]:
                    return verdict(expected, "is not the event the head names")
                prev = bytes(row["hash"])
                at = (_EPOCH + timedelta(microseconds=row["at"])).isoformat()
                expected += 1
            if progress:
                progress(expected - 1)
    if head and expected - 1 < head_seq:
        return verdict(expected, "cut off: the head names a later event")
    return verdict(None, "")
