"""Forms of the work around the caseload: events, shifts, the log of a day."""

import re
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ceasefire import codes, periods
from ceasefire.look.forms import (
    ClockField,
    CodeField,
    CountField,
    MomentField,
    NormalisedForm,
    _Typed,
)
from ceasefire.people.models import User
from ceasefire.periods import BAGHDAD
from ceasefire.places.models import Place, Site, Zone
from incidents.models import Incident
from outreach.models import FieldEvent, Participant

NOT_SAID = ("", _("Not said"))
SEXES = ("m", "f")
#: Most participants offered at a group session.
MOST_PRESENT = 100


class AmountField(_Typed):
    """A sum of money, with at most two decimals."""

    default_error_messages = {"invalid": _("Write the sum as a number, for example 25000.")}

    def understand(self, text: str) -> Decimal:
        plain = text.replace(",", "").replace("٬", "").replace("٫", ".")
        if not re.fullmatch(r"\d{1,12}(\.\d{1,2})?", plain):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return Decimal(plain)


class HoursField(_Typed):
    """Hours of a day as 2, 1:30 or 1.5; gives minutes."""

    default_error_messages = {"invalid": _("Write hours as 2, 1:30 or 1.5.")}

    def understand(self, text: str) -> int:
        if found := re.fullmatch(r"(\d{1,2}):([0-5]\d)", text):
            minutes = int(found[1]) * 60 + int(found[2])
        elif re.fullmatch(r"\d{1,2}([.,٫]\d{1,2})?", text):
            minutes = round(float(re.sub("[,٫]", ".", text)) * 60)
        else:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if minutes > 24 * 60:
            raise ValidationError(_("A day has 24 hours."), code="too_many")
        return minutes

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value
        return f"{value // 60}:{value % 60:02}" if value % 60 else f"{value // 60}"


