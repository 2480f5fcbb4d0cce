"""What other apps put beside the links on the page of an incident. Incidents import none of them.

@section(10)
def conflicts(request: HttpRequest, incident: Incident) -> dict[str, Any] | None:
    return {"template": "outreach/_incident_conflicts.html", "conflicts": ...}
"""

from ceasefire.look.sections import Sections
from incidents.models import Incident

_sections = Sections[Incident]()
section, section_parts = _sections.section, _sections.parts
