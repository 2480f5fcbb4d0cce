"""The list, one incident, and what waits for review."""

from collections.abc import Generator, Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ceasefire import attachments, codes
from ceasefire.database.together import answered
from ceasefire.look.paging import KeysetPage, keyset_page
from ceasefire.people.access import requires
from ceasefire.places import services as places
from ceasefire.places.models import Place
from incidents import services
from incidents.forms.duplicates import LinkForm, PartForm
from incidents.forms.filters import IncidentFilter, as_code
from incidents.forms.photos import PhotosForm
from incidents.forms.rows import SourceForm
from incidents.forms.verbs import DuplicateForm, GradeForm, OverrideForm, ReasonForm, RevealForm
from incidents.models import Incident, IncidentRevision, IncidentStep, SavedFilter
from incidents.services import search
from incidents.views.clock import clock_context, clock_questions
from incidents.views.merging import standing_merges
from incidents.views.scope import one, places_of, plain_query, sites_of
from incidents.views.sections import section_parts
from incidents.views.twins import twin_questions, twins_of
from incidents.views.wording import LABELS, as_held, in_words

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
    "version",
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

#: A longer text is not searched for; the field says so.
MOST_LETTERS = 100


@requires("incidents.view_incident")
def incident_list(request: HttpRequest) -> HttpResponse:
    shorter = _cut(request)
    if shorter:
        return redirect(shorter)
    sites = sites_of(request.user)
    visible = Incident.objects.visible_to(request.user)
    jump = as_code(request.GET.get("q", ""))
    if jump:
        found = visible.filter(code=jump).first()
        if found is not None:
            return redirect(found)
    kept = list(SavedFilter.objects.visible_to(request.user).only("name", "is_default", "owner"))
    if not request.GET:
        usual = next(
            (one for one in kept if one.is_default and one.owner_id == request.user.pk), None
        )
        if usual is not None:
            return redirect("incidents:filter_open", usual.pk)
    filters = IncidentFilter(
        request.GET,
        user=request.user,
        sites=sites,
        places=places_of(sites, "governorate", "district", "subdistrict"),
    )
    rows = (
        filters.narrow(visible)
        .select_related("place", "district", "reporter", "site")
        .only(*LIST_FIELDS)
    )
    sought = filters.sought()
    page = _page_of(request, rows, filters, sought)
    finding = None
    if sought is not None:
        if not page and sought.may_be_close and not sought.close:
            # Nothing is spelled so: what is spelled nearly so.
            sought = filters.sought(close=True)
            page = _page_of(request, rows, filters, sought)
            if page:  # so that the next page and the export go on so
                request.GET = request.GET.copy()
                request.GET["close"] = "on"
        finding = _finding(rows, page, filters, sought)
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
            "finding": finding,
            "kept": kept,
            "clear_url": f"{request.path}?all=1" if kept else request.path,
            "list_query": plain_query(request.GET),
            "bulk_verbs": [
                (verb, services.LABELS[verb]) for verb in services.bulk_verbs(request.user)
            ],
            "export_url": reverse("incidents:incident_export")
            if request.user.has_perm("incidents.export_incident")
            else "",
        },
    )


def _cut(request: HttpRequest) -> str:
    """The address with a far too long text cut, since every link of the page repeats it."""
    if len(request.GET.get("q", "")) <= 2 * MOST_LETTERS:
        return ""
    cut = request.GET.copy()
    cut["q"] = cut["q"][: MOST_LETTERS + 1]
    return f"{request.path}?{cut.urlencode()}"


def _page_of(
    request: HttpRequest, rows: Any, filters: IncidentFilter, sought: search.Search | None
) -> KeysetPage[Incident]:
    if sought is not None:
        rows = rows.only(*LIST_FIELDS, "summary", "search_key")
    return keyset_page(
        rows,
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        parts=[Q(site=site.pk) for site in filters.asked_sites()],
        sought=sought.holds if sought is not None else None,
        indexed=None
        if sought is None
        else filters.by_words(sought)
        .select_related("place", "district", "reporter", "site")
        .only(*LIST_FIELDS, "summary", "search_key"),
    )


