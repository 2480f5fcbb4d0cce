"""Two at once, on two connections: the second waits and sees what the first did."""

from typing import Any

import pytest

from ceasefire.api import services
from ceasefire.api.exceptions import TooManyTokens
from ceasefire.api.models import DeviceToken
from ceasefire.audit.models import AuditEvent
from tests.incidents.test_two_connections import meet

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_eleventh_token_is_not_made_by_two_at_once(worker: Any) -> None:
    for _number in range(9):
        services.create_token(worker, device="tablet", scopes=["read"])

    def make() -> Any:
        return services.create_token(worker, device="tablet", scopes=["read"])

    second = meet(make, make)

    assert isinstance(second, TooManyTokens)
    assert DeviceToken.objects.live().count() == 10


def test_a_token_is_revoked_once_by_two_at_once(worker: Any) -> None:
    token, _text = services.create_token(worker, device="tablet", scopes=["read"])

    meet(
        lambda: services.revoke_token(token, by=worker),
        lambda: services.revoke_all(worker, by=worker),
    )

    assert AuditEvent.objects.filter(verb="api.token_revoked").count() == 1
