"""Who a clearance is about, how screening stands, and deciding the hits one after another."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ceasefire import periods
from ceasefire.people.access import asked_by_itself, requires
from grants.forms.screening import HitForm, SignForm
from grants.models import Grant, Screening, ScreeningRun, State
from grants.services import lists, machine, reading, requirements, vetting
from grants.views.doing import attempt, me, tried
from grants.views.organisations import may
from grants.views.scope import VIEW, WORK, grant_page, officer_of, one_grant

#: What stands before a clearance, to those who may know of hits.
WORDS: dict[str, Any] = {
    "NO_RULE": gettext_lazy("Nobody has said yet which lists this fund asks for."),
    "UNSCREENED": gettext_lazy("Not screened as it is named now."),
    "LIST_MISSING": gettext_lazy("Not screened against every list that the fund asks for."),
    "LIST_STALE": gettext_lazy("Screened against a list that is too old by now."),
    "NOT_SIGNED": gettext_lazy("Nobody was found, and nobody has signed for that yet."),
    "HIT_OPEN": gettext_lazy("A hit waits for somebody to decide it."),
    "HIT_ESCALATED": gettext_lazy("A hit was passed on and is not decided."),
    "TRUE_MATCH": gettext_lazy("A hit is the subject."),
}
#: The same to who asked for the grant: no word of hits.
PLAIN = gettext_lazy("Vetting is not finished.")


def _sees_hits(request: HttpRequest, grant: Grant) -> bool:
    """Whether the person may know how many hits there are; whoever asked for the grant may not."""
    who = officer_of(request)
    return who is None or who.pk not in machine.excluded(grant, "vetting")


@require_safe
@requires(VIEW)
def grant_vetting(request: HttpRequest, ref: str) -> HttpResponse:
    """The subjects of one grant, their runs and hits by state, what is missing. No name of anybody
    but the organisations."""
    grant = one_grant(request, ref)
    today = periods.now().date()
    parts = ("amendments", "decisions", "payments", "transitions")
    reading.read(grant, today, "screenings", names=parts)
    sees = _sees_hits(request, grant)
    may_screen = sees and may(request, "vetting")
    states = vetting.states(grant, today)
    rule = lists.rule_on(grant.fund_id, today)
    in_force = {one.source: one for one in lists.in_force(today)}
    # One at a time, so what is under way was asked for last.
    last = next(iter(grant.screenings.all()), None)
    under_way = last if last is not None and last.state in Screening.UNDER_WAY else None
    clearances = [one for one in requirements.decisions_of(grant) if one.step == "vetting"]
    return render(
        request,
        "grants/vetting_grant.html",
        {
            **grant_page(request, grant, "vetting"),
            "rows": [(one, _said(one, sees)) for one in states],
            "sees_hits": sees,
            "may_screen": may_screen and grant.state in vetting.SCREENED_IN,
            "may_open": may_screen,
            "rule": rule,
            "asked": [
                (source, in_force.get(source), _age(in_force.get(source), rule, today))
                for source in (rule.sources if rule else [])
            ],
            "screening": under_way,
            "failed": vetting.why_failed(last)
            if last is not None and last.state == Screening.State.FAILED
            else "",
            "to_decide": vetting.next_to_decide(grant, today) if may_screen else None,
            "clearances": clearances[:-21:-1],
            "is_clear": bool(states) and not any(one.obstacles for one in states) and bool(rule),
            "clear_url": reverse("grants:grant_step", args=[grant.ref, "clear"])
            if may_screen and grant.state == State.VETTING
            else "",
        },
    )


def _said(state: vetting.SubjectState, sees: bool) -> list[Any]:
    if not sees:
        return [PLAIN] if state.obstacles else []
    found = [WORDS[code] for code in state.obstacles]
    if state.was_screened and "UNSCREENED" in state.obstacles:
        found.append(_("It was screened under another name, and that counts no more."))
    return found


def _age(one: Any, rule: Any, day: Any) -> tuple[int, bool] | None:
    """How many days old a list is, and whether that is too old."""
    if one is None or one.dated is None or rule is None:
        return None
    return (day - one.dated).days, lists.is_stale(one, rule, day)


def _vetting_officer(request: HttpRequest, grant: Grant) -> None:
    if not may(request, "vetting") or not _sees_hits(request, grant):
        raise PermissionDenied


@require_POST
@requires(WORK)
def vetting_screen(request: HttpRequest, ref: str) -> HttpResponse:
    """Screen everybody as they are named now."""
    grant = one_grant(request, ref)
    _vetting_officer(request, grant)
    made: list[Screening] = []
    attempt(
        request,
        lambda: made.append(vetting.screen(grant, by=me(request))),
        _("Screening was asked for."),
    )
    if made and made[0].state == Screening.State.DONE:
        run = vetting.next_to_decide(grant, periods.now().date())
        if run is not None:
            return redirect("grants:vetting_run", grant.ref, run.pk)
    return redirect("grants:grant_vetting", grant.ref)


def _screening(grant: Grant, pk: UUID) -> Screening:
    found: Screening | None = grant.screenings.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@asked_by_itself
@require_safe
@requires(VIEW)
def vetting_progress(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """The line of progress; the page loads anew when there is nothing to wait for."""
    grant = one_grant(request, ref)
    found = _screening(grant, pk)
    response = render(
        request, "grants/_vetting_progress.html", {"grant": grant, "screening": found}
    )
    if found.state not in Screening.UNDER_WAY:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(WORK)
def vetting_stop(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """Stop a screening that is under way."""
    grant = one_grant(request, ref)
    _vetting_officer(request, grant)
    found = _screening(grant, pk)
    attempt(request, lambda: vetting.stop(found, by=me(request)), _("Screening was stopped."))
    return redirect("grants:grant_vetting", grant.ref)


# --- one run --------------------------------------------------------------------------------------


def _run(grant: Grant, pk: UUID) -> ScreeningRun:
    """A run of a subject of this grant, also one that was made for another grant."""
    found = (
        ScreeningRun.objects.select_related("grant", "organisation", "person", "officer")
        .filter(pk=pk, organisation__in=vetting.subject_keys(grant))
        .first()
    )
    if found is None:
        raise Http404
    return found


@require_safe
@requires(WORK)
def vetting_run(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """One run with its names and hits side by side, for a vetting officer; the reading is kept."""
    grant = one_grant(request, ref)
    _vetting_officer(request, grant)
    return _run_page(request, grant, _run(grant, pk))


def _run_page(
    request: HttpRequest,
    grant: Grant,
    run: ScreeningRun,
    *,
    refused: tuple[int, Any] | None = None,
) -> HttpResponse:
    found = vetting.opened(run, by=me(request))
    language = "ar" if (translation.get_language() or "en").startswith("ar") else "en"
    hits = []
    for one in found.hits:
        is_refused = refused is not None and refused[0] == one.hit.number
        form = refused[1] if is_refused and refused else None
        if form is None:
            form = HitForm(
                prefix=f"hit{one.hit.number}",
                initial={"seen": one.last.pk if one.last is not None else None},
            )
        hits.append(
            {
                "one": one,
                "form": form,
                "is_refused": is_refused,
                "why": one.told["why"][language] if one.told else [],
                "is_open": one.last is None,
                "is_settled": one.last is not None and one.last.disposition == "TRUE_MATCH",
            }
        )
    sign = refused[1] if refused is not None and refused[0] == 0 else SignForm(prefix="sign")
    return render(
        request,
        "grants/vetting_run.html",
        {
            "grant": grant,
            "run": run,
            "asked": found.asked,
            "hits": hits,
            "open_hits": sum(1 for one in hits if one["is_open"]),
            "signed": found.signed,
            "sign_form": sign,
            "used": run.lists.order_by("source"),
            "form": refused[1] if refused is not None else None,
            "is_of_now": run.version
            == (run.person.version if run.person is not None else run.organisation.version),
        },
        status=422 if refused is not None else 200,
    )


@require_POST
@requires(WORK)
def hit_decide(request: HttpRequest, ref: str, pk: UUID, number: int) -> HttpResponse:
    """Decide one hit, and go on to the next that waits."""
    grant = one_grant(request, ref)
    _vetting_officer(request, grant)
    run = _run(grant, pk)
    hit = run.hits.filter(number=number).first()
    if hit is None:
        raise Http404
    form = HitForm(request.POST, prefix=f"hit{number}")
    if form.is_valid():
        made = tried(
            request,
            form,
            lambda: vetting.decide_hit(
                hit,
                disposition=form.cleaned_data["disposition"],
                reason=form.cleaned_data["reason"],
                seen=form.cleaned_data["seen"],
                by=me(request),
            ),
        )
        if made is not None:
            return _onward(request, grant, run, number)
    return _run_page(request, grant, run, refused=(number, form))


@require_POST
@requires(WORK)
def run_sign(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """Sign that nobody was found, and go on to the next that waits."""
    grant = one_grant(request, ref)
    _vetting_officer(request, grant)
    run = _run(grant, pk)
    form = SignForm(request.POST, prefix="sign")
    if form.is_valid():
        made = tried(
            request,
            form,
            lambda: vetting.sign_run(run, reason=form.cleaned_data["reason"], by=me(request)),
        )
        if made is not None:
            return _onward(request, grant, run, 0)
    return _run_page(request, grant, run, refused=(0, form))


def _onward(request: HttpRequest, grant: Grant, run: ScreeningRun, number: int) -> HttpResponse:
    """To the next hit of the run that waits, else to the next run, else back to the grant."""
    messages.success(request, _("Decided."))
    left = (
        run.hits.filter(dispositions__isnull=True)
        .order_by("number")
        .values_list("number", flat=True)
    )
    after = [one for one in left if one > number] or list(left)
    if after:
        address = redirect("grants:vetting_run", grant.ref, run.pk)
        address["Location"] += f"#hit-{after[0]}"
        return address
    following = vetting.next_to_decide(grant, periods.now().date(), after=run)
    if following is not None and following.pk != run.pk:
        return redirect("grants:vetting_run", grant.ref, following.pk)
    return redirect("grants:grant_vetting", grant.ref)
