"""Two records side by side, merged and parted again."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ceasefire import codes
from ceasefire.people.access import requires
from incidents import services
from incidents.exceptions import ChangedMeanwhile, IncidentRefusal, NotForThisPerson, ReasonNeeded
from incidents.forms.duplicates import MergeForm, PartForm
from incidents.models import Incident, IncidentMerge
from incidents.views.scope import one, sites_of
from incidents.views.wording import in_words

#: What is compared besides what may be taken over, in the order of the page.
COMPARED = {
    "type": gettext_lazy("What happened"),
    "time_precision": gettext_lazy("How sure of the day"),
    "geo_precision": gettext_lazy("How sure of the place"),
    "verification": gettext_lazy("Verification"),
    "workflow_state": gettext_lazy("State"),
}


@requires("incidents.review_incident")
def merge(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Merge the incident of the address into the other one, after a look at both."""
    gone, kept = one(request, code), one(request, other)
    if gone.pk == kept.pk:
        raise Http404
    groups = services.offered(kept, gone)
    labels = {**services.GROUPS, **services.ROWS}
    offered = [(group, labels[group][0]) for group in groups]
    form = MergeForm(
        request.POST or None,
        offered=offered,
        initial={"version": gone.version, "kept_version": kept.version, "take": groups},
    )
    form.fields["reason"].required = gone.workflow_state == Incident.State.ACCEPTED
    if request.method == "POST" and form.is_valid():
        try:
            services.merge_incidents(kept=kept, gone=gone, by=request.user, **form.cleaned_data)
        except NotForThisPerson:
            raise PermissionDenied from None
        except ReasonNeeded as refusal:
            form.add_error("reason", refusal.message)
        except IncidentRefusal as refusal:
            form.add_error(None, str(refusal))
            if isinstance(refusal, ChangedMeanwhile):
                form.data = form.data.copy()
                form.data["version"] = str(Incident.objects.get(pk=gone.pk).version)
                form.data["kept_version"] = str(Incident.objects.get(pk=kept.pk).version)
        else:
            messages.success(
                request,
                _("%(gone)s now counts as a duplicate of %(kept)s.")
                % {"gone": gone.code, "kept": kept.code},
            )
            return redirect(kept)
    sight = [services.sight(incident, request.user) for incident in (kept, gone)]
    response = render(
        request,
        "incidents/merge.html",
        {
            "kept": kept,
            "gone": gone,
            "form": form,
            "rows": _side_by_side(kept, gone, groups, request.user.digits),
            "sources": [
                _sources(kept, sight[0], request.user),
                _sources(gone, sight[1], request.user),
            ],
            "can_turn": services.may_merge(kept, request.user)
            and gone.workflow_state in Incident.COUNTED_STATES,
        },
    )
    for incident in (kept, gone):
        services.note_reading(incident, by=request.user)
    return response


def _side_by_side(
    kept: Incident, gone: Incident, groups: list[str], digits: str
) -> list[dict[str, Any]]:
    """Each question with both answers; whether they differ, and whether one may be taken over."""
    rows = []
    for name, label in COMPARED.items():
        answers = [in_words(name, getattr(one_of, name)) for one_of in (kept, gone)]
        rows.append({"label": label, "kept": answers[0], "gone": answers[1], "group": ""})
    told = {
        group: (label, [_answer(one_of, group, fields, digits) for one_of in (kept, gone)])
        for group, (label, fields) in services.GROUPS.items()
    } | {
        group: (label, [_people(one_of, related) for one_of in (kept, gone)])
        for group, (label, _model, related) in services.ROWS.items()
    }
    for group, (label, answers) in told.items():
        if answers[0] == answers[1] == "–":
            continue
        rows.append(
            {
                "label": label,
                "kept": answers[0],
                "gone": answers[1],
                "group": group if group in groups else "",
            }
        )
    for row in rows:
        row["differs"] = row["kept"] != row["gone"]
    return rows


def _answer(incident: Incident, group: str, fields: tuple[str, ...], digits: str) -> str:
    def said(name: str, value: Any) -> str:
        return in_words(name, value, digits=digits)

    if group == "killed" and incident.killed_unknown:
        return _("Unknown")
    if group in {"killed", "injured"}:
        least, best, most = (
            getattr(incident, f"{group}_{part}") for part in ("min", "best", "max")
        )
        if least is None and most is None:
            return said(group, best)
        return f"{said(group, best)} ({said(group, least)} – {said(group, most)})"
    if group == "point":
        return "–" if incident.lat is None else f"{incident.lat:.4f}, {incident.lon:.4f}"
    value = getattr(incident, fields[0])
    return "–" if value == "unknown" or value is False else said(fields[0], value)


def _people(incident: Incident, related: str) -> str:
    words = []
    for row in getattr(incident, related).all():
        if related == "victimizations":
            parts = [codes.label("harm", row.harm)]
            parts += [codes.label("sex", row.sex)] if row.sex != "unknown" else []
            if row.age is not None:
                parts.append(str(row.age))
            elif row.age_band != "unknown":
                parts.append(codes.label("age_band", row.age_band))
            parts += [codes.label("victim_role", role) for role in row.roles]
            words.append(_(", ").join(parts))
        else:
            words.append(codes.label("actor_category", row.category))
    return " · ".join(words) or "–"


def _sources(incident: Incident, sight: Any, user: Any) -> list[dict[str, Any]]:
    return [
        {
            "kind": codes.label("source_kind", source.kind),
            "grade": f"{source.reliability}{source.credibility}",
            "text": source.text if sight.words or source.created_by_id == user.pk else "",
        }
        for source in incident.sources.all()
    ]


def standing_merges(incident: Incident) -> QuerySet[IncidentMerge]:
    """The merge by which a record is a duplicate; none for one that was marked in older days."""
    return incident.merged_into.filter(undone_at__isnull=True).select_related(
        "kept", "kept__site", "gone", "by"
    )


@require_POST
@requires("incidents.review_incident")
def unmerge(request: HttpRequest, code: str) -> HttpResponse:
    """Part the incident of the address from the one that it was merged into."""
    sites_of(request.user)
    incident = one(request, code)
    merge_of = standing_merges(incident).first()
    if merge_of is None:
        messages.error(request, _("This incident is not merged into another one."))
        return redirect(incident)
    form = PartForm(request.POST, prefix="part")
    if not form.is_valid():
        from incidents.views.reading import detail_page

        return detail_page(request, incident, part_form=form)
    try:
        services.unmerge_incidents(merge_of, by=request.user, reason=form.cleaned_data["reason"])
    except NotForThisPerson:
        raise PermissionDenied from None
    except IncidentRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Parted. It stands for itself again."))
    return redirect(incident)
