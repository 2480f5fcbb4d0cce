"""Numbers about the daily work: never a case, a name or a code.

Counted from what is recorded anyway. What leaves the site's own team goes through
`ceasefire.disclosure` first: that is for the caller, who knows the reader.
"""

from outreach.measures import team
from outreach.measures.fidelity import (
    GROUPS,
    OUTCOMES,
    Attended,
    Bands,
    Hours,
    Mediated,
    Reignited,
    Supervised,
    TakenIn,
    attended,
    came_of,
    caseload_bands,
    hours,
    mediations,
    months,
    reignitions,
    supervised,
    taken_in,
)
from outreach.measures.staffing import FEWEST_SUPERVISORS, Staffing, staffing

__all__ = [
    "FEWEST_SUPERVISORS",
    "GROUPS",
    "OUTCOMES",
    "Attended",
    "Bands",
    "Hours",
    "Mediated",
    "Reignited",
    "Staffing",
    "Supervised",
    "TakenIn",
    "attended",
    "came_of",
    "caseload_bands",
    "hours",
    "mediations",
    "months",
    "reignitions",
    "staffing",
    "supervised",
    "taken_in",
    "team",
]
