"""Kept filters, one verb on many rows, and taking back one's own last step."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from ceasefire.people.access import asked_by_itself, requires
from incidents import exceptions, services
from incidents.exceptions import IncidentRefusal, NotForThisPerson
from incidents.forms.desk import BulkForm, SaveFilterForm, rows_of
from incidents.forms.filters import IncidentFilter
from incidents.models import BulkAction, BulkRow, Incident, SavedFilter
from incidents.services import bulk, saved
from incidents.views.doing import version_of
from incidents.views.scope import one, plain_query, sites_of

#: Rows of a confirmation or an outcome that are shown one by one.
SHOWN = 50
#: Longer than any address of the list; cut, it would mean other rows.
MOST_QUERY = 4000


# --- kept filters -------------------------------------------------------------------------------


def filters_of(query: str, user: Any) -> IncidentFilter:
    """The list's filters as an address holds them."""
    return IncidentFilter(QueryDict(query[:MOST_QUERY]), user=user, sites=sites_of(user), places=[])


@requires("incidents.view_incident")
def filter_list(request: HttpRequest) -> HttpResponse:
    """The person's filters, and those shared with them; a POST keeps another one."""
    sites = sites_of(request.user)
    options: dict[str, Any] = {
        "sites": sites,
        "may_share": request.user.has_perm("incidents.share_filter"),
    }
    if request.method == "POST":
        form = SaveFilterForm(request.POST, **options)
        if form.is_valid():
            filters = filters_of(form.cleaned_data["query"], request.user)
            filters.is_valid()
            given = {name: value for name, value in filters.cleaned_data.items() if value}
            words = given.pop("q", "")
            try:
                saved.save_filter(
                    name=form.cleaned_data["name"],
                    answers={name: filters.data[name] for name in given},
                    words=words,
                    is_default=form.cleaned_data["is_default"],
                    shared_with=form.site(),
                    by=request.user,
                )
            except NotForThisPerson:
                raise PermissionDenied from None
            except IncidentRefusal as refusal:
                form.add_error("name", str(refusal))
            else:
                messages.success(request, _("The filter is kept."))
                query = form.cleaned_data["query"]
                return redirect(f"{reverse('incidents:incident_list')}?{query}")
    else:
        form = SaveFilterForm(
            initial={"query": plain_query(request.GET)} if request.GET else {}, **options
        )
    kept = SavedFilter.objects.visible_to(request.user).select_related("owner", "shared_with")
    query = form["query"].value() or ""
    return render(
        request,
        "incidents/filter_list.html",
        {
            "form": form if query else None,
            "chips": filters_of(query, request.user).chips(reverse("incidents:incident_list"))
            if query
            else [],
            "kept": kept,
        },
    )


