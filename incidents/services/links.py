"""Links between incidents: what one event has to do with another, and the chain they make."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods
from ceasefire.people.models import User
from incidents.exceptions import CannotBeLinked, NotForThisPerson, SiteIsReadOnly
from incidents.models import Incident, IncidentLink

Kind = IncidentLink.Kind
State = Incident.State
#: Records that can be linked: known to others, and not given up.
LINKABLE = (
    State.SUBMITTED,
    State.IN_REVIEW,
    State.RETURNED,
    State.ACCEPTED,
    State.ARCHIVED,
)
#: By how much a day may be wrong, by `Incident.time_precision`; the last is not known at all.
SLACK = {1: timedelta(0), 2: timedelta(days=7), 3: timedelta(days=31)}
#: A chain is followed so many links far, and shown up to so many records.
DEEPEST, LONGEST = 12, 100
#: One place at a time may make or take links, so that no two of them close a ring together.
_LOCK = 7_190_334

#: How a link reads from its other end.
FROM_THE_OTHER_END: dict[str, Any] = {
    Kind.RETALIATION_FOR: _("Retaliated by"),
    Kind.FOLLOW_UP_OF: _("Followed by"),
    Kind.SAME_EVENT_AS: Kind.SAME_EVENT_AS.label,
    Kind.SAME_CONFLICT_AS: Kind.SAME_CONFLICT_AS.label,
}


@dataclass
class Seen:
    """A link as one of its records shows it: how it reads from here, and the record over there."""

    link: IncidentLink
    other: Incident
    words: Any
    #: For the page: whether its reader may take the link away.
    may_remove: bool = False


def may_link(incident: Incident, by: User) -> bool:
    """Whoever may add a source: field staff and reviewers of the site, to what is alive."""
    return (
        incident.workflow_state in LINKABLE
        and not incident.site.read_only
        and incident.site_id in by.site_ids
        and by.has_perm("incidents.edit_incident")
    )


def may_unlink(link: IncidentLink, incident: Incident, by: User) -> bool:
    """Whoever made the link, and reviewers of either record's site."""
    return (
        not incident.site.read_only
        and incident.site_id in by.site_ids
        and (link.created_by_id == by.pk or by.has_perm("incidents.review_incident"))
    )


@transaction.atomic
def add_link(
    incident: Incident, *, kind: str, to: Incident, by: User, at: datetime | None = None
) -> IncidentLink:
    """Say that an incident is retaliation for, follow-up of, or of one event or conflict with one.

    Refuses (`CannotBeLinked`, with the reason) itself, a link that stands already in either
    direction, a ring of retaliations or follow-ups, and a later event before the earlier one as far
    as their days are known.
    """
    kind = Kind(kind)
    held = _both_locked(incident, to)
    if len(held) < 2:
        raise CannotBeLinked(_("An incident has nothing to do with itself. Give another code."))
    incident, to = held[incident.pk], held[to.pk]
    if incident.site.read_only:
        raise SiteIsReadOnly
    seen = Incident.objects.visible_to(by).filter(pk__in=[incident.pk, to.pk]).count()
    if not may_link(incident, by) or seen < 2:
        raise NotForThisPerson
    if to.workflow_state not in LINKABLE:
        raise CannotBeLinked(_("That incident is a draft, withdrawn, or repeats another one."))
    if _between(kind, incident.pk, to.pk):
        raise CannotBeLinked(_("The two are linked so already."))
    if kind in IncidentLink.DIRECTED:
        if precedes(incident, to):
            raise CannotBeLinked(_("This one happened before that one. Link them the other way."))
        if _leads_to(kind, to.pk, incident.pk):
            raise CannotBeLinked(_("That would close a ring: that one follows from this one."))
    link = IncidentLink.objects.create(
        kind=kind,
        from_incident=incident,
        to_incident=to,
        created_by=by,
        created_at=at or periods.now(),
    )
    audit.record(
        "incident.linked", subject=incident, by=by, detail={"kind": str(kind), "other": to.code}
    )
    return link


@transaction.atomic
def remove_link(link: IncidentLink, *, by: User) -> None:
    """Take a link away. Whoever made it may, and reviewers."""
    held = _both_locked(link.from_incident, link.to_incident)
    found = IncidentLink.objects.select_for_update(of=("self",)).filter(pk=link.pk).first()
    if found is None:
        return
    ends = [held[found.from_incident_id], held[found.to_incident_id]]
    seen = Incident.objects.visible_to(by).filter(pk__in=list(held)).count()
    if seen < 2 or not any(may_unlink(found, end, by) for end in ends):
        raise NotForThisPerson
    found.delete()
    audit.record(
        "incident.unlinked",
        subject=ends[0],
        by=by,
        detail={"kind": found.kind, "other": ends[1].code},
    )


def precedes(later: Incident, earlier: Incident) -> bool:
    """Whether the one that should come later surely came first, as far as the days are known."""
    if 4 in (later.time_precision, earlier.time_precision):
        return False
    slack = SLACK[later.time_precision] + SLACK[earlier.time_precision]
    if not slack and later.knows_clock and earlier.knows_clock:
        return later.occurred_from < earlier.occurred_from
    return later.occurred_on + slack < earlier.occurred_on


