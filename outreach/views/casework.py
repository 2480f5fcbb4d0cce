"""Needs, plan, referrals and notes of a case: a section each on its page, the words on their own.

The page of the case shows domains, days and states; what is sealed is opened on these pages only,
so that looking at a case does not lay open everything that was ever written about somebody.
"""

from collections.abc import Callable, Generator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ceasefire import codes, vault
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from outreach.exceptions import InTheFuture, NotAColleague, NotForThisPerson, OutreachRefusal
from outreach.forms.casework import (
    AmendForm,
    GoalForm,
    NeedsForm,
    NoteChangeForm,
    NoteForm,
    ReferralForm,
    ReferralMoveForm,
    ReviewForm,
)
from outreach.models import (
    CaseNote,
    NeedsAssessment,
    NoteAmendment,
    Participant,
    PlanGoal,
    Referral,
    RiskReductionPlan,
)
from outreach.services import needs, notes, plans, referrals
from outreach.views.doing import attempt, me, retype
from outreach.views.scope import one_participant
from outreach.views.sections import section

VIEW, PLAN = "outreach.view_participant", needs.PLAN
#: So many in a section; the rest is a tap away.
SHOWN = 5
#: Assessments and reviews on their pages.
SHOWN_EARLIER = 12
NOTES_A_PAGE = 20
#: Which refusal belongs to which field of which form.
FIELDS: dict[type[OutreachRefusal], tuple[str, ...]] = {
    plans.DueNotAhead: ("due_on",),
    NotAColleague: ("owner", "to"),
    InTheFuture: ("on", "sent_on"),
    referrals.BeforeItWasSent: ("on", "sent_on"),
}


def _writable(request: HttpRequest, participant: Participant) -> None:
    """403 where nothing can be written about the case as it stands."""
    if not needs.may_plan(participant, me(request)):
        raise PermissionDenied


def _try(form: Any, act: Callable[[], Any]) -> bool:
    """Do it, or say the refusal at its field with everything typed still there."""
    try:
        act()
    except NotForThisPerson:
        raise PermissionDenied from None
    except OutreachRefusal as refusal:
        names = [name for name in FIELDS.get(type(refusal), ()) if name in form.fields]
        form.add_error(names[0] if names else None, str(refusal))
        return False
    return True


def _page(
    request: HttpRequest, template: str, participant: Participant, **context: Any
) -> HttpResponse:
    return render(request, f"outreach/{template}.html", {"case": participant, **context})


# --- needs ----------------------------------------------------------------------------------------


@require_safe
@requires(VIEW)
def needs_list(request: HttpRequest, code: str) -> HttpResponse:
    """The needs as they were written down, the latest first, with the strengths."""
    participant = one_participant(request, code)
    rows = list(
        NeedsAssessment.objects.filter(participant=participant).select_related("by")[:SHOWN_EARLIER]
    )
    texts = vault.unseal_rows(rows, [needs.STRENGTHS], by=me(request))
    shown = [
        {"row": row, "lines": _severities(row), "strengths": texts[row.pk][needs.STRENGTHS]}
        for row in rows
    ]
    return _page(
        request,
        "needs_list",
        participant,
        assessments=shown,
        may_plan=needs.may_plan(participant, me(request)),
    )


def _severities(row: NeedsAssessment) -> list[dict[str, Any]]:
    """Each domain that was asked about, the heaviest first."""
    lines = [
        {
            "label": codes.label("need_domain", code),
            "severity": number,
            "word": NeedsAssessment.SEVERITIES.get(number, ""),
            "tone": ("quiet", "accent", "due", "overdue")[min(number, 3)],
        }
        for code, number in row.severities.items()
    ]
    return sorted(lines, key=lambda line: -int(line["severity"]))


