"""The filters of the map: the list's, but for what a map cannot say."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.look.forms import DayField
from ceasefire.periods import Week
from ceasefire.places.models import Place
from incidents.forms.filters import ANY, IncidentFilter
from incidents.models import Incident

#: The weeks that are shown where none were asked for.
WEEKS = 52
#: Answers that the list and the addresses of the map understand alike.
SHARED = ("type", "place", "verification", "status", "site")


class MapFilter(IncidentFilter):
    """Type, place, state, verification, site, own ones, and a span of days that is always set."""

    #: The places of the person's sites, read once for the filter and for the table.
    listed: list[Place]

    def __init__(self, data: Any, *args: Any, sites: list[Any], **kw: Any) -> None:
        self.sites = {site.code: site for site in sites}
        data = data.copy()
        self.usual_span = not (data.get("since") or data.get("until") or data.get("week"))
        if not data.get("since") and not data.get("until"):
            week = self._week_of(data)
            first = week.start - timedelta(weeks=WEEKS - 1) if self.usual_span else week.start
            data["since"] = f"{first:%d/%m/%Y}"
            data["until"] = f"{week.end - timedelta(days=1):%d/%m/%Y}"
        super().__init__(data, *args, sites=sites, **kw)
        for name in ("q", "week", "area", "only", "family"):
            self.fields.pop(name, None)
        self.fields["status"].choices = [
            ANY,
            *[(state.value, state.label) for state in Incident.COUNTED_STATES],
        ]
        self.fields["verification"].choices = [
            ANY,
            *[
                (grade.value, grade.label)
                for grade in Incident.Verification
                if grade != Incident.Verification.REFUTED
            ],
        ]

    def _week_of(self, data: Any) -> Week:
        """The week that the list's address asks for, else this one."""
        try:
            day = DayField(required=False).clean(data.get("week", ""))
        except ValidationError:
            day = None
        return Week.of(day or periods.today(), self.week_start(data))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if since is not None and until is not None and since > until:
            self.add_error("until", _("The last day lies before the first."))
        return given

    def week_start(self, data: Any = None) -> int:
        """The weekday on which weeks begin: that of the only site in question, else Sunday."""
        asked = (self.data if data is None else data).get("site", "")
        site = self.sites.get(asked) or (
            next(iter(self.sites.values())) if len(self.sites) == 1 else None
        )
        return site.week_start if site else periods.SUNDAY

    def query(self, **more: str) -> str:
        """The answers that were understood as a query, for the addresses the map leads to."""
        given = self.cleaned_data
        parts = [(name, str(self.data[name])) for name in SHARED if given.get(name)]
        parts += [
            (name, f"{given[name]:%Y-%m-%d}") for name in ("since", "until") if given.get(name)
        ]
        if given.get("mine"):
            parts.append(("mine", "on"))
        return urlencode([*parts, *more.items()])

    def chips(self, path: str) -> list[tuple[Any, Any, str]]:
        """As on the list; the usual span of days is no filter that could be taken away."""
        found = super().chips(path)
        if not self.usual_span:
            return found
        spans = {self.fields["since"].label, self.fields["until"].label}
        return [chip for chip in found if chip[0] not in spans]
