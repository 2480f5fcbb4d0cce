"""What stands on the page of a case: each part of the work adds its own section.

    @section(30)
    def contacts(request: HttpRequest, participant: Participant) -> dict[str, Any] | None:
        return {"template": "outreach/_participant_contacts.html", "contacts": ...}

Its number says where it stands: 10 what is due, 20 screening, 30 contacts, 40 needs and plan, 50
referrals, 60 notes, 70 conflicts, 80 the team of the case, 90 history.
"""

from ceasefire.look.sections import Sections
from outreach.models import Participant

_sections = Sections[Participant]()
section, section_parts = _sections.section, _sections.parts