@requires(PLAN)
def needs_new(request: HttpRequest, code: str) -> HttpResponse:
    """The domains, one question each; begun with what was said last."""
    participant = one_participant(request, code)
    _writable(request, participant)
    last = needs.latest(participant)
    initial = {"after": last.number if last else 0}
    form = NeedsForm(
        request.POST or None, before=last.severities if last else None, initial=initial
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and _try(form, lambda: needs.assess(participant, by=me(request), **form.facts()))
    ):
        messages.success(request, _("Recorded."))
        return redirect("outreach:needs_list", code=code)
    if request.method == "POST":
        retype(form, after=str(initial["after"]))
    return _page(request, "needs_new", participant, form=form)


# --- plan -----------------------------------------------------------------------------------------


@require_safe
@requires(VIEW)
def plan_detail(request: HttpRequest, code: str) -> HttpResponse:
    """The plan with its steps in words, and how it went each time it was looked at."""
    participant = one_participant(request, code)
    return _plan_page(request, participant, ReviewForm())


def _plan_page(request: HttpRequest, participant: Participant, form: ReviewForm) -> HttpResponse:
    plan = plans.of_case(participant)
    goals: list[PlanGoal] = []
    reviews: list[Any] = []
    if plan is not None:
        goals = list(plan.goals.select_related("owner"))
        reviews = list(plan.reviews.select_related("by")[:SHOWN_EARLIER])
        form.initial["version"] = plan.version
    steps = vault.unseal_rows(goals, [plans.STEP], by=me(request))
    words = vault.unseal_rows(reviews, [plans.NOTE], by=me(request))
    returned = None
    if plan is not None and plan.state == RiskReductionPlan.State.RETURNED:
        returned = (
            participant.approvals.filter(kind="plan", decision="returned")
            .order_by("-decided_at")
            .first()
        )
    return _page(
        request,
        "plan_detail",
        participant,
        plan=plan,
        goals=[{"row": goal, "step": steps[goal.pk][plans.STEP]} for goal in goals],
        reviews=[{"row": row, "note": words[row.pk][plans.NOTE]} for row in reviews],
        returned_because=vault.unseal(returned, "reason", by=me(request)) if returned else "",
        review_form=form,
        may_plan=needs.may_plan(participant, me(request)),
    )


@requires(PLAN)
def goal_new(request: HttpRequest, code: str) -> HttpResponse:
    """One more step; the first begins the plan."""
    participant = one_participant(request, code)
    _writable(request, participant)
    form = GoalForm(request.POST or None, people=plans.owners(participant))
    if (
        request.method == "POST"
        and form.is_valid()
        and _try(form, lambda: plans.add_goal(participant, by=me(request), **form.facts()))
    ):
        messages.success(request, _("Added."))
        return redirect("outreach:plan_detail", code=code)
    return _page(request, "goal_new", participant, form=form)


def _one_of(rows: Any, participant: Participant, pk: UUID, path: str = "participant") -> Any:
    """A row of this case, or 404 like an absent one."""
    return get_object_or_404(rows.filter(**{path: participant}), pk=pk)


@require_POST
@requires(PLAN)
def goal_end(request: HttpRequest, code: str, pk: UUID) -> HttpResponse:
    """A step is reached, or dropped."""
    participant = one_participant(request, code)
    goal = _one_of(
        PlanGoal.objects.select_related("plan__participant"), participant, pk, "plan__participant"
    )
    if request.POST.keys() & {"reached", "dropped"}:
        attempt(
            request,
            lambda: plans.end_goal(goal, reached="reached" in request.POST, by=me(request)),
            gettext_lazy("Recorded."),
        )
    return redirect("outreach:plan_detail", code=code)


@require_POST
@requires(PLAN)
def plan_ask(request: HttpRequest, code: str) -> HttpResponse:
    participant = one_participant(request, code)
    attempt(
        request,
        lambda: plans.ask_approval(participant, by=me(request), version=_version(request)),
        gettext_lazy("Sent for approval."),
    )
    return redirect("outreach:plan_detail", code=code)


@require_POST
@requires(PLAN)
def plan_take_back(request: HttpRequest, code: str) -> HttpResponse:
    participant = one_participant(request, code)
    attempt(
        request,
        lambda: plans.take_back(participant, by=me(request), version=_version(request)),
        gettext_lazy("Taken back."),
    )
    return redirect("outreach:plan_detail", code=code)


