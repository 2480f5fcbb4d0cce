"""What fails in a file, in an officer's words, and where it is mended."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from grants.publishing.checks import Finding
from grants.publishing.levels import Office

#: No more of them are kept with a file; their number is.
KEPT = 1000

#: What each code says.
WORDS: dict[str, Any] = {
    "publisher": _("Nobody has confirmed yet who publishes: identifier, names and licence."),
    "publisher_facts": _("What is entered of the publisher does not fit the standard."),
    "empty": _("No grant of this fund is published in such a file. Raise a level first."),
    "name": _("A text names an organisation that did not agree to be named."),
    "start": _("There is no planned first day and no award yet."),
    "recipient": _("Neither a grantee nor an implementer is entered."),
    "order": _("A day stands after one that it should come before, or lies ahead."),
    "sector": _("The sector is no code of the standard."),
    "money": _("An amount or posting does not fit the standard."),
    "place": _("The place does not fit the standard."),
    "results": _("An indicator or its value does not fit the standard."),
    "text": _("A text is empty or does not fit the standard."),
    "moved": _("Money or levels changed while the file was made. Make it again."),
    "standard": _("The standard does not allow this."),
}
#: Fields by the name that is kept, for the reader.
FIELDS: dict[str, Any] = {
    "publisher": _("Publisher"),
    "level": _("Level of publishing"),
    "title_en": _("Title in English"),
    "title_ar": _("Title in Arabic"),
    "title": _("Title"),
    "purpose": _("Purpose"),
    "site_name": _("Name of the site"),
    "indicators": _("Indicators"),
    "dates": _("Planned days"),
    "grantee": _("Grantee and implementer"),
    "sector": _("Sector"),
    "money": _("Ledger"),
    "district": _("District and site"),
    "": _("Grant"),
}

#: (part of the path or message, what it means, field); the first that fits is taken.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (r"reporting-org|license|publisher|1\.14\.|prefix", "publisher_facts", "publisher"),
    (r"has no (activity|grant)", "empty", "level"),
    (r"Expected is[^)]*activity-date|planned start date or an actual start", "start", "dates"),
    (r"recipientOrganization|participating-org", "recipient", "grantee"),
    (r"[Dd]ate|period-|iso-date", "order", "dates"),
    (r"[Ss]ector|classifications", "sector", "sector"),
    (r"result|indicator|baseline", "results", "indicators"),
    (r"transaction|budget|disbursement|amount|value|[Cc]urrency", "money", "money"),
    (r"location|Location", "place", "district"),
    (r"title|narrative|description", "text", "title"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: `ref` of the grant or empty, the field, and the standard's own words."""

    code: str
    ref: str = ""
    field: str = ""
    said: str = ""

    def kept(self) -> dict[str, str]:
        """As it is kept with the file."""
        return asdict(self)


def of(finding: Finding, office: Office) -> Problem:
    """A finding in an officer's words."""
    ref = finding.entry.removeprefix(f"{office.prefix}-").removeprefix(f"{office.ref}-")
    told = f"{finding.path} {finding.rule} {finding.said}"
    # In the schema's words the element that is missing counts, not where it was missed.
    for pattern, code, field in _MEANINGS:
        if re.search(pattern, finding.said) or re.search(pattern, f"{finding.path} {finding.rule}"):
            return Problem(code, ref, field, told[:300])
    return Problem("standard", ref, "", told[:300])
