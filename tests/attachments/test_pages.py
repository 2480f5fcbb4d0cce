"""Photos on the page of an incident, on their own page, and as they come over the wire."""

import re
import uuid
from pathlib import Path

import pytest
from django.core.files import uploadhandler
from django.test import Client

from ceasefire import attachments
from ceasefire.attachments import limits
from ceasefire.attachments.models import Attachment, AttachmentContent
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from incidents.services import VictimFacts
from tests.attachments.conftest import drawn, jpeg, upload
from tests.attachments.test_images import CARRIERS, REFUSED
from tests.incidents.conftest import move_to

pytestmark = pytest.mark.django_db


def send(client, incident, *files, caption="", **more):
    data = {"photo-photos": list(files), "photo-caption": caption, **more}
    return client.post(f"{incident.get_absolute_url()}photos/", data)


def errors(answer) -> list[str]:
    return re.findall(r'class="field-error">.*?<span>(.*?)</span>', answer.content.decode())


class TestAdding:
    def test_several_photos_are_added_and_shown(self, signed_in, worker, log):
        incident = log()
        client = signed_in(worker)
        photos = upload(jpeg(1)), upload(CARRIERS["PNG with words"][0], "b.png", "image/png")
        answer = send(client, incident, *photos, caption="The gate after it")
        assert answer.status_code == 302
        page = client.get(incident.get_absolute_url()).content.decode()

        assert "2 photos added." in page
        assert page.count("/thumbnail/") == 2
        assert page.count("The gate after it") == 2
        assert "2 photos added</" in page

    def test_what_can_be_kept_is_kept_and_the_rest_is_named_where_it_was_chosen(
        self, signed_in, worker, log
    ):
        incident = log()
        photos = upload(jpeg(1)), upload(b"hello", "note.jpg")
        answer = send(signed_in(worker), incident, *photos, caption="Gate")
        page = answer.content.decode()

        assert answer.status_code == 200
        assert errors(answer) == ["Photo 2: This is no photo. Choose a JPEG, PNG or WebP file."]
        assert "1 photo added." in page
        assert 'value="Gate"' in page
        assert "<title>Error:" in page
        assert "note.jpg" not in page
        assert Attachment.objects.count() == 1

    @pytest.mark.parametrize("name", ["SVG", "HEIC", "ZIP bomb", "50,000 by 50,000 PNG"])
    def test_a_refusal_is_in_the_language_of_the_reader(self, name, signed_in, worker, log):
        content, called, media_type, _code = REFUSED[name]
        client = signed_in(worker)
        client.cookies["django_language"] = "ar"
        type(worker).objects.filter(pk=worker.pk).update(language="ar")
        answer = send(client, log(), upload(content, called, media_type))

        (said,) = errors(answer)
        assert re.search("[\u0600-\u06ff]", said)

    def test_without_a_photo_it_asks_for_one(self, signed_in, worker, log):
        assert errors(send(signed_in(worker), log())) == ["Choose a photo."]

    def test_too_many_at_once_are_refused_together(self, signed_in, worker, log):
        files = [upload(jpeg()) for _ in range(limits.FILES_AT_ONCE + 1)]
        assert errors(send(signed_in(worker), log(), *files)) == [
            f"Choose at most {limits.FILES_AT_ONCE} photos at once."
        ]

    def test_a_limit_is_said_where_the_photos_were_chosen(
        self, signed_in, worker, log, monkeypatch
    ):
        monkeypatch.setattr(limits, "PER_DAY", 0)
        (said,) = errors(send(signed_in(worker), log(), upload(jpeg())))
        assert said.startswith("You have added")

    def test_words_that_are_a_sealed_name_are_pointed_out(self, signed_in, worker, log):
        incident = log(victims=[VictimFacts(harm="killed", name="Jabbar Mahdi")])
        client = signed_in(worker)
        answer = send(client, incident, upload(jpeg()), caption="House of Jabbar Mahdi")
        (said,) = errors(answer)
        assert "Jabbar Mahdi" in said
        assert not Attachment.objects.exists()
        again = send(
            client, incident, upload(jpeg()), caption="House of Jabbar Mahdi",
            **{"photo-names_checked": "on"},
        )  # fmt: skip
        assert again.status_code == 302

    def test_direction_marks_are_taken_out_of_the_caption(self, signed_in, worker, log):
        send(signed_in(worker), log(), upload(jpeg()), caption="a\u202egate\u202c")
        assert Attachment.objects.get().caption == "agate"

    def test_the_form_needs_its_mark_against_forgery(self, worker, log):
        client = Client(enforce_csrf_checks=True)
        client.force_login(worker)
        assert send(client, log(), upload(jpeg())).status_code == 403
        assert not Attachment.objects.exists()

    def test_with_the_mark_it_goes_through(self, worker, log):
        client = Client(enforce_csrf_checks=True)
        client.force_login(worker)
        incident = log()
        page = client.get(incident.get_absolute_url()).content.decode()
        mark = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        answer = send(client, incident, upload(jpeg()), csrfmiddlewaretoken=mark)
        assert answer.status_code == 302

    def test_one_asks_the_database_no_more_with_many_photos(
        self, signed_in, worker, log, attach, django_assert_num_queries
    ):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        incident = log()
        client = signed_in(worker)
        attach(incident, 1)
        client.get(incident.get_absolute_url())
        with CaptureQueriesContext(
            connection,
        ) as few:
            client.get(incident.get_absolute_url())
        attach(incident, *range(2, 9))
        with CaptureQueriesContext(connection) as many:
            client.get(incident.get_absolute_url())

        assert len(many) == len(few)
        assert sum("attachments_" in query["sql"] for query in many) == 1


