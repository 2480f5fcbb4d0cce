"""The pages: who may open them, what they show, what they do with bad input."""

import gzip
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from incidents import services
from incidents.models import Incident
from incidents.services import ActorFacts, SourceFacts, VictimFacts
from tests.incidents.conftest import ASHAR, FAIR, move_to

pytestmark = pytest.mark.django_db
NEW = "/incidents/new/"


def minimal(**other: Any) -> dict[str, Any]:
    """What the five questions send."""
    data: dict[str, Any] = {
        "key": str(uuid.uuid4()),
        "opened_at": timezone.now().isoformat(),
        "type": "MUR",
        "when": "now",
        "place": ASHAR,
        "killed_best": "1",
        "source_kind": "family",
        "source_reliability": "C",
        "source_credibility": "3",
        "send_as": "report",
    }
    for prefix in ("sources", "victims", "actors"):
        data[f"{prefix}-TOTAL_FORMS"] = "1"
        data[f"{prefix}-INITIAL_FORMS"] = "0"
    data["victims-0-sex"] = data["victims-0-age_band"] = "unknown"
    data["victims-0-gunshot"] = data["victims-0-hospital"] = "unknown"
    data["victims-0-outcome"] = data["actors-0-count_band"] = "unknown"
    data["actors-0-certainty"] = "suspected"
    data.update(other)
    return {name: value for name, value in data.items() if value is not None}


