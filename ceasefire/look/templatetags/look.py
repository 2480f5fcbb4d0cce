"""Template tags for what every page shows: icons, moments, days, numbers, states, places.

{% load look %}
{% icon "clock" %}                  an icon, hidden from readers; a word always stands beside it
{% when moment %}                   <time>: "today 23:10"; the full date on hover
{% day date %}                      22 November 2026 / ٢٢ تشرين الثاني, months as Iraq names them
{% number 1234 %}                   1,234 in the digits the person chose
{% state_badge incident %}          a badge with a word for a record's state
{% place incident.place %}          the place's name, its P-code on hover
{% heading %}                       the page's title block a second time, for <h1>
{% query_string page=None %}        the address's query with some parts changed
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.forms import BoundField
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, pgettext
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.look.icons import ICONS, MIRRORED
from ceasefire.look.numbers import in_digits, number_text

register = template.Library()
#: Letters of a reference that still stand in one line everywhere.
LONGEST_CODE = 20

#: state -> (tone, word). A state that is not here shows its own label in the quiet tone.
STATES: dict[str, tuple[str, Any]] = {
    "draft": ("quiet", _("Draft")),
    "submitted": ("due", _("Submitted")),
    "in_review": ("due", _("In review")),
    "returned": ("overdue", _("Returned")),
    "accepted": ("done", _("Accepted")),
    "archived": ("quiet", _("Archived")),
    "duplicate": ("quiet", _("Duplicate")),
    "withdrawn": ("quiet", _("Withdrawn")),
    "unverified": ("few", _("Unverified")),
    "provisional": ("due", _("Provisional")),
    "corroborated": ("accent", _("Corroborated")),
    "confirmed": ("done", _("Confirmed")),
    "verified": ("done", _("Verified")),
    "disputed": ("overdue", _("Disputed")),
    "refuted": ("overdue", _("Refuted")),
    "frozen": ("done", _("Approved")),
    "unusual": ("unusual", _("Unusual")),
    "usual": ("usual", _("Usual")),
    "too_few": ("few", _("Too few to say")),
    "untested": ("quiet", _("Not compared")),
    "overdue": ("overdue", _("Overdue")),
    "due": ("due", _("Due")),
    "open": ("accent", _("Open")),
    "closed": ("quiet", _("Closed")),
    "active": ("done", _("Active")),
    "disabled": ("quiet", _("Disabled")),
    # Of a participant's case; the words are the record's own.
    "prospect": ("few", ""),
    "screening": ("accent", ""),
    "eligible": ("due", ""),
    "exception": ("due", ""),
    "not_eligible": ("quiet", ""),
    "paused": ("due", ""),
    "queued": ("quiet", _("Waiting")),
    "pending": ("quiet", _("Waiting")),
    "running": ("accent", _("Running")),
    "done": ("done", _("Done")),
    "failed": ("overdue", _("Failed")),
    "parked": ("overdue", _("Parked")),
    "cancelled": ("quiet", _("Cancelled")),
}


@register.simple_tag
def icon(name: str, size: int | str = 16) -> SafeString:
    """Return one shape of the icon set as inline SVG, hidden from screen readers."""
    mirrored = " icon-mirrored" if name in MIRRORED else ""
    return format_html(
        '<svg class="icon{}" width="{}" height="{}" viewBox="0 0 16 16" fill="currentColor"'
        ' aria-hidden="true" focusable="false">{}</svg>',
        mirrored,
        size,
        size,
        mark_safe(ICONS[name]),
    )


def _digits(context: template.Context) -> str:
    """Return `arabic` or `western` as the person chose; Western is the default."""
    user = context.get("user")
    chosen = str(getattr(user, "digits", "") or "").lower()
    return "arabic" if chosen.startswith("ar") else "western"


def long_day(on: date, *, year: bool = True) -> str:
    """Return a day in words: `22 November 2026`, in Arabic with Iraq's month names."""
    language = get_language() or "en"
    if year:
        return periods.long_date(on, language)
    return f"{on.day} {periods.month_name(on.month, language)}"


