"""What happened to a grant: its steps, what was decided, how it was amended."""

from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ceasefire.look.numbers import number_text
from ceasefire.people.access import requires
from ceasefire.people.roles import Duty
from grants.models import Amendment, Decision, Grant, State, Transition
from grants.views.doing import me
from grants.views.scope import VIEW, grant_page, one_grant

#: Events on one page.
SIZE = 50


class Event(NamedTuple):
    """One line of the timeline, as its component shows it."""

    at: Any
    #: Of events of one moment: decisions before the step that they carry.
    order: tuple[int, int]
    what: str
    who: str
    text: str
    tone: str = ""


@requires(VIEW)
@require_safe
def grant_history(request: HttpRequest, ref: str) -> HttpResponse:
    """Everything that was done with a grant, newest first, page by page."""
    grant = one_grant(request, ref)
    digits = me(request).digits
    number = _page_number(request.GET.get("page", ""))
    # Of each kind no more than the pages so far can hold; merged, the page is cut out of them.
    most = number * SIZE + 1
    events = sorted(
        [
            *_steps(grant, most),
            *_decisions(grant, most, digits),
            *_amendments(grant, most, digits),
        ],
        key=lambda event: (event.at, event.order),
        reverse=True,
    )
    first = (number - 1) * SIZE
    return render(
        request,
        "grants/grant_history.html",
        {
            **grant_page(request, grant, "history"),
            "events": events[first : first + SIZE],
            "newer": number - 1 if number > 1 else None,
            "older": number + 1 if len(events) > first + SIZE else None,
        },
    )


def _page_number(text: str) -> int:
    """The page that is asked for; the first where it is none. A grant has no thousand pages."""
    return min(int(text), 200) if text.isascii() and text.isdigit() and int(text) > 0 else 1


def _as(role: str) -> str:
    return str({**dict(Duty.choices), "auditor": _("Auditor")}.get(role, role))


def _steps(grant: Grant, most: int) -> list[Event]:
    rows = Transition.objects.filter(grant=grant).select_related("actor").order_by("-id")[:most]
    return [
        Event(
            at=one.at,
            order=(2, one.pk),
            what=_("%(state)s (as %(duty)s)")
            % {"state": _step_words(one), "duty": _as(one.role).lower()},
            who=one.actor.code_name,
            text=one.reason,
            tone="accent",
        )
        for one in rows
    ]


def _step_words(one: Transition) -> str:
    if one.from_state == State.ACTIVE and one.to_state == State.ACTIVE:
        return _("Another payment")
    return str(State(one.to_state).label)


def _decisions(grant: Grant, most: int, digits: str) -> list[Event]:
    rows = (
        Decision.objects.filter(grant=grant)
        .select_related("actor", "amendment", "finding")
        .order_by("-id")[:most]
    )
    found = []
    for one in rows:
        parts = [f"{one.get_step_display()}: {one.get_verdict_display()}"]
        if one.amount_usd:
            parts.append(_usd(one.amount_usd, digits))
        if one.limit_usd is not None:
            parts.append(
                _("%(level)s, up to %(limit)s")
                % {
                    "level": one.get_authority_display(),
                    "limit": _usd(one.limit_usd, digits),
                }
            )
        if one.amendment is not None:
            parts.append(_("amendment %(number)s") % {"number": one.amendment.number})
        if one.finding is not None:
            parts.append(
                _("for finding %(number)s: %(text)s")
                % {"number": one.finding.number, "text": one.finding.text[:200]}
            )
        if one.valid_to is not None:
            parts.append(_("holds until %(day)s") % {"day": f"{one.valid_to:%d/%m/%Y}"})
        found.append(
            Event(
                at=one.at,
                order=(1, one.pk),
                what=" · ".join(parts),
                who=one.actor.code_name,
                text=" · ".join(text for text in (one.reason, one.conditions) if text),
                tone="" if one.verdict == "YES" else "overdue",
            )
        )
    return found


def _amendments(grant: Grant, most: int, digits: str) -> list[Event]:
    found = []
    becomes = "←" if get_language_bidi() else "→"
    for one in grant.amendments.select_related("opened_by").order_by("-number")[:most]:
        rise = ""
        if one.new_usd != one.old_usd:
            rise = f" · {_usd(one.old_usd, digits)} {becomes} {_usd(one.new_usd, digits)}"
        found.append(
            Event(
                at=one.opened_at,
                order=(0, one.number),
                what=_("Amendment %(number)s asked for") % {"number": one.number} + rise,
                who=one.opened_by.code_name,
                text=one.reason,
            )
        )
        if one.closed_at is not None:
            found.append(
                Event(
                    at=one.closed_at,
                    order=(3, one.number),
                    what=_("Amendment %(number)s: %(state)s")
                    % {
                        "number": one.number,
                        "state": str(Amendment.State(one.state).label).lower(),
                    },
                    who="",
                    text="",
                )
            )
    return found


def _usd(value: Any, digits: str) -> str:
    return _("%(sum)s US dollars") % {"sum": number_text(value, digits, 2)}
