"""Several questions in one: each answered as it would be alone."""

import pytest
from django.db import connection
from django.db.models import Count, Value
from django.test.utils import CaptureQueriesContext

from ceasefire import audit
from ceasefire.audit.models import AuditEvent
from ceasefire.codes.models import Code
from ceasefire.database.together import answered, together
from ceasefire.people.models import User
from ceasefire.places.models import Place, Site

pytestmark = pytest.mark.django_db


def questions(worker, supervisor):
    """One of every kind; made anew each time, since a queryset keeps what it read."""
    return {
        "joined": User.objects.select_related("supervisor").order_by("-code_name"),
        "few": Place.objects.order_by("-pcode").defer("geometry")[3:10],
        "nothing is asked": Place.objects.none(),
        "nothing is found": User.objects.filter(code_name="nobody"),
        "counted": Site.objects.annotate(number=Count("places"), word=Value("a % b")),
        "tuples": User.objects.order_by("pk").values_list("code_name", "created_at", "is_active"),
        "flat": User.objects.filter(code_name__in=[worker.code_name, "100 % sure"]).values_list(
            "pk", flat=True
        ),
        "with other types": Code.objects.filter(list="incident_type").order_by("code"),
        "octets": AuditEvent.objects.order_by("pk"),
        "related": supervisor.team.order_by("pk"),
        "prefetched": User.objects.order_by("pk").prefetch_related("sites"),
    }


def plain(value):
    """All that was read of a row, joined and annotated values included."""
    if not hasattr(value, "_state"):
        return value
    held = {name: one for name, one in vars(value).items() if name != "_state"}
    held.pop("_prefetched_objects_cache", None)
    joined = {name: plain(one) for name, one in value._state.fields_cache.items()}
    return type(value), held, joined


def test_each_is_answered_as_it_would_be_alone(worker, supervisor, basrah):
    audit.record("job.cancelled", by=worker)
    User.objects.filter(pk=worker.pk).update(supervisor=supervisor)
    alone = {name: list(rows) for name, rows in questions(worker, supervisor).items()}
    assert sum(map(bool, alone.values())) == len(alone) - 2

    with CaptureQueriesContext(connection) as asked:
        found = together(questions(worker, supervisor))

    assert len(asked) == 2  # the second is that of the prefetched rows
    for name, rows in alone.items():
        assert [plain(row) for row in found[name]] == [plain(row) for row in rows], name
    assert [list(one.sites.all()) for one in found["prefetched"]] == [
        list(one.sites.all()) for one in alone["prefetched"]
    ]


def test_nothing_is_asked_where_no_question_can_have_an_answer():
    with CaptureQueriesContext(connection) as asked:
        assert together({}) == {}
        assert together({"none": User.objects.none()}) == {"none": []}
    assert not asked


def test_parts_that_know_nothing_of_each_other_ask_in_one_statement_a_turn(worker, supervisor):
    def twice():
        first = yield {"people": User.objects.filter(pk=worker.pk)}
        second = yield {"sites": first["people"][0].sites.all()}
        return first["people"], second["sites"]

    def once():
        # The same name as another part's.
        return len((yield {"people": User.objects.all()})["people"])

    def never():
        return "nothing"
        yield

    with CaptureQueriesContext(connection) as asked:
        found = answered([twice(), None, once(), never()])

    assert found == [([worker], list(worker.sites.all())), None, 2, "nothing"]
    assert len(asked) == 2
