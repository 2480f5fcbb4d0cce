"""Logging, editing, correcting."""

import re
import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ceasefire import vault
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from ceasefire.places.models import Place
from ceasefire.vault.models import Sealed
from incidents import services
from incidents.exceptions import (
    ChangedMeanwhile,
    InTheFuture,
    KeyTaken,
    NotAllowedFromHere,
    NotComplete,
    NotForThisPerson,
    PlaceTooCoarse,
    PointElsewhere,
    ReasonNeeded,
    SameKeyOtherContent,
    SiteIsReadOnly,
    SourceOfAnother,
)
from incidents.models import Incident, Source
from incidents.services import ActorFacts, SourceFacts, VictimFacts
from tests.incidents.conftest import FAIR, MOMENT, facts

pytestmark = pytest.mark.django_db


class TestLogging:
    def test_a_minimal_report_is_complete(self, log, worker, basrah):
        incident = log()
        assert incident.code == "INC-2026-000001"
        assert incident.workflow_state == "submitted"
        assert (incident.reporter, incident.site) == (worker, basrah)
        assert incident.occurred_on == date(2026, 11, 18)
        assert incident.district.pcode == "IQG02Q02"
        assert incident.geo_precision == 2  # a neighbourhood, as far as it was named
        assert (incident.verification, incident.verification_rule) == ("provisional", "one_good")
        assert incident.steps.get().to_state == "submitted"
        trail = AuditEvent.objects.filter(subject_id=incident.code).order_by("seq")
        assert list(trail.values_list("verb", flat=True)) == ["incident.logged", "response.opened"]

    def test_the_day_is_the_day_in_baghdad(self, log):
        late = log(occurred_from=MOMENT.replace(day=17, hour=22))  # 01:00 of the 18th in Baghdad
        assert late.occurred_on == date(2026, 11, 18)

    def test_numbers_of_a_year_follow_each_other(self, log):
        assert [log().code[-3:] for _ in range(3)] == ["001", "002", "003"]

    def test_only_the_incident_and_the_trail_are_written_while_others_wait_for_a_number(self, log):
        with CaptureQueriesContext(connection) as asked:
            log(
                type="THR",
                killed_best=0,
                victims=(VictimFacts(harm="injured", name="Salim Kadhim"),),
                actors=(ActorFacts(category="tribal"),),
                key=uuid.uuid4(),
            )
        said = "\n".join(one["sql"] for one in asked.captured_queries)
        written = re.findall(r'(?:INSERT INTO|(?<!DO )UPDATE) "?(\w+)', said)
        # Behind these comes what the test itself writes.
        at = written.index("codes_counter")
        assert written[at : at + 3] == ["codes_counter", "incidents_incident", "audit_auditevent"]
        assert len(written) == at + 4

    @pytest.mark.parametrize(
        ("more", "sources", "missing"),
        [
            ({"killed_best": None}, (FAIR,), ["killed_best"]),
            ({}, (), ["sources"]),
            ({"killed_best": None}, (), ["killed_best", "sources"]),
        ],
    )
    def test_what_is_missing_is_named(self, basrah, worker, more, sources, missing):
        with pytest.raises(NotComplete) as refusal:
            services.create_incident(
                site=basrah, facts=facts(**more), sources=sources, by=worker, at=MOMENT
            )
        assert refusal.value.missing == missing
        assert not Incident.objects.exists()

    def test_unknown_is_an_answer_to_how_many_were_killed(self, log):
        assert log(killed_best=None, killed_unknown=True).killed_unknown

    def test_a_draft_is_its_reporter_s_alone(self, log, worker, supervisor):
        draft = log(state="draft", sources=(), killed_best=None)
        assert draft.submitted_at is None
        assert list(Incident.objects.visible_to(worker)) == [draft]
        assert not Incident.objects.visible_to(supervisor).exists()

    @pytest.mark.parametrize(
        ("more", "refusal"),
        [
            ({"occurred_from": MOMENT + timedelta(hours=3)}, InTheFuture),
            ({"lat": 33.3, "lon": 44.4}, PointElsewhere),
            ({"geo_precision": 1, "place": "IQG02Q02"}, PlaceTooCoarse),
        ],
    )
    def test_what_cannot_be_is_refused(self, basrah, worker, more, refusal):
        if "place" in more:
            more["place"] = Place.objects.get(pcode=more["place"])
        with pytest.raises(refusal):
            services.create_incident(
                site=basrah, facts=facts(**more), sources=(FAIR,), by=worker, at=MOMENT
            )

    def test_nobody_logs_at_a_site_that_is_not_theirs(self, zubair, worker):
        with pytest.raises(NotForThisPerson):
            services.create_incident(site=zubair, facts=facts(), sources=(FAIR,), by=worker)

    @pytest.mark.parametrize("role", [Role.DATA_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR])
    def test_some_roles_log_nothing(self, basrah, make_user, role):
        with pytest.raises(NotForThisPerson):
            services.create_incident(
                site=basrah, facts=facts(), sources=(FAIR,), by=make_user(role, basrah)
            )

    def test_a_history_takes_no_new_incident(self, make_site, make_user):
        history = make_site("BASRAH-HISTORY", read_only=True)
        with pytest.raises(SiteIsReadOnly):
            services.create_incident(
                site=history, facts=facts(), sources=(FAIR,), by=make_user(Role.WORKER, history)
            )

    def test_names_go_to_the_vault_and_nowhere_else(self, log, supervisor):
        incident = log(
            sources=(SourceFacts("family", "C", "3", name="Um Salim", contact="0770 123 4567"),),
            victims=(VictimFacts(harm="killed", name="Salim Kadhim"),),
        )
        source = incident.sources.get()
        assert source.has_sealed_name
        assert source.has_sealed_contact
        assert vault.reveal(source, "name", by=supervisor, reason="call back") == "Um Salim"
        assert {row.column for row in Sealed.objects.all()} == {"name", "contact"}
        kept = str(
            [
                list(model.objects.values())
                for model in (Incident, Source, AuditEvent, type(incident.victimizations.get()))
            ]
        )
        for name in ("Salim", "0770", "4567"):
            assert name not in kept


