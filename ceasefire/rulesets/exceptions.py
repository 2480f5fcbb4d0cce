"""Refusals of rulesets; each message is for the person who asked."""

from typing import Any

from django.utils.translation import gettext_lazy as _


class RulesRefusal(Exception):
    """A ruleset that may not be made; `message` says why in the reader's language."""

    message: Any = _("These rules cannot be kept.")

    def __str__(self) -> str:
        return str(self.message)


class InvalidRules(RulesRefusal):
    """The content does not fit its kind; `faults` names the places, for whoever wrote the code."""

    message = _("These rules do not fit together. Look at the numbers again.")

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class MadeMeanwhile(RulesRefusal):
    message = _("Somebody made another version meanwhile. Look at it, then send once more.")


class NothingChanged(RulesRefusal):
    message = _("These are the rules that count already.")


class TooEarly(RulesRefusal):
    message = _("New rules count from today or later, never for days that have passed.")
