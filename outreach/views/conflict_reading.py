"""The list of conflicts, and one of them with all that was done."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from ceasefire import codes, periods, vault
from ceasefire.codes.services import family
from ceasefire.database.together import together
from ceasefire.look.paging import keyset_page
from ceasefire.look.templatetags.look import clock_of
from ceasefire.people.access import requires
from ceasefire.people.models import User
from ceasefire.places.models import Site
from incidents.models import Incident
from outreach import measures
from outreach.forms.conflicts import (
    CloseForm,
    ConflictFilter,
    LinkIncidentForm,
    VersionForm,
)
from outreach.forms.mediation import ExtendForm, FollowUpForm, PaymentForm, TruceEndForm
from outreach.models import (
    CompensationPayment,
    Conflict,
    ConflictIncident,
    FollowUp,
    Participant,
    TruceEvent,
)
from outreach.services import conflict_notices, conflicts, neutrality
from outreach.services.conflict_risk import risk_now
from outreach.views.scope import sites_of

VIEW, MEDIATE = conflicts.VIEW, conflicts.MEDIATE
#: The newest sessions that a page opens.
SHOWN_SESSIONS = 20
#: The conflicts that avenge one, and the one it avenges.
SHOWN_NEAR = 20


def one_conflict(request: HttpRequest, code: str) -> Conflict:
    """The conflict of an address, or 404, the same for absent and for not to be seen."""
    sites_of(request.user)
    return get_object_or_404(
        Conflict.objects.visible_to(request.user)
        .select_related("site", "place", "place__parent", "lead", "retaliation_for", "settlement")
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
    if given.get("came") and given.get("since") and given.get("until"):
        rows = rows.filter(
            pk__in=measures.came_of(
                given["came"], given["since"], given["until"] + timedelta(days=1)
            ).values("pk")
        )
    now = periods.now()
    if given.get("due") == "follow_up":
        rows = rows.filter(next_follow_up_on__lt=periods.local_day(now))
    elif given.get("due") == "truce":
        rows = rows.open().filter(truce_ends_at__lte=now + timedelta(days=3))
    return rows


def _truce_tone(conflict: Conflict, now: Any) -> str:
    if conflict.truce_ends_at is None:
        return ""
    if not conflict.is_open:
        return "quiet"
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
    settlement = getattr(conflict, "settlement", None)
    rows = together(_questions(conflict, settlement, user))
    parties, truces, sessions, ladder = (
        rows[name] for name in ("parties", "truces", "sessions", "ladder")
    )
    truce = next((one for one in truces if one.state == "in_force"), None)
    due = next(
        (row for row in reversed(ladder) if row.state == "open" and row.due_on <= today), None
    )
    # It is one of those the person sees: `one_conflict` found it among them.
    may = user.has_perm(MEDIATE) and not conflict.site.read_only
    version = {"version": conflict.version}
    mediating = [conflict.lead, *rows["beside"]]
    links = rows["links"]
    risk = risk_now(
        conflict, [party.kind for party in parties], causes=any(link.is_cause for link in links)
    )
    words = _opened_all(user, conflict, parties, sessions, truces, ladder, settlement)
    near = rows["near"]
    is_quiet = conflicts.is_quiet(conflict, today)
    return {
        "conflict": conflict,
        "may": may,
        "mediators": mediating,
        "parties": _parties(user, parties, words),
        "risk": risk,
        "facts": _facts(conflict),
        "words": words["conflict"][conflict.pk],
        "cause": next((one for one in near if one.pk == conflict.retaliation_for_id), None),
        "retaliations": [one for one in near if one.retaliation_for_id == conflict.pk],
        "incidents": [link for link in links if link.is_seen],
        "sessions": _sessions(sessions, words["sessions"]),
        "truces": _truces(truces, words, now),
        "truce": truce,
        "ladder": _ladder(ladder, words["ladder"], today),
        "due": due,
        "settlement": settlement,
        "settlement_words": words["settlement"][settlement.pk] if settlement else {},
        "payments": rows["payments"],
        "open_amount": settlement.compensation_due - settlement.compensation_paid
        if settlement and settlement.compensation_due is not None
        else None,
        "events": _events(rows["steps"]),
        "quiet_days": conflicts.quiet_days(conflict, today),
        "quiet_needed": conflicts.QUIET_DAYS,
        "is_quiet": is_quiet,
        "is_calm": conflict.state in conflicts.CALM,
        "may_begin": may and conflict.state in {"assessed", "reignited"},
        "may_watch": may and conflict.state in Conflict.SETTLED,
        "may_reignite": may and conflict.state in {*conflicts.CALM, "closed"},
        "may_choose": may
        and conflict.is_open
        and (conflict.lead_id == user.pk or user.has_perm(conflicts.SUPERVISE)),
        "is_warned": may
        and conflict.is_open
        and user in mediating
        and neutrality.is_warned(conflict, user),
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


def _questions(conflict: Conflict, settlement: Any, user: Any) -> dict[str, QuerySet[Any]]:
    """What of other tables stands on the page of a conflict, asked in one statement."""
    near = Conflict.objects.visible_to(user).filter(
        Q(retaliation_for=conflict) | Q(pk=conflict.retaliation_for_id)
    )
    return {
        "parties": conflicts.parties_of(conflict).prefetch_related("ties"),
        "truces": conflict.truces.select_related("by").prefetch_related(
            Prefetch("events", TruceEvent.objects.select_related("by"))
        )[:5],
        "sessions": conflict.sessions.select_related("place", "by")
        .defer("place__geometry")
        .prefetch_related(Prefetch("mediators", User.objects.only("code_name")), "present")[
            :SHOWN_SESSIONS
        ],
        "ladder": conflict.follow_ups.exclude(state=FollowUp.State.ENDED).select_related("by"),
        "beside": conflict_notices.beside_the_lead(conflict),
        "links": _links(conflict, user),
        "near": near.order_by("code")[: SHOWN_NEAR + 1],
        "steps": conflict.steps.select_related("by").order_by("-at", "-id")[:40],
        "payments": settlement.payments.select_related("by")
        if settlement
        else CompensationPayment.objects.none(),
    }


Words = dict[str, dict[Any, dict[str, Any]]]


def _opened_all(
    user: Any,
    conflict: Conflict,
    parties: list[Any],
    sessions: list[Any],
    truces: list[Any],
    ladder: list[Any],
    settlement: Any,
) -> Words:
    """All that is sealed of what the page shows, opened at once."""
    groups = {
        "conflict": ([conflict], ["note", "close_reason"]),
        "parties": (parties, ["name"]),
        "ties": ([tie for party in parties for tie in party.ties.all()], ["value"]),
        "sessions": (sessions, ["note"]),
        "truces": (truces, ["guarantor"]),
        "events": ([event for truce in truces for event in truce.events.all()], ["words"]),
        "ladder": ([row for row in ladder if row.at], ["note"]),
        "settlement": ([settlement] if settlement else [], ["guarantor", "terms"]),
    }
    return dict(zip(groups, vault.unseal_groups(groups.values(), by=user), strict=True))


def _parties(user: Any, parties: list[Any], words: Words) -> list[dict[str, Any]]:
    """The sides with their names and ties opened; a participant only to who may see the case."""
    ids = [party.participant_id for party in parties if party.participant_id]
    cases = Participant.objects.visible_to(user).filter(pk__in=ids) if ids else ()
    seen = {case.pk: case for case in cases}
    names, values = words["parties"], words["ties"]
    return [
        {
            "row": party,
            "participant": seen.get(party.participant_id),
            "name": names[party.pk]["name"],
            "broken": names[party.pk]["name"] is None,
            "ties": [(tie.get_kind_display(), values[tie.pk]["value"]) for tie in party.ties.all()]
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


def incidents_seen(conflict: Conflict, user: Any) -> list[Any]:
    """The links to incidents that the person sees; the others leave no trace."""
    return [link for link in _links(conflict, user) if link.is_seen]


def _links(conflict: Conflict, user: Any) -> QuerySet[Any]:
    """The links to incidents, each with `is_seen`: whether the person may see the incident."""
    seen = Incident.objects.visible_to(user).filter(pk=OuterRef("incident"))
    return (
        ConflictIncident.objects.filter(conflict=conflict)
        .annotate(is_seen=Exists(seen))
        .select_related("incident", "incident__place")
        .defer("incident__place__geometry", "incident__search_key", "incident__source_key")
    )


def _sessions(sessions: list[Any], notes: dict[Any, dict[str, Any]]) -> list[dict[str, Any]]:
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


def _truces(truces: list[Any], words: Words, now: Any) -> list[dict[str, Any]]:
    return [
        {
            "row": truce,
            "guarantor": words["truces"][truce.pk]["guarantor"],
            "ran_out": truce.state == "in_force" and truce.ends_at <= now,
            "clock": clock_of(truce.ends_at, now, truce.ends_at - truce.starts_at),
            "events": [(event, words["events"][event.pk]["words"]) for event in truce.events.all()],
        }
        for truce in truces
    ]


def _ladder(rows: list[Any], notes: dict[Any, dict[str, Any]], today: Any) -> list[dict[str, Any]]:
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


def _events(steps: list[Any]) -> list[dict[str, Any]]:
    states = dict(Conflict.State.choices)
    return [
        {
            "at": step.at,
            "what": states.get(step.to_state, step.to_state),
            "who": step.by.code_name if step.by else "",
        }
        for step in steps
    ]
