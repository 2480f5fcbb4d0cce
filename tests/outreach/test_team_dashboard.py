"""A team's dashboard: each number is that of the list it opens, and names nobody."""

from datetime import timedelta

import pytest

from ceasefire import periods
from ceasefire.people.roles import Role
from outreach import measures
from outreach.measures import team as of_team
from outreach.models import Approval, Conflict

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(team, case, conflict, elsewhere, zubair, make_user, basrah):
    """Some of everything that needs somebody; the same of another team and of another site."""
    today = periods.now().date()
    stranger = make_user(Role.WORKER, basrah, username="stranger")
    for by, site in ((team.worker, None), (stranger, None), (elsewhere.worker, zubair)):
        case(by=by, site=site)
        case(by=by, site=site, status="paused")
        case(by=by, site=site, risk_signal="planning")
        case(by=by, site=site, next_contact_on=today - timedelta(days=2))
        quiet = case(by=by, site=site)
        type(quiet).objects.filter(pk=quiet.pk).update(
            status_since=periods.now() - timedelta(days=40), last_contact_at=None
        )
        Approval.objects.create(participant=quiet, kind="intake", asked_by=by)
    late = conflict(state="cooled")
    Conflict.objects.filter(pk=late.pk).update(next_follow_up_on=today - timedelta(days=1))
    ending = conflict(state="monitoring")
    Conflict.objects.filter(pk=ending.pk).update(truce_ends_at=periods.now() + timedelta(days=2))
    conflict(state="reignited")
    conflict(state="closed")
    return team


def of(answer, key):
    return next(block for block in answer.context["blocks"] if getattr(block, "key", "") == key)


def test_a_supervisor_reads_their_team_and_each_number_is_that_of_its_list(busy, signed_in):
    client = signed_in(busy.supervisor)
    answer = client.get("/dashboard/")
    page = answer.content.decode()

    figures = {
        str(label): count for label, count, _tone in client.get("/outreach/").context["figures"]
    }
    cases = of(answer, "cases")
    assert cases.value == figures["Active"] == 4
    assert [item.label for item in cases.items] == [
        f"{figures['Under threat, or planning harm']} under threat, or planning harm",
        f"{figures['At risk of loss']} at risk of loss: nobody met them for long",
        f"{figures['Visits late']} with a visit that is late",
    ]
    for url, count in [
        (cases.figure_url, cases.value),
        *((item.url, item.count) for item in cases.items),
    ]:
        assert len(client.get(url).context["page"].rows) == count, url
    found = of(answer, "conflicts")
    assert found.value == len(client.get(found.url).context["page"].rows) == 3
    for item in found.items:
        assert int(item.label.split()[0]) == len(client.get(item.url).context["page"].rows) == 1
    sheets = of(answer, "sheets")
    rows = client.get(sheets.url).context["rows"]
    assert sheets.value == len([row for row in rows if row["week"].state != "signed"]) == 3
    assert len(client.get(sheets.figure_url).context["rows"]) == 3
    assert len(client.get(sheets.lines[0].url).context["rows"]) == sheets.lines[0].count == 3

    def workers(url):
        return sum(len(loads) for _site, loads in client.get(url).context["groups"])

    bands = of(answer, "bands")
    assert bands.value == workers("/outreach/") == workers(bands.figure_url) == 2
    assert [workers(item.url) for item in bands.items] == [item.count for item in bands.items]
    assert workers("/outreach/?band=over") == 0
    approvals = of(answer, "approvals")
    assert approvals.value == len(client.get(approvals.url).context["page"].rows) == 1
    assert "stranger" not in page.lower()


def test_a_manager_reads_all_teams_of_the_site_and_none_of_another(busy, manager, signed_in):
    answer = signed_in(manager).get("/dashboard/team/?site=BASRAH-CENTRE")

    assert of(answer, "cases").value == 8
    assert of(answer, "approvals").value == 2
    assert signed_in(busy.worker).get("/dashboard/team/").status_code == 403


def test_what_came_of_mediation_opens_the_conflicts_it_counts(
    conflict, session, team, basrah, manager, signed_in
):
    for outcome in ("R1", "R3", "U", "T"):
        session(conflict(), outcome)
    session(conflict(), "R1", days_ago=20)
    client = signed_in(manager)
    today = periods.now().date()
    answer = client.get(
        f"/dashboard/week/?period=days&since={today - timedelta(days=6)}&until={today}"
    )
    found = of(answer, "mediation")

    start, last = answer.context["form"].span.start, answer.context["form"].span.last_day
    counted = measures.mediations(basrah.pk, start, last + timedelta(days=1))
    assert found.value == counted.conflicts >= 4
    linked = [item for item in found.items if item.url]
    # Settled, not settled, handed on; and those still watched after it.
    assert len(linked) == 4
    assert len(client.get(found.figure_url).context["page"].rows) == found.value
    for item in linked:
        assert int(item.label.split()[0]) == len(client.get(item.url).context["page"].rows)
    assert "from" in client.get(linked[0].url).content.decode()


def test_bands_count_workers_once_at_each_of_their_sites(team, case, basrah, zubair):
    team.worker2.sites.add(zubair)
    for _number in range(26):
        case(by=team.worker, status="paused")
    bands = of_team.team_bands(team.supervisor, [basrah], periods.now().date())

    assert (bands.workers, bands.few) == (2, 2)
