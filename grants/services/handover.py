"""Handing grants over when an officer leaves, and finding what nobody sees to any more.

What belongs to an officer goes on hanging on the grant: the requester stays who they were, so the
duties stay apart. Only the owner changes, who is at work, holds a duty for it, and had no part in
the grant that excludes that duty.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from grants.exceptions import GrantRefusal, NobodyToTakeIt, NotAllowedFromHere, NotForThisPerson
from grants.models import (
    AuthoritySeat,
    Decision,
    Deferral,
    Finding,
    Grant,
    Handover,
    Officer,
    PaymentRequest,
    PayrollList,
    PlannedVisit,
    Report,
    Risk,
)
from grants.services import machine, risks, waiting
from grants.services.held import changed, held, officer, said
from grants.services.proposals import BEFORE_AWARD
from grants.services.risks import OVER

_NO_OWNER = "grants.no_owner"
_NOBODY = "grants.nobody_next"

worklist.kind(
    _NO_OWNER,
    _("The owner of this grant is no longer at work."),
    tone="overdue",
    address=lambda ref: reverse("grants:grant_detail", args=[ref]),
)
worklist.kind(
    _NOBODY,
    _("Nobody at work may take the next step of this grant."),
    tone="overdue",
    address=lambda ref: reverse("grants:grant_detail", args=[ref]),
)


def duties_to_own(grant: Grant) -> tuple[str, ...]:
    """By which duty somebody may see to a grant: until the award only whoever may ask for it."""
    return ("requester",) if grant.state in BEFORE_AWARD else ("requester", "officer")


def may_take(grant: Grant, who: Officer) -> bool:
    """Whether an officer may own a grant as it stands."""
    return who.is_active and any(
        who.has(duty) and who.pk not in machine.excluded(grant, duty)
        for duty in duties_to_own(grant)
    )


def _may_give(me: Officer, owner_id: Any) -> None:
    if me.pk != owner_id and not me.has("officer"):
        raise NotForThisPerson


def _fresh(to: Officer) -> Officer:
    found = Officer.objects.filter(pk=to.pk, is_active=True).first()
    if found is None or not found.duties:
        raise NobodyToTakeIt
    return found


@transaction.atomic
def hand_over(grant: Grant, *, to: Officer, reason: str, by: User) -> Grant:
    """Let another officer see to a grant: the owner's, or a grants officer's verb.

    Raises `NobodyToTakeIt` where the other is not at work, lacks the duty, or had another part.
    """
    me, reason = officer(by), said(reason)
    grant = held(grant)
    _may_give(me, grant.owner_id)
    fresh = _fresh(to)
    if grant.state in OVER:
        raise NotAllowedFromHere
    if fresh.pk == grant.owner_id or not may_take(grant, fresh):
        raise NobodyToTakeIt
    before = grant.owner_id
    Handover.objects.create(
        grant=grant, from_officer_id=before, to_officer=fresh, by=me, reason=reason
    )
    changed(grant, owner=fresh, version=grant.version + 1)
    audit.record(
        "grant.handed_over",
        subject=grant,
        by=by,
        reason=reason,
        detail={"before": before, "after": fresh.pk},
    )
    return grant


@transaction.atomic
def hand_over_finding(finding: Finding, *, to: Officer, reason: str, by: User) -> Finding:
    """Let another officer see to an open finding: its owner's, or a grants officer's verb."""
    me, reason = officer(by), said(reason)
    grant = held(finding.grant)
    finding = Finding.objects.select_for_update(no_key=True).get(pk=finding.pk)
    _may_give(me, finding.owner_id)
    fresh = _fresh(to)
    if finding.closed_at is not None:
        raise NotAllowedFromHere
    if fresh.pk == finding.owner_id:
        raise NobodyToTakeIt
    before = finding.owner_id
    Handover.objects.create(
        grant=grant,
        finding=finding,
        from_officer_id=before,
        to_officer=fresh,
        by=me,
        reason=reason,
    )
    changed(finding, owner=fresh)
    audit.record(
        "finding.handed_over",
        subject=grant,
        by=by,
        reason=reason,
        detail={"number": finding.number, "before": before, "after": fresh.pk},
    )
    return finding


@dataclass(frozen=True)
class Outcome:
    """What of an officer's went to the other, and which grants could not, with the reason."""

    grants: tuple[Grant, ...]
    findings: tuple[Finding, ...]
    risks: tuple[Risk, ...]
    stayed: tuple[tuple[Grant, GrantRefusal], ...]


