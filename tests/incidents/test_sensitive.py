"""Sexual violence, minors, staff involved: for the reporter, supervisors and managers of the site.

One hidden incident of each kind is planted among open ones. Everybody else is then shown the same
bytes, page by page, as if it had never been logged.
"""

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from ceasefire.people.roles import Role
from ceasefire.reports import services as reports
from incidents.models import Incident
from incidents.services import SourceFacts, VictimFacts
from tests.incidents.conftest import MOMENT

pytestmark = pytest.mark.django_db

KINDS = {
    "sexual violence": {"type": "SXV"},
    "sexual harm": {"victims": [VictimFacts("sexual")]},
    "a minor by age": {"victims": [VictimFacts("killed", age=17)]},
    "a minor by age group": {"victims": [VictimFacts("killed", age_band="0-11")]},
    "a child": {"victims": [VictimFacts("injured", roles=("child",))]},
    "staff": {"staff_involved": True},
}
#: What every role may ask for, permitted or not; what is refused is refused alike.
ADDRESSES = [
    "/",
    "/incidents/",
    "/incidents/?q=minaret",
    "/incidents/?q=minarte",
    "/incidents/?q=minarte&close=on",
    "/incidents/?q=whispered",
    "/incidents/?q=ashar",
    "/incidents/?type=MUR",
    "/incidents/?type=SXV",
    "/incidents/?place=IQG02Q02N02-ASHAR",
    "/incidents/?week=18/11/2026",
    "/incidents/new/",
    "/incidents/board/",
    "/incidents/map/",
    "/incidents/review/",
    "/incidents/export/?format=csv",
    "/incidents/export/?format=geojson",
    "/incidents/export/?format=csv&q=minaret",
    "/incidents/places/?q=ashar",
    "/notifications/",
    "/dashboard/",
    "/reports/",
    "/reports/BASRAH-CENTRE/2026-11-15/",
    "/reports/BASRAH-CENTRE/2026-11-15/?format=json",
    "/reports/BASRAH-CENTRE/2026-11-15/?format=json&language=ar",
    "/reports/BASRAH-CENTRE/2026-11-15/?format=pdf&language=en",
    "/reports/BASRAH-CENTRE/2026-11-15/?format=xlsx&language=en",
    "/reports/BASRAH-CENTRE/2026-11-15/narrative/",
    "/reports/BASRAH-CENTRE/2026-11-15/correct/",
]
OTHERS = [
    (Role.WORKER, "of the site"),
    (Role.INTERRUPTER, "of the site"),
    (Role.DATA_OFFICER, "of the site"),
    (Role.REO_STAFF, ""),
    (Role.REO_VIEWER, ""),
    (Role.AUDITOR, ""),
    (Role.ADMINISTRATOR, ""),
    (Role.SUPERVISOR, "of another site"),
    (Role.MANAGER, "of another site"),
]
_CHANGING = re.compile(
    r'name="(?:csrfmiddlewaretoken|key|opened_at)" value="[^"]*"|"X-CSRFToken": ?"[^"]*"'
    r"|value=\"[0-9a-f-]{36}\"|content=\"[A-Za-z0-9]{64}\"|data-[a-z-]*at=\"[^\"]*\""
    r"|name=\"version\" value=\"\d+\""
    r"|\d{4}-\d\d-\d\d(?:T|%20|_|-)\d\d[:%0-9A-F.-]*|\d\d:\d\d"
)


def compile_the_week(site):
    """The report of the week in which all of it happened."""
    return reports.compile_week(
        site=site, week_start=date(2026, 11, 15), as_of=MOMENT + timedelta(days=5)
    )


def shown(user):
    """{address: (status, bytes without what changes with every request)}."""
    seen = {}
    for address in ADDRESSES:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        seen[address] = (answer.status_code, _CHANGING.sub("", body.decode("utf-8", "replace")))
    return seen


def test_to_everybody_else_it_is_as_if_it_had_never_been_logged(
    log, basrah, zubair, worker, make_user, settings
):
    settings.CEASEFIRE_TODAY = "2026-11-23"
    sites = {"of the site": [basrah], "of another site": [zubair], "": []}
    others = {(role, where): make_user(role, *sites[where]) for role, where in OTHERS}
    for number in range(4):
        log(summary=f"open {number} at the market")
    compile_the_week(basrah)
    before = {who: shown(user) for who, user in others.items()}
    codes = []
    for facts in KINDS.values():
        hidden = log(
            summary="near the minaret",
            sources=[SourceFacts("family", "C", "3", text="whispered")],
            **facts,
        )
        assert hidden.is_sensitive
        codes.append(hidden.code)
    report = compile_the_week(basrah)
    assert report.body != report.body_open | {"audience": "full"}

    for (role, where), user in others.items():
        after = shown(user)
        for address in ADDRESSES:
            # The auditor's home counts the entries of the trail, whatever they are about.
            if not (role == Role.AUDITOR and address == "/"):
                assert after[address] == before[role, where][address], (role, where, address)
            for code in codes:
                assert code not in after[address][1], (role, where, address)
        client = Client()
        client.force_login(user)
        for code in codes:
            for path in ("", "edit/", "revise/"):
                answer = client.get(f"/incidents/{code}/{path}")
                assert answer.status_code in (403, 404), (role, where, path)
            answer = client.get("/incidents/", {"q": code})
            assert answer.status_code in (200, 403), (role, where)


@pytest.mark.parametrize("kind", KINDS)
def test_the_named_ones_do_see_it(log, worker, supervisor, manager, make_user, basrah, kind):
    hidden = log(summary="near the minaret", **KINDS[kind])

    for user in (worker, supervisor, manager):
        assert hidden in Incident.objects.visible_to(user)
        assert hidden in Incident.objects.visible_to(user, by_site=False)
    colleague = make_user(Role.WORKER, basrah)
    for by_site in (True, False):
        assert hidden not in Incident.objects.visible_to(colleague, by_site=by_site)


@pytest.mark.parametrize("role", list(Role))
def test_both_ways_of_asking_give_the_same_rows(log, basrah, zubair, worker, make_user, role):
    log(type="SXV")
    log(state="draft")
    log(summary="open")
    log(by=make_user(Role.WORKER, zubair), site=zubair)
    for sites in ([], [basrah], [zubair], [basrah, zubair]):
        user = make_user(role, *sites)
        assert set(Incident.objects.visible_to(user)) == set(
            Incident.objects.visible_to(user, by_site=False)
        )
