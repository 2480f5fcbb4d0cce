"""What the stories of tests/browser/test_stories.py are told with: a phone and the books.

While the program serves the demo in a process of its own, the test reads the same database, turns
the clock of a job, and runs it as a worker would.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext

from ceasefire import codes, periods
from ceasefire.database.session import as_system
from ceasefire.jobs import services as job_services
from ceasefire.jobs.models import Job
from ceasefire.jobs.registry import handler_of
from ceasefire.people.models import User
from ceasefire.vault.models import Sealed
from ceasefire.vault.services import _open
from ceasefire.worklist.models import Notification, Task
from outreach.models import ConsentRecord, Participant
from tests.browser.conftest import overflow
from tests.demo_world import World

SEND = "main form .form-actions button[type=submit]"
ARABIC = re.compile("[\u0600-\u06ff]")


class Phone:
    """Somebody's phone, 360 px wide and in Arabic: what is tapped, written and read on it."""

    def __init__(self, page: Any, world: World) -> None:
        self.page, self.world, self.taps = page, world, 0

    def go(self, path: str) -> None:
        """Open an address; the page is laid out from right to left and fits the phone."""
        self.page.goto(path if path.startswith("http") else self.world.url(path))
        self.fits()

    def fits(self) -> None:
        assert self.page.locator("html").get_attribute("dir") == "rtl"
        assert overflow(self.page) == []

    def tap(self, selector: str) -> None:
        self.taps += 1
        self.page.locator(selector).first.tap()

    def write(self, name: str, words: str) -> None:
        self.page.locator(f"main [name='{name}']").fill(words)

    def choose(self, name: str, value: str) -> None:
        """Tick an answer where it is not ticked yet, by the words beside it."""
        answer = self.page.locator(f"main input[name='{name}'][value='{value}']")
        if not answer.is_checked():
            answer.locator("xpath=ancestor::label[1]").tap()
        assert answer.is_checked(), (name, value)

    def unfold(self, selector: str) -> None:
        fold = self.page.locator(selector)
        if fold.get_attribute("open") is None:
            fold.locator("> summary").tap()

    def send(self, selector: str = SEND, *, to: Any) -> None:
        """Send a form and arrive at an address."""
        with self.page.expect_navigation(url=to):
            self.page.locator(selector).first.tap()
        self.fits()

    def words(self, selector: str = "body") -> str:
        """What stands there to be read, without what only directs the line."""
        text = self.page.locator(selector).first.inner_text()
        return " ".join(re.sub("[\u2066-\u2069\u200e\u200f]", "", text).split())


def arabic(text: str, **values: Any) -> str:
    """The words of the program in Arabic; a text that nobody put into it fails."""
    with translation.override("ar"):
        said = gettext(text) % values if values else gettext(text)
    assert ARABIC.search(said), f"not said in Arabic: {text}"
    return said


def label(name: str, code: str) -> str:
    """A code of a list in Arabic."""
    with translation.override("ar"):
        return str(codes.label(name, code))


def who(username: str) -> User:
    return User.objects.get(username=username)


def case_of(username: str, place: int) -> Participant:
    """An active case of somebody, by its place in the order of codes: each story takes another."""
    mine = Participant.objects.active().filter(worker__username=username).order_by("code")
    return mine[place]


def agrees_to(participant: Participant, purpose: str) -> bool:
    return (
        ConsentRecord.objects.in_force()
        .filter(participant=participant, purposes__contains=[purpose])
        .exists()
    )


def sealed(record: Any) -> dict[str, str]:
    """Everything sealed of a record, opened: {field: text}."""
    rows = Sealed.objects.filter(table=record._meta.db_table, row=str(record.pk))
    return {row.column: _open(row) for row in rows}


def in_no_column(record: Any, *texts: str) -> None:
    """No column of a record's own row holds any of the texts."""
    row = type(record).objects.filter(pk=record.pk).values().get()
    for text in texts:
        assert text not in str(row), text


def told(username: str, kind: str, record: Any) -> int:
    """How often somebody was told so of a record."""
    return Notification.objects.filter(
        recipient__username=username, kind=kind, subject_code=record.code
    ).count()


def to_do(username: str, kind: str, record: Any) -> list[Task]:
    """Open tasks of somebody about a record."""
    return list(
        Task.objects.open().filter(assignee__username=username, kind=kind, subject_code=record.code)
    )


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """The clock of the jobs that run in here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(periods, "now", lambda: moment)
        yield


def run_job(kind: str, **ids: Any) -> None:
    """Run the handler of a kind as a worker does."""
    handler = handler_of(kind)
    if handler.atomic:
        with as_system():
            handler.function(**ids)
    else:
        handler.function(**ids)


def run_queued(key: str) -> None:
    """Run the job that the program put into the queue."""
    assert job_services.run(Job.objects.get(key=key).pk) == Job.State.DONE