class TestTheSameFormTwice:
    def test_a_resend_gives_the_first_incident(self, log):
        key = uuid.uuid4()
        assert log(key=key) == log(key=key)
        assert Incident.objects.count() == 1
        assert Source.objects.count() == 1

    def test_other_content_under_the_same_key_is_kept_beside_the_first(self, log):
        key = uuid.uuid4()
        first = log(key=key)
        with pytest.raises(SameKeyOtherContent) as refusal:
            log(key=key, killed_best=3)
        assert refusal.value.incident == first
        first.refresh_from_db()
        assert first.killed_best == 1
        assert first.conflicting_submissions.get().content["killed_best"] == 3
        with pytest.raises(SameKeyOtherContent):
            log(key=key, killed_best=3)
        assert first.conflicting_submissions.count() == 1

    def test_the_kept_form_has_its_names_in_the_vault(self, log):
        key = uuid.uuid4()
        first = log(key=key)
        with pytest.raises(SameKeyOtherContent):
            log(key=key, victims=(VictimFacts(harm="killed", name="Salim Kadhim"),))
        kept = first.conflicting_submissions.get()
        assert "Salim" not in str(kept.content)
        assert "Salim" in vault.unseal(kept, "names", by=first.reporter)

    def test_a_key_belongs_to_its_person(self, log, make_user, basrah):
        key = uuid.uuid4()
        log(key=key)
        with pytest.raises(KeyTaken):
            log(key=key, by=make_user(Role.WORKER, basrah))

    def test_a_conflict_is_settled_once(self, log, worker):
        key = uuid.uuid4()
        first = log(key=key)
        with pytest.raises(SameKeyOtherContent):
            log(key=key, killed_best=3)
        kept = first.conflicting_submissions.get()
        services.settle_submission(kept, by=worker)
        with pytest.raises(NotAllowedFromHere):
            services.settle_submission(kept, by=worker)


