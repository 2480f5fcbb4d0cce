"""The map: nothing drawn more exactly than it is known, nothing shown beyond what a person sees."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire.database.roles import as_owner
from ceasefire.people import roles
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.places import outlines
from ceasefire.places.models import Place
from incidents.models import Incident
from incidents.services import SourceFacts, mapping
from incidents.services.mapping import Box
from incidents.views.mapping import shade_steps
from tests.bench.crowd import Crowd, fill
from tests.incidents.conftest import ASHAR, FAIR, MOMENT

MAP, MARKS, RECORDS = "/incidents/map/", "/incidents/map/marks/", "/incidents/map/records/"
DAYS = "since=01/11/2026&until=30/11/2026"
#: Never right so far, doubtful: no more than "unverified".
WEAK = [SourceFacts(kind="social", reliability="E", credibility="5")]
BASRAH_BOX = "46.5,29.0,49.0,31.5"
NEAR = "47.7,30.4,47.9,30.6"
CENTRE, DISTRICT, GOVERNORATE = "IQG02Q02N02", "IQG02Q02", "IQG02"
SPOT = {"lat": 30.51, "lon": 47.82}
pytestmark = pytest.mark.django_db


def place(pcode: str) -> Place:
    return Place.objects.get(pcode=pcode)


def page(client: Any, query: str = DAYS) -> str:
    answer = client.get(f"{MAP}?{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def data(html: str) -> dict[str, Any]:
    found = re.search(r'id="map-data" hidden data-json="([^"]*)"', html)
    assert found
    return dict(json.loads(unescape(found[1])))


def rows(html: str) -> dict[str, tuple[int, int]]:
    """Area -> solid and unverified, as the table says them."""
    found = re.findall(
        r'<tr data-area="([^"]+)">.*?<td class="number">([\d,]+)</td>'
        r'<td class="number">([\d,]+)</td></tr>',
        html,
        re.S,
    )
    return {pcode: (_whole(solid), _whole(few)) for pcode, solid, few in found}


def _whole(text: str) -> int:
    return int(text.replace(",", ""))


def sums(html: str) -> tuple[int, int]:
    found = dict(re.findall(r'data-sum="(\w+)">([\d,]+)<', html))
    return _whole(found["solid"]), _whole(found["unverified"])


def marks(client: Any, query: str = DAYS, box: str = BASRAH_BOX, grid: int = 8) -> list[Any]:
    answer = client.get(f"{MARKS}?{query}&box={box}&grid={grid}")
    assert answer.status_code == 200
    return list(answer.json()["marks"])


# --- the one rule -------------------------------------------------------------------------------

KNOWN = [
    # place, geo_precision, where it counts, why
    (ASHAR, 1, CENTRE, "an address counts in its sub-district"),
    (ASHAR, 2, CENTRE, "so does a neighbourhood"),
    (ASHAR, 3, CENTRE, "and what is known to the sub-district only"),
    (ASHAR, 4, DISTRICT, "the place entered says more than is known"),
    (ASHAR, 5, GOVERNORATE, "known to the governorate only"),
    (CENTRE, 2, CENTRE, "a sub-district is no closer than itself"),
    (CENTRE, 5, GOVERNORATE, "a sub-district that is not sure"),
    (DISTRICT, 4, DISTRICT, "the district"),
    (DISTRICT, 5, GOVERNORATE, "a district that is not sure"),
    (GOVERNORATE, 5, GOVERNORATE, "the governorate"),
    ("IQ", 5, "IQ", "nothing but the country"),
]


@pytest.mark.parametrize(("pcode", "precision", "area", "why"), KNOWN)
def test_an_incident_counts_in_one_area_no_closer_than_it_is_known(
    log, signed_in, worker, pcode, precision, area, why
):
    incident = log(place=place(pcode), geo_precision=precision)
    html = page(signed_in(worker))

    assert {key: value for key, value in rows(html).items() if value != (0, 0)} == {area: (1, 0)}
    found = Incident.objects.filter(mapping.counted_in(place(area)))
    assert [one.pk for one in found] == [incident.pk]


@pytest.mark.parametrize(
    ("precision", "drawn"), [(1, True), (2, True), (3, False), (4, False), (5, False)]
)
def test_a_point_is_drawn_only_where_the_place_is_known_to_the_neighbourhood(
    log, signed_in, worker, precision, drawn
):
    log(geo_precision=precision, **SPOT)
    assert bool(marks(signed_in(worker))) is drawn


def test_a_point_known_to_the_neighbourhood_is_drawn_as_about_there(log, signed_in, worker):
    log(geo_precision=2, **SPOT)
    log(geo_precision=1, lat=30.52, lon=47.84)
    log(geo_precision=1, lat=30.5, lon=47.81, sources=WEAK)
    drawn = {(mark[0], mark[1]): mark[5] for mark in marks(signed_in(worker), box=NEAR, grid=6)}

    assert drawn == {(30.51, 47.82): "about", (30.52, 47.84): "solid", (30.5, 47.81): "few"}


def test_marks_that_stand_close_are_one_with_their_number(log, signed_in, worker):
    log(geo_precision=1, **SPOT)
    log(geo_precision=1, sources=WEAK, lat=30.512, lon=47.822)
    [mark] = marks(signed_in(worker), grid=3)

    # Somewhere in the middle of their cell of an eighth of a degree.
    assert 30.5 < mark[0] < 30.625
    assert 47.75 < mark[1] < 47.875
    assert mark[3:6] == ["2", 1, "mixed"]
    assert mark[6] == "1 incident, 1 unverified"


def test_without_coordinates_or_only_in_counts_there_is_no_point_but_a_number(
    log, signed_in, worker
):
    log(geo_precision=1)
    log(geo_precision=1, sharing="aggregate", **SPOT)
    client = signed_in(worker)

    assert marks(client) == []
    assert rows(page(client))[CENTRE] == (2, 0)


# --- who sees what ------------------------------------------------------------------------------

SENSITIVE = [
    ({"type": "SXV"}, "sexual violence"),
    ({"staff_involved": True}, "staff involved"),
]


@pytest.mark.parametrize(("what", "why"), SENSITIVE)
def test_a_sensitive_incident_is_out_of_the_map_for_others_and_never_a_point(
    log, signed_in, make_user, basrah, supervisor, what, why
):
    incident = log(geo_precision=1, **SPOT, **what)
    other = make_user(Role.WORKER, basrah)

    for user in (other, make_user(Role.DATA_OFFICER, basrah, username="officer")):
        client = signed_in(user)
        html = page(client)
        assert sums(html) == (0, 0)
        assert marks(client) == []
        assert incident.code not in client.get(f"{RECORDS}?{DAYS}&area={CENTRE}").content.decode()
    client = signed_in(supervisor)
    assert sums(page(client)) == (1, 0)
    assert marks(client) == []
    assert incident.code in client.get(f"{RECORDS}?{DAYS}&area={CENTRE}").content.decode()
    cell = mapping.in_cell(int(47.82 * 256), int(30.51 * 256), 8)
    assert not Incident.objects.filter(cell).exists()


def test_a_person_of_one_site_sees_nothing_of_another(log, signed_in, make_user, zubair, worker):
    incident = log(geo_precision=1, **SPOT)
    client = signed_in(make_user(Role.MANAGER, zubair, username="zubair.manager"))

    assert sums(page(client)) == (0, 0)
    assert marks(client) == []
    for query in (f"area={CENTRE}", "cell=8.12241.7810"):
        assert incident.code not in client.get(f"{RECORDS}?{DAYS}&{query}").content.decode()


def test_who_may_not_see_points_gets_areas_only(monkeypatch, log, signed_in, worker):
    log(geo_precision=1, **SPOT)
    without = roles.PERMISSIONS[Role.WORKER] - {"incidents.view_point"}
    monkeypatch.setitem(roles.PERMISSIONS, Role.WORKER, without)
    client = signed_in(worker)
    html = page(client)

    assert rows(html)[CENTRE] == (1, 0)
    assert "map/marks" not in html
    assert client.get(f"{MARKS}?{DAYS}&box={BASRAH_BOX}&grid=8").status_code == 403
    assert client.get(f"{RECORDS}?{DAYS}&cell=8.12241.7810").status_code == 404


STATES = [
    ("draft", False),
    ("submitted", True),
    ("in_review", True),
    ("returned", False),
    ("accepted", True),
    ("archived", True),
    ("withdrawn", False),
]


@pytest.mark.parametrize(("state", "counted"), STATES)
def test_the_map_counts_the_states_that_reports_count(log, signed_in, worker, state, counted):
    log(state=state, geo_precision=1, **SPOT)
    client = signed_in(worker)

    assert sums(page(client)) == ((1, 0) if counted else (0, 0))
    assert bool(marks(client)) is counted


def test_unverified_and_disputed_stand_beside_and_refuted_nowhere(log, signed_in, worker):
    for grade in Incident.Verification.values:
        incident = log()
        Incident.objects.filter(pk=incident.pk).update(
            verification=grade, verification_computed=grade
        )
    html = page(signed_in(worker))

    assert rows(html)[CENTRE] == (3, 2)
    drawn = data(html)["areas"][CENTRE]
    assert drawn["text"] == "3 +2"
    assert drawn["say"].endswith("3 incidents, 2 unverified")


def test_an_area_with_unverified_ones_only_is_hatched(log, signed_in, worker):
    log(sources=WEAK)
    html = page(signed_in(worker))

    assert data(html)["areas"][CENTRE] == {
        "shade": "few",
        "text": "+1",
        "say": data(html)["areas"][CENTRE]["say"],
    }
    assert 'class="shade-few"' in html


# --- filters, list, panel -----------------------------------------------------------------------


@pytest.fixture
def mixed(log: Callable[..., Incident]) -> None:
    """Twelve incidents of two types, five precisions, two months."""
    spots = [(ASHAR, 1), (ASHAR, 4), (CENTRE, 3), (DISTRICT, 4), ("IQG02Q02N01", 5), (ASHAR, 2)]
    for number in range(12):
        where, precision = spots[number * 5 % 6]
        log(
            type=("MUR", "KID")[number % 2],
            place=place(where),
            geo_precision=precision,
            occurred_from=MOMENT - timedelta(days=7 * number),
            sources=WEAK if number % 3 == 0 else [FAIR],
        )


QUERIES = [
    "",
    "type=KID",
    "place=IQG02Q02N02",
    "verification=unverified",
    "status=submitted",
    "since=01/11/2026",
    "until=31/10/2026",
    "type=MUR&since=20/10/2026&until=20/11/2026",
]


@pytest.mark.parametrize("query", QUERIES)
def test_sums_rows_and_the_list_behind_each_row_say_the_same(mixed, signed_in, worker, query):
    client = signed_in(worker)
    query = query or "since=01/01/2026&until=31/12/2026"
    html = page(client, query)
    table = rows(html)

    assert sums(html) == tuple(map(sum, zip(*table.values(), strict=True)))
    links = re.findall(r'href="([^"]+)" data-choose="([^"]+)"', html)
    assert {pcode for _url, pcode in links} == {key for key, row in table.items() if sum(row)}
    for url, pcode in links:
        answer = client.get(url.replace("&amp;", "&"))
        codes = set(re.findall(r"INC-\d{4}-\d{6}", answer.content.decode()))
        assert len(codes) == sum(table[pcode]), (pcode, url)
    answer = client.get(f"{MAP}?{query}")
    if answer.context["list_url"]:
        listed = client.get(answer.context["list_url"]).content.decode()
        assert len(set(re.findall(r"INC-\d{4}-\d{6}", listed))) == sum(sums(html))


def test_the_panel_names_records_by_code_and_nothing_else(log, signed_in, worker):
    written = log(geo_precision=1, summary="A quarrel about a canal", **SPOT)
    client = signed_in(worker)
    [mark] = marks(client)

    for query in (f"cell={mark[2]}", f"area={CENTRE}"):
        html = client.get(f"{RECORDS}?{DAYS}&{query}").content.decode()
        assert written.get_absolute_url() in html
        assert "quarrel" not in html
        assert "<html" not in html


def test_the_panel_names_the_newest_twenty_and_says_how_many_there_are(log, signed_in, worker):
    for number in range(22):
        log(occurred_from=MOMENT - timedelta(hours=number))
    html = signed_in(worker).get(f"{RECORDS}?{DAYS}&area={CENTRE}").content.decode()

    assert len(set(re.findall(r"INC-\d{4}-\d{6}", html))) == 20
    assert "22 incidents" in html


def test_the_panel_shows_no_day_more_exactly_than_it_is_known(log, signed_in, worker):
    log(time_precision=3, occurred_from=MOMENT)
    html = signed_in(worker).get(f"{RECORDS}?{DAYS}&area={CENTRE}").content.decode()
    assert "(about)" in html


BAD = [
    ("box=a,b,c,d&grid=8", MARKS, 400),
    ("box=1,2,3&grid=8", MARKS, 400),
    ("box=nan,1,inf,3&grid=8", MARKS, 400),
    ("box=48,30,47,31&grid=8", MARKS, 400),
    ("box=47,30,48,31&grid=x", MARKS, 400),
    ("grid=8", MARKS, 400),
    ("box=-999,-999,999,999&grid=999", MARKS, 200),
    ("cell=1.2", RECORDS, 404),
    ("cell=99.1.1", RECORDS, 404),
    ("cell=8.99999999999.1", RECORDS, 404),
    ("area=NOWHERE", RECORDS, 404),
    ("area=%00", RECORDS, 400),
    ("", RECORDS, 404),
    ("since=31/02/2026&until=x&type=NO&place=NOWHERE&status=draft", MAP, 200),
    ("since=30/11/2026&until=01/11/2026", MAP, 200),
    ("since=01/01/0001&until=31/12/9999", MAP, 200),
    ("week=18/11/2026", MAP, 200),
    ("week=x", MAP, 200),
]


@pytest.mark.parametrize(("query", "path", "status"), BAD)
def test_whatever_an_address_says_is_answered(signed_in, worker, query, path, status):
    assert signed_in(worker).get(f"{path}?{query}").status_code == status


def test_a_week_of_the_list_becomes_the_span_of_the_map(log, signed_in, worker):
    log()
    log(occurred_from=MOMENT - timedelta(days=7))
    answer = signed_in(worker).get(f"{MAP}?week=18/11/2026")

    assert answer.context["total"] == 1
    assert (answer.context["until"] - answer.context["since"]).days == 6


# --- without script, in Arabic, with tiles ------------------------------------------------------


def test_the_page_holds_the_map_as_a_picture_for_those_without_script(log, signed_in, worker):
    log()
    html = page(signed_in(worker))
    picture = html[html.index('<svg class="map-picture"') :]

    assert "shade-1" in picture
    assert "<title>" in picture
    assert "style=" not in html
    assert "OCHA" in html


def test_in_arabic_the_map_speaks_arabic_with_the_digits_chosen(log, signed_in, make_user, basrah):
    user = make_user(Role.WORKER, basrah, username="ar", language="ar", digits="arabic")
    log()
    html = page(signed_in(user), f"{DAYS}")

    assert data(html)["areas"][CENTRE]["text"] == "١"
    assert place(CENTRE).name_ar in data(html)["areas"][CENTRE]["say"]


def policy(answer: Any) -> str:
    return str(answer.headers["Content-Security-Policy"])


def test_no_other_host_may_be_asked_unless_the_setting_names_one(signed_in, worker):
    client = signed_in(worker)
    assert re.search(r"img-src 'self' data:(;|$)", policy(client.get(MAP)))
    with override_settings(
        TILE_URL="https://tiles.example.org/{z}/{x}/{y}.png", TILE_CREDIT="© Example"
    ):
        answer = client.get(MAP)
        assert re.search(r"img-src 'self' data: https://tiles\.example\.org(;|$)", policy(answer))
        assert "© Example" in answer.content.decode()
        assert "example.org" not in policy(client.get("/incidents/"))


# --- the drawing --------------------------------------------------------------------------------


def test_what_is_drawn_neither_overlaps_nor_gaps_and_stays_near_the_boundaries():
    from shapely import coverage_is_valid
    from shapely.geometry import Polygon, shape

    areas, whole = [], {}
    for file in sorted(outlines.FOLDER.glob("*.json")):
        for pcode, polygons in json.loads(file.read_text())["areas"].items():
            rings = [[outlines.points(ring) for ring in polygon] for polygon in polygons]
            drawn = [Polygon(first, rest) for first, *rest in rings]
            areas += drawn
            whole[pcode] = sum(one.area for one in drawn)
    assert len(whole) == 294
    assert coverage_is_valid(areas)
    for one in Place.objects.filter(level="subdistrict", source__contains="OCHA"):
        true = shape(one.geometry).area
        # An edge may move by two kilometres at most: the small ones lose the most of their size.
        assert abs(whole[one.pcode] - true) <= 0.02 * true**0.5 + 0.1 * true, one.pcode


def test_the_boundaries_of_a_governorate_weigh_little():
    for file in outlines.FOLDER.glob("*.json"):
        assert len(gzip.compress(file.read_bytes())) <= 12_000, file.name


@pytest.mark.parametrize("most", [0, 1, 2, 5, 6, 9, 40, 100, 999, 12_345, 1_000_000])
def test_shades_begin_at_one_rise_and_are_five_at_most(most):
    steps = shade_steps(most)
    assert steps == sorted(set(steps))
    assert len(steps) <= 5
    assert all(1 <= step <= max(most, 1) for step in steps)
    assert not steps or steps[0] == 1


BOXES = [
    Box(-180, -90, 180, 90),
    Box(46.5, 29, 49, 31.5),
    Box(47.7, 30.4, 47.9, 30.6),
    Box(47.8, 30.5, 47.8, 30.5),
]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("wanted", [-99, 0, 8, 14, 99])
def test_a_grid_never_has_more_cells_than_marks_may_be_sent(box, wanted):
    exponent = mapping.cell_exponent(box, wanted)
    assert mapping.COARSEST <= exponent <= mapping.FINEST
    assert mapping._cells(box, exponent) <= mapping.MOST_MARKS


# --- however many -------------------------------------------------------------------------------

SIZE = 20_000
#: How transactions begin and end, and what only a view inside a test's transaction asks.
NO_QUERY = (
    *("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK"),
    *("SELECT current_user", "SELECT set_config('app.user_id', ''", "SET LOCAL ROLE"),
)


def plans_of(sql: list[str]) -> list[list[dict[str, Any]]]:
    """The steps of what PostgreSQL really did for each question about incidents."""
    found = []
    with connection.cursor() as cursor:
        for statement in sql:
            if 'FROM "incidents_incident"' in statement:
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}")
                answer = cursor.fetchone()[0]
                answer = json.loads(answer) if isinstance(answer, str) else answer
                found.append(list(steps_of(answer[0]["Plan"])))
    return found


def steps_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from steps_of(part)


def rows_read(step: dict[str, Any]) -> float:
    """Rows of incidents that a step looked at, those it threw away again included."""
    if step.get("Relation Name") != "incidents_incident":
        return 0
    thrown = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Index Recheck", 0)
    return float((step["Actual Rows"] + thrown) * step["Actual Loops"])


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: Any) -> Iterator[Crowd]:
    """Four sites full of incidents with points, gone again with the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = fill(SIZE, with_rows=False)
        with connection.cursor() as cursor:
            # One precise incident in two has coordinates, somewhere in the governorate.
            cursor.execute(
                "UPDATE incidents_incident SET lat = 30.2 + random() * 0.7,"
                " lon = 47.3 + random() * 0.9 WHERE geo_precision <= 2 AND random() < 0.5"
            )
            cursor.execute("ANALYZE incidents_incident")
        yield made
        transaction.set_rollback(True)


