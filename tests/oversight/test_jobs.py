"""Background work: who sees which, who stops it, and where what has stopped is shown."""

import pytest

from ceasefire import jobs
from ceasefire.jobs.models import Job
from ceasefire.people.roles import Role
from ceasefire.periods import now

pytestmark = pytest.mark.django_db


@pytest.fixture
def parked(basrah):
    """Two jobs of Basrah Centre that failed too often."""
    rows = [jobs.enqueue("jobs.heartbeat", site=basrah) for _number in range(2)]
    Job.objects.filter(pk__in=[row.pk for row in rows]).update(state="parked", finished_at=now())
    return rows


def test_the_data_officer_sees_their_own_jobs_and_stops_none(data_officer, basrah, signed_in):
    own = jobs.enqueue("jobs.heartbeat", site=basrah, by=data_officer)
    jobs.enqueue("jobs.heartbeat", site=basrah)

    page = signed_in(data_officer).get("/jobs/")

    assert [job.pk for job in page.context["page"]] == [own.pk]
    assert "/cancel/" not in page.content.decode()


def test_the_manager_stops_and_tries_again_what_belongs_to_their_sites(
    manager, basrah, zubair, parked, signed_in
):
    waiting = jobs.enqueue("jobs.heartbeat", site=basrah)
    elsewhere = jobs.enqueue("jobs.heartbeat", site=zubair)
    client = signed_in(manager)

    client.post(f"/jobs/{waiting.pk}/cancel/")
    client.post(f"/jobs/{parked[0].pk}/again/")

    assert client.post(f"/jobs/{elsewhere.pk}/cancel/").status_code == 404
    assert [Job.objects.get(pk=row.pk).state for row in (waiting, parked[0], elsewhere)] == [
        "cancelled",
        "queued",
        "queued",
    ]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMINISTRATOR])
def test_what_has_stopped_is_counted_on_the_home(role, make_user, basrah, parked, signed_in):
    person = make_user(role, *([basrah] if role == Role.MANAGER else []))

    page = signed_in(person).get("/")

    (block,) = [one for one in page.context["blocks"] if "/jobs/" in one.url]
    assert block.value == 2
    assert "/jobs/?status=parked" in page.content.decode()
