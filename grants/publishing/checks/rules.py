"""The rule set of IATI (`standard.json`), evaluated as its specification describes each form.

Written from github.com/IATI/IATI-Rulesets SPEC.rst (version-2.03); the official evaluator of this
file is a service in JavaScript, and the Python tool beside the rules stops at its forms. XPath 1.0
by lxml. Every activity stands in a root of its own, so `/iati-activities/iati-activity` finds it.

Two conditions ask a register of publishers that is not at hand offline (`idCondition`): those rules
are applied to everybody, and what they find is a note. So is a missing registered prefix.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

from grants.publishing.checks import SCHEMAS, Finding
from grants.publishing.checks.codes import codes_of

_XML = "http://www.w3.org/XML/1998/namespace"
_LANG = f"{{{_XML}}}lang"
#: What a rule set may not hold without our knowing how to apply it.
_KNOWN = {
    "condition", "idCondition", "paths", "less", "more", "regex", "sum", "date", "start", "end",
    "one", "all", "foreach", "do", "subs", "prefix", "separator", "min", "max", "if", "then",
    "ruleInfo",
}  # fmt: skip


class Rule(NamedTuple):
    """One case of the rule set, in its context."""

    context: etree.XPath
    form: str
    case: dict[str, Any]


@lru_cache(maxsize=4096)
def _path(expression: str) -> etree.XPath:
    return etree.XPath(expression, namespaces={"xml": _XML})


def read(ruleset: dict[str, Any]) -> tuple[Rule, ...]:
    """The cases of a rule set that speak of activities; ValueError where a form is unknown."""
    found = []
    for context, forms in ruleset.items():
        if "/iati-organisation" in context:
            continue
        for form, body in forms.items():
            if form not in FORMS:
                raise ValueError(f"The rule set has a form that is not known here: {form}")
            for case in body["cases"]:
                if set(case) - _KNOWN:
                    raise ValueError(f"A rule says what is not known here: {set(case) - _KNOWN}")
                found.append(Rule(_path(context), form, case))
    return tuple(found)


@lru_cache(maxsize=1)
def standard() -> tuple[Rule, ...]:
    """The published rule set."""
    path = SCHEMAS / "iati-2.03" / "ruleset-standard.json"
    return read(json.loads(path.read_text(encoding="utf-8")))


def check(
    activity: Any, entry: str, *, today: date, rules: tuple[Rule, ...] | None = None
) -> Iterator[Finding]:
    """The rules that one activity breaks. It has a root `iati-activities` above it."""
    elements: dict[etree.XPath, list[Any]] = {}
    for rule in standard() if rules is None else rules:
        # Many rules stand in few contexts.
        if rule.context not in elements:
            elements[rule.context] = rule.context(activity)
        for element in elements[rule.context]:
            yield from _applied(rule.form, element, rule.case, entry, today)


def _applied(form: str, element: Any, case: dict[str, Any], entry: str, today: date) -> Any:
    if form == "loop":
        yield from _loop(element, case, entry, today)
        return
    condition = case.get("condition")
    if condition is not None and not _path(condition)(element):
        return
    if FORMS[form](element, case, today):
        return
    info = case.get("ruleInfo", {})
    by_register = "idCondition" in case
    yield Finding(
        "note" if by_register else "rules",
        info.get("id", form),
        entry,
        element.getroottree().getelementpath(element),
        info.get("message", form),
    )


# --- the forms: True where the element keeps the rule -------------------------------------------


def _all(element: Any, case: dict[str, Any], key: str = "paths") -> list[Any]:
    """What the paths of a case find: elements, attribute values and texts."""
    found: list[Any] = []
    for path in case[key]:
        values = _path(path)(element)
        found.extend(values if isinstance(values, list) else [values])
    return found


def _text(value: Any) -> str:
    """The text of an element, or the value of an attribute."""
    return str(value) if isinstance(value, str) else "".join(value.itertext())


def _day(value: Any) -> date | None:
    """A day, or the day of a moment; None where it is neither (the schema speaks of that)."""
    text = _text(value).strip()
    try:
        return date.fromisoformat(text[:10]) if len(text) <= 10 else _moment(text).date()
    except ValueError:
        return None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _days(element: Any, path: str, today: date) -> list[date]:
    if path == "NOW":
        return [today]
    return [day for value in _path(path)(element) if (day := _day(value)) is not None]


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(_text(value).strip())
    except InvalidOperation:
        return None


def no_more_than_one(element: Any, case: dict[str, Any], today: date) -> bool:
    return len(_all(element, case)) <= 1


def atleast_one(element: Any, case: dict[str, Any], today: date) -> bool:
    """Something that says something: an empty attribute or text is not there."""
    return any(not isinstance(one, str) or one.strip() for one in _all(element, case))


def one_or_all(element: Any, case: dict[str, Any], today: date) -> bool:
    """`one` stands on the activity, or `all` on every element that it is about.

    Languages: on every narrative. Currencies: on every value. Sectors: with none on any
    transaction or with one on all of them; a sector of the activity beside them is another rule's.
    """
    if _path(case["one"])(element):
        return True
    if case["all"] == "lang":
        return all(one.get(_LANG) for one in element.iter("narrative"))
    if case["all"] == "currency":
        names = ("value", "loan-status", "forecast")
        return all(one.get("currency") for one in element.iter(*names))
    if case["all"] == "sector":
        moved = element.findall("transaction")
        with_sector = [one for one in moved if one.find("sector") is not None]
        return not with_sector or len(with_sector) == len(moved)
    raise ValueError(f"A rule asks for what is not known here: {case['all']}")


def date_order(element: Any, case: dict[str, Any], today: date) -> bool:
    """No `less` after any `more`; equal is in order, and so is what is not there."""
    less = _days(element, case["less"], today)
    more = _days(element, case["more"], today)
    return not less or not more or max(less) <= min(more)


def date_now(element: Any, case: dict[str, Any], today: date) -> bool:
    return all(day <= today for day in _days(element, case["date"], today))


def time_limit(element: Any, case: dict[str, Any], today: date) -> bool:
    """From start to end at most a year."""
    starts, ends = _days(element, case["start"], today), _days(element, case["end"], today)
    return all(end <= _year_after(start) for start in starts for end in ends)


def _year_after(day: date) -> date:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if leap else day.day)


def between_dates(element: Any, case: dict[str, Any], today: date) -> bool:
    starts, ends = _days(element, case["start"], today), _days(element, case["end"], today)
    return all(
        start <= day <= end
        for day in _days(element, case["date"], today)
        for start in starts
        for end in ends
    )


def regex_matches(element: Any, case: dict[str, Any], today: date) -> bool:
    return all(re.search(case["regex"], _text(one)) for one in _all(element, case))


def regex_no_matches(element: Any, case: dict[str, Any], today: date) -> bool:
    return not any(re.search(case["regex"], _text(one)) for one in _all(element, case))


def startswith(element: Any, case: dict[str, Any], today: date) -> bool:
    """Each begins with one of the prefixes, the separator, and something after it."""
    if case["prefix"] == ["ORG-ID-PREFIX"]:
        prefixes = _registered()
    else:
        prefixes = tuple(text for one in _all(element, case, "prefix") if (text := _text(one)))
    separator = case.get("separator", "")
    beginnings = tuple(prefix + separator for prefix in prefixes) if separator else prefixes
    return all(_text(one).startswith(beginnings) for one in _all(element, case))


@lru_cache(maxsize=1)
def _registered() -> tuple[str, ...]:
    """Prefixes of registers of organisations."""
    return tuple(codes_of("OrganisationRegistrationAgency"))


def unique(element: Any, case: dict[str, Any], today: date) -> bool:
    texts = [_text(one).strip() for one in _all(element, case)]
    return len(set(texts)) == len(texts)


def if_then(element: Any, case: dict[str, Any], today: date) -> bool:
    return not _path(case["if"])(element) or bool(_path(case["then"])(element))


def strict_sum(element: Any, case: dict[str, Any], today: date) -> bool:
    """The decimal sum is exactly the number; what is no number makes it none."""
    numbers = [_number(one) for one in _all(element, case)]
    if None in numbers:
        return False
    return not numbers or sum(one for one in numbers if one is not None) == Decimal(
        str(case["sum"])
    )


def in_range(element: Any, case: dict[str, Any], today: date) -> bool:
    low, high = Decimal(str(case["min"])), Decimal(str(case["max"]))
    numbers = [_number(one) for one in _all(element, case)]
    return all(one is not None and low <= one <= high for one in numbers)


def no_spaces(element: Any, case: dict[str, Any], today: date) -> bool:
    return all(_text(one) == _text(one).strip() for one in _all(element, case))


def _loop(element: Any, case: dict[str, Any], entry: str, today: date) -> Iterator[Finding]:
    """For every different value that `foreach` finds, the rules of `do` with it in place of $1."""
    for value in sorted({_text(one) for one in _path(case["foreach"])(element)}):
        if "'" in value:
            # It cannot stand in the rule's quotes; a code with an apostrophe is in no list.
            continue
        for form, body in case["do"].items():
            for inner in body["cases"]:
                # The rules name what to fill in, but some conditions that need it are left out.
                filled = {
                    key: _with(text, value)
                    for key, text in inner.items()
                    if key in ("if", "then", "paths", "condition") or key in case["subs"]
                }
                yield from _applied(form, element, {**inner, **filled}, entry, today)


def _with(text: Any, value: str) -> Any:
    if isinstance(text, list):
        return [_with(one, value) for one in text]
    return text.replace("$1", value)


FORMS: dict[str, Callable[[Any, dict[str, Any], date], bool]] = {
    "no_more_than_one": no_more_than_one,
    "atleast_one": atleast_one,
    "one_or_all": one_or_all,
    "date_order": date_order,
    "date_now": date_now,
    "time_limit": time_limit,
    "between_dates": between_dates,
    "regex_matches": regex_matches,
    "regex_no_matches": regex_no_matches,
    "startswith": startswith,
    "unique": unique,
    "if_then": if_then,
    "strict_sum": strict_sum,
    "range": in_range,
    "no_spaces": no_spaces,
    # Filled in by `_loop`, which applies the others.
    "loop": lambda element, case, today: True,
}
