"""R13: one grant on one sheet: what it is, amounts, tranches, visits with photos, findings."""

from __future__ import annotations

from typing import Any

from ceasefire import periods
from grants.models import Document, Grant
from grants.services import deferrals

SLUG = "sheet"
#: Photos printed; they share one row of the sheet.
PHOTOS = 3


def content(grant: Grant) -> dict[str, Any]:
    """Everything the sheet says, in codes, days and exact amounts; both languages are set of it."""
    photos = (
        Document.objects.filter(grant=grant, type="photo")
        .standing()
        .order_by("-uploaded_at", "id")[:PHOTOS]
    )
    reached = list(grant.beneficiaries.values_list("expected", "actual"))
    return {
        "ref": grant.ref,
        "fund": grant.fund.code,
        "title_en": grant.title_en,
        "title_ar": grant.title_ar,
        "purpose": grant.purpose,
        "state": grant.state,
        "award_type": grant.award_type,
        "kind": grant.kind,
        "sector": grant.sector,
        "district": [grant.district.name_en, grant.district.name_ar],
        "site": grant.site_name,
        "grantee": _names(grant.grantee),
        "implementer": _names(grant.implementer),
        "requester": grant.requester.code_name,
        "owner": grant.owner.code_name,
        "risk": grant.risk,
        "planned": [grant.planned_start, grant.planned_end],
        "actual": [grant.actual_start, grant.actual_end],
        "awarded_on": grant.awarded_on,
        "closed_on": grant.closed_on,
        # A counted nobody is a count: only what is unknown stands at what was expected, as in R4.
        "beneficiaries": sum(
            expected if actual is None else actual for expected, actual in reached
        ),
        "amounts": {
            "requested_usd": grant.requested_usd,
            "approved_usd": grant.approved_usd,
            "obligated_usd": grant.obligated_usd,
            "deobligated_usd": grant.deobligated_usd,
            "disbursed_usd": grant.disbursed_usd,
            "refunded_usd": grant.refunded_usd,
            "expensed_usd": grant.expensed_usd,
            "unliquidated_usd": grant.unliquidated_usd,
            "unaccounted_usd": grant.unaccounted_usd,
        },
        "tranches": [
            [one.number, one.due_on, one.planned_usd, one.paid_usd, one.accounted_usd]
            for one in grant.tranches.all()
        ],
        "indicators": [
            [one.title, one.unit, one.baseline, one.target, last.value if last else None]
            for one, last in (
                (one, one.values.order_by("-as_of", "-recorded_at").first())
                for one in grant.indicators.all()
            )
        ],
        "visits": [
            [visit.visited_on, visit.kind, visit.visitor.code_name, visit.seen[:300]]
            for visit in grant.visits.select_related("visitor").order_by("-visited_on")[:4]
        ],
        "findings": [
            [
                one.number,
                one.severity,
                one.text[:200],
                one.due_on,
                periods.local_day(one.closed_at) if one.closed_at else None,
            ]
            for one in grant.findings.order_by("number")
        ],
        # Each stands here until its paper is filed, also when its day has gone by.
        "deferred": sorted(
            [one.type, one.due_on, one.deferred_by.code_name] for one in deferrals.open_of(grant)
        ),
        "photos": [
            {
                "document": one.pk,
                "sha256": one.sha256,
                "on": one.dated or periods.local_day(one.uploaded_at),
            }
            for one in photos
        ],
    }


def _names(organisation: Any) -> list[str] | None:
    return None if organisation is None else [organisation.name_en, organisation.name_ar]
