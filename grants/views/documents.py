"""The papers of a grant: what is on file, what is missing since when, what comes later."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ceasefire import audit, periods
from ceasefire.attachments.uploads import in_memory_up_to
from ceasefire.database.session import acting
from ceasefire.exports import safe_filename
from ceasefire.look.paging import keyset_page
from ceasefire.people.access import requires
from ceasefire.vault.exceptions import SealBroken
from grants.exceptions import FiledAlready, GrantRefusal, NotForThisPerson
from grants.forms.documents import TOO_LARGE_AT_ONCE, DeferForm, PaperForm
from grants.forms.steps import ReasonForm
from grants.models import Deferral, Document, DocumentContent, Grant, Pack, PaperNeed, Stage
from grants.services import (
    completeness,
    deferrals,
    documents,
    files,
    kinds,
    machine,
    packs,
    uploads,
)
from grants.services.kinds import PaperRefused
from grants.services.uploads import NotTheSameFile, UploadGone
from grants.views.doing import attempt, me, tried
from grants.views.scope import VIEW, WORK, grant_page, officer_of, one_grant

#: The form itself, beside the file.
_FORM = 64 * 1024


@requires(VIEW)
@require_safe
def document_list(request: HttpRequest, ref: str) -> HttpResponse:
    """By stage: every paper that the grant has to have, and every paper on file."""
    grant = one_grant(request, ref)
    page = grant_page(request, grant, "documents")
    needs = completeness.needs(grant)
    missing = [one for one in needs if one.document_id is None]
    return render(
        request,
        "grants/document_list.html",
        {
            **page,
            "stages": _stages(grant, needs),
            "complete": completeness.Completeness(
                len(needs), len(needs) - len(missing), sum(1 for one in missing if one.deferral_id)
            ),
            "oldest": max((completeness.days_since(one.since) for one in missing), default=0),
            "deferrals": deferrals.open_of(grant),
            "today": periods.now().date(),
            "may_defer": _may_defer(page),
            "may_pack": packs.may_ask(me(request)),
            "packs": list(Pack.objects.visible_to(request.user).filter(grant=grant)[:5]),
        },
    )


def _may_defer(page: dict[str, Any]) -> bool:
    who, grant = page["officer"], page["grant"]
    return bool(
        page["may_work"]
        and who is not None
        and who.has("officer")
        and grant.state not in deferrals.ENDED
        and who.pk not in machine.excluded(grant, "officer")
    )


def _stages(grant: Grant, needs: list[PaperNeed]) -> list[dict[str, Any]]:
    """The papers by stage; each that stands with what it supersedes, each that is missing."""
    papers = list(
        Document.objects.filter(grant=grant)
        .select_related("uploaded_by", "content")
        .prefetch_related("checks__by")
    )
    by_key = {paper.pk: paper for paper in papers}
    superseded = {paper.supersedes_id for paper in papers}
    required = {need.type for need in needs}
    if "comparison" in required:
        required.add("sole_source")
    found = []
    for stage in Stage:
        rows: list[dict[str, Any]] = []
        for paper in papers:
            if paper.stage != stage or paper.pk in superseded:
                continue
            checks = sorted(paper.checks.all(), key=lambda one: one.pk)
            older, key = [], paper.supersedes_id
            while key is not None:
                older.append(by_key[key])
                key = by_key[key].supersedes_id
            rows.append(
                {
                    "paper": paper,
                    "older": older,
                    "checks": checks,
                    "is_wanting": bool(checks) and not checks[-1].good,
                    "is_required": paper.type in required,
                }
            )
        lacking = [
            {"need": need, "days": completeness.days_since(need.since)}
            for need in needs
            if need.stage == stage and need.document_id is None
        ]
        if rows or lacking:
            found.append(
                {"key": stage.value, "label": stage.label, "rows": rows, "missing": lacking}
            )
    return found


# --- filing ---------------------------------------------------------------------------------------


@in_memory_up_to(uploads.PLAIN, uploads.PLAIN + _FORM)
@requires(WORK)
def document_new(request: HttpRequest, ref: str) -> HttpResponse:
    """File a paper, or a later version of one (`?supersedes=`)."""
    grant = one_grant(request, ref)
    older = _older(request, grant)
    too_large = getattr(request, "is_too_large", False)
    initial = {"type": request.GET.get("type", "")}
    if older is not None:
        initial = {"language": older.language, "title": older.title}
    if request.method == "POST":
        form = PaperForm({} if too_large else request.POST, request.FILES, supersedes=older)
        if too_large:
            form.errors.clear()
            form.add_error("file", TOO_LARGE_AT_ONCE)
    else:
        form = PaperForm(initial=initial, supersedes=older)
    if request.method == "POST" and form.is_valid():
        made = _file(request, grant, form, older)
        if made is not None:
            messages.success(request, _("The paper is on file."))
            return redirect("grants:document_list", ref=grant.ref)
    return render(
        request,
        "grants/document_new.html",
        {
            **grant_page(request, grant, "documents"),
            "form": form,
            "older": older,
            "sent": _sent_before(request, form),
            "plain_limit": uploads.PLAIN,
        },
    )


def _older(request: HttpRequest, grant: Grant) -> Document | None:
    """The paper that the new one supersedes, which has to stand."""
    asked = request.GET.get("supersedes", "")
    if not asked:
        return None
    try:
        key = UUID(asked)
    except ValueError:
        raise Http404 from None
    found: Document = get_object_or_404(Document.objects.filter(grant=grant).standing(), pk=key)
    return found


def _file(
    request: HttpRequest, grant: Grant, form: PaperForm, older: Document | None
) -> Document | None:
    """Put on file what a valid form brings; None where it was refused, which the form says."""
    given, by = form.cleaned_data, me(request)
    facts = {
        "type": older.type if older is not None else given["type"],
        "stage": older.stage if older is not None else given["stage"],
        "language": given["language"],
        "title": given["title"],
        "dated": given["dated"],
        "supersedes": older,
        "by": by,
    }
    try:
        if given["file"] is not None:
            file = given["file"]
            return uploads.file_whole(
                grant, name=file.name or "", chunks=file.chunks(), size=file.size, **facts
            )
        return uploads.finish(given["upload"], pieces_sha256=given["pieces_sha256"], **facts)
    except NotForThisPerson:
        raise PermissionDenied from None
    except (PaperRefused, FiledAlready, NotTheSameFile, UploadGone) as refusal:
        # The bytes are not taken, now or later: another file has to be chosen.
        if given["upload"] is not None:
            uploads.drop(given["upload"], by=by)
        form.is_file_gone = True  # type: ignore[attr-defined]
        form.add_error("file", str(refusal))
    except GrantRefusal as refusal:
        form.add_error(None, str(refusal))
    return None


def _sent_before(request: HttpRequest, form: PaperForm) -> Any:
    """The upload that came with a form that is shown again: it need not be sent once more."""
    key = (getattr(form, "cleaned_data", None) or {}).get("upload")
    if key is None or getattr(form, "is_file_gone", False):
        return None
    return uploads.whole_one(key, by=me(request))


# --- one paper ------------------------------------------------------------------------------------


def _one(request: HttpRequest, ref: str, pk: UUID) -> tuple[Grant, Document]:
    grant = one_grant(request, ref)
    rows = Document.objects.filter(grant=grant).select_related("uploaded_by", "content__file")
    paper: Document = get_object_or_404(rows, pk=pk)
    return grant, paper


@requires(VIEW)
@require_safe
def document_detail(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """What is known of a paper, its earlier and later versions, who checked it."""
    grant, paper = _one(request, ref, pk)
    page = grant_page(request, grant, "documents")
    who = page["officer"]
    checks = list(paper.checks.select_related("by"))
    later = Document.objects.filter(supersedes=paper).select_related("uploaded_by").first()
    is_sealed = paper.type in documents.sealed_to(grant, who)
    may_check = (
        page["may_work"]
        and not is_sealed
        and who is not None
        and who.pk != paper.uploaded_by_id
        and any(who.has(duty) for duty in documents.CHECKERS)
        and all(one.by_id != who.pk for one in checks)
    )
    return render(
        request,
        "grants/document_detail.html",
        {
            **page,
            "paper": paper,
            "content": getattr(paper, "content", None),
            "is_sealed": is_sealed,
            "checks": checks,
            "later": later,
            "earlier": paper.supersedes,
            "may_check": may_check,
            "deferral": Deferral.objects.filter(document=paper).first(),
        },
    )


@require_POST
@requires(WORK)
def document_check(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """Somebody other than who filed it says whether a paper is in order."""
    _grant, paper = _one(request, ref, pk)
    good = request.POST.get("good")
    if good not in ("0", "1"):
        messages.error(request, _("Say whether the paper is in order."))
    else:
        attempt(
            request,
            lambda: documents.check_document(paper, good=good == "1", by=me(request)),
            _("Your check is written down."),
        )
    return redirect("grants:document_detail", ref=ref, pk=pk)


#: On every answer that is a paper's bytes: it may run, load and embed nothing.
_LOCKED_IN = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}


@requires(VIEW)
@require_safe
def document_file(request: HttpRequest, ref: str, pk: UUID) -> HttpResponseBase:
    """The bytes of a paper to be saved, under a name that says nothing of what is in it."""
    grant, paper = _one(request, ref, pk)
    _may_open(request, grant, paper)
    content = getattr(paper, "content", None)
    if content is None:
        raise Http404
    try:
        first = files.piece_of(content.file, 0)
    except SealBroken:
        files.told_broken(grant)
        messages.error(request, _("The paper does not open. Tell the administrator."))
        return redirect("grants:document_detail", ref=ref, pk=pk)
    audit.record("document.taken", subject=grant, by=me(request), detail={"document": paper.pk})
    user = request.user

    def pieces() -> Iterator[bytes]:
        yield from files.pieces_of(content.file, within=lambda: acting(user), first=first)

    response = StreamingHttpResponse(pieces(), content_type=paper.mime)
    name = safe_filename(grant.ref, str(pk)[:8], extension=kinds.BY_MIME[paper.mime].ending)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Length"] = str(content.file.size)
    for header, value in _LOCKED_IN.items():
        response[header] = value
    return response


def _may_open(request: HttpRequest, grant: Grant, paper: Document) -> None:
    """Refuse the bytes of a paper under seal to whoever may not open them."""
    if paper.type in documents.sealed_to(grant, officer_of(request)):
        raise PermissionDenied


@requires(VIEW)
@require_safe
def document_picture(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """A picture as it was drawn anew, inside a page."""
    return _picture(request, ref, pk, "file")


@requires(VIEW)
@require_safe
def document_thumbnail(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """The small one of a picture, for lists."""
    return _picture(request, ref, pk, "thumbnail")


def _picture(request: HttpRequest, ref: str, pk: UUID, which: str) -> HttpResponse:
    grant = one_grant(request, ref)
    rows = DocumentContent.objects.filter(document__grant=grant, thumbnail__isnull=False)
    content: DocumentContent = get_object_or_404(rows.select_related("document", which), pk=pk)
    _may_open(request, grant, content.document)
    try:
        octets = b"".join(files.pieces_of(getattr(content, which)))
    except SealBroken:
        raise Http404 from None
    response = HttpResponse(octets, content_type=kinds.JPEG.mime)
    response["Content-Disposition"] = 'inline; filename="picture.jpg"'
    for header, value in _LOCKED_IN.items():
        response[header] = value
    return response


# --- later ----------------------------------------------------------------------------------------


@requires(WORK)
def document_defer(request: HttpRequest, ref: str) -> HttpResponse:
    """Let a missing paper come later, by a grants officer."""
    grant = one_grant(request, ref)
    page = grant_page(request, grant, "documents")
    if not _may_defer(page):
        raise PermissionDenied
    form = DeferForm(request.POST or None, needs=completeness.needs(grant))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = tried(
            request,
            form,
            lambda: deferrals.defer(
                grant,
                type=given["type"],
                due_on=given["due_on"],
                reason=given["reason"],
                by=me(request),
            ),
        )
        if made is not None:
            messages.success(request, _("The paper may come later."))
            return redirect("grants:document_list", ref=ref)
    return render(request, "grants/document_defer.html", {**page, "form": form})


@requires(WORK)
def deferral_end(request: HttpRequest, ref: str, pk: UUID) -> HttpResponse:
    """Take a deferral back: the paper is asked for again at once."""
    grant = one_grant(request, ref)
    page = grant_page(request, grant, "documents")
    rows = Deferral.objects.filter(grant=grant, ended_at__isnull=True)
    deferral: Deferral = get_object_or_404(rows, pk=pk)
    if not _may_defer(page):
        raise PermissionDenied
    form = ReasonForm(request.POST or None, grant=grant)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        done = tried(
            request,
            form,
            lambda: deferrals.take_back(deferral, reason=reason, by=me(request)),
        )
        if done is not None:
            messages.success(request, _("The paper is asked for again."))
            return redirect("grants:document_list", ref=ref)
    return render(
        request, "grants/document_deferral_end.html", {**page, "form": form, "deferral": deferral}
    )


# --- of all grants --------------------------------------------------------------------------------


@requires(VIEW)
@require_safe
def paper_missing(request: HttpRequest) -> HttpResponse:
    """Every missing paper of all grants, the oldest first; `?mine=1` of those one sees to."""
    grants = Grant.objects.visible_to(request.user)
    mine = request.GET.get("mine") == "1"
    if mine:
        grants = grants.filter(owner=request.user.pk)
    page = keyset_page(
        completeness.missing(grants if mine else None),
        ("since", "id"),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    today = periods.now().date()
    rows = [
        {
            "need": need,
            "days": completeness.days_since(need.since, today),
            "is_overdue": need.deferral is not None and need.deferral.is_overdue(today),
        }
        for need in page
    ]
    return render(
        request,
        "grants/document_missing.html",
        {
            "page": page,
            "rows": rows,
            "debt": completeness.debt(grants if mine else None),
            "mine": mine,
            "may_work": request.user.has_perm(WORK),
        },
    )
