"""What guards a sensitive record beyond the list: files, history, merges, clocks, the trail."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ceasefire import worklist
from ceasefire.attachments.models import Attachment
from ceasefire.audit.models import AuditEvent
from ceasefire.exports import write_csv
from ceasefire.people.roles import Role
from incidents import exports, importing, services
from incidents.api.fields import whole
from incidents.exceptions import GuardedStays, NotForThisPerson
from incidents.importing.cells import says_minor
from incidents.models import ConflictingSubmission, ImportBatch, Incident, IncidentResponse
from incidents.services import SourceFacts, VictimFacts, mapping
from tests.incidents.conftest import MOMENT
from tests.incidents.files_to_import import table

pytestmark = pytest.mark.django_db
SPOT = {"lat": 30.5105, "lon": 47.8405, "geo_precision": 1}
WHISPERED = SourceFacts("family", "C", "3", text="whispered at the door")


@pytest.fixture
def colleague(make_user: Any, basrah: Any) -> Any:
    """Another worker of Basrah Centre."""
    return make_user(Role.WORKER, basrah, username="colleague")


def seen(person: Any, incident: Incident) -> bool:
    return Incident.objects.visible_to(person).filter(pk=incident.pk).exists()


def read_in(content: bytes, **more: Any) -> Any:
    return importing.import_file(content, format="table", by=None, **more)


def told(person: Any) -> list[str]:
    rows = worklist.Notification.objects.filter(recipient=person).order_by("pk")
    return list(rows.values_list("kind", flat=True))


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        {"sensitive": "yes"},
        {"sensitive": "نعم"},
        {"sensitive": "1"},
        {"sensitive": "unknown"},
        {"victim_age": "٤٠؛ ١٤"},
        {"victim_age": "طفل"},
    ],
    ids=str,
)
def test_a_row_that_says_so_or_tells_of_a_minor_is_hidden_and_stays_so(
    row: dict[str, str], basrah: Any, worker: Any, data_officer: Any, supervisor: Any
) -> None:
    point = {"latitude": "30.5105", "longitude": "47.8405", "workflow_state": "accepted"}
    outcome = read_in(table({**row, **point}))
    assert [(one.code, one.value) for one in outcome.warnings] == [("rows_hidden", "1")]
    incident = Incident.objects.get()
    assert incident.is_sensitive
    assert incident.lat
    assert not seen(worker, incident)
    assert not seen(data_officer, incident)
    assert not Incident.objects.filter(mapping.DRAWN).exists()
    services.revise_incident(
        incident, facts={"motive": "tribal"}, reason="told", version=1, by=supervisor
    )
    incident.refresh_from_db()
    assert incident.is_sensitive
    # The row again, without a word of it, shows nothing.
    assert read_in(table(point)).unchanged == 1
    incident.refresh_from_db()
    assert incident.is_sensitive


def test_ages_as_other_programs_write_them_hide_minors() -> None:
    for text in (
        "14",
        "40,14",
        "0-11",
        "under 18",
        "under_18",
        "<18",
        "دون 18",
        "أقل من ١٨",
        "طفل",
    ):
        assert says_minor(text), text


def test_grown_people_hide_nothing(basrah: Any, worker: Any) -> None:
    for text in ("40", "18-24; 65+", "25.5", "1990", "رجل", "unknown"):
        assert not says_minor(text), text
    read_in(table({"victim_age": "40", "sensitive": "no"}))
    assert seen(worker, Incident.objects.get())


def test_what_a_manager_took_out_is_as_hidden_where_it_is_read_in(
    log: Any, zubair: Any, make_user: Any, manager: Any, signed_in: Any
) -> None:
    log(staff_involved=True, summary="staff")
    log(victims=[VictimFacts("killed", age=14)], summary="minor")
    log(summary="open")
    answer = signed_in(manager).get("/incidents/export/", {"format": "csv", "labels": "words"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        row |= {"Code": row["Code"].replace("INC-", "OLD-"), "Site": "AL-ZUBAIR"}
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    assert read_in(out.getvalue().encode()).created == 3
    there = make_user(Role.WORKER, zubair)
    visible = Incident.objects.visible_to(there)
    assert list(visible.values_list("summary", flat=True)) == ["open"]
    again = b"".join(write_csv(exports.COLUMNS, exports.rows(Incident.objects.filter(site=zubair))))
    assert read_in(again).unchanged == 3


def test_a_whole_batch_is_hidden_by_a_tick_also_what_was_read_in_before(
    basrah: Any, data_officer: Any, supervisor: Any, signed_in: Any
) -> None:
    read_in(table({"source_id": "A-1"}))
    desk = signed_in(data_officer)
    given = {
        "format": "table",
        "site": "BASRAH-CENTRE",
        "default_state": "submitted",
        "all_sensitive": "on",
        "file": SimpleUploadedFile("x.csv", table({"source_id": "A-1"}, {"source_id": "A-2"})),
    }
    page = desk.post("/incidents/import/", given, follow=True)
    fields = {field.name: field.initial for field in page.context["form"]}
    desk.post(page.request["PATH_INFO"], fields, follow=True)
    batch = ImportBatch.objects.get(all_sensitive=True)
    page = desk.post(batch.get_absolute_url(), follow=True)
    assert "the whole batch" in page.content.decode()
    batch.refresh_from_db()
    assert (batch.created, batch.updated) == (1, 1)
    hidden = Incident.objects.all()
    assert len(hidden) == 2
    assert all(one.is_sensitive for one in hidden)
    assert not any(seen(data_officer, one) for one in hidden)
    # Taken back, the first stands as before; what was said of it meanwhile stays guarded.
    importing.undo_batch(batch, by=None)
    first = Incident.objects.get()
    assert seen(data_officer, first)
    assert first.guarded_until is not None


# --- history --------------------------------------------------------------------------------------


def test_what_was_said_while_it_was_sensitive_stays_guarded(
    log: Any, worker: Any, colleague: Any, supervisor: Any, signed_in: Any
) -> None:
    incident = log(state="accepted")

    def correct(reason: str, **facts: Any) -> None:
        fresh = Incident.objects.get(pk=incident.pk)
        services.revise_incident(
            fresh, facts=facts, reason=reason, version=fresh.version, by=supervisor
        )

    correct("the hour was wrong", occurred_from=MOMENT + timedelta(minutes=5))
    correct("our man stood there", staff_involved=True)
    services.record_action(incident, kind="hospital", by=supervisor, words="his cousin told")
    photo = Attachment.objects.create(
        subject_model="incidents.incident",
        subject_key=incident.pk,
        media_type="image/jpeg",
        width=1,
        height=1,
        size=1,
        sha256="0" * 64,
        created_by=supervisor,
    )
    correct("it was another man", staff_involved=False)
    correct("seen by a clerk", motive="tribal")
    incident.refresh_from_db()
    for person, sees in ((colleague, False), (worker, True), (supervisor, True)):
        assert services.may_see_photo(incident, photo, person) is sees, person
    guarded = ("our man stood there", "it was another man", "his cousin told")
    for person, sees in ((colleague, False), (worker, True), (supervisor, True)):
        page = signed_in(person).get(incident.get_absolute_url()).content.decode()
        assert [words in page for words in guarded] == [sees] * 3, person
        assert "seen by a clerk" in page
    Incident.objects.filter(pk=incident.pk).update(
        returned_reason="ask his cousin", workflow_state="returned"
    )
    incident.refresh_from_db()
    assert whole(incident, colleague)["returned_reason"] == ""
    assert whole(incident, supervisor)["returned_reason"] == "ask his cousin"


def test_the_trail_says_neither_reason_nor_facts_of_a_sensitive_record(
    log: Any, supervisor: Any
) -> None:
    incident = log(state="accepted")
    for reason, staff in (("our man stood there", True), ("another man", False)):
        fresh = Incident.objects.get(pk=incident.pk)
        services.revise_incident(
            fresh,
            facts={"staff_involved": staff},
            reason=reason,
            version=fresh.version,
            by=supervisor,
        )
    log(type="SXV")
    hidden = Incident.objects.get(type="SXV")
    services.return_incident(hidden, by=supervisor, reason="ask her aunt")
    events = AuditEvent.objects.filter(verb__in=["incident.revised", "incident.returned"])
    assert [(event.fields, event.reason) for event in events] == [([], "")] * 3
    plain = log()
    services.return_incident(plain, by=supervisor, reason="which street?")
    assert AuditEvent.objects.filter(reason="which street?").exists()


# --- merges ---------------------------------------------------------------------------------------


class TestMerging:
    def test_a_guarded_report_stays_and_is_not_shown_to_who_reported_the_other(
        self, log: Any, worker: Any, colleague: Any, supervisor: Any, signed_in: Any
    ) -> None:
        opened = log(type="ASL", summary="a fight")
        guarded = log(by=colleague, type="SXV", sources=[WHISPERED], summary="at home")
        desk = signed_in(supervisor)
        address = f"{guarded.get_absolute_url()}merge/{opened.code}/"
        given = {"version": guarded.version, "kept_version": opened.version}
        page = desk.post(address, given)
        assert "other way round" in page.content.decode()
        with pytest.raises(GuardedStays):
            services.mark_duplicate(guarded, of=opened, by=supervisor)
        assert guarded.sources.count() == 1
        services.merge_incidents(kept=guarded, gone=opened, by=supervisor)
        for address in ("/incidents/", "/api/v1/incidents/"):
            assert b"whispered" not in signed_in(worker).get(address).content
        assert signed_in(worker).get(guarded.get_absolute_url()).status_code == 404
        opened.refresh_from_db()
        own = signed_in(worker).get(opened.get_absolute_url()).content.decode()
        assert "whispered" not in own
        assert guarded.code not in own
        assert whole(opened, worker)["duplicate_of"] is None

    def test_one_s_own_record_is_not_guarded_from_oneself(self, log: Any, supervisor: Any) -> None:
        services.merge_incidents(kept=log(), gone=log(type="SXV"), by=supervisor)

    def test_of_two_sensitive_ones_the_reporter_reads_their_own_only(
        self, log: Any, worker: Any, colleague: Any, supervisor: Any, signed_in: Any
    ) -> None:
        kept = log(type="SXV", sources=[SourceFacts("family", "C", "3", text="my own words")])
        gone = log(by=colleague, type="SXV", sources=[WHISPERED], summary="at home")
        photo = Attachment.objects.create(
            subject_model="incidents.incident",
            subject_key=gone.pk,
            media_type="image/jpeg",
            width=1,
            height=1,
            size=1,
            sha256="0" * 64,
            created_by=colleague,
        )
        assert services.offered(kept, gone) == []
        services.merge_incidents(kept=kept, gone=gone, take=["summary"], by=supervisor)
        kept.refresh_from_db()
        texts = [source["text"] for source in whole(kept, worker)["sources"]]
        assert set(texts) == {"my own words", None}
        page = signed_in(worker).get(kept.get_absolute_url()).content.decode()
        assert "my own words" in page
        assert not any(words in page for words in ("whispered", "at home", str(photo.pk)))
        assert signed_in(worker).get(f"/photos/{photo.pk}/").status_code == 404
        for person, words, finds in (
            (worker, "my own words", True),
            (worker, "whispered", False),
            (supervisor, "whispered", True),
        ):
            found = signed_in(person).get("/incidents/", {"q": words}).content.decode()
            assert (kept.code in found) is finds, words
        page = signed_in(supervisor).get(kept.get_absolute_url()).content.decode()
        assert "whispered" in page
        assert str(photo.pk) in page

    def test_the_sensitive_one_is_proposed_to_stay(
        self, log: Any, colleague: Any, supervisor: Any, signed_in: Any
    ) -> None:
        settled = log(state="accepted")
        hidden = log(by=colleague, victims=[VictimFacts("killed", age=14)])
        pairs = signed_in(supervisor).get("/incidents/duplicates/").context["pairs"]
        assert [(pair["kept"], pair["gone"]) for pair in pairs] == [(hidden, settled)]


# --- clocks and notices ---------------------------------------------------------------------------


def test_a_clock_is_taken_from_who_no_longer_sees_its_incident(
    log: Any, worker: Any, colleague: Any, supervisor: Any, manager: Any
) -> None:
    incident = log()
    services.start_watch(incident, by=supervisor)
    services.set_watchers(incident, victim_side=colleague, other_side=worker, by=supervisor)
    services.assign_response(incident, to=colleague, by=supervisor)
    services.edit_incident(incident, facts={"staff_involved": True}, version=1, by=supervisor)
    response = IncidentResponse.objects.get(incident=incident)
    assert response.assigned_to is None
    assert response.closed_at is None
    watch = incident.watches.get()
    assert (watch.victim_side, watch.other_side) == (None, worker)
    assert told(supervisor).count("response.unassigned") == 1
    assert AuditEvent.objects.filter(verb="response.unassigned").count() == 1
    # The reporter sees it still and may have it.
    services.assign_response(incident, to=worker, by=supervisor)
    incident.refresh_from_db()
    services.edit_incident(
        incident, facts={"motive": "tribal"}, version=incident.version, by=supervisor
    )
    response.refresh_from_db()
    assert response.assigned_to == worker
    assert told(manager).count("incident.staff_involved") == 1


def test_the_manager_hears_of_staff_involved_when_it_is_sent(
    log: Any, worker: Any, manager: Any, supervisor: Any, colleague: Any
) -> None:
    draft = log(state="draft", staff_involved=True)
    assert told(manager) == []
    services.submit_incident(draft, by=worker)
    assert "incident.staff_involved" in told(manager)
    assert "incident.staff_involved" not in told(supervisor) + told(colleague)


# --- forms that came again, points ----------------------------------------------------------------


def test_a_hidden_form_is_settled_by_nobody_who_does_not_see_it(
    log: Any, worker: Any, colleague: Any, data_officer: Any, supervisor: Any, signed_in: Any
) -> None:
    incident = log()
    kept = ConflictingSubmission.objects.create(
        incident=incident, content={"staff_involved": True}, by=worker
    )
    address = f"{incident.get_absolute_url()}again/{kept.pk}/settle/"
    absent = f"{incident.get_absolute_url()}again/987654/settle/"
    for person in (colleague, data_officer):
        desk = signed_in(person)
        assert {desk.post(address).status_code, desk.post(absent).status_code} == {404}
        with pytest.raises(NotForThisPerson):
            services.settle_submission(kept, by=person)
    assert signed_in(supervisor).post(address).status_code == 302
    kept.refresh_from_db()
    assert kept.settled_by == supervisor


def test_a_point_is_shown_to_whom_the_map_shows_it(
    log: Any, colleague: Any, supervisor: Any
) -> None:
    drawn = log(**SPOT)
    assert Incident.objects.filter(mapping.DRAWN).get().is_drawn
    assert whole(drawn, colleague)["lat"] == SPOT["lat"]
    counted = log(**SPOT, sharing="aggregate")
    assert not counted.is_drawn
    assert whole(counted, colleague)["lat"] is None
    hidden = log(**SPOT, type="SXV")
    assert not hidden.is_drawn
    assert whole(hidden, supervisor)["lat"] == SPOT["lat"]


def test_a_map_file_has_no_point_of_what_the_map_does_not_draw(log: Any) -> None:
    shown = log(**SPOT)
    log(**SPOT, type="SXV")
    log(**SPOT, sharing="aggregate")
    features = [exports._feature(one) for one in exports.rows(Incident.objects.all())]
    points = {one["id"]: one["geometry"] is not None for one in features}
    assert [code for code, is_point in points.items() if is_point] == [shown.code]
