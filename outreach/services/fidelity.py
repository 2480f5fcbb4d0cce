"""The fidelity of one site in one month, as a reader may have it.

A manager of the site is of the site's team, who sees the people themselves: the numbers are whole,
the running month included. Everybody else (data officer, auditor) reads months that are over, and
numbers that are `disclosure`'s: of people and of conflicts none below 10, of incidents none below
3, and none that could be worked out from the others. A month and a site are the only breakdown, and
every table of the same people is hidden together, so no two tables can be subtracted. The bands of
caseloads and the signed sheets of a site with fewer than 3 workers are left out for them: each
would be known by the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ceasefire import disclosure
from ceasefire.people.roles import ALL_SITE_ROLES, Role
from ceasefire.places.models import Site
from incidents import measures as incident_measures
from outreach import measures

VIEW = "outreach.view_measures"
SENSITIVE = "reports.view_sensitive_counts"
#: Of fewer workers each would be known by the numbers.
FEWEST_WORKERS = 3


@dataclass(frozen=True)
class Counts:
    """Counts of one table, hidden ones None, and their total."""

    cells: tuple[int | None, ...]
    total: int | None

    def share(self, number: int) -> float | None:
        """A cell in percent of the total; None where either is hidden or nothing was counted."""
        cell = self.cells[number]
        return None if cell is None or not self.total else 100 * cell / self.total

    @property
    def first_share(self) -> float | None:
        return self.share(0)

    @property
    def hidden(self) -> bool:
        """Something of it is hidden."""
        return self.total is None or None in self.cells


@dataclass(frozen=True)
class Fidelity:
    """Everything of one site and month."""

    #: None where the site has too few workers for this reader.
    bands: measures.Bands | None
    staffing: measures.Staffing
    #: Whole standard, part, none.
    contacts: Counts
    #: Gone through in four weeks, not.
    reviewed: Counts
    #: Within 72 hours, not; None where the site kept no clocks yet.
    answered: Counts | None
    #: As `measures.OUTCOMES`.
    mediated: Counts
    #: Flared up again, quiet.
    reignited: Counts
    #: By the rule, by exception.
    taken_in: Counts
    #: None as the bands are.
    supervised: measures.Supervised | None
    hours: measures.Hours

    @property
    def any_hidden(self) -> bool:
        tables = [self.contacts, self.reviewed, self.mediated, self.reignited, self.taken_in]
        return any(one.hidden for one in [*tables, *([self.answered] if self.answered else [])])


def sites_for(reader: Any) -> list[Site]:
    """The working sites whose measures somebody may read, by code."""
    if not reader.has_perm(VIEW):
        return []
    rows = Site.objects.filter(read_only=False)
    if reader.role not in ALL_SITE_ROLES:
        rows = rows.filter(pk__in=reader.site_ids)
    return list(rows.order_by("code"))


def is_whole(reader: Any, site: Site) -> bool:
    """Whether somebody reads the numbers unhidden: the managers of the site."""
    return reader.role == Role.MANAGER and site.pk in reader.site_ids


def months_for(reader: Any, site: Site, on: date) -> Sequence[date]:
    """The months to choose from, the latest first; the running one for the site's managers."""
    found = measures.months(on, 13)
    return found[:12] if is_whole(reader, site) else found[1:]


def fidelity(site: Site, month: date, reader: Any, *, on: date) -> Fidelity:
    """The numbers of a month at a site for a reader; the same number of queries always."""
    start, end = month, (month + timedelta(days=31)).replace(day=1)
    whole = is_whole(reader, site)
    span = (site.pk, start, end)
    people = measures.attended(*span, week_start=site.week_start, on=on)
    contacts, reviewed = _of_people(people, whole)
    answered = incident_measures.answered(*span, exclude_sensitive=not reader.has_perm(SENSITIVE))
    again = measures.reignitions(*span)
    taken = measures.taken_in(*span)
    bands = measures.caseload_bands(site.pk, on)
    supervised = measures.supervised(*span, week_start=site.week_start, on=on)
    of_staff = whole or bands.workers >= FEWEST_WORKERS
    return Fidelity(
        bands=bands if of_staff else None,
        staffing=measures.staffing([site.pk])[0],
        contacts=contacts,
        reviewed=reviewed,
        answered=None
        if answered is None
        else _counts((answered.within_72h, answered.overdue), whole, disclosure.INCIDENTS),
        mediated=_counts(measures.mediations(*span).by_outcome, whole),
        reignited=_counts((again.reignited, again.quiet), whole),
        taken_in=_counts((taken.by_rule, taken.by_exception), whole),
        supervised=supervised if of_staff else None,
        hours=measures.hours(*span),
    )


def _counts(cells: Sequence[int], whole: bool, threshold: int = disclosure.PEOPLE) -> Counts:
    if whole:
        return Counts(tuple(cells), sum(cells))
    return Counts(*disclosure.suppress_list(list(cells), threshold=threshold))


def _of_people(found: measures.Attended, whole: bool) -> tuple[Counts, Counts]:
    """The two tables of the same people: the margins of one, hidden together."""
    table = found.cells
    if whole:
        total = found.people
        return (
            Counts(tuple(map(sum, zip(*table, strict=True))), total),
            Counts(tuple(map(sum, table)), total),
        )
    hidden = disclosure.suppress(table, threshold=disclosure.PEOPLE)
    return (
        Counts(hidden.column_totals, hidden.total),
        Counts(hidden.row_totals, hidden.total),
    )
