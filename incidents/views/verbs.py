"""One POST view per verb. A refusal is said on the incident's page with what was typed."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ceasefire import vault
from ceasefire.people.access import requires
from incidents import services
from incidents.forms.rows import SourceForm
from incidents.forms.verbs import (
    DuplicateForm,
    GradeForm,
    OverrideForm,
    ReasonForm,
    RevealForm,
)
from incidents.models import Incident, Source
from incidents.views.doing import attempt, version_of
from incidents.views.reading import detail_page
from incidents.views.scope import one
from incidents.views.twins import ask_before_sending


def _carry_out(
    request: HttpRequest, incident: Incident, act: Callable[[], Any], said: Any
) -> HttpResponse:
    """Do it, say so, and go back to the incident."""
    attempt(request, act, said)
    return redirect(incident)


@require_POST
@requires("incidents.submit_incident")
def incident_submit(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    asked = ask_before_sending(request, incident)
    if asked is not None:
        return asked
    return _carry_out(
        request,
        incident,
        lambda: services.submit_incident(incident, by=request.user, version=version_of(request)),
        gettext_lazy("Sent to review."),
    )


@require_POST
@requires("incidents.review_incident")
def incident_take(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    return _carry_out(
        request,
        incident,
        lambda: services.take_for_review(incident, by=request.user, version=version_of(request)),
        gettext_lazy("Taken for review."),
    )


@require_POST
@requires("incidents.review_incident")
def incident_accept(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    return _carry_out(
        request,
        incident,
        lambda: services.accept_incident(incident, by=request.user, version=version_of(request)),
        gettext_lazy("Accepted."),
    )


@require_POST
@requires("incidents.archive_incident")
def incident_archive(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    return _carry_out(
        request,
        incident,
        lambda: services.archive_incident(incident, by=request.user, version=version_of(request)),
        gettext_lazy("Archived."),
    )


@require_POST
@requires("incidents.review_incident")
def incident_return(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = ReasonForm(request.POST, prefix="return")
    if not form.is_valid():
        return detail_page(request, incident, return_form=form)
    return _carry_out(
        request,
        incident,
        lambda: services.return_incident(incident, by=request.user, **form.cleaned_data),
        gettext_lazy("Returned to the reporter."),
    )


@require_POST
@requires("incidents.withdraw_incident")
def incident_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = ReasonForm(request.POST, prefix="withdraw")
    form.fields["reason"].required = incident.workflow_state != Incident.State.DRAFT
    if not form.is_valid():
        return detail_page(request, incident, withdraw_form=form)
    return _carry_out(
        request,
        incident,
        lambda: services.withdraw_incident(incident, by=request.user, **form.cleaned_data),
        gettext_lazy("Withdrawn."),
    )


@require_POST
@requires("incidents.review_incident")
def incident_duplicate(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = DuplicateForm(request.POST, prefix="duplicate")
    if form.is_valid():
        original = (
            Incident.objects.visible_to(request.user)
            .filter(code=form.cleaned_data["original"])
            .first()
        )
        if original is None:
            form.add_error("original", _("No incident with this code is known here."))
    if not form.is_valid():
        return detail_page(request, incident, duplicate_form=form)
    return _carry_out(
        request,
        incident,
        lambda: services.mark_duplicate(
            incident,
            of=original,
            by=request.user,
            reason=form.cleaned_data["reason"],
            version=form.cleaned_data["version"],
        ),
        gettext_lazy("Marked as a duplicate."),
    )


@require_POST
@requires("incidents.override_verification")
def incident_override(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = OverrideForm(request.POST, prefix="override")
    if not form.is_valid():
        return detail_page(request, incident, override_form=form)
    return _carry_out(
        request,
        incident,
        lambda: services.override_verification(incident, by=request.user, **form.cleaned_data),
        gettext_lazy("Grade set."),
    )


@require_POST
@requires("incidents.override_verification")
def incident_override_clear(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    return _carry_out(
        request,
        incident,
        lambda: services.clear_override(incident, by=request.user, version=version_of(request)),
        gettext_lazy("The sources decide again."),
    )


@require_POST
@requires("incidents.edit_incident")
def source_add(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    form = SourceForm(request.POST, prefix="source", by=request.user, use_required_attribute=False)
    if not form.is_valid():
        return detail_page(request, incident, source_form=form)
    return _carry_out(
        request,
        incident,
        lambda: services.add_source(incident, facts=form.facts(), by=request.user),
        gettext_lazy("Source added."),
    )


@require_POST
@requires("incidents.edit_incident")
def source_grade(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """`number` counts the incident's sources from 1, oldest first."""
    incident = one(request, code)
    sources = list(incident.sources.all())
    if not 1 <= number <= len(sources):
        raise Http404
    for place, source in enumerate(sources, start=1):
        source.label = str(place)  # type: ignore[attr-defined]
    source = sources[number - 1]
    form = GradeForm(request.POST, source=source, others=sources, prefix=f"s{number}")
    if not form.is_valid():
        messages.error(request, _("The grade could not be read. Nothing was changed."))
        return redirect(incident)
    return _carry_out(
        request,
        incident,
        lambda: services.grade_source(
            source,
            reliability=form.cleaned_data["reliability"],
            credibility=form.cleaned_data["credibility"],
            same_origin_as=form.origin(),
            by=request.user,
        ),
        gettext_lazy("Grade set."),
    )


