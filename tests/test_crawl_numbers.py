"""Every number on every dashboard of the demo is that of the list it opens, for each role."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from ceasefire.people.models import User
from incidents.models import Incident
from incidents.views.desk import filters_of
from tests.demo_world import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PAGES = [
    ("worker", "/dashboard/"),
    ("supervisor", "/dashboard/"),
    ("supervisor", "/dashboard/week/?period=12"),
    ("manager", "/dashboard/?site=BASRAH-CENTRE&period=12"),
    ("manager", "/dashboard/?site=BASRAH-CENTRE&period=12&place=IQG02Q02N02"),
    ("manager", "/dashboard/?site=AL-ZUBAIR&period=4&beside=year"),
    ("manager", "/dashboard/?site=BASRAH-HISTORY&period=days&since=1/1/2004&until=31/12/2004"),
    ("manager", "/dashboard/team/"),
    ("manager", "/dashboard/team/?site=BASRAH-CENTRE"),
    ("manager", "/dashboard/quality/?site=BASRAH-CENTRE&period=12"),
    ("data", "/dashboard/?site=BASRAH-CENTRE&period=12"),
    ("data", "/dashboard/week/?site=BASRAH-CENTRE"),
    ("reo.officer", "/dashboard/"),
    ("reo.viewer", "/dashboard/"),
]
#: What a page says of a number that its reader may not open.
CLOSED = ("REO keeps their pages.", "The data officer keeps the files.")


@pytest.fixture
def signed_in(demo_connection: Any) -> Any:
    def sign_in(name: str) -> Client:
        client = Client()
        assert client.login(username=name, password=PASSWORD)
        return client

    return sign_in


def numbers(answer: Any) -> Iterator[tuple[str, int, str]]:
    """(what, how many, the list that it opens) of every number on a dashboard."""
    for block in answer.context["blocks"]:
        if any(str(block.note).endswith(words) for words in CLOSED):
            assert not block.figure_url
            continue
        if getattr(block, "key", "") == "alerts" and not block.figure_url:
            # Those of a place stand below, all of them.
            assert block.value in (None, sum(bool(item.badge) for item in block.items))
        elif isinstance(block.value, int):
            yield str(block.title), block.value, block.figure_url
        lines = [one for one in getattr(block, "lines", ()) if not isinstance(one, str)]
        for line in [*lines, *block.items]:
            for one in [line, *getattr(line, "checks", ())]:
                if one.count is not None:
                    yield str(one.label), one.count, one.url
    for row, _change in answer.context.get("rows", ()):
        for known, url in ((row.now, row.url), (row.then, row.then_url)):
            if known is not None and known.value is not None and not row.of_people:
                yield str(row.label), known.value, url
    for shown in answer.context.get("charts", ()):
        for line in shown.lines[:8]:
            for cell in line:
                if cell.url:
                    yield f"{shown.slug}, {line[0].text}", int(cell.text), cell.url


def held(client: Client, user: Any, url: str) -> int:
    """How many records a list holds, all its pages together."""
    path, _mark, query = url.partition("?")
    if path == "/incidents/":
        filters = filters_of(query, user)
        assert filters.is_valid(), (url, filters.errors)
        return filters.apply(Incident.objects.visible_to(user)).count()
    total, more = 0, url
    while more:
        answer = client.get(more)
        assert answer.status_code == 200, more
        context, onward = answer.context, ""
        joint = "&" if query else "?"
        if path == "/outreach/":
            total += sum(len(rows) for _site, rows in context["groups"])
            onward = f"page={context['pages']['later']}" if context["pages"]["later"] else ""
        elif path == "/outreach/supervision/":
            total += len(context["rows"])
            onward = f"page={context['later']}" if context["later"] else ""
        elif path == "/outreach/staff/":
            total += len(context["people"])
        elif path == "/grants/handover/":
            total += len(context["left"])
        elif path == "/incidents/board/" and context["page"] is None:
            # Each column by itself, page by page.
            names = [column["name"] for column in context["groups"]]
            stages = [f"{url}{'&' if query else '?'}stage={name}" for name in names]
            return sum(held(client, user, stage) for stage in stages)
        else:
            total += len(context["page"])
            onward = f"after={context['page'].after}" if context["page"].after else ""
        more = f"{url}{joint}{onward}" if onward else ""
    return total


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_every_number_opens_as_many_records_as_it_says(name, path, signed_in, demo_connection):
    client, user = signed_in(name), User.objects.get(username=name)
    answer = client.get(path)
    assert answer.status_code == 200
    seen: dict[str, int] = {}
    opened = 0
    for what, count, url in numbers(answer):
        assert url or not count, f"{what}: {count} opens nothing"
        if not count:
            continue
        if url.startswith(("/reports/", "?")):
            # What a report says stands in the report; another site's alerts on its own page.
            where = path.partition("?")[0] if url[0] == "?" else ""
            assert client.get(where + url).status_code == 200
            continue
        if url not in seen:
            seen[url] = held(client, user, url)
        assert seen[url] == count, f"{what}: {count}, {url}: {seen[url]}"
        opened += 1
    assert opened > 1


def test_a_line_with_a_number_says_how_many_its_list_holds(signed_in):
    # Otherwise the test above would pass it over.
    for name, path in PAGES:
        for block in signed_in(name).get(path).context["blocks"]:
            for item in block.items:
                words = str(item.label)
                if item.count is None and getattr(block, "key", "") != "grants":
                    assert not words[:1].isdigit(), (name, path, words)
                    assert not words[-1:].isdigit() or "QRF-" in words, (name, path, words)
