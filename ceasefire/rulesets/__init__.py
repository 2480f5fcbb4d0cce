"""Rules with a number in them, kept as dated versions: what counts today, and what counted then.

A ruleset is never changed: another version takes its place from a day on, for one site or as the
default of all. A record that was judged by one keeps it, so an old judgement can be read again.

    from ceasefire import rulesets

    rules = rulesets.current("contact_standard", site)
    rules.content["weekly_contacts"]

Kinds and what each must hold stand in `schemas`; the shipped defaults in `shipped`. May import
audit and what lies below; REO's database role has no right on the table.
"""

from typing import TYPE_CHECKING, Any

from ceasefire.rulesets.exceptions import (
    InvalidRules,
    MadeMeanwhile,
    NothingChanged,
    RulesRefusal,
    TooEarly,
)

if TYPE_CHECKING:
    from ceasefire.rulesets.models import Ruleset
    from ceasefire.rulesets.services import by_site, current, make, upcoming

__all__ = [
    "InvalidRules",
    "MadeMeanwhile",
    "NothingChanged",
    "RulesRefusal",
    "Ruleset",
    "TooEarly",
    "by_site",
    "current",
    "make",
    "upcoming",
]

_SERVICES = {"by_site", "current", "make", "upcoming"}


def __getattr__(name: str) -> Any:
    # Looked up at first use: models can not be imported before the apps are loaded.
    from importlib import import_module

    if name == "Ruleset":
        return import_module("ceasefire.rulesets.models").Ruleset
    if name in _SERVICES:
        return getattr(import_module("ceasefire.rulesets.services"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
