"""The window of near repeats beside an open watch: whom it is told to, how far and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ceasefire import periods
from ceasefire.people.roles import REO_ROLES, Role
from ceasefire.reports import near_window
from ceasefire.reports.models import WeeklyReport
from incidents.models import RetaliationWatch
from incidents.near_windows import NearWindow
from tests.reports.conftest import WEEK, incident

pytestmark = pytest.mark.django_db
BOARD = "/incidents/board/"


def found(sure=(1, 0), p_overall=0.001, **more):
    """Near repeats of which one band is sure."""
    ones = [[1.0] * 3 for _row in range(4)]
    values = {
        name: [row[:] for row in ones]
        for name in ("observed", "expected", "ratio", "ratio_low", "ratio_high", "p")
    }
    if sure is not None:
        at, column = sure
        values["p"][at][column], values["ratio"][at][column] = 0.001, 2.8
        values["ratio_low"][at][column], values["ratio_high"][at][column] = 1.6, 4.1
    return {
        "events": 300, "metres": [0.0, 1.0, 200.0, 400.0, 800.0], "days": [0, 3, 8, 15],
        "p_overall": p_overall, "q": p_overall, **values, **more,
    }  # fmt: skip


@pytest.fixture
def told(basrah, make_user):
    """An approved report with such near repeats, one for each version."""

    by = make_user(Role.MANAGER, basrah, username="approves")

    def make(full, open_version=None, *, week=WEEK, status="frozen", number=1, of=None):
        approved = {"frozen_at": periods.now(), "frozen_by": by} if status == "frozen" else {}
        return WeeklyReport.objects.create(
            site=basrah, week_start=week, number=number, status=status,
            body={"near_repeat": full, "alerts": []}, basis={}, checksum="x" * 64,
            body_open={"near_repeat": full if open_version is None else open_version},
            basis_open={}, checksum_open="y" * 64, data_as_of=periods.now(),
            compiled_at=periods.now(), revision_of=of, revision=int(of is not None), **approved,
        )  # fmt: skip

    return make


@pytest.fixture
def watch(basrah):
    """A killing two days ago at an exact point, under watch."""

    def make(**facts):
        day = periods.today() - timedelta(days=facts.pop("ago", 2))
        given = {"lat": "30.508000", "lon": "47.783500", "geo_precision": 1, **facts}
        one = incident(basrah, day, **given)
        one.save()
        now = periods.now()
        return RetaliationWatch.objects.create(
            incident=one, started_at=now, ends_at=now + timedelta(hours=72)
        )

    return make


@pytest.mark.parametrize(
    ("near", "window"),
    [
        (found(), (200, 2)),
        (found((2, 1)), (400, 7)),
        (found((0, 2)), (0, 14)),
        (found(None), None),
        (found(p_overall=0.3), None),
        ({}, None),
    ],
    ids=["next door", "further", "same spot", "no band is sure", "not told", "too few"],
)
def test_it_is_the_band_that_the_report_tells(basrah, make_user, told, near, window):
    told(near)
    worker = make_user(Role.INTERRUPTER, basrah, username="looks")
    expected = {} if window is None else {basrah.pk: NearWindow(*window, WEEK)}
    assert near_window.windows(worker, [basrah.pk]) == expected


def test_each_role_is_told_what_its_version_says_and_others_nothing(
    basrah, make_site, make_user, told
):
    told(found((2, 0)), found((1, 0)))
    manager = make_user(Role.MANAGER, basrah, username="m")
    worker = make_user(Role.WORKER, basrah, username="w")
    assert near_window.windows(manager, [basrah.pk])[basrah.pk].metres == 400
    assert near_window.windows(worker, [basrah.pk])[basrah.pk].metres == 200
    stranger = make_user(Role.MANAGER, make_site("AL-ZUBAIR"), username="s")
    assert near_window.windows(stranger, [basrah.pk]) == {}
    for role in REO_ROLES:
        assert near_window.windows(make_user(role, username=role), [basrah.pk]) == {}


def test_drafts_and_old_reports_say_nothing_and_the_newest_counts(basrah, make_user, told):
    worker = make_user(Role.WORKER, basrah, username="w")
    told(found(), week=WEEK - timedelta(weeks=8))
    told(found(), status="draft", number=2)
    assert near_window.windows(worker, [basrah.pk]) == {}
    told(found(), week=WEEK - timedelta(weeks=2), number=3)
    assert basrah.pk in near_window.windows(worker, [basrah.pk])
    told(found(None), week=WEEK - timedelta(weeks=1), number=4)
    assert near_window.windows(worker, [basrah.pk]) == {}


def test_a_correction_is_told_in_place_of_what_it_corrects(basrah, make_user, told):
    worker = make_user(Role.WORKER, basrah, username="w")
    first = told(found((2, 0)))
    told(found((1, 0)), of=first, number=2)
    assert near_window.windows(worker, [basrah.pk])[basrah.pk].metres == 200


@pytest.mark.parametrize(
    ("near", "facts", "words"),
    [
        (found((1, 1)), {}, "Near repeats: within 200 metres, until 21 November 2026."),
        (found((0, 1)), {}, "Near repeats: at the very spot, until 21 November 2026."),
        (found((1, 1)), {"geo_precision": 3}, "Near repeats: until 21 November 2026; how near"),
        (found((1, 0)), {"ago": 3}, ""),
    ],
    ids=["exact", "same spot", "not exact", "its last day has passed"],
)
def test_it_stands_beside_the_open_watch_and_why_it_is_72_hours(
    basrah, make_user, signed_in, told, watch, near, facts, words
):
    told(near)
    watch(**facts)
    page = signed_in(make_user(Role.INTERRUPTER, basrah, username="l")).get(BOARD).content.decode()
    assert "A watch lasts 72 hours by the program" in page
    assert (words in page) if words else ("Near repeats:" not in page)


def test_reo_opens_no_board(make_user, signed_in, told, watch):
    told(found())
    watch()
    for role in REO_ROLES:
        assert signed_in(make_user(role, username=role)).get(BOARD).status_code == 403