class TestNoFileOnADisk:
    """A photo of any size stays in memory: what was deleted on a disk can be read again."""

    @pytest.fixture(autouse=True)
    def _no_temporary_file(self, monkeypatch, settings, tmp_path):
        def refuse(*args, **kwargs):
            pytest.fail("a temporary file was made")

        monkeypatch.setattr(uploadhandler, "TemporaryUploadedFile", refuse)
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
        settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1
        self.folder = Path(tmp_path)

    def test_a_large_photo_is_not_written(self, signed_in, worker, log):
        large = jpeg() + bytes(limits.FILE - 100_000)
        assert send(signed_in(worker), log(), upload(large)).status_code == 302
        assert not list(self.folder.iterdir())

    def test_a_photo_over_the_limit_is_not_held_either(self, signed_in, worker, log):
        (said,) = errors(send(signed_in(worker), log(), upload(jpeg() + bytes(limits.FILE))))
        assert said.startswith("The photo is larger than 5 MB.")

    def test_a_request_over_the_limit_is_not_read(self, signed_in, worker, log, monkeypatch):
        from ceasefire.attachments import uploads

        monkeypatch.setattr(limits, "REQUEST", 100_000)
        monkeypatch.setattr(
            uploads.MemoryOnlyHandler, "new_file", lambda *a, **k: pytest.fail("it was read")
        )
        answer = send(signed_in(worker), log(), upload(jpeg() + bytes(200_000)))
        assert answer.status_code == 413
        assert len(errors(answer)) == 1

    def test_files_of_a_request_together_are_held_up_to_its_limit(self, monkeypatch):
        from ceasefire.attachments.uploads import MemoryOnlyHandler

        monkeypatch.setattr(limits, "REQUEST", 150)
        handler = MemoryOnlyHandler()
        sizes = []
        for number in range(3):
            handler.new_file("photos", f"{number}.jpg", "image/jpeg", None)
            handler.receive_data_chunk(bytes(100), 0)
            sizes.append(handler.file_complete(100).size)
        assert sizes[0] == 100
        assert min(sizes[1:]) > limits.FILE
        assert handler.held <= limits.REQUEST


