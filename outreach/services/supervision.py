"""The verbs of a weekly sheet: go through a case, decide something, sign.

A sheet is a row from the first of these on. Signed, it is locked: reviews and decisions are written
once, and the figures that stood then are kept with it.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault, worklist
from ceasefire.people.models import User
from ceasefire.places.models import Site
from outreach.exceptions import (
    ChangedMeanwhile,
    DayNotAhead,
    KeyTaken,
    NotAColleague,
    NotForThisPerson,
    OutreachRefusal,
    SiteIsReadOnly,
)
from outreach.models import (
    Approval,
    CaseReview,
    Delegation,
    Participant,
    SupervisionDecision,
    SupervisionSheet,
)
from outreach.services import cases, consent
from outreach.services import supervision_reading as reading
from outreach.services.forms import keyed

SUPERVISE = "outreach.supervise"
#: Sealed fields: of a sheet, of a decision.
COMMENT, WORDS = "comment", "words"
#: A decision is carried out within so long.
LONGEST_AHEAD = timedelta(days=366)
DECIDED = "supervision.decision"


class SheetIsSigned(OutreachRefusal):
    message = _("The sheet of this week is signed and locked.")


class NothingReviewed(OutreachRefusal):
    """A worker's week has at least one case gone through."""

    message = _("Go through at least one case before you sign.")


worklist.task_kind(
    DECIDED,
    _("Something was decided in supervision that you are to do."),
    tone="due",
    address=lambda code: reverse("outreach:supervision_decision", args=[code]),
)
worklist.kind(
    "supervision.signed",
    _("The supervision sheet of your week is signed."),
    address=lambda code: reverse("outreach:supervision_sheet", args=[code]),
)
worklist.subject(
    SupervisionDecision._meta.label_lower,
    lambda person: SupervisionDecision.objects.visible_to(person),
)
worklist.subject(
    SupervisionSheet._meta.label_lower, lambda person: SupervisionSheet.objects.visible_to(person)
)

consent.erases(Approval, "participant", ("reason",), title=_("Approvals"))
consent.erases(SupervisionDecision, "participant", (WORDS,), title=_("Decisions in supervision"))


def may_supervise(worker: User, site: Site, by: User) -> bool:
    """Whether somebody writes this worker's sheet at this site: never one's own."""
    return (
        by.has_perm(SUPERVISE)
        and site.pk in by.site_ids
        and not site.read_only
        and worker.pk != by.pk
        and reading.supervised(by).filter(pk=worker.pk).exists()
    )


def _open(worker: User, site: Site, by: User, on: date) -> SupervisionSheet:
    """This week's sheet, held; made where it is not there yet. Cases are held before it."""
    if site.read_only:
        raise SiteIsReadOnly
    if not may_supervise(worker, site, by):
        raise NotForThisPerson
    week = reading.week_of(site, on)
    facts = {"worker": worker, "site": site, "week_start": week.start}
    rows = SupervisionSheet.objects.select_for_update(of=("self",)).filter(**facts)
    found = rows.first()
    if found is None:
        number = codes.next_number("SUP", week.start.year)
        SupervisionSheet.objects.bulk_create(
            [
                SupervisionSheet(
                    **facts,
                    code=f"SUP-{week.start.year}-{number:05}",
                    created_by=by,
                    created_at=periods.now(),
                )
            ],
            ignore_conflicts=True,
        )
        # Somebody else's, where two began it at once.
        found = rows.get()
    if found.signed_at is not None:
        raise SheetIsSigned
    return found


@transaction.atomic
def review_cases(
    worker: User, site: Site, findings: Mapping[str, str], *, by: User, on: date | None = None
) -> int:
    """Record that cases of a worker were gone through, by their codes; how many were new.

    A case is reviewed once on a sheet; the first finding stays.
    """
    if not set(findings.values()) <= set(CaseReview.Finding.values):
        raise ValueError("A case is on course, needs attention or is urgent.")
    wanted = (
        Participant.objects.visible_to(by)
        .on_caseload()
        .filter(code__in=list(findings), worker=worker, site=site)
    )
    held = [cases.held(row, by=by, permission=SUPERVISE) for row in wanted.order_by("pk")]
    held = [row for row in held if row.worker_id == worker.pk]
    sheet = _open(worker, site, by, on or periods.now().date())
    done = set(sheet.reviews.values_list("participant", flat=True))
    new = [row for row in held if row.pk not in done]
    CaseReview.objects.bulk_create(
        [
            CaseReview(
                sheet=sheet, participant=row, finding=findings[row.code], by=by, at=periods.now()
            )
            for row in new
        ]
    )
    for row in new:
        audit.record(
            "supervision.case_reviewed",
            subject=row,
            by=by,
            detail={"sheet": sheet.code, "finding": findings[row.code]},
        )
    return len(new)


