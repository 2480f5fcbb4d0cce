"""Changing the facts of a case, and choosing where two people wrote different things."""

from collections.abc import Generator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from ceasefire import vault
from ceasefire.people.access import requires
from outreach.exceptions import (
    CaseIsClosed,
    ConsentWithdrawn,
    NotForThisPerson,
    OutreachRefusal,
)
from outreach.forms.edits import EditForm, OpenBothForm, SettleForm
from outreach.models import EditConflict, Participant
from outreach.services import edits
from outreach.views.participants import header_of
from outreach.views.scope import one_participant
from outreach.views.sections import section

PEOPLE = ("theirs_by", "mine_by")


def _writable(participant: Participant) -> None:
    if participant.site.read_only:
        raise PermissionDenied


@requires(edits.CHANGE)
def participant_edit(request: HttpRequest, code: str) -> HttpResponse:
    """The facts of a case. What another changed meanwhile is merged, or kept beside it."""
    participant = one_participant(request, code)
    _writable(participant)
    if request.method != "POST" and not _is_open(participant):
        messages.error(request, _why_shut(participant))
        return redirect(participant)
    # Of a sent form after the verb: reading the alias writes the trail, which is locked last.
    header: dict[str, Any] = {} if request.method == "POST" else header_of(request, participant)
    form = EditForm(
        request.POST or None,
        participant=participant,
        alias=header.get("alias") or "",
        sealed=vault.sealed_fields(participant),
    )
    let_go = False
    if request.method == "POST":
        if participant.consent_withdrawn_at is not None:
            let_go = True
            form.add_error(None, str(ConsentWithdrawn.message))
        elif form.is_valid():
            try:
                outcome = edits.edit_participant(
                    participant,
                    typed=form.typed(),
                    version=form.cleaned_data["version"],
                    by=request.user,
                )
            except NotForThisPerson:
                raise PermissionDenied from None
            except ConsentWithdrawn as refusal:
                let_go = True
                form.add_error(None, str(refusal))
            except OutreachRefusal as refusal:
                form.add_error(None, str(refusal))
            else:
                _say(request, outcome)
                return redirect(f"{participant.get_absolute_url()}{_where(outcome)}")
    header = header or header_of(request, participant)
    if let_go:
        form.let_go()
        header["alias"] = ""
    return render(
        request,
        "outreach/participant_edit.html",
        {
            **header,
            "form": form,
            "open_edits": EditConflict.objects.open().filter(participant=participant).count(),
        },
    )


def _is_open(participant: Participant) -> bool:
    return (
        participant.consent_withdrawn_at is None and participant.status != Participant.Status.CLOSED
    )


def _why_shut(participant: Participant) -> str:
    withdrawn = participant.consent_withdrawn_at is not None
    return str((ConsentWithdrawn if withdrawn else CaseIsClosed).message)


def _where(outcome: edits.Outcome) -> str:
    return "#edits" if outcome.conflicts else ""


def _say(request: HttpRequest, outcome: edits.Outcome) -> None:
    """What was taken over, what was merged, what is kept twice; no value among it."""
    if not outcome.conflicts or outcome.changed:
        messages.success(request, _("Saved."))
    for field, who in outcome.merged:
        text = _("%(who)s changed this meanwhile, it is kept too: %(field)s.")
        messages.info(request, text % {"who": who, "field": edits.LABELS[field]})
    if outcome.conflicts:
        fields = " · ".join(str(edits.LABELS[one.field]) for one in outcome.conflicts)
        text = _("Somebody wrote something else meanwhile. Both are kept, choose: %(fields)s.")
        messages.warning(request, text % {"fields": fields})


# --- choose ---------------------------------------------------------------------------------------


@requires(edits.CHANGE)
def edit_settle(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Two values side by side, who wrote them and when, and the choice."""
    participant = one_participant(request, code)
    _writable(participant)
    found = EditConflict.objects.filter(participant=participant).select_related(*PEOPLE)
    conflict = get_object_or_404(found, pk=pk)
    conflict.participant = participant
    if conflict.settled_at or not _is_open(participant):
        shut = None if _is_open(participant) else _why_shut(participant)
        messages.error(request, shut or str(edits.SettledAlready.message))
        return redirect(participant)
    opening = request.method == "POST" and "open" in request.POST
    form = SettleForm(None if opening else request.POST or None, conflict=conflict)
    opener = OpenBothForm(request.POST if opening else None, by=request.user)
    hidden = conflict.field in edits.NOT_SHOWN
    values: tuple[str | None, str | None] | None = None
    if opening and hidden and opener.is_valid():
        try:
            values = edits.reveal_both(
                conflict, by=request.user, reason=opener.cleaned_data["reason"]
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            opener.add_error(None, str(refusal))
    elif request.method == "POST" and not opening and form.is_valid():
        try:
            edits.settle(
                conflict,
                choice=form.cleaned_data["choice"],
                version=form.cleaned_data["version"],
                text=form.text(),
                by=request.user,
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Chosen."))
            return redirect(participant)
    if values is None:
        values = edits.both_values(participant, [conflict], by=request.user).get(conflict.pk)
    row = _row(conflict, values)
    return render(
        request,
        "outreach/edit_settle.html",
        {
            **header_of(request, participant),
            "row": row,
            "form": form,
            "opener": opener if hidden and values is None else None,
            "left": vault.reveals_left(request.user) if hidden else None,
        },
    )


def _row(conflict: EditConflict, values: tuple[str | None, str | None] | None) -> dict[str, Any]:
    """One conflict for a page; without values it is one that is shown by a reveal only."""
    stands, second = values or ("", "")
    return {
        "conflict": conflict,
        "label": edits.LABELS[conflict.field],
        "hidden": values is None,
        "stands": stands,
        "second": second,
    }


@section(10)
def edits_that_met(
    request: HttpRequest, participant: Participant
) -> Generator[Any, Any, dict[str, Any] | None]:
    """Where two people wrote different things and nobody has chosen yet."""
    if participant.consent_withdrawn_at is not None:
        return None
    met = participant.edit_conflicts.open().select_related(*PEOPLE)
    rows = (yield {"edits": met[:20]})["edits"]
    if not rows:
        return None
    values = edits.both_values(participant, rows, by=request.user)
    return {
        "template": "outreach/_participant_edits.html",
        "edits": [_row(one, values.get(one.pk)) for one in rows],
        "may_settle": request.user.has_perm(edits.CHANGE)
        and _is_open(participant)
        and not participant.site.read_only,
    }
