"""The incident itself: the five questions, and everything that may be added."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from ceasefire import codes, periods
from ceasefire.codes.services import family
from ceasefire.look.forms import (
    ClockField,
    CoordinateField,
    CountField,
    DayField,
    NormalisedForm,
)
from ceasefire.places import services as places
from ceasefire.places.models import Place
from incidents import services
from incidents.forms.rows import NO_ANSWER, NO_NAMES, coded, refuse_names, say_names
from incidents.models import BAND_HOURS
from incidents.services import SourceFacts

#: What logging asks of a place, and of its district: what it is called. The rest is read when it is
#: asked for, such as the outline of the sub-district where a point is given.
NAMES = ("name_en", "name_ar", "alt_names")
ASKED = (*NAMES, "pcode", "level", "parent", "district", "governorate")
#: A page that stayed open longer than this no longer knows what "now" was.
LONGEST_OPEN = timedelta(hours=24)
PLAIN_NAMES = (
    "type",
    "subtype",
    "time_of_day",
    "place_type",
    "killed_min",
    "killed_best",
    "killed_max",
    "killed_unknown",
    "injured_min",
    "injured_best",
    "injured_max",
    "abducted",
    "motive",
    "method",
    "weapons",
    "summary",
    "public_safety",
    "staff_involved",
)


def types_by_family() -> list[tuple[str, list[tuple[str, str]]]]:
    """The incident types under their families, in the lists' order."""
    groups: dict[str, list[tuple[str, str]]] = {
        code: [] for code, _ in codes.choices("type_family")
    }
    for code, label in codes.choices("incident_type"):
        groups.setdefault(family("incident_type", code), []).append((code, label))
    names = dict(codes.choices("type_family"))
    return [(names.get(code, code), rows) for code, rows in groups.items() if rows]


def band_of(moment: datetime) -> str:
    """The part of the day in which a moment of Baghdad falls."""
    hour = moment.astimezone(periods.BAGHDAD).hour
    for band, begins in (("night", 21), ("evening", 18), ("afternoon", 13), ("morning", 8)):
        if hour >= begins:
            return band
    return "dawn" if hour >= 4 else "night"


def moment_on(day: date, clock: time | None, band: str) -> datetime:
    """The moment that a day and a clock, or else a part of the day, stand for, in Baghdad."""
    at = clock or time(BAND_HOURS.get(band, 12))
    return datetime.combine(day, at, periods.BAGHDAD)


SWAPPED = _("Latitude and longitude look exchanged: in Iraq latitude is 29 to 38.")