class _Keyed(NormalisedForm):
    """A form with a key of its own, so that it records once however often it arrives."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid4())


def _plain() -> forms.TextInput:
    return forms.TextInput(attrs={"class": "form-control"})


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "form-select"})


class EventForm(_Keyed):
    """One sort of work around the caseload; what does not belong to the sort is not asked."""

    kind = forms.ChoiceField(
        label=_("What kind"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say what kind.")},
    )
    at = MomentField(
        label=_("When"),
        required=False,
        help_text=_("Empty means now. Else day and time, for example 22/11/2026 23:10."),
    )
    minutes = CountField(
        label=_("Minutes"), most=1440, required=False, help_text=_("Empty: not known.")
    )
    zone = forms.ChoiceField(label=_("Zone"), required=False, widget=_select())
    place = forms.ChoiceField(label=_("Place"), required=False, widget=_select())
    people = CountField(
        label=_("People reached"), most=20_000, required=False, help_text=_("Empty: not known.")
    )
    quantity = CountField(
        label=_("How many pieces"),
        most=1_000_000,
        error_messages={"required": _("Say how many pieces.")},
    )
    incident = CodeField(
        label=_("After which incident"),
        max_length=24,
        required=False,
        help_text=_("Its number, for example INC-2026-000123."),
    )
    cost = AmountField(label=_("Cost"), required=False)
    currency = forms.ChoiceField(
        label=_("Currency"), choices=FieldEvent.Currency.choices, required=False, initial="IQD"
    )
    present = forms.MultipleChoiceField(
        label=_("Participants who were there"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(
        label=_("What came of it"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept sealed. Read by the staff of the site."),
    )

    #: Which fields a sort does without.
    LEFT_OUT: dict[str, tuple[str, ...]] = {
        "canvass": ("kind", "quantity", "cost", "currency", "present"),
        "event": ("quantity", "present"),
        "materials": ("people", "minutes", "present"),
        "group": ("quantity", "incident", "cost", "currency"),
    }

    def __init__(
        self,
        *args: Any,
        sort: str,
        site: Site,
        zones: list[Zone],
        places: list[Place],
        cases: list[Participant],
        by: User,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sort, self.site, self.by = sort, site, by
        self.zones = {str(zone.pk): zone for zone in zones}
        self.places = {str(place.pk): place for place in places}
        self.cases = {case.code: case for case in cases[:MOST_PRESENT]}
        for name in self.LEFT_OUT[sort]:
            del self.fields[name]
        if "kind" in self.fields:
            name = FieldEvent.KINDS[FieldEvent.Sort(sort)]
            self.fields["kind"].choices = codes.choices(name)
        self.fields["zone"].choices = [NOT_SAID, *((k, z.name) for k, z in self.zones.items())]
        self.fields["place"].choices = [NOT_SAID, *((k, p.name) for k, p in self.places.items())]
        if sort == FieldEvent.Sort.GROUP:
            self.fields["note"].help_text = _(
                "Kept sealed. Read by you, those who supervise you, and whoever carries the case"
                " of somebody present. Erased when one of those present takes consent back."
            )
        if "present" in self.fields:
            self.fields["present"].choices = [(code, code) for code in self.cases]
        self.counted: dict[str, tuple[str, str]] = {}
        if sort == "event":
            for sex in SEXES:
                for band, label in codes.choices("age_band"):
                    name = f"came_{sex}_{band}"
                    self.counted[name] = (sex, band)
                    self.fields[name] = CountField(
                        label=label, most=20_000, required=False, widget=_plain()
                    )

    @property
    def attendance_rows(self) -> list[tuple[str, list[Any]]]:
        """Who came, one row an age: its words, the fields of men and women."""
        return [
            (label, [self[f"came_{sex}_{band}"] for sex in SEXES])
            for band, label in codes.choices("age_band")
            if self.counted
        ]

    def clean_incident(self) -> Incident | None:
        """The incident of a number; one the writer may not see is like none."""
        code = self.cleaned_data["incident"]
        if not code:
            return None
        found = Incident.objects.visible_to(self.by).filter(code=code, site=self.site).first()
        if found is None:
            raise ValidationError(_("There is no incident with this number here."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.sort == "materials" and cleaned.get("quantity") == 0:
            self.add_error("quantity", _("Say how many pieces."))
        total = sum(cleaned.get(name) or 0 for name in self.counted)
        people = cleaned.get("people")
        if total and people is not None and people < total:
            self.add_error("people", _("Fewer than the ages below add up to."))
        return cleaned

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        said = self.cleaned_data
        facts = {name: value for name, value in said.items() if name not in self.counted}
        facts["zone"] = self.zones.get(said["zone"])
        facts["place"] = self.places.get(said["place"])
        facts["minutes"] = said.get("minutes") or None
        facts["participants"] = [self.cases[code] for code in facts.pop("present", [])]
        if "cost" in facts:
            facts["currency"] = said.get("currency") or "IQD"
        facts["attendance"] = {
            pair: said[name] for name, pair in self.counted.items() if said.get(name)
        }
        return {"sort": self.sort, "site": self.site, **facts}


class ShiftForm(_Keyed):
    """Going out: back when, where, and who looks out. Who works at several sites says at which."""

    back_at = ClockField(
        label=_("Back by"),
        help_text=_("For example 18:30. An hour that has passed means tomorrow."),
        error_messages={"required": _("Say when you are back.")},
    )
    site = forms.ChoiceField(
        label=_("Site"), widget=_select(), error_messages={"required": _("Choose one.")}
    )
    zone = forms.ChoiceField(label=_("Zone"), required=False, widget=_select())
    buddy = forms.ChoiceField(
        label=_("Buddy"),
        required=False,
        widget=_select(),
        help_text=_("Is told first if you do not come back."),
    )

    def __init__(
        self, *args: Any, sites: list[Site], zones: list[Zone], people: list[User], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sites = {site.code: site for site in sites}
        if len(sites) > 1:
            self.fields["site"].choices = [
                NOT_SAID,
                *((code, site.name) for code, site in self.sites.items()),
            ]
        else:
            del self.fields["site"]
        self.zones = {str(zone.pk): zone for zone in zones}
        self.people = {str(person.pk): person for person in people}
        self.fields["zone"].choices = [NOT_SAID, *((k, z.name) for k, z in self.zones.items())]
        self.fields["buddy"].choices = [
            ("", _("Nobody")),
            *((key, person.code_name) for key, person in self.people.items()),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        zone = self.zones.get(cleaned.get("zone", ""))
        site = self._site(cleaned)
        if zone is not None and site is not None and zone.site_id != site.pk:
            self.add_error("zone", _("This zone belongs to another site."))
        return cleaned

    def _site(self, cleaned: dict[str, Any]) -> Site | None:
        if "site" in self.fields:
            return self.sites.get(cleaned.get("site", ""))
        return next(iter(self.sites.values()))

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            "site": self._site(self.cleaned_data),
            "back_at": next_time(self.cleaned_data["back_at"]),
            "zone": self.zones.get(self.cleaned_data["zone"]),
            "buddy": self.people.get(self.cleaned_data["buddy"]),
            "key": self.cleaned_data["key"],
        }


class LaterForm(NormalisedForm):
    """All is well, back at another time."""

    back_at = ClockField(label=_("Back by"), error_messages={"required": _("Say when.")})


def next_time(clock: time) -> datetime:
    """The next moment at which the clock in Basrah shows a time."""
    now = periods.now()
    found = datetime.combine(now.date(), clock, BAGHDAD)
    return found if found > now else found + timedelta(days=1)


class LogForm(NormalisedForm):
    """Hours of a day by activity."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.activities = codes.choices("work_activity")
        for activity, label in self.activities:
            self.fields[activity] = HoursField(label=label, required=False, widget=_plain())

    @property
    def rows(self) -> list[Any]:
        return [self[activity] for activity, _label in self.activities]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if sum(cleaned.get(activity) or 0 for activity, _label in self.activities) > 24 * 60:
            self.add_error(None, _("A day has 24 hours."))
        return cleaned

    def minutes(self) -> dict[str, int]:
        """Minutes by activity, those that were said."""
        return {
            activity: self.cleaned_data[activity]
            for activity, _label in self.activities
            if self.cleaned_data.get(activity)
        }
