"""Incidents to play with."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ceasefire.places.models import Place
from incidents import services
from incidents.models import Incident
from incidents.services import SourceFacts

#: A Wednesday evening in Basrah.
MOMENT = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)
#: Sometimes right, possible: enough for "provisional".
FAIR = SourceFacts(kind="family", reliability="C", credibility="3")
ASHAR = "IQG02Q02N02-ASHAR"
_minutes = itertools.count(1)


def facts(**other: Any) -> dict[str, Any]:
    """The plain fields of a minimal report: a murder in Al-Ashar, one killed."""
    given: dict[str, Any] = {
        "type": "MUR",
        "occurred_from": MOMENT,
        "place": other.pop("place", None) or Place.objects.get(pcode=ASHAR),
        "killed_best": 1,
    }
    given.update(other)
    return given


@pytest.fixture
def log(db: None, basrah: Any, worker: Any) -> Callable[..., Incident]:
    """Log an incident as the worker of Basrah Centre; `state` moves it on."""

    def make(
        *,
        by: Any = None,
        site: Any = None,
        state: str = "submitted",
        sources: Any = (FAIR,),
        **more: Any,
    ) -> Incident:
        rows = {name: more.pop(name) for name in ("victims", "actors", "key") if name in more}
        incident = services.create_incident(
            site=site or basrah,
            facts=facts(**more),
            sources=sources,
            by=by or worker,
            submit=state != "draft",
            at=MOMENT + timedelta(hours=2),
            **rows,
        )
        return move_to(incident, state)

    return make


def move_to(incident: Incident, state: str) -> Incident:
    """Put an incident into a state directly, as a test's starting point."""
    wanted: dict[str, Any] = {"workflow_state": state}
    if state in {"accepted", "archived"}:
        wanted["accepted_at"] = MOMENT + timedelta(hours=3)
    if state == "returned":
        wanted["returned_reason"] = "which street?"
    Incident.objects.filter(pk=incident.pk).update(**wanted)
    return Incident.objects.get(pk=incident.pk)


@pytest.fixture
def interrupter(make_user: Any, basrah: Any) -> Any:
    """An interrupter of Basrah Centre, who reported nothing."""
    return make_user("interrupter", basrah)