class TestLogging:
    def test_five_answers_make_an_incident(self, signed_in, worker):
        answer = signed_in(worker).post(NEW, minimal())
        incident = Incident.objects.get()
        assert answer.status_code == 302
        assert answer.url == f"/incidents/{incident.code}/"
        assert (incident.type, incident.killed_best, incident.place.pcode) == ("MUR", 1, ASHAR)
        assert incident.workflow_state == "submitted"
        assert incident.sources.get().kind == "family"
        assert timezone.now() - incident.occurred_from < timedelta(minutes=5)

    def test_the_same_form_twice_is_one_incident_also_seconds_later(self, signed_in, worker):
        client, data = signed_in(worker), minimal()
        first, second = client.post(NEW, data), client.post(NEW, data)
        assert first.url == second.url
        assert Incident.objects.count() == 1

    def test_the_same_form_with_other_answers_is_kept_and_shown(self, signed_in, worker):
        client, data = signed_in(worker), minimal()
        client.post(NEW, data)
        answer = client.post(NEW, {**data, "killed_best": "3"}, follow=True)
        page = answer.content.decode()
        assert "came again with other content" in page
        incident = Incident.objects.get()
        assert incident.killed_best == 1
        kept = incident.conflicting_submissions.get()
        client.post(f"/incidents/{incident.code}/again/{kept.pk}/settle/")
        assert "came again" not in client.get(incident.get_absolute_url()).content.decode()

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"type": None}, "Say what happened."),
            ({"when": None}, "Say when it happened."),
            ({"place": None}, "Say where it happened."),
            ({"place": "IQX99"}, "No such place is known."),
            ({"killed_best": ""}, "Give the number killed, 0 if nobody, or unknown."),
            ({"killed_best": "minus one"}, "Write a whole number"),
            ({"killed_unknown": "on"}, "Either a number or unknown, not both."),
            ({"source_kind": None}, "Say who told us."),
            ({"source_reliability": None}, "Say how often this source has been right"),
            ({"when": "pick", "day": "31/2/2026"}, "Write the day as day/month/year"),
            ({"when": "pick"}, "Say on which day it happened."),
            ({"when": "pick", "day": "1/1/2099"}, "That is later than now."),
            ({"lat": "33.3", "lon": "44.4"}, "The point lies in "),
            ({"lat": "30.5"}, "A point needs latitude and longitude."),
            ({"killed_min": "5"}, "At least cannot be more than the number itself."),
            ({"place_listed": "IQG02Q06"}, "Two places are chosen."),
            ({"type": "OTH"}, "Say in a few words what it was."),
            ({"victims-0-sex": "f"}, "This field is required."),
            ({"victims-0-harm": "killed", "victims-0-age": "300"}, "This can be at most 120."),
            ({"place": "IQG02Q06", "geo_precision": "1"}, "This place is known less exactly"),
            ({"key": ""}, "This field is required."),
        ],
    )
    def test_an_error_stands_at_its_field_and_nothing_typed_is_lost(
        self, signed_in, worker, change, words
    ):
        typed = {"summary": "رصاص قرب السوق", "actors-0-note": "white pick-up"}
        answer = signed_in(worker).post(NEW, minimal(**typed, **change))
        page = answer.content.decode()
        assert answer.status_code == 200
        assert words in page
        assert "data-error-summary" in page
        assert "رصاص قرب السوق" in page
        assert "white pick-up" in page
        assert not Incident.objects.exists()

    def test_arabic_digits_and_day_first_dates_are_understood(self, signed_in, worker):
        signed_in(worker).post(
            NEW,
            minimal(
                when="pick", day="١١/١٢/٢٠٢٥", clock="٢٣:١٠", killed_best="٢", injured_best="۳"
            ),
        )
        incident = Incident.objects.get()
        assert incident.occurred_on.isoformat() == "2025-12-11"
        assert timezone.localtime(incident.occurred_from).strftime("%H:%M") == "23:10"
        assert (incident.killed_best, incident.injured_best) == (2, 3)
        assert incident.time_of_day == "night"

    def test_today_without_a_clock_is_never_later_than_now(self, signed_in, worker):
        signed_in(worker).post(NEW, minimal(when="today", time_of_day="night"))
        incident = Incident.objects.get()
        assert incident.occurred_from <= timezone.now()
        assert incident.occurred_on == timezone.localdate()

    def test_a_form_that_waited_for_a_signal_keeps_its_now(self, signed_in, worker):
        opened = timezone.now() - timedelta(hours=5)
        signed_in(worker).post(NEW, minimal(opened_at=opened.isoformat()))
        assert abs(Incident.objects.get().occurred_from - opened) < timedelta(minutes=1)

    @pytest.mark.parametrize("opened", ["", "nonsense", "2001-01-01T00:00:00+00:00", "2099-01-01"])
    def test_a_wrong_opening_time_is_not_believed(self, signed_in, worker, opened):
        signed_in(worker).post(NEW, minimal(opened_at=opened))
        assert timezone.now() - Incident.objects.get().occurred_from < timedelta(minutes=5)

    def test_a_point_alone_gives_the_place(self, signed_in, worker):
        signed_in(worker).post(NEW, minimal(place=None, lat="30.52", lon="47.80"))
        incident = Incident.objects.get()
        assert incident.place.pcode == "IQG02Q02N02"
        assert incident.geo_precision == 1

    def test_everything_that_may_be_added_is_kept(self, signed_in, worker):
        signed_in(worker).post(
            NEW,
            minimal(
                **{
                    "killed_min": "1",
                    "killed_max": "3",
                    "injured_best": "2",
                    "abducted": "1",
                    "weapons": ["pistol", "rifle"],
                    "motive": "tribal",
                    "method": "drive_by",
                    "place_type": "market",
                    "summary": "Two men on a motorbike",
                    "source_name": "Um Salim",
                    "sources-0-kind": "police",
                    "sources-0-reliability": "B",
                    "sources-0-credibility": "2",
                    "victims-0-harm": "killed",
                    "victims-0-age": "16",
                    "victims-0-name": "Salim Kadhim",
                    "actors-0-category": "criminal",
                    "actors-0-named_group": "The Example Brigade",
                }
            ),
        )
        incident = Incident.objects.get()
        assert incident.weapons == ["pistol", "rifle"]
        assert (incident.killed_min, incident.killed_max, incident.abducted) == (1, 3, 1)
        assert incident.verification == "corroborated"
        assert incident.is_sensitive  # a minor
        assert incident.sources.filter(has_sealed_name=True).count() == 1
        assert incident.victimizations.get().has_sealed_name
        assert incident.actors.get().named_group == "The Example Brigade"

    def test_a_draft_needs_what_when_and_where_only(self, signed_in, worker):
        signed_in(worker).post(
            NEW,
            minimal(
                send_as="draft",
                killed_best="",
                source_kind=None,
                source_reliability=None,
                source_credibility=None,
            ),
        )
        draft = Incident.objects.get()
        assert (draft.workflow_state, draft.sources.count()) == ("draft", 0)

    def test_a_sealed_name_in_the_summary_is_pointed_out_before_saving(
        self, signed_in, worker, log
    ):
        log(victims=(VictimFacts(harm="killed", name="سليم كاظم"),))
        client, data = signed_in(worker), minimal(summary="قتل سليم كاظم قرب السوق")
        page = client.post(NEW, data).content.decode()
        assert "سليم كاظم" in page
        assert "a name that is kept sealed" in page
        assert Incident.objects.count() == 1
        client.post(NEW, {**data, "names_checked": "on"})
        assert Incident.objects.count() == 2

    @pytest.mark.parametrize("field", ["source_text", "sources-0-text"])
    def test_a_sealed_name_in_a_source_s_words_is_pointed_out_too(
        self, signed_in, worker, log, field
    ):
        log(victims=(VictimFacts(harm="killed", name="سليم كاظم"),))
        row = {f"sources-0-{name}": value for name, value in self.SECOND.items()}
        data = minimal(**{**row, field: "قال إن سليم كاظم كان هناك"})
        page = signed_in(worker).post(NEW, data).content.decode()
        assert "a name that is kept sealed" in page
        assert "These words are no names. Save them." in page
        assert Incident.objects.count() == 1

    SECOND = {"kind": "police", "reliability": "B", "credibility": "2"}

    def test_no_site_no_form(self, signed_in, make_user):
        page = signed_in(make_user(Role.WORKER)).get(NEW).content.decode()
        assert "No site takes incidents from you" in page
        assert "<form method" not in re.sub(r"<header.*?</header>", "", page, flags=re.S)

    def test_a_manager_of_two_sites_chooses_one(self, signed_in, make_user, basrah, zubair):
        client = signed_in(make_user(Role.MANAGER, basrah, zubair))
        assert 'name="site"' in client.get(NEW).content.decode()
        client.post(NEW, minimal(site="AL-ZUBAIR", place="IQG02Q06N01"))
        assert Incident.objects.get().site == zubair

    def test_the_form_is_light(self, signed_in, worker, log):
        log()
        page = signed_in(worker).get(NEW).content
        # As it goes over the wire: a page's share of a first load. The phone unpacks the rest.
        assert len(gzip.compress(page)) < 20_000
        assert len(page) < 80_000

    def test_the_script_that_sends_a_form_learns_where_it_leads_and_no_more(
        self, signed_in, worker
    ):
        client = signed_in(worker)
        answer = client.post(NEW, minimal(), headers={"X-Requested-With": "fetch"})
        where = client.get(answer.url, headers={"X-Requested-With": "fetch"})
        assert (where.status_code, where.content) == (204, b"")
        assert "Logged and sent to review." in client.get(answer.url).content.decode()


