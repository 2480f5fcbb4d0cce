"""A report as a device sends it: read into the forms of the page, so that the same rules hold and
the errors are the same words."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ceasefire.api.exceptions import Refused
from ceasefire.api.operations import check_types, invalid
from ceasefire.api.shapes import (
    COUNT,
    DAY,
    FLAG,
    TEXT,
    Schema,
    closed,
    coded,
    many,
    one_of,
    or_null,
)
from incidents.forms.incident import LogForm
from incidents.forms.rows import ActorRows, SourceRows, VictimRows

#: More rows than this the forms of the page do not take either.
MOST_ROWS = 30
SOURCE_PARTS = ("kind", "reliability", "credibility", "text", "name", "contact")
SEALED: Schema = {**TEXT, "maxLength": 120, "description": "Goes to the vault; never answered."}
CHECKED: Schema = {
    **FLAG,
    "description": "The texts were checked: words that look like a sealed name are none.",
}


def _code(name: str) -> Schema:
    return coded(name)()


def _number(name: str) -> Schema:
    from ceasefire.api.shapes import numbered

    return numbered(name)()


def source_schema() -> Schema:
    return closed(
        {
            "kind": _code("source_kind"),
            "reliability": _code("reliability"),
            "credibility": _code("credibility"),
            "text": {**TEXT, "maxLength": 2000, "description": "What they said, without names."},
            "name": SEALED,
            "contact": SEALED,
            "same_origin": {**FLAG, "description": "From the same origin as the first source."},
        },
        required=("kind", "reliability", "credibility"),
    )


def victim_schema() -> Schema:
    return closed(
        {
            "harm": _code("harm"),
            "sex": _code("sex"),
            "age": or_null({**COUNT, "maximum": 120}),
            "age_band": _code("age_band"),
            "roles": many(_code("victim_role")),
            "nationality": {**TEXT, "maxLength": 40},
            "gunshot": _code("yes_no_unknown"),
            "hospital": _code("yes_no_unknown"),
            "outcome": _code("outcome"),
            "outcome_on": or_null(DAY),
            "name": SEALED,
        },
        required=("harm",),
    )


def actor_schema() -> Schema:
    return closed(
        {
            "category": _code("actor_category"),
            "named_group": {**TEXT, "maxLength": 120},
            "certainty": _code("actor_certainty"),
            "count_band": _code("count_band"),
            "note": {**TEXT, "maxLength": 200},
        },
        required=("category",),
    )


def report_schema() -> Schema:
    """What a report may hold. A draft needs a type, a day and a place; a sent one more."""
    count = or_null({**COUNT, "maximum": 99_999})
    degrees: Schema = {"type": ["number", "null"]}
    return closed(
        {
            "site": {**TEXT, "description": "May be left out by who has one site only."},
            "submit": {**FLAG, "default": True, "description": "False keeps it as a draft."},
            "type": _code("incident_type"),
            "subtype": {**TEXT, "maxLength": 60},
            "day": {**DAY, "description": "The day it began, in Baghdad."},
            "clock": or_null({**TEXT, "description": "Hours:minutes, where known."}),
            "time_of_day": _code("time_of_day"),
            "time_precision": _number("time_precision"),
            "until": or_null(DAY),
            "place": {**TEXT, "description": "P-code. May be left out with a point."},
            "lat": degrees,
            "lon": degrees,
            "geo_precision": or_null(_number("geo_precision")),
            "place_type": _code("place_type"),
            "killed_best": count,
            "killed_unknown": {**FLAG, "description": "Asked, and not known."},
            **{f"killed_{part}": count for part in ("min", "max")},
            **{f"injured_{part}": count for part in ("min", "best", "max")},
            "abducted": count,
            "motive": _code("motive"),
            "method": _code("method"),
            "weapons": many(_code("weapon")),
            "summary": {**TEXT, "maxLength": 4000, "description": "Without names."},
            "names_checked": CHECKED,
            "public_safety": FLAG,
            "staff_involved": FLAG,
            "sources": many(source_schema(), MOST_ROWS),
            "victims": many(victim_schema(), MOST_ROWS),
            "actors": many(actor_schema(), MOST_ROWS),
            "likely_duplicates": {
                **one_of(["log", "ask"]),
                "default": "log",
                "description": "`ask`: a report that looks like an incident here is answered with "
                "409 and kept nowhere; send it again with one of the next two.",
            },
            "second_report_of": {
                **TEXT,
                "maxLength": 24,
                "description": "Code of the incident that it tells of: its sources go there.",
            },
            "other_than": {
                **many({**TEXT, "maxLength": 24}, MOST_ROWS),
                "description": "Codes of incidents that it was compared with and is not.",
            },
        },
        required=("type", "day"),
    )


#: What of a report is said about it and is not of the event.
ABOUT = frozenset({"submit", "likely_duplicates", "second_report_of", "other_than"})
EXAMPLE = {
    "type": "MUR",
    "day": "2026-11-18",
    "time_of_day": "evening",
    "place": "IQG02Q02N02-ASHAR",
    "killed_best": 1,
    "sources": [{"kind": "family", "reliability": "C", "credibility": "3"}],
}


class Report:
    """A report as the forms of the page hold it."""

    def __init__(self, body: Mapping[str, Any], *, key: UUID, by: Any, sites: list[Any]) -> None:
        check_types(body, report_schema())
        self.is_draft = body.get("submit") is False
        self.asks = body.get("likely_duplicates") == "ask" and not self.is_draft
        self.second_report_of: str = body.get("second_report_of", "")
        self.other_than: list[str] = list(body.get("other_than", []))
        sources = list(body.get("sources", []))
        first, more = (sources[:1] or [{}])[0], sources[1:]
        checked = bool(body.get("names_checked"))
        plain = {
            name: value
            for name, value in body.items()
            if name not in {*ABOUT, "sources", "victims", "actors"}
        }
        data = _typed({**plain, "when": "pick", "key": str(key)}) | {
            f"source_{part}": value for part, value in _typed(first).items() if part in SOURCE_PARTS
        }
        self.form = LogForm(data, by=by, sites=sites, is_draft=self.is_draft)
        self.sources = _rows(SourceRows, "sources", more, checked, form_kwargs={"by": by})
        self.victims = _rows(VictimRows, "victims", body.get("victims", []))
        self.actors = _rows(ActorRows, "actors", body.get("actors", []))
        if sources and self.is_draft:
            # A source that is told at all is told with its grade.
            for part in ("kind", "reliability", "credibility"):
                self.form.fields[f"source_{part}"].required = True

    def refuse_faults(self) -> None:
        """Raise what is wrong with it, field by field."""
        forms = (self.form, self.sources, self.victims, self.actors)
        if all([form.is_valid() for form in forms]):
            return
        found: dict[str, list[Any]] = {}
        for name, errors in self.form.errors.get_json_data().items():
            found.setdefault(field_of(name), []).extend(errors)
        kinds = (("sources", self.sources, 1), ("victims", self.victims, 0))
        for kind, rows, start in (*kinds, ("actors", self.actors, 0)):
            for position, form in enumerate(rows.forms, start=start):
                for name, errors in form.errors.get_json_data().items():
                    found.setdefault(f"{kind}.{position}.{name}", []).extend(errors)
            whole = rows.non_form_errors().get_json_data()
            if whole:
                found.setdefault(kind, []).extend(whole)
        raise refused(found)

    def given(self) -> dict[str, Any]:
        """What the service takes."""
        first = self.form.first_source()
        return {
            "site": self.form.chosen_site(),
            "facts": self.form.facts(),
            "sources": ([first] if first else []) + self.sources.facts(),
            "victims": self.victims.facts(),
            "actors": self.actors.facts(),
            "submit": not self.is_draft,
        }


def field_of(name: str) -> str:
    """The body's name of a field of the form."""
    if name.startswith("source_"):
        return f"sources.0.{name.removeprefix('source_')}"
    return {"__all__": "report", "place_listed": "place", "when": "day"}.get(name, name)


