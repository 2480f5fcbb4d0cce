"""Likely twins: asked about before a report is saved or sent, and listed for reviewers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from incidents import services
from incidents.duplicates import finding
from incidents.duplicates.finding import Twin
from incidents.duplicates.scoring import likeness
from incidents.exceptions import IncidentRefusal
from incidents.forms.duplicates import PairsForm
from incidents.models import (
    ImportBatch,
    ImportPair,
    ImportPairQuerySet,
    Incident,
    SecondReport,
)
from incidents.views.scope import one, sites_of

#: Pairs of an import on a page; imports named above the list of pairs; what neither reads.
PAIRS, MOST_BATCHES = 25, 10
_UNREAD = ("place__geometry", "search_key", "source_key", "original")
#: What the button "it is another one" sends; the others send the code of an incident.
OTHER = "other"


def asked_twin(request: HttpRequest) -> str:
    """Which button of the question was pressed: a code, "other", or none."""
    return request.POST.get("twin", "")[:24].replace("\x00", "")


def seen_twins(request: HttpRequest) -> list[str]:
    """Codes that the person was asked about and said to be other events."""
    return request.POST.getlist("twins_seen") if asked_twin(request) == OTHER else []


def likely(
    report: Incident,
    *,
    by: Any,
    seen: Collection[str] = (),
    victims: Any = (),
    names: Any = (),
    digests: frozenset[bytes] = frozenset(),
    is_saved: bool = False,
    key: Any = None,
    note_search: Any = None,
) -> list[Twin]:
    """The records that a report may repeat, without those of `seen`, codes that it was held
    against before; each says as `takes_source` whether the report may become a source of it.

    None where a form was already saved under its `key`: it only comes a second time.
    """
    found = finding.likely_twins(
        report,
        by=by,
        victims=victims,
        names=names,
        digests=digests,
        is_saved=is_saved,
        note_search=note_search,
    )
    passed = set(seen)
    found = [twin for twin in found if twin.incident.code not in passed]
    if found and key is not None and _arrived(key):
        return []
    is_sensitive = services.is_sensitive(report, victims)
    for twin in found:
        twin.incident.takes_source = _takes_source(  # type: ignore[attr-defined]
            twin.incident, by, is_sensitive=is_sensitive
        )
    return found


def _takes_source(twin: Incident, by: Any, *, is_sensitive: bool) -> bool:
    """Whether a person's report may become a source of a record: an open one takes no guarded."""
    return services.may_add_source(twin, by) and (twin.is_sensitive or not is_sensitive)


def question(twins: Sequence[Twin]) -> dict[str, Any]:
    """What the question on a page shows; whether there is more than one answer to it."""
    takes = [bool(twin.incident.takes_source) for twin in twins]  # type: ignore[attr-defined]
    return {"twins": twins, "twins_take_source": any(takes)}


def _arrived(key: Any) -> bool:
    return (
        Incident.objects.filter(idempotency_key=key).exists()
        or SecondReport.objects.filter(key=key).exists()
    )


def remember_answers(request: HttpRequest, incident: Incident) -> None:
    """Keep that the reporter called this one another event than those that were shown."""
    if asked_twin(request) == OTHER:
        remember_others(incident, request.POST.getlist("twins_seen"), by=request.user)


def remember_others(incident: Incident, told: Sequence[str], *, by: Any) -> None:
    """Keep that the reporter of an incident called it another event than those of these codes.

    Of those that it could have become a source of: where there was no such choice, "another one"
    was the only way on and says nothing.
    """
    if incident.reporter_id != by.pk:
        return
    codes = [code for code in told if "\x00" not in code][: finding.MOST_TWINS]
    shown = Incident.objects.visible_to(by).filter(code__in=codes, site=incident.site_id)
    for other in shown.exclude(pk=incident.pk).select_related("site"):
        if _takes_source(other, by, is_sensitive=incident.is_sensitive):
            services.decide_not_twins(incident, other, by=by, at_entry=True)


def chosen_twin(request: HttpRequest) -> Incident | None:
    """The incident whose button was pressed, if the person sees it."""
    code = asked_twin(request)
    if not code or code == OTHER:
        return None
    return (
        Incident.objects.visible_to(request.user).select_related("site").filter(code=code).first()
    )


def say_added(request: HttpRequest, original: Incident) -> HttpResponse:
    """Back to the incident that got the source."""
    messages.success(request, _("Your source was added to %(code)s.") % {"code": original.code})
    return redirect(original)


# --- sending a draft ------------------------------------------------------------------------------


def ask_before_sending(request: HttpRequest, incident: Incident) -> HttpResponse | None:
    """The question before a draft or a returned incident is sent; None where there is none."""
    if not services.may_move(incident, "submit", request.user):
        return None
    original = chosen_twin(request)
    if original is not None:
        try:
            services.send_as_second_report(incident, to=original, by=request.user)
        except IncidentRefusal as refusal:
            messages.error(request, str(refusal))
            return redirect(incident)
        return say_added(request, original)
    victims = list(incident.victimizations.all())
    twins = likely(
        incident,
        by=request.user,
        seen=seen_twins(request),
        victims=victims,
        digests=finding.sealed_names_of(victims),
        is_saved=True,
    )
    if not twins:
        if incident.workflow_state == Incident.State.DRAFT:
            # What was sent before can no longer become a source: it had no other way on.
            remember_answers(request, incident)
        return None
    return render(
        request,
        "incidents/twins_before_sending.html",
        {
            "incident": incident,
            **question(twins),
            "may_hand_over": incident.workflow_state == Incident.State.DRAFT,
        },
    )


# --- for reviewers --------------------------------------------------------------------------------


