"""What is asked of a dashboard: a site, a place, a period, and the period to set beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from ceasefire import periods
from ceasefire.look.forms import DayField, NormalisedForm
from ceasefire.look.numbers import in_digits, number_text
from ceasefire.periods import SUNDAY, Week

#: Whole weeks up to the last one that is over.
PRESETS = {"week": 1, "4": 4, "12": 12}
#: Nobody reads more at once, and no sum takes long.
MOST_WEEKS = 106
#: Weeks are set beside the same weeks of the year before: 52 weeks, so that weekdays agree.
YEAR = timedelta(weeks=52)


@dataclass(frozen=True)
class Span:
    """Whole weeks of a site, half-open: `end` is the first day after them."""

    start: date
    end: date

    @property
    def weeks(self) -> int:
        return (self.end - self.start).days // 7

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def starts(self) -> list[date]:
        """The first day of each week."""
        return [self.start + timedelta(weeks=number) for number in range(self.weeks)]

    def moved(self, by: timedelta) -> Span:
        return Span(self.start + by, self.end + by)

    def before(self) -> Span:
        """As many weeks, just before."""
        return Span(self.start - (self.end - self.start), self.start)

    def words(self, digits: str = "western") -> str:
        """ "15 to 21 November 2026"; month and year are said once where they are the same."""
        language = get_language() or "en"
        first = str(self.start.day)
        if (self.start.month, self.start.year) != (self.last_day.month, self.last_day.year):
            first += f" {periods.month_name(self.start.month, language)}"
        if self.start.year != self.last_day.year:
            first += f" {self.start.year}"
        words = _("%(first)s to %(last)s") % {
            "first": first,
            "last": periods.long_date(self.last_day, language),
        }
        return in_digits(words, digits)

    def length(self, digits: str = "western") -> str:
        """ "1 week", "4 weeks"."""
        words = ngettext("%(count)s week", "%(count)s weeks", self.weeks)
        return words % {"count": number_text(self.weeks, digits)}


def whole_weeks(first: date, last: date, week_start: int) -> Span:
    """The weeks that hold two days and all between them."""
    return Span(Week.of(first, week_start).start, Week.of(last, week_start).end)


@dataclass(frozen=True)
class SiteChoice:
    """A site as the form knows it: for REO it is known by its published reports only."""

    code: str
    name: str
    week_start: int = SUNDAY
    #: The first day after the last week that can be asked for by a preset.
    known_to: date | None = None


class Asked(NormalisedForm):
    """The answers in the address. What is not understood is said at its field, and kept."""

    site = forms.ChoiceField(label=gettext_lazy("Site"), required=False)
    place = forms.ChoiceField(
        label=gettext_lazy("Place"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("This is no place of the chosen site.")},
    )
    period = forms.ChoiceField(
        label=gettext_lazy("Period"),
        required=False,
        choices=[
            ("week", gettext_lazy("The last week")),
            ("4", gettext_lazy("The last 4 weeks")),
            ("12", gettext_lazy("The last 12 weeks")),
            ("days", gettext_lazy("Other days")),
        ],
    )
    since = DayField(label=gettext_lazy("From"), required=False)
    until = DayField(label=gettext_lazy("Until"), required=False)
    beside = forms.ChoiceField(
        label=gettext_lazy("Compare with"),
        required=False,
        choices=[
            ("before", gettext_lazy("The period before")),
            ("year", gettext_lazy("The same weeks a year ago")),
            ("days", gettext_lazy("Other days")),
            ("none", gettext_lazy("Nothing")),
        ],
    )
    beside_since = DayField(label=gettext_lazy("Compare from"), required=False)
    beside_until = DayField(label=gettext_lazy("Compare until"), required=False)

    show_optional = False

    def __init__(
        self,
        data: Any,
        *,
        sites: Sequence[SiteChoice],
        places: Any,
        today: date | None = None,
    ) -> None:
        """`places` answers the (P-code, name) pairs of a site's code."""
        super().__init__(data)
        self.sites = {site.code: site for site in sites}
        self.today = today or periods.today()
        chosen = str(self.data.get("site", ""))
        self.chosen = self.sites.get(chosen) or next(iter(self.sites.values()), None)
        fields: Any = self.fields
        fields["site"].choices = [(site.code, site.name) for site in sites]
        self.place_names = dict(places(self.chosen.code)) if self.chosen else {}
        fields["place"].choices = [("", _("The whole site")), *self.place_names.items()]
        for name, wanted in (("site", self.chosen and self.chosen.code), ("period", "week")):
            # A field that was not asked shows what counts.
            if wanted and not self.data.get(name):
                self._show(name, wanted)
        if not self.data.get("beside"):
            self._show("beside", "before")

    def _show(self, name: str, value: str) -> None:
        data: Any = self.data
        self.data = data.copy()
        self.data[name] = value  # type: ignore[index]

    def __iter__(self) -> Iterator[forms.BoundField]:
        hidden = {"site"} if len(self.sites) < 2 and "site" not in self.errors else set()
        return (self[name] for name in self.fields if name not in hidden)

    def clean_place(self) -> str:
        return str(self.cleaned_data["place"] or "")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.chosen is None:
            return given
        period, beside = given.get("period"), given.get("beside")
        span = None
        if period in PRESETS:
            end = self.over().end
            span = Span(end - timedelta(weeks=PRESETS[period]), end)
        elif period:
            span = self._days("since", "until")
        given["span"] = span
        given["beside_span"] = None
        if span is not None and beside == "before":
            given["beside_span"] = span.before()
        elif span is not None and beside == "year":
            given["beside_span"] = span.moved(-YEAR)
        elif beside == "days":
            given["beside_span"] = self._days("beside_since", "beside_until")
        return given

    def over(self) -> Week:
        """The last week that is over, or the last of which a history or a publication tells."""
        week_start = self.chosen.week_start if self.chosen else SUNDAY
        week = Week.of(self.today, week_start).previous()
        known = self.chosen.known_to if self.chosen else None
        if known is not None and known < week.end:
            week = Week.of(known - timedelta(days=1), week_start)
        return week

    def running(self) -> Week:
        """The week that runs."""
        return Week.of(self.today, self.chosen.week_start if self.chosen else SUNDAY)

    def _days(self, first_name: str, last_name: str) -> Span | None:
        first, last = self.cleaned_data.get(first_name), self.cleaned_data.get(last_name)
        for name, value in ((first_name, first), (last_name, last)):
            if value is None and name not in self.errors:
                self.add_error(name, _("Write the day, or choose another period."))
        if first is None or last is None:
            return None
        week_start = self.chosen.week_start if self.chosen else SUNDAY
        span = whole_weeks(first, last, week_start) if first <= last else None
        if span is None:
            self.add_error(last_name, _("The last day is before the first."))
        elif first > self.today:
            self.add_error(first_name, _("This day is still to come."))
        elif span.weeks > MOST_WEEKS:
            words = _("At most two years at once (%(most)s weeks).")
            self.add_error(last_name, words % {"most": MOST_WEEKS})
        else:
            return span
        return None

    # --- addresses --------------------------------------------------------------------------------

    def query(self, **changes: str | None) -> str:
        """The query that asks the same, some of it changed; "" for nothing asked."""
        asked = {name: str(self.data.get(name) or "") for name in self.fields}
        asked |= {name: value or "" for name, value in changes.items()}
        found = urlencode({name: value for name, value in asked.items() if value})
        return f"?{found}" if found else ""

    @property
    def pcode(self) -> str:
        """The P-code that is asked for, "" for the whole site."""
        return str(self.cleaned_data.get("place") or "")

    @property
    def span(self) -> Span:
        found: Span = self.cleaned_data["span"]
        return found

    @property
    def other(self) -> Span | None:
        found: Span | None = self.cleaned_data["beside_span"]
        return found


class TeamAsked(NormalisedForm):
    """Of a team's page: one site, or all."""

    site = forms.ChoiceField(label=gettext_lazy("Site"), required=False)
    show_optional = False

    def __init__(self, data: Any, *, sites: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        self.sites = dict(sites)
        fields: Any = self.fields
        fields["site"].choices = [("", _("All my sites")), *sites]

    def __iter__(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if len(self.sites) > 1)
