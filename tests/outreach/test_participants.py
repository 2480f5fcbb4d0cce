"""The page of a case, the list of all, and the intake: what stands there, and for whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ceasefire import periods, vault
from outreach.models import Participant

pytestmark = pytest.mark.django_db


def page_of(client: Client, participant: Participant) -> Any:
    return client.get(reverse("outreach:participant_detail", args=[participant.code]))


def test_the_page_shows_code_state_worker_alias_and_what_to_heed(case, team, signed_in):
    participant = case(safety_flags=["no_home"], last_contact_at=periods.now() - timedelta(days=3))
    vault.seal(participant, "alias", "أبو علي", by=team.worker, index="alias")
    page = page_of(signed_in(team.worker), participant).content.decode()

    for part in (participant.code, "Active", "Worker", "أبو علي", "Do not visit the home"):
        assert part in page
    assert "3 days since the last contact" in page
    assert "أبو علي" not in page.partition("</title>")[0]


def test_anothers_case_answers_like_none(case, team, signed_in):
    theirs = case(by=team.worker2)
    client = signed_in(team.worker)
    absent = client.get(reverse("outreach:participant_detail", args=["P-0000"]))
    hidden = page_of(client, theirs)

    assert hidden.status_code == absent.status_code == 404
    assert hidden.content.replace(theirs.code.encode(), b"") == absent.content.replace(
        b"P-0000", b""
    )
