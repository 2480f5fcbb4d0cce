"""The list of conflicts, one of them, opening one, weighing it, its sides and who mediates."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ceasefire import codes, periods, vault
from ceasefire.codes.services import family
from ceasefire.look.paging import keyset_page
from ceasefire.look.templatetags.look import clock_of
from ceasefire.people.access import requires
from ceasefire.places.models import Site
from incidents.models import Incident
from incidents.views.scope import places_of
from outreach.exceptions import ChangedMeanwhile, NotForThisPerson, OutreachRefusal
from outreach.forms.conflicts import (
    CloseForm,
    ColleaguesForm,
    ConflictFilter,
    ConflictForm,
    LinkIncidentForm,
    MediatorsForm,
    NeverthelessForm,
    NewConflictForm,
    PartyForm,
    VersionForm,
)
from outreach.forms.mediation import ExtendForm, FollowUpForm, PaymentForm, TruceEndForm
from outreach.models import MEDIATORS, Conflict, ConflictIncident, FollowUp, Participant
from outreach.services import conflict_notices, conflicts, neutrality
from outreach.views.doing import attempt
from outreach.views.scope import sites_of

VIEW, MEDIATE = conflicts.VIEW, conflicts.MEDIATE
LEVELS = ("subdistrict", "neighbourhood")
#: The newest sessions that a page opens.
SHOWN_SESSIONS = 20
SIDES_AT_FIRST = 3


def one_conflict(request: HttpRequest, code: str) -> Conflict:
    """The conflict of an address, or 404, the same for absent and for not to be seen."""
    sites_of(request.user)
    return get_object_or_404(
        Conflict.objects.visible_to(request.user)
        .select_related("site", "place", "place__parent", "lead", "retaliation_for")
        .defer("place__geometry", "place__parent__geometry"),
        code=code,
    )


# --- the list -------------------------------------------------------------------------------------


@requires(VIEW)
def conflict_list(request: HttpRequest) -> HttpResponse:
    """What needs somebody first stands first."""
    sites = sites_of(request.user)
    filters = ConflictFilter(request.GET, sites=sites)
    given = filters.cleaned_data if filters.is_valid() else {}
    visible = Conflict.objects.visible_to(request.user)
    rows = _narrowed(visible, given, filters.sites)
    now = periods.now()
    page = keyset_page(
        rows.select_related("place", "lead", "site").defer("place__geometry"),
        ordering=("rank", "-state_since", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    today = periods.local_day(now)
    for conflict in page:
        conflict.follow_up_late = bool(
            conflict.next_follow_up_on and conflict.next_follow_up_on < today
        )
        conflict.truce_tone = _truce_tone(conflict, now)
    return render(
        request,
        "outreach/conflict_list.html",
        {
            "page": page,
            "filters": filters,
            "filtered": any(given.values()),
            "show_site": len(sites) > 1,
            "show_lead": request.user.has_perm("outreach.supervise"),
            "may_open": request.user.has_perm(MEDIATE)
            and bool(sites_of(request.user, writable=True)),
        },
    )


def _narrowed(rows: Any, given: dict[str, Any], sites: dict[str, Site]) -> Any:
    state = given.get("state", "")
    if not state:
        rows = rows.open()
    elif state != "all":
        rows = rows.filter(state=state)
    if given.get("risk"):
        rows = rows.filter(risk=given["risk"])
    if given.get("site"):
        rows = rows.filter(site=sites[given["site"]])
    now = periods.now()
    if given.get("due") == "follow_up":
        rows = rows.filter(next_follow_up_on__lt=periods.local_day(now))
    elif given.get("due") == "truce":
        rows = rows.filter(truce_ends_at__lte=now + timedelta(days=3))
    return rows


def _truce_tone(conflict: Conflict, now: Any) -> str:
    if conflict.truce_ends_at is None:
        return ""
    if conflict.truce_ends_at <= now:
        return "overdue"
    return "due" if conflict.truce_ends_at <= now + timedelta(days=1) else "quiet"


# --- one ------------------------------------------------------------------------------------------


@requires(VIEW)
def conflict_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One conflict with all that was done; what is sealed of it is opened, and that is recorded."""
    return detail_page(request, one_conflict(request, code))


def detail_page(request: HttpRequest, conflict: Conflict, **forms: Any) -> HttpResponse:
    """The page of a conflict, with the forms that need another look."""
    context = detail_context(request, conflict)
    context.update(forms)
    if forms:
        context["form"] = next(iter(forms.values()))
    return render(request, "outreach/conflict_detail.html", context)


