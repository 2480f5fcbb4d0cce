"""Writing the rows that belong to an incident: sources, victims, actors; names into the vault."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ceasefire import vault
from ceasefire.people.models import User
from incidents.exceptions import NotAllowedFromHere, SourceOfAnother
from incidents.models import Incident, IncidentActor, Source, Victimization
from incidents.services import search
from incidents.services.facts import ActorFacts, SourceFacts, VictimFacts, plain

Facts = SourceFacts | VictimFacts | ActorFacts
Row = Source | Victimization | IncidentActor

#: kind of row -> (model, related name)
KINDS: dict[str, tuple[type[Any], str]] = {
    "sources": (Source, "sources"),
    "victims": (Victimization, "victimizations"),
    "actors": (IncidentActor, "actors"),
}


def snapshot(incident: Incident, kind: str) -> list[dict[str, Any]]:
    """The rows of a kind as codes and numbers, for comparing and for revisions.

    Without free text and without the name of a group: a revision is read by more people than those.
    """
    _model, related = KINDS[kind]
    seen = []
    for row in getattr(incident, related).all():
        facts: dict[str, Any] = {"id": str(row.pk)}
        for name in _plain_names(kind):
            if name in {"named_group", "note", "text"}:
                facts[f"has_{name}"] = bool(getattr(row, name))
            else:
                facts[name] = plain(getattr(row, name))
        seen.append(facts)
    return seen


def _plain_names(kind: str) -> tuple[str, ...]:
    kinds: dict[str, Any] = {"sources": SourceFacts, "victims": VictimFacts, "actors": ActorFacts}
    return kinds[kind].PLAIN


def _seal(row: Row, given: Facts, by: User | None) -> None:
    """Put the typed names into the vault; an empty one leaves what is sealed there."""
    sealed = []
    for field in given.SEALED:
        text = getattr(given, field).strip()
        if text:
            kind = "name" if field == "name" else None
            vault.seal(row, field, text, by=by, index=kind)
            setattr(row, f"has_sealed_{field}", True)
            sealed.append(f"has_sealed_{field}")
    if sealed:
        row.save(update_fields=sealed)


def may_take_away(incident: Incident, source: Source, by: User | None) -> bool:
    """Who reported the incident takes away their own sources only; reviewers, those of others."""
    return by is None or source.created_by_id in {None, by.pk} or incident.reporter_id != by.pk


def _values(facts: Facts) -> dict[str, Any]:
    """The plain facts of a row as its model takes them."""
    values = {name: getattr(facts, name) for name in facts.PLAIN}
    if "roles" in values:
        values["roles"] = list(values["roles"])
    return values


def _made(
    incident: Incident,
    kind: str,
    values: dict[str, Any],
    *,
    position: int,
    by: User | None,
    at: datetime,
) -> Any:
    """A new row that is not saved yet."""
    model, _related = KINDS[kind]
    if kind == "sources":
        values = {**values, "created_by": by, "received_at": at}
    # A microsecond apart, so that rows of one form keep their order.
    return model(incident=incident, created_at=at + timedelta(microseconds=position), **values)


class FirstRows:
    """The rows of an incident that is not saved yet.

    Made before it, so that what follows from them (grade, search words) is written with the
    incident itself and nothing is read back: logging is what people wait for most.
    """

    def __init__(
        self,
        incident: Incident,
        given: Mapping[str, Sequence[Facts]],
        *,
        by: User | None,
        at: datetime,
    ) -> None:
        self.by = by
        self.made: dict[str, list[tuple[Any, Facts]]] = {}
        for kind in KINDS:
            if any(facts.id is not None for facts in given[kind]):
                raise NotAllowedFromHere
            rows = [
                None
                if facts.remove
                else _made(incident, kind, _values(facts), position=position, by=by, at=at)
                for position, facts in enumerate(given[kind])
            ]
            if kind == "sources":
                _link(given[kind], rows)  # type: ignore[arg-type]
            self.made[kind] = [
                (row, facts)
                for row, facts in zip(rows, given[kind], strict=True)
                if row is not None
            ]

    @property
    def sources(self) -> list[Source]:
        return [row for row, _facts in self.made["sources"]]

    def save(self) -> None:
        """Write them; typed names go into the vault."""
        for rows in self.made.values():
            for row, facts in rows:
                row.save(force_insert=True)
                _seal(row, facts, self.by)


def write_rows(
    incident: Incident, kind: str, given: Sequence[Facts], *, by: User | None, at: datetime
) -> tuple[bool, list[Any]]:
    """Add, change and take away rows as the form has them.

    Returns whether anything changed, and the rows in the form's order (None where taken away). A
    row that the form does not name stays. A row of another incident is refused.
    """
    _model, related = KINDS[kind]
    here: dict[Any, Any] = {row.pk: row for row in getattr(incident, related).all()}
    written: list[Any] = []
    changed = False
    for position, facts in enumerate(given):
        if facts.id is not None and facts.id not in here:
            raise NotAllowedFromHere
        row = here.get(facts.id) if facts.id is not None else None
        if facts.remove:
            if row is not None:
                if kind == "sources" and not may_take_away(incident, row, by):  # type: ignore[arg-type]
                    raise SourceOfAnother
                vault.forget(row, by=by)
                row.delete()
                changed = True
            written.append(None)
            continue
        values = _values(facts)
        if row is None:
            row = _made(incident, kind, values, position=position, by=by, at=at)
            row.save(force_insert=True)
            changed = True
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            row.save(update_fields=list(values))
            changed = True
        _seal(row, facts, by)
        changed = changed or any(getattr(facts, field).strip() for field in facts.SEALED)
        written.append(row)
    if kind == "sources":
        changed = _link_origins(given, written) or changed  # type: ignore[arg-type]
        if incident.source_key or any(getattr(facts, "text", "") for facts in given):
            search.keep_said(incident)
    return changed, written


def _link_origins(given: Sequence[SourceFacts], written: Sequence[Source | None]) -> bool:
    changed = _link(given, written)
    for row in changed:
        row.save(update_fields=["same_origin_as"])
    return bool(changed)


def _link(given: Sequence[SourceFacts], rows: Sequence[Source | None]) -> list[Source]:
    """Point each source at the one of the form that it has its word from; those that changed."""
    changed = []
    for facts, row in zip(given, rows, strict=True):
        if row is None:
            continue
        place = facts.same_origin_as
        other = rows[place] if place is not None and 0 <= place < len(rows) else None
        if other is not None and other.pk == row.pk:
            other = None
        if row.same_origin_as_id != (other.pk if other else None):
            row.same_origin_as = other
            changed.append(row)
    return changed