def _finding(
    rows: Any, page: KeysetPage[Incident], filters: IncidentFilter, sought: search.Search
) -> dict[str, Any]:
    """What a search says of itself: how many, whether by close spellings, and where the words are.

    Counted as far as the page: to count further is to read further. Only what this person sees is
    counted, quoted and marked.
    """
    exact = sought
    as_typed = set()
    if sought.close:
        exact = filters.sought(close=False) or sought
        shown = rows.filter(exact.holds, pk__in=[incident.pk for incident in page])
        as_typed = set(shown.values_list("pk", flat=True))
    for incident in page:
        incident.quoted = _quoted(incident.summary, sought)
        incident.is_close = sought.close and incident.pk not in as_typed
    return {
        "many": len(page),
        "more": page.before is not None or page.after is not None,
        "close": sought.close,
        "spellings": search.close_spellings(
            sought, exact, (row.search_key for row in page if row.is_close)
        )[:5],
        "offer_close": sought.may_be_close and not sought.close,
    }


def _quoted(summary: str, sought: search.Search) -> Any:
    """The part of a summary round the first word that is looked for, marked; empty without one."""
    found = sought.first(summary)
    if found is None:
        return ""
    start = summary.rfind(" ", 0, max(0, found - 40)) + 1 if found > 40 else 0
    end = summary.find(" ", found + 100)
    part = summary[start : end if end > 0 else None]
    return format_html(
        "{}{}{}", "… " if start else "", sought.marked(part), " …" if end > 0 else ""
    )


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
    rows, *sections = answered([_rows(incident, user), *section_parts(request, incident)])
    sources = rows["sources"]
    for number, source in enumerate(sources, start=1):
        source.number = number
        source.label = f"{number}. {codes.label('source_kind', source.kind)}"
    verbs = services.open_verbs(incident, user)
    steps = rows["steps"]
    lately = steps[-1] if steps and services.may_take_back(incident, steps[-1], user) else None
    photos = [photo for photo in rows["photos"] if services.may_see_photo(incident, photo, user)]
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
        "victims": [_victim(row) for row in rows["victims"]],
        "actors": [_actor(row, sight) for row in rows["actors"]],
        "facts": _facts(incident),
        "rule": services.RULES.get(incident.verification_rule, ""),
        "events": [
            event
            for event in _events(steps, rows["revisions"], photos, user.digits)
            if sight.since is None or event["at"] > sight.since
        ],
        "photos": [photo for photo in photos if photo.removed_at is None],
        "photo_form": PhotosForm(by=user) if attachments.may_add(incident, user) else None,
        "verbs": verbs,
        "undo_text": services.TAKEN[lately.to_state] if lately is not None else "",
        "simple_verbs": [
            (verb, services.LABELS[verb])
            for verb in verbs
            if verb in {"submit", "take", "accept", "archive"}
        ],
        "is_for_others": services.is_for_others(incident, "accept", user),
        "may_edit": services.may_edit(incident, user),
        "may_revise": services.may_revise(incident, user),
        "may_name": services.may_name(incident, user),
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
        "duplicates": rows["duplicates"],
        "submissions": _told_again(incident, rows.get("submissions", ()), user, sight, rows),
        "second_reports": _told_again(incident, rows["second_reports"], user, sight, rows),
        "is_draft": incident.workflow_state == Incident.State.DRAFT,
    }
    context.update(clock_context(incident, user, rows, since=sight.since))
    context |= _connections(incident, user, rows)
    context["sections"] = [one for one in sections if one is not None]
    context.update(forms)
    return context


def _rows(incident: Incident, user: Any) -> Generator[Any, Any, dict[str, list[Any]]]:
    """All rows of the page itself, by name; asked in one statement with those of its sections."""
    rows: dict[str, list[Any]] = yield {
        **_questions(incident, user),
        **clock_questions(incident, user),
        **twin_questions(incident, user),
    }
    return rows


