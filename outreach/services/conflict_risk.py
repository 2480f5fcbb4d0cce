"""How great the risk of a conflict is, from the four dimensions measured for it, in words.

Who is involved, whether it is a retaliation, how many people, and how likely a shooting is. What is
not known never makes a risk smaller than what is known: it is named beside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from outreach.models import Conflict

#: Sides that come with a following.
_FOLLOWING = frozenset({"tribe", "party"})


@dataclass(frozen=True)
class Risk:
    """A level of `Conflict.Risk`, why, and what of the four is not known."""

    level: str
    reasons: tuple[Any, ...]
    unknown: tuple[Any, ...]


def risk_of(
    *,
    kind: str,
    violent_history: str,
    weapons: str,
    persons_band: str,
    shooting: str,
    imminent: bool,
    is_retaliation: bool,
    parties: Iterable[str] = (),
) -> Risk:
    """The risk of a conflict with these facts; `parties` are the kinds of its sides.

    Each dimension weighs nothing, something (1) or much (2). High: a shooting is very likely or may
    happen any hour, or two dimensions weigh much together with what else is said (4). Medium: one
    weighs much, or two something (2). Low: less, but only where somebody said how likely a shooting
    is; not assessed before.
    """
    sides = set(parties)
    reasons: list[Any] = []
    unknown: list[Any] = []

    weight, who = _who(violent_history, weapons, sides)
    reasons += who
    if violent_history == "unknown" and weapons == "unknown":
        unknown.append(_("Who is involved"))

    if kind == "retaliation" or is_retaliation:
        weight += 2
        reasons.append(_("It is in revenge for something."))

    many, how_many = _number(persons_band)
    weight += many
    reasons += how_many
    if persons_band == "unknown":
        unknown.append(_("How many people"))

    likely, shots = _shooting(shooting, imminent)
    weight += likely
    reasons += shots
    if shooting == "unknown" and not imminent:
        unknown.append(_("How likely a shooting is"))

    if imminent or shooting == "very_likely" or weight >= 4:
        level = Conflict.Risk.HIGH
    elif weight >= 2:
        level = Conflict.Risk.MEDIUM
    elif shooting == "unknown":
        level = Conflict.Risk.UNKNOWN
    else:
        level = Conflict.Risk.LOW
    return Risk(level.value, tuple(reasons), tuple(unknown))


def _who(history: str, weapons: str, sides: set[str]) -> tuple[int, list[Any]]:
    reasons: list[Any] = []
    weight = 0
    if history == "yes":
        weight = 2
        reasons.append(_("Key persons used violence before."))
    if "armed_group" in sides:
        weight = 2
        reasons.append(_("An armed group is a side."))
    if weapons == "yes":
        weight = max(weight, 1)
        reasons.append(_("Weapons are present."))
    if sides & _FOLLOWING:
        weight = max(weight, 1)
        reasons.append(_("A tribe or a party stands behind a side."))
    return weight, reasons


def _number(band: str) -> tuple[int, list[Any]]:
    if band == "16+":
        return 2, [_("Sixteen people or more are part of it.")]
    if band == "7-15":
        return 1, [_("More than six people are part of it.")]
    return 0, []


def _shooting(likelihood: str, imminent: bool) -> tuple[int, list[Any]]:
    reasons: list[Any] = []
    if imminent:
        reasons.append(_("It may happen any hour."))
    if likelihood == "very_likely":
        return 2, [*reasons, _("A shooting is very likely.")]
    if likelihood == "likely":
        return 2, [*reasons, _("A shooting is likely.")]
    return 0, reasons


def risk_now(conflict: Conflict, kinds: Iterable[str], *, causes: bool) -> Risk:
    """The risk of a conflict as it stands; `causes`: it is in revenge for an incident."""
    return risk_of(
        kind=conflict.kind,
        violent_history=conflict.violent_history,
        weapons=conflict.weapons,
        persons_band=conflict.persons_band,
        shooting=conflict.shooting,
        imminent=conflict.imminent,
        is_retaliation=causes or conflict.retaliation_for_id is not None,
        parties=kinds,
    )
