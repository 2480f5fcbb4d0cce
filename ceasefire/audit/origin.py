"""Where a request came from, as the trail keeps it: keyed hashes, no address and no session key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse

from ceasefire.people.lockout import client_address, keyed_hash


class Origin(NamedTuple):
    address_hash: str = ""
    session_hash: str = ""


NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("audit origin", default=NOWHERE)


def current() -> Origin:
    """The origin of what runs now; empty for jobs and commands."""
    return _origin.get()


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """Record everything inside as coming from `origin`."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


class OriginMiddleware:
    """Tells the trail the address and the session of a request. Stands after the sessions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session_key = request.session.session_key or ""
        origin = Origin(
            keyed_hash("address", client_address(request)),
            keyed_hash("session", session_key) if session_key else "",
        )
        with coming_from(origin):
            return self.get_response(request)
