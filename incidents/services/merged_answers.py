"""What was done to answer a record goes along when it is merged, and comes back when it is parted.

The clock of the merged record stops and keeps its actions, which are never changed; the page of the
record that stays lists them. What counts of them, who has it, and who watches go to its clock.
What other apps hang on incidents goes along by `follow_merges`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from ceasefire.codes.services import family
from ceasefire.people.models import User
from incidents.models import Incident, IncidentMerge, IncidentResponse, RetaliationWatch
from incidents.services import clocks, notices
from incidents.services.facts import plain

#: What of a clock a merge may change.
TAKEN = (
    "first_contact_at",
    "community_response_at",
    "assigned_to_id",
    "closed_at",
    "closed_reason",
)
SIDES = ("victim_side", "other_side")


# --- other apps ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Follower:
    """How rows of another app go along: `move` gives what `give_back` needs, as JSON holds it."""

    move: Callable[[Incident, Incident], Any]
    give_back: Callable[[Any, Incident, Incident], None]


_followers: dict[str, Follower] = {}


def follow_merges(
    name: str,
    *,
    move: Callable[[Incident, Incident], Any],
    give_back: Callable[[Any, Incident, Incident], None],
) -> None:
    """Let rows of an app above go along with a merge: `move(kept, gone)`, in its transaction.

    `give_back(moved, kept, gone)` when the two are parted. Both records are held by then. The same
    name again replaces it.
    """
    _followers[name] = Follower(move, give_back)


def move_rows(kept: Incident, gone: Incident) -> dict[str, Any]:
    """{app: what it moved}."""
    return {name: one.move(kept, gone) for name, one in _followers.items()}


def give_back_rows(moved: Mapping[str, Any], *, kept: Incident, gone: Incident) -> None:
    """The other way round, for those that are still registered."""
    for name, rows in moved.items():
        if name in _followers:
            _followers[name].give_back(rows, kept, gone)


# --- the clock ----------------------------------------------------------------------------------


def _held(incident: Incident) -> IncidentResponse | None:
    rows = IncidentResponse.objects.select_for_update(of=("self",))
    return rows.filter(incident=incident).first()


def _state(response: IncidentResponse) -> dict[str, Any]:
    return {name: plain(getattr(response, name)) for name in TAKEN}


def open_watch_of(incident: Incident) -> RetaliationWatch | None:
    """The watch that runs, to be asked before the record is merged, which stops it."""
    rows = RetaliationWatch.objects.open().select_for_update(of=("self",))
    return rows.filter(incident=incident).first()


def take_over(
    merge: IncidentMerge,
    *,
    kept: Incident,
    gone: Incident,
    watch: RetaliationWatch | None,
    by: User,
    at: datetime,
) -> list[str]:
    """Give the clock of the record that stays what was done for the other; what that was.

    The earliest contact and community response of the two count. Where nobody has it, who had the
    other one has it, if they may see it; where nobody watches a side, who watched it. `watch` ran
    at `gone` before. Kept in `merge` for `give_back`. Without a clock of its own the record that
    stays gets nothing: it is of no kind that is answered.
    """
    ours, theirs = _held(kept), _held(gone)
    if ours is None:
        return []
    taken = [] if theirs is None else _take_clock(merge, kept, ours, theirs, by=by, at=at)
    if watch is not None and _take_watch(merge, kept, watch, by=by, at=at):
        taken.append("watch")
    return taken


def _take_clock(
    merge: IncidentMerge,
    kept: Incident,
    ours: IncidentResponse,
    theirs: IncidentResponse,
    *,
    by: User,
    at: datetime,
) -> list[str]:
    before = _state(ours)
    for name in ("first_contact_at", "community_response_at"):
        known = [moment for one in (ours, theirs) if (moment := getattr(one, name)) is not None]
        setattr(ours, name, min(known, default=None))
    runs = ours.closed_at is None
    if runs and ours.community_response_at is not None:
        ours.closed_at, ours.closed_reason = at, IncidentResponse.Closed.ANSWERED
    holder = theirs.assigned_to
    if runs and ours.assigned_to_id is None and clocks.may_have(kept, holder):
        ours.assigned_to = holder
    after = _state(ours)
    changed = [name for name in TAKEN if before[name] != after[name]]
    if changed:
        merge.before["answer"], merge.after["answer"] = before, after
        ours.version += 1
        ours.save(update_fields=[*(name.removesuffix("_id") for name in changed), "version"])
        if "assigned_to_id" in changed and ours.closed_at is None:
            notices.tell([holder], "response.assigned", kept, by=by, more=str(ours.version))
    return changed


def _take_watch(
    merge: IncidentMerge, kept: Incident, theirs: RetaliationWatch, *, by: User, at: datetime
) -> bool:
    if not clocks.is_killing(kept):
        return False
    ours = open_watch_of(kept)
    opened = ours is None and not RetaliationWatch.objects.filter(incident=kept).exists()
    if opened:
        ours = clocks.open_watch(
            kept, start=theirs.started_at, until=theirs.ends_at, by=theirs.opened_by, at=at
        )
    if ours is None:
        # Somebody ended it.
        return False
    sides: dict[str, str] = {}
    for side in SIDES:
        person = getattr(theirs, side)
        at_other = getattr(ours, SIDES[1 - SIDES.index(side)])
        if getattr(ours, side) is None and clocks.may_have(kept, person) and person != at_other:
            setattr(ours, side, person)
            sides[side] = str(person.pk)
    if sides:
        ours.version += 1
        ours.save(update_fields=[*sides, "version"])
        people = [getattr(ours, side) for side in sides]
        notices.tell(people, "watch.assigned", kept, by=by, more=str(ours.version))
    if opened or sides:
        merge.moved["watch"] = {"id": str(ours.pk), "opened": opened, "sides": sides}
    return opened or bool(sides)


def give_back(merge: IncidentMerge, *, kept: Incident, at: datetime) -> None:
    """Take from the clock of the record that stays what came from the other.

    What was done for it in between counts on; who has it and who watches stay where somebody else
    was given it since.
    """
    if "answer" in merge.after:
        _give_clock_back(merge.before["answer"], merge.after["answer"], kept)
    moved = merge.moved.get("watch")
    watch = open_watch_of(kept) if moved else None
    if moved is None or watch is None or str(watch.pk) != moved["id"]:
        return
    sides = [side for side, key in moved["sides"].items() if _is_still(watch, side, key)]
    for side in sides:
        setattr(watch, side, None)
    if moved["opened"] and not watch.checks.exists() and watch.lacks_somebody:
        watch.ended_at, watch.outcome = at, RetaliationWatch.Outcome.STOPPED
    watch.version += 1
    watch.save(update_fields=[*sides, "ended_at", "outcome", "version"])


def _is_still(watch: RetaliationWatch, side: str, key: str) -> bool:
    return str(getattr(watch, f"{side}_id")) == key


def _give_clock_back(before: Mapping[str, Any], after: Mapping[str, Any], kept: Incident) -> None:
    ours = _held(kept)
    if ours is None:
        return
    now = _state(ours)
    own = list(ours.actions.values_list("kind", "at"))
    ours.first_contact_at = _earliest(
        before["first_contact_at"], own, families={"contact", "community"}
    )
    ours.community_response_at = _earliest(
        before["community_response_at"], own, families={"community"}
    )
    if now["closed_at"] == after["closed_at"] and ours.community_response_at is None:
        moment = before["closed_at"]
        ours.closed_at = parse_datetime(moment) if moment else None
        ours.closed_reason = before["closed_reason"]
    if now["assigned_to_id"] == after["assigned_to_id"]:
        holder = before["assigned_to_id"]
        ours.assigned_to = User.objects.get(pk=holder) if holder else None
    ours.version += 1
    ours.save(update_fields=[*(name.removesuffix("_id") for name in TAKEN), "version"])


def _earliest(
    before: str | None, own: Iterable[tuple[str, datetime]], *, families: set[str]
) -> datetime | None:
    """The earliest of what stood before the merge and of the record's own actions."""
    known = [at for kind, at in own if family("response_action", kind) in families]
    moment = parse_datetime(before) if before else None
    return min([*known, *([moment] if moment else [])], default=None)