def _questions(incident: Incident, user: Any) -> dict[str, QuerySet[Any]]:
    """What of other tables stands on the page of one incident, as far as this person may see it."""
    visible = Incident.objects.visible_to(user)
    reviews = user.has_perm("incidents.review_incident")
    second = incident.second_reports.select_related("by")
    asked: dict[str, QuerySet[Any]] = {
        "sources": incident.sources.select_related("created_by"),
        "victims": incident.victimizations.all(),
        "actors": incident.actors.all(),
        "steps": incident.steps.select_related("by"),
        "revisions": incident.revisions.select_related("by"),
        "photos": attachments.told(incident),
        "links": services.link_rows(incident),
        "duplicates": visible.filter(duplicate_of=incident).only("code"),
        # What else was told by reports whose sources came here: to reviewers, and to who sent them.
        "second_reports": second if reviews else second.filter(by=user),
    }
    if reviews or incident.reporter_id == user.pk:
        # Forms that came again with other content.
        asked["submissions"] = incident.conflicting_submissions.filter(
            settled_at__isnull=True
        ).order_by("at")
    if incident.duplicate_of_id:
        # A record may be guarded more closely than the one that repeats it.
        asked["original"] = visible.filter(pk=incident.duplicate_of_id).only("code")
        if reviews:
            asked["merges"] = standing_merges(incident)
    return asked