def hold_links() -> None:
    """Let nobody else make, take or move links to the end of the transaction.

    Before any row is locked and anything stands in the trail, else two wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _both_locked(one: Incident, other: Incident) -> dict[Any, Incident]:
    hold_links()
    rows = (
        Incident.objects.select_for_update(of=("self",))
        .select_related("site")
        .filter(pk__in=[one.pk, other.pk])
        .order_by("pk")
    )
    return {row.pk: row for row in rows}


def _between(kind: str, one: Any, other: Any) -> bool:
    pair = [one, other]
    return IncidentLink.objects.filter(
        kind=kind, from_incident__in=pair, to_incident__in=pair
    ).exists()


def _leads_to(kind: str, start: Any, goal: Any) -> bool:
    """Whether links of a kind lead from one record to another, however many there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE reached (id) AS (
              SELECT %s::uuid
              UNION
              SELECT link.to_incident_id FROM incidents_incidentlink link
              JOIN reached ON link.from_incident_id = reached.id
              WHERE link.kind = %s
            )
            SELECT EXISTS (SELECT 1 FROM reached WHERE id = %s)
            """,
            [start, kind, goal],
        )
        return bool(cursor.fetchone()[0])


# --- with a merge -------------------------------------------------------------------------------


def move_links(kept: Incident, gone: Incident) -> list[dict[str, Any]]:
    """Let the links of a merged record hold for the one that is kept; [{"id", "end"}] of them.

    A link between the two, one that the kept record has too, and one that would close a ring or
    turn time around stay with the merged record. The caller holds the links and both rows.
    """
    moved: list[dict[str, Any]] = []
    rows = IncidentLink.objects.select_related("from_incident", "to_incident")
    for end, other in (("from_incident", "to_incident"), ("to_incident", "from_incident")):
        for link in rows.filter(**{end: gone}):
            there: Incident = getattr(link, other)
            if there.pk == kept.pk or _between(link.kind, kept.pk, there.pk):
                continue
            later, earlier = (kept, there) if end == "from_incident" else (there, kept)
            if link.kind in IncidentLink.DIRECTED and (
                precedes(later, earlier) or _leads_to(link.kind, earlier.pk, later.pk)
            ):
                continue
            setattr(link, end, kept)
            link.save(update_fields=[end])
            moved.append({"id": link.pk, "end": end})
    return moved


def give_back(moved: Sequence[Mapping[str, Any]], *, kept: Incident, gone: Incident) -> None:
    """Put the links back that a merge moved; one that was taken away since stays away.

    So does one that stands between the two already: its other end was merged meanwhile.
    """
    for one in moved:
        link = IncidentLink.objects.filter(pk=one["id"], **{one["end"]: kept}).first()
        if link is None:
            continue
        there = link.to_incident_id if one["end"] == "from_incident" else link.from_incident_id
        if there != gone.pk and not _between(link.kind, gone.pk, there):
            setattr(link, one["end"], gone)
            link.save(update_fields=[one["end"]])


# --- reading ------------------------------------------------------------------------------------


def link_rows(incident: Incident) -> "QuerySet[IncidentLink]":
    """Every link of a record with the records at both ends, whoever may see them."""
    ends = ("from_incident", "to_incident")
    return (
        IncidentLink.objects.filter(Q(from_incident=incident) | Q(to_incident=incident))
        .select_related(*(f"{end}__place" for end in ends))
        .defer(*(f"{end}__{name}" for end in ends for name in ("place__geometry", "search_key")))
    )


def links_of(
    incident: Incident, user: User, rows: Iterable[IncidentLink] | None = None
) -> list[Seen]:
    """The links of a record to those that the person sees; the others leave no trace.

    The rule of sight is asked of each of `link_rows`, which may be in hand already.
    """
    found = []
    for link in link_rows(incident) if rows is None else rows:
        if link.from_incident_id == incident.pk:
            other, words = link.to_incident, link.get_kind_display()
        else:
            other, words = link.from_incident, FROM_THE_OTHER_END[link.kind]
        if other.is_visible_to(user):
            found.append(Seen(link, other, words))
    return sorted(found, key=lambda seen: (seen.other.occurred_from, seen.link.pk))


@dataclass(frozen=True)
class Chain:
    """Connected records in order of time, each with its links to others of them."""

    incidents: list[Incident]
    links: dict[Any, list[tuple[Any, Incident]]]
    is_cut: bool


def chain_of(incident: Incident, user: User) -> Chain:
    """The records that hang together with one, in order of time: two questions, however many.

    Followed in both directions over records that the person sees, at most `DEEPEST` links far; of
    more than `LONGEST` the nearest are shown. A record that the person does not see ends the way:
    what lies behind it is no part of their chain.
    """
    visible, params = Incident.objects.visible_to(user).values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE visible (id) AS NOT MATERIALIZED ({visible}),
            reached (id, steps) AS (
              SELECT %s::uuid, 0
              UNION
              SELECT next.id, reached.steps + 1
              FROM reached
              CROSS JOIN LATERAL (
                SELECT to_incident_id AS id FROM incidents_incidentlink
                WHERE from_incident_id = reached.id
                UNION ALL
                SELECT from_incident_id FROM incidents_incidentlink
                WHERE to_incident_id = reached.id
              ) next
              WHERE reached.steps < %s AND next.id IN (SELECT visible.id FROM visible)
            )
            SELECT id FROM reached GROUP BY id ORDER BY MIN(steps), id LIMIT %s
            """,  # noqa: S608 - the query of `visible_to`, with its parameters
            [*params, incident.pk, DEEPEST, LONGEST + 1],
        )
        keys = [row[0] for row in cursor.fetchall()]
    is_cut, keys = len(keys) > LONGEST, keys[:LONGEST]
    rows = {
        row.pk: row
        for row in Incident.objects.filter(pk__in=keys)
        .select_related("place", "site")
        .defer("place__geometry", "search_key", "original")
        .order_by("occurred_from", "code")
    }
    links: dict[Any, list[tuple[Any, Incident]]] = {}
    for link in IncidentLink.objects.filter(from_incident__in=keys, to_incident__in=keys):
        words = link.get_kind_display()
        links.setdefault(link.from_incident_id, []).append((words, rows[link.to_incident_id]))
    return Chain(list(rows.values()), links, is_cut)
