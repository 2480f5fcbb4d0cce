"""Who owns what, what nobody owns any more, and handing it over."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ceasefire import periods
from ceasefire.people.access import requires
from grants.exceptions import GrantRefusal, NobodyToTakeIt
from grants.forms.handover import HandoverForm
from grants.models import Handover, Officer
from grants.services import handover, waiting
from grants.views.doing import me, said_in_full, tried
from grants.views.scope import VIEW, WORK, officer_of
from grants.views.steps import duty_words


@requires(VIEW)
@require_safe
def handover_list(request: HttpRequest) -> HttpResponse:
    """Grants without an owner at work and those that wait for nobody first, then every officer
    with what hangs on them."""
    return render(
        request,
        "grants/handover_list.html",
        {
            "left": list(handover.left_behind()),
            "stranded": _stranded(),
            "officers": handover.loads(),
            "latest": list(
                Handover.objects.select_related(
                    "grant", "finding", "from_officer", "to_officer", "by"
                )[:20]
            ),
        },
    )


def _stranded() -> list[dict[str, Any]]:
    """Each grant whose next step nobody may take, with the duties it waits for."""
    grants = list(waiting.stranded())
    duties = waiting.duties_of(grants)
    return [{"grant": one, "duties": duty_words(duties[one.pk])} for one in grants]


@requires(VIEW)
def handover_detail(request: HttpRequest, key: UUID) -> HttpResponse:
    """Everything that hangs on one officer, to be printed; and handing it over."""
    leaver = get_object_or_404(Officer, pk=key)
    today = periods.now().date()
    load = handover.load_of(leaver, on=today)
    who = officer_of(request)
    may_give = (
        request.user.has_perm(WORK)
        and who is not None
        and (who.pk == leaver.pk or who.has("officer"))
        and bool(load.grants or load.findings or load.risks)
    )
    takers = handover.takers(load.grants)
    form = HandoverForm(
        request.POST if request.method == "POST" else None, load=load, takers=takers
    )
    if request.method == "POST":
        if not may_give:
            raise PermissionDenied
        if form.is_valid() and _done(request, leaver, form):
            return redirect("grants:handover_detail", leaver.pk)
    return render(
        request,
        "grants/handover_detail.html",
        {
            "leaver": leaver,
            "load": load,
            "today": today,
            "is_gone": not leaver.is_active,
            "form": form if may_give else None,
        },
        status=422 if form.is_bound else 200,
    )


def _done(request: HttpRequest, leaver: Officer, form: Any) -> bool:
    """Hand over what was chosen and say how it went."""
    facts = form.cleaned_data
    to, reason, what = facts["to"], facts["reason"], facts["what"]
    at: dict[type[GrantRefusal], str] = {NobodyToTakeIt: "to"}
    if what in form.grants:
        grant = form.grants[what]
        done = tried(
            request,
            form,
            lambda: handover.hand_over(grant, to=to, reason=reason, by=me(request)),
            at=at,
        )
        went = [grant.ref]
    elif what in form.findings:
        finding = form.findings[what]
        done = tried(
            request,
            form,
            lambda: handover.hand_over_finding(finding, to=to, reason=reason, by=me(request)),
            at=at,
        )
        went = [finding.grant.ref]
    else:
        done = tried(
            request,
            form,
            lambda: handover.hand_over_all(leaver, to=to, reason=reason, by=me(request)),
            at=at,
        )
        if done is not None:
            for grant, refusal in done.stayed:
                words = {"ref": grant.ref, "why": said_in_full(refusal)}
                messages.warning(request, _("%(ref)s stays: %(why)s") % words)
            went = [*done.grants, *done.findings, *done.risks]
    if done is None:
        return False
    if went:
        said = ngettext("%(count)d handed over.", "%(count)d handed over.", len(went))
        messages.success(request, said % {"count": len(went)})
    return True
