"""Who may read a sensitive incident: the page on which it is opened to somebody by name."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire.people.access import requires
from incidents import services
from incidents.exceptions import IncidentRefusal, NotForThisPerson
from incidents.forms.responses import NamedForm, NameForm
from incidents.models import Incident
from incidents.views.scope import one

NAME = "incidents.assign_response"


@requires(NAME)
def named(request: HttpRequest, code: str) -> HttpResponse:
    """Who is named, who may be, and naming one."""
    incident = one(request, code)
    form = NameForm(
        request.POST if request.method == "POST" else None,
        people=list(services.nameable(incident)) if incident.is_sensitive else [],
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.name_worker(incident, person=form.chosen(), by=request.user)
        except NotForThisPerson:
            raise PermissionDenied from None
        except IncidentRefusal as refusal:
            form.add_error("person", str(refusal))
        else:
            messages.success(request, _("The record is open to them now. They are told."))
            return redirect("incidents:named", code=incident.code)
    services.note_reading(incident, by=request.user)
    return _page(request, incident, form)


def _page(request: HttpRequest, incident: Incident, form: Any) -> HttpResponse:
    return render(
        request,
        "incidents/named.html",
        {
            "incident": incident,
            "form": form,
            "may_name": services.may_name(incident, request.user),
            "namings": list(services.named(incident)),
        },
    )


@require_POST
@requires(NAME)
def named_back(request: HttpRequest, code: str) -> HttpResponse:
    """Take back that somebody is named."""
    incident = one(request, code)
    form = NamedForm(request.POST, people=[row.person for row in services.named(incident)])
    if form.is_valid():
        try:
            services.unname_worker(incident, person=form.chosen(), by=request.user)
        except NotForThisPerson:
            raise PermissionDenied from None
        except IncidentRefusal as refusal:
            messages.warning(request, str(refusal))
        else:
            messages.success(request, _("The record is no longer open to them."))
    return redirect("incidents:named", code=incident.code)
