"""The blocks of the homes about grants: what waits for whom, which papers are missing."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire import periods
from ceasefire.look.numbers import in_digits, number_text
from ceasefire.look.templatetags.look import relative_moment
from ceasefire.people.models import User
from ceasefire.reports.blocks import Block, Item, address
from grants.models import Grant, Officer, PlannedVisit
from grants.services import completeness, handover, monitoring, waiting


def officer_of(user: User) -> Officer | None:
    """The officer with a duty that a person is; None for whoever only reads."""
    found = Officer.objects.filter(pk=user.pk, is_active=True).first()
    return found if found is not None and found.duties else None


def waits_for_me(user: User, who: Officer) -> Block:
    """The grants and amendments whose next step this officer may take, by state."""
    states = waiting.by_state(waiting.for_officer(who))
    amendments = waiting.amendments_for(who)
    items = [
        Item(
            label=f"{one.words}: {number_text(one.number, user.digits)}",
            note=_("since %(when)s") % {"when": _when(one.since, user)},
            url=address("grants:grant_list", query=f"?waits=on&state={one.state}"),
            count=one.number,
        )
        for one in states
    ]
    items += [
        Item(
            label=_("Amendment %(number)s of %(ref)s")
            % {"number": one.number, "ref": one.grant.ref},
            note=_("since %(when)s") % {"when": _when(one.opened_at, user)},
            url=address("grants:amendment_list", one.grant.ref),
        )
        for one in amendments
    ]
    # Amendments are no grants: each has a line of its own, and none is in the figure.
    count = sum(one.number for one in states)
    url = address("grants:grant_list", query="?waits=on") if states else ""
    return Block(
        title=_("What waits for me?"),
        value=count,
        unit=ngettext("grant", "grants", count),
        note="" if items else _("Nothing waits for you."),
        tone="due" if items else "",
        items=items,
        figure_url=url,
        url=url,
        url_label=_("All that waits for me, longest first"),
    )


def where_they_stand(user: User) -> Block:
    """How many grants stand in each state that waits for somebody."""
    states = waiting.by_state(Grant.objects.visible_to(user))
    count = sum(one.number for one in states)
    return Block(
        title=_("Where do the grants stand?"),
        value=count,
        unit=ngettext("grant under way", "grants under way", count),
        items=[
            Item(
                label=f"{one.words}: {number_text(one.number, user.digits)}",
                note=_("the first since %(when)s") % {"when": _when(one.since, user)},
                url=address("grants:grant_list", query=f"?state={one.state}"),
                count=one.number,
            )
            for one in states
        ],
        figure_url=address("grants:grant_list", query="?state=under_way"),
        url=address("grants:grant_list"),
        url_label=_("All grants"),
    )


def late_on_the_ground(user: User) -> Block:
    """Findings long past their day, visits overdue, and grants without an owner at work."""
    today = periods.now().date()
    levels = monitoring.late_findings(today)
    visits = PlannedVisit.objects.overdue(today).count()
    lost = handover.left_behind().count()
    items = [
        Item(
            label=_("Findings %(days)s days or more past their day: %(count)s")
            % {"days": number_text(days, user.digits), "count": number_text(count, user.digits)},
            url=address("grants:finding_list", query=f"?show={days}"),
            tone="overdue",
            count=count,
        )
        for days, count in sorted(levels.items(), reverse=True)
        if count
    ]
    if visits:
        items.append(
            Item(
                label=_("Visits overdue: %(count)s") % {"count": number_text(visits, user.digits)},
                url=address("grants:visit_list", query="?show=overdue"),
                note=_("Each holds a payment back."),
                count=visits,
            )
        )
    if lost:
        items.append(
            Item(
                label=_("Grants without an owner at work: %(count)s")
                % {"count": number_text(lost, user.digits)},
                url=address("grants:handover_list"),
                count=lost,
            )
        )
    return Block(
        title=_("What is late on the ground?"),
        # Findings, visits and grants are not added up.
        note="" if items else _("Nothing: findings, visits and owners are in order."),
        tone="overdue" if items else "",
        items=items,
        url=address("grants:finding_list"),
        url_label=_("Findings of all grants"),
    )


def missing_papers(user: User, who: Officer | None) -> Block:
    """The debt of papers that are missing, of all grants, and how many are one's own to see to."""
    debt = completeness.debt(Grant.objects.visible_to(user))
    items = []
    note = _("Every paper that is asked for is there.")
    url = address("grants:paper_missing")
    if debt.papers:
        note = ngettext(
            "The oldest for %(days)s day.", "The oldest for %(days)s days.", debt.days
        ) % {"days": number_text(debt.days, user.digits)}
        words = ngettext("In %(grants)s grant", "In %(grants)s grants", debt.grants)
        items.append(
            Item(
                label=words % {"grants": number_text(debt.grants, user.digits)},
                url=address("grants:grant_list", query="?papers=on"),
                count=debt.grants,
            )
        )
        own = completeness.debt(Grant.objects.filter(owner=who)).papers if who is not None else 0
        if own:
            words = _("Of grants that you see to: %(count)s")
            items.append(
                Item(
                    label=words % {"count": number_text(own, user.digits)},
                    url=f"{url}?mine=1",
                    count=own,
                )
            )
    return Block(
        title=_("Which papers are missing?"),
        value=debt.papers,
        unit=ngettext("paper", "papers", debt.papers),
        note=note,
        tone="due" if debt.papers else "",
        items=items,
        figure_url=url,
        url=url,
        url_label=_("Missing papers by age"),
    )


def _when(moment: Any, user: User) -> str:
    return in_digits(relative_moment(moment), user.digits)