def detail_context(request: HttpRequest, conflict: Conflict) -> dict[str, Any]:
    """All that the page of one conflict shows to this person."""
    user, now = request.user, periods.now()
    today = periods.local_day(now)
    parties = conflicts.live_parties(conflict)
    truces = list(conflict.truces.select_related("by").prefetch_related("events__by")[:5])
    truce = next((one for one in truces if one.state == "in_force"), None)
    sessions = list(
        conflict.sessions.select_related("place", "by")
        .defer("place__geometry")
        .prefetch_related("mediators", "present")[:SHOWN_SESSIONS]
    )
    ladder = list(conflict.follow_ups.exclude(state=FollowUp.State.ENDED).select_related("by"))
    settlement = getattr(conflict, "settlement", None)
    due = next(
        (row for row in reversed(ladder) if row.state == "open" and row.due_on <= today), None
    )
    may = conflicts.may(conflict, user)
    version = {"version": conflict.version}
    mediators = conflict_notices.mediators_of(conflict)
    risk = conflicts.risk_of(conflict, parties)
    visible = Conflict.objects.visible_to(user)
    is_quiet = conflicts.is_quiet(conflict, today)
    return {
        "conflict": conflict,
        "may": may,
        "mediators": mediators,
        "parties": _parties(request, parties),
        "risk": risk,
        "facts": _facts(conflict),
        "words": _opened(user, [conflict], ["note", "close_reason"]).get(conflict.pk, {}),
        "cause": visible.filter(pk=conflict.retaliation_for_id).first()
        if conflict.retaliation_for_id
        else None,
        "retaliations": list(visible.filter(retaliation_for=conflict).order_by("code")[:20]),
        "incidents": _incidents(conflict, user),
        "sessions": _sessions(user, sessions),
        "truces": _truces(user, truces, now),
        "truce": truce,
        "ladder": _ladder(user, ladder, today),
        "due": due,
        "settlement": settlement,
        "settlement_words": _opened(user, [settlement], ["guarantor", "terms"]).get(
            settlement.pk, {}
        )
        if settlement
        else {},
        "payments": list(settlement.payments.select_related("by")) if settlement else [],
        "open_amount": settlement.compensation_due - settlement.compensation_paid
        if settlement and settlement.compensation_due is not None
        else None,
        "events": _events(conflict),
        "quiet_days": conflicts.quiet_days(conflict, today),
        "quiet_needed": conflicts.QUIET_DAYS,
        "is_quiet": is_quiet,
        "is_calm": conflict.state in conflicts.CALM,
        "may_begin": may and conflict.state in {"assessed", "reignited"},
        "may_watch": may and conflict.state in Conflict.SETTLED,
        "may_reignite": may and conflict.state in {*conflicts.CALM, "closed"},
        "may_choose": conflict.is_open and conflicts.may_choose_beside(conflict, user),
        "is_warned": may and conflict.is_open and neutrality.is_warned(conflict, user),
        "version_form": VersionForm(initial=version),
        "close_form": CloseForm(prefix="close", initial=version)
        if may and conflict.is_open and (is_quiet or user.has_perm(conflicts.SUPERVISE))
        else None,
        "follow_up_form": FollowUpForm(prefix="follow", initial=version) if may and due else None,
        "extend_form": ExtendForm(prefix="extend", initial=version) if may and truce else None,
        "truce_end_form": TruceEndForm(prefix="truce", initial=version) if may and truce else None,
        "payment_form": PaymentForm(prefix="pay")
        if may and settlement and settlement.compensation_due is not None
        else None,
        "link_form": LinkIncidentForm(prefix="link", by=user) if may else None,
    }


def _opened(user: Any, rows: list[Any], fields: list[str]) -> dict[Any, dict[str, Any]]:
    return vault.unseal_rows(rows, fields, by=user) if rows else {}


def _parties(request: HttpRequest, parties: list[Any]) -> list[dict[str, Any]]:
    """The sides with their names and ties opened; a participant only to who may see the case."""
    user = request.user
    prefetch_related_objects(parties, "ties")
    ids = [party.participant_id for party in parties if party.participant_id]
    seen = {
        row.pk: row for row in Participant.objects.visible_to(user).filter(pk__in=ids).only("code")
    }
    ties: dict[Any, list[Any]] = {}
    rows = [tie for party in parties for tie in party.ties.all()]
    for tie in rows:
        ties.setdefault(tie.party_id, []).append(tie)
    names = _opened(user, parties, ["name"])
    values = _opened(user, rows, ["value"])
    return [
        {
            "row": party,
            "participant": seen.get(party.participant_id),
            "name": names[party.pk]["name"],
            "broken": names[party.pk]["name"] is None,
            "ties": [
                (tie.get_kind_display(), values[tie.pk]["value"]) for tie in ties.get(party.pk, [])
            ]
            if party.participant_id is None or party.participant_id in seen
            else [],
        }
        for party in parties
    ]


