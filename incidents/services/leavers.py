"""What somebody leaves behind whose access ends: said to the administrator before and after."""

from django.db.models import Q
from django.utils.translation import gettext, ngettext

from ceasefire.people.models import User
from incidents.models import IncidentResponse, RetaliationWatch


def said_when_leaving(person: User) -> list[str]:
    """Numbers, no incident by name. What is theirs goes to nobody with the next look at the clocks.

    `services.escalation` takes it from them and tells the supervisors, also where an account ends
    by its date.
    """
    clocks = IncidentResponse.objects.running().filter(assigned_to=person).count()
    sides = Q(victim_side=person) | Q(other_side=person)
    watches = RetaliationWatch.objects.open().filter(sides).count()
    told = []
    if clocks:
        told.append(
            ngettext(
                "%(count)d incident on the 72-hour clock is theirs.",
                "%(count)d incidents on the 72-hour clock are theirs.",
                clocks,
            )
            % {"count": clocks}
        )
    if watches:
        told.append(
            ngettext(
                "They watch one side after %(count)d killing.",
                "They watch one side after %(count)d killings.",
                watches,
            )
            % {"count": watches}
        )
    if told:
        told.append(gettext("Without access they have none of it; the supervisors are told."))
    return told
