"""The two versions of a program's report, and who reads which: decided here and nowhere else.

Sexual violence, minors and incidents with staff are kept out of small cells (design of the domain,
I4 and I5). So a report is compiled twice: in full for those who read such incidents anyhow, and
open, as if these had never been logged, for all other staff of the site.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ceasefire.reports.models import Audience, WeeklyReport

#: Who reads the full version.
SENSITIVE_COUNTS = "reports.view_sensitive_counts"


@dataclass(frozen=True)
class Edition:
    """A report as one audience reads it: every page and file is made of this and nothing else."""

    report: WeeklyReport
    audience: Audience
    body: dict[str, Any]
    basis: dict[str, Any]
    checksum: str

    @property
    def is_full(self) -> bool:
        return self.audience == Audience.FULL

    @property
    def moment(self) -> datetime:
        """The moment the document names: later records are not in it."""
        return datetime.fromisoformat(self.body["data_as_of"])


def audience_of(user: Any) -> Audience:
    """Which version a person reads."""
    return Audience.FULL if user.has_perm(SENSITIVE_COUNTS) else Audience.OPEN


def edition_of(report: WeeklyReport, audience: Audience) -> Edition | None:
    """A version of a report; None where it was compiled before open versions were kept."""
    if audience == Audience.FULL:
        return Edition(report, audience, report.body, report.basis, report.checksum)
    if report.body_open is None or report.basis_open is None:
        return None
    return Edition(report, audience, report.body_open, report.basis_open, report.checksum_open)


def edition_for(report: WeeklyReport, user: Any) -> Edition | None:
    """The version of a report that a person reads; None where it was not kept for their role."""
    return edition_of(report, audience_of(user))
