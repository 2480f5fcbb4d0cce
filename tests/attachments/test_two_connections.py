"""Two uploads, or a removal and a review, at once: the second waits, counts again, is refused."""

import pytest

from ceasefire import attachments
from ceasefire.attachments import limits
from ceasefire.attachments.models import Attachment
from tests.attachments.conftest import drawn
from tests.incidents.test_two_connections import meet

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_uploads_at_once_keep_the_quota_of_the_day(log, worker, monkeypatch):
    monkeypatch.setattr(limits, "PER_DAY", 1)
    here, there = log(), log()
    came = meet(
        lambda: attachments.attach_photos(here, [drawn(1)], by=worker),
        lambda: attachments.attach_photos(there, [drawn(2)], by=worker),
    )

    assert isinstance(came, attachments.QuotaUsedUp)
    assert Attachment.objects.count() == 1


def test_two_people_at_once_keep_the_number_of_a_record(log, worker, supervisor, monkeypatch):
    monkeypatch.setattr(limits, "PER_SUBJECT", 1)
    incident = log()
    came = meet(
        lambda: attachments.attach_photos(incident, [drawn(1)], by=worker),
        lambda: attachments.attach_photos(incident, [drawn(2)], by=supervisor),
    )

    assert isinstance(came, attachments.TooManyHere)


def test_the_same_photo_sent_twice_at_once_is_there_once(log, worker):
    incident = log()
    came = meet(
        lambda: attachments.attach_photos(incident, [drawn()], by=worker),
        lambda: attachments.attach_photos(incident, [drawn()], by=worker),
    )

    assert (len(came.new), len(came.known)) == (0, 1)


def test_a_photo_is_removed_once(log, worker, supervisor, attach):
    (photo,) = attach(log())
    came = meet(
        lambda: attachments.remove(photo, by=worker, reason="blurred"),
        lambda: attachments.remove(photo, by=supervisor, reason="a face"),
    )

    assert isinstance(came, attachments.AlreadyRemoved)


def test_a_photo_moves_once(log, worker, supervisor, attach):
    here, there = log(), log()
    (photo,) = attach(here)
    came = meet(
        lambda: attachments.reattach(photo, to=there, by=supervisor),
        lambda: attachments.remove(photo, by=worker, reason="blurred"),
    )

    assert isinstance(came, attachments.NotForThisPerson)
    assert attachments.listed_for(there, worker) == [photo]
