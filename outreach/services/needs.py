"""What a participant needs most, and what there is to build on."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, periods, vault
from ceasefire.people.models import User
from outreach.exceptions import CaseIsClosed, ChangedMeanwhile
from outreach.models import NeedsAssessment, Participant
from outreach.services import cases, consent
from outreach.services.forms import keyed

PLAN = "outreach.plan_participant"
STRENGTHS = "strengths"
STRENGTHS_LENGTH = 2000

consent.erases(NeedsAssessment, "participant", (STRENGTHS,), title=_("Strengths"))


def may_plan(participant: Participant, by: User) -> bool:
    """Whether somebody who sees a case may write its needs, plan, referrals and notes now."""
    return (
        by.has_perm(PLAN)
        and not participant.site.read_only
        and participant.consent_withdrawn_at is None
        and participant.status != Participant.Status.CLOSED
    )


@keyed
@transaction.atomic
def assess(
    participant: Participant,
    *,
    severities: Mapping[str, int | None],
    by: User,
    strengths: str = "",
    after: int | None = None,
    key: UUID | None = None,
) -> NeedsAssessment:
    """Write down the needs as they are now; the earlier ones stay.

    `severities` by the domain's code, 0 (no need) to 3 (urgent); None was not asked about. The
    strengths are sealed. `after` is the number of the assessment that the form began with (0 for
    none): another made meanwhile is not passed over (`ChangedMeanwhile`).
    """
    participant = cases.held(participant, by=by, permission=PLAN)
    if known := cases.sent_before(NeedsAssessment, key, by_id=by.pk, participant_id=participant.pk):
        return known
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    domains = {code for code, _label in codes.choices("need_domain")}
    given = {code: number for code, number in severities.items() if number is not None}
    if not set(given) <= domains or not set(given.values()) <= set(NeedsAssessment.SEVERITIES):
        raise ValueError("These are no severities of the domains.")
    last = all_of(participant).aggregate(last=Max("number"))["last"] or 0
    if after is not None and after != last:
        raise ChangedMeanwhile
    made = NeedsAssessment.objects.create(
        participant=participant,
        number=last + 1,
        severities=given,
        idempotency_key=key,
        by=by,
        at=periods.now(),
    )
    vault.seal(made, STRENGTHS, strengths.strip(), by=by)
    audit.record(
        "participant.needs_assessed", subject=participant, by=by, detail={"number": made.number}
    )
    return made


def latest(participant: Participant) -> NeedsAssessment | None:
    """The needs as they were written down last."""
    return all_of(participant).select_related("by").first()


def all_of(participant: Participant) -> QuerySet[NeedsAssessment]:
    """Every time that the needs of a case were written down, the latest first."""
    return NeedsAssessment.objects.filter(participant=participant)