class TestPlaces:
    @pytest.mark.parametrize("typed", ["zubayr", "الزبير", "Al Zubair", "IQG02Q06"])
    def test_a_place_is_found_by_any_spelling(self, signed_in, worker, typed):
        page = signed_in(worker).get("/incidents/places/", {"q": typed}).content.decode()
        assert 'value="IQG02Q06' in page

    def test_no_such_place_says_so(self, signed_in, worker):
        page = signed_in(worker).get("/incidents/places/", {"q": "jfdgbnm"}).content.decode()
        assert "No place of this name" in page


class TestList:
    def test_one_asks_the_database_at_most_twelve_times(
        self, signed_in, worker, log, django_assert_max_num_queries
    ):
        first = log()
        Incident.objects.bulk_create(
            Incident(
                site=first.site,
                reporter=worker,
                code=f"INC-2026-{number:06d}",
                type="SHT",
                occurred_from=first.occurred_from - timedelta(hours=number),
                occurred_on=first.occurred_on,
                place=first.place,
                district=first.district,
                killed_best=0,
                workflow_state="submitted",
                submitted_at=first.submitted_at,
                search_key="",
            )
            for number in range(2, 122)
        )
        client = signed_in(worker)
        client.get("/incidents/")
        with django_assert_max_num_queries(16) as queries:
            page = client.get("/incidents/").content.decode()
        # The test's own transaction turns the request's into savepoints, which ask for nothing.
        asked = [q["sql"] for q in queries.captured_queries if "SAVEPOINT" not in q["sql"]]
        assert len(asked) <= 12
        assert page.count("<tr>") == 51
        assert not [q for q in queries.captured_queries if "COUNT(" in q["sql"]]
        older = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
        second = client.get(f"/incidents/{older}").content.decode()
        assert 'rel="prev"' in second
        assert not set(re.findall(r"INC-2026-\d{6}", page)) & set(
            re.findall(r"INC-2026-\d{6}", second)
        )

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({}, {"MUR", "THR"}),
            ({"type": "THR"}, {"THR"}),
            ({"place": "IQG02Q02"}, {"MUR"}),
            ({"place": "IQG02Q02N02"}, {"MUR"}),
            ({"place": ASHAR}, {"MUR"}),
            ({"place": "IQG02"}, {"MUR", "THR"}),
            ({"place": "IQG02Q03"}, set()),
            ({"week": "2026-11-21"}, {"MUR"}),  # Saturday, the last day of the week of 15 November
            ({"week": "١٥/١١/٢٠٢٦"}, {"MUR"}),
            ({"status": "accepted"}, {"THR"}),
            ({"verification": "provisional"}, {"MUR", "THR"}),
            ({"verification": "confirmed"}, set()),
            ({"q": "العشار"}, {"MUR"}),
            ({"q": "zubayr"}, {"THR"}),
            ({"q": "رساله"}, {"THR"}),  # رسالة
            ({"q": "letter الزبير"}, {"THR"}),
            ({"q": "%"}, set()),
            ({"mine": "on"}, {"MUR"}),
            ({"type": "NONSENSE"}, {"MUR", "THR"}),  # said at the filter
            ({"after": "nonsense"}, {"MUR", "THR"}),
        ],
    )
    def test_filters(self, signed_in, worker, make_user, basrah, log, query, found):
        from ceasefire.places.models import Place
        from tests.incidents.conftest import MOMENT

        log()
        other = log(
            by=make_user(Role.INTERRUPTER, basrah),
            type="THR",
            place=Place.objects.get(pcode="IQG02Q06N01"),
            occurred_from=MOMENT - timedelta(days=7),
            summary="A letter رسالة تهديد",
        )
        move_to(other, "accepted")
        page = signed_in(worker).get("/incidents/", query).content.decode()
        rows = page.split('id="results"')[1]
        assert {t for t, w in (("MUR", "Murder"), ("THR", "Threat")) if w in rows} == found

    def test_a_code_jumps_straight_to_its_incident(self, signed_in, worker, log):
        incident = log()
        answer = signed_in(worker).get("/incidents/", {"q": incident.code.lower()})
        assert answer.url == incident.get_absolute_url()

    def test_each_filter_can_be_taken_away(self, signed_in, worker, log):
        log()
        page = signed_in(worker).get("/incidents/", {"type": "MUR", "q": "ashar"}).content.decode()
        assert 'href="/incidents/?q=ashar"' in page
        assert 'href="/incidents/?type=MUR"' in page

    def test_an_empty_list_says_what_to_do(self, signed_in, worker):
        client = signed_in(worker)
        assert "No incident has been logged yet" in client.get("/incidents/").content.decode()
        assert "Clear filters" in client.get("/incidents/", {"type": "MUR"}).content.decode()

    def test_the_history_is_credited(self, signed_in, worker, log):
        incident = log()
        Incident.objects.filter(pk=incident.pk).update(origin="ucdp-ged", origin_id="1")
        for address in ("/incidents/", incident.get_absolute_url()):
            page = signed_in(worker).get(address).content.decode()
            assert "UCDP GED, Sundberg &amp; Melander 2013, CC BY 4.0" in page

    def test_made_up_incidents_say_so(self, signed_in, worker, log, basrah):
        incident = log()
        basrah.is_demo = True
        basrah.save()
        client = signed_in(worker)
        for address in ("/incidents/", incident.get_absolute_url()):
            rows = client.get(address).content.decode().split('id="content"')[1]
            assert "Demo" in rows


