"""Sending a participant on to somebody who can help, and seeing what becomes of it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault, worklist
from ceasefire.people.models import User
from outreach.exceptions import (
    CaseIsClosed,
    ChangedMeanwhile,
    InTheFuture,
    NotAllowedFromHere,
    OutreachRefusal,
)
from outreach.models import SILENT_AFTER, Participant, Referral, ReferralStep
from outreach.services import caseload, cases, consent
from outreach.services.forms import keyed
from outreach.services.needs import PLAN

PROVIDER, NOTE = "provider", "note"
PROVIDER_LENGTH, NOTE_LENGTH = 200, 2000
SHARING = "sharing"
SILENT, ACCEPTED = "referral.silent", "referral.accepted"
#: A referral may be written up so much later.
LONGEST_BACK = timedelta(days=366)

State = Referral.State


def _page(code: str) -> str:
    return reverse("outreach:referral_list", args=[code])


worklist.task_kind(
    SILENT,
    _("Ask what became of a referral."),
    tone="due",
    address=_page,
    escalate_after=timedelta(days=7),
    by_hand=False,
)
worklist.kind(SILENT, _("A referral had no answer for seven days."), tone="due", address=_page)
worklist.kind(ACCEPTED, _("A referral was accepted."), address=_page)
consent.erases(Referral, "participant", (PROVIDER, NOTE), title=_("Referrals"))


class NoLeaveToShare(OutreachRefusal):
    """What a provider is told needs a consent of its own."""

    message = _("The participant has not agreed to sharing with providers. Record that first.")


class BeforeItWasSent(OutreachRefusal):
    message = _("This lies before the step that came before it.")


def may_share(participant: Participant) -> bool:
    """Whether the participant agrees to sharing what a provider needs."""
    agreed = consent.in_force(participant)
    return agreed is not None and SHARING in agreed.purposes


@keyed
@transaction.atomic
def send(
    participant: Participant,
    *,
    domain: str,
    provider: str,
    by: User,
    is_warm: bool = False,
    note: str = "",
    sent_on: date | None = None,
    key: UUID | None = None,
) -> Referral:
    """Refer somebody; the worker is asked to follow it up when nobody answered for seven days.

    Provider and note are sealed. Needs consent to sharing (`NoLeaveToShare`).
    """
    participant = cases.held(participant, by=by, permission=PLAN)
    if known := cases.sent_before(
        Referral, key, created_by_id=by.pk, participant_id=participant.pk
    ):
        return known
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    if domain not in dict(codes.choices("need_domain")) or not provider.strip():
        raise ValueError("A referral has a domain of the list and a provider.")
    if not may_share(participant):
        raise NoLeaveToShare
    today = periods.now().date()
    sent_on = sent_on or today
    if sent_on > today:
        raise InTheFuture
    if sent_on < today - LONGEST_BACK:
        raise BeforeItWasSent
    referral = Referral.objects.create(
        participant=participant,
        domain=domain,
        is_warm=is_warm,
        sent_on=sent_on,
        idempotency_key=key,
        created_by=by,
        created_at=periods.now(),
    )
    vault.seal(referral, PROVIDER, provider.strip(), by=by)
    vault.seal(referral, NOTE, note.strip(), by=by)
    _step(referral, State.SENT, sent_on, by)
    _follow_up(participant, by)
    audit.record(
        "referral.sent",
        subject=participant,
        by=by,
        detail={"referral": str(referral.pk), "domain": domain, "warm": is_warm},
    )
    return referral


@transaction.atomic
def move(
    referral: Referral,
    *,
    to: str,
    by: User,
    on: date | None = None,
    confirmed: bool = False,
    version: int | None = None,
) -> Referral:
    """Write down what became of a referral, on the day it happened (today by default).

    `confirmed`: the participant says so too. Whoever carries the case hears of an acceptance that
    somebody else wrote down. Raises `NotAllowedFromHere`, `InTheFuture`, `BeforeItWasSent`.
    """
    participant = cases.held(referral.participant, by=by, permission=PLAN)
    referral = Referral.objects.select_for_update().get(pk=referral.pk)
    if version is not None and version != referral.version:
        raise ChangedMeanwhile(version=referral.version)
    if to not in Referral.STEPS.get(referral.state, ()):
        raise NotAllowedFromHere
    today = periods.now().date()
    on = on or today
    if on > today:
        raise InTheFuture
    if on < max(filter(None, (referral.sent_on, referral.answered_on, referral.started_on))):
        raise BeforeItWasSent
    referral.state = to
    if to in (State.ACCEPTED, State.DECLINED):
        referral.answered_on = on
    if to == State.STARTED:
        referral.started_on = on
    if to in (State.DECLINED, State.COMPLETED, State.DROPPED):
        referral.ended_on = on
    referral.is_confirmed = confirmed and to not in (State.ACCEPTED,)
    referral.version += 1
    referral.save(
        update_fields=["state", "answered_on", "started_on", "ended_on", "is_confirmed", "version"]
    )
    _step(referral, to, on, by)
    _follow_up(participant, by)
    if to == State.ACCEPTED and participant.worker_id != by.pk:
        worklist.notify(
            [participant.worker],
            ACCEPTED,
            subject=participant,
            key=f"{ACCEPTED}:{referral.pk}",
        )
    audit.record(
        "referral.moved",
        subject=participant,
        by=by,
        detail={"referral": str(referral.pk), "to": str(to), "confirmed": referral.is_confirmed},
    )
    return referral


def _step(referral: Referral, to: str, on: date, by: User) -> None:
    ReferralStep.objects.create(
        referral=referral, to_state=to, happened_on=on, by=by, at=periods.now()
    )


def _follow_up(participant: Participant, by: User) -> None:
    """One task to ask after a case's referrals, due when the first falls silent; none without."""
    worklist.close_tasks(SILENT, subject=participant, by=by)
    if participant.status == Participant.Status.CLOSED:
        return
    waiting = (
        Referral.objects.filter(participant=participant, state=State.SENT)
        .order_by("sent_on")
        .first()
    )
    if waiting is not None:
        caseload.give_task(participant, SILENT, due_at=waiting.silent_from, by=by)


def remind() -> int:
    """Tell the workers of referrals without an answer for seven days, each once; how many."""
    last = periods.now().date() - SILENT_AFTER
    rows: Any = (
        Referral.objects.filter(state=State.SENT, sent_on__lte=last)
        .filter(participant__status__in=Participant.CARRIED, participant__worker__is_active=True)
        .select_related("participant__worker")
        .order_by("pk")
    )
    for referral in rows:
        participant = referral.participant
        worklist.notify(
            [participant.worker], SILENT, subject=participant, key=f"{SILENT}:{referral.pk}"
        )
    return len(rows)
