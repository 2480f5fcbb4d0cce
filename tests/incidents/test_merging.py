"""Two records of one event made one, and parted again to the last letter."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ceasefire import periods, vault
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from incidents import measures, services
from incidents.exceptions import (
    CannotBeParted,
    ChangedMeanwhile,
    NoSuchOriginal,
    NotAllowedFromHere,
    NotForThisPerson,
    ReasonNeeded,
)
from incidents.models import (
    Incident,
    IncidentLink,
    IncidentMerge,
    IncidentResponse,
    NotATwin,
    RetaliationWatch,
    Source,
)
from incidents.services import ActorFacts, SourceFacts, VictimFacts, rollups
from tests.incidents.conftest import FAIR, MOMENT, move_to

NAMED = SourceFacts("hospital", "B", "2", text="the morgue says so", name="Abu Ali")
#: What a merge and a parting may change of a record that otherwise stands as it was.
MOVES_ON = {"version", "updated_at", "updated_by_id"}


def record(incident: Incident) -> dict[str, Any]:
    """Every column of a record and the keys of its rows, but for what every step changes."""
    fresh = Incident.objects.filter(pk=incident.pk).values().get()
    rows = {
        name: list(getattr(incident, name).order_by("pk").values())
        for name in ("sources", "victimizations", "actors", "links_from", "links_to")
    }
    return {**{key: value for key, value in fresh.items() if key not in MOVES_ON}, **rows}


@pytest.fixture
def pair(log):
    """A bare record and a fuller one of the same event."""
    first = log()
    second = log(
        sources=[NAMED],
        victims=[VictimFacts("killed", sex="m", age=40)],
        actors=[ActorFacts("gang")],
        method="shooting",
        summary="near the market",
        injured_best=2,
        occurred_from=MOMENT + timedelta(hours=1),
    )
    return first, second


class TestMerging:
    def test_the_sources_go_along_and_make_the_grade(self, pair, supervisor):
        kept, gone = pair
        services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        kept.refresh_from_db()
        gone.refresh_from_db()
        assert kept.sources.count() == 2
        assert gone.sources.count() == 0
        assert (gone.workflow_state, gone.duplicate_of) == ("duplicate", kept)
        assert kept.verification == "confirmed"
        assert kept.victimizations.count() == 0

    def test_only_what_is_missing_and_chosen_is_taken_over(self, pair, supervisor):
        kept, gone = pair
        assert set(services.offered(kept, gone)) >= {"method", "summary", "victims", "actors"}
        assert "killed" not in services.offered(kept, gone)
        services.merge_incidents(
            kept=kept, gone=gone, take=["method", "victims", "killed"], by=supervisor
        )
        kept.refresh_from_db()
        assert (kept.method, kept.summary, kept.injured_best) == ("shooting", "", None)
        assert kept.victimizations.count() == 1
        assert kept.actors.count() == 0

    def test_nobody_harmed_is_an_answer_and_not_a_lack(self, log, supervisor, signed_in):
        silent, told = log(), log(injured_best=0, abducted=0)
        hurt = log(injured_best=3, abducted=2)
        assert {"injured", "abducted"} <= set(services.offered(silent, told))
        assert not {"injured", "abducted"} & set(services.offered(told, hurt))
        page = signed_in(supervisor).get(f"{told.get_absolute_url()}merge/{silent.code}/")
        shown = {str(row["label"]): (row["kept"], row["gone"]) for row in page.context["rows"]}
        assert shown["Injured"] == ("–", "0")
        assert shown["Abducted"] == ("–", "0")
        services.merge_incidents(kept=silent, gone=told, take=["injured"], by=supervisor)
        silent.refresh_from_db()
        assert (silent.injured_best, silent.abducted) == (0, None)

    def test_a_sealed_name_opens_after_the_merge_and_after_the_parting(self, pair, supervisor):
        kept, gone = pair
        source = gone.sources.get()
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        source = Source.objects.get(pk=source.pk)
        assert source.incident_id == kept.pk
        assert vault.reveal(source, "name", by=supervisor, reason="ask again") == "Abu Ali"
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
        source = Source.objects.get(pk=source.pk)
        assert source.incident_id == gone.pk
        assert vault.reveal(source, "name", by=supervisor, reason="ask again") == "Abu Ali"

    def test_one_sealed_name_is_one_origin(self, log, supervisor):
        kept, gone = log(sources=[NAMED]), log(sources=[NAMED])
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        moved = Source.objects.get(pk=merge.moved["sources"][0])
        assert moved.same_origin_as is not None
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
        moved.refresh_from_db()
        assert moved.same_origin_as is None

    def test_a_sensitive_one_makes_the_other_sensitive_for_good(self, log, supervisor):
        kept, gone = log(), log(victims=[VictimFacts("killed", age=12)])
        services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        kept.refresh_from_db()
        assert kept.is_sensitive
        edited = services.edit_incident(
            kept, facts={"method": "shooting"}, version=kept.version, by=supervisor
        )
        assert edited.is_sensitive

    def test_what_reports_counted_is_corrected_with_a_reason(self, log, supervisor):
        kept, gone = log(state="accepted"), log(state="accepted", sources=[NAMED])
        with pytest.raises(ReasonNeeded):
            services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor, reason="one shooting")
        assert gone.revisions.get().changes == {"workflow_state": ["accepted", "duplicate"]}
        changes = kept.revisions.get().changes
        assert changes["sources"] == [1, 2]
        assert changes["verification"] == ["provisional", "confirmed"]
        services.unmerge_incidents(merge, by=supervisor, reason="two after all")
        assert gone.revisions.last().changes == {"workflow_state": ["duplicate", "accepted"]}
        assert kept.revisions.last().changes["verification"] == ["confirmed", "provisional"]

    def test_both_records_say_so_in_the_trail(self, pair, supervisor):
        kept, gone = pair
        services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        verbs = set(AuditEvent.objects.values_list("verb", flat=True))
        assert {"incident.merged", "incident.marked_duplicate"} <= verbs

    def test_the_page_of_the_merged_one_names_no_record_that_its_reader_may_not_see(
        self, log, signed_in, worker, supervisor, data_officer, make_user, basrah
    ):
        colleague = make_user(Role.WORKER, basrah)
        kept, gone = log(by=colleague, staff_involved=True), log()
        services.mark_duplicate(gone, of=kept, by=supervisor)
        for person, reads in ((supervisor, True), (worker, False), (data_officer, False)):
            page = signed_in(person).get(gone.get_absolute_url()).content.decode()
            assert (kept.code in page) is reads, person.role

    def test_a_link_whose_place_is_taken_meanwhile_does_not_stop_a_parting(
        self, log, supervisor, worker
    ):
        kept, gone, third, fourth = log(), log(), log(), log()
        moved = services.add_link(gone, kind="same_conflict_as", to=third, by=supervisor)
        services.add_link(kept, kind="same_conflict_as", to=fourth, by=supervisor)
        # Stays with the merged one, since the kept one has its like.
        services.add_link(gone, kind="same_conflict_as", to=fourth, by=supervisor)
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        IncidentLink.objects.filter(from_incident=kept, to_incident=fourth).delete()
        services.merge_incidents(kept=fourth, gone=third, by=supervisor)
        services.unmerge_incidents(merge, by=supervisor, reason="two after all")
        moved.refresh_from_db()
        assert (moved.from_incident, moved.to_incident) == (kept, fourth)


class TestWhatIsRefused:
    @pytest.mark.parametrize("state", ["duplicate", "draft", "returned", "withdrawn"])
    def test_into_one_that_does_not_count(self, log, supervisor, worker, state):
        kept, gone, third = log(), log(), log()
        if state == "duplicate":
            services.mark_duplicate(kept, of=third, by=supervisor)
        else:
            move_to(kept, state)
        with pytest.raises(NoSuchOriginal):
            services.merge_incidents(kept=kept, gone=gone, by=supervisor)

    def test_into_itself(self, log, supervisor):
        one = log()
        with pytest.raises(NoSuchOriginal):
            services.merge_incidents(kept=one, gone=one, by=supervisor)

    def test_across_sites(self, log, zubair, supervisor, make_user):
        both = make_user(Role.SUPERVISOR, zubair, username="both")
        both.sites.add(log().site)
        there = log(by=make_user(Role.WORKER, zubair, username="there"), site=zubair)
        with pytest.raises(NoSuchOriginal):
            services.merge_incidents(kept=log(), gone=there, by=both)

    def test_a_merged_one_again_and_in_a_ring(self, log, supervisor):
        first, second, third = log(), log(), log()
        services.merge_incidents(kept=first, gone=second, by=supervisor)
        for kept, gone in ((third, second), (second, first)):
            with pytest.raises((NotAllowedFromHere, NoSuchOriginal)):
                services.merge_incidents(kept=kept, gone=gone, by=supervisor)

    def test_one_that_the_person_does_not_see(self, log, make_user, basrah):
        officer = make_user(Role.DATA_OFFICER, basrah, username="officer")
        hidden = log(victims=[VictimFacts("killed", age=12)])
        with pytest.raises(NotForThisPerson):
            services.merge_incidents(kept=log(), gone=hidden, by=officer)

    def test_over_another_version_than_was_compared(self, pair, supervisor):
        kept, gone = pair
        with pytest.raises(ChangedMeanwhile):
            services.merge_incidents(kept=kept, gone=gone, by=supervisor, kept_version=7)

    def test_by_a_worker(self, pair, worker):
        with pytest.raises(NotForThisPerson):
            services.merge_incidents(kept=pair[0], gone=pair[1], by=worker)


class TestParting:
    def test_a_chain_of_merges_is_parted_from_its_end(self, log, supervisor):
        first, second, third = log(), log(), log()
        inner = services.merge_incidents(kept=second, gone=third, by=supervisor)
        outer = services.merge_incidents(kept=first, gone=second, by=supervisor)
        third.refresh_from_db()
        assert third.duplicate_of == first
        with pytest.raises(CannotBeParted, match="itself merged"):
            services.unmerge_incidents(inner, by=supervisor, reason="why")
        services.unmerge_incidents(outer, by=supervisor, reason="why")
        third.refresh_from_db()
        assert third.duplicate_of == second
        services.unmerge_incidents(inner, by=supervisor, reason="why")
        assert {i.sources.count() for i in (first, second, third)} == {1}

    def test_once_only_and_with_a_reason(self, pair, supervisor):
        merge = services.merge_incidents(kept=pair[0], gone=pair[1], by=supervisor)
        with pytest.raises(ReasonNeeded):
            services.unmerge_incidents(merge, by=supervisor, reason=" ")
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
        with pytest.raises(NotAllowedFromHere):
            services.unmerge_incidents(merge, by=supervisor, reason="two events")
        assert IncidentMerge.objects.get().undone_reason == "two events"
        assert NotATwin.objects.get().at_entry is False

    def test_not_when_what_was_taken_over_was_changed(self, pair, supervisor):
        kept, gone = pair
        merge = services.merge_incidents(kept=kept, gone=gone, take=["method"], by=supervisor)
        kept.refresh_from_db()
        services.edit_incident(
            kept, facts={"method": "stabbing"}, version=kept.version, by=supervisor
        )
        with pytest.raises(CannotBeParted, match="changed since"):
            services.unmerge_incidents(merge, by=supervisor, reason="why")

    def test_not_when_a_source_of_it_is_gone(self, pair, supervisor):
        merge = services.merge_incidents(kept=pair[0], gone=pair[1], by=supervisor)
        Source.objects.filter(pk=merge.moved["sources"][0]).delete()
        with pytest.raises(CannotBeParted, match="taken away"):
            services.unmerge_incidents(merge, by=supervisor, reason="why")

    def test_not_when_sources_of_both_were_tied(self, pair, supervisor):
        kept, gone = pair
        own = kept.sources.get()
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        moved = Source.objects.get(pk=merge.moved["sources"][0])
        services.grade_source(
            own, reliability="B", credibility="2", same_origin_as=moved, by=supervisor
        )
        with pytest.raises(CannotBeParted, match="one origin"):
            services.unmerge_incidents(merge, by=supervisor, reason="why")

    def test_work_done_in_between_stays_with_the_kept_record(self, pair, supervisor):
        kept, gone = pair
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        services.add_source(kept, facts=FAIR, by=supervisor)
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
        kept.refresh_from_db()
        assert kept.sources.count() == 2
        assert gone.sources.count() == 1
        assert kept.verification == "corroborated"

    @pytest.mark.parametrize("also_hidden", [False, True], ids=["alone", "beside another"])
    def test_what_was_open_is_open_again_also_when_it_was_worked_on(
        self, log, worker, supervisor, also_hidden
    ):
        kept, gone = log(), log(victims=[VictimFacts("killed", age=12)], by=supervisor)
        Incident.objects.filter(pk=kept.pk).update(reporter=supervisor)
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        if also_hidden:
            minor = log(victims=[VictimFacts("killed", age=9)], by=supervisor)
            services.mark_duplicate(minor, of=kept, by=supervisor)
        services.add_source(kept, facts=FAIR, by=supervisor)
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
        kept.refresh_from_db()
        gone.refresh_from_db()
        assert (kept.is_sensitive, gone.is_sensitive) == (also_hidden, True)
        assert kept.is_visible_to(worker) is not also_hidden


class TestTheAnswer:
    """What was done for a killing is not lost where its record turns out to be a second one."""

    @pytest.fixture(autouse=True)
    def _now(self, monkeypatch):
        monkeypatch.setattr(periods, "now", lambda: MOMENT + timedelta(hours=30))

    @pytest.fixture
    def colleague(self, make_user, basrah):
        return make_user(Role.INTERRUPTER, basrah, username="colleague")

    @pytest.fixture
    def answered(self, log, worker, colleague, supervisor):
        """(what stays, what goes): the second was answered, by somebody, with watchers."""
        kept, gone = log(), log(actors=[ActorFacts("tribal")])
        services.assign_response(gone, to=colleague, by=supervisor)
        services.set_watchers(gone, victim_side=worker, other_side=colleague, by=supervisor)
        for hours, kind in ((5, "hospital"), (20, "event")):
            services.record_action(
                gone, kind=kind, by=colleague, at=MOMENT + timedelta(hours=hours), words="we went"
            )
        return kept, gone

    def state(self, incident):
        rows = IncidentResponse.objects.filter(incident=incident)
        return rows.values_list(
            "first_contact_at", "community_response_at", "assigned_to", "closed_at", "closed_reason"
        ).get()

    def test_it_counts_for_the_record_that_stays_and_goes_back(
        self, answered, supervisor, basrah, colleague, worker, signed_in
    ):
        kept, gone = answered
        before = self.state(kept), self.state(gone)
        day = periods.local_day(kept.response.due_at)
        week = day, day + timedelta(days=1)
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        first, community, _holder, _at, reason = self.state(kept)
        assert first == MOMENT + timedelta(hours=5)
        assert community == MOMENT + timedelta(hours=20)
        assert reason == "answered"
        assert measures.answered(basrah.pk, *week) == measures.Answered(1, 1, 0)
        assert list(rollups.differences()) == []
        page = signed_in(supervisor).get(kept.get_absolute_url()).content.decode()
        assert "we went" in page
        assert "recorded for" in page
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
        assert (self.state(kept), self.state(gone)) == before
        page = signed_in(supervisor).get(kept.get_absolute_url()).content.decode()
        assert "we went" not in page
        assert list(rollups.differences()) == []

    def test_who_has_it_and_who_watches_go_along(self, log, supervisor, worker, colleague):
        kept, gone = log(), log(actors=[ActorFacts("tribal")])
        services.start_watch(kept, by=supervisor)
        services.set_watchers(kept, victim_side=colleague, other_side=None, by=supervisor)
        services.assign_response(gone, to=colleague, by=supervisor)
        services.set_watchers(gone, victim_side=None, other_side=worker, by=supervisor)
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        assert IncidentResponse.objects.get(incident=kept).assigned_to == colleague
        watch = RetaliationWatch.objects.get(incident=kept)
        assert (watch.victim_side, watch.other_side) == (colleague, worker)
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
        assert IncidentResponse.objects.get(incident=kept).assigned_to is None
        watch = RetaliationWatch.objects.get(incident=kept)
        assert (watch.victim_side, watch.other_side) == (colleague, None)
        assert RetaliationWatch.objects.open().get(incident=gone).other_side == worker

    def test_a_watch_goes_on_at_the_record_that_stays(
        self, answered, supervisor, worker, colleague
    ):
        kept, gone = answered
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        watch = RetaliationWatch.objects.open().get()
        assert watch.incident == kept
        assert (watch.victim_side, watch.other_side) == (worker, colleague)
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
        assert RetaliationWatch.objects.open().get().incident == gone

    def test_what_was_done_in_between_stays_with_the_record_that_stays(
        self, answered, supervisor, worker
    ):
        kept, gone = answered
        merge = services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        services.record_action(kept, kind="hospital", by=worker, at=MOMENT + timedelta(hours=28))
        services.unmerge_incidents(merge, by=supervisor, reason="two events")
        first, community, _holder, closed_at, reason = self.state(kept)
        assert first == MOMENT + timedelta(hours=28)
        assert (community, closed_at, reason) == (None, None, "")

    def test_nobody_gets_what_they_may_not_see(self, log, supervisor, worker, colleague):
        kept = log(victims=[VictimFacts("killed", age=12)])
        gone = log()
        services.assign_response(gone, to=colleague, by=supervisor)
        services.record_action(gone, kind="hospital", by=colleague)
        services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        _first, _community, holder, _at, _reason = self.state(kept)
        assert holder is None

    def test_the_reporter_reads_no_action_of_a_record_they_may_not_see(
        self, log, supervisor, worker, signed_in
    ):
        kept = log(victims=[VictimFacts("killed", age=12)])
        gone = log(victims=[VictimFacts("killed", age=12)], by=supervisor)
        services.record_action(gone, kind="hospital", by=supervisor, words="the mother said")
        services.merge_incidents(kept=kept, gone=gone, by=supervisor)
        for person, reads in ((supervisor, True), (worker, False)):
            page = signed_in(person).get(kept.get_absolute_url()).content.decode()
            assert ("the mother said" in page) is reads


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["unknown", "shooting", "stabbing"]),
        "motive": st.sampled_from(["unknown", "tribal"]),
        "summary": st.sampled_from(["", "near the market", "قرب السوق"]),
        "injured_best": st.integers(0, 3),
        "abducted": st.integers(0, 3),
        "weapons": st.lists(st.sampled_from(["pistol", "rifle"]), unique=True),
        "staff_involved": st.booleans(),
        "public_safety": st.booleans(),
        "killed_best": st.integers(0, 3),
    },
)
PEOPLE = st.lists(
    st.builds(VictimFacts, harm=st.just("killed"), age=st.integers(5, 60)), max_size=2
)
GROUPS = st.sets(st.sampled_from([*services.GROUPS, *services.ROWS]))


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=FACTS,
    second=FACTS,
    people=st.tuples(PEOPLE, PEOPLE),
    take=GROUPS,
    states=st.tuples(
        st.sampled_from(["submitted", "in_review", "accepted"]),
        st.sampled_from(["submitted", "in_review", "accepted"]),
    ),
    is_edited=st.booleans(),
)
@example(
    first={},
    second={"staff_involved": True},
    people=([], []),
    take=set(),
    states=("submitted", "submitted"),
    is_edited=True,
)
def test_parting_restores_both_records_exactly(
    log, supervisor, first, second, people, take, states, is_edited
):
    """Whatever the two held and whatever was taken over: every column and every row is back."""
    kept = log(victims=people[0], **first)
    gone = log(victims=people[1], sources=[NAMED, FAIR], **second)
    third = log()
    services.add_link(gone, kind="same_event_as", to=third, by=supervisor)
    services.mark_duplicate(log(), of=gone, by=supervisor)
    kept, gone = move_to(kept, states[0]), move_to(gone, states[1])
    before = record(kept), record(gone), record(third)
    merge = services.merge_incidents(
        kept=kept, gone=gone, take=take, by=supervisor, reason="one event"
    )
    assert record(gone) != before[1]
    was_hidden = Incident.objects.get(pk=kept.pk).is_sensitive
    if is_edited:
        # Work on the record that stays is no reason to give anything else back.
        now = Incident.objects.get(pk=kept.pk)
        edit = services.revise_incident if states[0] == "accepted" else services.edit_incident
        why = {"reason": "seen there"} if states[0] == "accepted" else {}
        edit(now, facts={"place_type": "street"}, version=now.version, by=supervisor, **why)
        before[0]["place_type"] = "street"
    services.unmerge_incidents(merge, by=supervisor, reason="two events")
    after = record(kept), record(gone), record(third)
    if was_hidden and not after[0]["is_sensitive"]:
        # But what was told while the two were one stays for who could read it then.
        merge.refresh_from_db()
        assert after[0]["guarded_until"] == merge.undone_at
        after[0]["guarded_until"] = before[0]["guarded_until"]
    assert after == before
