"""How many people work at a site, and how many of them lead."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from ceasefire.people.models import User
from ceasefire.people.roles import Role

#: One supervisor for at most so many workers and interrupters. Source: the program's standard.
FEWEST_SUPERVISORS = 6


@dataclass(frozen=True)
class Staffing:
    """Who works at one site today. Whoever works at two counts at both."""

    site_id: int
    managers: int
    supervisors: int
    workers: int
    interrupters: int

    @property
    def led(self) -> int:
        """Workers and interrupters together."""
        return self.workers + self.interrupters

    @property
    def for_each(self) -> float | None:
        """Workers and interrupters for each supervisor; None where nobody supervises."""
        return self.led / self.supervisors if self.supervisors else None

    @property
    def too_few(self) -> bool:
        """More than six for each supervisor, or nobody to supervise them."""
        return self.led > FEWEST_SUPERVISORS * self.supervisors


def staffing(site_ids: Sequence[int]) -> list[Staffing]:
    """The staff of some sites who may sign in today, in the order asked; one query."""
    rows = (
        User.objects.active()
        .filter(sites__in=site_ids)
        .order_by()
        .values_list("sites", "role")
        .annotate(number=Count("pk", distinct=True))
    )
    found = {(site, role): number for site, role, number in rows}
    return [
        Staffing(
            site,
            managers=found.get((site, Role.MANAGER), 0),
            supervisors=found.get((site, Role.SUPERVISOR), 0),
            workers=found.get((site, Role.WORKER), 0),
            interrupters=found.get((site, Role.INTERRUPTER), 0),
        )
        for site in site_ids
    ]
