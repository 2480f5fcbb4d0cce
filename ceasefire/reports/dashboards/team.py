"""A team's dashboard: what needs somebody today, each number leading to the list it counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire import periods
from ceasefire.look.numbers import number_text
from ceasefire.places.models import Site
from ceasefire.reports import blocks
from ceasefire.reports.blocks import Block, Item, address
from ceasefire.reports.dashboards.parts import Question, of_all_sites
from outreach import measures


def questions(user: Any, sites: Sequence[Site], query: str) -> list[Block]:
    """At most seven, what is on the clock first. `query` narrows the lists to a site, or is "".

    The lists of what waits for review and for a yes are of all sites, and so are their numbers.
    """
    on = periods.now().date()

    def wider(block: Block) -> Block:
        return of_all_sites(block, user) if query else block

    return [
        blocks.responses(user, sites[0] if query else None),
        wider(blocks.review(user)),
        _cases(user, sites, query, on),
        _conflicts(user, sites, query),
        _sheets(user, sites, query, on),
        _bands(user, sites, query, on),
        wider(_approvals(user)),
    ]


def _items(user: Any, rows: Sequence[tuple[int, Any, str, str]]) -> list[Item]:
    """(how many, words, address, tone) as lines; what is nothing is left out."""
    return [
        Item(label=f"{number_text(count, user.digits)} {words}", url=url, tone=tone, count=count)
        for count, words, url, tone in rows
        if count
    ]


def _cases(user: Any, sites: Sequence[Site], query: str, on: Any) -> Question:
    found = measures.team.cases(user, sites, on)
    listed = address("outreach:participant_list", query=f"{query or '?'}{'&' if query else ''}")

    def needing(need: str) -> str:
        return f"{listed}needs={need}"

    items = _items(
        user,
        (
            (found.alarming, _("under threat, or planning harm"), needing("alarming"), "overdue"),
            (
                found.at_risk,
                _("at risk of loss: nobody met them for long"),
                needing("at_risk"),
                "overdue",
            ),
            (found.late, _("with a visit that is late"), needing("late"), "due"),
        ),
    )
    return Question(
        key="cases",
        title=_("Which cases need somebody?"),
        value=found.active,
        unit=ngettext("active case", "active cases", found.active),
        note="" if items else _("None of them waits for anything today."),
        tone="overdue" if found.alarming or found.at_risk else "due" if found.late else "",
        items=items,
        figure_url=f"{listed}status=active",
        url=address("outreach:caseload", query=query),
        url_label=_("Caseloads"),
    )


def _conflicts(user: Any, sites: Sequence[Site], query: str) -> Question:
    keys = [site.pk for site in sites] if query else None
    found = measures.team.conflicts(user, periods.now(), keys)
    url = address("outreach:conflict_list", query=query)
    narrow = f"{query}&" if query else "?"
    items = _items(
        user,
        (
            (
                found.reignited,
                _("flared up again"),
                address("outreach:conflict_list", query=f"{narrow}state=reignited"),
                "overdue",
            ),
            (
                found.follow_up,
                _("with a follow-up overdue"),
                address("outreach:conflict_list", query=f"{narrow}due=follow_up"),
                "overdue",
            ),
            (
                found.truce,
                _("with a truce that ends within 3 days"),
                address("outreach:conflict_list", query=f"{narrow}due=truce"),
                "due",
            ),
        ),
    )
    return Question(
        key="conflicts",
        title=_("Which conflicts need somebody?"),
        value=found.open,
        unit=ngettext("open conflict", "open conflicts", found.open),
        note="" if items else _("No follow-up is overdue and no truce ends soon."),
        tone="overdue" if found.reignited or found.follow_up else "due" if found.truce else "",
        items=items,
        figure_url=url,
        url=url,
        url_label=_("Conflicts"),
    )


def _sheets(user: Any, sites: Sequence[Site], query: str, on: Any) -> Question:
    found = measures.team.sheets(user, sites, on)
    url = address("outreach:supervision", query=query)
    more = f"{url}{'&' if query else '?'}sheet="
    of = ngettext("of %(count)s in the field", "of %(count)s in the field", found.wanted)
    wanted = of % {"count": number_text(found.wanted, user.digits)}
    return Question(
        key="sheets",
        title=_("Who waits for this week's sheet?"),
        value=found.waiting,
        lines=[Item(wanted, f"{more}all", count=found.wanted)] if found.wanted else [],
        note=_("Every sheet of this week is signed.")
        if found.wanted and not found.waiting
        else _("A sheet a week for everybody in the field."),
        tone="due" if found.waiting else "",
        figure_url=f"{more}waits",
        url=url,
        url_label=_("Supervision"),
    )


def _bands(user: Any, sites: Sequence[Site], query: str, on: Any) -> Question:
    return bands_question(
        user,
        measures.team.team_bands(user, sites, on),
        title=_("Does everybody carry what they can?"),
        url=address("outreach:caseload", query=query),
    )


def bands_question(
    user: Any, bands: Any, *, title: str, url: str, lines: Sequence[str | Item] = ()
) -> Question:
    """Workers by how much they carry against the site's band; never who."""
    band = f"{url}{'&' if '?' in url else '?'}band="
    items = _items(
        user,
        (
            (bands.over, _("above the cap"), f"{band}over", "overdue"),
            (bands.many, _("with too many"), f"{band}many", "due"),
            (bands.good, _("on target"), f"{band}good", ""),
            (bands.room, _("with room for more"), f"{band}room", ""),
            (bands.few, _("with few"), f"{band}few", "due"),
        ),
    )
    return Question(
        key="bands",
        title=title,
        value=bands.workers,
        unit=ngettext("worker", "workers", bands.workers),
        tone="overdue" if bands.over else "",
        lines=lines,
        items=items,
        figure_url=f"{band}all",
        url=url,
        url_label=_("Caseloads"),
    )


def _approvals(user: Any) -> Question:
    count = measures.team.approvals(user)
    url = address("outreach:approval_list")
    return Question(
        key="approvals",
        title=_("What waits for my yes?"),
        value=count,
        unit=ngettext("question", "questions", count),
        note="" if count else _("Nothing waits for you."),
        tone="due" if count else "",
        figure_url=url,
        url=url,
        url_label=_("Approvals"),
    )