def _decided(key: UUID | None, worker: User, by: User) -> SupervisionDecision | None:
    """The decision that a form made already; `KeyTaken` where the key stands for another."""
    if key is None:
        return None
    known = SupervisionDecision.objects.filter(idempotency_key=key).first()
    if known is None:
        return None
    if known.created_by_id != by.pk or known.sheet.worker_id != worker.pk:
        raise KeyTaken
    return known


@keyed
@transaction.atomic
def decide(
    worker: User,
    site: Site,
    *,
    words: str,
    assignee: User,
    due_on: date,
    by: User,
    participant: Participant | None = None,
    key: UUID | None = None,
    on: date | None = None,
) -> SupervisionDecision:
    """Decide that somebody does something; it becomes their task. The words are sealed.

    The worker does it, or who supervises. `key` was made with the form: the second time it is the
    same decision.
    """
    today = on or periods.now().date()
    if participant is not None:
        participant = cases.held(participant, by=by, permission=SUPERVISE)
        if participant.worker_id != worker.pk or participant.site_id != site.pk:
            raise NotForThisPerson
    known = _decided(key, worker, by)
    if known is not None:
        return known
    sheet = _open(worker, site, by, today)
    # The same form at once, on another connection: asked again once the sheet is held.
    known = _decided(key, worker, by)
    if known is not None:
        return known
    if assignee.pk not in {worker.pk, by.pk}:
        raise NotAColleague
    if not today <= due_on <= today + LONGEST_AHEAD:
        raise DayNotAhead
    decision = SupervisionDecision.objects.create(
        code=f"{sheet.code}-{sheet.decisions.count() + 1}",
        sheet=sheet,
        participant=participant,
        assignee=assignee,
        due_on=due_on,
        created_by=by,
        created_at=periods.now(),
        idempotency_key=key,
    )
    vault.seal(decision, WORDS, words.strip(), by=by)
    worklist.add_task(
        assignee,
        DECIDED,
        subject=decision,
        due_at=datetime.combine(due_on, time(20), periods.BAGHDAD),
        by=by,
    )
    audit.record(
        "supervision.decided",
        subject=decision,
        by=by,
        detail={"case": participant.code if participant else None, "due": due_on},
    )
    return decision


@transaction.atomic
def sign(
    worker: User,
    site: Site,
    *,
    comment: str = "",
    by: User,
    version: int | None = None,
    on: date | None = None,
) -> SupervisionSheet:
    """Close the sheet of this week with one's signature; nothing of it changes afterwards.

    The comment is sealed, and the worker reads it from now on. Refused where the worker carries
    active cases and none was gone through.
    """
    today = on or periods.now().date()
    sheet = _open(worker, site, by, today)
    if version is not None and version != sheet.version:
        raise ChangedMeanwhile(version=sheet.version)
    seen = reading.sheet(worker, site, by, on=today)
    if seen.active and not sheet.reviews.exists():
        raise NothingReviewed
    sheet.figures = seen.figures()
    sheet.signed_at, sheet.signed_by = periods.now(), by
    sheet.on_behalf_of = _acting_for(worker, by)
    sheet.version += 1
    sheet.save(update_fields=["figures", "signed_at", "signed_by", "on_behalf_of", "version"])
    if comment.strip():
        vault.seal(sheet, COMMENT, comment.strip(), by=by)
    worklist.notify([worker], "supervision.signed", subject=sheet)
    audit.record(
        "supervision.signed",
        subject=sheet,
        by=by,
        detail={"for": sheet.on_behalf_of_id, "week": sheet.week_start},
    )
    return sheet


def _acting_for(worker: User, by: User) -> User | None:
    """The supervisor in whose place somebody signs; None in their own right."""
    head = worker.supervisor
    if head is None or head.pk == by.pk:
        return None
    stands_in = Delegation.objects.in_force().filter(from_user=head, to_user=by).exists()
    return head if stands_in else None