def refused(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> Refused:
    """The refusal with every error's code; one without is plainly invalid."""
    return invalid(
        {
            name: [
                {"code": one.get("code") or "invalid", "message": one["message"]} for one in errors
            ]
            for name, errors in found.items()
        }
    )


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of JSON as a page would send them; what is null or false is not sent."""
    data: dict[str, Any] = {}
    for name, value in values.items():
        if value is None or value is False:
            continue
        if value is True:
            data[name] = "on"
        elif isinstance(value, float):
            data[name] = f"{value:.12f}".rstrip("0").rstrip(".")
        elif isinstance(value, list):
            data[name] = [str(item) for item in value]
        else:
            data[name] = str(value)
    return data


def _rows(
    rows: Any, prefix: str, given: Sequence[Mapping[str, Any]], checked: bool = False, **more: Any
) -> Any:
    data: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(given), f"{prefix}-INITIAL_FORMS": 0}
    for position, values in enumerate(given):
        typed = _typed(values)
        if checked:
            typed["names_checked"] = "on"
        data |= {f"{prefix}-{position}-{name}": value for name, value in typed.items()}
    made = rows(data, prefix=prefix, **more)
    for form in made.forms:
        # An empty row of a page is one nobody filled in; of a program it is a fault.
        form.empty_permitted = False
    return made
