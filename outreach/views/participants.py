"""The page of a case: who carries it, what to heed, and the sections of every part of the work."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from ceasefire import codes, periods, vault
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from outreach.models import OPEN_TO_TEAM, Participant
from outreach.views.scope import one_participant
from outreach.views.sections import section, sections_of


@requires("outreach.view_participant")
def participant_list(request: HttpRequest) -> HttpResponse:
    """All cases that the person may see, closed ones too, the latest moved first."""
    page = keyset_page(
        Participant.objects.visible_to(request.user).select_related("site", "zone", "worker"),
        ordering=("-status_since", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    return render(request, "outreach/participant_list.html", {"page": page})


@requires("outreach.view_participant")
def participant_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One case, for those who may see it; everybody else reads that there is no such page."""
    participant = one_participant(request, code)
    sections = sections_of(request, participant)
    return render(
        request,
        "outreach/participant_detail.html",
        {**header_of(request, participant), "sections": sections},
    )


def header_of(request: HttpRequest, participant: Participant) -> dict[str, Any]:
    """What stands above every page of a case. The alias is opened, which is recorded."""
    sealed = vault.unseal_rows([participant], OPEN_TO_TEAM, by=request.user)[participant.pk]
    return {
        "participant": participant,
        "alias": sealed["alias"],
        "flags": [codes.label("safety_flag", flag) for flag in participant.safety_flags],
        "days_since": days_since_contact(participant),
        "risk": codes.label("risk_signal", participant.risk_signal)
        if participant.risk_signal
        else "",
    }


def days_since_contact(participant: Participant) -> int | None:
    """Whole days in Baghdad since somebody was last in contact; None before the first time."""
    if participant.last_contact_at is None:
        return None
    return (periods.now().date() - periods.local_day(participant.last_contact_at)).days


@section(90)
def history(request: HttpRequest, participant: Participant) -> dict[str, Any]:
    """The moves of the case, the latest first."""
    events = []
    for step in participant.steps.select_related("by").order_by("-at", "-id")[:50]:
        why = ""
        if step.reason:
            paused = step.to_status == Participant.Status.PAUSED
            why = codes.label("pause_reason" if paused else "close_reason", step.reason)
        events.append(
            {
                "at": step.at,
                "what": Participant.Status(step.to_status).label,
                "who": step.by.code_name if step.by else _("By itself"),
                "text": why,
            }
        )
    return {"template": "outreach/_participant_history.html", "events": events}
