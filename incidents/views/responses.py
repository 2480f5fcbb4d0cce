"""One POST view per verb of the 72-hour board, and the page on which an action is recorded."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ceasefire.database.together import together
from ceasefire.people.access import requires
from incidents import services
from incidents.exceptions import BeforeItHappened, IncidentRefusal, InTheFuture, NotForThisPerson
from incidents.forms.responses import (
    ActionForm,
    AssignForm,
    CheckForm,
    CloseForm,
    EndForm,
    NextStepForm,
    WatchersForm,
)
from incidents.models import Incident, IncidentResponse
from incidents.views.board import asked_of, board_context, rows_page
from incidents.views.clock import assign_form, clock_context, clock_questions
from incidents.views.doing import attempt, version_of
from incidents.views.scope import one, sites_of

RECORD, ASSIGN = "incidents.record_response", "incidents.assign_response"


def _back(request: HttpRequest, incident: Incident) -> HttpResponse:
    """To the board, as it was asked for, where the form stood on it; else to the incident."""
    if request.POST.get("back") != "board":
        return redirect(f"{incident.get_absolute_url()}#response")
    if request.htmx:  # type: ignore[attr-defined]
        return rows_page(request, board_context(request))
    asked = asked_of(request, sites_of(request.user))
    return redirect(reverse("incidents:board") + asked.query())


def _carry_out(
    request: HttpRequest, incident: Incident, act: Callable[[], Any], said: Any
) -> HttpResponse:
    """Do it, say so, and go back to where the form stood."""
    attempt(request, act, said)
    return _back(request, incident)


def _refused(request: HttpRequest, incident: Incident, form: Any) -> HttpResponse:
    """Say the first fault of a small form where it stood."""
    for errors in form.errors.values():
        messages.error(request, str(errors[0]))
        break
    return _back(request, incident)


def _people(request: HttpRequest, incident: Incident) -> list[Any]:
    return list(services.sendable_to(incident))


@requires(RECORD)
def response_action(request: HttpRequest, code: str) -> HttpResponse:
    """What was done for an incident: a small page of its own, for a thumb."""
    incident = one(request, code)
    response = IncidentResponse.objects.filter(incident=incident).first()
    if (
        not services.may_record(incident, request.user)
        or response is None
        or response.closed_reason in IncidentResponse.STOPPED
    ):
        raise PermissionDenied
    form = ActionForm(request.POST or None, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            services.record_action(incident, by=request.user, **form.facts())
        except NotForThisPerson:
            raise PermissionDenied from None
        except (InTheFuture, BeforeItHappened) as refusal:
            form.add_error("at", str(refusal))
        except IncidentRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Recorded."))
            return redirect(f"{incident.get_absolute_url()}#response")
    return render(
        request,
        "incidents/response_action.html",
        {
            "incident": incident,
            "form": form,
            **clock_context(
                incident, request.user, together(clock_questions(incident, request.user))
            ),
        },
    )


@require_POST
@requires(RECORD)
def response_take(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    return _carry_out(
        request,
        incident,
        lambda: services.take_response(incident, by=request.user, version=version_of(request)),
        gettext_lazy("You have it."),
    )


@requires(ASSIGN)
def response_assign(request: HttpRequest, code: str) -> HttpResponse:
    """Who has it: sent by a row of the board or by the incident, else a small page of its own."""
    incident = one(request, code)
    if request.method != "POST":
        return _assign_page(request, incident)
    form = AssignForm(request.POST, people=_people(request, incident))
    if not form.is_valid():
        return _refused(request, incident, form)
    return _carry_out(
        request,
        incident,
        lambda: services.assign_response(
            incident, to=form.person(), by=request.user, version=form.cleaned_data["version"]
        ),
        gettext_lazy("Given."),
    )


def _assign_page(request: HttpRequest, incident: Incident) -> HttpResponse:
    """What the link in a row of the board opens where no script runs."""
    response = IncidentResponse.objects.filter(incident=incident).first()
    if (
        response is None
        or response.closed_at is not None
        or not services.may_assign(incident, request.user)
    ):
        raise PermissionDenied
    response.incident = incident
    asked = asked_of(request, sites_of(request.user))
    return render(
        request,
        "incidents/response_assign.html",
        {
            "incident": incident,
            "form": assign_form(response, _people(request, incident)),
            "board_url": reverse("incidents:board") + asked.query(),
        },
    )


@require_POST
@requires(RECORD)
def response_next(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = NextStepForm(request.POST, by=request.user)
    if not form.is_valid():
        return _refused(request, incident, form)
    return _carry_out(
        request,
        incident,
        lambda: services.set_next_step(
            incident,
            next_step=form.cleaned_data["next_step"],
            by=request.user,
            version=form.cleaned_data["version"],
        ),
        gettext_lazy("Next step set."),
    )


@require_POST
@requires(ASSIGN)
def response_close(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = CloseForm(request.POST, prefix="close")
    if not form.is_valid():
        return _refused(request, incident, form)
    return _carry_out(
        request,
        incident,
        lambda: services.close_response(incident, by=request.user, **form.cleaned_data),
        gettext_lazy("The clock has ended."),
    )


@require_POST
@requires(ASSIGN)
def response_open(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    return _carry_out(
        request,
        incident,
        lambda: services.open_response(incident, by=request.user),
        gettext_lazy("The clock runs."),
    )


@require_POST
@requires(ASSIGN)
def watch_start(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    return _carry_out(
        request,
        incident,
        lambda: services.start_watch(incident, by=request.user),
        gettext_lazy("The watch has begun. Say who watches which side."),
    )


@require_POST
@requires(ASSIGN)
def watch_people(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = WatchersForm(request.POST, prefix="watchers", people=_people(request, incident))
    if not form.is_valid():
        return _refused(request, incident, form)
    return _carry_out(
        request,
        incident,
        lambda: services.set_watchers(
            incident, by=request.user, version=form.cleaned_data["version"], **form.watchers()
        ),
        gettext_lazy("Given."),
    )


@require_POST
@requires(RECORD)
def watch_check(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = CheckForm(request.POST, prefix="check", by=request.user)
    if not form.is_valid():
        return _refused(request, incident, form)
    facts = {name: form.cleaned_data[name] for name in ("side", "finding", "words")}
    return _carry_out(
        request,
        incident,
        lambda: services.check_watch(incident, by=request.user, **facts),
        gettext_lazy("Recorded."),
    )


@require_POST
@requires(ASSIGN)
def watch_end(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = EndForm(request.POST, prefix="end")
    if not form.is_valid():
        return _refused(request, incident, form)
    return _carry_out(
        request,
        incident,
        lambda: services.end_watch(incident, by=request.user, **form.cleaned_data),
        gettext_lazy("The watch has ended."),
    )
