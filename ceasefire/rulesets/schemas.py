"""What each kind of ruleset must hold. A content that fits nothing else is refused whole.

Sources: the program's domain description, rules O1, O2, O4, O5 (thresholds there are defaults that
a site may change, so the limits here only keep out slips of the finger).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ceasefire.rulesets.exceptions import InvalidRules

Check = Callable[[Any, str], list[str]]


def whole(least: int, most: int) -> Check:
    """A whole number between two, both included."""

    def check(value: Any, where: str) -> list[str]:
        if type(value) is not int or not least <= value <= most:
            return [f"{where}: a whole number from {least} to {most}"]
        return []

    return check


def words(most: int) -> Check:
    """A text that is not blank and not longer than `most`."""

    def check(value: Any, where: str) -> list[str]:
        if not isinstance(value, str) or not value.strip() or len(value) > most:
            return [f"{where}: a text of 1 to {most} characters"]
        return [f"{where}: a control character"] if re.search(r"[\x00-\x1f]", value) else []

    return check


def code(value: Any, where: str) -> list[str]:
    """A short word of small letters, never shown."""
    fits = isinstance(value, str) and re.fullmatch(r"[a-z][a-z_]{0,30}[a-z]", value)
    return [] if fits else [f"{where}: a code"]


def record(fields: Mapping[str, Check]) -> Check:
    """Exactly these fields, each as it must be."""

    def check(value: Any, where: str) -> list[str]:
        if not isinstance(value, Mapping) or set(value) != set(fields):
            return [f"{where}: exactly the fields {', '.join(fields)}"]
        return [fault for name, one in fields.items() for fault in one(value[name], name)]

    return check


def rows(one: Check, *, least: int, most: int) -> Check:
    """A list of that many, each as it must be."""

    def check(value: Any, where: str) -> list[str]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            return [f"{where}: a list of {least} to {most}"]
        return [
            fault for number, row in enumerate(value) for fault in one(row, f"{where}.{number}")
        ]

    return check


def _eligibility(content: Any, where: str) -> list[str]:
    faults = record(
        {
            "name": words(40),
            "threshold": whole(1, 20),
            "rescreen_days": whole(7, 366),
            "criteria": rows(
                record({"code": code, "en": words(300), "ar": words(300)}), least=1, most=20
            ),
        }
    )(content, where)
    if faults:
        return faults
    codes = [row["code"] for row in content["criteria"]]
    if len(set(codes)) != len(codes):
        faults.append("criteria: each code once")
    if content["threshold"] > len(codes):
        faults.append("threshold: at most as many as there are criteria")
    return faults


def _contact_standard(content: Any, where: str) -> list[str]:
    faults = record(
        {
            "weekly_contacts": whole(0, 14),
            "weekly_face_to_face": whole(0, 14),
            "monthly_home_visits": whole(0, 31),
            "at_risk_days": whole(1, 180),
            "review_days": whole(1, 366),
        }
    )(content, where)
    if not faults and content["weekly_face_to_face"] > content["weekly_contacts"]:
        faults.append("weekly_face_to_face: not more than contacts of a week")
    if not faults and content["review_days"] < content["at_risk_days"]:
        faults.append("review_days: not before at_risk_days")
    return faults


def _caseload_band(content: Any, where: str) -> list[str]:
    faults = record(
        {
            "least": whole(0, 100),
            "target_from": whole(1, 100),
            "target_to": whole(1, 100),
            "hard_cap": whole(1, 100),
        }
    )(content, where)
    if not faults:
        steps = [content[name] for name in ("least", "target_from", "target_to", "hard_cap")]
        if steps != sorted(steps):
            faults.append("caseload: least, target from, target to, hard cap in rising order")
    return faults


KINDS: dict[str, Check] = {
    "eligibility": _eligibility,
    "contact_standard": _contact_standard,
    "caseload_band": _caseload_band,
}


def validate(kind: str, content: Any) -> None:
    """Raise `InvalidRules` where the content does not fit its kind."""
    if kind not in KINDS:
        raise InvalidRules([f"kind: one of {', '.join(KINDS)}"])
    if faults := KINDS[kind](content, kind):
        raise InvalidRules(faults)
