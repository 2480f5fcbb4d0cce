"""The fixed sentences of the weekly report: a key and numbers in, words in a language out.

A report keeps keys and numbers, so the same report can be read in both languages and in either
script of digits. The wordings follow the minimum-data rules of the report's design, section 7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import get_language, gettext, ngettext

from ceasefire.look.numbers import in_digits, number_text
from ceasefire.periods import long_date

Words = Mapping[str, Any]
Writer = Callable[[Words, Callable[[Any], str]], str]

#: Beyond this nobody can tell one rare week from another.
RAREST_YEARS = 100
_WEEKS_A_YEAR = 52


def sentence(key: str, values: Words, digits: str = "western") -> str:
    """The sentence of a key in the active language; KeyError for a key that is none."""
    words = _SENTENCES[key](values, lambda number: number_text(number, digits))
    if values.get("changed_on"):
        return f"{words} {recording_changed(values['changed_on'], digits)}"
    return f"{words} {_restarted()}" if values.get("restarted") else words


def recording_changed(iso: str, digits: str = "western") -> str:
    """Since which day the comparison begins anew, as what the site records changed."""
    day = in_digits(long_date(date.fromisoformat(iso), get_language() or "en"), digits)
    words = gettext(
        "What the site records changed on %(day)s: the comparison begins anew since that day, and"
        " earlier weeks are not compared with."
    )
    return words % {"day": day}


def _restarted() -> str:
    return gettext(
        "After a gap of more than two weeks the comparison begins anew; the weeks in between are"
        " missing, not zero."
    )


def incidents(count: int, shown: Callable[[Any], str]) -> str:
    """ "1 incident", "7 incidents"."""
    words = ngettext("%(count)s incident", "%(count)s incidents", count)
    return words % {"count": shown(count)}


def _missing(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("The site was not recording in this week: it is missing, not zero.")


def _counts(values: Words, shown: Callable[[Any], str]) -> str:
    if values.get("since_unknown"):
        return gettext(
            "It is not known since when the site records: counts alone, no comparison is made."
        )
    weeks = int(values["weeks"])
    words = ngettext(
        "Not enough history: %(weeks)s week. No comparison is made.",
        "Not enough history: %(weeks)s weeks. No comparison is made.",
        weeks,
    )
    return words % {"weeks": shown(weeks)}


def _seen(values: Words, shown: Callable[[Any], str]) -> str:
    weeks = min(int(values["weeks"]), _WEEKS_A_YEAR)
    words = ngettext(
        "%(incidents)s; in the last %(weeks)s week between %(low)s and %(high)s.",
        "%(incidents)s; in the last %(weeks)s weeks between %(low)s and %(high)s.",
        weeks,
    )
    return words % {
        "incidents": incidents(int(values["observed"]), shown),
        "weeks": shown(weeks),
        "low": shown(values["low"]),
        "high": shown(values["high"]),
    }


def _range(values: Words, shown: Callable[[Any], str]) -> str:
    return _seen(values, shown) + " " + gettext("The history is too short for a test.")


def _early_watch(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext(
        "%(incidents)s, more than in any of the last %(weeks)s weeks (at most %(high)s)."
        " Unconfirmed: the history is too short for a test."
    )
    return words % {
        "incidents": incidents(int(values["observed"]), shown),
        "weeks": shown(values["weeks"]),
        "high": shown(values["high"]),
    }


def _corrected(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("Records of the week were added or changed after the report was approved.")


def _corrected_recording(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "What is known of when and what the site recorded changed after the report was approved."
    )


def _too_few(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext("Too few incidents to say: %(recent)s in the last 4 weeks.")
    return words % {"recent": shown(values["recent"])}


def _no_fit(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("Too few incidents to say: no usual level can be worked out.")


def _usual(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext("%(incidents)s; in a usual week between %(lower)s and %(upper)s.")
    return words % {
        "incidents": incidents(int(values["observed"]), shown),
        "lower": shown(values["lower"]),
        "upper": shown(values["upper"]),
    }


def _watch(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext("Not an alert: among %(tests)s tests chance alone may bring such a week.")
    return _usual(values, shown) + " " + words % {"tests": shown(values["tests"])}


def _unusual(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext(
        "%(incidents)s; in a usual week between %(lower)s and %(upper)s;"
        " a week like this happens %(often)s by chance."
    )
    return words % {
        "incidents": incidents(int(values["observed"]), shown),
        "lower": shown(values["lower"]),
        "upper": shown(values["upper"]),
        "often": how_often(float(values["p"]), shown),
    }


def how_often(p: float, shown: Callable[[Any], str]) -> str:
    """ "about once in 3 years" for the probability of a week.

    Weeks below half a year, months below two, years above; nothing finer than the data can tell.
    """
    years = 1 / (p * _WEEKS_A_YEAR) if p > 0 else float("inf")
    if years > RAREST_YEARS:
        return gettext("less than once in %(years)s years") % {"years": shown(RAREST_YEARS)}
    if years >= 2:
        words = ngettext(
            "about once in %(years)s year", "about once in %(years)s years", round(years)
        )
        return words % {"years": shown(round(years))}
    if years >= 0.5:
        months = round(years * 12)
        words = ngettext(
            "about once in %(months)s month", "about once in %(months)s months", months
        )
        return words % {"months": shown(months)}
    weeks = max(2, round(1 / p))
    words = ngettext("about once in %(weeks)s week", "about once in %(weeks)s weeks", weeks)
    return words % {"weeks": shown(weeks)}


def _unplaced(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("Counted in no district, so that all rows add up. Not compared with any week.")


# --- beyond counts --------------------------------------------------------------------------------


def change(ratio: float, shown: Callable[[Any], str]) -> str:
    """A ratio as people say it: "12 % fewer", "4 % more", "as many"."""
    percent = round(abs(1 - ratio) * 100)
    if not percent:
        return gettext("as many")
    if ratio >= 2:
        return gettext("%(times)s times as many") % {"times": shown(round(ratio, 1))}
    words = gettext("%(percent)s %% more") if ratio > 1 else gettext("%(percent)s %% fewer")
    return words % {"percent": shown(percent)}


def _of_ratio(values: Words, shown: Callable[[Any], str]) -> dict[str, str]:
    return {name: change(float(values[name]), shown) for name in ("ratio", "low", "high")}


def _by_chance(values: Words) -> str:
    if float(values["low"]) <= 1 <= float(values["high"]):
        return " " + gettext("This can still be chance.")
    return ""


def taken_out(trend: Words) -> str:
    """What was taken out of a trend: calendar, season or nothing.

    Reports that do not say it had the season, and the calendar where a period of it was judged.
    """
    if trend.get("calendar"):
        return "calendar"
    return "season" if trend.get("has_season", True) else "nothing"


def _yearly(values: Words, shown: Callable[[Any], str]) -> str:
    words = {
        "calendar": gettext(
            "From one year to the next %(ratio)s (between %(low)s and %(high)s), with the season"
            " and the religious calendar taken out; %(incidents)s in %(weeks)s weeks."
        ),
        "season": gettext(
            "From one year to the next %(ratio)s (between %(low)s and %(high)s), with the season"
            " taken out but not the religious calendar; %(incidents)s in %(weeks)s weeks."
        ),
        "nothing": gettext(
            "From one year to the next %(ratio)s (between %(low)s and %(high)s), with neither the"
            " season nor the religious calendar taken out; %(incidents)s in %(weeks)s weeks."
        ),
    }[values["taken_out"]]
    told = {
        **_of_ratio(values, shown),
        "incidents": incidents(int(values["events"]), shown),
        "weeks": shown(values["weeks"]),
    }
    return words % told + _by_chance(values)


def _shared_yearly(values: Words, shown: Callable[[Any], str]) -> str:
    words = {
        "calendar": gettext(
            "From one year to the next %(ratio)s (between %(low)s and %(high)s), with the season"
            " and the religious calendar taken out."
        ),
        "season": gettext(
            "From one year to the next %(ratio)s (between %(low)s and %(high)s), with the season"
            " taken out but not the religious calendar."
        ),
        "nothing": gettext(
            "From one year to the next %(ratio)s (between %(low)s and %(high)s), with neither the"
            " season nor the religious calendar taken out."
        ),
    }[values["taken_out"]]
    return words % _of_ratio(values, shown) + _by_chance(values)


def _calendar(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext("%(period)s: %(ratio)s a week (between %(low)s and %(high)s).")
    told = {"period": PERIOD_NAMES[values["period"]](), **_of_ratio(values, shown)}
    return words % told + _by_chance(values)


def _no_trend(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "Too little to say: a trend needs %(weeks)s weeks of records with %(events)s incidents."
    ) % {"weeks": shown(104), "events": shown(50)}


def _no_nowcast(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "How late reports come is known of fewer than %(events)s incidents, so nothing is added to"
        " the last weeks."
    ) % {"events": shown(200)}


def _nowcast_done(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "This week ended %(weeks)s weeks or more before the report was made: hardly any report of"
        " it is still to come."
    ) % {"weeks": shown(6)}


def _near(values: Words, shown: Callable[[Any], str]) -> str:
    if not values.get("from_metres") and not values.get("from_days"):
        words = gettext(
            "Within %(metres)s metres and %(days)s days of an incident, but not at the same spot,"
            " another is %(times)s."
        )
    else:
        words = gettext(
            "From %(from_metres)s to %(metres)s metres and %(from_days)s to %(days)s days of an"
            " incident, but not at the same spot, another is %(times)s. Nearer in place and time it"
            " can still be chance."
        )
    return words % {
        "from_metres": shown(values.get("from_metres", 0)),
        "metres": shown(values["metres"]),
        "from_days": shown(values.get("from_days", 0)),
        "days": shown(values["days"]),
        "times": _against_chance(values, shown),
    }


def _near_same_spot(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext(
        "At the very spot of an incident, %(from_days)s to %(days)s days from it, another is"
        " %(times)s. At a distance from that spot it can still be chance."
    )
    return words % {
        "from_days": shown(values["from_days"]),
        "days": shown(values["days"]),
        "times": _against_chance(values, shown),
    }


def _against_chance(values: Words, shown: Callable[[Any], str]) -> str:
    """ "3.1 times as frequent as by chance (1.8 to 6.2)", with an end that is open said as open."""
    if values["low"] is None:
        words = ngettext(
            "far more frequent than by chance, which brings next to none (%(pairs)s pair)",
            "far more frequent than by chance, which brings next to none (%(pairs)s pairs)",
            int(values["pairs"]),
        )
        return words % {"pairs": shown(values["pairs"])}
    if values["high"] is None:
        words = gettext("at least %(low)s times as frequent as by chance")
        return words % {"low": shown(values["low"])}
    words = gettext("%(ratio)s times as frequent as by chance (%(low)s to %(high)s)")
    return words % {name: shown(values[name]) for name in ("ratio", "low", "high")}


def _near_somewhere(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "Over all distances and days together, incidents close in place come close in time more"
        " often than by chance (%(incidents)s with an exact point); no distance by itself is sure."
    ) % {"incidents": incidents(int(values["events"]), shown)}


def _near_usual(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "There is no sign that incidents close in place come close in time more often than by"
        " chance (%(incidents)s with an exact point)."
    ) % {"incidents": incidents(int(values["events"]), shown)}


def _no_near(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "Too few to say: %(events)s incidents with an exact point in 24 months are needed."
    ) % {"events": shown(100)}


def _cluster(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext(
        "Around %(place)s, within %(radius)s km: %(incidents)s in the last %(days)s days, where"
        " place and time alone explain %(expected)s. Chance shows one like it %(often)s."
    )
    return words % {
        "place": values["name"],
        "radius": shown(values["radius_km"]),
        "incidents": incidents(int(values["observed"]), shown),
        "days": shown(values["days"]),
        "expected": shown(values["expected"]),
        "often": how_often(float(values["p"]), shown),
    }


def _cluster_at(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext(
        "In %(place)s alone: %(incidents)s in the last %(days)s days, where place and time alone"
        " explain %(expected)s. Chance shows one like it %(often)s."
    )
    return words % {
        "place": values["name"],
        "incidents": incidents(int(values["observed"]), shown),
        "days": shown(values["days"]),
        "expected": shown(values["expected"]),
        "often": how_often(float(values["p"]), shown),
    }


def _no_cluster(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("No circle stands out: %(incidents)s of the last 180 days were looked at.") % {
        "incidents": incidents(int(values["events"]), shown)
    }


def _cluster_untested(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "Too few to say: %(events)s incidents placed in a sub-district or better in 180 days are"
        " needed."
    ) % {"events": shown(50)}


def _no_calendar(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "Too little to say: a period must have come %(times)s times, with %(events)s incidents in"
        " the records."
    ) % {"times": shown(3), "events": shown(100)}


def _no_delays(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("Too few to say how late reports come: %(events)s incidents are needed.") % {
        "events": shown(200)
    }


def _watch_young(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("Not enough history: the early watch needs %(weeks)s weeks of records.") % {
        "weeks": shown(26)
    }


def _watch_quiet(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("No district stands out from the %(weeks)s weeks before.") % {"weeks": shown(26)}


def _watch_old(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("Every district has records long enough for a test: see the alerts.")


def _no_places(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext("No verified incident was recorded in the last %(days)s days.") % {
        "days": shown(values["days"])
    }


def _effect_too_little(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "Too little to say: %(before)s weeks of records before the start and %(after)s after it,"
        " %(districts)s districts to compare with and %(events)s incidents before the start are"
        " needed."
    ) % {
        "before": shown(52),
        "after": shown(26),
        "districts": shown(4),
        "events": shown(100),
    }


def _effect_few_each(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "Too little to say: each district that is compared with needs %(events)s incidents before"
        " the start, and so do the program's districts together."
    ) % {"events": shown(10)}


def _effect_alike(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "Too little to say: the districts that are compared with changed all alike, so how far"
        " chance alone takes districts apart is not known."
    )


def _effect_few_choices(values: Words, shown: Callable[[Any], str]) -> str:
    choices = int(values["choices_of_all"])
    words = ngettext(
        "With these districts it can never be told, whatever happens: as many of them can be chosen"
        " in %(choices)s way, and with fewer than %(least)s chance can not be left out. Another"
        " plan needs more districts, of the program or to compare with.",
        "With these districts it can never be told, whatever happens: as many of them can be chosen"
        " in %(choices)s ways, and with fewer than %(least)s chance can not be left out. Another"
        " plan needs more districts, of the program or to compare with.",
        choices,
    )
    return words % {"choices": shown(choices), "least": shown(10)}


def _effect_many(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext(
        "The data cannot tell: beside the districts it is compared with %(ratio)s (between %(low)s"
        " and %(high)s), but among all plans that were judged together chance may bring one like"
        " it."
    )
    return words % _of_ratio(values, shown)


def _effect_look(values: Words, shown: Callable[[Any], str]) -> str:
    look = int(values["look"])
    if look == 1:
        return gettext("This is the first look at it.")
    return gettext(
        "Look %(look)s at it, one a quarter: the more looks, the sooner one shows something by"
        " chance."
    ) % {"look": shown(look)}


def _effect_late(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "It was set down after the program had begun: whoever set it down may have seen how it"
        " went."
    )


def _effect_cannot_tell(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext(
        "The data cannot tell yet: beside the districts it is compared with %(ratio)s (between"
        " %(low)s and %(high)s). This is no evidence that nothing changed."
    )
    return words % _of_ratio(values, shown)


def _effect_apart(values: Words, shown: Callable[[Any], str]) -> str:
    return gettext(
        "The data cannot tell: the districts went apart before the program began, so what came"
        " after cannot be laid to it."
    )


def _effect_told(values: Words, shown: Callable[[Any], str]) -> str:
    words = gettext(
        "Beside the districts it is compared with %(ratio)s (between %(low)s and %(high)s); of all"
        " choices of as many districts %(percent)s in 100 lie as far out."
    )
    return words % {
        **_of_ratio(values, shown),
        "percent": shown(max(1, round(100 * float(values["p_placebo"])))),
    }


#: The periods of the religious calendar by the names of `calendars`.
PERIOD_NAMES: dict[str, Callable[[], str]] = {
    "ramadan": lambda: gettext("Ramadan"),
    "muharram": lambda: gettext("First ten days of Muharram"),
    "safar": lambda: gettext("Days before Arbaeen"),
    "eids": lambda: gettext("The two Eids"),
    "election": lambda: gettext("Election"),
}
#: The letter under which a chart marks each, in English and Arabic.
PERIOD_LETTERS: dict[str, tuple[str, str]] = {
    "ramadan": ("R", "ر"),
    "muharram": ("M", "م"),
    "safar": ("A", "أ"),
    "eids": ("E", "ع"),
    "election": ("V", "ن"),
}


def period_mark(name: str) -> tuple[str, str]:
    """The letter and the name of what lies in a week, in the reader's language."""
    arabic = (get_language() or "en").startswith("ar")
    return PERIOD_LETTERS[name][arabic], PERIOD_NAMES[name]()


