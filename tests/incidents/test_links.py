"""What one event has to do with another: made, shown, followed, taken away."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from incidents import services
from incidents.exceptions import CannotBeLinked, NotForThisPerson
from incidents.models import IncidentLink
from incidents.services import VictimFacts
from incidents.services.links import DEEPEST
from tests.incidents.conftest import MOMENT, move_to

RETALIATION, FOLLOW_UP = "retaliation_for", "follow_up_of"


def days(number: float) -> dict[str, object]:
    return {"occurred_from": MOMENT - timedelta(days=10) + timedelta(days=number)}


class TestLinking:
    def test_a_link_is_made_and_audited(self, log, worker):
        first, second = log(**days(0)), log(**days(1))
        link = services.add_link(second, kind=RETALIATION, to=first, by=worker)
        assert (link.from_incident, link.to_incident) == (second, first)
        assert AuditEvent.objects.filter(verb="incident.linked").count() == 1

    def test_never_to_itself(self, log, worker):
        one = log()
        with pytest.raises(CannotBeLinked, match="itself"):
            services.add_link(one, kind=FOLLOW_UP, to=one, by=worker)

    @pytest.mark.parametrize("kind", IncidentLink.Kind.values)
    def test_once_a_kind_in_either_direction(self, log, worker, kind):
        first, second = log(**days(0)), log(**days(1))
        services.add_link(second, kind=kind, to=first, by=worker)
        for ends in ((second, first), (first, second)):
            with pytest.raises(CannotBeLinked):
                services.add_link(ends[0], kind=kind, to=ends[1], by=worker)

    def test_the_database_refuses_doubles_and_selves_too(self, log, worker):
        first, second = log(), log()
        IncidentLink.objects.create(kind=FOLLOW_UP, from_incident=first, to_incident=second)
        for ends in ((second, first), (first, first)):
            with pytest.raises(IntegrityError), transaction.atomic():
                IncidentLink.objects.create(
                    kind=FOLLOW_UP, from_incident=ends[0], to_incident=ends[1]
                )

    def test_retaliations_make_no_ring(self, log, worker):
        ring = [log(time_precision=4) for _ in range(3)]
        services.add_link(ring[0], kind=RETALIATION, to=ring[1], by=worker)
        services.add_link(ring[1], kind=RETALIATION, to=ring[2], by=worker)
        with pytest.raises(CannotBeLinked, match="ring"):
            services.add_link(ring[2], kind=RETALIATION, to=ring[0], by=worker)

    @pytest.mark.parametrize(
        ("precision", "apart", "refused"),
        [
            (1, 1, True),
            (2, 6, False),
            (2, 8, True),
            (3, 30, False),
            (4, 60, False),
        ],
    )
    def test_what_comes_later_did_not_happen_before(self, log, worker, precision, apart, refused):
        early = log(occurred_from=MOMENT - timedelta(days=apart), time_precision=precision)
        late = log()
        if refused:
            with pytest.raises(CannotBeLinked, match="before"):
                services.add_link(early, kind=RETALIATION, to=late, by=worker)
        else:
            services.add_link(early, kind=RETALIATION, to=late, by=worker)

    @pytest.mark.parametrize("state", ["duplicate", "withdrawn", "draft"])
    def test_only_what_is_alive_is_linked(self, log, worker, supervisor, state):
        one, other = log(), log()
        if state == "duplicate":
            services.mark_duplicate(other, of=log(), by=supervisor)
        else:
            move_to(other, state)
        with pytest.raises(CannotBeLinked):
            services.add_link(one, kind=FOLLOW_UP, to=other, by=worker)

    def test_only_to_what_the_person_sees(self, log, worker, make_user, basrah):
        colleague = make_user(Role.WORKER, basrah, username="colleague")
        hidden = log(by=colleague, victims=[VictimFacts("killed", age=9)])
        with pytest.raises(NotForThisPerson):
            services.add_link(log(), kind=FOLLOW_UP, to=hidden, by=worker)

    def test_taken_away_by_who_made_it_and_by_reviewers(
        self, log, worker, supervisor, make_user, basrah
    ):
        colleague = make_user(Role.WORKER, basrah, username="colleague")
        first, second = log(**days(0)), log(**days(1))
        link = services.add_link(second, kind=FOLLOW_UP, to=first, by=worker)
        with pytest.raises(NotForThisPerson):
            services.remove_link(link, by=colleague)
        services.remove_link(link, by=supervisor)
        assert not IncidentLink.objects.exists()
        assert AuditEvent.objects.filter(verb="incident.unlinked").count() == 1


class TestPages:
    def test_both_records_show_the_link_from_their_own_end(self, client, log, worker):
        first, second = log(**days(0)), log(**days(1))
        services.add_link(second, kind=RETALIATION, to=first, by=worker)
        client.force_login(worker)
        assert "Retaliation for" in client.get(second.get_absolute_url()).content.decode()
        assert "Retaliated by" in client.get(first.get_absolute_url()).content.decode()

    def test_a_link_to_what_one_does_not_see_leaves_no_trace(
        self, client, log, worker, supervisor, make_user, basrah
    ):
        colleague = make_user(Role.WORKER, basrah, username="colleague")
        one = log(**days(2))
        hidden = log(by=colleague, victims=[VictimFacts("killed", age=9)], **days(1))
        beyond = log(**days(0))
        client.force_login(worker)
        pages = [one.get_absolute_url(), f"{one.get_absolute_url()}chain/"]
        without = [plain(client.get(page)) for page in pages]
        services.add_link(one, kind=FOLLOW_UP, to=hidden, by=supervisor)
        services.add_link(hidden, kind=FOLLOW_UP, to=beyond, by=supervisor)
        assert [plain(client.get(page)) for page in pages] == without
        client.force_login(supervisor)
        assert hidden.code in client.get(pages[1]).content.decode()
        assert beyond.code in client.get(pages[1]).content.decode()

    def test_a_code_in_arabic_digits_is_understood(self, client, log, worker):
        first, second = log(**days(0)), log(**days(1))
        arabic = second.code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")).lower()
        client.force_login(worker)
        answer = client.post(
            f"{first.get_absolute_url()}links/",
            {"link-kind": "same_event_as", "link-other": arabic},
        )
        assert answer.status_code == 302
        assert IncidentLink.objects.get().to_incident == second

    @pytest.mark.parametrize("typed", ["INC-2020-999999", "nonsense", ""])
    def test_a_bad_code_is_said_where_it_was_typed(self, client, log, worker, typed):
        client.force_login(worker)
        answer = client.post(
            f"{log().get_absolute_url()}links/",
            {"link-kind": "same_event_as", "link-other": typed},
        )
        assert answer.status_code == 200
        assert answer.context["link_form"].errors["other"]

    def test_a_link_of_another_record_is_not_there(self, client, log, worker):
        first, second, third = log(), log(), log()
        link = services.add_link(first, kind="same_event_as", to=second, by=worker)
        client.force_login(worker)
        answer = client.post(f"{third.get_absolute_url()}links/{link.pk}/remove/")
        assert answer.status_code == 404


class TestTheChain:
    def test_it_stands_in_order_of_time_whatever_the_links(self, log, worker):
        late, early, middle = log(**days(5)), log(**days(1)), log(**days(3))
        services.add_link(late, kind=RETALIATION, to=middle, by=worker)
        services.add_link(middle, kind=RETALIATION, to=early, by=worker)
        for start in (late, early, middle):
            chain = services.chain_of(start, worker)
            assert chain.incidents == [early, middle, late]

    def test_it_ends_after_so_many_links(self, log, worker):
        row = [log(**days(at / 10)) for at in range(DEEPEST + 3)]
        for later, earlier in zip(row[1:], row[:-1], strict=True):
            services.add_link(later, kind=FOLLOW_UP, to=earlier, by=worker)
        assert len(services.chain_of(row[0], worker).incidents) == DEEPEST + 1

    def test_its_questions_do_not_grow(self, client, log, worker):
        first = log(**days(0))
        client.force_login(worker)
        client.get(f"{first.get_absolute_url()}chain/")
        asked = []
        for at in (1, 2, 3):
            services.add_link(log(**days(at)), kind=RETALIATION, to=first, by=worker)
            with CaptureQueriesContext(connection) as questions:
                client.get(f"{first.get_absolute_url()}chain/")
            asked.append(len(questions))
        assert len(set(asked)) == 1


def plain(answer) -> str:
    """A page without its tokens, which differ each time."""
    page = answer.content.decode()
    for token in set(re.findall(r"[A-Za-z0-9]{64}", page)):
        page = page.replace(token, "")
    return page
