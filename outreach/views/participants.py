"""Cases: the list of all, the page of one with the sections of every part, and the intake."""

from collections.abc import Generator, Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext as _

from ceasefire import codes, periods, vault
from ceasefire.database.together import answered
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from outreach import measures
from outreach.exceptions import KeyTaken, OutreachRefusal
from outreach.forms.participants import IntakeForm, ListFilter
from outreach.models import (
    OPEN_TO_TEAM,
    SEALED,
    Approval,
    CaseMember,
    Participant,
    team_ids,
)
from outreach.services import consent, identity, participants, status
from outreach.views.scope import one_participant, sites_of
from outreach.views.sections import section, section_parts

#: Moves that ask for nothing more; the others have a page.
SIMPLE = ("ask_intake", "resume", "reopen", "reopen_active")
#: The page of a verb where it is called otherwise than the verb.
PAGES = {"grant_exception": "exception_decide", "ask_exception": "exception_ask"}


# --- the list -------------------------------------------------------------------------------------


@requires("outreach.view_participant")
def participant_list(request: HttpRequest) -> HttpResponse:
    """All cases that the person may see, closed ones too, the latest moved first."""
    sites = sites_of(request.user)
    filters = ListFilter(request.GET, sites=sites)
    asked = filters.asked()
    need = filters.cleaned_data.get("needs")
    rows = (
        measures.team.needing(request.user, filters.asked_sites(), periods.now().date(), need)
        if need
        else Participant.objects.visible_to(request.user)
    ).filter(**asked)
    page = keyset_page(
        rows.select_related("site", "zone", "worker"),
        ordering=("-status_since", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        parts=_parts(request.user),
    )
    return render(
        request,
        "outreach/participant_list.html",
        {
            "page": page,
            "filters": filters,
            "chips": _chips(filters, request.path),
            "show_site": len(sites) > 1,
            "may_add": request.user.has_perm(participants.ADD)
            and bool(sites_of(request.user, writable=True)),
            "may_find": request.user.has_perm(identity.REVEAL),
        },
    )


def _parts(user: Any) -> list[Q]:
    """The rows of a list by what an index reads in order: a site, a worker, cases shared with one.

    Each row falls into one part.
    """
    if user.role == Role.MANAGER:
        return [Q(site=key) for key in user.site_ids]
    if user.role == Role.SUPERVISOR:
        return [Q(worker=key) for key in team_ids(user)]
    shared = CaseMember.objects.filter(participant=OuterRef("pk"), user=user, until__isnull=True)
    return [Q(worker=user), ~Q(worker=user) & Exists(shared)]


def _chips(filters: ListFilter, path: str) -> list[tuple[Any, Any, str]]:
    """(label, value, address without it) of every filter that is on."""
    chips = []
    asked = {name: filters.data.get(name) for name in filters.fields if filters.data.get(name)}
    for name, value in asked.items():
        if name in filters.errors:
            continue
        rest = urlencode({key: one for key, one in asked.items() if key != name})
        shown = dict(getattr(filters.fields[name], "choices", [])).get(value, value)
        chips.append((filters.fields[name].label, shown, f"{path}?{rest}" if rest else path))
    return chips


# --- one case -------------------------------------------------------------------------------------


@requires("outreach.view_participant")
def participant_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One case, for those who may see it; everybody else reads that there is no such page."""
    participant = one_participant(request, code)
    sealed, steps, facts, *sections = answered(
        [
            _sealed(participant),
            steps_of(request, participant),
            facts_of(participant, request.user),
            *section_parts(request, participant),
        ]
    )
    context = {**steps, **facts, "sections": [one for one in sections if one is not None]}
    # Last: the trail's lock is held from the reading to the commit.
    context |= header_of(request, participant, sealed)
    return render(request, "outreach/participant_detail.html", context)


def _sealed(participant: Participant) -> Generator[Any, Any, list[Any]]:
    rows: list[Any] = (yield {"alias": vault.sealed_rows([participant], OPEN_TO_TEAM)})["alias"]
    return rows


def header_of(
    request: HttpRequest, participant: Participant, sealed: Iterable[Any] | None = None
) -> dict[str, Any]:
    """What stands above every page of a case. The alias is opened, which is recorded.

    `sealed` is the answer to `vault.sealed_rows`, where it is in hand.
    """
    if sealed is None:
        sealed = vault.sealed_rows([participant], OPEN_TO_TEAM)
    opened = vault.opened_rows(
        [participant],
        OPEN_TO_TEAM,
        sealed,
        by=request.user,  # type: ignore[arg-type]
    )
    return {
        "participant": participant,
        "alias": opened[participant.pk]["alias"],
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


def steps_of(request: HttpRequest, participant: Participant) -> Generator[Any, Any, dict[str, Any]]:
    """What this person may do to the state of the case, and what is waited for."""
    verbs = status.open_verbs(participant, request.user)
    waits = Approval.objects.open().filter(participant=participant)
    waiting = set((yield {"kinds": waits.values_list("kind", flat=True)})["kinds"])
    if Approval.Kind.INTAKE in waiting:
        verbs = [verb for verb in verbs if verb != "ask_intake"]
    if Approval.Kind.CLOSURE in waiting:
        verbs = [verb for verb in verbs if verb != "close"]
    pages = [verb for verb in verbs if verb not in (*SIMPLE, "refuse_exception")]
    return {
        "simple_verbs": [(verb, status.LABELS[verb]) for verb in verbs if verb in SIMPLE],
        "page_verbs": [
            (f"outreach:{PAGES.get(verb, verb)}", _("Decide on the exception"))
            if verb == "grant_exception"
            else (f"outreach:{PAGES.get(verb, verb)}", status.LABELS[verb])
            for verb in pages
        ],
        "waits_for_intake": Approval.Kind.INTAKE in waiting,
        "waits_for_closure": codes.label("close_reason", participant.asked_close_reason)
        if participant.asked_close_reason
        else "",
    }


def facts_of(participant: Participant, user: Any) -> Generator[Any, Any, dict[str, Any]]:
    """What stands beside the sections: facts, what is sealed, what was agreed to."""
    rows = yield {
        "sealed": vault.sealed_columns(participant),
        "agreed": consent.all_in_force(participant)[:1],
    }
    sealed = rows["sealed"]
    open_to = participant.consent_withdrawn_at is None and not participant.site.read_only
    return {
        "sex": codes.label("sex", participant.sex),
        "age": age_of(participant),
        "spoken": codes.label("spoken_language", participant.language),
        "sealed": [identity.LABELS[name] for name in SEALED if name in sealed],
        "may_reveal": bool(sealed) and user.has_perm(identity.REVEAL),
        "may_show_held": user.has_perm(identity.REVEAL),
        "agreed": next(iter(rows["agreed"]), None),
        "may_consent": open_to and user.has_perm(consent.CHANGE),
    }


def age_of(participant: Participant) -> str:
    """About how old somebody is: the year of birth where it is known, else the band."""
    if participant.birth_year is not None:
        return _("born %(year)d") % {"year": participant.birth_year}
    return codes.label("age_band", participant.age_band)


@section(90)
def history(request: HttpRequest, participant: Participant) -> Generator[Any, Any, dict[str, Any]]:
    """The moves of the case, the latest first; what was said of an exception is opened."""
    moves = participant.steps.select_related("by").order_by("-at", "-id")
    steps = (yield {"steps": moves[:50]})["steps"]
    said = [
        step for step in steps if Participant.Status.EXCEPTION in (step.to_status, step.from_status)
    ]
    sealed = (yield {"words": vault.sealed_rows(said, ["words"])})["words"]
    words = vault.opened_rows(said, ["words"], sealed, by=request.user)  # type: ignore[arg-type]
    events = [
        {
            "at": step.at,
            "what": Participant.Status(step.to_status).label,
            "who": step.by.code_name if step.by else _("By itself"),
            "text": (words.get(step.pk) or {}).get("words") or reason_of(step),
        }
        for step in steps
    ]
    return {"template": "outreach/_participant_history.html", "events": events}


def reason_of(step: Any) -> str:
    """Why a case was paused or closed, in the reader's language."""
    if not step.reason:
        return ""
    paused = step.to_status == Participant.Status.PAUSED
    return codes.label("pause_reason" if paused else "close_reason", step.reason)


# --- intake ---------------------------------------------------------------------------------------


@requires("outreach.add_participant")
def participant_new(request: HttpRequest) -> HttpResponse:
    """Take somebody in."""
    sites = sites_of(request.user, writable=True)
    if not sites:
        return render(request, "outreach/participant_no_site.html")
    form = IntakeForm(
        request.POST or None,
        sites=sites,
        by=request.user,
        people=carriers(request.user),
    )
    if request.method == "POST" and form.is_valid() and _may_save(form, request.user):
        try:
            participant = participants.register_participant(
                site=form.chosen_site(),
                facts=form.facts(),
                identity=form.identity(),
                agreed=form.agreed(),
                worker=form.chosen_worker(),
                key=form.cleaned_data["key"],
                by=request.user,
            )
        except OutreachRefusal as refusal:
            if isinstance(refusal, KeyTaken):
                form.data = form.data.copy()
                form.data["key"] = str(form.initial["key"])
            form.add_error(None, str(refusal))
        else:
            code = format_html('<bdi dir="ltr" class="code">{}</bdi>', participant.code)
            messages.success(request, format_html(_("Saved as {}."), code))
            return redirect(participant)
    return render(request, "outreach/participant_new.html", {"form": form})


def carriers(user: Any) -> list[User]:
    """Whom the person may give a new case to: of their team, or of their sites; by code name."""
    if not user.has_perm(participants.ASSIGN):
        return []
    people = User.objects.active().filter(
        role__in=[Role.WORKER, Role.SUPERVISOR], sites__in=user.site_ids
    )
    if user.role == Role.SUPERVISOR:
        people = people.filter(pk__in=team_ids(user))
    return list(people.distinct().order_by("code_name"))


def _may_save(form: IntakeForm, user: Any) -> bool:
    """Ask once where one of the writer's own cases looks like the same person.

    The same form sent again is no twin of itself: the service knows its key.
    """
    key = form.cleaned_data["key"]
    sent = Participant.objects.visible_to(user).filter(idempotency_key=key).exists()
    if sent or form.cleaned_data["somebody_else"]:
        return True
    twins = participants.twins_for(
        form.identity(),
        site=form.chosen_site(),  # type: ignore[arg-type]
        by=user,
        birth_year=form.cleaned_data["birth_year"],
    )
    if twins:
        form.ask_about_twins(twins)
    return not twins
