"""Two that wait for each other: PostgreSQL ends one, which is begun again and comes to its end."""

import io
import re
import threading
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client

from ceasefire import jobs
from ceasefire.audit.models import AuditEvent
from ceasefire.database import races
from ceasefire.database.session import as_system
from ceasefire.jobs.models import Job
from ceasefire.places.models import Site
from tests.database import crossing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.database.crossing"),
]
A, B = "BASRAH-CENTRE", "AL-ZUBAIR"


@pytest.fixture(autouse=True)
def _both_sites(basrah: Any, zubair: Any) -> None:
    crossing.met.update(barrier=threading.Barrier(2), times=1, runs=[])


def at_once(*works: Any) -> list[Any]:
    """Do each on a connection of its own; what they return or raise, in their order."""
    came: dict[int, Any] = {}

    def run(number: int) -> None:
        try:
            came[number] = works[number]()
        except Exception as error:  # noqa: BLE001 - handed to the test
            came[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return [came[number] for number in range(len(works))]


def asking(user: Any, address: str, data: Any = None) -> Any:
    client = Client(raise_request_exception=False)
    client.force_login(user)

    def ask() -> Any:
        answer = client.post(address, data or {"note": address[-5:-1]})
        page = client.get("/account/").content.decode()
        answer.said = re.findall(r"(?:begun|done) (?:BASRAH-CENTRE|AL-ZUBAIR)", page)
        answer.session = dict(client.session)
        return answer

    return ask


@pytest.fixture(autouse=True)
def _the_pause_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(races, "PAUSE", 0.02)


def test_both_of_two_that_wait_for_each_other_come_to_their_end(
    worker: Any, supervisor: Any
) -> None:
    answers = at_once(
        asking(worker, f"/cross/{A}/{B}/"), asking(supervisor, f"/cross/{B}/{A}/", {"note": "two"})
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    # Each was told what it sent, ran as if for the first time, and is written down once.
    assert [answer.content.decode() for answer in answers] == ["BAIR 1 1", "two 1 1"]
    assert [answer.said for answer in answers] == [
        [f"begun {A}", f"done {A}"],
        [f"begun {B}", f"done {B}"],
    ]
    assert AuditEvent.objects.filter(verb="incident.linked").count() == 2
    assert len(crossing.met["runs"]) == 3


def test_a_file_that_was_sent_is_read_again(worker: Any, supervisor: Any) -> None:
    papers = [io.BytesIO(b"first paper"), io.BytesIO(b"second paper")]
    answers = at_once(
        asking(worker, f"/cross/{A}/{B}/", {"paper": papers[0]}),
        asking(supervisor, f"/cross/{B}/{A}/", {"paper": papers[1]}),
    )
    assert [answer.content.decode() for answer in answers] == [
        "first paper 1 1",
        "second paper 1 1",
    ]


def test_a_page_that_loses_while_it_is_rendered_is_made_again(worker: Any, supervisor: Any) -> None:
    answers = at_once(asking(worker, f"/late/{A}/{B}/"), asking(supervisor, f"/late/{B}/{A}/"))
    assert [answer.content for answer in answers] == [b"late", b"late"]
    assert AuditEvent.objects.filter(verb="incident.linked").count() == 2


def test_a_view_that_may_not_run_twice_answers_come_back_in_a_moment(
    worker: Any, supervisor: Any
) -> None:
    answers = at_once(asking(worker, f"/once/{A}/{B}/"), asking(supervisor, f"/once/{B}/{A}/"))
    assert sorted(answer.status_code for answer in answers) == [200, 503]
    lost = max(answers, key=lambda answer: answer.status_code)
    assert lost.headers["Retry-After"]
    assert "Back in a moment" in lost.content.decode()
    assert lost.said == []
    assert AuditEvent.objects.filter(verb="incident.linked").count() == 1


def test_who_loses_every_time_is_asked_to_come_back_and_nothing_is_written(
    worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    crossing.met["times"] = 0

    def lose(*_given: Any, **_more: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$")

    monkeypatch.setattr(crossing.messages, "success", lose)
    answer = asking(worker, f"/cross/{A}/{B}/")()
    assert answer.status_code == 503
    assert crossing.met["runs"] == [A] * races.ATTEMPTS
    assert not AuditEvent.objects.filter(verb="incident.linked").exists()
    assert "said" not in answer.session


def test_what_is_lost_at_the_commit_is_done_again(
    worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    crossing.met["times"] = 0
    commit, losses = transaction.Atomic.__exit__, iter([True])

    def loses(self: Any, kind: Any, error: Any, trace: Any) -> None:
        ends = len(connection.savepoint_ids) == 0 and error is None and connection.in_atomic_block
        if ends and crossing.met["runs"] and next(losses, False):
            try:
                with connection.cursor() as cursor:
                    cursor.execute("DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = '40001'; END $$")
            except OperationalError as lost:
                commit(self, type(lost), lost, lost.__traceback__)
                raise
        commit(self, kind, error, trace)

    monkeypatch.setattr(transaction.Atomic, "__exit__", loses)
    answer = asking(worker, f"/cross/{A}/{B}/")()
    assert answer.status_code == 200
    assert crossing.met["runs"] == [A, A]
    assert AuditEvent.objects.filter(verb="incident.linked").count() == 1


def test_another_fault_is_not_tried_again(worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    crossing.met["times"] = 0

    def fails(*_given: Any, **_more: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(crossing.messages, "success", fails)
    assert asking(worker, f"/cross/{A}/{B}/")().status_code == 503
    assert crossing.met["runs"] == [A]


# --- jobs ---------------------------------------------------------------------------------------


@jobs.handler("tests.cross")
def cross(first: str, second: str) -> None:
    """Hold one site, then the other, and leave a mark at the first."""
    crossing.met["runs"].append(first)
    Site.objects.select_for_update().get(code=first)
    if crossing.met["runs"].count(first) <= crossing.met["times"]:
        crossing.met["barrier"].wait(10)
    Site.objects.select_for_update().get(code=second)
    site = Site.objects.get(code=first)
    site.name_en += "!"
    site.save(update_fields=["name_en"])


def test_both_of_two_jobs_come_to_their_end_at_their_first_attempt() -> None:
    with as_system():
        entered = [
            jobs.enqueue("tests.cross", first=first, second=second)
            for first, second in ((A, B), (B, A))
        ]
    assert at_once(*(lambda pk=job.pk: jobs.run(pk) for job in entered)) == ["done", "done"]
    assert list(Job.objects.values_list("attempts", flat=True)) == [1, 1]
    names = Site.objects.values_list("name_en", flat=True)
    assert [name.count("!") for name in names] == [1, 1]
    assert len(crossing.met["runs"]) == 3