_SENTENCES: dict[str, Writer] = {
    "yearly": _yearly,
    "shared_yearly": _shared_yearly,
    "calendar": _calendar,
    "no_trend": _no_trend,
    "no_calendar": _no_calendar,
    "no_delays": _no_delays,
    "watch_young": _watch_young,
    "watch_quiet": _watch_quiet,
    "watch_old": _watch_old,
    "no_places": _no_places,
    "effect_too_little": _effect_too_little,
    "effect_few_each": _effect_few_each,
    "effect_alike": _effect_alike,
    "effect_few_choices": _effect_few_choices,
    "effect_many": _effect_many,
    "effect_look": _effect_look,
    "effect_late": _effect_late,
    "effect_cannot_tell": _effect_cannot_tell,
    "effect_apart": _effect_apart,
    "effect_told": _effect_told,
    "no_nowcast": _no_nowcast,
    "nowcast_done": _nowcast_done,
    "near": _near,
    "near_same_spot": _near_same_spot,
    "near_somewhere": _near_somewhere,
    "near_usual": _near_usual,
    "no_near": _no_near,
    "cluster": _cluster,
    "cluster_at": _cluster_at,
    "no_cluster": _no_cluster,
    "cluster_untested": _cluster_untested,
    "missing": _missing,
    "counts": _counts,
    "range": _range,
    "early_watch": _early_watch,
    "too_few": _too_few,
    "no_fit": _no_fit,
    "usual": _usual,
    "watch": _watch,
    "unusual": _unusual,
    "unplaced": _unplaced,
    "corrected": _corrected,
    "corrected_recording": _corrected_recording,
}
KEYS = frozenset(_SENTENCES)