@requires("incidents.view_incident")
@require_safe
def filter_open(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the list with the filter's answers."""
    kept = get_object_or_404(SavedFilter.objects.visible_to(request.user), pk=pk)
    return redirect(list_address(kept, request.user))


def list_address(kept: SavedFilter, user: Any) -> str:
    """The address of the list with a kept filter's answers."""
    answers = urlencode(saved.answers_of(kept, by=user))
    return f"{reverse('incidents:incident_list')}?{answers or 'all=1'}"


@require_POST
@requires("incidents.view_incident")
def filter_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    kept = get_object_or_404(
        SavedFilter.objects.visible_to(request.user), pk=pk, owner=request.user
    )
    saved.remove_filter(kept, by=request.user)
    messages.success(request, _("The filter is removed."))
    return redirect("incidents:filter_list")


@require_POST
@requires("incidents.view_incident")
def filter_default(request: HttpRequest, pk: UUID) -> HttpResponse:
    kept = get_object_or_404(
        SavedFilter.objects.visible_to(request.user), pk=pk, owner=request.user
    )
    saved.make_default(kept, by=request.user, is_default=not kept.is_default)
    return redirect("incidents:filter_list")


# --- one verb on many rows ----------------------------------------------------------------------


@require_POST
@requires("incidents.act_on_many")
def bulk_confirm(request: HttpRequest) -> HttpResponse:
    """What would be done to how many, before anything is done."""
    verb = request.POST.get("verb", "")
    query = request.POST.get("query", "")[:MOST_QUERY]
    if verb not in BulkAction.Verb.values:
        return redirect(_back(query))
    if verb not in services.bulk_verbs(request.user):
        raise PermissionDenied
    visible = Incident.objects.visible_to(request.user)
    if request.POST.get("everything"):
        filters = filters_of(query, request.user)
        if not filters.is_valid():
            # An answer left out would aim the verb at more than the list shows.
            messages.error(request, _("A filter was not understood. Look at the list again."))
            return redirect(_back(query))
        found = filters.apply(visible).order_by("-occurred_from", "-id")
        rows = list(found.values_list("code", "version")[: bulk.MOST_ROWS + 1])
    else:
        rows = rows_of(request.POST.getlist("pick"))
    if not rows or len(rows) > bulk.MOST_ROWS:
        messages.error(
            request,
            str(exceptions.TooManyRows()) if rows else _("Tick the incidents you mean first."),
        )
        return redirect(_back(query))
    return _confirmation(request, BulkForm.asking(verb, rows), verb, rows, query)


def _confirmation(
    request: HttpRequest, form: BulkForm, verb: str, rows: list[tuple[str, int]], query: str
) -> HttpResponse:
    codes = [code for code, _version in rows[:SHOWN]]
    shown = (
        Incident.objects.visible_to(request.user)
        .filter(code__in=codes)
        .select_related("place", "district", "reporter", "site")
        .defer("place__geometry", "district__geometry", "search_key", "original")
    )
    return render(
        request,
        "incidents/bulk_confirm.html",
        {
            "form": form,
            "verb_label": BulkAction.Verb(verb).label,
            "count": len(rows),
            "shown": shown,
            "not_shown": max(0, len(rows) - SHOWN),
            "query": query,
            "back_url": _back(query),
        },
    )


@require_POST
@requires("incidents.act_on_many")
def bulk_run(request: HttpRequest) -> HttpResponse:
    """Carry it out: a few rows at once, many by a worker."""
    form = BulkForm(request.POST)
    query = request.POST.get("query", "")[:MOST_QUERY]
    if not form.is_valid():
        verb = request.POST.get("verb", "")
        rows = rows_of(request.POST.get("rows", "").split())
        if verb not in services.bulk_verbs(request.user) or not rows:
            return redirect(_back(query))
        return _confirmation(request, form, verb, rows, query)
    given = form.cleaned_data
    try:
        action = services.ask_bulk(
            key=given["key"],
            verb=given["verb"],
            rows=given["rows"],
            reason=given.get("reason", ""),
            by=request.user,
        )
    except IncidentRefusal as refusal:
        messages.error(request, str(refusal))
        return redirect(_back(query))
    if action.job_id is None and action.finished_at is None:
        services.run_here(action, by=request.user)
    return redirect(_outcome(action, query))


def _outcome(action: BulkAction, query: str) -> str:
    """The page of the outcome, which knows the way back to the list as it was."""
    address = action.get_absolute_url()
    return f"{address}?{query}" if query else address


def _back(query: str) -> str:
    address = reverse("incidents:incident_list")
    return f"{address}?{query}" if query else address


def _action(request: HttpRequest, pk: UUID) -> BulkAction:
    found: BulkAction = get_object_or_404(
        BulkAction.objects.visible_to(request.user).select_related("job"), pk=pk
    )
    return found


def _waits(action: BulkAction) -> bool:
    return action.job is not None and not action.job.is_finished


@requires("incidents.act_on_many")
@require_safe
def bulk_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What became of each row, and the way back."""
    action = _action(request, pk)
    outcome = BulkRow.Outcome
    rows = action.rows.select_related("incident").defer(
        "incident__search_key", "incident__original", "incident__summary"
    )
    found = action.rows.order_by().values_list("outcome").annotate(Count("pk"))
    counts = dict.fromkeys(outcome.values, 0) | dict(found)
    refused = []
    for row in rows.filter(outcome=outcome.REFUSED)[:SHOWN]:
        refusal = getattr(exceptions, row.refusal, IncidentRefusal)
        refused.append((row.incident, refusal.message))
    return render(
        request,
        "incidents/bulk_detail.html",
        {
            "action": action,
            "job": action.job,
            "waits": _waits(action),
            "counts": counts,
            "done_text": ngettext("%(n)d incident", "%(n)d incidents", counts["done"])
            % {"n": counts["done"]},
            "refused": refused,
            "may_undo": counts["done"] and services.may_undo_bulk(action, request.user),
            "query": plain_query(request.GET),
            "back_url": _back(plain_query(request.GET)),
        },
    )


@asked_by_itself
@requires("incidents.act_on_many")
@require_safe
def bulk_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The line of progress; tells the page to load anew when there is nothing to wait for."""
    action = _action(request, pk)
    response = render(
        request, "incidents/_bulk_progress.html", {"action": action, "job": action.job}
    )
    if not _waits(action):
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires("incidents.act_on_many")
def bulk_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    action = _action(request, pk)
    try:
        services.undo_bulk(action, by=request.user)
    except IncidentRefusal as refusal:
        messages.error(request, str(refusal))
    return redirect(_outcome(action, plain_query(request.GET)))


# --- taking back --------------------------------------------------------------------------------


@require_POST
@requires("incidents.view_incident")
def incident_undo(request: HttpRequest, code: str) -> HttpResponse:
    """Take back one's own last step."""
    incident = one(request, code)
    try:
        services.undo_step(incident, by=request.user, version=version_of(request) or 0)
    except IncidentRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Undone."))
    return redirect(incident)
