"""Noting since when a site records something else."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ceasefire.look.forms import DayField
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.reports import recording_changes
from ceasefire.reports.exceptions import ChangeIsAhead, ChangeIsNoted, ChangeWasWithdrawn
from ceasefire.reports.recording_models import RecordingChange, sites_of


class RecordingChangeForm(forms.Form):
    """The day of a change, and what changed."""

    show_optional = False
    changed_on = DayField(
        label=gettext_lazy("Changed on"),
        help_text=gettext_lazy("The first day on which the new rule held, day/month/year."),
    )
    what = forms.CharField(
        label=gettext_lazy("What changed"),
        help_text=gettext_lazy(
            "Which types, which sources, which rule. No names of people. No report says it."
        ),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )


@requires("reports.note_recording_change")
@require_safe
def recording_list(request: HttpRequest) -> HttpResponse:
    """When what sites record changed, the latest note first."""
    page = keyset_page(
        RecordingChange.objects.visible_to(request.user).select_related("site", "noted_by"),
        ordering=("-noted_at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=30,
    )
    return render(
        request,
        "reports/recording_list.html",
        {"page": page, "sites": list(sites_of(request.user))},
    )


@requires("reports.note_recording_change")
@require_http_methods(["GET", "HEAD", "POST"])
def recording_new(request: HttpRequest, site: str) -> HttpResponse:
    """Note a change for a site."""
    person: Any = request.user
    place = get_object_or_404(sites_of(person), code=site)
    form = RecordingChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            recording_changes.note_change(site=place, by=person, **form.cleaned_data)
        except ChangeIsAhead:
            form.add_error("changed_on", _("This day is still to come."))
        except ChangeIsNoted:
            form.add_error("changed_on", _("A change on this day is noted already."))
        else:
            messages.success(
                request, _("Noted. Reports compiled from now on compare from that day on.")
            )
            return redirect("reports:recording_list")
    return render(request, "reports/recording_new.html", {"form": form, "site": place})


@requires("reports.note_recording_change")
@require_POST
def recording_withdraw(request: HttpRequest, site: str, number: int) -> HttpResponse:
    """Take a note back that was a mistake."""
    change = get_object_or_404(
        RecordingChange.objects.visible_to(request.user).select_related("site"),
        site__code=site,
        number=number,
    )
    try:
        recording_changes.withdraw_change(change, by=request.user)  # type: ignore[arg-type]
    except ChangeWasWithdrawn:
        messages.info(request, _("It was withdrawn already."))
    else:
        messages.success(request, _("It is withdrawn; reports compiled from now on ignore it."))
    return redirect("reports:recording_list")
