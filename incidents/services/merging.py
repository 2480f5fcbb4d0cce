"""Two records of one event made one, and parted again.

Marking a duplicate and merging are one verb: the sources, photos and links of the one go to the
other, the one becomes its duplicate, and what was done is kept row by row. What the kept record
lacks may be taken over. Nothing is thrown away, so it can be undone exactly.

What stays with the merged record, and is found there: its history, the actions of its response, its
people harmed and perpetrators unless they were taken over, and forms that came twice. What its
response counts for goes along (`merged_answers`).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, periods
from ceasefire.attachments.models import Attachment
from ceasefire.people.models import User
from ceasefire.vault.models import BlindIndex
from incidents.exceptions import (
    CannotBeParted,
    GuardedStays,
    NoSuchOriginal,
    NotAllowedFromHere,
    NotForThisPerson,
    ReasonNeeded,
    SiteIsReadOnly,
)
from incidents.models import (
    NAMED,
    SEES_SENSITIVE,
    Incident,
    IncidentActor,
    IncidentMerge,
    IncidentNaming,
    NotATwin,
    Source,
    Victimization,
)
from incidents.services import clocks, links, merged_answers, rules, search, trail
from incidents.services.facts import FIELDS, plain
from incidents.services.naming import end_namings
from incidents.services.sources import verify_again
from incidents.services.workflow import (
    MOVES,
    SETTLED,
    State,
    carry_out,
    locked,
    refuse_stale,
    revise,
    step,
)

#: What may be taken over, in groups that only make sense together: key -> (label, fields).
GROUPS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "subtype": (_("More exactly"), ("subtype",)),
    "time_of_day": (_("Time of day"), ("time_of_day",)),
    "occurred_to": (_("Until"), ("occurred_to",)),
    "point": (_("Point on the map"), ("lat", "lon", "geo_precision")),
    "place_type": (_("Kind of place"), ("place_type",)),
    "killed": (_("Killed"), ("killed_min", "killed_best", "killed_max", "killed_unknown")),
    "injured": (_("Injured"), ("injured_min", "injured_best", "injured_max")),
    "abducted": (_("Abducted"), ("abducted",)),
    "motive": (_("Motive"), ("motive",)),
    "method": (_("Method"), ("method",)),
    "weapons": (_("Weapons"), ("weapons",)),
    "summary": (_("What is known, without names"), ("summary",)),
    "public_safety": (_("Danger to the public goes on"), ("public_safety",)),
}
#: Rows that may be taken over: key -> (label, model, related name).
ROWS: dict[str, tuple[Any, Any, str]] = {
    "victims": (_("People harmed"), Victimization, "victimizations"),
    "actors": (_("Who did it"), IncidentActor, "actors"),
}
#: The reason of a correction where nobody gave one.
MERGED, PARTED = "records merged", "records parted"
_NOTHING: tuple[Any, ...] = (None, "", "unknown", [])


def may_merge(incident: Incident, by: User) -> bool:
    """Whether this person may make an incident the duplicate of another one now."""
    move = MOVES.get((incident.workflow_state, "duplicate"))
    return (
        move is not None
        and by.has_perm(move.permission)
        and incident.site_id in by.site_ids
        and not incident.site.read_only
    )


def may_part(merge: IncidentMerge, by: User) -> bool:
    """Reviewers of the site, as long as the merge stands."""
    return (
        merge.undone_at is None
        and by.has_perm("incidents.review_incident")
        and merge.kept.site_id in by.site_ids
        and not merge.kept.site.read_only
    )


def is_not_for_reporter(kept: Incident, gone: Incident) -> bool:
    """Whether `gone` is sensitive, and not for who reported `kept` and goes on seeing that.

    Nor for a worker whom `kept` was opened to by name, and `gone` was not.
    """
    if not gone.is_sensitive:
        return False
    if (
        kept.reporter is not None
        and kept.reporter_id != gone.reporter_id
        and kept.reporter.role not in SEES_SENSITIVE
    ):
        return True
    strangers = IncidentNaming.objects.filter(incident=kept, person__role__in=NAMED).exclude(
        Q(person=gone.reporter_id) | Q(person__in=gone.namings.values("person"))
    )
    return strangers.exists()


def lacks(incident: Incident, group: str) -> bool:
    """Whether an incident says nothing on a group of facts, so that it may be taken over."""
    if group in ROWS:
        return not getattr(incident, ROWS[group][2]).exists()
    fields = GROUPS[group][1]
    if group == "point":
        return incident.lat is None
    # Asked and not known is an answer, but one that a number may replace.
    values = [getattr(incident, name) for name in fields if name != "killed_unknown"]
    # Nobody harmed is an answer: 0 is not the False of a question that was not ticked.
    return all(value is False or value in _NOTHING for value in values)


def offered(kept: Incident, gone: Incident) -> list[str]:
    """The groups of facts that `kept` lacks and `gone` has; a point only of the same place.

    None where the reporter of `kept` may not see `gone`: they would read them on their own page.
    """
    if is_not_for_reporter(kept, gone):
        return []
    groups = [group for group in (*GROUPS, *ROWS) if lacks(kept, group) and not lacks(gone, group)]
    if "point" in groups and rules.check_point(kept.place, gone.lat, gone.lon).lies == "elsewhere":  # type: ignore[arg-type]
        groups.remove("point")
    if "occurred_to" in groups and gone.occurred_to and gone.occurred_to < kept.occurred_from:
        groups.remove("occurred_to")
    return groups


# --- merging ------------------------------------------------------------------------------------


@transaction.atomic
def merge_incidents(
    *,
    kept: Incident,
    gone: Incident,
    by: User,
    take: Iterable[str] = (),
    reason: str = "",
    version: int | None = None,
    kept_version: int | None = None,
    at: datetime | None = None,
) -> IncidentMerge:
    """Make two records of one event one: `gone` becomes the duplicate of `kept`.

    Sources, photos and links go to the kept record, and of `GROUPS` and `ROWS` what `take` names
    and the kept record lacks. Its verification follows; it is sensitive where either was. On an
    accepted record this is a revision. What repeated the one repeats the other from now on.

    Both rows are locked in one order, so that two people cannot make each the other's duplicate.
    Refuses (`NoSuchOriginal`) a record of another site, itself, one that does not count, so also
    one that is a duplicate already; what the table of moves refuses of `gone`; and (`GuardedStays`)
    a sensitive `gone` whose words the reporter of an open `kept` would come to read. Where both are
    sensitive they are merged, and `sight` keeps from that reporter what came from the other.
    """
    links.hold_links()
    # With those that repeat the one that goes, for they will repeat the other.
    rows = Incident.objects.select_for_update(of=("self",)).order_by("pk")
    wanted = rows.filter(Q(pk__in=[kept.pk, gone.pk]) | Q(duplicate_of=gone.pk))
    held = {row.pk: row for row in wanted if row.pk in (kept.pk, gone.pk)}
    if (
        kept.pk == gone.pk
        or len(held) < 2
        or held[kept.pk].site_id != held[gone.pk].site_id
        or held[kept.pk].workflow_state not in Incident.COUNTED_STATES
    ):
        raise NoSuchOriginal
    if Incident.objects.visible_to(by).filter(pk__in=list(held)).count() < 2:
        raise NotForThisPerson
    if not held[kept.pk].is_sensitive and is_not_for_reporter(held[kept.pk], held[gone.pk]):
        raise GuardedStays
    kept, at = locked(kept), at or periods.now()
    refuse_stale(kept, kept_version)
    merge = IncidentMerge(kept=kept, gone=gone, by=by, at=at, reason=reason.strip()[:400])
    merge.before = {"kept": _values(kept), "gone": {}}

    def point(gone: Incident, at: datetime) -> None:
        merge.before["gone"] = {"workflow_state": held[gone.pk].workflow_state}
        gone.duplicate_of = kept

    watch = merged_answers.open_watch_of(gone)
    gone = carry_out(
        gone,
        "duplicate",
        by=by,
        version=version,
        reason=reason,
        at=at,
        also=point,
        fields=("duplicate_of",),
        detail={"original": kept.code},
    )
    changes = _take_over(kept, gone, take, merge)
    _save_kept(kept, by=by, changes=changes, reason=merge.reason or MERGED, at=at)
    search.keep_said(gone)
    merge.after = {
        "kept": {**_values(kept), "version": kept.version},
        "gone": {"version": gone.version},
    }
    answer = merged_answers.take_over(merge, kept=kept, gone=gone, watch=watch, by=by, at=at)
    merge.save(force_insert=True)
    trail.record(
        "incident.merged",
        subject=kept,
        by=by,
        fields=sorted(changes),
        reason=reason,
        detail={
            "duplicate": gone.code,
            "sources": len(merge.moved["sources"]),
            **({"answer": answer} if answer else {}),
        },
    )
    return merge


def mark_duplicate(
    incident: Incident,
    *,
    of: Incident,
    by: User,
    reason: str = "",
    version: int | None = None,
) -> Incident:
    """Say that an incident repeats another: `merge_incidents` with no fact taken over."""
    merge = merge_incidents(kept=of, gone=incident, by=by, reason=reason, version=version)
    return Incident.objects.get(pk=merge.gone_id)


def _values(incident: Incident) -> dict[str, Any]:
    """The plain and computed fields as JSON holds them, exactly."""
    found = {}
    for name in (*FIELDS, *rules.COMPUTED):
        value = Incident._meta.get_field(name).value_from_object(incident)  # type: ignore[union-attr]
        found[name] = value.isoformat() if isinstance(value, date) else value
    return found


def _restore(incident: Incident, values: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        field: Any = Incident._meta.get_field(name)
        setattr(incident, field.attname, field.to_python(values[name]))


def _take_over(
    kept: Incident, gone: Incident, take: Iterable[str], merge: IncidentMerge
) -> dict[str, list[Any]]:
    """Move rows and facts; {what: [before, after]} of the kept record, for its revision."""
    wanted, possible = set(take), offered(kept, gone)
    changes: dict[str, list[Any]] = {}
    was, number = kept.verification, kept.sources.count()
    for group in possible:
        if group not in wanted:
            continue
        if group in GROUPS:
            for name in GROUPS[group][1]:
                before, after = getattr(kept, name), getattr(gone, name)
                if before != after:
                    setattr(kept, name, after)
                    changes[name] = [plain(before), plain(after)]
        else:
            _label, model, _related = ROWS[group]
            rows = model.objects.filter(incident=gone)
            merge.moved[group] = [str(key) for key in rows.values_list("pk", flat=True)]
            rows.update(incident=kept)
            changes[group] = [[], merge.moved[group]]
    _move_sources(kept, gone, merge)
    if merge.moved["sources"]:
        changes["sources"] = [number, number + len(merge.moved["sources"])]
    merge.moved["links"] = links.move_links(kept, gone)
    merge.moved["photos"] = move_photos(kept, gone)
    merge.moved["beside"] = merged_answers.move_rows(kept, gone)
    repeated = Incident.objects.filter(duplicate_of=gone)
    merge.moved["duplicates"] = [str(key) for key in repeated.values_list("pk", flat=True)]
    repeated.update(duplicate_of=kept)
    if gone.staff_involved and not kept.staff_involved:
        kept.staff_involved = True
        changes["staff_involved"] = [False, True]
    rules.settle(kept)
    kept.is_sensitive = kept.is_sensitive or is_sensitive(kept)
    verify_again(kept)
    if kept.verification != was:
        changes["verification"] = [was, kept.verification]
    return changes


def is_sensitive(incident: Incident, *, parted: Incident | None = None) -> bool:
    """By its own facts and people, or because a record merged into it is.

    `parted` still names it as its original, and is just leaving it.
    """
    merged = incident.duplicates.filter(is_sensitive=True)
    if parted is not None:
        merged = merged.exclude(pk=parted.pk)
    return rules.is_sensitive(incident, incident.victimizations.all()) or merged.exists()


def _move_sources(kept: Incident, gone: Incident, merge: IncidentMerge) -> None:
    """Sources of one sealed name are one origin, whoever wrote them down."""
    moved = list(gone.sources.all())
    known = {digest: key for key, digest in digests_of(kept.sources.all())}
    ours = {key: known[digest] for key, digest in digests_of(moved) if digest in known}
    origins = []
    for source in moved:
        if source.same_origin_as_id is None and source.pk in ours:
            source.same_origin_as_id = ours[source.pk]
            origins.append(str(source.pk))
        source.incident = kept
        source.save(update_fields=["incident", "same_origin_as"])
    merge.moved["sources"] = [str(source.pk) for source in moved]
    merge.moved["origins"] = origins
    _keep_said(kept, gone)


def _keep_said(*incidents: Incident) -> None:
    """The words of sources are searched where the sources are now."""
    for incident in incidents:
        search.keep_said(incident)


def digests_of(sources: Iterable[Source]) -> list[tuple[UUID, bytes]]:
    """(key of a source, digest of its sealed name) of those that have one; nothing is opened."""
    wanted = {str(source.pk): source.pk for source in sources if source.has_sealed_name}
    if not wanted:
        return []
    rows = BlindIndex.objects.filter(
        table=Source._meta.db_table, column="name", row__in=list(wanted)
    )
    return [(wanted[row], bytes(digest)) for row, digest in rows.values_list("row", "digest")]


def _photos_of(incident: Incident) -> Any:
    return Attachment.objects.filter(
        subject_model=Incident._meta.label_lower, subject_key=incident.pk
    )


def move_photos(kept: Incident, gone: Incident) -> list[str]:
    """Photos go along, but for a picture that the kept record has already."""
    known = _photos_of(kept).filter(removed_at__isnull=True).values_list("sha256", flat=True)
    photos = _photos_of(gone).exclude(removed_at__isnull=True, sha256__in=list(known))
    keys = [str(key) for key in photos.values_list("pk", flat=True)]
    Attachment.objects.filter(pk__in=keys).update(subject_key=kept.pk)
    return keys


def _save_kept(
    kept: Incident, *, by: User, changes: dict[str, Any], reason: str, at: datetime
) -> None:
    kept.version += 1
    kept.updated_by = by
    beside = ("guarded_until", "version", "updated_by", "updated_at")
    kept.save(update_fields=[*FIELDS, *rules.COMPUTED, *beside])
    search.keep_said(kept)
    search.remember(kept)
    clocks.follow(kept, by=by, at=at)
    if kept.workflow_state in SETTLED:
        revise(kept, changes=changes, reason=reason, by=by, at=at)


# --- parting ------------------------------------------------------------------------------------


@transaction.atomic
def unmerge_incidents(
    merge: IncidentMerge, *, by: User, reason: str, at: datetime | None = None
) -> Incident:
    """Part two records that were merged: every row and fact goes back to where it was.

    The parted record stands again in the state it had; the pair is not proposed again. Refuses
    (`CannotBeParted`, with the reason) where the kept record was itself merged since, where a row
    that would go back is gone, where a fact that was taken over was changed, or where sources of
    both have been tied to each other.
    """
    kept, gone = _locked_pair(merge)
    merge = IncidentMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    at, reason = at or periods.now(), reason.strip()[:400]
    if merge.undone_at is not None:
        raise NotAllowedFromHere
    if kept.site.read_only:
        raise SiteIsReadOnly
    merge.kept = kept
    if not may_part(merge, by):
        raise NotForThisPerson
    if Incident.objects.visible_to(by).filter(pk__in=[kept.pk, gone.pk]).count() < 2:
        raise NotForThisPerson
    if not reason:
        raise ReasonNeeded
    taken = _refuse_unless_partable(merge, kept, gone)
    was = {"verification": kept.verification, "sources": kept.sources.count()}
    was_sensitive = kept.is_sensitive
    changes = {
        name: [merge.after["kept"][name], merge.before["kept"][name]]
        for name in taken
        if name in FIELDS
    }
    is_untouched = kept.version == merge.after["kept"]["version"]
    _give_back(merge, kept, gone)
    if is_untouched:
        _restore(kept, merge.before["kept"], (*FIELDS, *rules.COMPUTED))
    else:
        _restore(kept, merge.before["kept"], taken)
        rules.settle(kept)
        kept.is_sensitive = is_sensitive(kept, parted=gone)
        verify_again(kept)
    if was_sensitive and not kept.is_sensitive:
        kept.guarded_until = at
    if kept.verification != was["verification"]:
        changes["verification"] = [was["verification"], kept.verification]
    if merge.moved["sources"]:
        changes["sources"] = [was["sources"], kept.sources.count()]
    merged_answers.give_back(merge, kept=kept, at=at)
    _save_kept(kept, by=by, changes=changes, reason=reason or PARTED, at=at)
    _stand_again(merge, gone, by=by, reason=reason, at=at)
    merge.undone_at, merge.undone_by, merge.undone_reason = at, by, reason
    merge.save(update_fields=["undone_at", "undone_by", "undone_reason"])
    decide_not_twins(kept, gone, by=by, at=at, quietly=True)
    trail.record(
        "incident.unmerged",
        subject=kept,
        by=by,
        guarded=was_sensitive,
        fields=sorted(changes),
        reason=reason,
        detail={"duplicate": gone.code, "sources": len(merge.moved["sources"])},
    )
    if was_sensitive:
        end_namings([kept], by=by)
    return gone


def _locked_pair(merge: IncidentMerge) -> tuple[Incident, Incident]:
    links.hold_links()
    keys = [merge.kept_id, merge.gone_id, *map(UUID, merge.moved["duplicates"])]
    rows = (
        Incident.objects.select_for_update(of=("self",))
        .select_related("site", "place", "place__district")
        .filter(pk__in=keys)
        .order_by("pk")
    )
    held = {row.pk: row for row in rows}
    return held[merge.kept_id], held[merge.gone_id]


def _refuse_unless_partable(merge: IncidentMerge, kept: Incident, gone: Incident) -> list[str]:
    """Refuse with the reason, or give the names of the facts that were taken over."""
    if kept.duplicate_of_id is not None:
        raise CannotBeParted(
            _("The record they were merged into was itself merged. Part it first.")
        )
    if kept.workflow_state not in Incident.COUNTED_STATES or gone.duplicate_of_id != kept.pk:
        raise CannotBeParted(_("The record they were merged into does not count any more."))
    for kind, model in (("sources", Source), ("victims", Victimization), ("actors", IncidentActor)):
        keys = merge.moved.get(kind, [])
        if model.objects.filter(pk__in=keys, incident=kept).count() < len(keys):  # type: ignore[attr-defined]
            raise CannotBeParted(
                _("Something that came from the other record has been taken away since.")
            )
    moved = [UUID(key) for key in merge.moved["sources"]]
    tied = (
        Source.objects.filter(Q(pk__in=moved) ^ Q(same_origin_as__in=moved))
        .filter(incident=kept, same_origin_as__isnull=False)
        .exclude(pk__in=merge.moved["origins"])
    )
    if tied.exists():
        raise CannotBeParted(_("Sources of both records have been said to be of one origin since."))
    now, before, after = _values(kept), merge.before["kept"], merge.after["kept"]
    taken = [name for name in FIELDS if before[name] != after[name]]
    if any(now[name] != after[name] for name in taken):
        raise CannotBeParted(_("A fact that came from the other record has been changed since."))
    return taken


def _give_back(merge: IncidentMerge, kept: Incident, gone: Incident) -> None:
    for kind, model in (("sources", Source), ("victims", Victimization), ("actors", IncidentActor)):
        model.objects.filter(pk__in=merge.moved.get(kind, [])).update(incident=gone)  # type: ignore[attr-defined]
    Source.objects.filter(pk__in=merge.moved["origins"]).update(same_origin_as=None)
    _keep_said(kept, gone)
    links.give_back(merge.moved["links"], kept=kept, gone=gone)
    merged_answers.give_back_rows(merge.moved.get("beside", {}), kept=kept, gone=gone)
    Attachment.objects.filter(pk__in=merge.moved["photos"], subject_key=kept.pk).update(
        subject_key=gone.pk
    )
    Incident.objects.filter(pk__in=merge.moved["duplicates"], duplicate_of=kept).update(
        duplicate_of=gone
    )


def _stand_again(
    merge: IncidentMerge, gone: Incident, *, by: User, reason: str, at: datetime
) -> None:
    before = merge.before["gone"]["workflow_state"]
    gone.workflow_state, gone.duplicate_of = before, None
    gone.version += 1
    gone.updated_by = by
    gone.save(
        update_fields=["workflow_state", "duplicate_of", "version", "updated_by", "updated_at"]
    )
    search.keep_said(gone)
    clocks.follow(gone, by=by, at=at)
    step(gone, before=State.DUPLICATE, by=by, at=at, reason=reason)
    if before in SETTLED:
        revise(
            gone,
            changes={"workflow_state": [str(State.DUPLICATE), before]},
            reason=reason,
            by=by,
            at=at,
        )


# --- not the same -------------------------------------------------------------------------------


@transaction.atomic
def decide_not_twins(
    one: Incident,
    other: Incident,
    *,
    by: User,
    at_entry: bool = False,
    at: datetime | None = None,
    quietly: bool = False,
) -> NotATwin:
    """Say that two records tell of two events; they are not proposed again.

    At entry the reporter says so of their own report; a reviewer's word stands over that.
    """
    if one.pk == other.pk or one.site_id != other.site_id:
        raise NoSuchOriginal
    if not at_entry and not by.has_perm("incidents.review_incident"):
        raise NotForThisPerson
    if one.site_id not in by.site_ids:
        raise NotForThisPerson
    pair = NotATwin.pair(one.pk, other.pk)
    known, is_new = NotATwin.objects.get_or_create(
        **pair, defaults={"by": by, "at_entry": at_entry, "at": at or periods.now()}
    )
    if not is_new and known.at_entry and not at_entry:
        known.at_entry, known.by, known.at = False, by, at or periods.now()
        known.save(update_fields=["at_entry", "by", "at"])
        is_new = True
    if is_new and not quietly:
        audit.record(
            "incident.said_not_the_same",
            subject=one,
            by=by,
            detail={"other": other.code, "at_entry": at_entry},
        )
    return known
