"""Opening a conflict, weighing it, its sides, who mediates, and its small verbs."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ceasefire import vault
from ceasefire.people.access import requires
from ceasefire.places.models import Site
from incidents.models import Incident
from incidents.views.scope import places_of
from outreach.exceptions import ChangedMeanwhile, NotForThisPerson, OutreachRefusal
from outreach.forms.conflicts import (
    CloseForm,
    ColleaguesForm,
    ConflictForm,
    LinkIncidentForm,
    MediatorsForm,
    NeverthelessForm,
    NewConflictForm,
    PartyForm,
    VersionForm,
)
from outreach.models import MEDIATORS, Conflict, Participant
from outreach.services import conflict_notices, conflicts, mediators, neutrality
from outreach.views.conflict_reading import MEDIATE, detail_page, incidents_seen, one_conflict
from outreach.views.doing import attempt
from outreach.views.scope import sites_of

LEVELS = ("subdistrict", "neighbourhood")
SIDES_AT_FIRST = 3


# --- opening --------------------------------------------------------------------------------------


@requires(MEDIATE)
def conflict_new(request: HttpRequest) -> HttpResponse:
    """Open a conflict, also from an incident (`?incident=`) or a case (`?participant=`)."""
    user = request.user
    sites = sites_of(user, writable=True)
    if not sites:
        return render(request, "outreach/conflict_no_site.html")
    data = request.POST if request.method == "POST" else None
    form = NewConflictForm(
        data,
        by=user,
        places=places_of(sites, *LEVELS),
        sites=sites,
        leads=_leads(user, sites),
        may_lead=user.role in MEDIATORS,
        initial=_initial(request),
    )
    parties = [
        PartyForm(
            data,
            by=user,
            needed=number <= conflicts.FEWEST_SIDES,
            prefix=f"side{number}",
            initial=_first_side(request) if number == 1 else {},
        )
        for number in range(1, SIDES_AT_FIRST + 1)
    ]
    if data is not None:
        valid = [form.is_valid(), *[party.is_valid() for party in parties]]
        if all(valid):
            made = _open(request, form, parties)
            if made is not None:
                return _opened_page(request, made)
    incident = _incident_asked(request)
    return render(
        request,
        "outreach/conflict_new.html",
        {"form": form, "parties": parties, "incident": incident},
    )


def _leads(user: Any, sites: list[Site]) -> list[Any]:
    """Whom a supervisor may name as lead, themself left out."""
    if not user.has_perm(conflicts.SUPERVISE):
        return []
    found = {person.pk: person for site in sites for person in mediators.colleagues_of(site)}
    return [person for person in found.values() if person.pk != user.pk]


def _incident_asked(request: HttpRequest) -> Incident | None:
    code = request.GET.get("incident", "")[:24]
    if not code or "\x00" in code:
        return None
    return (
        Incident.objects.visible_to(request.user)
        .select_related("place", "site")
        .defer("place__geometry")
        .filter(code=code)
        .first()
    )


def _initial(request: HttpRequest) -> dict[str, Any]:
    incident = _incident_asked(request)
    if incident is None:
        return {}
    return {
        "incident": incident.code,
        "place": incident.place.pcode,
        "geo_precision": str(incident.geo_precision),
        "how_learned": "incident",
        "site": incident.site.code,
    }


def _first_side(request: HttpRequest) -> dict[str, Any]:
    code = request.GET.get("participant", "")[:16]
    if not code or "\x00" in code:
        return {}
    found = Participant.objects.visible_to(request.user).filter(code=code).only("code").first()
    return {} if found is None else {"kind": "person", "participant": found.code}


def _open(request: HttpRequest, form: NewConflictForm, parties: list[PartyForm]) -> Any:
    try:
        return conflicts.open_conflict(
            form.site_chosen(),
            facts=form.facts(),
            parties=[party.facts() for party in parties if party.is_filled()],
            by=request.user,
            lead=form.lead_chosen(),
            note=form.cleaned_data["note"],
            incident=form.cleaned_data["incident"],
            is_cause=form.cleaned_data["is_cause"],
            key=form.cleaned_data["key"],
        )
    except NotForThisPerson:
        raise PermissionDenied from None
    except OutreachRefusal as refusal:
        form.add_error(None, str(refusal))
        return None


def _opened_page(request: HttpRequest, conflict: Conflict) -> HttpResponse:
    messages.success(request, _("Opened: %(code)s.") % {"code": conflict.code})
    if not conflict_notices.may_see(conflict, request.user):
        return redirect("outreach:conflict_list")
    if neutrality.is_warned(conflict, request.user):
        return redirect("outreach:conflict_neutral", conflict.code)
    return redirect(conflict)


# --- weighing, sides, mediators -------------------------------------------------------------------


@requires(MEDIATE)
def conflict_assess(request: HttpRequest, code: str) -> HttpResponse:
    """What is known of it; nothing is overwritten that somebody else wrote meanwhile."""
    # Bound also where nothing at all was sent: an unbound form takes no error.
    sent = request.POST if request.method == "POST" else None
    conflict = one_conflict(request, code)
    names = ("kind", "how_learned", "shooting", "imminent", "persons_band", "violent_history")
    initial = {name: getattr(conflict, name) for name in (*names, "weapons")}
    places = places_of([conflict.site], *LEVELS)
    if conflict.place not in places:
        places.append(conflict.place)
    form = ConflictForm(
        sent,
        by=request.user,
        places=places,
        initial={
            **initial,
            "place": conflict.place.pcode,
            "geo_precision": str(conflict.geo_precision),
            "retaliation_for": _code_seen(conflict, request.user),
            "note": vault.unseal(conflict, "note", by=request.user)
            if request.method == "GET"
            else "",
        },
    )
    version = VersionForm(sent, initial={"version": conflict.version})
    if request.method == "POST" and not version.is_valid():
        # Hidden: what is wrong with it is said above the form, and it stands there anew.
        form.add_error(None, str(ChangedMeanwhile.message))
        version = VersionForm(initial={"version": conflict.version})
    if request.method == "POST" and form.is_valid() and version.is_bound:
        facts = form.facts()
        if facts["retaliation_for"] is None and not _code_seen(conflict, request.user):
            # A cause that the person does not see is not theirs to take away.
            facts.pop("retaliation_for")
        try:
            conflicts.assess(
                conflict,
                facts=facts,
                note=form.cleaned_data["note"],
                by=request.user,
                version=version.cleaned_data["version"],
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
            version = _with_version(refusal, version, conflict)
        else:
            messages.success(request, _("Saved."))
            return redirect(conflict)
    return render(
        request,
        "outreach/conflict_assess.html",
        {"conflict": conflict, "form": form, "version_form": version},
    )


def _with_version(refusal: OutreachRefusal, form: VersionForm, conflict: Conflict) -> VersionForm:
    """After a refusal for a meanwhile changed record the form may be sent once more as it is."""
    if isinstance(refusal, ChangedMeanwhile):
        return VersionForm(initial={"version": refusal.version or conflict.version})
    return form


def _code_seen(conflict: Conflict, user: Any) -> str:
    if conflict.retaliation_for_id is None:
        return ""
    found = Conflict.objects.visible_to(user).filter(pk=conflict.retaliation_for_id)
    return str(found.values_list("code", flat=True).first() or "")


@requires(MEDIATE)
def party_add(request: HttpRequest, code: str) -> HttpResponse:
    conflict = one_conflict(request, code)
    form = PartyForm(request.POST or None, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            conflicts.add_party(conflict, form.facts(), by=request.user)
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The side is added."))
            if neutrality.is_warned(conflict, request.user):
                return redirect("outreach:conflict_neutral", conflict.code)
            return redirect(f"{conflict.get_absolute_url()}#sides")
    return render(request, "outreach/conflict_party.html", {"conflict": conflict, "form": form})


@require_POST
@requires(MEDIATE)
def party_remove(request: HttpRequest, code: str, number: int) -> HttpResponse:
    conflict = one_conflict(request, code)
    return carry_out(
        request,
        conflict,
        lambda: conflicts.remove_party(
            conflict, number, by=request.user, version=version_of(request)
        ),
        gettext_lazy("The side is gone, and what was sealed of it."),
        "sides",
    )


@requires(MEDIATE)
def conflict_mediators(request: HttpRequest, code: str) -> HttpResponse:
    """Who leads and who mediates beside."""
    conflict = one_conflict(request, code)
    user = request.user
    if not mediators.may_choose_beside(conflict, user):
        raise PermissionDenied
    now = conflict_notices.mediators_of(conflict)
    people = {person.pk: person for person in [*mediators.colleagues_of(conflict.site), *now]}
    form = MediatorsForm(
        request.POST or None,
        people=sorted(people.values(), key=lambda person: person.code_name),
        may_choose_lead=mediators.may_choose_lead(conflict, user),
        initial={
            "lead": str(conflict.lead_id),
            "beside": [str(person.pk) for person in now[1:]],
            "version": conflict.version,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            mediators.set_mediators(
                conflict,
                lead=form.lead_chosen(),
                beside=form.beside_chosen(),
                by=user,
                version=form.cleaned_data["version"],
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return _back_or_list(request, conflict)
    return render(request, "outreach/conflict_mediators.html", {"conflict": conflict, "form": form})


def _back_or_list(request: HttpRequest, conflict: Conflict) -> HttpResponse:
    """To the conflict where the person still sees it, else to the list."""
    if conflict_notices.may_see(conflict, request.user):
        return redirect(conflict)
    return redirect("outreach:conflict_list")


@requires(MEDIATE)
def conflict_neutral(request: HttpRequest, code: str) -> HttpResponse:
    """The warning, why nevertheless, and colleagues who could do it."""
    conflict = one_conflict(request, code)
    user = request.user
    warned = neutrality.is_warned(conflict, user)
    asked = ColleaguesForm(request.GET if "ask" in request.GET else None)
    form = NeverthelessForm(request.POST or None) if warned else None
    if request.method == "POST":
        if form is None:
            raise PermissionDenied
        if form.is_valid() and attempt(
            request,
            lambda: neutrality.take_nevertheless(
                conflict, by=user, reason=form.cleaned_data["reason"]
            ),
            gettext_lazy("Recorded. Your supervisor is told."),
        ):
            return redirect(conflict)
    found = None
    if conflict.is_open and conflicts.may(conflict, user):
        given = asked.cleaned_data if asked.is_bound and asked.is_valid() else {}
        if asked.is_bound or warned:
            found = neutrality.colleagues(
                conflict,
                by=user,
                gender=given.get("gender", ""),
                language=given.get("language", ""),
            )
    return render(
        request,
        "outreach/conflict_neutral.html",
        {"conflict": conflict, "form": form, "warned": warned, "asked": asked, "found": found},
    )


@require_POST
@requires(MEDIATE)
def conflict_replace(request: HttpRequest, code: str) -> HttpResponse:
    """Ask the supervisors for somebody neutral instead."""
    conflict = one_conflict(request, code)
    return carry_out(
        request,
        conflict,
        lambda: neutrality.ask_replacement(conflict, by=request.user),
        gettext_lazy("Your supervisor is asked for somebody else."),
    )


# --- small verbs ----------------------------------------------------------------------------------


def version_of(request: HttpRequest) -> int | None:
    """The version of the record that the person saw; None where the form does not say."""
    form = VersionForm(request.POST)
    return form.cleaned_data["version"] if form.is_valid() else None


def carry_out(
    request: HttpRequest, conflict: Conflict, act: Any, said: Any, anchor: str = ""
) -> HttpResponse:
    """Do it, say so, and go back to the conflict."""
    attempt(request, act, said)
    return redirect(conflict.get_absolute_url() + (f"#{anchor}" if anchor else ""))


@require_POST
@requires(MEDIATE)
def conflict_begin(request: HttpRequest, code: str) -> HttpResponse:
    conflict = one_conflict(request, code)
    return carry_out(
        request,
        conflict,
        lambda: conflicts.begin_mediation(conflict, by=request.user, version=version_of(request)),
        gettext_lazy("Mediation has begun."),
    )


@require_POST
@requires(MEDIATE)
def conflict_watch(request: HttpRequest, code: str) -> HttpResponse:
    conflict = one_conflict(request, code)
    return carry_out(
        request,
        conflict,
        lambda: conflicts.watch(conflict, by=request.user, version=version_of(request)),
        gettext_lazy("It is watched from here on."),
    )


@require_POST
@requires(MEDIATE)
def conflict_reignite(request: HttpRequest, code: str) -> HttpResponse:
    conflict = one_conflict(request, code)
    return carry_out(
        request,
        conflict,
        lambda: conflicts.reignite(conflict, by=request.user, version=version_of(request)),
        gettext_lazy("Recorded. Your supervisor is told."),
    )


@require_POST
@requires(MEDIATE)
def conflict_close(request: HttpRequest, code: str) -> HttpResponse:
    """Close it; a refusal stands at the field with what was typed."""
    conflict = one_conflict(request, code)
    form = CloseForm(request.POST, prefix="close")
    if form.is_valid():
        try:
            conflicts.close(conflict, by=request.user, **form.cleaned_data)
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error("reason", str(refusal))
        else:
            messages.success(request, _("Closed."))
            return redirect(conflict)
    return detail_page(request, conflict, close_form=form)


@require_POST
@requires(MEDIATE)
def incident_link(request: HttpRequest, code: str) -> HttpResponse:
    conflict = one_conflict(request, code)
    form = LinkIncidentForm(request.POST, prefix="link", by=request.user)
    if not form.is_valid():
        return detail_page(request, conflict, link_form=form)
    return carry_out(
        request,
        conflict,
        lambda: conflicts.link_incident(conflict, by=request.user, **form.cleaned_data),
        gettext_lazy("Linked."),
        "incidents",
    )


@require_POST
@requires(MEDIATE)
def incident_unlink(request: HttpRequest, code: str, incident: str) -> HttpResponse:
    """Take away one of the links that the page shows to this person."""
    conflict = one_conflict(request, code)
    shown = {link.incident.code: link.incident for link in incidents_seen(conflict, request.user)}
    if incident not in shown:
        raise Http404
    return carry_out(
        request,
        conflict,
        lambda: conflicts.unlink_incident(conflict, shown[incident], by=request.user),
        gettext_lazy("The link is gone."),
        "incidents",
    )
