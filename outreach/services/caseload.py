"""How much somebody carries: the band, the hard cap, and giving a case to a worker.

The cap is held by the database (migration 0005): whoever writes a case as active to a worker takes
the lock of that worker's caseload there and counts. The verbs here take the same lock first, so
that a person reads a sentence and no error. It comes after the lock of the case; who needs those of
several workers takes them in the order of their keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods, rulesets, vault, worklist
from ceasefire.people.models import User
from ceasefire.people.roles import Role, allows
from ceasefire.places.models import Site
from outreach.exceptions import (
    CaseIsClosed,
    CaseloadFull,
    ChangedMeanwhile,
    NotAColleague,
)
from outreach.models import CaseloadOverride, Delegation, Participant
from outreach.services import cases

KIND = "caseload_band"
#: Who may let somebody carry more than the cap.
OVERRIDE = "outreach.change_rules"
#: Who carries cases at all.
CARRY = "outreach.change_participant"


@dataclass(frozen=True)
class Band:
    """The band of a site: few below `least`, on target from `target_from` to `target_to`."""

    least: int
    target_from: int
    target_to: int
    hard_cap: int

    def word(self, active: int) -> str:
        """`over`, `many`, `few`, `room` or `good`."""
        if active > self.hard_cap:
            return "over"
        if active > self.target_to:
            return "many"
        if active < self.least:
            return "few"
        return "room" if active < self.target_from else "good"


#: How each word of a band looks: the tone of its badge, and what it says.
WORDS: dict[str, tuple[str, Any]] = {
    "over": ("overdue", _("Above the cap")),
    "many": ("due", _("Too many")),
    "few": ("due", _("Few")),
    "room": ("quiet", _("Room for more")),
    "good": ("done", _("On target")),
}


def band(site: Site | None) -> Band:
    """The band that counts at a site today."""
    return band_of(rulesets.current(KIND, site).content)


def band_of(content: dict[str, Any]) -> Band:
    """A band as a ruleset holds it."""
    return Band(
        least=content["least"],
        target_from=content["target_from"],
        target_to=content["target_to"],
        hard_cap=content["hard_cap"],
    )


def active_counts(workers: Iterable[Any]) -> dict[Any, int]:
    """How many active cases each of some people carries, by their key; one query."""
    rows = Participant.objects.active().filter(worker__in=list(workers)).order_by()
    return dict(rows.values_list("worker").annotate(number=Count("pk")))


def room_for(worker: User, site: Site) -> int:
    """How many more active cases somebody may be given at a site; 0 or less is none."""
    return band(site).hard_cap - active_counts([worker.pk]).get(worker.pk, 0)


def hold(worker: User) -> None:
    """Hold somebody's caseload to the end of the transaction, as the database does."""
    if not connection.in_atomic_block:
        raise RuntimeError("A caseload is held inside a transaction.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT outreach_hold_caseload(%s)", [worker.pk])


def take_room(
    participant: Participant, worker: User, *, by: User, override_reason: str = ""
) -> None:
    """See to it that one more active case fits, before a case is made active or given to `worker`.

    Called with the case held. Beyond the cap only a manager goes on, with a reason, which is sealed
    and recorded; else `CaseloadFull`. What a manager allowed once stands for this case and worker,
    as it does for the database: a receiver accepts it later, and a pause ends.
    """
    hold(worker)
    carried = Participant.objects.active().filter(worker=worker).exclude(pk=participant.pk).count()
    if carried < band(participant.site).hard_cap:
        return
    if CaseloadOverride.objects.filter(participant=participant, worker=worker).exists():
        return
    reason = override_reason.strip()
    if not reason or not cases.may(participant, by, OVERRIDE):
        raise CaseloadFull
    override = CaseloadOverride.objects.create(
        participant=participant, worker=worker, by=by, at=periods.now()
    )
    vault.seal(override, "reason", reason[:1000], by=by)
    audit.record(
        "caseload.overridden",
        subject=participant,
        by=by,
        detail={"worker": str(worker.pk), "active": carried},
    )


def may_carry(worker: User, site: Site) -> bool:
    """Whether somebody may be given cases of a site: their role works cases, and they are there."""
    return (
        worker.may_sign_in()
        and allows(worker.role, CARRY)
        and worker.sites.filter(pk=site.pk).exists()
    )


@transaction.atomic
def assign(
    participant: Participant,
    to: User,
    *,
    by: User,
    override_reason: str = "",
    version: int | None = None,
) -> Participant:
    """Give a case to a worker of its site. Who may is the caller's to ask (a transfer, intake).

    Refuses who is not at the site or has left (`NotAColleague`), a closed case, and one active case
    more than the hard cap (`CaseloadFull`), which a manager may allow with a reason.
    """
    participant = cases.locked(participant)
    if version is not None and version != participant.version:
        raise ChangedMeanwhile(version=participant.version)
    if participant.status == Participant.Status.CLOSED:
        raise CaseIsClosed
    if participant.worker_id == to.pk:
        return participant
    if not may_carry(to, participant.site):
        raise NotAColleague
    if participant.status == Participant.Status.ACTIVE:
        take_room(participant, to, by=by, override_reason=override_reason)
    before = participant.worker_id
    participant.worker = to
    participant.updated_by = by
    participant.version += 1
    participant.save(update_fields=["worker", "updated_by", "updated_at", "version"])
    audit.record(
        "participant.assigned",
        subject=participant,
        by=by,
        fields=["worker"],
        detail={"from": str(before), "to": str(to.pk)},
    )
    return participant


def people_over(worker: User, site: Site) -> list[User]:
    """Who answers for somebody's work now: the supervisor and who stands in; else the managers."""
    found: list[User] = []
    if worker.supervisor_id is not None:
        stand_ins = Delegation.objects.in_force().filter(from_user=worker.supervisor_id)
        heads = {worker.supervisor_id, *stand_ins.values_list("to_user", flat=True)}
        found = list(User.objects.active().filter(pk__in=heads))
    found = [person for person in found if person.pk != worker.pk]
    return found or managers_of(site)


def managers_of(site: Site) -> list[User]:
    """The managers of a site."""
    return list(User.objects.active().filter(role=Role.MANAGER, sites=site))


def give_task(
    participant: Participant, kind: str, *, due_at: datetime, by: User | None = None
) -> None:
    """Give the case's worker a task, or who answers for them where the worker's role has none.

    A role may change before the cases are handed over.
    """
    people = [
        participant.worker,
        *people_over(participant.worker, participant.site),
        *managers_of(participant.site),
    ]
    for person in people:
        if allows(person.role, "worklist.view_task"):
            worklist.add_task(person, kind, subject=participant, due_at=due_at, by=by)
            return


def tell_over(
    participant: Participant, kind: str, *, by: User | None = None, key: str = ""
) -> None:
    """Tell who answers for the case's worker, those who see the case; never who caused it."""
    people = [
        person
        for person in people_over(participant.worker, participant.site)
        if (by is None or person.pk != by.pk)
        and Participant.objects.visible_to(person).filter(pk=participant.pk).exists()
    ]
    worklist.notify(people, kind, subject=participant, key=key)
