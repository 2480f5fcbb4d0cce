"""Papers on file: their rows and their hash. How their bytes come in is in `uploads`."""

import hashlib
import re
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods
from ceasefire.people.models import User
from grants.exceptions import (
    FiledAlready,
    GrantRefusal,
    InTheFuture,
    NotForThisPerson,
    PaperWanting,
    WrongDocument,
)
from grants.models import (
    DEFERRABLE,
    SEALED,
    STAGE_OF,
    Deferral,
    Document,
    DocumentCheck,
    DocumentType,
    Grant,
    Officer,
    Stage,
)
from grants.services import reading
from grants.services.held import changed, held, officer, or_else

_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Who may say of a paper that somebody else filed whether it is in order.
CHECKERS = ("officer", "reviewer", "certifier", "monitor", "closeout", "vetting")


class CheckedAlready(GrantRefusal):
    message = _("You checked this paper already.")


@transaction.atomic
def file_document(
    grant: Grant,
    *,
    type: str,  # noqa: A002 - the field's word for it
    sha256: str,
    size: int,
    mime: str,
    language: str,
    by: User,
    title: str = "",
    stage: str = "",
    dated: date | None = None,
    supersedes: Document | None = None,
) -> Document:
    """Put a paper on file; a later version names the one it supersedes, of the same type.

    It ends the deferral of its type, if there is one. Raises `FiledAlready` for the same bytes on
    the same grant, `WrongDocument`, `InTheFuture`.
    """
    who = officer(by)
    if not by.has_perm("grants.work_grant"):
        raise NotForThisPerson
    kind = DocumentType(type)
    if not _SHA256.fullmatch(sha256) or size < 1:
        raise WrongDocument
    if dated is not None and dated > periods.now().date():
        raise InTheFuture
    grant = held(grant)
    if supersedes is not None and (supersedes.grant_id != grant.pk or supersedes.type != kind):
        raise WrongDocument
    with or_else(
        {
            "a_paper_is_filed_once_a_grant": FiledAlready,
            "supersedes_id": WrongDocument,
        }
    ):
        made = Document.objects.create(
            grant=grant,
            type=kind,
            stage=Stage(stage or STAGE_OF.get(kind, Stage.MONITORING)),
            title=" ".join(title.split()),
            language=language,
            sha256=sha256,
            size=size,
            mime=mime,
            dated=dated,
            supersedes=supersedes,
            uploaded_by=who,
        )
    cured = _cure(made, who)
    audit.record(
        "document.filed",
        subject=grant,
        by=by,
        detail={
            "type": kind,
            "sha256": sha256,
            "document": made.pk,
            **({"deferral": cured.pk} if cured is not None else {}),
        },
    )
    return made


def _cure(document: Document, who: Officer) -> Deferral | None:
    """End the deferral that a paper answers, inside the locks of its filing."""
    # A photo is not put off any more; one that was before is answered by its paper all the same.
    if document.type not in (*DEFERRABLE, DocumentType.PHOTO, DocumentType.SOLE_SOURCE):
        return None
    kinds = [document.type]
    if document.type == DocumentType.SOLE_SOURCE:
        kinds.append(DocumentType.COMPARISON)
    deferral = Deferral.objects.filter(
        grant=document.grant_id, type__in=kinds, ended_at__isnull=True
    ).first()
    if deferral is not None:
        changed(deferral, ended_at=periods.now(), ended_by=who, document=document)
    return deferral


def sealed_to(grant: Grant, who: Officer | None) -> set[str]:
    """The types of papers of a grant whose bytes somebody may not open; of none but `SEALED`.

    Whoever asked for the grant reads no screening record, with the duty neither (control C18).
    """
    shut = {
        kind
        for kind, duties in SEALED.items()
        if who is None or not any(who.has(duty) for duty in duties)
    }
    if who is not None and who.pk == grant.requester_id:
        shut.add(DocumentType.SCREENING)
    return shut


@transaction.atomic
def check_document(document: Document, *, good: bool, by: User) -> DocumentCheck:
    """Say that a paper is good, or not; somebody other than who filed it, once.

    The last word counts: a paper that was found not to be in order is missing until a later version
    comes or another person finds it good. Of a paper under seal by somebody who may open it.
    """
    who = officer(by, *CHECKERS)
    if document.uploaded_by_id == who.pk or document.type in sealed_to(document.grant, who):
        raise NotForThisPerson
    held(document.grant)
    with or_else({"a_paper_is_checked_once_by_one": CheckedAlready}):
        made = DocumentCheck.objects.create(document=document, by=who, good=good)
    if good and Document.objects.standing().filter(pk=document.pk).exists():
        _cure(document, who)
    audit.record(
        "document.checked",
        subject=document.grant,
        by=by,
        detail={"document": document.pk, "good": good},
    )
    return made


def types_on_file(grant: Grant) -> set[str]:
    """The types of the papers that count: nothing supersedes them, and their last check is good."""
    if reading.has(grant, "documents"):
        # Read with their last word (`reading`).
        rows: list[Any] = list(grant.documents.all())
        gone = {one.supersedes_id for one in rows}
        return {one.type for one in rows if one.pk not in gone and one.last_good is not False}
    return set(Document.objects.filter(grant=grant).in_order().values_list("type", flat=True))


def refuse_wanting(document: Document | None) -> None:
    """Refuse a paper that the last who checked it found not to be in order: `PaperWanting`."""
    last = DocumentCheck.objects.filter(document=document).order_by("-id").first()
    if document is not None and last is not None and not last.good:
        raise PaperWanting


def is_on_file(grant: Grant, kind: str, since: datetime | None = None) -> bool:
    """Whether a paper of a type counts that was filed at a moment or later; ever, without one.

    What was filed for an earlier tranche, amendment or stop says nothing of a later one.
    """
    if reading.has(grant, "documents"):
        papers: list[Any] = list(grant.documents.all())
        gone = {one.supersedes_id for one in papers}
        return any(
            one.type == kind
            and one.pk not in gone
            and one.last_good is not False
            and (since is None or one.uploaded_at >= since)
            for one in papers
        )
    rows = Document.objects.filter(grant=grant, type=kind).in_order()
    return (rows.filter(uploaded_at__gte=since) if since is not None else rows).exists()


def types_to_go_on(grant: Grant, day: date) -> set[str]:
    """The types that a step need not wait for on a day: on file, or put off until then or later."""
    return types_on_file(grant) | {
        one.type for one in grant.deferrals.all() if one.ended_at is None and one.due_on >= day
    }


def set_hash(grant: Grant) -> str:
    """SHA-256 over the sorted hashes of the papers that stand: what a step was taken on."""
    hashes: Any = Document.objects.filter(grant=grant).standing().values_list("sha256", flat=True)
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()