def asked(client: Any, path: str) -> tuple[Any, list[str]]:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert answer.status_code == 200
    return answer, [
        one["sql"] for one in queries.captured_queries if not one["sql"].startswith(NO_QUERY)
    ]


class TestManyIncidents:
    @pytest.fixture(autouse=True)
    def _put_back(self, crowd: Crowd) -> Iterator[None]:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    @pytest.fixture
    def workers(self, crowd: Crowd) -> list[User]:
        """A worker of the largest site, and one of three sites."""
        three = User.objects.create(username="m3", code_name="M3", role=Role.WORKER, language="en")
        three.sites.set([*crowd.sites[:2], crowd.sites[3]])
        return [crowd.workers[crowd.sites[0].code][0], three]

    def test_marks_are_five_hundred_at_most_and_hold_every_point(self, client, workers):
        user = workers[0]
        client.force_login(user)
        query = "since=01/01/2000&until=31/12/2100"
        for grid in (0, 6, 10, 14):
            answer = client.get(f"{MARKS}?{query}&box=46,29,49,32&grid={grid}")
            found = answer.json()["marks"]
            points = mapping.on_the_map(Incident.objects.visible_to(user)).filter(mapping.DRAWN)
            said = sum(int(mark[3].replace(",", "") or 1) for mark in found)
            assert said == points.count() > 500
            assert 0 < len(found) <= mapping.MOST_MARKS
            assert len(gzip.compress(answer.content)) <= 100 * 1024

    def test_the_table_says_what_the_raw_count_says(self, client, workers):
        for user in workers:
            client.force_login(user)
            html = page(client, "since=01/01/2000&until=31/12/2100")
            counted = mapping.on_the_map(Incident.objects.visible_to(user))
            solid = counted.filter(mapping.SOLID).count()
            assert sums(html) == (solid, counted.count() - solid)
            assert len(gzip.compress(html.encode())) <= 30 * 1024

    @pytest.mark.parametrize("path", [MAP, MARKS])
    def test_only_the_incidents_of_the_span_are_read_and_by_the_index(self, client, workers, path):
        for user in workers:
            client.force_login(user)
            answer, sql = asked(client, f"{path}?box=46,29,49,32&grid=8")
            plans = plans_of(sql)
            assert plans
            page_of_map = client.get(MAP)
            span = page_of_map.context
            own = Incident.objects.filter(
                site__in=user.site_ids, occurred_on__range=(span["since"], span["until"])
            ).count()
            for steps in plans:
                assert not [s for s in steps if s["Node Type"] == "Seq Scan" and rows_read(s)]
                assert sum(map(rows_read, steps)) <= own * 1.05 + 10, steps

    @pytest.mark.parametrize("path", [MAP, MARKS])
    def test_the_map_reads_its_index_and_no_rows(self, client, workers, path):
        """Nothing here is vacuumed, so rows would be as cheap: what is held is that it can be."""
        for user in workers:
            client.force_login(user)
            _answer, sql = asked(client, f"{path}?box=46,29,49,32&grid=8")
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_bitmapscan = off")
                with as_owner(connection):
                    cursor.execute("DROP INDEX IF EXISTS incident_weekly")
            for steps in plans_of(sql):
                read = {step["Node Type"] for step in steps if rows_read(step)}
                assert read <= {"Index Only Scan"}, steps

    def test_the_questions_do_not_grow_with_incidents_or_sites(self, client, workers):
        counts = {}
        for user in workers:
            client.force_login(user)
            for query in ("since=01/11/2026&until=02/11/2026", "since=01/01/2000&until=01/01/2100"):
                for path in (MAP, MARKS):
                    address = f"{path}?{query}&box=46,29,49,32&grid=8"
                    counts[user.username, query, path] = len(asked(client, address)[1])
        for path in (MAP, MARKS):
            assert len({n for (_u, _q, p), n in counts.items() if p == path}) == 1, counts
            assert max(n for (_u, _q, p), n in counts.items() if p == path) <= 12, counts


def test_the_map_is_among_the_places_to_go(signed_in, worker):
    assert (
        reverse("incidents:incident_map") in signed_in(worker).get("/incidents/").content.decode()
    )
