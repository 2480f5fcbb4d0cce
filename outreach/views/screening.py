"""Screening a case, what was found and why, and the rules by which it is judged."""

from collections.abc import Generator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ceasefire import periods, rulesets, vault
from ceasefire.people.access import requires
from ceasefire.places.models import Site
from ceasefire.rulesets.models import Ruleset
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.forms.screening import FORMS, EligibilityForm, ScreeningForm, wording
from outreach.models import EVIDENCE, Participant, RiskScreening
from outreach.services import screening as services
from outreach.views.doing import me, retype
from outreach.views.scope import one_participant, sites_of
from outreach.views.sections import section

VIEW, SCREEN, RULES = "outreach.view_participant", services.SCREEN, services.CHANGE_RULES
#: So many screenings on their page: five years of them.
SHOWN = 20
TITLES: dict[str, Any] = {
    "eligibility": gettext_lazy("Who is eligible"),
    "contact_standard": gettext_lazy("How often a participant is seen"),
    "caseload_band": gettext_lazy("How many cases a worker carries"),
}


# --- of a case ------------------------------------------------------------------------------------


@requires(SCREEN)
def screening_new(request: HttpRequest, code: str) -> HttpResponse:
    """The criteria that count now, one question each, with the reason for each answer."""
    participant = one_participant(request, code)
    user: Any = request.user
    if not services.may_screen(participant, user):
        raise PermissionDenied
    rules = rulesets.current(services.KIND, participant.site)
    initial = {"ruleset": rules.pk, "version": participant.version}
    form = ScreeningForm(request.POST or None, criteria=rules.content["criteria"], initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.screen(participant, by=user, **form.facts())
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
            form = _renewed(form, rules, one_participant(request, code))
        else:
            messages.success(request, _found(made))
            return redirect("outreach:screening_list", code=participant.code)
    return render(
        request,
        "outreach/screening_new.html",
        {
            "case": participant,
            "form": form,
            "rules": rules,
            "may_be_closing": participant.status in Participant.CARRIED,
        },
    )


def _renewed(form: ScreeningForm, rules: Ruleset, participant: Participant) -> ScreeningForm:
    """The refused form with everything typed, against the rules and the case as they stand now."""
    retype(form, ruleset=str(rules.pk), version=str(participant.version))
    return form


def _found(made: RiskScreening) -> str:
    """What the screening came to, for who made it."""
    if made.purpose != RiskScreening.Purpose.INTAKE:
        return _("Recorded. The next screening is due in due time.")
    if made.qualifies:
        return _("Recorded. The criteria are met.")
    return _("Recorded. The criteria are not met; refer him to others who can help.")


@require_safe
@requires(VIEW)
def screening_list(request: HttpRequest, code: str) -> HttpResponse:
    """The screenings of a case with the reason for each answer, the latest first."""
    participant = one_participant(request, code)
    rows = list(
        RiskScreening.objects.filter(participant=participant).select_related("by", "ruleset__site")[
            :SHOWN
        ]
    )
    texts = vault.unseal_rows(rows, [EVIDENCE], by=me(request))
    return render(
        request,
        "outreach/screening_list.html",
        {
            "case": participant,
            "screenings": [_shown(row, texts[row.pk][EVIDENCE]) for row in rows],
            **_standing(request, participant),
        },
    )


def _shown(row: RiskScreening, evidence: str | None = "") -> dict[str, Any]:
    """A screening as a page shows it: each criterion in the words of its own rules."""
    reasons = services.unpacked(evidence)
    return {
        "row": row,
        "threshold": row.ruleset.content["threshold"],
        "broken": evidence is None,
        "answers": [
            {
                "wording": wording(criterion),
                "answer": row.answers.get(criterion["code"], "unknown"),
                "label": RiskScreening.Answer(row.answers.get(criterion["code"], "unknown")).label,
                "why": reasons.get(criterion["code"], ""),
            }
            for criterion in row.ruleset.content["criteria"]
        ],
    }


def _standing(request: HttpRequest, participant: Participant) -> dict[str, Any]:
    """Whether the next screening is due, and whether this person may make it."""
    today = periods.now().date()
    due = participant.rescreen_due_on
    return {
        "may_screen": services.may_screen(participant, me(request)),
        "rescreen_overdue": due is not None
        and due < today
        and participant.status in Participant.CARRIED,
    }


@section(20)
def screening(
    request: HttpRequest, participant: Participant
) -> Generator[Any, Any, dict[str, Any]]:
    """The last screening, without the reasons: those stand on their own page, sealed until then."""
    made = RiskScreening.objects.filter(participant=participant)
    rows = yield {"screenings": made.select_related("by", "ruleset__site")[:1]}
    return {
        "template": "outreach/_participant_screening.html",
        "last": _shown(rows["screenings"][0]) if rows["screenings"] else None,
        **_standing(request, participant),
    }


# --- the rules ------------------------------------------------------------------------------------


@require_safe
@requires(RULES)
def rules_list(request: HttpRequest) -> HttpResponse:
    """Which rules count at each of the person's sites, and which will."""
    sites = sites_of(request.user, writable=True)
    counting = {kind: rulesets.by_site(kind, sites) for kind in FORMS} if sites else {}
    coming = {
        (row.kind, row.site_id): row
        for row in Ruleset.objects.filter(
            site__in=sites, valid_from__gt=periods.now().date()
        ).order_by("-valid_from", "version")
    }
    return render(
        request,
        "outreach/rules_list.html",
        {
            "sites": [
                {
                    "site": site,
                    "kinds": [
                        {
                            "kind": kind,
                            "title": TITLES[kind],
                            "rules": counting[kind][site.pk],
                            "lines": _lines(counting[kind][site.pk]),
                            "coming": coming.get((kind, site.pk)),
                        }
                        for kind in FORMS
                    ],
                }
                for site in sites
            ]
        },
    )


def _lines(rules: Ruleset) -> list[tuple[Any, int]]:
    """The numbers of some rules, with their labels."""
    return [(label, rules.content[name]) for name, label, _most in FORMS[rules.kind].numbers]


@requires(RULES)
def rules_change(request: HttpRequest, site: str, kind: str) -> HttpResponse:
    """Another version for a site: first what would follow from it, then the switch."""
    user: Any = request.user
    place = next((one for one in sites_of(user, writable=True) if one.code == site), None)
    if place is None or kind not in FORMS:
        raise Http404
    counts = rulesets.current(kind, place)
    versions = list(
        Ruleset.objects.filter(kind=kind, site=place)
        .select_related("created_by", "site")
        .order_by("-version")[:SHOWN]
    )
    extra: dict[str, Any] = {"content": counts.content}
    if kind == EligibilityForm.kind:
        extra["used"] = _used_codes(kind, place)
    initial = {"valid_from": periods.now().date(), "based_on": counts.pk}
    form = FORMS[kind](request.POST or None, initial=initial, **extra)
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        digest = form.digest()
        if form.cleaned_data["seen"] == digest and "switch" in request.POST:
            try:
                rulesets.make(
                    kind,
                    site=place,
                    content=form.content(),
                    valid_from=form.cleaned_data["valid_from"],
                    based_on=form.cleaned_data["based_on"],
                    by=user,
                )
            except rulesets.TooEarly as refusal:
                form.add_error("valid_from", str(refusal))
            except rulesets.RulesRefusal as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, _("The new rules are kept. Old screenings keep theirs."))
                return redirect("outreach:rules_list")
        else:
            retype(form, seen=digest)
            context["seen"] = True
            if kind == EligibilityForm.kind:
                context["comparison"] = services.compare(place, form.content(), by=user)
    return render(
        request,
        "outreach/rules_change.html",
        {
            "place": place,
            "kind": kind,
            "kind_title": TITLES[kind],
            "rules": counts,
            "form": form,
            "versions": versions,
            **context,
        },
    )


def _used_codes(kind: str, site: Site) -> set[str]:
    """Codes of criteria that any version of a site's rules ever used."""
    contents = Ruleset.objects.filter(kind=kind, site=site).values_list("content", flat=True)
    return {row["code"] for content in contents for row in content["criteria"]}