REVEAL_REFUSALS: dict[type[vault.VaultError], Any] = {
    vault.NothingSealed: gettext_lazy("Nothing is sealed here."),
    vault.ReasonMissing: gettext_lazy("Give a reason."),
    vault.RevealRefused: gettext_lazy("You may not see this."),
    vault.RevealLimitReached: gettext_lazy(
        "You have opened as many names today as a day allows. Ask the program manager."
    ),
}


@require_POST
@requires("incidents.view_source")
def name_reveal(request: HttpRequest, code: str) -> HttpResponse:
    """A sealed name or contact of this incident, for a reason; written down before it is shown."""
    incident = one(request, code)
    if not services.sight(incident, request.user).reveal:
        raise PermissionDenied
    form = RevealForm(request.POST, prefix="reveal")
    shown = ""
    if form.is_valid():
        show = _sealed_row(request, incident, form.cleaned_data)
        try:
            shown = show()
        except vault.VaultError as refusal:
            form.add_error("reason", REVEAL_REFUSALS.get(type(refusal), _("It does not open.")))
    return render(
        request,
        "incidents/name_reveal.html",
        {"incident": incident, "form": form, "shown": shown},
    )


def _sealed_row(
    request: HttpRequest, incident: Incident, given: dict[str, Any]
) -> Callable[[], str]:
    """What opens the sealed name that is asked for; 404 where there is no such row."""
    by, field, reason = request.user, given["field"], given["reason"]
    if given["kept"]:
        found = services.find_row(incident, given["kept"], by)
        if found is None:
            raise Http404
        kept, told = found
        return lambda: services.reveal_kept(kept, told, field=field, by=by, reason=reason)
    row: Any = incident.sources.filter(pk=given["row"]).first() or get_object_or_404(
        incident.victimizations, pk=given["row"]
    )
    if field == "contact" and not isinstance(row, Source):
        raise Http404
    return lambda: vault.reveal(row, field, by=by, reason=reason)


@require_POST
@requires("incidents.review_incident")
def told_take(request: HttpRequest, code: str) -> HttpResponse:
    """Take a person or a source that a kept form told of over into the record."""
    incident = one(request, code)
    address = request.POST.get("kept", "")
    if services.find_row(incident, address, request.user) is None:
        raise Http404
    return _carry_out(
        request,
        incident,
        lambda: services.take_over_row(incident, address, by=request.user),
        gettext_lazy("Taken over into the record."),
    )


@require_POST
@requires("incidents.edit_incident")
def submission_settle(request: HttpRequest, code: str, key: int) -> HttpResponse:
    incident = one(request, code)
    kept = get_object_or_404(incident.conflicting_submissions, pk=key)
    if not services.may_settle(incident, kept, request.user):
        # Absent and not shown answer alike.
        raise Http404
    return _carry_out(
        request,
        incident,
        lambda: services.settle_submission(kept, by=request.user),
        gettext_lazy("Settled."),
    )
