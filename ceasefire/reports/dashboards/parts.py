"""What a dashboard is made of: questions, and rows that set two periods side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire.look.numbers import number_text
from ceasefire.reports.blocks import Block, Item

#: No percentage of a base below this.
FEWEST_FOR_PERCENT = 10


@dataclass(frozen=True)
class Question(Block):
    """A block with more to say: `said` in place of a number; `state`, one of three or "".

    `lines` are words, or with a number in them an `Item` that leads to its records.
    """

    said: str = ""
    state: str = ""
    lines: Sequence[str | Item] = ()
    key: str = ""
    #: The numbers of the chart as a file.
    csv_url: str = ""


@dataclass(frozen=True)
class Known:
    """A number of a period as far as it is known: None where nothing is.

    `hidden` and `missing` are weeks of the period whose number was not published, or that were not
    recorded at all; the sum is then of the others. `incomplete`: reports of its last weeks still
    come in, or it still runs. `early`: published while reports still came in, and kept so.
    `unknown`: incidents whose number nobody knows, so that the sum is of the others.
    """

    value: int | None
    weeks: int
    hidden: int = 0
    missing: int = 0
    incomplete: bool = False
    early: bool = False
    unknown: int = 0

    @property
    def is_whole(self) -> bool:
        return self.value is not None and not self.hidden and not self.missing

    def gaps(self, digits: str) -> str:
        """What is not in the sum, in words; "" where nothing is left out."""
        said = []
        if self.hidden:
            words = ngettext("%(count)s week hidden", "%(count)s weeks hidden", self.hidden)
            said.append(words % {"count": number_text(self.hidden, digits)})
        if self.missing:
            words = ngettext(
                "%(count)s week not recorded", "%(count)s weeks not recorded", self.missing
            )
            said.append(words % {"count": number_text(self.missing, digits)})
        return _(", ").join(said)


@dataclass(frozen=True)
class Row:
    """One thing counted in two periods. Behind people (`of_people`) stand the incidents."""

    label: str
    now: Known
    then: Known | None
    url: str = ""
    then_url: str = ""
    is_total: bool = False
    of_people: bool = False

    def change(self, digits: str) -> str:
        """How the two differ, in words; "" where one of them is not wholly known."""
        if self.then is None:
            return ""
        return change_words(self.now, self.then, digits)


def of_all_sites(block: Block, user: Any) -> Block:
    """A block that counts at all of a person's sites, saying so to whoever has several."""
    if len(user.site_ids) < 2:
        return block
    words = _("At all my sites.")
    return replace(block, note=f"{words} {block.note}".strip())


def change_words(now: Known, then: Known, digits: str) -> str:
    """The change between two periods: never an arrow, and no percentage of a small base.

    "" where a week of either is not known, or the periods are not equally long. Where reports of
    either still come in, or part of a number is unknown, nothing is called fewer or more.
    """
    if not (now.is_whole and then.is_whole) or now.weeks != then.weeks:
        return ""
    before, after = int(then.value or 0), int(now.value or 0)
    words: dict[str, Any] = {
        "before": number_text(before, digits),
        "after": number_text(after, digits),
    }
    if now.incomplete or then.incomplete:
        return _("from %(before)s to %(after)s, still coming in") % words
    if now.early or then.early:
        return _("from %(before)s to %(after)s, counted before all reports were in") % words
    unknown = now.unknown or then.unknown
    if before == after and not unknown:
        return _("the same")
    if unknown or before < FEWEST_FOR_PERCENT:
        return _("from %(before)s to %(after)s") % words
    share = round(100 * (after - before) / before)
    if not share:
        return _("from %(before)s to %(after)s") % words
    words["percent"] = number_text(abs(share), digits)
    if share < 0:
        return _("from %(before)s to %(after)s (%(percent)s%% fewer)") % words
    return _("from %(before)s to %(after)s (%(percent)s%% more)") % words
