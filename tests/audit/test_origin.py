"""The trail knows where a request came from, and keeps neither address nor session key."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import RequestFactory

from ceasefire import audit
from ceasefire.audit.models import AuditEvent
from ceasefire.audit.origin import OriginMiddleware

pytestmark = pytest.mark.django_db


def visit(address: str, session: SessionStore) -> AuditEvent:
    def view(_request):
        audit.record("incident.accepted")
        return HttpResponse()

    request = RequestFactory().get("/", REMOTE_ADDR=address)
    request.session = session
    OriginMiddleware(view)(request)
    return AuditEvent.objects.newest_first()[0]


def test_one_address_and_session_are_told_apart_from_others_by_keyed_hashes():
    one, other = SessionStore(), SessionStore()
    one.create()
    other.create()
    first, again = visit("10.0.0.1", one), visit("10.0.0.1", one)
    elsewhere = visit("10.0.0.2", other)

    assert first.address_hash == again.address_hash != elsewhere.address_hash
    assert first.session_hash == again.session_hash != elsewhere.session_hash
    assert len(first.address_hash) == len(first.session_hash) == 64
    assert "10.0.0.1" not in str(vars(first))
    assert one.session_key not in str(vars(first))


def test_what_runs_outside_a_request_comes_from_nowhere():
    visit("10.0.0.1", SessionStore())
    audit.record("report.compiled")
    event = AuditEvent.objects.newest_first()[0]
    assert (event.address_hash, event.session_hash) == ("", "")
