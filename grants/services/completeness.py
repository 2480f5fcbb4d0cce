"""Which papers a grant has to have, which are there, and what is missing since when.

One truth, a rule in the database (`grants_papers_of`, migration `0012_paper_needs`): every paper
that a grant has to have as it stands, those of the steps it took, those of the step it waits for,
and those that go with what was paid, visited and closed. Triggers keep its answer in
`grants_paperneed`, a row a paper, so that a total of thousands of grants is a look at an index;
`drift` compares the two. Nothing is asked of a grant that was called off. A paper that is put off
(`deferrals`) is still missing: it counts as such here and stands on every report until it comes. A
grant is closed with all of them.

Whole per cent, rounded down, so that 100 is all of them. Everything here asks a fixed number of
queries, whatever the number of grants.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Count, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from ceasefire import periods
from grants.models import DocumentCheck, Grant, PaperNeed
from grants.services import reading


@dataclass(frozen=True)
class Completeness:
    """Of one grant: how many papers it has to have, how many are there, how many put off."""

    required: int = 0
    present: int = 0
    deferred: int = 0

    @property
    def percent(self) -> int:
        """100 where nothing is asked for."""
        return self.present * 100 // self.required if self.required else 100

    @property
    def missing(self) -> int:
        return self.required - self.present


@dataclass(frozen=True)
class Debt:
    """Missing papers of many grants together."""

    papers: int = 0
    grants: int = 0
    deferred: int = 0
    since: datetime | None = None

    @property
    def days(self) -> int:
        """How long the oldest one has been missing."""
        return days_since(self.since)


def days_since(moment: datetime | None, on: date | None = None) -> int:
    """Days in Basrah from a moment to a day (today), never less than 0."""
    if moment is None:
        return 0
    return max(((on or periods.now().date()) - periods.local_day(moment)).days, 0)


def of(grant: Grant) -> Completeness:
    """The completeness of one grant."""
    if reading.has(grant, "paper_needs"):
        needs_ = grant.paper_needs.all()
        there = [one for one in needs_ if one.document_id is not None]
        put_off = [one for one in needs_ if one.document_id is None and one.deferral_id is not None]
        return Completeness(len(needs_), len(there), len(put_off))
    return of_many([grant]).get(grant.pk, Completeness())


def of_many(grants: Iterable[Grant] | QuerySet[Grant]) -> dict[Any, Completeness]:
    """Grant key -> completeness, in one query. Grants of which nothing is asked are left out."""
    keys: Any = grants if isinstance(grants, QuerySet) else [one.pk for one in grants]
    if isinstance(keys, QuerySet):
        keys = keys.order_by().values("pk")
    rows = PaperNeed.objects.filter(grant__in=keys).order_by().values("grant_id")
    counted = rows.annotate(
        required=Count("id"),
        present=Count("document"),
        deferred=Count("deferral", filter=Q(document__isnull=True)),
    ).values_list("grant_id", "required", "present", "deferred")
    return {grant: Completeness(*counts) for grant, *counts in counted}


def with_percent(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """The same grants with `doc_complete_pct`, worked out by the database row by row."""
    rows = PaperNeed.objects.filter(grant=OuterRef("pk")).order_by().values("grant_id")
    percent = rows.annotate(pct=Count("document") * 100 / Count("id")).values("pct")
    return grants.annotate(
        doc_complete_pct=Coalesce(Subquery(percent, output_field=IntegerField()), Value(100))
    )


def needs(grant: Grant) -> list[PaperNeed]:
    """Every paper that a grant has to have, with what is there and what is put off."""
    rows = PaperNeed.objects.filter(grant=grant)
    return list(rows.select_related("document", "deferral", "deferral__deferred_by"))


def missing_types(grant: Grant) -> list[str]:
    """The types of papers that a grant lacks, put off or not, in the order of the stages."""
    lacking = [one for one in grant.paper_needs.all() if one.document_id is None]
    return [one.type for one in sorted(lacking, key=lambda one: (one.since, one.id))]


def missing(grants: QuerySet[Grant] | None = None) -> QuerySet[PaperNeed]:
    """Every missing paper, the oldest first, with its grant and who sees to it."""
    rows = PaperNeed.objects.filter(document__isnull=True)
    if grants is not None:
        rows = rows.filter(grant__in=grants.order_by().values("pk"))
    return rows.select_related("grant", "grant__owner", "deferral").order_by("since", "id")


def debt(grants: QuerySet[Grant] | None = None) -> Debt:
    """How many papers are missing, of how many grants, since when. Of all grants without `grants`;
    of somebody's own: `debt(Grant.objects.filter(owner=who))`."""
    rows = PaperNeed.objects.filter(document__isnull=True)
    if grants is not None:
        rows = rows.filter(grant__in=grants.order_by().values("pk"))
    found = rows.order_by().aggregate(
        papers=Count("id"),
        grants=Count("grant_id", distinct=True),
        deferred=Count("deferral"),
        since=Min("since"),
    )
    return Debt(**found)


@dataclass(frozen=True)
class PaperRow:
    """A line of the report on papers (R8): one paper that a grant has to have."""

    ref: str
    state: str
    stage: str
    document_type: str
    required: bool
    present: bool
    verified_by: str
    verified_on: datetime | None
    sha256: str
    #: Null where the paper is there.
    days_missing: int | None
    #: Until when it is put off; null where it is not.
    deferred_until: date | None


def register(grants: QuerySet[Grant], *, on: date | None = None) -> Iterator[PaperRow]:
    """Every paper that the grants have to have, by number and stage, as R8 lists them.

    Two queries in all; the rows of the first come through a server-side cursor.
    """
    keys = grants.order_by().values("pk")
    checked: dict[Any, tuple[str, datetime | None]] = {}
    # The last word on each; a paper whose last word is bad is not there.
    checks = DocumentCheck.objects.filter(document__grant__in=keys).order_by("id")
    for document, name, moment in checks.values_list("document_id", "by__code_name", "at"):
        checked[document] = (name, moment)
    rows = (
        PaperNeed.objects.filter(grant__in=keys)
        .order_by("grant__ref", "since", "id")
        .values_list(
            "grant__ref",
            "grant__state",
            "stage",
            "type",
            "since",
            "document_id",
            "document__sha256",
            "deferral__due_on",
        )
    )
    for ref, state, stage, kind, since, document, sha256, due in rows.iterator(chunk_size=2000):
        by, at = checked.get(document, ("", None))
        yield PaperRow(
            ref=ref,
            state=state,
            stage=stage,
            document_type=kind,
            required=True,
            present=document is not None,
            verified_by=by,
            verified_on=at,
            sha256=sha256 or "",
            days_missing=None if document is not None else days_since(since, on),
            deferred_until=None if document is not None else due,
        )


def drift() -> list[str]:
    """Papers (grant key and type) of which the kept rows say another thing than the rule; empty
    where all is well. For checks: it asks the rule of every grant."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(kept.id, told.id)
              FROM (SELECT g.id::text || ':' || r.paper AS id, r.asked_since, r.on_file, r.put_off
                      FROM grants_grant g, grants_papers_of(g.id) r) told
              FULL JOIN grants_paperneed kept ON kept.id = told.id
             WHERE (kept.since, kept.document_id, kept.deferral_id)
                   IS DISTINCT FROM (told.asked_since, told.on_file, told.put_off)
             ORDER BY 1
            """
        )
        return [row[0] for row in cursor.fetchall()]
