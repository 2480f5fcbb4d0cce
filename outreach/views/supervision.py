"""The workers of a supervisor with their week, the sheet of one, and sheets that are kept."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from ceasefire import periods, vault
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.people.models import User
from ceasefire.places.models import Site
from outreach import measures
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.forms.supervision import DecisionForm, SignForm
from outreach.models import (
    OPEN_TO_TEAM,
    Approval,
    CaseReview,
    Participant,
    SupervisionDecision,
    SupervisionSheet,
)
from outreach.services import supervision
from outreach.services import supervision_reading as reading
from outreach.services.caseload import WORDS
from outreach.views.doing import attempt
from outreach.views.scope import sites_of

VIEW, SUPERVISE = "outreach.view_participant", supervision.SUPERVISE
#: Workers a page; the order is worked out for all of them, so pages have numbers here.
SIZE = 60
#: Which sheets of this week may be asked for: those behind a number of a dashboard.
SHEETS = {"waits": gettext_lazy("Waits"), "all": gettext_lazy("Everybody in the field")}


@require_safe
@requires(SUPERVISE)
def supervision_list(request: HttpRequest) -> HttpResponse:
    """Who still waits for this week's sheet first; approvals that wait; the staffing ratio."""
    by: Any = request.user
    sites = [site for site in sites_of(by) if not site.read_only]
    on = periods.now().date()
    asked = next((site for site in sites if site.code == request.GET.get("site")), None)
    shown = [asked] if asked else sites
    staff = measures.staffing([site.pk for site in shown])
    found = reading.weeks(by, shown, on)
    sheet = request.GET.get("sheet", "")
    if sheet in SHEETS:
        found = [
            one
            for one in found
            if reading.is_asked_for(one) and (sheet == "all" or one.state != "signed")
        ]
    else:
        sheet = ""
    number = _page_number(request.GET.get("page"), len(found))
    return render(
        request,
        "outreach/supervision_list.html",
        {
            "rows": [
                {"week": row, "tone": WORDS[row.word][0], "word": WORDS[row.word][1]}
                for row in found[(number - 1) * SIZE : number * SIZE]
            ],
            "earlier": number - 1,
            "later": number + 1 if number * SIZE < len(found) else 0,
            "many_sites": len(shown) > 1,
            "staff": list(zip(shown, staff, strict=True)),
            "chips": _chips(asked, sheet),
            "most": measures.FEWEST_SUPERVISORS,
            "waiting": Approval.objects.visible_to(by).open().count(),
        },
    )


def _chips(asked: Site | None, sheet: str) -> list[tuple[Any, Any, str]]:
    """(label, value, address without it) of the site and the sheets that are asked for."""
    here = reverse("outreach:supervision")
    site = f"?site={asked.code}" if asked else ""
    chips: list[tuple[Any, Any, str]] = []
    if asked:
        chips.append((_("Site"), asked.name, f"{here}?sheet={sheet}" if sheet else here))
    if sheet:
        chips.append((_("Sheet of the week"), SHEETS[sheet], here + site))
    return chips


