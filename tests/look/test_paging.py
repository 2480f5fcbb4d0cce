"""Pages by key: every row once, in order, both ways, whatever the cursor says."""

import base64
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ceasefire.codes.models import Code
from ceasefire.look.paging import keyset_page

pytestmark = pytest.mark.django_db

ORDERING = ("-order", "-id")


@pytest.fixture
def codes():
    """Eleven codes, most of them tied on the first key."""
    for number in range(11):
        Code.objects.create(
            list="paging",
            code=f"C{number:02}",
            label_en=f"C{number}",
            label_ar="ر",
            order=number // 4,
        )
    return Code.objects.filter(list="paging")


def page(codes, **cursor):
    return keyset_page(codes, ORDERING, size=4, **cursor)


def names(rows):
    return [row.code for row in rows]


def test_going_on_meets_every_row_once_in_order(codes):
    seen, cursor = [], None
    while True:
        found = page(codes, after=cursor)
        seen += names(found)
        cursor = found.after
        if cursor is None:
            break

    assert seen == names(codes.order_by(*ORDERING))


def test_going_back_shows_the_same_pages(codes):
    first = page(codes)
    second = page(codes, after=first.after)
    third = page(codes, after=second.after)

    assert names(page(codes, before=third.before)) == names(second)
    assert names(page(codes, before=second.before)) == names(first)


def test_the_ends_have_no_neighbour(codes):
    first = page(codes)
    last = page(codes, after=page(codes, after=first.after).after)

    assert first.before is None
    assert last.after is None
    assert page(codes, before=page(codes, after=first.after).before).before is None


def test_a_row_that_comes_in_meanwhile_shifts_nothing(codes):
    first = page(codes)
    Code.objects.create(list="paging", code="NEW", label_en="N", label_ar="ج", order=99)

    assert names(page(codes, after=first.after)) == names(codes.order_by(*ORDERING)[5:9])


def cursor_of(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%%",
        "ééé",
        "\x00",
        "a" * 5000,
        cursor_of(),
        cursor_of(1),
        cursor_of(1, 2, 3),
        cursor_of("one", 2),
        cursor_of(None, 2),
        cursor_of([1], 2),
        cursor_of({"a": 1}, 2),
        cursor_of(True, 2),
        cursor_of(1, 10**40),
        cursor_of(10**400, 1),
        cursor_of(1e308, 1),
        base64.urlsafe_b64encode(b"[" * 600).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_cursor_that_cannot_be_read_gives_the_first_page(codes, cursor):
    assert names(page(codes, after=cursor)) == names(page(codes))
    assert names(page(codes, before=cursor)) == names(page(codes))


def test_a_cursor_past_the_start_gives_the_first_page(codes):
    assert names(page(codes, before=cursor_of(1000, 10**9))) == names(page(codes))


def test_text_keys_page_too(codes):
    first = keyset_page(codes, ("code",), size=4)
    second = keyset_page(codes, ("code",), size=4, after=first.after)

    assert names(first) + names(second) == [f"C{number:02}" for number in range(8)]
    assert names(keyset_page(codes, ("code",), after=cursor_of("a\x00"))) == names(
        keyset_page(codes, ("code",))
    )


def test_a_page_costs_one_query_without_count_or_offset(codes):
    first = page(codes)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page(codes, after=first.after)

    assert len(queries) == 1
    sql = queries[0]["sql"].upper()
    assert "OFFSET" not in sql
    assert "COUNT(" not in sql