@require_POST
@requires(PLAN)
def plan_review(request: HttpRequest, code: str) -> HttpResponse:
    """The plan was looked at with the participant."""
    participant = one_participant(request, code)
    _writable(request, participant)
    form = ReviewForm(request.POST)
    if form.is_valid() and _try(
        form,
        lambda: plans.review(
            participant,
            note=form.cleaned_data["note"],
            version=form.cleaned_data["version"],
            by=me(request),
        ),
    ):
        messages.success(request, _("Recorded."))
        return redirect("outreach:plan_detail", code=code)
    plan = plans.of_case(participant)
    retype(form, version=str(plan.version) if plan else "")
    return _plan_page(request, participant, form)


def _version(request: HttpRequest) -> int | None:
    given = request.POST.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


@section(40)
def plan(request: HttpRequest, participant: Participant) -> Generator[Any, Any, dict[str, Any]]:
    """The heaviest needs, and the plan's steps by domain and day, without their words."""
    goals = PlanGoal.objects.filter(plan__participant=participant, state=PlanGoal.State.OPEN)
    rows = yield {
        "needs": needs.all_of(participant).select_related("by")[:1],
        "plans": plans.all_of(participant)[:1],
        "goals": goals.select_related("owner"),
    }
    last, found = (next(iter(rows[name]), None) for name in ("needs", "plans"))
    return {
        "template": "outreach/_participant_plan.html",
        "needs": last,
        "heaviest": [line for line in _severities(last) if line["severity"]][:SHOWN]
        if last
        else [],
        "plan": found,
        "plan_overdue": found is not None and found.overdue(),
        "goals": rows["goals"],
        "may_plan": needs.may_plan(participant, me(request)),
    }


# --- referrals ------------------------------------------------------------------------------------


