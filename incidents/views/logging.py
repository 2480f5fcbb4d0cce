"""Logging, editing and correcting an incident."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from ceasefire.people.access import requires
from ceasefire.places.models import Site
from incidents import services
from incidents.duplicates import finding
from incidents.exceptions import (
    ChangedMeanwhile,
    IncidentRefusal,
    InTheFuture,
    KeyTaken,
    NotAllowedFromHere,
    NotComplete,
    NotForThisPerson,
    PlaceTooCoarse,
    PointElsewhere,
    ReasonNeeded,
    SameKeyOtherContent,
)
from incidents.forms.incident import IncidentForm, LogForm, initial_of
from incidents.forms.rows import ActorRows, SourceRows, VictimRows, row_initial, source_initial
from incidents.forms.verbs import ReasonForm
from incidents.models import Incident
from incidents.services import ActorFacts, VictimFacts, content_hash
from incidents.views.scope import one, places_of, recent_places, sites_of
from incidents.views.twins import (
    OTHER,
    asked_twin,
    chosen_twin,
    likely,
    question,
    remember_answers,
    say_added,
    seen_twins,
)
from incidents.views.wording import LABELS, in_words

LISTED = ("district", "subdistrict", "neighbourhood")
#: At which field a refusal of the service stands.
FIELD_OF: dict[type[IncidentRefusal], str] = {
    InTheFuture: "day",
    PointElsewhere: "lat",
    PlaceTooCoarse: "geo_precision",
}
MISSING: dict[str, Any] = {"killed_best": "killed_best", "sources": "source_kind"}


@requires("incidents.add_incident")
def incident_new(request: HttpRequest) -> HttpResponse:
    sites = sites_of(request.user, writable=True)
    if not sites:
        return render(request, "incidents/incident_no_site.html")
    as_draft = request.POST.get("send_as") == "draft"
    form = LogForm(request.POST or None, by=request.user, sites=sites, is_draft=as_draft)
    rows = {
        "sources": SourceRows(
            request.POST or None, prefix="sources", form_kwargs={"by": request.user}
        ),
        "victims": VictimRows(request.POST or None, prefix="victims"),
        "actors": ActorRows(request.POST or None, prefix="actors"),
    }
    if request.method == "POST" and all([form.is_valid(), *[r.is_valid() for r in rows.values()]]):
        compared: list[int] = []
        twins = [] if as_draft else ask_first(request, form, rows, compared.append)
        answer = None if twins else _log(request, form, rows, as_draft=as_draft)
        for found in compared:
            finding.searched(found, by=request.user)  # type: ignore[arg-type]
        if answer is not None:
            return answer
        return _log_page(request, form, rows, sites, **question(twins))
    return _log_page(request, form, rows, sites)


def _log_page(
    request: HttpRequest, form: LogForm, rows: dict[str, Any], sites: list[Site], **more: Any
) -> HttpResponse:
    """The form to be filled in or mended; its places are looked up only where they are shown."""
    listed = places_of(sites, *LISTED)
    form.offer_places(recent_places(request.user, sites, listed), listed)
    return render(request, "incidents/incident_new.html", {"form": form, "rows": rows, **more})


def ask_first(
    request: HttpRequest, form: LogForm, rows: dict[str, Any], note_search: Any
) -> list[Any]:
    """The records that the report may repeat, to be asked about before it is saved."""
    if asked_twin(request) not in ("", OTHER):
        return []
    victims = rows["victims"].facts()
    return likely(
        Incident(site=form.chosen_site(), **form.facts()),
        by=request.user,
        seen=seen_twins(request),
        victims=victims,
        names=[victim.name for victim in victims],
        key=form.cleaned_data["key"],
        note_search=note_search,
    )


def _log(
    request: HttpRequest, form: LogForm, rows: dict[str, Any], *, as_draft: bool
) -> HttpResponse | None:
    """Log what the form holds; None where the form is to be shown again with the refusal."""
    first = form.first_source()
    given: dict[str, Any] = {
        "facts": form.facts(),
        "sources": ([first] if first else []) + rows["sources"].facts(),
        "victims": rows["victims"].facts(),
        "actors": rows["actors"].facts(),
        "key": form.cleaned_data["key"],
        "digest": digest_of(request),
        "by": request.user,
    }
    try:
        if not as_draft and asked_twin(request) not in ("", OTHER):
            original = chosen_twin(request)
            if original is None:
                raise NotAllowedFromHere
            return say_added(request, services.add_second_report(original, **given))
        incident = services.create_incident(site=form.chosen_site(), submit=not as_draft, **given)
        remember_answers(request, incident)
    except SameKeyOtherContent as refusal:
        messages.warning(request, str(refusal))
        return redirect(refusal.incident)
    except IncidentRefusal as refusal:
        say_refusal(form, refusal)
        return None
    if form.near is not None:
        messages.warning(request, _("The point lies just outside this place. Check it."))
    messages.success(request, _("Draft kept.") if as_draft else _("Logged and sent to review."))
    return redirect(incident)


def digest_of(request: HttpRequest) -> str:
    """What a resend of the same form has in common: all of it but the token."""
    apart = {"csrfmiddlewaretoken", "q", "twin", "twins_seen", "keep"}
    if request.POST.get("send_as") != "draft":
        # Sent by "save" or by an answer to the question about twins: the same report.
        apart.add("send_as")
    return content_hash(
        {name: values for name, values in request.POST.lists() if name not in apart}
    )


def say_refusal(form: Any, refusal: IncidentRefusal) -> None:
    """Put a refusal where it was typed."""
    if isinstance(refusal, NotComplete):
        for name in refusal.missing:
            field = MISSING.get(name, name)
            form.add_error(field if field in form.fields else None, refusal.message)
        return
    field = FIELD_OF.get(type(refusal))
    if isinstance(refusal, KeyTaken):
        form.data = form.data.copy()
        form.data["key"] = str(form.initial["key"])
    form.add_error(field if field in form.fields else None, refusal.message)


@requires("incidents.edit_incident")
def incident_edit(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    if not services.may_edit(incident, request.user):
        raise PermissionDenied
    return _change(request, incident, revising=False)


@requires("incidents.revise_incident")
def incident_revise(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    if not services.may_revise(incident, request.user):
        raise PermissionDenied
    return _change(request, incident, revising=True)


def _change(request: HttpRequest, incident: Incident, *, revising: bool) -> HttpResponse:
    form = IncidentForm(
        request.POST or None, initial=initial_of(incident), by=request.user, incident=incident
    )
    form.is_draft = incident.workflow_state == Incident.State.DRAFT
    listed = places_of([incident.site], *LISTED)
    form.offer_places([incident.place], listed)
    rows = _rows(request, incident)
    reason = ReasonForm(request.POST or None, initial={"version": incident.version})
    if not revising:
        reason.fields["reason"].required = False
    forms = [form, reason, *rows.values()]
    differences: list[Any] = []
    if request.method == "POST" and all([one_of.is_valid() for one_of in forms]):
        try:
            return _write(request, incident, form, rows, reason, revising=revising)
        except ChangedMeanwhile as refusal:
            differences = _differences_in_words(refusal, request.user.digits)
            reason.data = reason.data.copy()
            reason.data["version"] = str(refusal.version)
            form.add_error(None, refusal.message)
        except ReasonNeeded as refusal:
            reason.add_error("reason", refusal.message)
        except NotForThisPerson:
            raise PermissionDenied from None
        except IncidentRefusal as refusal:
            say_refusal(form, refusal)
    response = render(
        request,
        "incidents/incident_edit.html",
        {
            "form": form,
            "rows": rows,
            "reason": reason,
            "incident": incident,
            "revising": revising,
            "differences": differences,
        },
    )
    # The form shows the whole record, so opening it is a reading too.
    services.note_reading(incident, by=request.user)
    return response


def _write(
    request: HttpRequest,
    incident: Incident,
    form: IncidentForm,
    rows: dict[str, Any],
    reason: ReasonForm,
    *,
    revising: bool,
) -> HttpResponse:
    given = {
        "facts": form.facts(),
        "version": reason.cleaned_data["version"] or 0,
        "by": request.user,
        **{name: formset.facts() for name, formset in rows.items()},
    }
    if revising:
        made = services.revise_incident(incident, reason=reason.cleaned_data["reason"], **given)
        said = _("Corrected.") if made else _("Nothing was changed.")
    else:
        services.edit_incident(incident, **given)
        said = _("Saved.")
    messages.success(request, said)
    # What was changed may have made it one that this person no longer sees.
    if not Incident.objects.visible_to(request.user).filter(pk=incident.pk).exists():
        return redirect("incidents:incident_list")
    return redirect(incident)


def _rows(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    """The rows as formsets; sources only for those who may read what they said."""
    sight = services.sight(incident, request.user)
    given: dict[str, Any] = {}
    if sight.words:
        sources = list(incident.sources.all())
        given["sources"] = SourceRows(
            request.POST or None,
            prefix="sources",
            initial=[
                source_initial(source, sources[0])
                | {"stays": not services.may_take_away(incident, source, request.user)}
                for source in sources
            ],
            form_kwargs={"by": request.user},
        )
    given["victims"] = VictimRows(
        request.POST or None,
        prefix="victims",
        initial=[row_initial(row, VictimFacts) for row in incident.victimizations.all()],
    )
    given["actors"] = ActorRows(
        request.POST or None,
        prefix="actors",
        initial=[row_initial(row, ActorFacts) for row in incident.actors.all()],
        form_kwargs={"keeps_group": not sight.groups, "keeps_note": not sight.words},
    )
    return given


def _differences_in_words(refusal: ChangedMeanwhile, digits: str) -> list[Any]:
    """[(question, as it stands now, as typed)] for the page."""
    return [
        (
            LABELS.get(name, name),
            in_words(name, now, digits=digits),
            in_words(name, given, digits=digits),
        )
        for name, (now, given) in refusal.differences.items()
    ]
