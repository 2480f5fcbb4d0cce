"""An identity opened for a reason, an exact search, and the sheet of all that is held."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from ceasefire import vault
from ceasefire.people.access import requires
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.forms.participants import FindForm, HeldForm, RevealForm
from outreach.services import held, identity
from outreach.views.participants import header_of
from outreach.views.scope import one_participant


@requires(identity.REVEAL)
def participant_reveal(request: HttpRequest, code: str) -> HttpResponse:
    """Name, phone, address, family or tribe: for a reason and the password, shown once."""
    participant = one_participant(request, code)
    form = RevealForm(
        request.POST or None, by=request.user, sealed=vault.sealed_fields(participant)
    )
    shown: list[tuple[Any, str]] = []
    if request.method == "POST" and form.is_valid():
        try:
            opened = identity.reveal(
                participant,
                form.cleaned_data["fields_wanted"],
                by=request.user,
                reason=form.cleaned_data["reason"],
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            shown = [(identity.LABELS[name], text) for name, text in opened.items()]
    return render(
        request,
        "outreach/participant_reveal.html",
        {
            **header_of(request, participant),
            "form": form,
            "shown": shown,
            "left": vault.reveals_left(request.user),
        },
    )


@requires(identity.REVEAL)
def participant_held(request: HttpRequest, code: str) -> HttpResponse:
    """What is held about somebody, to be read through and printed for them. Arabic first."""
    participant = one_participant(request, code)
    form = HeldForm(request.POST or None, by=request.user, initial={"language": "ar"})
    if request.method == "POST" and form.is_valid():
        language = form.cleaned_data["language"]
        try:
            with translation.override(language):
                parts = held.all_held(
                    participant, by=request.user, reason=form.cleaned_data["reason"]
                )
                return render(
                    request,
                    "outreach/participant_held_sheet.html",
                    {
                        "participant": participant,
                        "parts": parts,
                        "language": language,
                        "direction": "rtl" if language == "ar" else "ltr",
                    },
                )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
    return render(
        request,
        "outreach/participant_held.html",
        {**header_of(request, participant), "form": form},
    )


@requires(identity.REVEAL)
def participant_find(request: HttpRequest) -> HttpResponse:
    """An exact search by name, phone or alias; another's case and none at all answer alike."""
    form = FindForm(request.POST or None)
    found = None
    if request.method == "POST" and form.is_valid():
        try:
            found = identity.find(
                form.cleaned_data["kind"], form.cleaned_data["value"], by=request.user
            )
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
    return render(
        request,
        "outreach/participant_find.html",
        {"form": form, "found": found, "left": identity.searches_left(request.user)},
    )
