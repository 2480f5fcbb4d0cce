"""A notice is shown while its reader may see the record, and not a moment longer."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ceasefire import worklist
from ceasefire.database import roles
from ceasefire.people.models import User
from ceasefire.worklist import services
from ceasefire.worklist.models import Notification, Task
from incidents.models import Incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(make_user: Any, basrah: Any) -> Any:
    return make_user("worker", basrah)


def tell(incident: Incident, *people: Any) -> None:
    worklist.notify(people, "response.assigned", subject=incident)


def hide(incident: Incident, colleague: Any, zubair: Any, way: str) -> None:
    if way == "turned sensitive":
        Incident.objects.filter(pk=incident.pk).update(is_sensitive=True)
    elif way == "left the site":
        colleague.sites.set([zubair])
    elif way == "became a draft of another":
        Incident.objects.filter(pk=incident.pk).update(workflow_state="draft")


@pytest.mark.parametrize("way", ["turned sensitive", "left the site", "became a draft of another"])
def test_who_may_no_longer_see_the_record_no_longer_sees_the_notice(
    log: Any, colleague: Any, zubair: Any, signed_in: Any, way: str
) -> None:
    hidden, other = log(), log()
    tell(hidden, colleague)
    if way != "left the site":
        tell(other, colleague)
    hide(hidden, colleague, zubair, way)
    client = signed_in(User.objects.get(pk=colleague.pk))
    page = client.get("/notifications/").content.decode()
    assert hidden.code not in page
    assert (other.code in page) is (way != "left the site")
    bell = '<span class="bell-count">1</span>' in client.get("/account/").content.decode()
    assert bell is (way != "left the site")
    notice = Notification.objects.get(subject_code=hidden.code)
    assert client.post(f"/notifications/{notice.pk}/").status_code == 404
    client.post("/notifications/read/")
    notice.refresh_from_db()
    # What was not shown was not taken note of either.
    assert notice.read_at is None


def test_who_may_still_see_it_goes_on_seeing_the_notice(
    log: Any, worker: Any, supervisor: Any, colleague: Any
) -> None:
    incident = log()
    Notification.objects.all().delete()
    tell(incident, worker, supervisor, colleague)
    Incident.objects.filter(pk=incident.pk).update(is_sensitive=True)
    assert [worklist.unread(person) for person in (worker, supervisor, colleague)] == [1, 1, 0]


def test_many_notices_ask_no_more_questions_than_one(
    log: Any, colleague: Any, signed_in: Any
) -> None:
    client = signed_in(colleague)
    counts: list[int] = []
    client.get("/notifications/")
    for _more in range(2):
        for _one in range(1 if not counts else 6):
            tell(log(), colleague)
        with CaptureQueriesContext(connection) as asked:
            client.get("/notifications/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_few_or_many_are_counted_alike(
    basrah: Any, log: Any, worker: Any, monkeypatch: Any
) -> None:
    """What is looked up record by record, and what is asked in one, comes to the same."""
    incident = log()
    worklist.notify([worker], "response.assigned", subject=incident)
    worklist.notify([worker], "response.assigned", subject=incident, key="again")
    worklist.notify([worker], "response.assigned", subject=basrah)
    Notification.objects.create(
        recipient=worker,
        kind="response.assigned",
        subject_label="incidents.incident",
        subject_code="INC-1999-000001",
        key="of what nobody sees",
    )
    with CaptureQueriesContext(connection) as asked:
        assert worklist.unread(worker) == 3
    assert len(asked) <= 3, "sites, notices, records"
    monkeypatch.setattr(services, "MOST_LOOKED_AT", 2)
    assert worklist.unread(worker) == 3


def test_the_records_of_many_notices_are_looked_up_and_never_all_read(
    log: Any, worker: Any, supervisor: Any
) -> None:
    """To read the few records whole would be the cheaper here; with a million it is not."""
    log()
    for person in (worker, supervisor):
        Notification.objects.bulk_create(
            Notification(
                recipient=person,
                kind="response.assigned",
                subject_label="incidents.incident",
                subject_code=f"INC-2026-{number:06}",
                key=str(number),
            )
            for number in range(1500)
        )
    with roles.as_owner(connection), connection.cursor() as cursor:
        cursor.execute("ANALYZE worklist_notification, incidents_incident")
    with CaptureQueriesContext(connection) as asked:
        worklist.unread(worker)
        list(Notification.objects.visible_to(worker))
        list(Task.objects.visible_to(worker))
    read = [one["sql"] for one in asked.captured_queries if "incidents_incident" in one["sql"]]
    assert len(read) == 3
    for statement in read:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert not re.search(r"subject_code\S* = \(hashed", plan), plan
