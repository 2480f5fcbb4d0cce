"""Forms that are kept as they came: a second report's, and one that came again with other content.

What such a form tells of people stands in its content, row by row, without names; those are sealed
as one under the form's own key. A reviewer takes rows over into the record.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from ceasefire import periods, vault
from ceasefire.people.models import User
from incidents.exceptions import GuardedStays, NotAllowedFromHere, NotForThisPerson
from incidents.models import SEES_SENSITIVE, ConflictingSubmission, Incident, SecondReport
from incidents.services import rules, trail
from incidents.services.facts import ActorFacts, SourceFacts, VictimFacts
from incidents.services.facts import plain as plainly
from incidents.services.reading import may_read_form
from incidents.services.records import edit_incident, may_edit, may_revise, revise_incident
from incidents.services.sources import add_source, may_add_source
from incidents.services.workflow import SETTLED, locked

Form = SecondReport | ConflictingSubmission
FACTS: dict[str, Any] = {"victims": VictimFacts, "actors": ActorFacts, "sources": SourceFacts}
#: How a form is called in an address: the model, and how it is found under its record.
FORMS: dict[str, tuple[Any, Any]] = {
    "told": (SecondReport, UUID),
    "again": (ConflictingSubmission, int),
}
#: The reason of a correction that takes a row over.
TAKEN_OVER = "taken over from a report"


@dataclass(frozen=True)
class KeptRow:
    """One person harmed, one of the perpetrators' side, or one source, as a form told of them."""

    kind: str
    position: int
    values: dict[str, Any]
    #: Which of its names lie in the vault. A form of older days does not say: any may.
    sealed: tuple[str, ...]
    is_taken: bool

    @property
    def path(self) -> str:
        return f"{self.kind}.{self.position}"


def address_of(kept: Form, row: KeptRow) -> str:
    """What a page calls a row of a kept form: `told.<key>.victims.0`."""
    name = "told" if isinstance(kept, SecondReport) else "again"
    return f"{name}.{kept.pk}.{row.path}"


def kept_rows(kept: Form) -> list[KeptRow]:
    """Every row of people and sources that a form holds, in its order."""
    return list(_rows(kept.content))


def _rows(content: dict[str, Any]) -> Iterator[KeptRow]:
    for kind, facts in FACTS.items():
        for position, row in enumerate(content.get(kind) or ()):
            yield KeptRow(
                kind=kind,
                position=position,
                values={name: row[name] for name in facts.PLAIN if name in row},
                sealed=tuple(name for name in facts.SEALED if row.get(f"has_sealed_{name}", True)),
                is_taken=bool(row.get("taken_at")),
            )


def new_rows(kept: Form, standing: Mapping[str, Iterable[Any]]) -> list[KeptRow]:
    """The rows of a form that the record does not hold already; one with a name may be another.

    `standing` are the record's own rows: {"victims" | "actors" | "sources": rows}.
    """
    here = {
        kind: [
            {name: plainly(getattr(one, name)) for name in facts.PLAIN} for one in standing[kind]
        ]
        for kind, facts in FACTS.items()
    }
    found = []
    for row in kept_rows(kept):
        same = {name: plainly(value) for name, value in row.values.items()}
        if same in here[row.kind] and not row.sealed and not row.is_taken:
            here[row.kind].remove(same)
            continue
        found.append(row)
    return found


def find_row(incident: Incident, address: str, by: User) -> tuple[Form, KeptRow] | None:
    """The row that an address names among the forms of a record that this person may read."""
    try:
        name, key, kind, position = address.split(".")
        model, read = FORMS[name]
        kept = model.objects.filter(incident=incident, pk=read(key)).first()
        place = int(position)
    except (KeyError, ValueError, ValidationError):
        return None
    if kept is None or not _may_read(incident, kept, by):
        return None
    return next(
        ((kept, row) for row in kept_rows(kept) if (row.kind, row.position) == (kind, place)), None
    )


def _may_read(incident: Incident, kept: Form, by: User) -> bool:
    """As the page shows them: to reviewers, to who sent them, and to the reporter."""
    is_theirs = kept.by_id == by.pk or by.has_perm("incidents.review_incident")
    if isinstance(kept, ConflictingSubmission):
        is_theirs = is_theirs or incident.reporter_id == by.pk
    return is_theirs and may_read_form(incident, kept, by)


def reveal_kept(kept: Form, row: KeptRow, *, field: str, by: User, reason: str) -> str:
    """One sealed name of a kept form, for a reason: as `vault.reveal`, which counts and records."""
    names = json.loads(vault.reveal(kept, "names", by=by, reason=reason))
    return str(names.get(f"{row.path}.{field}", ""))


def may_take_over(incident: Incident, by: User, *, kind: str = "victims") -> bool:
    """Reviewers who may change the record as it stands now."""
    if not by.has_perm("incidents.review_incident"):
        return False
    if kind == "sources":
        return may_add_source(incident, by)
    return may_edit(incident, by) or may_revise(incident, by)


@transaction.atomic
def take_over_row(
    incident: Incident, address: str, *, by: User, at: datetime | None = None
) -> Incident:
    """Add a row that a kept form told of to the record, its sealed name with it; once.

    On an accepted record it is a revision. A row of a sensitive form is refused (`GuardedStays`)
    where the reporter of the record, who did not send it and may not see such, would come to
    read it.
    """
    incident, at = locked(incident), at or periods.now()
    found = find_row(incident, address, by)
    if found is None or not incident.is_visible_to(by):
        raise NotForThisPerson
    model: Any = type(found[0])
    kept: Form = model.objects.select_for_update().get(pk=found[0].pk)
    row = next(one for one in kept_rows(kept) if one.path == found[1].path)
    if not may_take_over(incident, by, kind=row.kind):
        raise NotForThisPerson
    if row.is_taken:
        raise NotAllowedFromHere
    reporter = incident.reporter
    if (
        rules.is_sensitive_content(kept.content)
        and reporter is not None
        and reporter.pk != kept.by_id
        and reporter.role not in SEES_SENSITIVE
    ):
        raise GuardedStays
    facts = _facts(kept, row, by=by)
    if row.kind == "sources":
        add_source(incident, facts=facts, by=by, at=at)
    else:
        given: dict[str, Any] = {
            "facts": {},
            row.kind: [facts],
            "version": incident.version,
            "by": by,
            "at": at,
        }
        if incident.workflow_state in SETTLED:
            revise_incident(incident, reason=TAKEN_OVER, **given)
        else:
            edit_incident(incident, **given)
    kept.content[row.kind][row.position]["taken_at"] = at.isoformat()
    kept.save(update_fields=["content"])
    incident = locked(incident)
    trail.record(
        "incident.row_taken_over",
        subject=incident,
        by=by,
        fields=[row.kind],
        guarded=rules.is_sensitive_content(kept.content),
    )
    return incident


def _facts(kept: Form, row: KeptRow, *, by: User) -> Any:
    """The row as a form would give it, with its names from the vault."""
    values = dict(row.values)
    if row.kind == "victims":
        values["roles"] = tuple(values.get("roles") or ())
        if values.get("outcome_on"):
            values["outcome_on"] = date.fromisoformat(values["outcome_on"])
    if row.sealed:
        names = json.loads(vault.unseal(kept, "names", by=by) or "{}")
        for field in row.sealed:
            values[field] = names.get(f"{row.path}.{field}", "")
    return FACTS[row.kind](**values)