@transaction.atomic
def hand_over_all(leaver: Officer, *, to: Officer, reason: str, by: User) -> Outcome:
    """Everything an officer owns to another, in one transaction, each in the trail.

    A grant that the other may not take stays and is named; the rest goes.
    """
    me, reason = officer(by), said(reason)
    _may_give(me, leaver.pk)
    _fresh(to)
    went, stayed = [], []
    # In the order of their funds and numbers, so that two at once never wait for each other.
    for grant in owned(leaver).order_by("fund_id", "ref"):
        try:
            went.append(hand_over(grant, to=to, reason=reason, by=by))
        except (NobodyToTakeIt, NotAllowedFromHere) as refusal:
            stayed.append((grant, refusal))
    findings = [
        hand_over_finding(one, to=to, reason=reason, by=by)
        for one in open_findings(leaver).order_by("grant__fund_id", "grant__ref", "number")
        if one.owner_id != to.pk
    ]
    minded = [
        risks.hand_over(one, to=to, reason=reason, by=by)
        for one in risks.owned(leaver).order_by("grant__fund_id", "grant__ref", "number")
        if one.owner_id != to.pk
    ]
    return Outcome(tuple(went), tuple(findings), tuple(minded), tuple(stayed))


# --- what hangs on somebody ----------------------------------------------------------------------


def owned(who: Officer) -> Any:
    """Grants that somebody sees to and that are not over."""
    return (
        Grant.objects.filter(owner=who)
        .exclude(state__in=OVER)
        .select_related("fund", "district", "grantee")
        .defer("district__geometry")
        .order_by("ref")
    )


def open_findings(who: Officer) -> Any:
    return Finding.objects.filter(owner=who, closed_at__isnull=True).select_related("grant")


@dataclass(frozen=True)
class Load:
    """Everything that hangs on one officer."""

    officer: Officer
    grants: tuple[Grant, ...]
    findings: tuple[Finding, ...]
    #: Of their grants that were opened again and are not closed since: the findings they are for.
    reopenings: tuple[Decision, ...]
    #: Risks that they see to.
    risks: tuple[Risk, ...]
    #: Asked for or certified by them, and not paid: another certifier and payer carry these on.
    payments: tuple[PaymentRequest, ...]
    #: Of their grants: what is owed, awaited and overdue; it goes with the grant.
    reports: tuple[Report, ...]
    papers: tuple[Deferral, ...]
    visits: tuple[PlannedVisit, ...]
    lists: tuple[PayrollList, ...]
    seats: tuple[AuthoritySeat, ...]

    @property
    def is_empty(self) -> bool:
        return not (
            self.grants or self.findings or self.risks or self.payments or self.lists or self.seats
        )


def load_of(who: Officer, *, on: date) -> Load:
    """What hangs on an officer, in eleven questions whatever they own."""
    grants = tuple(owned(who))
    keys = [one.pk for one in grants]
    waiting = PaymentRequest.objects.filter(
        Q(requested_by=who) | Q(certifier=who), state__in=["REQUESTED", "CERTIFIED"]
    )
    return Load(
        officer=who,
        grants=grants,
        findings=tuple(open_findings(who).order_by("due_on")),
        reopenings=tuple(
            Decision.objects.filter(grant__in=keys, step="reopening", role="approver")
            .select_related("grant", "finding")
            .order_by("grant__ref", "-id")
            .distinct("grant__ref")
        ),
        risks=tuple(risks.owned(who)),
        payments=tuple(waiting.select_related("grant").order_by("requested_at")),
        reports=tuple(
            Report.objects.filter(grant__in=keys, accepted_at__isnull=True)
            .select_related("grant")
            .order_by("due_on")
        ),
        papers=tuple(
            Deferral.objects.filter(grant__in=keys, ended_at__isnull=True)
            .select_related("grant")
            .order_by("due_on")
        ),
        visits=tuple(PlannedVisit.objects.waiting().filter(grant__in=keys).select_related("grant")),
        lists=tuple(PayrollList.objects.filter(made_by=who, state="DRAFT").select_related("grant")),
        seats=tuple(
            AuthoritySeat.objects.filter(
                Q(valid_to__isnull=True) | Q(valid_to__gt=on),
                officer=who,
                confirmed_at__isnull=False,
            ).select_related("fund")
        ),
    )


