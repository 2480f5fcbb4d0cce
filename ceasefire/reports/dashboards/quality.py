"""How good the records are: late, not verified, without a place, and which answers are missing.

The figures are sums of rollups. What is missing by the group of who wrote the records down is
counted when a weekly report is compiled, and added up here: groups, in a fixed order, never
persons. A group of fewer than three people at the site has no row of its own, since it would be a
person's; it stands with the others, which are two groups and three people at least, so that the
next smallest group joins them where they are fewer. Where they never are so many, no group is
shown: what is missing to the total would be theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ceasefire.exports import Column
from ceasefire.look.charts import WeekBar, heat_table, weekly_bars
from ceasefire.periods import Week
from ceasefire.reports import blocks
from ceasefire.reports.blocks import Block, Item
from ceasefire.reports.dashboards.drawn import Drawn, drawn, week_columns, week_rows
from ceasefire.reports.dashboards.parts import (
    FEWEST_FOR_PERCENT,
    Question,
    Row,
    of_all_sites,
)
from ceasefire.reports.dashboards.week import WeekDashboard
from ceasefire.reports.models import WeeklyReport
from ceasefire.reports.panel import covered
from incidents.measures import GROUPS
from outreach import measures as outreach_measures

#: Of fewer people each would be known by the numbers.
FEWEST_PEOPLE = 3
GROUP_WORDS: dict[str, Any] = {
    "interrupters": gettext_lazy("Violence interrupters"),
    "workers": gettext_lazy("Outreach workers"),
    "leads": gettext_lazy("Supervisors and managers"),
    "imported": gettext_lazy("Imported"),
    "others": gettext_lazy("The others together"),
}
#: What may be missing, in the order of the table.
FIELDS: dict[str, Any] = {
    "received": gettext_lazy("Records"),
    "late": gettext_lazy("Told late"),
    "unverified": gettext_lazy("Not verified"),
    "without_place": gettext_lazy("Without a place"),
    "undated": gettext_lazy("Date too vague"),
    "without_source": gettext_lazy("Without a source"),
    "killed_unknown": gettext_lazy("Killed unknown"),
    "without_hour": gettext_lazy("Time of day unknown"),
    "without_motive": gettext_lazy("Motive unknown"),
    "without_method": gettext_lazy("Method unknown"),
}
#: What is counted, as the rollups and the list call it.
COUNTED: dict[str, tuple[Any, str]] = {
    "received": (gettext_lazy("Received"), "received"),
    "late": (gettext_lazy("Told more than a week late"), "late"),
    "unverified": (gettext_lazy("Not verified, dated to the week"), "unverified"),
    "without_place": (gettext_lazy("Known to the governorate at best"), "nowhere"),
    "undated": (gettext_lazy("Known to the month at best"), "undated"),
    "duplicates": (gettext_lazy("Duplicates left out"), "duplicates"),
}


@dataclass(frozen=True)
class Group:
    """A group with what is missing in its records, as `FIELDS`."""

    label: str
    counts: tuple[int, ...]


def _share(count: int, of: int) -> int | str:
    """A count as percent of the records it is of; of too few no percentage is given."""
    return round(100 * count / of) if of >= FEWEST_FOR_PERCENT else "–"


class QualityDashboard(WeekDashboard):
    """The records of one site and period, looked at for what they lack."""

    name = "quality"
    apart = frozenset({"groups"})

    @property
    def questions(self) -> list[Block]:
        return [
            self._one(
                "late",
                _("How much do we hear late?"),
                ngettext("record told late", "records told late", self.total("late")),
                _("More than seven days after the event."),
                self._reports_delay(),
            ),
            self._one(
                "unverified",
                _("How much is not verified?"),
                ngettext("record", "records", self.total("unverified")),
                _("It stands apart from the counts until a source bears it out."),
            ),
            self._one(
                "without_place",
                _("Where is the place missing?"),
                ngettext("record", "records", self.total("without_place")),
                _("Known to the governorate at best; in no district's count."),
            ),
            self._one(
                "undated",
                _("Which days are too vague?"),
                ngettext("record", "records", self.total("undated")),
                _("Known to the month at best; in no week's count."),
            ),
            self._one(
                "duplicates",
                _("What was told twice?"),
                ngettext("duplicate", "duplicates", self.total("duplicates")),
                _("Recognised, and left out."),
            ),
            of_all_sites(blocks.review(self.user), self.user),
            of_all_sites(blocks.imports(self.user), self.user),
        ]

    def _one(self, name: str, title: str, unit: str, note: str, more: str = "") -> Question:
        count = self.total(name)
        received = self.total("received")
        lines: list[str | Item] = []
        if name != "duplicates":
            words = ngettext("of %(count)s received", "of %(count)s received", received)
            said = words % {"count": self.number(received)}
            lines.append(Item(said, self.listed("received"), count=received))
        if more:
            lines.append(more)
        only = COUNTED[name][1]
        if self.beside is not None:
            lines.append(self._beside_line(name, only))
        listed = self.listed(only)
        return Question(
            key=name,
            title=title,
            value=count,
            unit=unit,
            tone="due" if count and name != "duplicates" else "",
            note=note,
            lines=lines,
            figure_url=listed,
            url=listed,
            url_label=_("The records"),
        )

    def _reports_delay(self) -> str:
        """The usual delay, as the newest report has it."""
        if self.page is None:
            return ""
        delay = self.page.body["data_health"]["median_delay_days"]
        if delay is None:
            return ""
        words = _("Half of them came within %(days)s days in the week %(week)s.")
        return words % {"days": self.number(float(delay)), "week": self.page.week}

    @property
    def rows(self) -> list[Row]:
        """What is counted, in both periods."""
        found = []
        for name, (label, only) in COUNTED.items():
            found.append(
                Row(
                    str(label),
                    self._known(self.span, self._now, name),
                    self._known(self.beside, self._then, name) if self.beside else None,
                    self.listed(only),
                    self.listed(only, span=self.beside) if self.beside else "",
                    is_total=name == "received",
                )
            )
        return found

    @property
    def makers(self) -> dict[str, Callable[[], list[Drawn]]]:
        return {"late": self._late_drawn, "groups": self._groups_drawn}

    def _late_drawn(self) -> list[Drawn]:
        """How much of each week came late."""
        bars = [
            WeekBar(
                start=start,
                value=self._of_week("late", start) if covered(Week(start), self._periods) else None,
            )
            for start in self.chart_span.starts
        ]
        chart = weekly_bars(
            "late",
            _("Told late, week by week"),
            _("%(where)s: records told more than a week late, by the week of the event")
            % {"where": self.where_words},
            bars,
            unit=_("records"),
            digits=self.digits,
        )
        columns, rows = week_columns(_("Told late")), week_rows(bars)
        links = {"number": self._of_weeks("late")}
        return [drawn(_("Told late"), chart, columns, rows, digits=self.digits, links=links)]

    @property
    def group_charts(self) -> list[Drawn]:
        """What is missing, by group; empty where no group is shown."""
        return [replace(one, csv_url=self.csv_url(one.slug)) for one in self.drawn("groups")]

    def _groups_drawn(self) -> list[Drawn]:
        """What each group's records lack: as shares in the picture, as counts in the table.

        What was told late is in the table alone: it is of other records than the rest, those that
        were entered in these weeks.
        """
        groups = self.by_group[0]
        if not groups:
            return []
        fields = list(FIELDS)
        shares = [
            (
                str(FIELDS[name]),
                [_share(group.counts[at], group.counts[0]) for group in groups],
            )
            for at, name in enumerate(fields)
            if name not in ("received", "late")
        ]
        chart = heat_table(
            "groups",
            _("Share of each group's records"),
            _("In percent; –: of fewer than %(fewest)s records")
            % {"fewest": self.number(FEWEST_FOR_PERCENT)},
            [group.label for group in groups],
            shares,
            digits=self.digits,
        )
        columns = [
            Column("what", _("What is missing")),
            *(
                Column(f"group_{at}", group.label, kind="int")
                for at, group in enumerate(groups, start=1)
            ),
        ]
        rows: list[dict[str, Any]] = [
            {
                "what": str(FIELDS[name]),
                **{f"group_{no}": group.counts[at] for no, group in enumerate(groups, start=1)},
            }
            for at, name in enumerate(fields)
        ]
        return [drawn(_("By group"), chart, columns, rows, digits=self.digits)]

    @cached_property
    def by_group(self) -> tuple[list[Group] | None, list[date]]:
        return self.groups()

    def groups(self) -> tuple[list[Group] | None, list[date]]:
        """What is missing, by group, and the weeks of which no report says it.

        None in place of the groups where too few people wrote down to show any.
        """
        column = "basis_open" if self.without else "basis"
        found = dict(
            WeeklyReport.objects.visible_to(self.user)
            .filter(
                site=self.site.pk, week_start__gte=self.span.start, week_start__lt=self.span.end
            )
            .order_by("week_start", "revision")
            .values_list("week_start", f"{column}__entered")
        )
        sums: dict[str, list[int]] = {}
        for rows in found.values():
            for row in rows or ():
                before = sums.setdefault(row["group"], [0] * len(FIELDS))
                sums[row["group"]] = [
                    one + row[name] for one, name in zip(before, FIELDS, strict=True)
                ]
        grouped = self._grouped(sums)
        told = (
            None
            if grouped is None
            else [Group(str(GROUP_WORDS[one]), tuple(counts)) for one, counts in grouped.items()]
        )
        return told, [start for start in self.span.starts if found.get(start) is None]

    def _grouped(self, sums: dict[str, list[int]]) -> dict[str, list[int]] | None:
        """Groups in their order, those of few people together at the end; None for too few."""
        staff = outreach_measures.staffing([self.site.pk])[0]
        # What was imported has nobody behind it: it hides nobody, and nobody hides in it.
        people = {
            "interrupters": staff.interrupters,
            "workers": staff.workers,
            "leads": staff.supervisors + staff.managers,
            "imported": 0,
        }
        shown = [group for group in GROUPS if group in sums]
        together = [
            group for group in shown if group != "imported" and people[group] < FEWEST_PEOPLE
        ]
        if together:
            left = sorted(
                (group for group in shown if group not in together),
                key=lambda group: (group == "imported", people[group]),
            )
            while len(together) < 2 or sum(people[one] for one in together) < FEWEST_PEOPLE:
                if not left:
                    return None
                together.append(left.pop(0))
        found = {group: sums[group] for group in shown if group not in together}
        if together:
            found["others"] = [
                sum(counts) for counts in zip(*(sums[one] for one in together), strict=True)
            ]
        return found