def relative_moment(moment: datetime, now: datetime | None = None) -> str:
    """Return a moment as people say it: `today 23:10`, `yesterday 08:00`, `tomorrow`, else the day.

    Weekdays are used inside the last six days, the day and month inside the year.
    """
    local = timezone.localtime(moment)
    today = timezone.localtime(now or timezone.now()).date()
    clock = f"{local:%H:%M}"
    distance = (today - local.date()).days
    if distance == 0:
        return gettext("today %(clock)s") % {"clock": clock}
    if distance == 1:
        return gettext("yesterday %(clock)s") % {"clock": clock}
    if distance == -1:
        return gettext("tomorrow %(clock)s") % {"clock": clock}
    if 1 < distance < 7:
        weekday = formats.date_format(local, "l", use_l10n=False)
        return pgettext("weekday and time", "%(weekday)s %(clock)s") % {
            "weekday": weekday,
            "clock": clock,
        }
    return f"{long_day(local.date(), year=local.year != today.year)} {clock}"


@register.simple_tag(takes_context=True)
def when(context: template.Context, moment: datetime | None) -> SafeString:
    """Return a `<time>` in words, with the full moment on hover; a dash when there is none."""
    if moment is None:
        return nothing()
    digits = _digits(context)
    local = timezone.localtime(moment)
    full = f"{long_day(local.date())} {local:%H:%M}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="minutes"),
        in_digits(full, digits),
        in_digits(relative_moment(moment), digits),
    )


@register.simple_tag(takes_context=True)
def day(context: template.Context, on: date | None, year: bool = True) -> SafeString:
    """Return a day in words as `<time>`; a dash when there is none."""
    if on is None or on == "":
        return nothing()
    if isinstance(on, datetime):
        on = timezone.localtime(on).date() if timezone.is_aware(on) else on.date()
    return format_html(
        '<time datetime="{}">{}</time>',
        on.isoformat(),
        in_digits(long_day(on, year=year), _digits(context)),
    )


@register.simple_tag(takes_context=True)
def number(context: template.Context, value: Any, places: int | None = None) -> str | SafeString:
    """Return a number in the person's digits; "unknown" for None, for an empty count is no zero."""
    if value is None or value == "":
        return format_html('<span class="unknown">{}</span>', gettext("unknown"))
    return number_text(value, _digits(context), places)


@register.simple_tag
def state_badge(subject: Any, label: str = "", tone: str = "") -> SafeString:
    """Return a badge for a state or for a record that has one.

    A record is asked for `workflow_state`, `state` or `status`, and for the word of that state, as
    Django's `get_..._display` gives it.
    """
    state, word = str(subject), label
    for name in ("workflow_state", "state", "status"):
        if hasattr(subject, name):
            state = str(getattr(subject, name))
            display = getattr(subject, f"get_{name}_display", None)
            word = word or (display() if display else "")
            break
    known_tone, known_word = STATES.get(state, ("quiet", ""))
    text = word or getattr(subject, "label", "") or known_word or state
    return format_html('<span class="tag tag-{}">{}</span>', tone or known_tone, text)


@register.simple_tag
def place(subject: Any) -> SafeString:
    """Return a place's name in the reader's language, its P-code on hover."""
    if not subject:
        return nothing()
    name = getattr(subject, "name", None) or str(subject)
    code = getattr(subject, "pcode", "") or getattr(subject, "code", "")
    return format_html('<bdi class="place" title="{}">{}</bdi>', code, name)


@register.simple_tag
def code(value: Any, parts: bool = False) -> SafeString:
    """Return a reference such as INC-2026-000123, kept left to right and in one piece.

    A key longer than a narrow phone is wide (a UUID, a checksum) may break; so may, with `parts`,
    what is longer than a verb mostly is (people.signed_in).
    """
    text = str(value)
    kind = "code-parts" if parts else "code-long" if len(text) > LONGEST_CODE else ""
    return format_html('<bdi class="{}" dir="ltr">{}</bdi>', f"code {kind}".strip(), text)