class TestReview:
    def test_the_gravest_first_then_the_oldest(self, signed_in, supervisor, log):
        from tests.incidents.conftest import MOMENT

        for days, kind in ((1, "ROB"), (1, "KID"), (1, "MUR"), (5, "ROB"), (3, "MUR"), (1, "SHT")):
            log(type=kind, occurred_from=MOMENT - timedelta(days=days), killed_best=0)
        log(state="accepted")
        page = signed_in(supervisor).get("/incidents/review/").content.decode()
        codes = [code[-1] for code in re.findall(r'href="/incidents/INC-2026-(\d+)/"', page)]
        assert codes == ["5", "3", "2", "6", "4", "1"]
        assert "Still open:" in page

    def test_nothing_to_review_says_so(self, signed_in, supervisor):
        page = signed_in(supervisor).get("/incidents/review/").content.decode()
        assert "Nothing waits for review" in page


class TestVerbs:
    def test_a_supervisor_takes_and_accepts(self, signed_in, supervisor, log):
        incident = log()
        client = signed_in(supervisor)
        for verb in ("take", "accept"):
            page = client.get(incident.get_absolute_url()).content.decode()
            version = re.search(r'name="version" value="(\d+)"', page)[1]
            client.post(f"{incident.get_absolute_url()}{verb}/", {"version": version})
        incident.refresh_from_db()
        assert incident.workflow_state == "accepted"

    def test_a_return_without_a_reason_keeps_the_page_and_says_so(self, signed_in, supervisor, log):
        incident = log()
        answer = signed_in(supervisor).post(
            f"{incident.get_absolute_url()}return/", {"return-reason": ""}
        )
        assert answer.status_code == 200
        assert "Give a reason." in answer.content.decode()
        incident.refresh_from_db()
        assert incident.workflow_state == "submitted"

    def test_a_duplicate_of_an_unknown_code_says_so(
        self, signed_in, supervisor, log, zubair, make_user
    ):
        incident = log()
        elsewhere = log(site=zubair, by=make_user(Role.WORKER, zubair))
        client = signed_in(supervisor)
        for code in ("INC-1999-000001", elsewhere.code, "nonsense"):
            page = client.post(
                f"{incident.get_absolute_url()}duplicate/", {"duplicate-original": code}
            ).content.decode()
            assert "No incident with this code is known here." in page

    def test_a_stale_acceptance_is_refused_in_words(self, signed_in, supervisor, worker, log):
        incident = log()
        services.edit_incident(incident, facts={"killed_best": 4}, version=1, by=worker)
        page = signed_in(supervisor).post(
            f"{incident.get_absolute_url()}accept/", {"version": "1"}, follow=True
        )
        assert "Somebody else changed this incident meanwhile" in page.content.decode()
        incident.refresh_from_db()
        assert incident.workflow_state == "submitted"

    def test_a_verb_is_never_carried_out_by_looking(self, signed_in, supervisor, log):
        incident = log()
        assert signed_in(supervisor).get(f"{incident.get_absolute_url()}accept/").status_code == 405

    def test_a_source_is_added_and_graded_from_the_page(self, signed_in, supervisor, log):
        incident = log()
        client = signed_in(supervisor)
        client.post(
            f"{incident.get_absolute_url()}sources/",
            {"source-kind": "police", "source-reliability": "B", "source-credibility": "2"},
        )
        incident.refresh_from_db()
        assert incident.verification == "corroborated"
        client.post(
            f"{incident.get_absolute_url()}sources/2/",
            {
                "s2-reliability": "B",
                "s2-credibility": "2",
                "s2-same_origin_as": str(incident.sources.first().pk),
            },
        )
        incident.refresh_from_db()
        assert incident.verification == "provisional"

    def test_a_source_without_a_kind_is_refused_at_its_field(self, signed_in, worker, log):
        incident = log()
        answer = signed_in(worker).post(
            f"{incident.get_absolute_url()}sources/", {"source-text": "x"}
        )
        assert answer.status_code == 200
        assert "This field is required." in answer.content.decode()

    def test_a_grade_is_set_by_hand_and_given_back(self, signed_in, supervisor, log):
        incident = log()
        client = signed_in(supervisor)
        address = f"{incident.get_absolute_url()}verification/"
        assert (
            "Give a reason."
            in client.post(
                address, {"override-verification": "refuted", "override-reason": ""}
            ).content.decode()
        )
        client.post(
            address, {"override-verification": "refuted", "override-reason": "He is alive."}
        )
        page = client.get(incident.get_absolute_url()).content.decode()
        assert "He is alive." in page
        assert "The sources alone would give:" in page
        client.post(f"{address}clear/")
        incident.refresh_from_db()
        assert incident.verification == "provisional"