def loads() -> list[Officer]:
    """Officers with how much each owns, those not at work first."""
    return list(
        Officer.objects.annotate(
            running=Count("owned_grants", filter=~Q(owned_grants__state__in=OVER))
        )
        .filter(
            Q(running__gt=0)
            | Q(is_active=True, role=Role.REO_STAFF)
            | Q(pk__in=Risk.objects.exclude(grant__state__in=OVER).values("owner"))
        )
        .order_by("is_active", "-running", "code_name")
    )


def takers(grants: Iterable[Grant]) -> list[Officer]:
    """Officers at work who hold a duty by which somebody owns grants."""
    duties = {duty for grant in grants for duty in duties_to_own(grant)} or {"requester", "officer"}
    return list(
        Officer.objects.filter(is_active=True, duties__overlap=sorted(duties)).order_by("code_name")
    )


def left_behind() -> Any:
    """Grants that are not over and whose owner is not at work or has no duty any more."""
    return (
        Grant.objects.filter(Q(owner__is_active=False) | Q(owner__duties=[]))
        .exclude(state__in=OVER)
        .select_related("owner", "district", "grantee")
        .defer("district__geometry")
        .order_by("ref")
    )


def said_when_leaving(user: Any) -> list[str]:
    """What the administrator is told of an officer whose access ends: numbers, no grant by name."""
    grants = Grant.objects.filter(owner_id=user.pk).exclude(state__in=OVER).count()
    findings = Finding.objects.filter(owner_id=user.pk, closed_at__isnull=True).count()
    told = []
    if grants:
        told.append(
            ngettext(
                "%(count)d running grant has this owner. REO's handover page lists it.",
                "%(count)d running grants have this owner. REO's handover page lists them.",
                grants,
            )
            % {"count": grants}
        )
    if findings:
        told.append(
            ngettext(
                "%(count)d open finding waits for this person.",
                "%(count)d open findings wait for this person.",
                findings,
            )
            % {"count": findings}
        )
    minded = risks.owned_by(user.pk).count()
    if minded:
        told.append(
            ngettext(
                "%(count)d risk of a running grant is seen to by this person.",
                "%(count)d risks of running grants are seen to by this person.",
                minded,
            )
            % {"count": minded}
        )
    if told:
        told.append(gettext("A grants officer hands them to somebody else."))
    nobody = waiting.stranded(but=user.pk).count() if user.role == Role.REO_STAFF else 0
    if nobody:
        told.append(
            ngettext(
                "The next step of %(count)d grant then waits for nobody:"
                " give the duty to somebody else.",
                "The next steps of %(count)d grants then wait for nobody:"
                " give the duty to somebody else.",
                nobody,
            )
            % {"count": nobody}
        )
    return told


def tell_of_stranded() -> int:
    """Tell the auditors of every grant whose next step nobody may take, once a state; how many."""
    auditors = list(User.objects.active().filter(role=Role.AUDITOR))
    grants = list(waiting.stranded())
    for grant in grants:
        key = f"{_NOBODY}:{grant.ref}:{grant.state}:{grant.state_since:%Y-%m-%d}"
        worklist.notify(auditors, _NOBODY, subject=grant, key=key)
    return len(grants)


def tell_of_left_behind() -> int:
    """Tell the auditors of every grant without an owner, once for each owner it lost; how many."""
    auditors = list(User.objects.active().filter(role=Role.AUDITOR))
    grants = list(left_behind())
    for grant in grants:
        worklist.notify(
            auditors, _NO_OWNER, subject=grant, key=f"{_NO_OWNER}:{grant.ref}:{grant.owner_id}"
        )
    return len(grants)


def visible_for_notices(user: Any) -> Any:
    """Grants as the notices look them up: by a `code`."""
    return Grant.objects.visible_to(user).annotate(code=F("ref"))


worklist.subject("grants.grant", visible_for_notices)
