"""Devices that speak for people."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from ceasefire.api.services import create_token
from tests.incidents.conftest import log  # noqa: F401 - a fixture

REPORT: dict[str, Any] = {
    "type": "MUR",
    "day": "2026-11-18",
    "time_of_day": "evening",
    "place": "IQG02Q02N02-ASHAR",
    "killed_best": 1,
    "sources": [{"kind": "family", "reliability": "C", "credibility": "3"}],
}


class Device:
    """A device with a token; every request is one without cookies."""

    def __init__(self, token: str, **headers: str) -> None:
        self.token, self.headers = token, headers

    def ask(self, method: str, path: str, **more: Any) -> Any:
        headers = {
            "Authorization": f"Bearer {self.token}",
            **self.headers,
            **more.pop("headers", {}),
        }
        client = Client(raise_request_exception=more.pop("raises", True))
        return client.generic(method, f"/api/v1{path}", headers=headers, **more)

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, headers=headers)

    def send(self, body: Any = None, *, key: Any = None, path: str = "/incidents/") -> Any:
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = {"Idempotency-Key": str(key or uuid4())}
        return self.ask(
            "POST", path, data=content, content_type="application/json", headers=headers
        )


@pytest.fixture
def device(db: None) -> Callable[..., Device]:
    """The device of a person, which may read and write unless said otherwise."""

    def make(user: Any, *scopes: str, **headers: str) -> Device:
        _made, token = create_token(user, device="tablet", scopes=scopes or ("read", "write"))
        return Device(token, **headers)

    return make
