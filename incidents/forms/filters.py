"""The filters of the list: the same for the page and for exports."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ceasefire import codes, periods
from ceasefire.codes.services import family as family_of
from ceasefire.look.forms import DayField, NormalisedForm
from ceasefire.places.models import Place
from ceasefire.text import western_digits
from incidents.forms.incident import types_by_family
from incidents.models import Incident
from incidents.services import counting, search
from incidents.services.mapping import counted_in, on_the_map

ANY = ("", _("Any"))
#: Those that reports and the map count, and those that nobody has decided on yet, as one choice
#: each beside the single states.
COUNTED = ("counted", _("Counted in reports"))
WAITING = ("waiting", _("Waiting for review"))


class IncidentFilter(NormalisedForm):
    """What the list can be narrowed to; a place takes in all below it, a week any day of it."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "data-key": "/"}),
    )
    place = forms.CharField(label=_("Place"), required=False, max_length=40, widget=forms.Select)
    type = forms.ChoiceField(
        label=_("Type"), required=False, choices=lambda: [ANY, *types_by_family()]
    )
    week = DayField(label=_("Week of"), required=False)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("Until"), required=False)
    status = forms.ChoiceField(
        label=_("State"), required=False, choices=[ANY, COUNTED, WAITING, *Incident.State.choices]
    )
    verification = forms.ChoiceField(
        label=_("Verification"), required=False, choices=[ANY, *Incident.Verification.choices]
    )
    site = forms.ChoiceField(label=_("Site"), required=False)
    mine = forms.BooleanField(label=_("Mine only"), required=False)
    #: Asked for by a link of the results, not by a field: another word begins without it.
    close = forms.BooleanField(label=_("Close spellings"), required=False)
    #: An area of the map: what is counted in it, no more and no less.
    area = forms.CharField(
        label=_("On the map"), required=False, max_length=40, widget=forms.HiddenInput
    )

    #: The records behind a number: asked for by its link, not by a field.
    only = forms.ChoiceField(
        label=_("Counted"),
        required=False,
        choices=[ANY, *counting.KINDS.items()],
        widget=forms.HiddenInput,
    )
    #: Types of one kind together, by a number's link too.
    family = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=lambda: [ANY, *codes.choices("type_family")],
        widget=forms.HiddenInput,
    )

    show_optional = False

    def __init__(
        self, *args: Any, user: Any, sites: list[Any], places: list[Place], **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        self.user = user
        self.sites = {site.code: site for site in sites}
        self.fields["site"].choices = [ANY, *[(site.code, site.name) for site in sites]]
        if len(sites) < 2:
            del self.fields["site"]
        chosen = str(self.data.get("place", ""))[:40]
        self.chosen_place: Place | None = None
        # PostgreSQL knows no NUL; a query that comes in a form may hold one, and the field refuses.
        if chosen and "\x00" not in chosen:
            known = {place.pcode: place for place in places}
            self.chosen_place = (
                known.get(chosen)
                or Place.objects.defer("geometry").filter(pcode__iexact=chosen).first()
            )
            if self.chosen_place is not None and chosen not in known:
                places = [self.chosen_place, *places]
        self.fields["place"].widget.choices = [
            ANY,
            *[(place.pcode, _indented(place)) for place in places],
        ]

    def __iter__(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields if name != "close")

    def clean_place(self) -> Place | None:
        if self.cleaned_data["place"] and self.chosen_place is None:
            raise forms.ValidationError(_("No such place is known."), code="unknown")
        return self.chosen_place

    def clean_area(self) -> Place | None:
        pcode = self.cleaned_data["area"]
        if not pcode:
            return None
        area = Place.objects.defer("geometry").filter(pcode=pcode).first()
        if area is None:
            raise forms.ValidationError(_("No such place is known."), code="unknown")
        return area

    def asked_week(self) -> periods.Week | None:
        """The week that is asked for, beginning on the day of the one site it is about."""
        day = self.cleaned_data.get("week")
        if day is None:
            return None
        site = self.sites.get(self.cleaned_data.get("site", "")) or (
            next(iter(self.sites.values())) if len(self.sites) == 1 else None
        )
        return periods.Week.of(day, site.week_start if site else periods.SUNDAY)

    def apply(self, incidents: "QuerySet[Incident]") -> "QuerySet[Incident]":
        """The incidents that fit every answer that was understood."""
        incidents = self.narrow(incidents)
        sought = self.sought()
        return incidents if sought is None else incidents.filter(sought.index, sought.holds)

    def sought(self, *, close: bool | None = None) -> search.Search | None:
        """What is searched for, apart from the other answers; None where nothing is.

        Close spellings too, where the caller says so, else where the address does.
        """
        self.is_valid()
        text = self.cleaned_data.get("q")
        if not text:
            return None
        return search.understand(
            text,
            user=self.user,
            site_ids=[site.pk for site in self.asked_sites()],
            close=bool(self.cleaned_data.get("close")) if close is None else close,
        )

    def asked_sites(self) -> list[Any]:
        """The one site that is asked for, else all of the person's."""
        self.is_valid()
        chosen = self.sites.get(self.cleaned_data.get("site", ""))
        return [chosen] if chosen is not None else list(self.sites.values())

    def by_words(self, sought: search.Search) -> "QuerySet[Incident]":
        """What the index of words finds, narrowed likewise: the other reading of `keyset_page`."""
        rows = self.narrow(Incident.objects.visible_to(self.user, by_site=False))
        return rows.filter(sought.index)

    def narrow(self, incidents: "QuerySet[Incident]") -> "QuerySet[Incident]":
        """The incidents that fit every answer but the searched text."""
        self.is_valid()
        given = self.cleaned_data
        if given.get("site"):
            incidents = incidents.filter(site=self.sites[given["site"]])
        if given.get("type"):
            incidents = incidents.filter(type=given["type"])
        if given.get("status") == COUNTED[0]:
            incidents = on_the_map(incidents)
        elif given.get("status") == WAITING[0]:
            incidents = incidents.filter(workflow_state__in=Incident.WAITING)
        elif given.get("status"):
            incidents = incidents.filter(workflow_state=given["status"])
        if given.get("family"):
            incidents = incidents.filter(type__in=_types_of(given["family"]))
        if given.get("verification"):
            incidents = incidents.filter(verification=given["verification"])
        if given.get("mine"):
            incidents = incidents.filter(reporter=self.user)
        week = self.asked_week()
        if week is not None:
            incidents = incidents.filter(
                occurred_from__gte=week.starts_at, occurred_from__lt=week.ends_at
            )
        if given.get("only"):
            incidents = counting.counted_as(
                incidents,
                given["only"],
                self.user,
                since=given.get("since"),
                until=given.get("until"),
            )
            if given["only"] in counting.BY_CLOCK:
                # The days were those of the clock.
                given = {**given, "since": None, "until": None}
        if given.get("since"):
            incidents = incidents.filter(occurred_on__gte=given["since"])
        if given.get("until"):
            incidents = incidents.filter(occurred_on__lte=given["until"])
        if given.get("place"):
            incidents = incidents.filter(below(given["place"]))
        if given.get("area"):
            incidents = on_the_map(incidents).filter(counted_in(given["area"]))
        return incidents

    def chips(self, path: str) -> list[tuple[Any, Any, str]]:
        """(label, value, address without it) of every filter that is on."""
        chips = []
        for name, field in self.fields.items():
            value = self.data.get(name)
            if not value or name in self.errors:
                continue
            gone = {name, "after", "before"}
            query = urlencode(
                [(key, one) for key, many in self.data.lists() for one in many if key not in gone]
            )
            chips.append(
                (field.label, self._shown(name, value), f"{path}?{query}" if query else path)
            )
        return chips

    def _shown(self, name: str, value: str) -> Any:
        if name == "place" and self.chosen_place is not None:
            return self.chosen_place.name
        if name == "area":
            return self.cleaned_data["area"].name
        if name == "week":
            week = self.asked_week()
            return "" if week is None else self.fields["week"].prepare_value(week.start)
        if name in ("mine", "close"):
            return _("yes")
        if name == "type":
            return codes.label("incident_type", value)
        choices = dict(getattr(self.fields[name], "choices", []))
        return choices.get(value, value)


def _types_of(family: str) -> list[str]:
    """The types of a family, retired ones too."""
    every = codes.choices("incident_type", retired=True)
    return [code for code, _label in every if family_of("incident_type", code) == family]


def _indented(place: Place) -> str:
    depth = {"subdistrict": 1, "neighbourhood": 2}.get(place.level, 0)
    return "\u2003" * depth + place.name


def below(place: Place) -> Q:
    """Incidents at a place or anywhere inside it.

    The places are read first and asked for by key: how many records lie there is then known before
    the records are read, which a join hides.
    """
    if place.level == Place.Level.COUNTRY:
        return Q()
    if place.level == Place.Level.DISTRICT:
        return Q(district=place)
    if place.level == Place.Level.NEIGHBOURHOOD:
        return Q(place=place)
    above = "governorate" if place.level == Place.Level.GOVERNORATE else "parent"
    parts = Place.objects.filter(**{above: place}).order_by("pk").values_list("pk", flat=True)
    return Q(place__in=sorted({place.pk, *parts}))


def as_code(text: str) -> str:
    """The text as an incident's code, where it is one."""
    code = western_digits(text[:60]).strip().upper()
    return code if re.fullmatch(r"INC-[0-9-]{1,20}", code) else ""