def _page_number(asked: str | None, rows: int) -> int:
    last = max(1, -(-rows // SIZE))
    wanted = int(asked) if asked and asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return min(max(1, wanted), last)


def _worker_and_site(request: HttpRequest, pk: UUID, site: str) -> tuple[User, Site]:
    """The worker and the site of an address, or 404: absent and not one's own are alike."""
    by: Any = request.user
    place = next((one for one in sites_of(by) if one.code == site), None)
    worker = User.objects.filter(pk=pk).select_related("supervisor").first()
    if place is None or worker is None or not supervision.may_supervise(worker, place, by):
        raise Http404
    return worker, place


@require_safe
@requires(SUPERVISE)
def supervision_worker(request: HttpRequest, pk: UUID, site: str) -> HttpResponse:
    """The sheet of this week, filled from the records."""
    worker, place = _worker_and_site(request, pk, site)
    return _sheet_page(request, worker, place)


def _sheet_page(
    request: HttpRequest,
    worker: User,
    place: Site,
    *,
    decision_form: DecisionForm | None = None,
    sign_form: SignForm | None = None,
    status: int = 200,
) -> HttpResponse:
    by: Any = request.user
    on = periods.now().date()
    sheet = reading.sheet(worker, place, by, on=on)
    if sheet.kept is not None and sheet.signed and request.method == "GET":
        return redirect("outreach:supervision_sheet", sheet.kept.code)
    cases = [line.case for line in sheet.lines]
    aliases = vault.unseal_rows(cases, OPEN_TO_TEAM, by=by) if cases else {}
    if decision_form is None:
        decision_form = _decision_form(None, sheet, by)
    return render(
        request,
        "outreach/supervision_worker.html",
        {
            "sheet": sheet,
            "worker": worker,
            "site": place,
            "lines": [
                {"line": line, "alias": aliases.get(line.case.pk, {}).get("alias")}
                for line in sheet.lines
            ],
            "figures": sheet.figures(),
            "band_word": WORDS[sheet.band.word(sheet.active)],
            "findings": CaseReview.Finding.choices,
            "decisions": _decisions(sheet.kept, by),
            "decision_form": decision_form,
            "sign_form": sign_form
            or SignForm(initial={"version": sheet.kept.version if sheet.kept else None}),
        },
        status=status,
    )


def _decision_form(data: Any, sheet: reading.Sheet, by: Any) -> DecisionForm:
    return DecisionForm(
        data,
        cases=[line.case for line in sheet.lines],
        people=[sheet.worker, by],
    )


def _decisions(kept: SupervisionSheet | None, by: Any) -> list[dict[str, Any]]:
    """What was decided, with its words opened; the reading is recorded once."""
    if kept is None:
        return []
    rows = list(
        SupervisionDecision.objects.visible_to(by)
        .filter(sheet=kept)
        .select_related("participant", "assignee", "sheet")
    )
    opened = vault.unseal_rows(rows, [supervision.WORDS], by=by) if rows else {}
    return [{"decision": row, "words": opened[row.pk][supervision.WORDS]} for row in rows]


@require_POST
@requires(SUPERVISE)
def supervision_review(request: HttpRequest, pk: UUID, site: str) -> HttpResponse:
    """Record which cases were gone through."""
    worker, place = _worker_and_site(request, pk, site)
    known = set(CaseReview.Finding.values)
    findings = {
        name.removeprefix("case-"): value
        for name, value in request.POST.items()
        if name.startswith("case-") and value in known and "\x00" not in name
    }
    attempt(
        request,
        lambda: supervision.review_cases(worker, place, findings, by=request.user),  # type: ignore[arg-type]
        gettext_lazy("Kept."),
    )
    return redirect("outreach:supervision_worker", worker.pk, place.code)


@require_POST
@requires(SUPERVISE)
def supervision_decide(request: HttpRequest, pk: UUID, site: str) -> HttpResponse:
    """Decide something, which becomes a task."""
    worker, place = _worker_and_site(request, pk, site)
    by: Any = request.user
    sheet = reading.sheet(worker, place, by, on=periods.now().date())
    form = _decision_form(request.POST, sheet, by)
    if form.is_valid():
        try:
            supervision.decide(worker, place, by=by, **form.facts())
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Decided. It is a task now."))
            return redirect(_address(worker, place, "decisions"))
    return _sheet_page(request, worker, place, decision_form=form)


@require_POST
@requires(SUPERVISE)
def supervision_sign(request: HttpRequest, pk: UUID, site: str) -> HttpResponse:
    """Sign and lock the sheet."""
    worker, place = _worker_and_site(request, pk, site)
    form = SignForm(request.POST)
    if form.is_valid():
        try:
            kept = supervision.sign(
                worker,
                place,
                comment=form.cleaned_data["comment"],
                version=form.cleaned_data["version"],
                by=request.user,  # type: ignore[arg-type]
            )
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Signed and locked."))
            return redirect("outreach:supervision_sheet", kept.code)
    return _sheet_page(request, worker, place, sign_form=form)


def _address(worker: User, place: Site, part: str) -> str:
    return reverse("outreach:supervision_worker", args=[worker.pk, place.code]) + f"#{part}"


@require_safe
@requires(VIEW)
def sheet_list(request: HttpRequest) -> HttpResponse:
    """Signed sheets, the latest week first: of the team, or one's own."""
    page = keyset_page(
        SupervisionSheet.objects.visible_to(request.user)
        .filter(signed_at__isnull=False)
        .select_related("worker", "signed_by", "on_behalf_of", "site"),
        ordering=("-week_start", "-code"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    return render(request, "outreach/supervision_sheets.html", {"page": page})


@require_safe
@requires(VIEW)
def supervision_sheet(request: HttpRequest, code: str) -> HttpResponse:
    """A signed sheet as it was, for who supervises and for whom it is about."""
    by: Any = request.user
    sites_of(by)
    kept = get_object_or_404(
        SupervisionSheet.objects.visible_to(by)
        .filter(signed_at__isnull=False)
        .select_related("worker", "signed_by", "on_behalf_of", "site"),
        code=code,
    )
    seen = Participant.objects.visible_to(by).values("pk")
    return render(
        request,
        "outreach/supervision_sheet.html",
        {
            "kept": kept,
            "figures": kept.figures,
            "looked_at": periods.Week(kept.week_start).previous(),
            "reviews": kept.reviews.filter(participant__in=seen).select_related("participant"),
            "decisions": _decisions(kept, by),
            "comment": vault.unseal_rows([kept], [supervision.COMMENT], by=by)[kept.pk][
                supervision.COMMENT
            ],
        },
    )


@require_safe
@requires(VIEW)
def supervision_decision(request: HttpRequest, code: str) -> HttpResponse:
    """What somebody is to do, in the words of the supervision."""
    by: Any = request.user
    sites_of(by)
    decision = get_object_or_404(
        SupervisionDecision.objects.visible_to(by).select_related(
            "participant", "assignee", "created_by", "sheet__site"
        ),
        code=code,
    )
    words = vault.unseal_rows([decision], [supervision.WORDS], by=by)[decision.pk]
    return render(
        request,
        "outreach/supervision_decision.html",
        {"decision": decision, "words": words[supervision.WORDS]},
    )