@register.simple_tag
def code_to_copy(value: Any, four: bool = False) -> SafeString:
    """Return what somebody has to copy or type, on a line of its own.

    With `four` in groups of four; the gaps are drawn, so what is copied has no space in it.
    """
    text = str(value)
    size = 4 if four else len(text) or 1
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    inner = format_html_join("", "<span>{}</span>", ((part,) for part in parts))
    return format_html('<bdi class="code code-copy" dir="ltr">{}</bdi>', inner if four else text)


@register.simple_tag
def nothing() -> SafeString:
    """Return the mark of an absent value, read out as a word."""
    return format_html(
        '<span class="nothing" aria-hidden="true">–</span><span class="visually-hidden">{}</span>',
        gettext("none"),
    )


@register.filter
def option_groups(field: BoundField) -> list[tuple[str, list[dict[str, Any]], int]]:
    """Return a choice field's options by family: (family, [value, label, selected, id], index).

    The empty choice is left out: on tiles and pills, nothing chosen is the empty choice.
    """
    widget = field.field.widget
    value = field.value()
    chosen = widget.format_value(value) or []
    chosen = {str(one) for one in (chosen if isinstance(chosen, list | tuple) else [chosen])}
    groups: list[tuple[str, list[dict[str, Any]], int]] = []
    number_of = 0
    for family, options, index in widget.optgroups(field.html_name, list(chosen)):
        shown = []
        for option in options:
            if str(option["value"]) == "":
                continue
            shown.append(
                {
                    "value": option["value"],
                    "label": option["label"],
                    "selected": str(option["value"]) in chosen,
                    "id": f"{field.auto_id}_{number_of}",
                }
            )
            number_of += 1
        if not shown:
            continue
        if groups and not family and not groups[-1][0]:
            groups[-1][1].extend(shown)
        else:
            groups.append((str(family or ""), shown, index))
    return groups


@register.filter
def is_multiple(field: BoundField) -> bool:
    """True when a choice field takes several answers."""
    return bool(getattr(field.field.widget, "allow_multiple_selected", False))


@register.simple_tag(takes_context=True)
def heading(context: template.Context) -> SafeString:
    """Return the page's title block once more, so that a page writes its title only once."""
    blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block("title") if blocks else None
    # The block's own variables are escaped already, as everywhere in a template.
    return mark_safe(block.nodelist.render(context).strip() if block else "")


@register.simple_tag(takes_context=True)
def query_string(context: template.Context, **changes: Any) -> str:
    """Return the query of the page in view with parts set or, by None, taken away; no cursors."""
    query = context["request"].GET.copy()
    for key in ("after", "before"):
        query.pop(key, None)
    for key, value in changes.items():
        if value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}" if query else "?"


@register.simple_tag
def hours_left(moment: datetime, hours: int = 72) -> dict[str, Any]:
    """Return a clock that ends `hours` after a moment: what the clock component shows.

    Keys: `left` and `late` in whole hours, `share` used from 0 to 1, `tone` (done, due, overdue).
    """
    return clock_of(moment + timedelta(hours=hours), timezone.now(), timedelta(hours=hours))


def clock_of(ends: datetime, now: datetime, length: timedelta) -> dict[str, Any]:
    """Return the state of a clock: amber in the last third, brick once it has run out."""
    left = ends - now
    share = min(1.0, max(0.0, 1 - left / length))
    if left <= timedelta(0):
        tone = "overdue"
    elif left <= length / 3:
        tone = "due"
    else:
        tone = "usual"
    return {
        "left": max(0, int(left.total_seconds() // 3600)),
        "late": max(0, int(-left.total_seconds() // 3600)),
        "share": share,
        "width": round(share * 100),
        "tone": tone,
    }
