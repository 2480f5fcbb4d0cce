"""Kept filters, one verb on many rows, and taking back one's own last step."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from ceasefire import jobs, periods
from ceasefire.audit.models import AuditEvent
from incidents import services
from incidents.exceptions import (
    ChangedMeanwhile,
    FilterNameTaken,
    NotForThisPerson,
    ReasonNeeded,
    TooLateToUndo,
    TooManyFilters,
    TooManyRows,
)
from incidents.forms.desk import rows_of
from incidents.models import BulkAction, BulkRow, Incident, IncidentStep, SavedFilter
from incidents.services import bulk, saved
from tests.incidents.conftest import move_to

LIST = "/incidents/"


@pytest.fixture
def worker_zubair(make_user: Callable[..., Any], zubair: Any) -> Any:
    return make_user("worker", zubair)


def ask(rows, by, verb="accept", **more):
    return services.ask_bulk(
        key=more.pop("key", None) or uuid4(),
        verb=verb,
        rows=[(row.code, row.version) for row in rows],
        by=by,
        **more,
    )


class TestTakingBack:
    @pytest.mark.parametrize(
        ("verb", "before", "given"),
        [
            ("take_for_review", "submitted", {}),
            ("return_incident", "in_review", {"reason": "which street?"}),
            ("accept_incident", "in_review", {}),
            ("accept_incident", "submitted", {}),
        ],
    )
    def test_the_last_step_is_taken_back_and_both_stay_in_the_history(
        self, log, supervisor, verb, before, given
    ):
        incident = log(state=before)
        after = getattr(services, verb)(incident, by=supervisor, **given)

        back = services.undo_step(after, by=supervisor, version=after.version)

        assert back.workflow_state == before
        assert back.accepted_at is None
        assert back.returned_reason == ""
        steps = list(back.steps.order_by("at", "id").values_list("from_state", "to_state"))
        assert steps[-2:] == [(before, after.workflow_state), (after.workflow_state, before)]
        assert AuditEvent.objects.filter(verb="incident.step_undone").count() == 1

    def test_an_archived_incident_is_accepted_again_with_its_moment(self, log, manager):
        incident = log(state="accepted")
        moment = incident.accepted_at
        after = services.archive_incident(incident, by=manager)

        back = services.undo_step(after, by=manager, version=after.version)

        assert (back.workflow_state, back.accepted_at) == ("accepted", moment)

    def test_a_withdrawn_report_comes_back_to_its_reporter(self, log, worker):
        incident = log(state="returned")
        after = services.withdraw_incident(incident, by=worker, reason="told twice")

        back = services.undo_step(after, by=worker, version=after.version)

        assert (back.workflow_state, back.returned_reason) == ("returned", "which street?")

    def test_an_undone_step_is_not_undone_again(self, log, supervisor):
        after = services.accept_incident(log(state="in_review"), by=supervisor)
        back = services.undo_step(after, by=supervisor, version=after.version)

        with pytest.raises(TooLateToUndo):
            services.undo_step(back, by=supervisor, version=back.version)

    def test_somebody_elses_step_is_not_taken_back(self, log, supervisor, data_officer):
        after = services.accept_incident(log(state="in_review"), by=supervisor)

        with pytest.raises(TooLateToUndo):
            services.undo_step(after, by=data_officer, version=after.version)

    def test_after_ten_minutes_it_is_too_late(self, log, supervisor):
        after = services.accept_incident(log(state="in_review"), by=supervisor)

        with pytest.raises(TooLateToUndo):
            services.undo_step(
                after,
                by=supervisor,
                version=after.version,
                asked_at=periods.now() + timedelta(minutes=11),
            )

    def test_what_was_changed_since_is_left_alone(self, log, supervisor, data_officer):
        after = services.accept_incident(log(state="in_review"), by=supervisor)
        seen = after.version
        Incident.objects.filter(pk=after.pk).update(version=seen + 1)

        with pytest.raises(ChangedMeanwhile):
            services.undo_step(after, by=supervisor, version=seen)

    def test_sending_is_withdrawn_and_not_undone(self, log, worker):
        incident = log(state="draft")
        after = services.submit_incident(incident, by=worker)

        assert not services.may_take_back(after, after.steps.last(), worker)

    def test_the_page_offers_it_to_who_did_it_only(self, log, supervisor, data_officer, signed_in):
        incident = services.accept_incident(log(state="in_review"), by=supervisor)
        address = reverse("incidents:incident_undo", args=[incident.code])

        assert address in signed_in(supervisor).get(incident.get_absolute_url()).content.decode()
        assert (
            address not in signed_in(data_officer).get(incident.get_absolute_url()).content.decode()
        )

        signed_in(supervisor).post(address, {"version": incident.version})
        assert Incident.objects.get(pk=incident.pk).workflow_state == "in_review"


class TestManyRows:
    def test_each_row_is_tried_by_itself(self, log, supervisor, signed_in):
        good, gone, changed = log(), log(), log()
        rows = [good, gone, changed]
        action = ask(rows, supervisor)
        move_to(gone, "withdrawn")
        Incident.objects.filter(pk=changed.pk).update(version=changed.version + 1)

        services.run_here(action, by=supervisor)

        outcomes = dict(action.rows.values_list("incident__code", "outcome"))
        assert outcomes == {good.code: "done", gone.code: "refused", changed.code: "refused"}
        assert dict(action.rows.values_list("incident__code", "refusal"))[changed.code] == (
            "ChangedMeanwhile"
        )
        assert Incident.objects.get(pk=good.pk).workflow_state == "accepted"
        page = signed_in(supervisor).get(action.get_absolute_url()).content.decode()
        assert gone.code in page
        assert "no longer in a state" in page

    def test_another_sites_incident_in_the_list_is_left_out_without_a_word(
        self, log, supervisor, zubair, worker_zubair
    ):
        own, other = log(), log(by=worker_zubair, site=zubair)

        action = ask([own, other], supervisor)

        assert list(action.rows.values_list("incident__code", flat=True)) == [own.code]

    def test_rights_lost_between_asking_and_doing_refuse_every_row(self, log, supervisor):
        action = ask([log()], supervisor)
        supervisor.role = "worker"
        supervisor.save(update_fields=["role"])

        services.run_here(action, by=supervisor)

        assert set(action.rows.values_list("outcome", flat=True)) == {"refused"}

    def test_a_confirmation_sent_twice_is_one_action(self, log, supervisor):
        row, key = log(), uuid4()

        assert ask([row], supervisor, key=key) == ask([row], supervisor, key=key)
        assert BulkAction.objects.count() == 1

    def test_a_verb_of_another_role_is_not_asked_for(self, log, worker, supervisor):
        row = log()
        with pytest.raises(PermissionDenied):
            ask([row], worker)
        with pytest.raises(PermissionDenied):
            ask([row], supervisor, verb="archive")

    def test_a_return_says_why(self, log, supervisor):
        with pytest.raises(ReasonNeeded):
            ask([log()], supervisor, verb="return", reason="  ")
        with pytest.raises(IntegrityError), transaction.atomic():
            BulkAction.objects.create(key=uuid4(), by=supervisor, verb="return")

    def test_more_than_two_thousand_rows_are_too_many(self, supervisor):
        rows = [(f"INC-2026-{number:06d}", 1) for number in range(bulk.MOST_ROWS + 1)]
        with pytest.raises(TooManyRows):
            services.ask_bulk(key=uuid4(), verb="take", rows=rows, by=supervisor)

    def test_many_rows_go_to_a_worker_and_a_killed_one_goes_on(self, log, supervisor, monkeypatch):
        monkeypatch.setattr(bulk, "AT_ONCE", 2)
        rows = [log() for _ in range(4)]
        action = ask(rows, supervisor)
        assert action.job is not None

        told = []

        def stop_after_two(done, total):
            told.append((done, total))
            if done == 2:
                raise jobs.Cancelled

        with pytest.raises(jobs.Cancelled):
            bulk.run_bulk(str(action.pk), progress=stop_after_two)
        assert action.rows.filter(outcome="done").count() == 2

        bulk.run_bulk(str(action.pk), progress=lambda done, total: told.append((done, total)))
        assert action.rows.filter(outcome="done").count() == 4
        assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
        assert IncidentStep.objects.filter(to_state="accepted").count() == 4

    def test_the_whole_action_is_taken_back_but_what_was_touched_since(
        self, log, supervisor, data_officer
    ):
        rows = [log(), log()]
        action = ask(rows, supervisor)
        services.run_here(action, by=supervisor)
        touched = Incident.objects.get(pk=rows[0].pk)
        services.revise_incident(
            touched,
            facts={"killed_best": 2},
            reason="a second victim died",
            by=data_officer,
            version=touched.version,
        )

        services.undo_bulk(action, by=supervisor)

        states = dict(Incident.objects.values_list("code", "workflow_state"))
        assert states == {rows[0].code: "accepted", rows[1].code: "submitted"}
        with pytest.raises(TooLateToUndo):
            services.undo_bulk(action, by=supervisor)

    def test_the_database_knows_the_version_of_a_done_row(self, log, supervisor):
        action = ask([log()], supervisor)
        with pytest.raises(IntegrityError), transaction.atomic():
            BulkRow.objects.filter(action=action).update(outcome="done")

    def test_what_was_ticked_is_read_once_and_nothing_else(self):
        assert rows_of(["INC-2026-000001:2", "INC-2026-000001:9", "x", "INC-2026-000002:1 "]) == [
            ("INC-2026-000001", 2),
            ("INC-2026-000002", 1),
        ]

    def test_from_the_list_over_the_confirmation_to_the_outcome(self, log, supervisor, signed_in):
        rows = [log(), log()]
        client = signed_in(supervisor)
        page = client.get(LIST, {"status": "submitted"}).content.decode()
        assert f'value="{rows[0].code}:{rows[0].version}"' in page

        sent = {"verb": "accept", "everything": "1", "query": "status=submitted"}
        asked = client.post(reverse("incidents:bulk_confirm"), sent)
        assert "2 incidents are meant" in asked.content.decode()
        form = asked.context["form"]
        done = client.post(
            reverse("incidents:bulk_run"),
            {
                "verb": "accept",
                "key": form["key"].value(),
                "rows": form["rows"].value(),
                "query": "status=submitted",
            },
        )
        action = BulkAction.objects.get()
        assert done.url == f"{action.get_absolute_url()}?status=submitted"
        outcome = client.get(done.url).content.decode()
        assert 'href="/incidents/?status=submitted"' in outcome
        assert set(Incident.objects.values_list("workflow_state", flat=True)) == {"accepted"}

    def test_a_missing_reason_is_said_where_it_belongs_and_the_rows_stay(
        self, log, supervisor, signed_in
    ):
        row = log()
        page = signed_in(supervisor).post(
            reverse("incidents:bulk_run"),
            {"verb": "return", "key": str(uuid4()), "rows": f"{row.code}:{row.version}"},
        )
        assert page.context["form"].errors["reason"] == ["Give a reason."]
        assert row.code in page.content.decode()

    def test_a_filter_that_is_not_understood_aims_at_nothing(self, log, supervisor, signed_in):
        log()
        page = signed_in(supervisor).post(
            reverse("incidents:bulk_confirm"),
            {"verb": "accept", "everything": "1", "query": "type=NONSENSE"},
            follow=True,
        )
        assert "A filter was not understood." in page.content.decode()
        assert "incident is meant" not in page.content.decode()

    def test_nothing_ticked_is_said(self, supervisor, signed_in):
        page = signed_in(supervisor).post(
            reverse("incidents:bulk_confirm"), {"verb": "accept"}, follow=True
        )
        assert "Tick the incidents you mean first." in page.content.decode()

    def test_field_staff_see_no_boxes(self, log, worker, signed_in):
        log()
        assert 'name="pick"' not in signed_in(worker).get(LIST).content.decode()


class TestKeptFilters:
    def keep(self, by, name="Killings", **more):
        given = {"answers": {"type": "MUR"}, "words": "", **more}
        return saved.save_filter(name=name, by=by, **given)

    def test_it_opens_the_list_with_its_answers(self, worker, signed_in):
        kept = self.keep(worker, words="العشار")
        gone = signed_in(worker).get(reverse("incidents:filter_open", args=[kept.pk]))

        assert gone.status_code == 302
        assert gone.url.startswith("/incidents/?type=MUR&q=")
        assert list(signed_in(worker).get(gone.url).context["chips"])[0][1]

    def test_searched_words_stand_nowhere_in_the_row(self, worker):
        kept = self.keep(worker, words="some name")
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(f)::text FROM incidents_savedfilter f")
            assert "some name" not in cursor.fetchone()[0]
        assert saved.answers_of(kept, by=worker)["q"] == "some name"

    def test_it_is_saved_from_the_page_and_a_taken_name_is_said(self, worker, signed_in):
        client, sent = signed_in(worker), {"name": "Mine", "query": "type=MUR&q=abc&after=xyz"}
        assert client.post(reverse("incidents:filter_list"), sent).status_code == 302
        kept = SavedFilter.objects.get()
        assert (kept.answers, kept.has_words) == ({"type": "MUR"}, True)

        again = client.post(reverse("incidents:filter_list"), sent)
        assert again.context["form"].errors["name"] == ["You have a filter of that name already."]

    def test_the_default_opens_with_the_bare_list_only(self, worker, signed_in):
        kept = self.keep(worker, is_default=True)
        client = signed_in(worker)
        assert client.get(LIST).url == reverse("incidents:filter_open", args=[kept.pk])
        assert client.get(LIST, {"all": "1"}).status_code == 200
        assert client.get(LIST, {"type": "KID"}).status_code == 200

    def test_a_new_default_takes_the_place_of_the_old(self, worker):
        first = self.keep(worker, is_default=True)
        self.keep(worker, name="Second", is_default=True)
        first.refresh_from_db()
        assert not first.is_default
        with pytest.raises(IntegrityError), transaction.atomic():
            SavedFilter.objects.filter(pk=first.pk).update(is_default=True)

    def test_names_and_numbers_are_bounded(self, worker):
        self.keep(worker)
        with pytest.raises(FilterNameTaken):
            self.keep(worker)
        for number in range(saved.MOST_FILTERS - 1):
            self.keep(worker, name=f"n{number}")
        with pytest.raises(TooManyFilters):
            self.keep(worker, name="one more")

    def test_shared_with_the_team_and_nobody_else(
        self, supervisor, worker, worker_zubair, basrah, zubair, signed_in
    ):
        kept = self.keep(supervisor, shared_with=basrah)
        address = reverse("incidents:filter_open", args=[kept.pk])
        assert signed_in(worker).get(address).status_code == 302
        assert signed_in(worker_zubair).get(address).status_code == 404
        with pytest.raises(NotForThisPerson):
            self.keep(worker, shared_with=basrah)
        with pytest.raises(NotForThisPerson):
            self.keep(supervisor, name="b", shared_with=zubair)

    def test_only_its_owner_removes_it(self, supervisor, worker, basrah, signed_in):
        kept = self.keep(supervisor, shared_with=basrah, words="x y")
        address = reverse("incidents:filter_remove", args=[kept.pk])
        assert signed_in(worker).post(address).status_code == 404
        assert signed_in(supervisor).post(address).status_code == 302
        assert not SavedFilter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_defaults_at_once_are_one(worker):
    failures: list[Exception] = []

    def keep(name):
        try:
            saved.save_filter(
                name=name, answers={"type": "MUR"}, words="", is_default=True, by=worker
            )
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=keep, args=[name]) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    assert SavedFilter.objects.filter(is_default=True).count() == 1
    assert SavedFilter.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_undone_twice_at_once_is_undone_once(log, supervisor):
    after = services.accept_incident(log(state="in_review"), by=supervisor)
    outcomes: list[str] = []

    def take_back():
        try:
            services.undo_step(after, by=supervisor, version=after.version)
            outcomes.append("undone")
        except (ChangedMeanwhile, TooLateToUndo):
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=take_back) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused", "undone"]