def _connections(incident: Incident, user: Any, rows: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Links, likely twins, and the way out of a merge, as far as this person may."""
    links = services.links_of(incident, user, rows["links"])
    for seen in links:
        seen.may_remove = services.may_unlink(seen.link, incident, user)
    merge = next(iter(rows.get("merges", ())), None)
    return {
        "original": next(iter(rows.get("original", ())), None),
        "links": links,
        "link_form": LinkForm(prefix="link", user=user)
        if services.may_link(incident, user)
        else None,
        "twins": twins_of(incident, user, rows),
        "part_form": PartForm(prefix="part")
        if merge is not None and services.may_part(merge, user)
        else None,
    }


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


def _events(
    steps: list[IncidentStep], revised: list[IncidentRevision], photos: list[Any], digits: str
) -> list[dict[str, Any]]:
    """Steps, revisions and photos as one history, the newest first."""
    states = dict(Incident.State.choices)
    moves = [
        {
            "at": step.at,
            "what": states.get(step.to_state, step.to_state),
            "who": step.by.code_name if step.by else "",
            "text": step.reason,
        }
        for step in steps
    ]
    revisions = [
        {
            "at": revision.at,
            "what": _("Correction %(number)d") % {"number": revision.number},
            "who": revision.by.code_name if revision.by else "",
            "text": "\n".join(
                [
                    str(AUTOMATIC.get(revision.reason, revision.reason)),
                    *_changes(revision.changes, digits),
                ]
            ),
            "tone": "due",
        }
        for revision in revised
    ]
    return sorted(
        [*moves, *revisions, *_photo_events(photos)], key=lambda event: event["at"], reverse=True
    )


def _photo_events(photos: list[Any]) -> list[dict[str, Any]]:
    """Photos that came at one time by one person are one event; each removal is its own."""
    added: dict[Any, dict[str, Any]] = {}
    events = []
    for photo in photos:
        key = (photo.created_by_id, photo.created_at.replace(second=0, microsecond=0))
        event = added.setdefault(
            key, {"at": photo.created_at, "who": photo.created_by.code_name, "number": 0}
        )
        event["number"] += 1
        if photo.removed_at is not None:
            events.append(
                {
                    "at": photo.removed_at,
                    "what": _("Photo removed"),
                    "who": photo.removed_by.code_name if photo.removed_by else "",
                    "text": str(AUTOMATIC.get(photo.removed_reason, photo.removed_reason)),
                }
            )
    for event in added.values():
        number = event.pop("number")
        text = ngettext("%(number)d photo added", "%(number)d photos added", number)
        events.append({**event, "what": text % {"number": number}, "text": ""})
    return events


def _changes(changes: dict[str, Any], digits: str) -> list[str]:
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
                "before": in_words(name, before, digits=digits),
                "after": in_words(name, after, digits=digits),
            }
        )
    return lines


#: Reasons that the services write themselves, worded when shown.
AUTOMATIC: dict[str, Any] = {
    "source added": gettext_lazy("A source was added."),
    "source graded": gettext_lazy("A source was graded anew."),
    "the record was discarded": gettext_lazy("The record was discarded."),
    "taken over from a report": gettext_lazy("It was taken over from another report."),
    "records merged": gettext_lazy("A record of the same event was merged into it."),
    "records parted": gettext_lazy("A merged record was parted from it."),
    "grade from the sources again": gettext_lazy("The sources decide the grade again."),
}


def _told_again(
    incident: Incident,
    forms: Iterable[Any],
    user: Any,
    sight: Any,
    standing: Mapping[str, list[Any]],
) -> list[dict[str, Any]]:
    """What forms about the same say otherwise than the record, and of whom they tell besides."""
    return [
        {
            "row": kept,
            "differences": _differing(incident, kept.content, user.digits),
            "people": [
                {
                    "kind": LABELS[row.kind],
                    "words": _kept_words(
                        row, sight, is_own=kept.by_id == user.pk, digits=user.digits
                    ),
                    "sealed": row.sealed,
                    "address": services.address_of(kept, row),
                    "is_taken": row.is_taken,
                    "may_take": not row.is_taken
                    and services.may_take_over(incident, user, kind=row.kind),
                }
                for row in services.new_rows(kept, standing)
            ],
        }
        for kept in forms
        if services.may_read_form(incident, kept, user)
    ]


#: The code lists of the answers about people and sources.
PEOPLE_LISTS = {
    "harm": "harm",
    "sex": "sex",
    "age_band": "age_band",
    "gunshot": "yes_no_unknown",
    "hospital": "yes_no_unknown",
    "outcome": "outcome",
    "category": "actor_category",
    "certainty": "actor_certainty",
    "count_band": "count_band",
    "kind": "source_kind",
    "reliability": "reliability",
    "credibility": "credibility",
}
#: What needs its question beside it to be understood.
ASKED: dict[str, Any] = {
    "age": gettext_lazy("Age"),
    "gunshot": gettext_lazy("Gunshot wound"),
    "hospital": gettext_lazy("Taken to hospital"),
    "outcome_on": gettext_lazy("Since"),
}


def _kept_words(row: Any, sight: Any, *, is_own: bool, digits: str) -> str:
    """A row of a kept form in words, as far as this person may read it."""
    hidden = (
        set()
        if is_own
        else {
            *(() if sight.groups else ("named_group",)),
            *(() if sight.words else ("note", "text")),
        }
    )
    words = []
    for name, value in row.values.items():
        if name in hidden or value in (None, "", "unknown", []):
            continue
        if name in PEOPLE_LISTS:
            said = codes.label(PEOPLE_LISTS[name], value)
        elif name == "roles":
            said = " · ".join(codes.label("victim_role", role) for role in value)
        else:
            said = in_words(name, value, digits=digits)
        words.append(
            _("%(question)s: %(answer)s") % {"question": ASKED[name], "answer": said}
            if name in ASKED
            else str(said)
        )
    return " · ".join(words)


def _differing(
    incident: Incident, content: dict[str, Any], digits: str
) -> list[tuple[Any, str, str]]:
    """(question, as it stands, as it was sent) of the plain answers that a form gives otherwise."""
    rows = []
    for name, value in content.items():
        if name not in services.FIELDS or name == "reported_at":
            continue
        held = getattr(incident, name)
        if as_held(name, services.plain(held)) == as_held(name, value):
            continue
        rows.append(
            (
                LABELS[name],
                in_words(name, held, digits=digits, part=incident.time_of_day),
                in_words(name, value, digits=digits, part=content.get("time_of_day") or "unknown"),
            )
        )
    return rows
