"""Giving a case on, answering, and handing over all that a leaving person carries."""

from collections.abc import Generator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from ceasefire import vault
from ceasefire.people.access import requires
from ceasefire.people.models import User
from ceasefire.people.roles import allows
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.forms.casework import HandoverForm, TransferForm
from outreach.models import MEDIATORS, Participant, Transfer
from outreach.services import caseload
from outreach.services import transfers as services
from outreach.views.doing import attempt
from outreach.views.scope import one_participant, sites_of
from outreach.views.sections import section

VIEW, TRANSFER, ASSIGN = "outreach.view_participant", services.TRANSFER, services.ASSIGN


def _one(request: HttpRequest, pk: UUID) -> Transfer:
    """A transfer of an address, or 404, the same for absent and for not to be seen."""
    sites_of(request.user)
    return get_object_or_404(
        Transfer.objects.visible_to(request.user).select_related(
            "participant__site", "participant__worker", "from_user", "to_user", "asked_by"
        ),
        pk=pk,
    )


@requires(TRANSFER)
def transfer_new(request: HttpRequest, code: str) -> HttpResponse:
    """Ask somebody to take a case over."""
    participant = one_participant(request, code)
    user: Any = request.user
    if not services.may_ask(participant, user):
        raise PermissionDenied
    form = TransferForm(
        request.POST or None,
        people=services.receivers(participant),
        may_override=user.has_perm(caseload.OVERRIDE),
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = services.ask(participant, by=user, **form.facts())
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error("to", str(refusal))
        else:
            messages.success(request, _("Asked. The case goes when it is accepted."))
            return redirect("outreach:transfer_detail", pk=made.pk)
    return render(request, "outreach/transfer_new.html", {"case": participant, "form": form})


@require_safe
@requires(VIEW)
def transfer_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One transfer: for who sees the case, and while it waits for the one who is asked."""
    transfer = _one(request, pk)
    user: Any = request.user
    participant = transfer.participant
    sees_case = Participant.objects.visible_to(user).filter(pk=participant.pk).exists()
    waits = transfer.state == Transfer.State.ASKED
    return render(
        request,
        "outreach/transfer_detail.html",
        {
            "transfer": transfer,
            "case": participant,
            # Who is asked reads the code, the site and who asks until the case is theirs.
            "reason": vault.unseal(transfer, services.REASON, by=user) if sees_case else "",
            "sees_case": sees_case,
            "may_answer": waits and transfer.to_user_id == user.pk and user.has_perm(TRANSFER),
            "may_take_back": waits
            and sees_case
            and user.has_perm(TRANSFER)
            and (user.pk in {transfer.asked_by_id, participant.worker_id} or user.has_perm(ASSIGN)),
        },
    )


@require_POST
@requires(TRANSFER)
def transfer_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Accept or decline; for the one who was asked, absent for everybody else."""
    transfer = _one(request, pk)
    user: Any = request.user
    if transfer.to_user_id != user.pk:
        raise PermissionDenied
    if not request.POST.keys() & {"accept", "decline"}:
        return redirect("outreach:transfer_detail", pk=pk)
    if "accept" in request.POST:
        if attempt(
            request,
            lambda: services.accept(transfer, by=user),
            gettext_lazy("The case is yours now."),
        ):
            return redirect(transfer.participant.get_absolute_url())
        return redirect("outreach:transfer_detail", pk=pk)
    if attempt(request, lambda: services.decline(transfer, by=user), gettext_lazy("Declined.")):
        return redirect("outreach:transfer_list")
    return redirect("outreach:transfer_detail", pk=pk)


@require_POST
@requires(TRANSFER)
def transfer_take_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    transfer = _one(request, pk)
    user: Any = request.user
    attempt(request, lambda: services.take_back(transfer, by=user), gettext_lazy("Taken back."))
    return redirect("outreach:transfer_list")


@require_safe
@requires(TRANSFER)
def transfer_list(request: HttpRequest) -> HttpResponse:
    """The transfers that wait: those for this person's answer first."""
    user: Any = request.user
    sites_of(user)
    rows = list(
        Transfer.objects.visible_to(user)
        .open()
        .select_related("participant__site", "from_user", "to_user", "asked_by")
        .order_by("asked_at", "pk")[:100]
    )
    return render(
        request,
        "outreach/transfer_list.html",
        {
            "for_me": [row for row in rows if row.to_user_id == user.pk],
            "others": [row for row in rows if row.to_user_id != user.pk],
            "may_hand_over": user.has_perm(ASSIGN),
        },
    )


@section(80)
def transfer(request: HttpRequest, participant: Participant) -> Generator[Any, Any, dict[str, Any]]:
    """Whom the case is to go to, and the way there."""
    found = Transfer.objects.open().filter(participant=participant).select_related("to_user")
    rows = yield {"transfers": found[:1]}
    waiting = next(iter(rows["transfers"]), None)
    return {
        "template": "outreach/_participant_transfer.html",
        "waiting": waiting,
        "may_transfer": waiting is None and services.may_ask(participant, request.user),  # type: ignore[arg-type]
    }


# --- handover -------------------------------------------------------------------------------------


@require_safe
@requires(ASSIGN)
def handover_list(request: HttpRequest) -> HttpResponse:
    """Whose work can be handed over; who cannot sign in any more first."""
    user: Any = request.user
    people = services.leavers(user)
    counts = caseload.active_counts([person.pk for person in people])
    return render(
        request,
        "outreach/handover_list.html",
        {
            "people": [
                {
                    "person": person,
                    "active": counts.get(person.pk, 0),
                    "has_left": not person.may_sign_in(),
                }
                for person in people
            ]
        },
    )


@requires(ASSIGN)
def handover(request: HttpRequest, pk: UUID) -> HttpResponse:
    """All that one person carries, each case beside who takes it: one step."""
    user: Any = request.user
    sites_of(user)
    leaver = next((one for one in services.leavers(user) if one.pk == pk), None)
    if leaver is None or not services.may_hand_over(leaver, user):
        # Nobody of this person's, or nobody at all.
        get_object_or_404(User.objects.none(), pk=pk)
        raise AssertionError
    carried = services.carried_by(leaver, user)
    sites = {row.site_id: row.site for row in carried.cases}
    sites.update({row.participant.site_id: row.participant.site for row in carried.memberships})
    takers = {
        key: [one for one in services.carriers(site) if one.pk != leaver.pk]
        for key, site in sites.items()
    }
    form = HandoverForm(
        request.POST or None,
        rows=carried.cases,
        takers=takers,
        may_override=user.has_perm(caseload.OVERRIDE),
        rest=_rest(leaver, {*sites, *carried.conflicts}, mediates=bool(carried.conflicts)),
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = services.hand_over(leaver, by=user, **form.facts())
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request,
                ngettext("%(n)d case was handed over.", "%(n)d cases were handed over.", made.cases)
                % {"n": made.cases},
            )
            return redirect("outreach:handover_list")
    people = {person.pk: person for group in takers.values() for person in group}
    counts = caseload.active_counts(people)
    return render(
        request,
        "outreach/handover.html",
        {
            "leaver": leaver,
            "has_left": not leaver.may_sign_in(),
            "form": form,
            "teams": len(carried.memberships),
            "conflicts": len(carried.conflicts),
            "loads": [
                {"person": person, "active": counts.get(person.pk, 0)} for person in people.values()
            ],
        },
    )


def _rest(leaver: User, sites: set[Any], *, mediates: bool) -> list[User]:
    """Who may take the teams, conflicts and tasks: of all these sites, with a list of tasks.

    Where there are conflicts to take, who mediates.
    """
    found = User.objects.active().exclude(pk=leaver.pk).order_by("code_name", "pk")
    if mediates:
        found = found.filter(role__in=MEDIATORS)
    for site in sites:
        found = found.filter(sites=site)
    people = [one for one in found if one.may_sign_in() and allows(one.role, "worklist.view_task")]
    prefetch_related_objects(people, "sites")
    return people