class TestEditing:
    def post_of(self, page: str, **other: Any) -> dict[str, Any]:
        """What the shown form would send."""
        data: dict[str, Any] = {}
        page = page.split('class="log"')[1].split("</form>")[0]
        for tag in re.findall(r"<input[^>]*>", page):
            name = re.search(r'name="([^"]+)"', tag)
            value = re.search(r'value="([^"]*)"', tag)
            chooser = 'type="radio"' in tag or 'type="checkbox"' in tag
            if not name or (chooser and " checked" not in tag):
                continue
            data[name[1]] = value[1] if value else "on" if chooser else ""
        for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', page, re.S):
            chosen = re.search(r'value="([^"]*)" selected', options)
            if chosen:
                data[name] = chosen[1]
        for name, text in re.findall(r'<textarea name="([^"]+)".*?>(.*?)</textarea>', page, re.S):
            data[name] = text.strip()
        return {**data, **other}

    def test_opening_and_saving_changes_nothing(self, signed_in, worker, log):
        incident = log(
            sources=(FAIR, SourceFacts("police", "B", "2", same_origin_as=0, name="Abu Ali")),
            victims=(VictimFacts(harm="killed", age=30),),
            actors=(ActorFacts(category="criminal", named_group="The Example Brigade"),),
        )
        client = signed_in(worker)
        address = f"{incident.get_absolute_url()}edit/"
        answer = client.post(address, self.post_of(client.get(address).content.decode()))
        assert answer.status_code == 302
        before = incident
        incident = Incident.objects.get()
        edited = AuditEvent.objects.filter(verb="incident.edited")
        assert [event.fields for event in edited] == []
        assert (incident.version, incident.occurred_from) == (1, before.occurred_from)
        assert incident.sources.count() == 2
        assert incident.sources.last().has_sealed_name

    def test_two_editors_see_both_values(self, signed_in, worker, supervisor, log):
        incident = log()
        client = signed_in(worker)
        address = f"{incident.get_absolute_url()}edit/"
        data = self.post_of(client.get(address).content.decode(), killed_best="7")
        services.edit_incident(incident, facts={"killed_best": 4}, version=1, by=supervisor)
        page = client.post(address, data).content.decode()
        assert "As it stands now" in page
        assert ">4<" in page
        assert ">7<" in page
        answer = client.post(address, self.post_of(page))
        assert answer.status_code == 302
        incident.refresh_from_db()
        assert incident.killed_best == 7

    def test_a_correction_says_why(self, signed_in, supervisor, log):
        incident = log(state="accepted")
        client = signed_in(supervisor)
        address = f"{incident.get_absolute_url()}revise/"
        data = self.post_of(client.get(address).content.decode(), killed_best="2")
        page = client.post(address, data).content.decode()
        assert "Give a reason." in page
        client.post(address, {**data, "reason": "A second body was found."})
        page = client.get(incident.get_absolute_url()).content.decode()
        assert "Correction 1" in page
        assert "A second body was found." in page

    def test_a_reviewer_who_may_not_read_the_group_does_not_erase_it(
        self, signed_in, supervisor, log
    ):
        incident = log(actors=(ActorFacts(category="criminal", named_group="The Example Brigade"),))
        client = signed_in(supervisor)
        address = f"{incident.get_absolute_url()}edit/"
        page = client.get(address).content.decode()
        assert "Example Brigade" not in page
        client.post(address, self.post_of(page, **{"actors-0-note": "black car"}))
        actor = incident.actors.get()
        assert (actor.note, actor.named_group) == ("black car", "The Example Brigade")