def _facts(conflict: Conflict) -> list[tuple[Any, str]]:
    """The answers that were given, in words; open ones are left out."""
    rows = [
        (_("How sure of the place"), "geo_precision", str(conflict.geo_precision)),
        (_("How we heard of it"), "how_learned", conflict.how_learned),
        (_("Likelihood of a shooting"), "likelihood", conflict.shooting),
        (_("How many people"), "persons_band", conflict.persons_band),
        (_("Key persons used violence before"), "yes_no_unknown", conflict.violent_history),
        (_("Weapons are present"), "yes_no_unknown", conflict.weapons),
    ]
    return [(label, codes.label(name, value)) for label, name, value in rows if value != "unknown"]


def _incidents(conflict: Conflict, user: Any) -> list[ConflictIncident]:
    """The links to incidents that the person sees; the others leave no trace."""
    return list(
        ConflictIncident.objects.filter(
            conflict=conflict, incident__in=Incident.objects.visible_to(user)
        )
        .select_related("incident", "incident__place")
        .defer("incident__place__geometry", "incident__search_key", "incident__source_key")
    )


def _sessions(user: Any, sessions: list[Any]) -> list[dict[str, Any]]:
    notes = _opened(user, sessions, ["note"])
    tones = {"resolved": "done", "cooled": "accent", "referred": "quiet"}
    return [
        {
            "row": session,
            "note": notes[session.pk]["note"],
            "broken": notes[session.pk]["note"] is None,
            "tone": "overdue"
            if session.outcome in {"V", "E"}
            else tones.get(family("mediation_outcome", session.outcome), "due"),
        }
        for session in sessions
    ]


def _truces(user: Any, truces: list[Any], now: Any) -> list[dict[str, Any]]:
    words = _opened(user, truces, ["guarantor"])
    events = [event for truce in truces for event in truce.events.all()]
    said = _opened(user, events, ["words"])
    return [
        {
            "row": truce,
            "guarantor": words[truce.pk]["guarantor"],
            "ran_out": truce.state == "in_force" and truce.ends_at <= now,
            "clock": clock_of(truce.ends_at, now, truce.ends_at - truce.starts_at),
            "events": [(event, said[event.pk]["words"]) for event in truce.events.all()],
        }
        for truce in truces
    ]


def _ladder(user: Any, rows: list[Any], today: Any) -> list[dict[str, Any]]:
    notes = _opened(user, [row for row in rows if row.at], ["note"])
    tones = {"calm": "done", "tense": "due", "reignited": "overdue"}
    return [
        {
            "row": row,
            "late": row.is_overdue(today),
            "note": notes.get(row.pk, {}).get("note", ""),
            "tone": tones.get(row.finding, "quiet"),
        }
        for row in rows
    ]


def _events(conflict: Conflict) -> list[dict[str, Any]]:
    states = dict(Conflict.State.choices)
    return [
        {
            "at": step.at,
            "what": states.get(step.to_state, step.to_state),
            "who": step.by.code_name if step.by else "",
        }
        for step in conflict.steps.select_related("by").order_by("-at", "-id")[:40]
    ]


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
    found = {person.pk: person for site in sites for person in conflicts.colleagues_of(site)}
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
    conflict = one_conflict(request, code)
    names = ("kind", "how_learned", "shooting", "imminent", "persons_band", "violent_history")
    initial = {name: getattr(conflict, name) for name in (*names, "weapons")}
    places = places_of([conflict.site], *LEVELS)
    if conflict.place not in places:
        places.append(conflict.place)
    form = ConflictForm(
        request.POST or None,
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
    version = VersionForm(request.POST or None, initial={"version": conflict.version})
    if request.method == "POST" and form.is_valid() and version.is_valid():
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
    if not conflicts.may_choose_beside(conflict, user):
        raise PermissionDenied
    now = conflict_notices.mediators_of(conflict)
    people = {person.pk: person for person in [*conflicts.colleagues_of(conflict.site), *now]}
    form = MediatorsForm(
        request.POST or None,
        people=sorted(people.values(), key=lambda person: person.code_name),
        may_choose_lead=conflicts.may_choose_lead(conflict, user),
        initial={
            "lead": str(conflict.lead_id),
            "beside": [str(person.pk) for person in now[1:]],
            "version": conflict.version,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            conflicts.set_mediators(
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
    shown = {link.incident.code: link.incident for link in _incidents(conflict, request.user)}
    if incident not in shown:
        raise Http404
    return carry_out(
        request,
        conflict,
        lambda: conflicts.unlink_incident(conflict, shown[incident], by=request.user),
        gettext_lazy("The link is gone."),
        "incidents",
    )
