"""A zone that is closed as unsafe: who works there is told, and what is to be done there rests."""

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import periods, worklist
from ceasefire.people.models import User
from ceasefire.places import zones
from ceasefire.places.models import Zone
from outreach.models import CaseMember, Participant, SupervisionDecision
from outreach.models.fieldwork import Shift


def _caseload(_code: str) -> str:
    return reverse("outreach:caseload")


worklist.kind(
    "zone.closed",
    _("A zone you work in is closed as unsafe. Do not go there; its tasks rest."),
    tone="overdue",
    address=_caseload,
)
worklist.kind(
    "zone.opened", _("A zone you work in is open again. Its tasks wait anew."), address=_caseload
)


@zones.follows
def zone_changed(zone: Zone, *, closed: bool, by: User) -> None:
    """Tell who carries cases there, is on their teams or out there now, and their supervisors."""
    cases = Participant.objects.on_caseload().filter(zone=zone)
    codes = list(cases.values_list("code", flat=True))
    decided = SupervisionDecision.objects.filter(participant__in=cases.values("pk"))
    rest = worklist.pause_tasks if closed else worklist.resume_tasks
    rest(Participant._meta.label_lower, codes)
    rest(SupervisionDecision._meta.label_lower, list(decided.values_list("code", flat=True)))
    members = CaseMember.objects.filter(participant__in=cases.values("pk"), until__isnull=True)
    there = User.objects.active().filter(
        Q(pk__in=cases.values("worker"))
        | Q(pk__in=members.values("user"))
        | Q(pk__in=Shift.objects.open().filter(zone=zone).values("user"))
    )
    people = {person.pk: person for person in there.select_related("supervisor")}
    heads = {
        person.supervisor.pk: person.supervisor
        for person in people.values()
        if person.supervisor is not None and person.supervisor.may_sign_in()
    }
    kind = "zone.closed" if closed else "zone.opened"
    # It may be closed again another day, or the same.
    key = f"{kind}:{zone.code}:{periods.now():%Y%m%d%H%M%S%f}"
    worklist.notify([*people.values(), *heads.values()], kind, subject=zone, key=key)
