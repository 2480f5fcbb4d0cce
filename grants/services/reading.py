"""What pages say of one grant, read in one statement.

A page of a grant shows a little of some fifteen tables, and works out of them what its next step
lacks. `read` fetches their rows at once and hangs them on the grant as its related rows, so that
`grant.tranches.all()` and its like ask nothing more. Only for pages: a verb reads what it holds
under its locks, when it holds it, and never a grant that was read here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ceasefire.database.together import together
from grants.models import (
    AuthorityRule,
    AuthoritySeat,
    Grant,
    IndicatorValue,
    Officer,
    Organisation,
    Quote,
)
from grants.services import funds

#: What the next step and the parts that people had are worked out of.
NEXT = (
    "amendments",
    "budget_lines",
    "decisions",
    "deferrals",
    "documents",
    "findings",
    "indicators",
    "paper_needs",
    "payments",
    "planned_visits",
    "quotes",
    "reports",
    "risks",
    "tranches",
    "transitions",
    "visits",
)
#: What the parts alone are worked out of (`parts`).
PARTS = ("amendments", "decisions", "payments", "transitions")
#: In which order, where it is another than that of their keys; and only which columns.
_ORDER = {
    "amendments": ("number",),
    "budget_lines": ("number",),
    "documents": ("uploaded_at", "id"),
    "indicators": ("number",),
    "planned_visits": ("due_on", "id"),
    "quotes": ("amount_usd",),
    "reports": ("due_on", "id"),
    "risks": ("number",),
    "screenings": ("-asked_at", "-id"),
    "tranches": ("number",),
    "visits": ("visited_on", "recorded_at"),
}
_ONLY = {
    "documents": ("grant", "type", "stage", "supersedes", "uploaded_by", "uploaded_at"),
    "transitions": ("grant", "role", "actor"),
}


@dataclass
class Read:
    """What was read of a grant beside its own rows, as of a day."""

    day: date
    officers: list[Officer]
    rules: list[AuthorityRule]
    seats: list[AuthoritySeat]
    #: What was worked out once.
    known: dict[Any, Any] = field(default_factory=dict)


def read(grant: Grant, day: date, *more: str, names: Iterable[str] = NEXT) -> Grant:
    """Hang the rows of `names` and `more` on a grant, with officers, rules and seats of a day.

    `values` are those of the indicators. Everybody who is named in a row is there, too.
    """
    asked = {name: _rows(grant, name) for name in (*names, *more) if name != "values"}
    if "values" in more:
        asked["values"] = IndicatorValue.objects.filter(indicator__grant=grant).order_by(
            "as_of", "recorded_at"
        )
    if "quotes" in asked:
        asked["vendors"] = Organisation.objects.filter(
            pk__in=Quote.objects.filter(grant=grant).values("vendor")
        ).order_by("code")
    asked["officers"] = Officer.objects.order_by("code_name")
    asked["rules"] = funds.rules_of_day([grant.fund_id], day)
    asked["seats"] = funds.seats_on(grant.fund_id, day)
    found = together(asked)
    officers = {one.pk: one for one in found["officers"]}
    for name, rows in found.items():
        if name in ("officers", "rules", "seats", "vendors"):
            continue
        for row in rows:
            _name(row, officers)
        if name == "values":
            _hang_values(found["indicators"], rows)
            continue
        for row in rows:
            row.grant = grant
        _hang(grant, name, rows)
    vendors = {one.pk: one for one in found.get("vendors", ())}
    for quote in found.get("quotes", ()):
        quote.vendor = vendors[quote.vendor_id]
    grant.read_together = Read(day, found["officers"], found["rules"], found["seats"])
    return grant


def _rows(grant: Grant, name: str) -> Any:
    rows = getattr(grant, name).all()
    if name in _ONLY:
        rows = rows.only(*_ONLY[name])
    if name == "documents":
        rows = rows.with_last_word()
    if name == "visits":
        rows = rows.with_photos()
    return rows.order_by(*_ORDER.get(name, ("id",)))


def _name(row: Any, officers: dict[Any, Officer]) -> None:
    """Set every officer that a row names, so that nobody is asked for by key."""
    for one in _of_officers(type(row)):
        key = row.__dict__.get(one.attname)
        if key in officers:
            one.set_cached_value(row, officers[key])


def _of_officers(model: Any) -> list[Any]:
    return [one for one in model._meta.concrete_fields if one.related_model is Officer]


def _hang(owner: Any, name: str, rows: list[Any]) -> None:
    """As Django keeps what `prefetch_related` fetched."""
    kept = getattr(owner, name).all()
    kept._result_cache, kept._prefetch_done = rows, True
    if not hasattr(owner, "_prefetched_objects_cache"):
        owner._prefetched_objects_cache = {}
    owner._prefetched_objects_cache[name] = kept


def _hang_values(indicators: list[Any], values: list[Any]) -> None:
    for indicator in indicators:
        _hang(indicator, "values", [one for one in values if one.indicator_id == indicator.pk])


def has(grant: Grant, name: str) -> bool:
    """Whether the rows of a name were read with the grant."""
    return name in getattr(grant, "_prefetched_objects_cache", ())


def once(grant: Grant, key: Any, work: Callable[[], Any]) -> Any:
    """What `work` gives; of a grant that was read, worked out a single time."""
    if grant.read_together is None:
        return work()
    known = grant.read_together.known
    if key not in known:
        known[key] = work()
    return known[key]


def officers(grant: Grant) -> list[Officer]:
    """Everybody who works on grants or did, in the order of their code names."""
    if grant.read_together is not None:
        return list(grant.read_together.officers)
    return list(Officer.objects.order_by("code_name"))


def rules(grant: Grant, award_type: str, day: date) -> list[AuthorityRule]:
    """The confirmed rules of the grant's fund that hold on a day, in their order."""
    read_ = grant.read_together
    if read_ is not None and read_.day == day:
        return [one for one in read_.rules if one.award_type == award_type]
    return list(funds.rules_on(grant.fund_id, award_type, day))


def rules_for(grant: Grant, amount: Any, day: date) -> list[AuthorityRule]:
    """The rules that an amount of this grant needs on a day. Raises `NoRuleForThis`."""
    return funds.within(rules(grant, grant.award_type, day), amount)


def seats(grant: Grant, day: date) -> list[AuthoritySeat]:
    """Who sits on which level of the grant's fund on a day."""
    read_ = grant.read_together
    if read_ is not None and read_.day == day:
        return read_.seats
    return list(funds.seats_on(grant.fund_id, day))


def routed_usd(grant: Grant, amount: Any) -> Any:
    """`funds.routed_usd`, the awards of the same group asked for once."""
    beside = once(grant, "beside", lambda: funds.routed_usd(grant, amount) - amount)
    return amount + beside