class TestWhoSeesWhat:
    SECRET = {
        "words": "He stood at the corner",
        "group": "The Example Brigade",
        "name": "Um Salim",
    }

    @pytest.fixture
    def told(self, log) -> Incident:
        return log(
            sources=(SourceFacts("family", "C", "3", text=self.SECRET["words"], name="Um Salim"),),
            actors=(ActorFacts(category="party_militia", named_group=self.SECRET["group"]),),
        )

    @pytest.mark.parametrize(
        ("who", "sees"),
        [
            ("reporter", {"words", "group"}),
            ("colleague", set()),  # a colleague of the site: kind and grade only
            ("supervisor", {"words"}),  # the team's; named groups are the manager's
            ("other supervisor", set()),
            ("manager", {"words", "group"}),
            ("data", set()),  # grade only
        ],
    )
    def test_fields_by_role(
        self,
        signed_in,
        told,
        worker,
        supervisor,
        manager,
        data_officer,
        make_user,
        basrah,
        who,
        sees,
    ):
        worker.supervisor = supervisor
        worker.save()
        person = {
            "reporter": worker,
            "colleague": make_user(Role.INTERRUPTER, basrah),
            "supervisor": supervisor,
            "other supervisor": make_user(Role.SUPERVISOR, basrah),
            "manager": manager,
            "data": data_officer,
        }[who]
        page = signed_in(person).get(told.get_absolute_url()).content.decode()
        assert {name for name, text in self.SECRET.items() if text in page} == sees

    def test_a_name_is_shown_for_a_reason_and_written_down(self, signed_in, told, manager):
        client = signed_in(manager)
        data = {"reveal-row": told.sources.get().pk, "reveal-field": "name"}
        address = f"{told.get_absolute_url()}reveal/"
        page = client.post(address, {**data, "reveal-reason": ""}).content.decode()
        assert "Give a reason." in page
        assert "Um Salim" not in page
        page = client.post(address, {**data, "reveal-reason": "To call back"}).content.decode()
        assert "Um Salim" in page
        event = AuditEvent.objects.get(verb="vault.revealed")
        assert (event.actor, event.reason) == (manager, "To call back")

    def test_a_worker_reveals_nothing(self, signed_in, told, worker):
        data = {"reveal-row": told.sources.get().pk, "reveal-field": "name", "reveal-reason": "x"}
        answer = signed_in(worker).post(f"{told.get_absolute_url()}reveal/", data)
        assert answer.status_code == 403

    def test_reading_a_sensitive_incident_is_written_down(self, signed_in, log, supervisor):
        plain, sensitive = log(), log(type="SXV")
        client = signed_in(supervisor)
        client.get(plain.get_absolute_url())
        client.get(sensitive.get_absolute_url())
        read = AuditEvent.objects.filter(verb="incident.read")
        assert [event.subject_id for event in read] == [sensitive.code]

    def test_every_page_that_shows_a_sensitive_incident_writes_it_down(
        self, signed_in, log, supervisor
    ):
        sensitive = log(type="SXV")
        client, address = signed_in(supervisor), sensitive.get_absolute_url()
        client.get(f"{address}edit/")
        client.post(f"{address}return/", {})  # refused without a reason, so shown again

        assert AuditEvent.objects.filter(verb="incident.read").count() == 2


