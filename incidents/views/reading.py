"""The list, one incident, and what waits for review."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ceasefire import codes
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.places import services as places
from ceasefire.places.models import Place
from incidents import services
from incidents.forms.filters import IncidentFilter, as_code
from incidents.forms.rows import SourceForm
from incidents.forms.verbs import DuplicateForm, GradeForm, OverrideForm, ReasonForm, RevealForm
from incidents.models import Incident
from incidents.views.clock import clock_context
from incidents.views.logging import in_words
from incidents.views.scope import one, places_of, sites_of

LIST_FIELDS = (
    "code",
    "type",
    "occurred_from",
    "time_precision",
    "time_of_day",
    "killed_best",
    "killed_unknown",
    "workflow_state",
    "verification",
    "is_sensitive",
    "origin",
    "geo_precision",
    "place__pcode",
    "place__name_en",
    "place__name_ar",
    "district__pcode",
    "district__name_en",
    "district__name_ar",
    "reporter__code_name",
    "site__code",
    "site__name_en",
    "site__name_ar",
    "site__is_demo",
)


@requires("incidents.view_incident")
def incident_list(request: HttpRequest) -> HttpResponse:
    sites = sites_of(request.user)
    visible = Incident.objects.visible_to(request.user)
    jump = as_code(request.GET.get("q", ""))
    if jump:
        found = visible.filter(code=jump).first()
        if found is not None:
            return redirect(found)
    filters = IncidentFilter(
        request.GET,
        user=request.user,
        sites=sites,
        places=places_of(sites, "governorate", "district", "subdistrict"),
    )
    page = keyset_page(
        filters.narrow(visible)
        .select_related("place", "district", "reporter", "site")
        .only(*LIST_FIELDS),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        parts=[Q(site=site.pk) for site in filters.asked_sites()],
        sought=filters.sought(),
    )
    return render(
        request,
        "incidents/incident_list.html",
        {
            "page": page,
            "filters": filters,
            "chips": filters.chips(request.path),
            "show_site": len(sites) > 1,
            "all_made_up": bool(sites) and all(site.is_demo for site in sites),
            "has_outside": any(incident.origin == "ucdp-ged" for incident in page),
            "export_url": _address("incidents:incident_export")
            if request.user.has_perm("incidents.export_incident")
            else "",
        },
    )


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@requires("incidents.review_incident")
def incident_review(request: HttpRequest) -> HttpResponse:
    """What waits for review, gravest family first, then the oldest, with what is still open."""
    waiting = (
        Incident.objects.visible_to(request.user)
        .waiting_for_review()
        .select_related("place", "reporter", "site")
        .defer("place__geometry", "search_key", "original")
    )
    page = keyset_page(
        services.in_review_order(waiting),
        ordering=("gravity", "occurred_from", "id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    for incident in page:
        incident.open_questions = [UNANSWERED[name] for name in services.unanswered(incident)]
    return render(request, "incidents/incident_review.html", {"page": page})


UNANSWERED: dict[str, Any] = {
    "time_of_day": gettext_lazy("time of day"),
    "place_type": gettext_lazy("kind of place"),
    "method": gettext_lazy("how"),
    "motive": gettext_lazy("motive"),
    "weapons": gettext_lazy("weapons"),
    "injured_best": gettext_lazy("injured"),
    "summary": gettext_lazy("summary"),
}


@requires("places.view_place")
def place_search(request: HttpRequest) -> HttpResponse:
    """Places by name as choices for the form: neighbourhoods, sub-districts, districts first."""
    typed = request.GET.get("q", "").strip()[:60]
    levels = Place.objects.exclude(level=Place.Level.COUNTRY)
    found = places.search(typed, within=levels, limit=12) if len(typed) >= 2 else []
    own = {site_place for site_place in _own_districts(request.user)} if found else set()
    found.sort(key=lambda place: place.district_id not in own)
    return render(request, "incidents/_place_choices.html", {"places": found, "typed": typed})


def _own_districts(user: Any) -> Any:
    return Place.objects.filter(
        pk__in=user.sites.values("places"), level=Place.Level.DISTRICT
    ).values_list("pk", flat=True)


# --- one incident -------------------------------------------------------------------------------


@requires("incidents.view_incident")
def incident_detail(request: HttpRequest, code: str) -> HttpResponse:
    incident = one(request, code)
    return detail_page(request, incident)


def detail_page(request: HttpRequest, incident: Incident, **forms: Any) -> HttpResponse:
    """The page of one incident, with the forms that need another look; the reading is recorded.

    Rendered first: the trail's lock is held from the record to the commit.
    """
    context = detail_context(request, incident, **forms)
    if forms:
        context["form"] = next(iter(forms.values()))
    response = render(request, "incidents/incident_detail.html", context)
    services.note_reading(incident, by=request.user)
    return response


def detail_context(request: HttpRequest, incident: Incident, **forms: Any) -> dict[str, Any]:
    """All that the page of one incident shows to this person; `forms` holds those with errors."""
    user = request.user
    sight = services.sight(incident, user)
    version = {"version": incident.version}
    sources = list(incident.sources.select_related("created_by"))
    for number, source in enumerate(sources, start=1):
        source.number = number
        source.label = f"{number}. {codes.label('source_kind', source.kind)}"
    verbs = services.open_verbs(incident, user)
    context: dict[str, Any] = {
        "incident": incident,
        "sight": sight,
        "sources": [
            {
                "row": source,
                "kind": codes.label("source_kind", source.kind),
                "reliability": codes.label("reliability", source.reliability),
                "credibility": codes.label("credibility", source.credibility),
                "words": source.text if sight.words or source.created_by_id == user.pk else "",
                "origin": next((s for s in sources if s.pk == source.same_origin_as_id), None),
                "grade": GradeForm(source=source, others=sources, prefix=f"s{source.number}")
                if services.may_grade(incident, source, user)
                else None,
            }
            for source in sources
        ],
        "victims": [_victim(row) for row in incident.victimizations.all()],
        "actors": [_actor(row, sight) for row in incident.actors.all()],
        "facts": _facts(incident),
        "rule": services.RULES.get(incident.verification_rule, ""),
        "events": _events(incident),
        "verbs": verbs,
        "simple_verbs": [
            (verb, services.LABELS[verb])
            for verb in verbs
            if verb in {"submit", "take", "accept", "archive"}
        ],
        "is_for_others": services.is_for_others(incident, "accept", user),
        "may_edit": services.may_edit(incident, user),
        "may_revise": services.may_revise(incident, user),
        "source_form": SourceForm(prefix="source", use_required_attribute=False)
        if services.may_add_source(incident, user)
        else None,
        "override_form": OverrideForm(
            prefix="override", initial={**version, "verification": incident.verification}
        )
        if services.may_override(incident, user)
        else None,
        "return_form": ReasonForm(prefix="return", initial=version) if "return" in verbs else None,
        "withdraw_form": ReasonForm(prefix="withdraw", initial=version)
        if "withdraw" in verbs
        else None,
        "duplicate_form": DuplicateForm(prefix="duplicate", initial=version)
        if "duplicate" in verbs
        else None,
        "reveal_form": RevealForm(prefix="reveal") if sight.reveal else None,
        "duplicates": list(
            Incident.objects.visible_to(user).filter(duplicate_of=incident).only("code")
        ),
        "submissions": _submissions(incident, user),
        "is_draft": incident.workflow_state == Incident.State.DRAFT,
    }
    context.update(clock_context(incident, user))
    context.update(forms)
    return context


def _facts(incident: Incident) -> list[tuple[Any, str]]:
    """The answers that were given, in words; open ones are left out."""
    rows: list[tuple[Any, Any]] = [
        (_("More exactly"), incident.subtype),
        (_("How sure of the day"), in_words("time_precision", incident.time_precision)),
        (_("Kind of place"), _known("place_type", incident.place_type)),
        (_("How sure of the place"), in_words("geo_precision", incident.geo_precision)),
        (_("Motive"), _known("motive", incident.motive)),
        (_("How it was done"), _known("method", incident.method)),
        (_("Weapons"), in_words("weapons", incident.weapons) if incident.weapons else ""),
    ]
    return [(label, value) for label, value in rows if value]


def _known(field: str, value: str) -> str:
    return "" if value == "unknown" else in_words(field, value)


def _victim(row: Any) -> dict[str, Any]:
    known = {
        "sex": codes.label("sex", row.sex) if row.sex != "unknown" else "",
        "age": row.age,
        "age_band": codes.label("age_band", row.age_band) if row.age_band != "unknown" else "",
    }
    return {
        "row": row,
        "harm": codes.label("harm", row.harm),
        "roles": [codes.label("victim_role", role) for role in row.roles],
        "outcome": codes.label("outcome", row.outcome) if row.outcome != "unknown" else "",
        **known,
    }


def _actor(row: Any, sight: Any) -> dict[str, Any]:
    return {
        "category": codes.label("actor_category", row.category),
        "certainty": codes.label("actor_certainty", row.certainty),
        "count": codes.label("count_band", row.count_band) if row.count_band != "unknown" else "",
        "group": row.named_group if sight.groups else "",
        "note": row.note if sight.words else "",
    }


def _events(incident: Incident) -> list[dict[str, Any]]:
    """Steps and revisions as one history, the newest first."""
    states = dict(Incident.State.choices)
    steps = [
        {
            "at": step.at,
            "what": states.get(step.to_state, step.to_state),
            "who": step.by.code_name if step.by else "",
            "text": step.reason,
        }
        for step in incident.steps.select_related("by")
    ]
    revisions = [
        {
            "at": revision.at,
            "what": _("Correction %(number)d") % {"number": revision.number},
            "who": revision.by.code_name if revision.by else "",
            "text": "\n".join(
                [str(AUTOMATIC.get(revision.reason, revision.reason)), *_changes(revision.changes)]
            ),
            "tone": "due",
        }
        for revision in incident.revisions.select_related("by")
    ]
    return sorted([*steps, *revisions], key=lambda event: event["at"], reverse=True)


def _changes(changes: dict[str, Any]) -> list[str]:
    lines = []
    for name, (before, after) in sorted(changes.items()):
        label = LABELS.get(name, name)
        if (
            isinstance(before, list)
            and (before or after)
            and name in {"sources", "victims", "actors"}
        ):
            before, after = len(before), len(after)
        # In words, not by an arrow, which would point backwards in Arabic.
        lines.append(
            _("%(question)s: was %(before)s, is %(after)s")
            % {
                "question": label,
                "before": in_words(name, before),
                "after": in_words(name, after),
            }
        )
    return lines


#: Reasons that the services write themselves, worded when shown.
AUTOMATIC: dict[str, Any] = {
    "source added": gettext_lazy("A source was added."),
    "source graded": gettext_lazy("A source was graded anew."),
    "grade from the sources again": gettext_lazy("The sources decide the grade again."),
}

LABELS: dict[str, Any] = {
    **{
        field.name: field.verbose_name
        for field in Incident._meta.get_fields()
        if hasattr(field, "verbose_name")
    },
    "sources": gettext_lazy("Sources"),
    "source_grade": gettext_lazy("Grade of a source"),
    "victims": gettext_lazy("People harmed"),
    "actors": gettext_lazy("Who did it"),
    "verification": gettext_lazy("Verification"),
    "workflow_state": gettext_lazy("State"),
}


def _submissions(incident: Incident, user: Any) -> list[dict[str, Any]]:
    """Forms that came again with other content, for the reporter and the reviewers."""
    if incident.reporter_id != user.pk and not user.has_perm("incidents.review_incident"):
        return []
    shown = []
    for kept in incident.conflicting_submissions.filter(settled_at__isnull=True).order_by("at"):
        rows = []
        for name, value in kept.content.items():
            if name not in services.FIELDS or name == "reported_at":
                continue
            now = services.plain(getattr(incident, name))
            if now != value:
                rows.append((LABELS.get(name, name), in_words(name, now), in_words(name, value)))
        shown.append({"row": kept, "differences": rows})
    return shown
