"""What a manager asks besides the incidents: people, mediation, grants. Of the whole site."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire import periods
from ceasefire.look.numbers import number_text
from ceasefire.places.models import Site
from ceasefire.reports.blocks import Block, Item, address
from ceasefire.reports.dashboards.asked import Span
from ceasefire.reports.dashboards.parts import Question
from ceasefire.reports.dashboards.team import bands_question
from ceasefire.reports.recording import districts
from grants.models import Grant, State
from outreach import measures

#: Where a grant stands, in three words.
PROPOSED = (
    State.SUBMITTED,
    State.RETURNED,
    State.VETTING,
    State.PENDING_APPROVAL,
    State.APPROVED,
)
AT_WORK = (
    State.AWARDED,
    State.ACTIVE,
    State.SUSPENDED,
    State.COMPLETED,
    State.CLOSING,
    State.REOPENED,
    State.TERMINATED,
)


def questions(user: Any, site: Site, span: Span) -> list[Block]:
    """For a manager of the site."""
    return [_people(user, site), _mediation(user, site, span), _grants(user, site)]


def _people(user: Any, site: Site) -> Question:
    """How many carry how much, and whether there are enough to lead them; never who."""
    on = periods.now().date()
    staff = measures.staffing([site.pk])[0]
    at_site = urlencode({"site": site.code})
    supervisors = ngettext("%(count)s supervisor", "%(count)s supervisors", staff.supervisors) % {
        "count": number_text(staff.supervisors, user.digits)
    }
    field = ngettext(
        "%(count)s person in the field", "%(count)s people in the field", staff.led
    ) % {"count": number_text(staff.led, user.digits)}
    leading = address("outreach:staff_list", query=f"?{at_site}&role=supervisor")
    led = address("outreach:supervision", query=f"?{at_site}&sheet=all")
    lines: list[str | Item] = [
        Item(supervisors, leading, count=staff.supervisors),
        Item(field, led, count=staff.led),
    ]
    if staff.too_few and staff.led:
        lines.append(
            _("More than %(most)s for each supervisor.")
            % {"most": number_text(measures.FEWEST_SUPERVISORS, user.digits)}
        )
    return bands_question(
        user,
        measures.caseload_bands(site.pk, on),
        title=_("Have we the people for the work?"),
        url=address("outreach:caseload", query=f"?{at_site}"),
        lines=lines,
    )


def _mediation(user: Any, site: Site, span: Span) -> Question:
    """What came of the conflicts with a session in the period, and which flared up again."""
    found = dict(
        zip(
            measures.OUTCOMES,
            measures.mediations(site.pk, span.start, span.end).by_outcome,
            strict=True,
        )
    )
    again = measures.reignitions(site.pk, span.start, span.end)
    labels = {
        "settled": _("settled, or cooled down"),
        "unsettled": _("not settled"),
        "violence": _("with violence during or after it"),
        "handed": _("handed to elders or a court"),
    }

    def listed(came: str) -> str:
        query = urlencode(
            {
                "site": site.code,
                "state": "all",
                "came": came,
                "since": span.start.isoformat(),
                "until": span.last_day.isoformat(),
            }
        )
        return address("outreach:conflict_list", query=f"?{query}")

    items = []
    for group, outcomes in measures.GROUPS.items():
        count = sum(found[outcome] for outcome in outcomes)
        if count:
            label = f"{number_text(count, user.digits)} {labels[group]}"
            items.append(Item(label=label, url=listed(group), count=count))
    watched = again.reignited + again.quiet
    if again.reignited:
        said = _("flared up again")
        label = f"{number_text(again.reignited, user.digits)} {said}"
        items.append(Item(label, listed("again"), tone="overdue", count=again.reignited))
    if watched:
        words = ngettext(
            "%(count)s in its 90 days after a settlement",
            "%(count)s in their 90 days after a settlement",
            watched,
        )
        said = words % {"count": number_text(watched, user.digits)}
        items.append(Item(said, listed("watched"), count=watched))
    total = sum(found.values())
    now = measures.team.conflicts(user, periods.now(), [site.pk])
    url = address("outreach:conflict_list", query=f"?site={site.code}")
    return Question(
        key="mediation",
        title=_("What came of mediation?"),
        value=total,
        unit=ngettext("conflict mediated", "conflicts mediated", total),
        figure_url=listed("any"),
        lines=[
            Item(
                ngettext(
                    "%(count)s conflict is open today.",
                    "%(count)s conflicts are open today.",
                    now.open,
                )
                % {"count": number_text(now.open, user.digits)},
                url,
                count=now.open,
            )
        ],
        items=items,
        url=url,
        url_label=_("Open conflicts"),
    )


def _grants(user: Any, site: Site) -> Question:
    """How many grants stand where, in the districts of the site; REO keeps their pages."""
    wanted = districts(site)
    here = Q(district__pcode__in=wanted) | Q(district__district__pcode__in=wanted)
    counts = Grant.objects.filter(here).aggregate(
        proposed=Count("pk", filter=Q(state__in=PROPOSED)),
        at_work=Count("pk", filter=Q(state__in=AT_WORK)),
        closed=Count("pk", filter=Q(state=State.CLOSED)),
    )
    may_open = user.has_perm("grants.view_grant")
    labels = (("proposed", _("proposed or waiting for a decision")), ("closed", _("closed")))
    return Question(
        key="grants",
        title=_("Which grants are around us?"),
        value=counts["at_work"],
        unit=ngettext("grant at work", "grants at work", counts["at_work"]),
        note=""
        if may_open
        else _("In the districts of the site, as they stand today. REO keeps their pages."),
        items=[
            Item(label=f"{number_text(counts[name], user.digits)} {words}", url="")
            for name, words in labels
            if counts[name]
        ],
        url=address("grants:grant_list") if may_open else "",
        url_label=_("Grants") if may_open else "",
    )
