"""Links of an incident to others, and the chain they make."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ceasefire.people.access import requires
from incidents import services
from incidents.exceptions import IncidentRefusal, NotForThisPerson
from incidents.forms.duplicates import LinkForm
from incidents.models import IncidentLink
from incidents.views.reading import detail_page
from incidents.views.scope import one


@require_POST
@requires("incidents.edit_incident")
def link_add(request: HttpRequest, code: str) -> HttpResponse:
    """Link the incident to another one by its code; a refusal stands at the field."""
    incident = one(request, code)
    form = LinkForm(request.POST, prefix="link", user=request.user)
    if form.is_valid():
        try:
            services.add_link(
                incident,
                kind=form.cleaned_data["kind"],
                to=form.cleaned_data["other"],
                by=request.user,
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except IncidentRefusal as refusal:
            form.add_error("other", str(refusal))
    if not form.is_valid():
        return detail_page(request, incident, link_form=form)
    messages.success(request, _("Linked."))
    return redirect(incident)


@require_POST
@requires("incidents.edit_incident")
def link_remove(request: HttpRequest, code: str, key: int) -> HttpResponse:
    """Take away one of the links that the page of the incident shows to this person."""
    incident = one(request, code)
    shown = {seen.link.pk: seen.link for seen in services.links_of(incident, request.user)}
    if key not in shown:
        raise Http404
    try:
        services.remove_link(
            IncidentLink.objects.select_related("from_incident", "to_incident").get(pk=key),
            by=request.user,
        )
    except NotForThisPerson:
        raise PermissionDenied from None
    messages.success(request, _("The link is gone."))
    return redirect(incident)


@requires("incidents.view_incident")
def incident_chain(request: HttpRequest, code: str) -> HttpResponse:
    """The incidents that hang together with one, in order of time."""
    incident = one(request, code)
    chain = services.chain_of(incident, request.user)
    response = render(
        request,
        "incidents/incident_chain.html",
        {
            "incident": incident,
            "entries": [
                {"incident": row, "links": chain.links.get(row.pk, [])} for row in chain.incidents
            ],
            "is_cut": chain.is_cut,
        },
    )
    for row in chain.incidents:
        services.note_reading(row, by=request.user)
    return response
