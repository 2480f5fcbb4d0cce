"""Incidents as JSON: what the page shows to a person, logged once however often it is sent."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ceasefire.audit.models import AuditEvent
from ceasefire.look import paging
from ceasefire.people.roles import Role
from incidents.models import ConflictingSubmission, Incident, NotATwin, SecondReport, Source
from incidents.services import ActorFacts, SourceFacts, VictimFacts
from tests.api.conftest import REPORT
from tests.incidents.conftest import MOMENT

pytestmark = pytest.mark.django_db


# --- reading ------------------------------------------------------------------------------------


def test_a_list_holds_what_the_person_sees_and_nothing_else(log, device, worker, zubair, make_user):
    other = make_user(Role.WORKER, zubair)
    mine, draft = log(), log(state="draft", by=make_user(Role.WORKER, *worker.sites.all()))
    theirs = log(by=other, site=zubair)

    codes = [row["code"] for row in device(worker).get("/incidents/").json()["items"]]

    assert codes == [mine.code]
    assert draft.code not in codes
    assert theirs.code not in codes


def test_another_sites_incident_answers_exactly_like_an_absent_one(
    log, device, worker, zubair, make_user
):
    theirs = log(by=make_user(Role.WORKER, zubair), site=zubair)
    phone = device(worker)

    there = phone.get(f"/incidents/{theirs.code}/")
    absent = phone.get("/incidents/INC-2026-999999/")

    assert (there.status_code, there.content) == (absent.status_code, absent.content)
    assert there.status_code == 404


def test_sensitive_records_are_for_those_who_see_them_on_the_page(
    log, device, worker, supervisor, data_officer, make_user, basrah
):
    reporter = make_user(Role.INTERRUPTER, basrah)
    hidden = log(type="SXV", by=reporter)

    for reader, status in ((worker, 404), (data_officer, 404), (supervisor, 200), (reporter, 200)):
        phone = device(reader)
        assert phone.get(f"/incidents/{hidden.code}/").status_code == status
        seen = [row["code"] for row in phone.get("/incidents/").json()["items"]]
        assert (hidden.code in seen) is (status == 200)


def test_reading_a_sensitive_record_is_written_down_with_the_device(log, device, supervisor):
    hidden = log(type="SXV")
    phone = device(supervisor)

    answer = phone.get(f"/incidents/{hidden.code}/")

    event = AuditEvent.objects.get(verb="incident.read", subject_id=hidden.code)
    assert event.actor_id == supervisor.pk
    assert event.session_hash
    phone.get(f"/incidents/{hidden.code}/", **{"If-None-Match": answer["ETag"]})
    assert AuditEvent.objects.filter(verb="incident.read").count() == 1, "nothing was answered"


def test_words_groups_and_names_are_answered_as_the_page_shows_them(
    log, device, worker, supervisor, manager, make_user, basrah
):
    reporter = make_user(Role.INTERRUPTER, basrah, supervisor=supervisor)
    incident = log(
        by=reporter,
        sources=[SourceFacts("family", "C", "3", text="the words", name="Abbas Kadhim")],
        victims=[VictimFacts("killed", name="Hasan Jabbar")],
        actors=[ActorFacts("tribal", named_group="The Group", note="white pickup")],
        lat=30.51,
        lon=47.83,
        geo_precision=1,
    )
    seen = {}
    for reader in (reporter, worker, supervisor, manager):
        answer = device(reader).get(f"/incidents/{incident.code}/")
        assert b"Abbas" not in answer.content
        assert b"Hasan" not in answer.content
        body = answer.json()
        seen[reader.role] = (
            body["sources"][0]["text"],
            body["actors"][0]["named_group"],
            body["actors"][0]["note"],
            body["lat"],
        )

    assert seen == {
        "interrupter": ("the words", "The Group", "white pickup", 30.51),
        # As the map draws it for who sees points.
        "worker": (None, None, None, 30.51),
        "supervisor": ("the words", None, "white pickup", 30.51),
        "manager": ("the words", "The Group", "white pickup", 30.51),
    }


def test_a_record_is_answered_again_only_after_it_changed(log, device, worker):
    incident, phone = log(), device(worker)
    mark = phone.get(f"/incidents/{incident.code}/")["ETag"]

    again = phone.get(f"/incidents/{incident.code}/", **{"If-None-Match": mark})
    Incident.objects.filter(pk=incident.pk).update(killed_best=3)
    changed = phone.get(f"/incidents/{incident.code}/", **{"If-None-Match": mark})

    assert again.status_code == 304
    assert not again.content
    assert changed.status_code == 200
    assert changed["ETag"] != mark


def test_numbers_that_are_not_known_are_null(log, device, worker):
    incident = log(killed_best=None, killed_unknown=True)

    body = device(worker).get(f"/incidents/{incident.code}/").json()

    assert (body["killed_best"], body["killed_unknown"], body["injured_best"]) == (None, True, None)
    assert body["occurred_from"].endswith("+03:00")


def test_pages_follow_each_other_without_a_gap(log, device, worker):
    made = [log(occurred_from=MOMENT - timedelta(hours=n)).code for n in range(1, 8)]
    phone, seen, path = device(worker), [], "/incidents/?size=3"
    while path:
        page = phone.get(path).json()
        seen += [row["code"] for row in page["items"]]
        path = page["after"] and f"/incidents/?size=3&after={page['after']}"

    assert seen == made


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("type=MUR", 1),
        ("type=KID", 1),
        ("place=IQG02Q02", 2),
        ("place=IQG02Q06", 0),
        ("status=submitted", 2),
        ("status=counted", 2),
        ("verification=confirmed", 0),
        ("mine=on", 2),
        ("since=2026-11-18&until=2026-11-18", 2),
        ("week=2026-11-18", 2),
        ("week=2026-11-01", 0),
        ("site=BASRAH-CENTRE", 2),
        ("q=pickup", 1),
    ],
)
def test_the_filters_are_those_of_the_page(query, finds, log, device, worker):
    log(type="MUR", summary="a white pickup")
    log(type="KID")

    assert len(device(worker).get(f"/incidents/?{query}").json()["items"]) == finds


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("type=XXX", "type"),
        ("place=NOWHERE", "place"),
        ("week=31/02/2026", "week"),
        ("status=lost", "status"),
        ("site=AL-ZUBAIR", "site"),
        ("size=0", "size"),
        ("size=9999999", "size"),
        ("typo=MUR", "typo"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused_rather_than_left_out(
    query, field, device, worker
):
    answer = device(worker).get(f"/incidents/?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]


def test_a_search_goes_on_by_the_index_of_words(log, device, worker, monkeypatch):
    found = [log(summary="a white pickup").code for _number in range(2)]
    for _number in range(3):
        log(summary="on foot", occurred_from=MOMENT + timedelta(hours=1))
    monkeypatch.setattr(paging, "NEAR", 1)

    items = device(worker).get("/incidents/?q=pickup").json()["items"]

    assert {item["code"] for item in items} == set(found)


def test_the_number_of_queries_does_not_grow_with_the_list(log, device, worker):
    phone = device(worker)
    log()
    phone.get("/incidents/")  # the token's last use is written

    def queries():
        with CaptureQueriesContext(connection) as seen:
            phone.get("/incidents/")
        return len(seen)

    few = queries()
    for _number in range(12):
        log(victims=[VictimFacts("killed")], actors=[ActorFacts("tribal")])

    assert queries() == few <= 12


def test_one_record_and_places_ask_as_often_for_many_rows_as_for_few(device, worker, log):
    def rows(number):
        return {
            "sources": [SourceFacts("media", "C", "3", text=f"words {n}") for n in range(number)],
            "victims": [VictimFacts("killed", age=40 + n) for n in range(number)],
            "actors": [ActorFacts("tribal") for _n in range(number)],
        }

    few, many = log(**rows(1)), log(**rows(6))
    phone, counts = device(worker), {}
    for pair in (
        (f"/incidents/{few.code}/", f"/incidents/{many.code}/"),
        ("/places/?size=2", "/places/?size=60"),
    ):
        phone.get(pair[0])
        counts[pair] = []
        for path in pair:
            with CaptureQueriesContext(connection) as seen:
                assert phone.get(path).status_code == 200
            counts[pair].append(len(seen))
    assert all(few == many for few, many in counts.values()), counts


# --- logging ------------------------------------------------------------------------------------


def test_a_report_becomes_an_incident_in_review(device, worker):
    answer = device(worker).send(REPORT)

    body = answer.json()["incident"]
    incident = Incident.objects.get(code=body["code"])
    assert answer.status_code == 201
    assert answer["Location"].endswith(f"/api/v1/incidents/{incident.code}/")
    assert (incident.reporter, incident.workflow_state) == (worker, "submitted")
    assert (body["type"], body["day"], body["clock"], body["killed_best"]) == (
        "MUR",
        "2026-11-18",
        None,
        1,
    )


def test_everything_a_report_may_hold_arrives(device, worker):
    report = {
        **REPORT,
        "clock": "23:10",
        "subtype": "by a neighbour",
        "until": "2026-11-19",
        "time_precision": 1,
        "geo_precision": 2,
        "place_type": "home",
        "killed_min": 1,
        "killed_max": 3,
        "injured_best": 2,
        "motive": "tribal",
        "method": "shooting",
        "weapons": ["pistol"],
        "summary": "Two men on a motorcycle.",
        "public_safety": True,
        "sources": [
            {"kind": "family", "reliability": "C", "credibility": "3", "text": "at the door"},
            {"kind": "media", "reliability": "B", "credibility": "2", "same_origin": True},
        ],
        "victims": [{"harm": "killed", "sex": "m", "age": 41, "name": "Hasan Jabbar"}],
        "actors": [{"category": "unknown", "certainty": "suspected", "note": "white pickup"}],
    }

    answer = device(worker).send(report)

    assert answer.status_code == 201, answer.json()
    body = answer.json()["incident"]
    for name in ("day", "clock", "subtype", "place_type", "motive", "method", "weapons", "summary"):
        assert body[name] == report[name], name
    assert body["sources"][0]["text"] == "at the door"
    assert body["sources"][1]["same_origin_as"] == 0
    assert body["victims"][0]["age"] == 41
    assert "Hasan" not in answer.content.decode()
    incident = Incident.objects.get(code=body["code"])
    assert incident.victimizations.get().has_sealed_name
    assert incident.occurred_to is not None


def test_the_same_report_sent_twice_is_one_incident(device, worker):
    phone, key = device(worker), uuid4()

    first, second = phone.send(REPORT, key=key), phone.send(REPORT, key=key)

    assert (first.status_code, second.status_code) == (201, 200)
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert first.json()["incident"]["code"] == second.json()["incident"]["code"]
    assert Incident.objects.count() == 1


def test_another_report_under_the_same_key_is_kept_beside_the_first(device, worker):
    phone, key = device(worker), uuid4()
    first = phone.send(REPORT, key=key).json()["incident"]["code"]

    answer = phone.send({**REPORT, "killed_best": 2}, key=key)

    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["incident"]) == ("same_key_other_content", first)
    assert ConflictingSubmission.objects.get().content["killed_best"] == 2


def test_a_key_of_somebody_else_tells_nothing_of_their_incident(device, worker, make_user, basrah):
    key = uuid4()
    code = device(make_user(Role.INTERRUPTER, basrah)).send(REPORT, key=key).json()["incident"]

    answer = device(worker).send(REPORT, key=key)

    assert answer.status_code == 409
    assert answer.json()["code"] == "key_taken"
    assert code["code"] not in answer.content.decode()


def test_without_a_key_nothing_is_logged(device, worker):
    phone = device(worker)
    for key in (" ", "not-a-uuid"):
        answer = phone.ask(
            "POST",
            "/incidents/",
            data=json.dumps(REPORT),
            content_type="application/json",
            headers={"Idempotency-Key": key},
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key")
    assert not Incident.objects.exists()


def test_a_draft_may_lack_what_a_report_may_not(device, worker):
    draft = {"type": "MUR", "day": "2026-11-18", "place": "IQG02Q02", "submit": False}
    phone = device(worker)

    kept = phone.send(draft)
    sent = phone.send({**draft, "submit": True})

    assert kept.status_code == 201
    assert kept.json()["incident"]["workflow_state"] == "draft"
    assert sorted(sent.json()["fields"]) == [
        "killed_best",
        "sources.0.credibility",
        "sources.0.kind",
        "sources.0.reliability",
    ]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"killed_best": None}, "killed_best", "Give the number killed, 0 if nobody, or unknown."),
        ({"day": "2099-01-01"}, "day", "That is later than now."),
        ({"killed_min": 2}, "killed_min", "At least cannot be more than the number itself."),
        ({"place": "NOWHERE"}, "place", "No such place is known."),
        ({"lat": 30.5}, "lon", "A point needs latitude and longitude."),
        ({"lat": 33.3, "lon": 44.4}, "lat", "The point lies in"),
        ({"sources": [{}]}, "sources.0.kind", "Say who told us."),
        ({"victims": [{}]}, "victims.0.harm", "This field is required."),
        ({"type": "XXX"}, "type", "Select a valid choice."),
        ({"summary": "x" * 4001}, "summary", "4000"),
        ({"site": "AL-ZUBAIR"}, "site", "Select a valid choice."),
        ({"sources": [REPORT["sources"][0], {"kind": "media"}]}, "sources.1.reliability", "req"),
    ],
)
def test_errors_stand_by_the_field_in_the_words_of_the_page(change, field, words, device, worker):
    answer = device(worker).send({**REPORT, **change})

    assert answer.status_code == 400, answer.content
    errors = answer.json()["fields"]
    assert words in errors.get(field, [{"message": ""}])[0]["message"], errors
    assert all(one["code"] for found in errors.values() for one in found)
    assert not Incident.objects.exists()


def test_words_are_in_the_language_asked_for_else_in_the_persons_own(device, make_user, basrah):
    person = make_user(Role.WORKER, basrah, language="ar")
    own = device(person)
    english = device(person, **{"Accept-Language": "en"})

    assert "later" not in own.send({**REPORT, "day": "2099-01-01"}).content.decode()
    assert "later" in english.send({**REPORT, "day": "2099-01-01"}).content.decode()


def test_a_sealed_name_in_the_summary_is_pointed_out_and_may_be_none(device, worker):
    phone = device(worker)
    phone.send({**REPORT, "victims": [{"harm": "killed", "name": "Hasan Jabbar Salman"}]})
    report = {**REPORT, "summary": "Hasan Jabbar Salman was shot"}

    refused = phone.send(report)
    taken = phone.send({**report, "names_checked": True})

    assert refused.json()["fields"]["summary"][0]["code"] == "names"
    assert taken.status_code == 201


def test_likely_duplicates_are_told_and_block_nothing(device, worker):
    phone = device(worker)
    first = phone.send(REPORT).json()

    second = phone.send(REPORT)

    assert first["likely_duplicates"] == []
    assert second.status_code == 201
    assert second.json()["likely_duplicates"] == [first["incident"]["code"]]


def test_a_report_may_ask_before_it_is_logged(device, worker):
    phone, key = device(worker), uuid4()
    first = phone.send(REPORT).json()["incident"]["code"]
    asks = {**REPORT, "likely_duplicates": "ask"}

    refused = phone.send(asks, key=key)
    assert (refused.status_code, refused.json()["code"]) == (409, "likely_duplicate")
    assert refused.json()["likely_duplicates"] == [{"code": first, "takes_source": True}]
    assert Incident.objects.count() == 1

    told = phone.send({**asks, "other_than": [first]}, key=key)
    assert told.status_code == 201
    other = Incident.objects.get(code=told.json()["incident"]["code"])
    assert NotATwin.objects.get().at_entry
    assert other.code != first
    # What was told once is not asked about again.
    assert phone.send({**asks, "other_than": [first]}, key=key).status_code == 200


def test_a_draft_is_not_asked_about(device, worker):
    phone = device(worker)
    phone.send(REPORT)
    kept = phone.send({**REPORT, "likely_duplicates": "ask", "submit": False})
    assert kept.status_code == 201


def test_a_report_becomes_a_further_source_once(device, worker, make_user, basrah):
    first = device(make_user(Role.WORKER, basrah)).send(REPORT).json()["incident"]["code"]
    phone, key = device(worker), uuid4()
    body = {**REPORT, "second_report_of": first}

    told, again = phone.send(body, key=key), phone.send(body, key=key)

    assert (told.status_code, again.status_code) == (201, 200)
    assert again["Idempotency-Replayed"] == "true"
    assert told.json()["incident"]["code"] == first
    assert Incident.objects.count() == 1
    assert Source.objects.count() == 2
    assert SecondReport.objects.get().by == worker
    # With another answer under the same key both are kept.
    other = phone.send({**body, "killed_best": 4}, key=key)
    assert (other.status_code, other.json()["code"]) == (409, "same_key_other_content")


@pytest.mark.parametrize("code", ["INC-2026-999999", "\x00"])
def test_an_incident_that_the_person_does_not_see_takes_no_report(device, worker, code):
    refused = device(worker).send({**REPORT, "second_report_of": code})
    assert refused.json()["fields"]["second_report_of"][0]["code"] == "unknown"
    assert not Incident.objects.exists()


def test_a_guarded_report_does_not_go_to_an_open_incident(device, worker):
    phone = device(worker)
    first = phone.send(REPORT).json()["incident"]["code"]
    minor = {**REPORT, "victims": [{"harm": "killed", "age": 9}]}

    asked = phone.send({**minor, "likely_duplicates": "ask"})
    assert asked.json()["likely_duplicates"] == [{"code": first, "takes_source": False}]
    refused = phone.send({**minor, "second_report_of": first})
    assert "second_report_of" in refused.json()["fields"]
    # There was no other way on, so nothing is said by it.
    phone.send({**minor, "likely_duplicates": "ask", "other_than": [first]})
    assert not NotATwin.objects.exists()


def test_a_site_that_is_not_the_persons_takes_nothing(device, data_officer, make_user, make_site):
    history = make_site("BASRAH-HISTORY", read_only=True)
    reader = make_user(Role.WORKER, history)

    assert device(reader).send(REPORT).json()["code"] == "no_site"
    assert device(data_officer).send(REPORT).status_code == 403, "data officers log nothing"