#: Why two records look alike, as a reviewer reads it. A name is never among the reasons.
REASONS: dict[str, Any] = {
    "time": gettext_lazy("time"),
    "place": gettext_lazy("place"),
    "type": gettext_lazy("type"),
    "killed": gettext_lazy("killed"),
    "injured": gettext_lazy("injured"),
    "abducted": gettext_lazy("abducted"),
    "victims": gettext_lazy("people harmed"),
    "circumstances": gettext_lazy("circumstances"),
    "words": gettext_lazy("words"),
}


def reasons(parts: dict[str, float]) -> tuple[list[str], list[str]]:
    """What speaks for a pair and what against it, in words."""
    known = [(name, points) for name, points in parts.items() if name in REASONS]
    return (
        [str(REASONS[name]) for name, points in known if points > 0],
        [str(REASONS[name]) for name, points in known if points < 0],
    )


@requires("incidents.review_incident")
def twin_list(request: HttpRequest) -> HttpResponse:
    """Likely pairs of the recent weeks, the likeliest first."""
    sites_of(request.user)
    pairs = [
        {"pair": pair, "reasons": reasons(pair.likeness.parts), **_which_way(pair)}
        for pair in finding.likely_pairs(by=request.user)
    ]
    return render(
        request,
        "incidents/twin_list.html",
        {"pairs": pairs, "days": finding.LIST_DAYS, "batches": _batches(request)},
    )


def _batches(request: HttpRequest) -> list[ImportBatch]:
    """The newest imports of the person's sites that have pairs left to look at."""
    newest = (
        ImportBatch.objects.with_pairs(request.user)
        .order_by("-at", "-id")
        .values_list("pk", flat=True)[:MOST_BATCHES]
    )
    left = Exists(_open_pairs(request).filter(batch=OuterRef("pk")))
    return list(
        ImportBatch.objects.filter(left, pk__in=list(newest))
        .select_related("site")
        .order_by("-at", "-id")
    )


def _open_pairs(request: HttpRequest) -> ImportPairQuerySet:
    return ImportPair.objects.visible_to(request.user).open()


@require_safe
@requires("incidents.review_incident")
def import_pairs(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Likely pairs with a record of an import, the likeliest first, a page at a time."""
    batch = get_object_or_404(
        ImportBatch.objects.reviewed_by(request.user).select_related("site"), pk=pk
    )
    page = keyset_page(
        _open_pairs(request)
        .filter(batch=batch)
        .annotate(denied=Exists(ImportPair.said(at_entry=True)))
        .select_related("first__place", "first__reporter", "second__place", "second__reporter")
        .defer(*(f"{side}__{name}" for side in ("first", "second") for name in _UNREAD)),
        ordering=("-points", "-id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=PAIRS,
    )
    return render(
        request,
        "incidents/import_pairs.html",
        {"batch": batch, "page": page, "pairs": [_as_shown(row) for row in page]},
    )


def _as_shown(row: Any) -> dict[str, Any]:
    first, second = sorted((row.first, row.second), key=lambda one: (one.created_at, one.code))
    like = likeness(finding.telling_of(first), finding.telling_of(second))
    pair = finding.TwinPair(first, second, like, denied_at_entry=row.denied)
    return {"pair": pair, "reasons": reasons(like.parts), **_which_way(pair)}


def _which_way(pair: finding.TwinPair) -> dict[str, Any]:
    """Which one would stay: the sensitive one, else what reports count, else the earlier one."""
    settled = (Incident.State.ACCEPTED, Incident.State.ARCHIVED)
    first, second = pair.first, pair.second
    if first.is_sensitive != second.is_sensitive:
        turn = second.is_sensitive
    else:
        turn = second.workflow_state in settled and first.workflow_state not in settled
    if turn:
        first, second = second, first
    return {"kept": first, "gone": second}


def twin_questions(incident: Incident, user: Any) -> dict[str, QuerySet[Any]]:
    """What `twins_of` is to be given; nothing for who is no reviewer of what is alive."""
    if (
        incident.workflow_state not in finding.LIVE
        or not user.has_perm("incidents.review_incident")
        or incident.site.read_only
    ):
        return {}
    return {
        "near": finding.candidates(incident, by=user)[: finding.MOST_CANDIDATES],
        "decisions": finding.decisions([incident.pk]),
    }


def twins_of(
    incident: Incident, user: Any, rows: Mapping[str, Sequence[Any]]
) -> list[dict[str, Any]]:
    """The likely twins of a record for a reviewer, without those that were decided on.

    `rows` are the answers to `twin_questions` and, as "victims", the people harmed.
    """
    if "near" not in rows:
        return []
    # What the reporter said does not decide: they may have had no other way on.
    decided = [row for row in rows["decisions"] if not row.at_entry]
    denied = [row for row in rows["decisions"] if row.at_entry]
    said = {key for row in denied for key in (row.first_id, row.second_id)}
    found = finding.likely_twins(
        incident,
        by=user,
        victims=rows["victims"],
        is_saved=True,
        in_hand=(rows["near"], decided),
    )
    return [
        {
            "incident": twin.incident,
            "reasons": reasons(twin.likeness.parts),
            "denied_at_entry": twin.incident.pk in said,
        }
        for twin in found
    ]


@require_POST
@requires("incidents.review_incident")
def not_twins(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Say that two records tell of two events."""
    incident, second = one(request, code), one(request, other)
    try:
        services.decide_not_twins(incident, second, by=request.user)
    except IncidentRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Kept as two incidents. They are not proposed again."))
    if request.POST.get("from") == "list":
        return redirect("incidents:twin_list")
    if request.POST.get("from") == "import":
        form = PairsForm(request.POST)
        if form.is_valid():
            return redirect("incidents:import_pairs", pk=form.cleaned_data["batch"])
    return redirect(incident)