class TestLooking:
    @pytest.mark.parametrize("part", ["picture", "thumbnail"])
    def test_a_picture_comes_with_headers_that_keep_it_harmless(
        self, part, signed_in, worker, log, attach
    ):
        (photo,) = attach(log())
        answer = signed_in(worker).get(f"{photo.get_absolute_url()}{part}/")

        assert answer.content == (drawn().content if part == "picture" else drawn().thumbnail)
        assert answer["Content-Type"] == "image/jpeg"
        assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Disposition"] == 'inline; filename="photo.jpg"'
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"

    def test_the_page_of_one_photo_leads_back_on_and_out(self, signed_in, worker, log, attach):
        incident = log()
        first, second, third = attach(incident, 1, 2, 3, caption="Gate")
        page = signed_in(worker).get(second.get_absolute_url()).content.decode()

        assert "<title>Photo 2 of 3" in page
        assert f'href="{incident.get_absolute_url()}#photos"' in page
        assert f'rel="prev" href="{first.get_absolute_url()}"' in page
        assert f'rel="next" href="{third.get_absolute_url()}"' in page
        assert "data-leave-url" in page
        assert "<script>" not in page

    def test_a_look_at_a_sensitive_photo_is_written_down_and_no_other(
        self, signed_in, supervisor, log, attach
    ):
        plain, sensitive = log(), log(victims=[VictimFacts(harm="injured", age=12)])
        (open_one,), (closed_one,) = attach(plain, 1), attach(sensitive, 2)
        client = signed_in(supervisor)
        for photo in (open_one, closed_one):
            client.get(f"{photo.get_absolute_url()}picture/")
            client.get(f"{photo.get_absolute_url()}thumbnail/")
        events = AuditEvent.objects.filter(verb="attachment.read").order_by("seq")

        assert [(event.subject_id, event.fields) for event in events] == [
            (sensitive.code, ["picture"]),
            (sensitive.code, ["thumbnail"]),
        ]

    def test_the_page_of_a_sensitive_incident_shows_no_small_picture(
        self, signed_in, supervisor, log, attach
    ):
        incident = log(victims=[VictimFacts(harm="injured", age=12)])
        (photo,) = attach(incident)
        page = signed_in(supervisor).get(incident.get_absolute_url()).content.decode()

        assert photo.get_absolute_url() in page
        assert "/thumbnail/" not in page

    @pytest.mark.parametrize("part", ["", "picture/", "thumbnail/"])
    def test_what_one_may_not_see_answers_like_what_is_not_there(
        self, part, signed_in, worker, make_user, basrah, zubair, log, attach
    ):
        sensitive = log(victims=[VictimFacts(harm="injured", age=12)])
        (hidden,), (gone,) = attach(sensitive, 1), attach(log(), 2)
        attachments.remove(gone, by=worker, reason="blurred")
        foreign = signed_in(make_user(Role.MANAGER, zubair))
        assert foreign.get(f"{gone.get_absolute_url()}{part}").status_code == 404
        client = signed_in(make_user(Role.WORKER, basrah))
        answers = [
            client.get(f"/photos/{key}/{part}") for key in (hidden.pk, gone.pk, uuid.uuid4())
        ]
        bodies = {re.sub(r"(value|X-CSRFToken)[^>]*", "", a.content.decode()) for a in answers}

        assert {answer.status_code for answer in answers} == {404}
        assert len({re.sub(r"/photos/[^\"]*", "", body) for body in bodies}) == 1

    def test_an_erased_or_broken_content_is_absent(self, signed_in, worker, log, attach):
        (photo,) = attach(log())
        AttachmentContent.objects.update(picture=b"x" * 100)
        assert signed_in(worker).get(f"{photo.get_absolute_url()}picture/").status_code == 404


class TestRemoving:
    def test_a_photo_is_removed_for_a_reason_and_the_history_says_so(
        self, signed_in, worker, log, attach
    ):
        incident = log()
        (photo,) = attach(incident)
        client = signed_in(worker)
        refused = client.post(f"{photo.get_absolute_url()}remove/", {"reason": ""})
        assert "Give a reason." in refused.content.decode()
        answer = client.post(
            f"{photo.get_absolute_url()}remove/", {"reason": "Shows a face"}, follow=True
        )
        page = answer.content.decode()

        assert "Photo removed." in page
        assert "Shows a face" in page
        assert "/thumbnail/" not in page

    def test_after_acceptance_the_reporter_is_not_offered_it(
        self, signed_in, worker, supervisor, log, attach
    ):
        incident = log()
        (photo,) = attach(incident)
        move_to(incident, "accepted")
        path = f"{photo.get_absolute_url()}remove/"

        assert path not in signed_in(worker).get(photo.get_absolute_url()).content.decode()
        assert signed_in(worker).post(path, {"reason": "x"}).status_code == 403
        assert path in signed_in(supervisor).get(photo.get_absolute_url()).content.decode()
