"""Navigation: what a person sees is what a person may open."""

from types import SimpleNamespace

import pytest
from django.test import override_settings
from django.urls import path

from ceasefire.look import navigation as subject
from ceasefire.look.navigation import BAR_ORDER, BAR_SIZE, ITEMS, navigation
from ceasefire.people.access import everyone_signed_in, requires
from ceasefire.people.roles import Role


def view(request):
    return None


def guarded(permission):
    return requires(permission)(lambda request: None)


urlpatterns = [
    path("", everyone_signed_in(view)),
    path("incidents/", guarded("incidents.view_incident")),
    path("incidents/new/", guarded("incidents.add_incident")),
    path("incidents/board/", guarded("incidents.view_incident")),
    path("incidents/review/", guarded("incidents.review_incident")),
    path("dashboard/", guarded("reports.view_dashboard")),
    path(
        "reports/", requires("reports.view_weeklyreport", "reports.view_sharedweeklyreport")(view)
    ),
    path("audit/", guarded("audit.view_auditevent")),
]


@pytest.fixture(autouse=True)
def _these_addresses():
    subject._view_behind.cache_clear()
    with override_settings(ROOT_URLCONF=__name__):
        yield
    subject._view_behind.cache_clear()


def person(role="worker", *permissions):
    return SimpleNamespace(
        is_authenticated=True, role=role, has_perm=lambda name: name in permissions
    )


def keys(links):
    return [link.key for link in links]


def test_only_what_one_may_open_is_shown():
    links = navigation(person("auditor", "audit.view_auditevent"), "/").side

    assert keys(links) == ["home", "audit"]


def test_an_address_that_this_version_lacks_is_not_shown():
    everything = SimpleNamespace(is_authenticated=True, role="manager", has_perm=lambda name: True)

    assert "caseload" not in keys(navigation(everything, "/").side)


def test_any_one_of_several_permissions_will_do():
    reo = person("reo_viewer", "reports.view_sharedweeklyreport")

    assert keys(navigation(reo, "/").side) == ["home", "reports"]


def test_the_signed_out_see_nothing():
    nobody = SimpleNamespace(is_authenticated=False)

    assert navigation(nobody, "/").side == ()
    assert navigation(None, "/").bar == ()


@pytest.mark.parametrize(
    ("address", "current"),
    [
        ("/", "home"),
        ("/incidents/", "incidents"),
        ("/incidents/INC-2026-000123/", "incidents"),
        ("/incidents/board/", "board"),  # the longest address wins
        ("/incidents/new/", "log"),
        ("/account/", None),
    ],
)
def test_the_page_in_view_is_marked_once(address, current):
    links = navigation(
        person("worker", "incidents.view_incident", "incidents.add_incident"), address
    )

    assert [link.key for link in links.side if link.current] == ([current] if current else [])


def test_the_bar_holds_five_with_the_rest_behind_more():
    every = SimpleNamespace(is_authenticated=True, role="worker", has_perm=lambda name: True)
    found = navigation(every, "/audit/")

    assert keys(found.bar) == ["board", "log", "incidents", "reports"]
    assert len(found.bar) + 1 == BAR_SIZE
    assert set(keys(found.bar)) | set(keys(found.more)) == set(keys(found.side))
    assert found.more_is_current


def test_five_fit_without_more():
    five = person(
        "worker", "incidents.view_incident", "incidents.add_incident", "reports.view_weeklyreport"
    )
    found = navigation(five, "/")

    assert len(found.bar) == 5
    assert found.more == ()


def test_every_role_has_an_order_of_known_items():
    known = {item.key for item in ITEMS}

    assert set(BAR_ORDER) == set(Role.values)
    assert all(set(order) <= known for order in BAR_ORDER.values())


def test_groups_have_headings_in_order():
    every = SimpleNamespace(is_authenticated=True, role="manager", has_perm=lambda name: True)

    assert [str(heading) for heading, _links in navigation(every, "/").groups] == [
        "",
        "Incidents",
        "Reports",
        "Oversight",
    ]
