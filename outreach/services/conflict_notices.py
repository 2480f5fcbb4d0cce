"""What people are told of a conflict, and who of them: never who may not see it."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ceasefire import worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role, allows
from outreach.models import Conflict, ConflictMediator, Delegation

FOLLOW_UP, TRUCE_ENDING, NOT_NEUTRAL = (
    "conflict.follow_up",
    "conflict.truce_ending",
    "conflict.not_neutral",
)


def _address(code: str) -> str:
    return reverse("outreach:conflict_detail", args=[code])


for _name, _sentence, _tone in (
    ("conflict.assigned", _("You are to mediate in this conflict."), "due"),
    ("conflict.violence", _("There was violence around a mediation."), "overdue"),
    ("conflict.reignited", _("A conflict flared up again."), "overdue"),
    ("conflict.truce_breached", _("A truce was breached."), "overdue"),
    ("conflict.truce_lapsed", _("A truce ran out and nobody confirmed it."), "overdue"),
    (TRUCE_ENDING, _("A truce ends within 24 hours."), "due"),
    (NOT_NEUTRAL, _("Somebody mediates who may not be neutral."), "due"),
    ("conflict.replacement", _("A mediator asks for somebody neutral instead."), "due"),
):
    worklist.kind(_name, _sentence, tone=_tone, address=_address)

worklist.task_kind(
    FOLLOW_UP,
    _("Look whether a conflict has stayed calm."),
    tone="due",
    address=_address,
    by_hand=False,
)
worklist.task_kind(
    TRUCE_ENDING,
    _("A truce ends. See that it is renewed or kept."),
    tone="due",
    address=_address,
    by_hand=False,
)
worklist.subject(Conflict._meta.label_lower, lambda person: Conflict.objects.visible_to(person))

#: So long before its end a truce is brought to mind.
REMIND_BEFORE = timedelta(hours=24)


def may_see(conflict: Conflict, person: User) -> bool:
    """Whether the conflict is among those the person may see at all."""
    return Conflict.objects.visible_to(person).filter(pk=conflict.pk).exists()


def mediators_of(conflict: Conflict) -> list[User]:
    """The lead and who mediates beside them now."""
    return [conflict.lead, *beside_the_lead(conflict)]


def beside_the_lead(conflict: Conflict) -> QuerySet[User]:
    """Who mediates beside the lead now, by code name."""
    beside = ConflictMediator.objects.filter(conflict=conflict, until__isnull=True)
    return User.objects.filter(pk__in=beside.values("user")).order_by("code_name")


def supervisors_of(conflict: Conflict) -> list[User]:
    """The mediators' supervisors and who stands in for them; the site's managers where none is."""
    heads = {person.supervisor_id for person in mediators_of(conflict)} - {None}
    stand_ins = Delegation.objects.in_force().filter(from_user__in=heads).values("to_user")
    people = [
        person
        for person in User.objects.active().filter(Q(pk__in=heads) | Q(pk__in=stand_ins))
        if person.pk != conflict.lead_id and may_see(conflict, person)
    ]
    if people:
        return people
    managers = User.objects.active().filter(role=Role.MANAGER, sites=conflict.site_id)
    return [person for person in managers if may_see(conflict, person)]


def doer_of(conflict: Conflict) -> User | None:
    """Who is to see to a conflict: the lead, or a supervisor where the lead has no tasks any more.

    Somebody's role may change while they lead.
    """
    people = [conflict.lead, *supervisors_of(conflict)]
    return next((person for person in people if allows(person.role, "worklist.view_task")), None)


def tell(
    people: Iterable[User | None],
    kind: str,
    conflict: Conflict,
    *,
    by: User | None = None,
    more: str = "",
) -> None:
    """Send a notice to those named who may see the conflict, not to who caused it.

    `more` makes it a notice of its own where the same may be said again.
    """
    heard = [
        person
        for person in people
        if person is not None
        and (by is None or person.pk != by.pk)
        and person.may_sign_in()
        and may_see(conflict, person)
    ]
    if heard:
        worklist.notify(
            heard, kind, subject=conflict, key=f"{kind}:{conflict.code}:{more}".rstrip(":")
        )