class TestEditing:
    @pytest.mark.parametrize("state", ["draft", "submitted", "in_review", "returned"])
    def test_the_reporter_edits_until_it_is_accepted(self, log, worker, state):
        incident = log(state=state)
        changed = services.edit_incident(
            incident, facts={"killed_best": 2}, version=incident.version, by=worker
        )
        assert (changed.killed_best, changed.version) == (2, incident.version + 1)
        event = AuditEvent.objects.filter(verb="incident.edited").get()
        assert event.fields == ["killed_best"]

    @pytest.mark.parametrize("state", ["accepted", "archived", "withdrawn"])
    def test_after_that_it_is_closed_to_editing(self, log, worker, state):
        incident = log(state=state)
        with pytest.raises(NotAllowedFromHere):
            services.edit_incident(
                incident, facts={"killed_best": 2}, version=incident.version, by=worker
            )

    def test_a_colleague_edits_nothing_and_a_reviewer_what_lies_with_them(
        self, log, make_user, basrah, supervisor
    ):
        incident = log()
        with pytest.raises(NotForThisPerson):
            services.edit_incident(
                incident, facts={"killed_best": 2}, version=1, by=make_user(Role.WORKER, basrah)
            )
        assert (
            services.edit_incident(
                incident, facts={"killed_best": 2}, version=1, by=supervisor
            ).killed_best
            == 2
        )

    def test_two_who_edit_see_both_values_and_nothing_is_lost(self, log, worker, supervisor):
        incident = log()
        services.edit_incident(incident, facts={"killed_best": 2}, version=1, by=supervisor)
        with pytest.raises(ChangedMeanwhile) as refusal:
            services.edit_incident(
                incident, facts={"killed_best": 3, "type": "MUR"}, version=1, by=worker
            )
        assert refusal.value.differences == {"killed_best": (2, 3)}
        assert refusal.value.version == 2
        incident.refresh_from_db()
        assert incident.killed_best == 2

    def test_nothing_changed_writes_nothing(self, log, worker):
        incident = log()
        same = services.edit_incident(incident, facts={"killed_best": 1}, version=1, by=worker)
        assert same.version == 1
        assert not AuditEvent.objects.filter(verb="incident.edited").exists()

    def test_what_follows_from_the_facts_follows_again(self, log, worker):
        incident = log()
        changed = services.edit_incident(
            incident,
            facts={
                "place": Place.objects.get(pcode="IQG02Q06N03"),
                "occurred_from": MOMENT - timedelta(days=3),
                "summary": "Near the port",
            },
            version=1,
            by=worker,
            victims=[VictimFacts(harm="killed", age=12)],
        )
        assert changed.district.pcode == "IQG02Q06"
        assert changed.occurred_on == date(2026, 11, 15)
        assert "port" in changed.search_key
        assert changed.is_sensitive

    def test_rows_are_added_changed_and_taken_away(self, log, worker):
        incident = log(actors=(ActorFacts(category="criminal"), ActorFacts(category="tribal")))
        first, second = incident.actors.all()
        services.edit_incident(
            incident,
            facts={},
            version=1,
            by=worker,
            actors=[
                ActorFacts(id=first.pk, category="lone"),
                ActorFacts(id=second.pk, remove=True),
                ActorFacts(category="family"),
            ],
        )
        assert [actor.category for actor in incident.actors.all()] == ["lone", "family"]

    def test_a_row_of_another_incident_is_refused(self, log, worker):
        mine, other = log(), log(actors=(ActorFacts(),))
        with pytest.raises(NotAllowedFromHere):
            services.edit_incident(
                mine,
                facts={},
                version=1,
                by=worker,
                actors=[ActorFacts(id=other.actors.get().pk, category="lone")],
            )

    def test_a_sent_incident_keeps_at_least_one_source(self, log, worker):
        incident = log()
        gone = SourceFacts("family", "C", "3", id=incident.sources.get().pk, remove=True)
        with pytest.raises(NotComplete):
            services.edit_incident(incident, facts={}, version=1, by=worker, sources=[gone])


class TestTakingSourcesAway:
    @pytest.fixture
    def incident(self, log, make_user, basrah):
        """The worker's report, with a second source that a colleague brought."""
        incident = log()
        colleague = make_user(Role.INTERRUPTER, basrah, username="brought.it")
        services.add_source(incident, facts=SourceFacts("media", "B", "2"), by=colleague)
        incident.refresh_from_db()
        return incident

    def without(self, source):
        return [SourceFacts(source.kind, "C", "3", id=source.pk, remove=True)]

    def test_the_reporter_takes_away_no_colleagues_source(self, incident, worker):
        foreign = incident.sources.exclude(created_by=worker).get()
        with pytest.raises(SourceOfAnother):
            services.edit_incident(
                incident,
                facts={},
                version=incident.version,
                by=worker,
                sources=self.without(foreign),
            )
        assert incident.sources.count() == 2

    def test_the_reporter_takes_away_their_own(self, incident, worker):
        own = incident.sources.get(created_by=worker)
        services.edit_incident(
            incident, facts={}, version=incident.version, by=worker, sources=self.without(own)
        )
        assert list(incident.sources.values_list("created_by__username", flat=True)) == [
            "brought.it"
        ]

    def test_a_reviewer_takes_away_any(self, incident, worker, supervisor):
        foreign = incident.sources.exclude(created_by=worker).get()
        services.edit_incident(
            incident,
            facts={},
            version=incident.version,
            by=supervisor,
            sources=self.without(foreign),
        )
        assert incident.sources.count() == 1

    def test_the_form_offers_it_for_ones_own_only(self, incident, worker, signed_in):
        page = signed_in(worker).get(f"{incident.get_absolute_url()}edit/")
        offered = [row["remove"].id_for_label for row in page.context["rows"]["sources"]]
        shown = [name for name in offered if f'id="{name}"' in page.content.decode()]
        assert shown == offered[:1]


