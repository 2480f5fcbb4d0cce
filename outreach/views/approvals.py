"""The inbox of approvals, one of them with its answer, and what stands of them on a case."""

from collections.abc import Generator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ceasefire import vault
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.forms.supervision import AnswerForm
from outreach.models import Approval, Participant
from outreach.services import approvals
from outreach.views.participants import header_of
from outreach.views.sections import section

ANSWERERS = ("asked_by", "decided_by", "on_behalf_of")
PEOPLE = ("participant__worker__supervisor", *ANSWERERS)
#: So many of a case's answers stand on its page.
SHOWN = 5


@require_safe
@requires(approvals.DECIDE)
def approval_list(request: HttpRequest) -> HttpResponse:
    """What waits, the longest first; with `?decided` what was decided, the latest first."""
    decided = "decided" in request.GET
    rows = Approval.objects.visible_to(request.user).select_related(*PEOPLE)
    page: Any = keyset_page(
        rows.filter(decided_at__isnull=False) if decided else rows.open(),
        ordering=("-asked_at", "-id") if decided else ("asked_at", "id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    own = {
        row.pk for row in page if request.user.pk in (row.asked_by_id, row.participant.worker_id)
    }
    return render(
        request, "outreach/approval_list.html", {"page": page, "decided": decided, "own": own}
    )


@requires(approvals.DECIDE)
def approval_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One question with its case; the answer where the person may give it."""
    by: Any = request.user
    approval = get_object_or_404(
        Approval.objects.visible_to(by).select_related(*PEOPLE, "participant__site"),
        pk=pk,
    )
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            approvals.decide(
                approval,
                approve=form.cleaned_data["answer"] == "approve",
                reason=form.cleaned_data["reason"],
                by=by,
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Decided."))
            return redirect("outreach:approval_list")
    return render(
        request,
        "outreach/approval_detail.html",
        {
            **header_of(request, approval.participant),
            "approval": approval,
            "form": form,
            "may_decide": approval.decided_at is None and approvals.may_decide(approval, by),
            "reason": _reasons([approval], by)[approval.pk],
        },
    )


def _reasons(rows: list[Approval], user: Any) -> dict[Any, str | None]:
    """The sealed reasons of some approvals; the reading is recorded."""
    decided = [row for row in rows if row.decided_at is not None]
    opened = vault.unseal_rows(decided, ["reason"], by=user) if decided else {}
    return {row.pk: opened.get(row.pk, {}).get("reason") for row in rows}


@section(15)
def answers(
    request: HttpRequest, participant: Participant
) -> Generator[Any, Any, dict[str, Any] | None]:
    """What waits for an approval, and the last answers."""
    asked = participant.approvals.select_related(*ANSWERERS).order_by("-asked_at", "-id")
    rows = (yield {"approvals": asked[:SHOWN]})["approvals"]
    if not rows:
        return None
    decided = [row for row in rows if row.decided_at is not None]
    sealed = (yield {"reasons": vault.sealed_rows(decided, ["reason"])})["reasons"]
    reasons = vault.opened_rows(decided, ["reason"], sealed, by=request.user)  # type: ignore[arg-type]
    for row in rows:
        row.why = reasons.get(row.pk, {}).get("reason")
    return {"template": "outreach/_participant_approvals.html", "approvals": rows}
