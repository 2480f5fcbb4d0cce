"""What the staff are told of a response, and who of them: never who may not see the incident."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from incidents.models import Incident


def _address(code: str) -> str:
    return reverse("incidents:incident_detail", args=[code]) + "#response"


for _name, _sentence, _tone in (
    ("response.opened", _("A new incident is on the 72-hour clock."), ""),
    ("response.assigned", _("You are to answer this incident."), "due"),
    (
        "response.unassigned",
        _("Who had this incident may no longer see it, or has left. Nobody has it."),
        "due",
    ),
    ("response.acted", _("Somebody did something for the incident you have."), ""),
    ("response.closed", _("The incident you have needs no further answer."), ""),
    ("response.contact_due", _("24 hours have passed without a first contact."), "due"),
    ("response.amber", _("48 hours have passed. A community response is due."), "due"),
    ("response.red", _("72 hours have passed without a community response."), "overdue"),
    ("watch.assigned", _("You watch one side after this killing."), "due"),
    ("watch.unassigned", _("A retaliation watch has nobody on one side."), "overdue"),
    ("watch.alarm", _("A side under watch is not quiet."), "overdue"),
    ("watch.over", _("A retaliation watch has run its 72 hours. Say how it ended."), "due"),
    ("incident.worker_named", _("An incident that few may read was opened to you."), "due"),
    (
        "incident.staff_involved",
        _("Staff are involved in an incident. It comes to the managers."),
        "due",
    ),
):
    worklist.kind(_name, _sentence, tone=_tone, address=_address)

worklist.subject(Incident._meta.label_lower, lambda person: Incident.objects.visible_to(person))


def may_see(incident: Incident, person: User) -> bool:
    """Whether the incident is among those the person may see at all."""
    return Incident.objects.visible_to(person).filter(pk=incident.pk).exists()


def staff_of(incident: Incident, *roles: str) -> list[User]:
    """The people of some roles at the incident's site who may see it."""
    rows = User.objects.active().filter(role__in=roles, sites=incident.site_id)
    return [person for person in rows if may_see(incident, person)]


def supervisors_of(incident: Incident) -> list[User]:
    """Who supervises the site; the managers where nobody does."""
    return staff_of(incident, Role.SUPERVISOR) or staff_of(incident, Role.MANAGER)


def tell(
    people: Iterable[User | None],
    kind: str,
    incident: Incident,
    *,
    by: User | None = None,
    more: str = "",
) -> None:
    """Send a notice to those named who may see the incident, not to who caused it.

    `more` makes it a notice of its own where the same may be said again.
    """
    heard = [
        person
        for person in people
        if person is not None
        and (by is None or person.pk != by.pk)
        and person.may_sign_in()
        and may_see(incident, person)
    ]
    if heard:
        key = f"{kind}:{incident.code}{':' if more else ''}{more}"
        worklist.notify(heard, kind, subject=incident, key=key)
