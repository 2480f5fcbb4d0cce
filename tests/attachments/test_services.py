"""Adding, looking at, removing, moving and erasing photos."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from ceasefire import attachments, periods
from ceasefire.attachments import contents, limits, services
from ceasefire.attachments.models import Attachment, AttachmentContent
from ceasefire.audit.models import AuditEvent
from ceasefire.database.session import acting
from ceasefire.people.roles import Role
from incidents import services as incident_services
from incidents.services import VictimFacts
from tests.attachments.conftest import drawn, jpeg, upload
from tests.incidents.conftest import move_to
from tests.vault.test_rotation import key_line

pytestmark = pytest.mark.django_db


def verbs() -> list[str]:
    found = AuditEvent.objects.filter(verb__startswith="attachment.")
    return list(found.order_by("seq").values_list("verb", flat=True))


def test_a_photo_is_kept_drawn_anew_and_nothing_of_its_file(log, worker):
    incident = log()
    sent = jpeg(comment=b"SECRET-MARK")
    photo = attachments.attach_photo(
        incident, upload(sent, "Street of Ali.jpg"), by=worker, caption="The gate"
    )
    picture = drawn()

    assert (photo.size, photo.sha256) == (len(picture.content), picture.sha256)
    assert contents.opened(photo, "picture") == picture.content
    assert contents.opened(photo, "thumbnail") == picture.thumbnail
    kept = Attachment.objects.filter(pk=photo.pk).values().get()
    assert "Ali" not in repr(kept)
    assert not {field for field in kept if "name" in field or "original" in field}
    row = AttachmentContent.objects.get()
    for column in ("picture", "thumbnail"):
        assert b"\xff\xd8\xff" not in bytes(getattr(row, column))
        assert b"JFIF" not in bytes(getattr(row, column))


def test_adding_is_in_the_trail_under_the_incidents_code(log, worker, attach):
    incident = log()
    (photo,) = attach(incident, caption="words that stay out of the trail")
    event = AuditEvent.objects.get(verb="attachment.added")

    assert (event.subject_id, event.actor_id) == (incident.code, worker.pk)
    assert event.detail == {"photo": str(photo.pk)}
    assert event.site_id == incident.site_id


def test_a_photo_sent_twice_is_there_once(log, worker):
    incident = log()
    first = attachments.attach_photo(incident, upload(jpeg()), by=worker)
    second = attachments.attach_photo(incident, upload(jpeg()), by=worker)

    assert first.pk == second.pk
    assert verbs() == ["attachment.added"]


def test_photos_stay_in_the_order_in_which_they_were_chosen(log, attach, worker):
    incident = log()
    added = attach(incident, 3, 1, 2)

    assert attachments.listed_for(incident, worker) == added


def test_a_record_holds_so_many_photos_and_no_more(log, attach, monkeypatch):
    monkeypatch.setattr(limits, "PER_SUBJECT", 2)
    incident = log()
    attach(incident, 1)
    with pytest.raises(attachments.TooManyHere):
        attach(incident, 2, 3)
    attach(incident, 2)

    assert Attachment.objects.count() == 2


def test_a_day_allows_so_many_photos_removed_ones_included(log, attach, worker, monkeypatch):
    monkeypatch.setattr(limits, "PER_DAY", 2)
    incident, other = log(), log()
    midnight = periods.now().astimezone(periods.BAGHDAD).replace(hour=0, minute=0, second=0)
    attach(incident, 9, at=midnight - timedelta(seconds=2))
    photo, _second = attach(incident, 1, 2)
    attachments.remove(photo, by=worker, reason="blurred")
    with pytest.raises(attachments.QuotaUsedUp):
        attach(other, 3)


class TestWho:
    def test_a_colleague_of_the_site_adds_and_one_of_another_site_does_not(
        self, log, attach, make_user, basrah, zubair
    ):
        incident = log()
        attach(incident, 1, by=make_user(Role.INTERRUPTER, basrah))
        attach(incident, 2, by=make_user(Role.DATA_OFFICER, basrah))
        with pytest.raises(attachments.NotForThisPerson):
            attach(incident, 3, by=make_user(Role.WORKER, zubair))

    @pytest.mark.parametrize("state", ["withdrawn", "duplicate"])
    def test_an_incident_that_is_no_more_takes_no_photo(self, state, log, attach, worker):
        incident = log()
        original = log() if state == "duplicate" else None
        type(incident).objects.filter(pk=incident.pk).update(
            workflow_state=state, duplicate_of=original
        )
        with pytest.raises(attachments.NotForThisPerson):
            attach(incident, by=worker)

    @pytest.mark.parametrize(
        ("who", "state", "may"),
        [
            ("reporter", "submitted", True),
            ("reporter", "returned", True),
            ("reporter", "accepted", False),
            ("uploader", "submitted", True),
            ("uploader", "accepted", False),
            ("colleague", "submitted", False),
            ("supervisor", "submitted", True),
            ("supervisor", "accepted", True),
            ("supervisor", "archived", True),
            ("data officer", "submitted", False),
            ("manager", "accepted", False),
            ("supervisor elsewhere", "accepted", False),
        ],
    )
    def test_who_removes_when(
        self, who, state, may, log, attach, worker, make_user, basrah, zubair, supervisor
    ):
        cast = {
            "reporter": worker,
            "uploader": make_user(Role.WORKER, basrah),
            "colleague": make_user(Role.WORKER, basrah),
            "supervisor": supervisor,
            "data officer": make_user(Role.DATA_OFFICER, basrah),
            "manager": make_user(Role.MANAGER, basrah),
            "supervisor elsewhere": make_user(Role.SUPERVISOR, zubair),
        }
        incident = log()
        (photo,) = attach(incident, by=cast["uploader"])
        move_to(incident, state)
        if may:
            attachments.remove(photo, by=cast[who], reason="shows a face")
            photo.refresh_from_db()
            assert (photo.removed_by, photo.removed_reason) == (cast[who], "shows a face")
        else:
            with pytest.raises(attachments.NotForThisPerson):
                attachments.remove(photo, by=cast[who], reason="shows a face")

    def test_photos_are_seen_as_the_incident_is(self, log, attach, make_user, basrah, zubair):
        plain, sensitive = log(), log(victims=[VictimFacts(harm="injured", age=12)])
        draft = log(state="draft")
        for incident in (plain, sensitive, draft):
            attach(incident)

        def seen(user):
            keys = Attachment.objects.visible_to(user).values_list("subject_key", flat=True)
            return set(keys)

        assert seen(make_user(Role.WORKER, basrah)) == {plain.pk}
        assert seen(make_user(Role.SUPERVISOR, basrah)) == {plain.pk, sensitive.pk}
        assert seen(draft.reporter) == {plain.pk, sensitive.pk, draft.pk}
        assert seen(make_user(Role.MANAGER, zubair)) == set()
        for role in (Role.REO_STAFF, Role.REO_VIEWER, Role.AUDITOR, Role.ADMINISTRATOR):
            assert seen(make_user(role)) == set()

    @pytest.mark.parametrize("table", ["attachments_attachment", "attachments_attachmentcontent"])
    def test_reo_has_no_right_on_the_tables(self, table, make_user):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            acting(make_user(Role.REO_STAFF)),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT 1 FROM {table}")

    def test_a_row_cannot_be_deleted(self, log, attach):
        attach(log())
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Attachment.objects.all()._raw_delete("default")


class TestRemoval:
    def test_it_needs_a_reason_and_happens_once(self, log, attach, worker):
        (photo,) = attach(log())
        with pytest.raises(attachments.ReasonNeeded):
            attachments.remove(photo, by=worker, reason="  ")
        attachments.remove(photo, by=worker, reason="blurred")
        with pytest.raises(attachments.AlreadyRemoved):
            attachments.remove(photo, by=worker, reason="blurred")

        assert verbs() == ["attachment.added", "attachment.removed"]
        assert AuditEvent.objects.get(verb="attachment.removed").reason == "blurred"

    def test_a_removed_photo_may_be_added_again(self, log, attach, worker):
        incident = log()
        (photo,) = attach(incident)
        attachments.remove(photo, by=worker, reason="blurred")
        (again,) = attach(incident)

        assert attachments.listed_for(incident, worker) == [again]

    def test_the_content_goes_after_thirty_days_and_the_row_stays(self, log, attach, worker):
        incident = log()
        early, late, kept = attach(incident, 1, 2, 3)
        for photo, days in ((early, 31), (late, 29)):
            attachments.remove(photo, by=worker, reason="blurred")
            Attachment.objects.filter(pk=photo.pk).update(
                removed_at=periods.now() - timedelta(days=days)
            )

        assert services.expire() == 1
        assert services.expire() == 0
        assert set(AttachmentContent.objects.values_list("pk", flat=True)) == {late.pk, kept.pk}
        early.refresh_from_db()
        assert early.erased_at is not None
        assert contents.opened(early, "picture") is None
        assert verbs()[-1] == "attachment.erased"

    def test_photos_of_a_discarded_draft_go_with_it(self, log, attach, worker):
        draft, sent = log(state="draft"), log()
        (photo,), (other,) = attach(draft, 1), attach(sent, 2)
        incident_services.withdraw_incident(draft, by=worker)
        incident_services.withdraw_incident(sent, by=worker, reason="entered twice")

        assert services.expire() == 1
        photo.refresh_from_db()
        assert photo.removed_by is None
        assert photo.erased_at is not None
        assert list(AttachmentContent.objects.values_list("pk", flat=True)) == [other.pk]


class TestMoving:
    def test_a_merge_takes_photos_along_and_gives_them_back(self, log, attach, supervisor):
        first, second = log(), log()
        (photo,) = attach(first)
        attachments.reattach(photo, to=second, by=supervisor)
        assert attachments.listed_for(second, supervisor) == [photo]
        assert attachments.listed_for(first, supervisor) == []
        attachments.reattach(photo, to=first, by=supervisor)

        assert attachments.listed_for(first, supervisor) == [photo]
        assert verbs() == ["attachment.added", "attachment.moved", "attachment.moved"]

    def test_a_picture_that_the_other_has_stays_where_it_is(self, log, attach, supervisor):
        first, second = log(), log()
        (photo,), (twin,) = attach(first), attach(second)
        attachments.reattach(photo, to=second, by=supervisor)

        assert attachments.listed_for(first, supervisor) == [photo]
        assert attachments.listed_for(second, supervisor) == [twin]


class TestSeal:
    def test_a_content_put_under_another_photo_does_not_open(self, log, attach, caplog):
        incident = log()
        first, second = attach(incident, 1, 2)
        stolen = AttachmentContent.objects.get(pk=first.pk)
        AttachmentContent.objects.filter(pk=second.pk).update(
            picture=stolen.picture, key_id=stolen.key_id
        )

        assert contents.opened(second, "picture") is None
        assert contents.opened(second, "thumbnail") is not None
        assert AuditEvent.objects.filter(verb="vault.seal_broken").count() == 1

    def test_a_rotation_of_the_keys_moves_photos_too(self, log, attach, settings, tmp_path, capsys):
        file = tmp_path / "vault-keys"
        file.write_text(key_line("old"))
        settings.VAULT_KEYS_FILE = str(file)
        photos = attach(log(), 1, 2, 3)
        with file.open("a") as lines:
            lines.write(key_line("new"))
        call_command("rotate_keys")
        file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))

        assert contents.counts() == {"new": 3}
        for tint, photo in enumerate(photos, start=1):
            assert contents.opened(photo, "picture") == drawn(tint).content
        call_command("rotate_keys", check=True)