READ = ["", "edit/", "revise/"]
POSTED = [
    "submit/",
    "withdraw/",
    "take/",
    "return/",
    "accept/",
    "archive/",
    "duplicate/",
    "verification/",
    "verification/clear/",
    "sources/",
    "sources/1/",
    "reveal/",
    "again/1/settle/",
]


class TestScope:
    @pytest.mark.parametrize("path", READ + POSTED)
    @pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.WORKER])
    def test_another_site_s_incident_answers_like_an_absent_one(
        self, client, log, make_user, zubair, role, path
    ):
        client.force_login(make_user(role, zubair))
        there, absent = log().code, "INC-2026-999999"
        ask = client.get if path in READ else client.post
        answers = [ask(f"/incidents/{code}/{path}") for code in (there, absent)]
        bodies = [
            re.sub(r"[A-Za-z0-9]{64}", "", answer.content.decode()).replace(code, "")
            for answer, code in zip(answers, (there, absent), strict=True)
        ]
        assert [answer.status_code for answer in answers] in ([404, 404], [403, 403])
        assert bodies[0] == bodies[1]
        assert Incident.objects.get().version == 1

    @pytest.mark.parametrize(
        "role", [Role.REO_STAFF, Role.REO_VIEWER, Role.AUDITOR, Role.ADMINISTRATOR]
    )
    @pytest.mark.parametrize("path", ["", "new/", "review/", "INC-2026-000001/"])
    def test_some_roles_see_no_incident_page_at_all(self, client, make_user, basrah, role, path):
        client.force_login(make_user(role, basrah))
        assert client.get(f"/incidents/{path}").status_code == 403

    @pytest.mark.parametrize("role", list(Role))
    def test_every_page_answers_every_role(self, client, log, make_user, basrah, role):
        incident = log()
        client.force_login(make_user(role, basrah))
        for path in ["/incidents/", NEW, "/incidents/review/", "/incidents/places/?q=zubair"]:
            assert client.get(path).status_code in (200, 403)
        for path in READ:
            assert client.get(incident.get_absolute_url() + path).status_code in (200, 403)

    @pytest.mark.parametrize(
        ("role", "sees"),
        [
            (Role.INTERRUPTER, False),
            (Role.WORKER, False),
            (Role.DATA_OFFICER, False),
            (Role.SUPERVISOR, True),
            (Role.MANAGER, True),
        ],
    )
    def test_a_sensitive_incident_is_for_supervisors_and_managers(
        self, client, log, make_user, basrah, role, sees
    ):
        incident = log(type="SXV")
        client.force_login(make_user(role, basrah))
        assert client.get(incident.get_absolute_url()).status_code == (200 if sees else 404)
        assert (incident.code in client.get("/incidents/").content.decode()) == sees

    def test_words_below_incidents_are_not_codes(self, signed_in, worker):
        assert signed_in(worker).get("/incidents/nonsense/").status_code == 404
        assert reverse("incidents:incident_detail", args=["INC-2026-000001"])
