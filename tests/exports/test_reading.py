"""Rows that are read while others are written: all of them, in order, as the person who asked."""

import threading

import pytest
from django.db import DataError, connection
from django.db.models import Func, IntegerField, Value, Window
from django.db.models.functions import RowNumber

from ceasefire.exports import ahead, reading
from ceasefire.places.models import Place

pytestmark = pytest.mark.django_db


class Backend(Func):
    function = "pg_backend_pid"
    output_field = IntegerField()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(reading, "LOT", 7)


def places():
    return Place.objects.order_by("pcode").values_list("pcode", flat=True)


@pytest.mark.parametrize("number", [0, 1, 7, 8, 14, 30])
def test_every_row_comes_once_and_in_order(number):
    assert list(ahead(places()[:number])) == list(places()[:number])


def test_the_rows_are_read_over_the_connection_of_who_asked():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (ours,) = cursor.fetchone()

    assert {pid for (pid,) in ahead(places().values_list(Backend())[:30])} == {ours}


def test_who_stops_leaves_no_thread_and_no_open_question():
    before = threading.active_count()
    rows = ahead(places())
    assert next(rows) == places()[0]
    rows.close()

    assert threading.active_count() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '_django_curs%'")
        assert cursor.fetchone() == (0,)


def test_what_fails_half_way_is_raised():
    place_of_row = Window(RowNumber(), order_by="pcode")
    broken = places().values_list(Value(1) / (place_of_row - Value(20)))

    with pytest.raises(DataError, match="division by zero"):
        list(ahead(broken))


def test_rows_that_would_ask_themselves_are_refused():
    with pytest.raises(ValueError, match="read ahead"):
        ahead(Place.objects.prefetch_related("parts"))
