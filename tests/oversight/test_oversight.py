"""Audit trail, jobs, places and sites, as their keepers see them."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire import audit, jobs
from ceasefire.jobs.models import Job
from ceasefire.oversight.verbs import in_words
from ceasefire.people.roles import Role
from ceasefire.places.models import Place, Site
from ceasefire.places.services import search

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(make_user):
    return make_user(Role.AUDITOR, username="auditor")


@pytest.fixture
def admin(make_user):
    return make_user(Role.ADMINISTRATOR, username="admin")


class TestAuditTrail:
    def test_it_shows_who_did_what_newest_first(self, auditor, worker, signed_in):
        audit.record("incident.submitted", by=worker)
        audit.record("incident.accepted", by=worker, reason="two sources agree")

        page = signed_in(auditor).get("/audit/").content.decode()

        assert page.index("incident.accepted") < page.index("incident.submitted")
        assert "two sources agree" in page

    def test_the_auditors_home_says_in_words_what_was_done_last(self, auditor, worker, signed_in):
        audit.record("incident.submitted", by=worker)

        page = signed_in(auditor).get("/").content.decode()

        assert in_words("incident.submitted") in page
        assert "incident.submitted" not in page

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("verb=incident", 2),
            ("verb=people", 0),
            ("who=Worker", 2),
            ("who=nobody", 0),
            ("from=01/01/2026", 2),
            ("from=٠١/٠١/٢٠٢٦", 2),
            ("to=01/01/2020", 0),
        ],
    )
    def test_filters(self, auditor, worker, signed_in, query, found):
        audit.record("incident.submitted", by=worker)
        audit.record("incident.accepted", by=worker)

        answer = signed_in(auditor).get(f"/audit/?{query}")

        assert len([e for e in answer.context["page"] if e.verb.startswith("incident")]) == found

    def test_a_verb_is_said_in_words_beside_its_code(self, auditor, worker, signed_in):
        audit.record("incident.accepted", by=worker)

        page = signed_in(auditor).get("/audit/").content.decode()

        assert "Accepted an incident" in page
        assert ">incident.accepted<" in page

    def test_a_person_as_the_subject_is_shown_by_code_name_with_one_question(
        self, auditor, worker, manager, signed_in
    ):
        client = signed_in(auditor)
        for person in (worker, manager) * 5:
            audit.record("people.user_changed", subject=person)
        with CaptureQueriesContext(connection) as asked:
            page = client.get("/audit/?verb=people.user_changed").content.decode()

        assert page.count(f"<bdi>{worker.code_name}</bdi>") == 5
        assert str(worker.pk) not in page
        about_people = [q for q in asked if "code_name" in q["sql"] and " IN (" in q["sql"]]
        assert len(about_people) == 1

    def test_a_person_is_found_as_the_subject_by_code_name(
        self, auditor, worker, manager, signed_in
    ):
        audit.record("people.user_changed", subject=worker)
        audit.record("people.user_changed", subject=manager)

        answer = signed_in(auditor).get(f"/audit/?subject={worker.code_name.lower()}")

        assert [e.subject_id for e in answer.context["page"]] == [str(worker.pk)]

    def test_a_day_that_is_none_is_said_and_kept(self, auditor, signed_in):
        page = signed_in(auditor).get("/audit/?from=31/31/2026").content.decode()

        assert "is no day" in page
        assert 'value="31/31/2026"' in page

    def test_the_chain_is_checked_on_request_and_the_check_recorded(
        self, auditor, worker, signed_in
    ):
        audit.record("incident.submitted", by=worker)

        page = signed_in(auditor).post("/audit/check/", follow=True).content.decode()

        assert "The chain holds" in page
        assert "audit.checked" in page

    def test_the_head_can_be_taken_out_of_the_house(self, auditor, worker, signed_in):
        event = audit.record("incident.submitted", by=worker)

        head = json.loads(signed_in(auditor).get("/audit/head/").content)

        assert head["seq"] >= event.seq
        assert len(head["hash"]) == 64


class TestJobs:
    @pytest.fixture
    def job(self, db):
        return jobs.enqueue("jobs.heartbeat")

    def test_a_waiting_job_can_be_stopped_and_tried_again(self, admin, job, signed_in):
        client = signed_in(admin)
        client.post(reverse("oversight:job_cancel", args=[job.pk]))
        assert Job.objects.get(pk=job.pk).state == "cancelled"

        client.post(reverse("oversight:job_again", args=[job.pk]))
        assert Job.objects.get(pk=job.pk).state == "queued"

    def test_a_manager_sees_the_jobs_of_their_sites_only(
        self, manager, job, basrah, zubair, signed_in
    ):
        own = jobs.enqueue("jobs.heartbeat", site=basrah)
        jobs.enqueue("jobs.heartbeat", site=zubair)

        answer = signed_in(manager).get("/jobs/")

        assert [j.pk for j in answer.context["page"]] == [own.pk]


class TestPlaces:
    def test_a_new_spelling_is_found_at_once(self, admin, signed_in):
        client = signed_in(admin)
        client.post(
            "/places/IQG02Q06/",
            {"name_en": "Al-Zubair", "name_ar": "الزبير", "alt_names": "Old Basra Gate"},
        )

        assert search("old basra gate")[0].pcode == "IQG02Q06"
        Place.objects.filter(pcode="IQG02Q06").update(alt_names=[])

    def test_a_neighbourhood_is_added_under_its_sub_district(self, admin, signed_in):
        signed_in(admin).post(
            "/places/new/",
            {"parent": "IQG02Q02N02", "short": "TEST9", "name_en": "Test", "name_ar": "حي"},
        )

        place = Place.objects.get(pcode="IQG02Q02N02-TEST9")
        assert place.district.pcode == "IQG02Q02"
        assert place.governorate.pcode == "IQG02"

    @pytest.mark.parametrize("short", ["ASHAR", "a b", "", "ع"])
    def test_a_bad_or_taken_code_is_refused_at_its_field(self, admin, signed_in, short):
        answer = signed_in(admin).post(
            "/places/new/",
            {"parent": "IQG02Q02N02", "short": short, "name_en": "Kept", "name_ar": "حي"},
        )

        assert list(answer.context["form"].errors) == ["short"]
        assert b'value="Kept"' in answer.content

    def test_a_worker_looks_and_does_not_change(self, worker, signed_in):
        client = signed_in(worker)

        assert client.get("/places/IQG02Q06/").status_code == 200
        assert client.post("/places/IQG02Q06/", {"name_en": "x", "name_ar": "x"}).status_code == 403
        assert client.get("/places/?q=zubayr").context["found"][0].pcode == "IQG02Q06"

    def test_a_site_is_set_up_with_its_coverage(self, admin, signed_in):
        signed_in(admin).post(
            "/places/sites/new/",
            {
                "code": "ABU-KHASIB",
                "name_en": "Abu Khasib",
                "name_ar": "أبو الخصيب",
                "places": ["IQG02Q01"],
                "recording_since": "1/3/2026",
                "reporting_since": "",
                "week_start": "6",
            },
        )

        site = Site.objects.get(code="ABU-KHASIB")
        assert site.coverage.get().start.isoformat() == "2026-03-01"
        assert site.places.get().pcode == "IQG02Q01"

    def test_a_sites_week_and_reports_are_changed(self, admin, basrah, signed_in):
        signed_in(admin).post(
            f"/places/sites/{basrah.code}/",
            {"name_en": "B", "name_ar": "ب", "week_start": "0", "reporting_since": "01/02/2026"},
        )

        basrah.refresh_from_db()
        assert (basrah.week_start, basrah.reporting_since.isoformat()) == (0, "2026-02-01")
