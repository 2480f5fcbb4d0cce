"""Name screening of grantees, vendors and their officers against lists that somebody uploads.

    from grants import screening

    sdn = screening.read_ofac_csv(sdn, alt, published=day, today=today)   # or ListRefused
    index = screening.Index([sdn, un])                    # made once for the lists in force
    result = index.screen(screening.Subject(...))         # or ScreeningRefused
    screening.in_both_languages(result.hits[0])           # why, in words
    screening.clears(screening.Run(result, decisions), subject=..., today=..., max_days=...)

A net with high recall, and no judge: every hit is for a person to decide, and finding nobody clears
nobody until somebody signs. Holds no model and no page, and keeps nothing between two questions;
docs/screening.md says how well it finds and what it cannot. Of the list files, only what somebody
uploads is known; none is shipped.
"""

from grants.screening.entries import Entry, EntryType, ListFile, Name, Quality
from grants.screening.listfiles import read_ofac_csv, read_ofac_xml, read_un_xml
from grants.screening.matching import (
    ALGORITHM,
    ALGORITHM_VERSION,
    THRESHOLD,
    Hit,
    Index,
    ListUsed,
    Result,
    Subject,
    compare,
)
from grants.screening.problems import ListRefused, ScreeningRefused
from grants.screening.validity import (
    Decision,
    Disposition,
    Obstacle,
    Run,
    clears,
    is_stale,
    obstacles,
)
from grants.screening.words import explain, in_both_languages

__all__ = [
    "ALGORITHM",
    "ALGORITHM_VERSION",
    "THRESHOLD",
    "Decision",
    "Disposition",
    "Entry",
    "EntryType",
    "Hit",
    "Index",
    "ListFile",
    "ListRefused",
    "ListUsed",
    "Name",
    "Obstacle",
    "Quality",
    "Result",
    "Run",
    "ScreeningRefused",
    "Subject",
    "clears",
    "compare",
    "explain",
    "in_both_languages",
    "is_stale",
    "obstacles",
    "read_ofac_csv",
    "read_ofac_xml",
    "read_un_xml",
]