class IncidentForm(NormalisedForm):
    """The plain facts, as edited or corrected. Labels and hints are the questions people answer."""

    type = forms.ChoiceField(
        label=_("What happened?"), choices=types_by_family, widget=forms.RadioSelect
    )
    day = DayField(label=_("Day"), required=False, help_text=_("Day/month/year"))
    clock = ClockField(label=_("Time, if known"), required=False, help_text=_("Hours:minutes"))
    time_of_day = forms.ChoiceField(
        label=_("Time of day"),
        choices=coded("time_of_day"),
        initial="unknown",
        required=False,
        widget=forms.RadioSelect,
    )
    place = forms.CharField(label=_("Where?"), required=False, widget=forms.RadioSelect)
    place_listed = forms.CharField(
        label=_("Or choose from the list"), required=False, widget=forms.Select
    )
    killed_best = CountField(label=_("How many were killed?"), required=False)
    killed_unknown = forms.BooleanField(label=_("Unknown"), required=False)

    subtype = forms.CharField(label=_("More exactly"), required=False, max_length=60)
    until = DayField(
        label=_("Until"), required=False, help_text=_("Only if it lasted longer than a day.")
    )
    time_precision = forms.TypedChoiceField(
        label=_("How sure of the day"),
        choices=coded("time_precision"),
        coerce=int,
        empty_value=1,
        initial="1",
        required=False,
    )
    geo_precision = forms.TypedChoiceField(
        label=_("How sure of the place"),
        choices=lambda: [("", _("As the place says")), *codes.choices("geo_precision")],
        coerce=int,
        empty_value=None,
        required=False,
    )
    lat = CoordinateField(label=_("Latitude"), limit=90, required=False)
    lon = CoordinateField(label=_("Longitude"), limit=180, required=False)
    place_type = forms.ChoiceField(
        label=_("Kind of place"), choices=coded("place_type"), initial="unknown", required=False
    )
    killed_min = CountField(label=_("Killed, at least"), required=False)
    killed_max = CountField(label=_("Killed, at most"), required=False)
    injured_best = CountField(label=_("Injured"), required=False)
    injured_min = CountField(label=_("Injured, at least"), required=False)
    injured_max = CountField(label=_("Injured, at most"), required=False)
    abducted = CountField(label=_("Abducted"), required=False)
    motive = forms.ChoiceField(
        label=_("Motive"), choices=coded("motive"), initial="unknown", required=False
    )
    method = forms.ChoiceField(
        label=_("How it was done"), choices=coded("method"), initial="unknown", required=False
    )
    weapons = forms.MultipleChoiceField(
        label=_("Weapons"),
        choices=coded("weapon"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    summary = forms.CharField(
        label=_("What is known, without names"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    names_checked = forms.BooleanField(label=NO_NAMES, required=False)
    public_safety = forms.BooleanField(label=_("The danger goes on"), required=False)
    staff_involved = forms.BooleanField(label=_("Program staff are involved"), required=False)

    show_optional = False
    use_required_attribute = False
    #: Whether a missing answer to one of the five questions may wait (a draft).
    is_draft = False

    def __init__(self, *args: Any, by: Any, incident: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.incident = incident
        self.found_names: list[str] = []
        self.near: Place | None = None
        self.found_place: Place | None = None
        self.fields["type"].error_messages["required"] = _("Say what happened.")

    def offer_places(self, near: list[Place], listed: list[Place]) -> None:
        """Offer places as chips and in the list; one that was chosen by search stays offered."""
        chosen = self["place"].value()
        if "\x00" in str(chosen):
            chosen = ""  # PostgreSQL knows no such letter; the field itself refuses it
        if chosen and chosen not in [place.pcode for place in near]:
            there = Place.objects.defer("geometry").filter(pcode=str(chosen)[:40]).first()
            near = [there, *near] if there else near
        self.fields["place"].widget.choices = [(place.pcode, place.name) for place in near]
        by_parent: dict[str, list[tuple[str, str]]] = {}
        for place in listed:
            above = place.parent.name if place.parent else place.name
            by_parent.setdefault(above, []).append((place.pcode, place.name))
        self.fields["place_listed"].widget.choices = [NO_ANSWER, *by_parent.items()]

    # --- one answer at a time -------------------------------------------------------------------

    def _place(self, pcode: str) -> Place | None:
        if not pcode:
            return None
        found = (
            Place.objects.select_related("district")
            .only(*ASKED, *(f"district__{name}" for name in NAMES))
            .filter(pcode=pcode, valid_to__isnull=True)
            .first()
        )
        if found is None:
            raise forms.ValidationError(_("No such place is known."), code="unknown")
        return found

    def clean_place(self) -> Place | None:
        return self._place(self.cleaned_data["place"])

    def clean_place_listed(self) -> Place | None:
        return self._place(self.cleaned_data["place_listed"])

    def clean_summary(self) -> str:
        return self._without_names("summary")

    def _without_names(self, field: str) -> str:
        text = str(self.cleaned_data[field])
        if not self.data.get(self.add_prefix("names_checked")):
            found = refuse_names(text, by=self.by)
            self.found_names += found
            say_names(self, field, found)
        return text

    # --- answers that belong together -----------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        self._clean_place_and_point(given)
        self._clean_time(given)
        for what in ("killed", "injured"):
            self._clean_counts(given, what)
        if given.get("killed_unknown") and given.get("killed_best") is not None:
            self.add_error("killed_best", _("Either a number or unknown, not both."))
        if (
            not self.is_draft
            and "killed_best" not in self.errors
            and given.get("killed_best") is None
            and not given.get("killed_unknown")
        ):
            self.add_error("killed_best", _("Give the number killed, 0 if nobody, or unknown."))
        if given.get("type") == "OTH" and not given.get("subtype") and not self.is_draft:
            self.add_error("subtype", _("Say in a few words what it was."))
        return given

    def _clean_place_and_point(self, given: dict[str, Any]) -> None:
        chip, listed = given.get("place"), given.get("place_listed")
        lat, lon = given.get("lat"), given.get("lon")
        if chip and listed and chip.pk != listed.pk:
            self.add_error("place", _("Two places are chosen. Keep one."))
            return
        place = chip or listed
        if (lat is None) != (lon is None) and not {"lat", "lon"} & set(self.errors):
            missing = "lat" if lat is None else "lon"
            self.add_error(missing, _("A point needs latitude and longitude."))
            return
        if place is None and lat is not None and lon is not None:
            place = self.found_place = places.locate(lat, lon)
            if place is None:
                if places.locate(lon, lat) is not None:
                    self.add_error("lat", SWAPPED)
                else:
                    self.add_error("place", _("The point lies outside Iraq. Choose a place."))
                return
        if place is None:
            if not {"place", "place_listed"} & set(self.errors):
                self.add_error("place", _("Say where it happened."))
            return
        given["place"] = place
        if lat is not None and lon is not None:
            self._clean_point(place, lat, lon)
        elif given.get("geo_precision"):
            usual = services.usual_precision(place)
            if given["geo_precision"] < usual and usual >= 4:
                self.add_error(
                    "geo_precision", _("This place is known less exactly. Choose a smaller place.")
                )

    def _clean_point(self, place: Place, lat: float, lon: float) -> None:
        found = services.check_point(place, lat, lon)
        if found.lies == "near":
            self.near = place
        elif found.lies == "elsewhere" and found.located is None:
            swapped = services.check_point(place, lon, lat).located is not None
            self.add_error("lat", SWAPPED if swapped else _("The point lies outside Iraq."))
        elif found.lies == "elsewhere":
            self.add_error(
                "lat",
                forms.ValidationError(
                    _("The point lies in %(there)s, not in %(here)s."),
                    params={"there": found.located.name, "here": place.name},
                ),
            )

    def _clean_time(self, given: dict[str, Any]) -> None:
        given["occurred_from"] = self.moment(given)
        until = given.get("until")
        begins = given["occurred_from"]
        if begins is None:
            return
        if begins > timezone.now() + timedelta(minutes=10):
            self.add_error("day", _("That is later than now."))
        elif periods.local_day(begins) < services.EARLIEST:
            self.add_error("day", _("That is before 1950. Look at the year again."))
        if until is not None:
            if until < periods.local_day(begins):
                self.add_error("until", _("It ends before it begins."))
            elif until > periods.now().date():
                self.add_error("until", _("That is later than today."))

    def moment(self, given: dict[str, Any]) -> datetime | None:
        """When it began; None where the day is missing or wrong."""
        day = given.get("day")
        if day is None:
            if "day" not in self.errors:
                self.add_error("day", _("Say on which day it happened."))
            return None
        return moment_on(day, given.get("clock"), given.get("time_of_day") or "unknown")

    def _clean_counts(self, given: dict[str, Any], what: str) -> None:
        least, best, most = (given.get(f"{what}_{part}") for part in ("min", "best", "max"))
        if least is not None and best is not None and least > best:
            self.add_error(f"{what}_min", _("At least cannot be more than the number itself."))
        if most is not None and best is not None and most < best:
            self.add_error(f"{what}_max", _("At most cannot be less than the number itself."))
        if least is not None and most is not None and least > most:
            self.add_error(f"{what}_min", _("At least cannot be more than at most."))

    # --- for the service ------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """The plain fields as the service takes them."""
        given = self.cleaned_data
        facts: dict[str, Any] = {name: given[name] for name in PLAIN_NAMES}
        for name in ("time_of_day", "place_type", "motive", "method"):
            facts[name] = facts[name] or "unknown"
        facts["place"] = given["place"]
        facts["lat"], facts["lon"] = given["lat"], given["lon"]
        facts["time_precision"] = given["time_precision"]
        facts["geo_precision"] = given["geo_precision"] or services.usual_precision(
            given["place"], has_point=given["lat"] is not None
        )
        begins = given["occurred_from"]
        until = given["until"]
        if self._keeps_moment():
            begins = self.incident.occurred_from
        elif facts["time_of_day"] == "unknown" and given.get("clock"):
            facts["time_of_day"] = band_of(begins)
        facts["occurred_from"] = begins
        facts["occurred_to"] = (
            max(datetime.combine(until, time(23, 59), periods.BAGHDAD), begins) if until else None
        )
        if facts["killed_unknown"]:
            facts["killed_best"] = None
        return facts

    def _keeps_moment(self) -> bool:
        return self.incident is not None and not (
            {"day", "clock", "time_of_day"} & set(self.changed_data)
        )


class LogForm(IncidentForm):
    """The same with what only a new report asks: when in one tap, the first source, the site."""

    WHEN = [
        ("now", _("Now")),
        ("today", _("Today")),
        ("yesterday", _("Yesterday")),
        ("pick", _("Another day")),
    ]

    key = forms.UUIDField(widget=forms.HiddenInput)
    opened_at = forms.CharField(required=False, widget=forms.HiddenInput)
    site = forms.ChoiceField(label=_("Site"))
    when = forms.ChoiceField(label=_("When?"), choices=WHEN, widget=forms.RadioSelect)
    source_kind = forms.ChoiceField(
        label=_("Who told us?"), choices=coded("source_kind"), widget=forms.RadioSelect
    )
    source_reliability = forms.ChoiceField(
        label=_("How often has this source been right?"),
        choices=coded("reliability"),
        widget=forms.RadioSelect,
    )
    source_credibility = forms.ChoiceField(
        label=_("Does it hold together?"), choices=coded("credibility"), widget=forms.RadioSelect
    )
    source_text = forms.CharField(
        label=_("What they said, without names"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    source_name = forms.CharField(
        label=_("Name of the source"), required=False, max_length=120, help_text=_("Kept sealed.")
    )
    source_contact = forms.CharField(
        label=_("Phone or other contact"),
        required=False,
        max_length=120,
        help_text=_("Kept sealed."),
    )

    def __init__(self, *args: Any, sites: list[Any], is_draft: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_draft = is_draft
        self.sites = {site.code: site for site in sites}
        self.fields["site"].choices = [(site.code, site.name) for site in sites]
        if len(sites) == 1:
            self.fields["site"].required = False
        self.initial.setdefault("key", uuid4())
        self.initial.setdefault("opened_at", periods.now().isoformat(timespec="seconds"))
        words = {
            "when": _("Say when it happened."),
            "source_kind": _("Say who told us."),
            "source_reliability": _(
                "Say how often this source has been right, or that you cannot."
            ),
            "source_credibility": _("Say whether it holds together, or that you cannot."),
        }
        for name, text in words.items():
            self.fields[name].error_messages["required"] = text
            if is_draft and name != "when":
                self.fields[name].required = False

    def clean_source_text(self) -> str:
        return self._without_names("source_text")

    def base(self) -> datetime:
        """What "now" is: when the answer was tapped or the page was opened, not when it arrives.

        So a form that waited for a signal, or comes twice, says the same thing both times.
        """
        now = periods.now()
        try:
            opened = parse_datetime(str(self.data.get(self.add_prefix("opened_at"), "")))
        except ValueError:
            opened = None
        if opened is None or timezone.is_naive(opened) or not now - LONGEST_OPEN <= opened <= now:
            return now
        return opened.astimezone(periods.BAGHDAD)

    def moment(self, given: dict[str, Any]) -> datetime | None:
        when, base = given.get("when"), self.base()
        if when == "now":
            given["time_of_day"] = band_of(base)
            return base.replace(second=0, microsecond=0)
        if when in {"today", "yesterday"}:
            given["day"] = base.date() - timedelta(days=when == "yesterday")
        if when is None:
            return None
        begins = super().moment(given)
        if begins is not None and not given.get("clock") and given["day"] == base.date():
            # "Today", and no clock: never later than the moment it was said.
            begins = min(begins, base.replace(second=0, microsecond=0))
        return begins

    def first_source(self) -> SourceFacts | None:
        """The source that every sent report has; None where a draft has none yet."""
        given = self.cleaned_data
        grades = [given[f"source_{part}"] for part in ("kind", "reliability", "credibility")]
        if not grades[0]:
            return None
        return SourceFacts(
            grades[0],
            grades[1] or "F",
            grades[2] or "6",
            text=given["source_text"],
            name=given["source_name"],
            contact=given["source_contact"],
        )

    def chosen_site(self) -> Any:
        """The site that was chosen, or the only one."""
        return self.sites.get(self.cleaned_data["site"]) or next(iter(self.sites.values()))


def initial_of(incident: Any) -> dict[str, Any]:
    """An incident as its form begins; a clock stands only where more than a band is known."""
    local = incident.occurred_from.astimezone(periods.BAGHDAD)
    return {
        **{name: getattr(incident, name) for name in PLAIN_NAMES},
        "day": local.date(),
        "clock": None
        if not incident.knows_clock
        else local.time().replace(second=0, microsecond=0),
        "until": incident.occurred_to and incident.occurred_to.astimezone(periods.BAGHDAD).date(),
        "place": incident.place.pcode,
        "time_precision": incident.time_precision,
        "geo_precision": incident.geo_precision,
        "lat": incident.lat,
        "lon": incident.lon,
    }