@require_safe
@requires(VIEW)
def referral_list(request: HttpRequest, code: str) -> HttpResponse:
    """The referrals of a case: to whom, what for, and what became of each."""
    participant = one_participant(request, code)
    page = keyset_page(
        Referral.objects.filter(participant=participant).select_related("created_by"),
        ordering=("-created_at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    fields = [referrals.PROVIDER, referrals.NOTE]
    texts = vault.unseal_rows(page.rows, fields, by=me(request))
    return _page(
        request,
        "referral_list",
        participant,
        page=page,
        referrals=[{"row": row, **texts[row.pk]} for row in page.rows],
        may_plan=needs.may_plan(participant, me(request)),
    )


@requires(PLAN)
def referral_new(request: HttpRequest, code: str) -> HttpResponse:
    participant = one_participant(request, code)
    _writable(request, participant)
    form = ReferralForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and _try(form, lambda: referrals.send(participant, by=me(request), **form.cleaned_data))
    ):
        messages.success(request, _("Sent. You are asked to follow it up after seven days."))
        return redirect("outreach:referral_list", code=code)
    return _page(
        request,
        "referral_new",
        participant,
        form=form,
        may_share=referrals.may_share(participant),
    )


@requires(PLAN)
def referral_move(request: HttpRequest, code: str, pk: UUID) -> HttpResponse:
    """What became of a referral."""
    participant = one_participant(request, code)
    referral = _one_of(Referral.objects.select_related("participant"), participant, pk)
    if not request.user.has_perm(PLAN) or participant.site.read_only:  # type: ignore[union-attr]
        raise PermissionDenied
    form = ReferralMoveForm(
        request.POST or None, state=referral.state, initial={"version": referral.version}
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and _try(form, lambda: referrals.move(referral, by=me(request), **form.cleaned_data))
    ):
        messages.success(request, _("Recorded."))
        return redirect("outreach:referral_list", code=code)
    return _page(request, "referral_move", participant, referral=referral, form=form)


@section(50)
def open_referrals(
    request: HttpRequest, participant: Participant
) -> Generator[Any, Any, dict[str, Any]]:
    """The open referrals by what they are for, without to whom."""
    made = Referral.objects.filter(participant=participant, state__in=Referral.OPEN)
    rows = (yield {"referrals": made[: SHOWN + 1]})["referrals"]
    return {
        "template": "outreach/_participant_referrals.html",
        "open_referrals": rows[:SHOWN],
        "more_referrals": len(rows) > SHOWN,
        "may_plan": needs.may_plan(participant, me(request)),
    }


# --- notes ----------------------------------------------------------------------------------------


@require_safe
@requires(VIEW)
def note_list(request: HttpRequest, code: str) -> HttpResponse:
    """The notes of a case with what was added to them, the latest first."""
    participant = one_participant(request, code)
    added = Prefetch("amendments", NoteAmendment.objects.select_related("by"))
    page = keyset_page(
        CaseNote.objects.filter(participant=participant)
        .select_related("by")
        .prefetch_related(added),
        ordering=("-at", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=NOTES_A_PAGE,
    )
    amendments = [one for row in page.rows for one in row.amendments.all()]
    texts = vault.unseal_rows(page.rows, [notes.TEXT], by=me(request))
    more = vault.unseal_rows(amendments, [notes.TEXT], by=me(request))
    user: Any = request.user
    may_plan = needs.may_plan(participant, user)
    return _page(
        request,
        "note_list",
        participant,
        page=page,
        notes=[
            {
                "row": row,
                "text": texts[row.pk][notes.TEXT],
                "added": [
                    {"row": one, "text": more[one.pk][notes.TEXT]} for one in row.amendments.all()
                ],
                "may_change": may_plan and row.by_id == user.pk and not row.is_locked(),
                "may_amend": may_plan and row.is_locked(),
            }
            for row in page.rows
        ],
        may_plan=may_plan,
    )


@requires(PLAN)
def note_new(request: HttpRequest, code: str) -> HttpResponse:
    participant = one_participant(request, code)
    _writable(request, participant)
    form = NoteForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and _try(form, lambda: notes.write(participant, by=me(request), **form.cleaned_data))
    ):
        messages.success(request, _("Recorded."))
        return redirect("outreach:note_list", code=code)
    return _page(request, "note_edit", participant, form=form)


@requires(PLAN)
def note_change(request: HttpRequest, code: str, pk: UUID) -> HttpResponse:
    """One's own note of the last 24 hours; nobody else's is to be found here."""
    participant = one_participant(request, code)
    _writable(request, participant)
    rows = CaseNote.objects.select_related("participant").filter(by=me(request))
    note = _one_of(rows, participant, pk)
    initial = {"kind": note.kind, "version": note.version}
    if request.method != "POST":
        initial["text"] = vault.unseal(note, notes.TEXT, by=me(request))
    form = NoteChangeForm(request.POST or None, initial=initial)
    if (
        request.method == "POST"
        and form.is_valid()
        and _try(form, lambda: notes.change(note, by=me(request), **form.cleaned_data))
    ):
        messages.success(request, _("Recorded."))
        return redirect("outreach:note_list", code=code)
    return _page(request, "note_edit", participant, form=form, note=note)


@requires(PLAN)
def note_amend(request: HttpRequest, code: str, pk: UUID) -> HttpResponse:
    """Add to a note that is locked."""
    participant = one_participant(request, code)
    _writable(request, participant)
    note = _one_of(CaseNote.objects.select_related("participant", "by"), participant, pk)
    form = AmendForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and _try(form, lambda: notes.amend(note, by=me(request), **form.cleaned_data))
    ):
        messages.success(request, _("Added."))
        return redirect("outreach:note_list", code=code)
    text = vault.unseal(note, notes.TEXT, by=me(request))
    return _page(request, "note_amend", participant, form=form, note=note, text=text)


@section(60)
def latest_notes(
    request: HttpRequest, participant: Participant
) -> Generator[Any, Any, dict[str, Any]]:
    """When and about what notes were written; the words stand on their own page."""
    written = CaseNote.objects.filter(participant=participant).select_related("by")
    rows = (yield {"notes": written[: SHOWN + 1]})["notes"]
    return {
        "template": "outreach/_participant_notes.html",
        "latest_notes": rows[:SHOWN],
        "may_plan": needs.may_plan(participant, me(request)),
    }
