"""How lists are read: by an index, in order, however many incidents there are.

20,000 incidents of four sites, made once. What is held is the plan and the rows it touched, never a
time.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from ceasefire.look import paging
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from incidents.forms.filters import IncidentFilter
from incidents.models import Incident
from incidents.services import search
from incidents.views.scope import places_of
from tests.bench.crowd import RARE_WORD, Crowd, fill

SIZE = 20_000
#: More rows than these are not read for a page of a list, and of a search.
OF_A_LIST, OF_A_SEARCH = 700, paging.NEAR + 300
#: How transactions begin and end, and what only a view inside a test's transaction asks.
NO_QUERY = (
    *("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK"),
    *("SELECT current_user", "SELECT set_config('app.user_id', ''", "SET LOCAL ROLE"),
)


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: Any) -> Iterator[Crowd]:
    """Four sites full of incidents, gone again with the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield fill(SIZE)
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _put_back(crowd: Crowd) -> Iterator[None]:
    """Each test's own changes go with it; Django's mark would close the module's connection."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def of_one_site(crowd: Crowd) -> User:
    """A worker of the largest site."""
    return crowd.workers[crowd.sites[0].code][0]


@pytest.fixture
def of_three_sites(crowd: Crowd) -> User:
    """A worker of two large sites and the small one."""
    user = User.objects.create(username="three", code_name="Three", role=Role.WORKER, language="en")
    user.sites.set([*crowd.sites[:2], crowd.sites[3]])
    return user


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's steps, from the top."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def plans_of(sql: list[str]) -> list[dict[str, Any]]:
    """What PostgreSQL really did for each question about incidents."""
    found = []
    with connection.cursor() as cursor:
        for statement in sql:
            if 'FROM "incidents_incident"' not in statement:
                continue
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}")
            answer = cursor.fetchone()[0]
            answer = json.loads(answer) if isinstance(answer, str) else answer
            found.append(answer[0]["Plan"])
    return found


def rows_read(step: dict[str, Any]) -> float:
    """Rows of incidents that a step looked at, those it threw away again included."""
    if step.get("Relation Name") != "incidents_incident":
        return 0
    thrown = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Index Recheck", 0)
    return float((step["Actual Rows"] + thrown) * step["Actual Loops"])


LISTS = [
    ("", "all"),
    ("type=MUR", "a frequent type"),
    ("type=DMG", "a rare type"),
    ("place=IQG02", "the governorate"),
    ("place=IQG02Q02", "the district"),
    ("place=IQG02Q02N02", "a sub-district with its neighbourhoods"),
    ("place=IQG02Q02N02-ASHAR", "a neighbourhood"),
    ("place=IQG02Q05N01", "a place where others record"),
    ("place=IQG01", "a place where nobody records"),
    ("status=returned", "a state"),
    ("status=draft", "drafts, which are the reporter's alone"),
    ("verification=confirmed", "a grade"),
    ("verification=refuted", "a grade that nothing has"),
    ("mine=on", "own records"),
    ("type=DMG&status=returned", "two filters at once"),
]


@pytest.mark.parametrize("who", ["of_one_site", "of_three_sites"])
@pytest.mark.parametrize("query", [q for q, _why in LISTS], ids=[why for _q, why in LISTS])
def test_a_list_is_read_by_an_index_and_no_further_than_its_page(request, client, who, query):
    client.force_login(request.getfixturevalue(who))
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/incidents/?{query}").status_code == 200
    plans = plans_of([one["sql"] for one in asked.captured_queries])
    assert plans
    for plan in plans:
        steps = list(nodes(plan))
        assert not [s for s in steps if s["Node Type"] == "Seq Scan" and rows_read(s)], plan
        assert sum(map(rows_read, steps)) <= OF_A_LIST, plan
        for step in steps:
            if "Sort" in step["Node Type"]:
                assert step["Actual Rows"] <= OF_A_LIST, plan


SEARCHES = [
    ("السوق", "a frequent Arabic word"),
    ("Achar", "a place as it sounds"),
    (RARE_WORD, "a word of two records"),
    ("0012345", "the number of a code"),
    ("qqqxyz", "what is nowhere"),
    ("zz", "two letters that begin no word"),
    ("zubair", "a word that is frequent at other sites"),
    ("zigurat", "a word with a letter missing"),
    ("neighbour", "what sources said, mostly to others"),
    (f"pickup {RARE_WORD}", "two words"),
]


@pytest.mark.parametrize("who", ["of_one_site", "of_three_sites"])
@pytest.mark.parametrize("text", [q for q, _why in SEARCHES], ids=[why for _q, why in SEARCHES])
def test_a_search_looks_at_the_newest_and_then_asks_the_index_of_words(request, client, who, text):
    user = request.getfixturevalue(who)
    client.force_login(user)
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/incidents/", {"q": text}).status_code == 200
    plans = plans_of([one["sql"] for one in asked.captured_queries])
    assert plans
    for plan in plans:
        steps = list(nodes(plan))
        assert not [s for s in steps if s["Node Type"] == "Seq Scan" and rows_read(s)], plan
        assert sum(map(rows_read, steps)) <= OF_A_SEARCH * len(user.site_ids), plan


@pytest.mark.parametrize(
    ("who", "path", "most"),
    [
        ("of_one_site", "/incidents/", 12),
        ("of_three_sites", "/incidents/", 12),
        ("of_three_sites", "/incidents/?place=IQG02Q02N02&type=MUR&week=01/06/2024", 12),
        # More than the twelve of a list: the clock, links, photos and second reports of a record
        # are tables of their own (docs/benchmarks.md).
        ("of_one_site", "a record", 20),
    ],
)
def test_a_page_asks_the_database_no_more_than_so_many_questions(request, client, who, path, most):
    user = request.getfixturevalue(who)
    if path == "a record":
        own = Incident.objects.visible_to(user).filter(reporter=user)
        path = own.filter(workflow_state="accepted", is_sensitive=False)[0].get_absolute_url()
    client.force_login(user)
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    questions = [
        one["sql"] for one in asked.captured_queries if not one["sql"].startswith(NO_QUERY)
    ]
    assert len(questions) <= most, "\n".join(questions)


# --- what a quick reading must not change -------------------------------------------------------


def pages(user: User, query: str, size: int = 50) -> list[list[str]]:
    """Every page of a list as codes, onwards from the first, and back again to it."""
    user = User.objects.get(pk=user.pk)
    sites = list(user.sites.all())
    filters = IncidentFilter(
        QueryDict(query), user=user, sites=sites, places=places_of(sites, "district")
    )

    sought = filters.sought()

    def page(**cursor: Any) -> Any:
        return paging.keyset_page(
            filters.narrow(Incident.objects.visible_to(user)),
            size=size,
            parts=[Q(site=site.pk) for site in filters.asked_sites()],
            sought=None if sought is None else sought.holds,
            indexed=None
            if sought is None
            else filters.narrow(Incident.objects.visible_to(user, by_site=False)).filter(
                sought.index
            ),
            **cursor,
        )

    found, at = [], page()
    while True:
        found.append([row.code for row in at])
        if at.after is None:
            break
        at = page(after=at.after)
    back = [[row.code for row in at]]
    while at.before is not None:
        at = page(before=at.before)
        back.append([row.code for row in at])
    assert back[::-1] == found
    return found


@pytest.mark.parametrize(
    "query", ["type=ROB", "status=returned", "place=IQG02Q03", "place=IQG02Q02N02&type=DMG"]
)
def test_pages_of_several_sites_are_one_list_without_gap_or_repetition(of_three_sites, query):
    sites = list(of_three_sites.sites.all())
    filters = IncidentFilter(QueryDict(query), user=of_three_sites, sites=sites, places=[])
    wanted = filters.apply(Incident.objects.visible_to(of_three_sites)).order_by(
        "-occurred_from", "-id"
    )
    found = [code for page in pages(of_three_sites, query, size=40) for code in page]
    assert found == [incident.code for incident in wanted]
    assert found


@pytest.mark.parametrize("who", ["of_one_site", "of_three_sites"])
@pytest.mark.parametrize("text", ["السوق", "Achar", RARE_WORD, "zubair", "qqqxyz"])
def test_a_search_finds_the_same_as_reading_everything(request, monkeypatch, who, text):
    monkeypatch.setattr(paging, "NEAR", 300)
    user = request.getfixturevalue(who)
    wanted = (
        Incident.objects.visible_to(user)
        .filter(
            search.understand(text, user=user, site_ids=sorted(user.site_ids)).holds, type="MUR"
        )
        .order_by("-occurred_from", "-id")
    )
    found = [code for page in pages(user, f"type=MUR&q={text}", size=200) for code in page]
    assert found == [incident.code for incident in wanted]


def test_the_price_of_comparing_is_put_back_after_a_search(of_one_site):
    with connection.cursor() as cursor:
        cursor.execute("SHOW cpu_operator_cost")
        before = cursor.fetchone()
        pages(of_one_site, f"q={RARE_WORD}")
        cursor.execute("SHOW cpu_operator_cost")
        assert cursor.fetchone() == before


def test_a_word_is_looked_for_where_words_begin(crowd, of_one_site):
    first = Incident.objects.filter(site=crowd.sites[0])[0]
    first.search_key = "inc 2026 000001 xq zv17 market"
    first.save()
    for text, found in (("xq", True), ("zv", True), ("v1", False), ("zv17", True), ("mark", True)):
        sought = search.understand(text, user=of_one_site, site_ids=[first.site_id])
        rows = Incident.objects.filter(sought.index, sought.holds, pk=first.pk)
        assert rows.exists() is found, text