class TestRevising:
    def test_a_correction_keeps_what_it_was_and_why(self, log, supervisor):
        incident = log(state="accepted")
        revision = services.revise_incident(
            incident,
            facts={"killed_best": 2},
            reason="A second body was found.",
            version=incident.version,
            by=supervisor,
        )
        assert revision.changes == {"killed_best": [1, 2]}
        assert (revision.number, revision.by) == (1, supervisor)
        incident.refresh_from_db()
        assert (incident.killed_best, incident.workflow_state) == (2, "accepted")

    def test_a_correction_needs_a_reason(self, log, supervisor):
        incident = log(state="accepted")
        with pytest.raises(ReasonNeeded):
            services.revise_incident(
                incident, facts={"killed_best": 2}, reason=" ", version=1, by=supervisor
            )

    def test_what_is_not_accepted_yet_is_edited_not_revised(self, log, supervisor):
        with pytest.raises(NotAllowedFromHere):
            services.revise_incident(
                log(), facts={"killed_best": 2}, reason="why", version=1, by=supervisor
            )

    def test_the_reporter_revises_nothing(self, log, worker):
        with pytest.raises(NotForThisPerson):
            services.revise_incident(
                log(state="accepted"), facts={"killed_best": 2}, reason="w", version=1, by=worker
            )

    def test_a_named_group_does_not_stand_in_the_revision(self, log, supervisor):
        incident = log(state="accepted")
        services.revise_incident(
            incident,
            facts={},
            reason="more is known",
            version=1,
            by=supervisor,
            actors=[ActorFacts(category="party_militia", named_group="The Example Brigade")],
        )
        assert "Example" not in str(incident.revisions.get().changes)


class TestSources:
    def test_one_more_source_raises_the_grade(self, log, make_user, basrah):
        incident = log()
        colleague = make_user(Role.INTERRUPTER, basrah)
        services.add_source(incident, facts=SourceFacts("police", "C", "2"), by=colleague)
        incident.refresh_from_db()
        assert (incident.verification, incident.verification_rule) == ("corroborated", "two_good")

    def test_the_same_origin_counts_once(self, log, worker):
        incident = log()
        services.add_source(
            incident, facts=SourceFacts("social", "C", "3", same_origin_as=0), by=worker
        )
        incident.refresh_from_db()
        assert incident.verification == "provisional"

    def test_on_an_accepted_incident_it_is_a_revision(self, log, supervisor):
        incident = log(state="accepted")
        services.add_source(incident, facts=SourceFacts("hospital", "B", "2"), by=supervisor)
        assert incident.revisions.get().changes == {
            "sources": [1, 2],
            "verification": ["provisional", "confirmed"],
        }

    def test_grading_follows_through(self, log, supervisor):
        incident = log()
        services.grade_source(
            incident.sources.get(), reliability="E", credibility="5", by=supervisor
        )
        incident.refresh_from_db()
        assert incident.verification == "unverified"

    def test_a_colleague_does_not_grade_my_source(self, log, make_user, basrah):
        incident = log()
        with pytest.raises(NotForThisPerson):
            services.grade_source(
                incident.sources.get(),
                reliability="A",
                credibility="1",
                by=make_user(Role.WORKER, basrah),
            )

    def test_a_withdrawn_incident_takes_none(self, log, worker):
        with pytest.raises(NotAllowedFromHere):
            services.add_source(log(state="withdrawn"), facts=FAIR, by=worker)


class TestOverride:
    def test_a_grade_set_by_hand_stays_whatever_sources_come(self, log, supervisor, worker):
        incident = log()
        services.override_verification(
            incident, verification="disputed", reason="The family denies it.", by=supervisor
        )
        services.add_source(incident, facts=SourceFacts("hospital", "A", "1"), by=worker)
        incident.refresh_from_db()
        assert (incident.verification, incident.verification_computed) == ("disputed", "confirmed")
        services.clear_override(incident, by=supervisor)
        incident.refresh_from_db()
        assert (incident.verification, incident.verification_reason) == ("confirmed", "")

    def test_it_needs_a_reason_and_the_right(self, log, supervisor, worker):
        incident = log()
        with pytest.raises(ReasonNeeded):
            services.override_verification(
                incident, verification="refuted", reason="", by=supervisor
            )
        with pytest.raises(NotForThisPerson):
            services.override_verification(
                incident, verification="refuted", reason="why", by=worker
            )

    def test_there_is_nothing_to_clear_where_nothing_was_set(self, log, supervisor):
        with pytest.raises(NotAllowedFromHere):
            services.clear_override(log(), by=supervisor)
