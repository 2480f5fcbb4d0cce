"""Forms of a case: intake, consent, its states, and what is opened or sought for a reason."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire import codes, periods
from ceasefire.accounts.second_step import PasswordAgainForm
from ceasefire.look.forms import CodeField, CountField, DayField, NormalisedForm
from ceasefire.people.models import User
from ceasefire.places.models import Site, Zone
from ceasefire.vault.blind import e164
from outreach.forms.days import NearDayField
from outreach.models import SEALED, Participant
from outreach.services import identity
from outreach.services.participants import COMPARED, Agreed, Facts

#: Digits of a phone number with its country's code.
PHONE_DIGITS = range(9, 16)


def coded(name: str) -> Any:
    """The choices of a code list, read anew for each form so that they are in its language."""
    return lambda: codes.choices(name)


class VersionForm(NormalisedForm):
    """Which version of the case the person saw."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


def _words(label: Any, most: int, *, lines: int = 1, hint: Any = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": lines}) if lines > 1 else forms.TextInput()
    widget.attrs["autocomplete"] = "off"
    return forms.CharField(
        label=label, max_length=most, required=False, widget=widget, help_text=hint
    )


class PhoneField(forms.CharField):
    """A phone number in any digits and with any signs; kept as it was written."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if text and len(e164(text).lstrip("+")) not in PHONE_DIGITS:
            raise forms.ValidationError(
                _("Write the whole number, for example 0770 123 4567."), code="phone"
            )
        return text


class ConsentFields(NormalisedForm):
    """To what, how and when; all three or none where `required` is False."""

    purposes = forms.MultipleChoiceField(
        label=_("Agrees to"),
        choices=coded("consent_purpose"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    manner = forms.ChoiceField(
        label=_("How"),
        choices=coded("consent_manner"),
        widget=forms.RadioSelect,
        required=False,
    )
    agreed_on = NearDayField(label=_("On"), required=False, help_text=_("Empty means today."))

    asked = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = cleaned.get("purposes") or cleaned.get("manner") or cleaned.get("agreed_on")
        if self.asked or given:
            if not cleaned.get("purposes") and "purposes" not in self.errors:
                self.add_error("purposes", _("Say to what the person agrees."))
            if not cleaned.get("manner") and "manner" not in self.errors:
                self.add_error("manner", _("Say how the person agreed."))
        return cleaned

    def agreed(self) -> Agreed | None:
        if not self.cleaned_data["purposes"]:
            return None
        return Agreed(
            purposes=tuple(self.cleaned_data["purposes"]),
            manner=self.cleaned_data["manner"],
            on=self.cleaned_data["agreed_on"] or periods.now().date(),
        )


class ConsentForm(ConsentFields):
    """A consent by itself, in the place of what stood before."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class IntakeForm(ConsentFields):
    """Taking somebody in. Nothing but the site is asked for: unknown is an answer."""

    asked = False

    site = forms.ChoiceField(label=_("Site"), error_messages={"required": _("Choose a site.")})
    worker = forms.ChoiceField(label=_("Who carries the case"), required=False)
    zone = forms.ChoiceField(label=_("Zone"), required=False)
    sex = forms.ChoiceField(
        label=_("Sex"),
        choices=coded("sex"),
        widget=forms.RadioSelect,
        required=False,
    )
    birth_year = CountField(label=_("Year of birth"), required=False, most=2100)
    age_band = forms.ChoiceField(
        label=_("Or about how old"),
        choices=coded("age_band"),
        widget=forms.RadioSelect,
        required=False,
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=coded("spoken_language"),
        widget=forms.RadioSelect,
        required=False,
        initial="ar",
    )
    safety_flags = forms.MultipleChoiceField(
        label=_("Safety"),
        choices=coded("safety_flag"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    alias = _words(_("Alias"), 80, hint=_("What the street calls the person; the team reads it."))
    name = _words(_("Name"), 160)
    phone = PhoneField(
        label=_("Phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    address = _words(_("Address"), 400, lines=2)
    family = _words(_("Family"), 400, lines=2, hint=_("Whom to ask in danger, and how."))
    tribe = _words(_("Tribe"), 120)
    somebody_else = forms.BooleanField(
        label=_("It is somebody else"), required=False, widget=forms.HiddenInput
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, sites: list[Site], by: User, people: list[User], **kw: Any):
        super().__init__(*args, **kw)
        self.by, self.sites, self.twins = by, {site.code: site for site in sites}, []
        self.people = {str(person.pk): person for person in people}
        self.initial.setdefault("key", uuid4())
        self.fields["site"].choices = [(site.code, site.name) for site in sites]
        self.only_site = len(sites) == 1
        if self.only_site:
            self.fields["site"].required = False
            self.fields["site"].widget = forms.HiddenInput()
            self.initial.setdefault("site", sites[0].code)
        zones = Zone.objects.filter(site__in=sites, closed_on__isnull=True).select_related("site")
        self.zones = {f"{zone.site.code}/{zone.code}": zone for zone in zones}
        self.fields["zone"].choices = [
            ("", _("Not known")),
            *[
                (key, zone.name if self.only_site else f"{zone.site.name} · {zone.name}")
                for key, zone in self.zones.items()
            ],
        ]
        if self.people:
            self.fields["worker"].choices = [
                ("", by.code_name),
                *[(key, one.code_name) for key, one in self.people.items() if one.pk != by.pk],
            ]
        else:
            del self.fields["worker"]

    def clean_birth_year(self) -> int | None:
        year: int | None = self.cleaned_data["birth_year"]
        if year is not None and not 1900 <= year <= periods.now().year:
            raise forms.ValidationError(_("Write the year with four digits, for example 1998."))
        return year

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        zone = self.zones.get(cleaned.get("zone") or "")
        site = self.chosen_site()
        if site is not None and zone is not None and zone.site_id != site.pk:
            self.add_error("zone", _("This zone is of another site."))
        return cleaned

    def chosen_site(self) -> Site | None:
        if self.only_site:
            return next(iter(self.sites.values()))
        return self.sites.get(self.cleaned_data.get("site", ""))

    def chosen_worker(self) -> User | None:
        return self.people.get(self.cleaned_data.get("worker") or "")

    def facts(self) -> Facts:
        cleaned = self.cleaned_data
        return Facts(
            zone=self.zones.get(cleaned["zone"]),
            sex=cleaned["sex"] or "unknown",
            birth_year=cleaned["birth_year"],
            age_band=cleaned["age_band"] or "unknown",
            language=cleaned["language"] or "ar",
            safety_flags=tuple(cleaned["safety_flags"]),
        )

    def identity(self) -> dict[str, str]:
        """The sealed fields that were filled in."""
        return {name: self.cleaned_data[name] for name in SEALED if self.cleaned_data.get(name)}

    def ask_about_twins(self, twins: list[Participant]) -> None:
        """Hold the form up until the writer has looked at the own cases it may repeat."""
        self.twins = twins
        self.fields["somebody_else"].widget = forms.CheckboxInput()
        self.add_error(
            "somebody_else",
            _("You have a case that may be of the same person. Open it, or say it is another."),
        )


# --- states ---------------------------------------------------------------------------------------


class PauseForm(VersionForm):
    reason = forms.ChoiceField(
        label=_("Why"),
        choices=coded("pause_reason"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Give a reason.")},
    )
    until = DayField(
        label=_("Look again on"),
        help_text=_("A visit is put on the list of tasks for that day."),
        error_messages={"required": _("Say when to look again.")},
    )


class CloseForm(VersionForm):
    reason = forms.ChoiceField(
        label=_("Why"),
        choices=coded("close_reason"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Give a reason.")},
    )


class WordsForm(VersionForm):
    """A reason in words, which is sealed."""

    words = forms.CharField(
        label=_("Why"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Give a reason.")},
    )


class AnswerForm(VersionForm):
    """The answer to an exception; a refusal says why."""

    answer = forms.ChoiceField(
        label=_("Your decision"),
        choices=[("grant", _("Grant the exception")), ("refuse", _("Refuse the exception"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Decide.")},
    )
    words = forms.CharField(
        label=_("Why"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A refusal says why."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("answer") == "refuse" and not (cleaned.get("words") or "").strip():
            self.add_error("words", _("Give a reason."))
        return cleaned


class WithdrawForm(VersionForm):
    manner = forms.ChoiceField(
        label=_("How was it taken back?"),
        choices=coded("consent_manner"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say how.")},
    )


# --- identity -------------------------------------------------------------------------------------


class _ReasonAndPassword(PasswordAgainForm, NormalisedForm):
    """Why, and the password once more. The reason goes into the trail, so it holds no name."""

    reason = forms.CharField(
        label=_("Why do you need it?"),
        max_length=400,
        help_text=_("Your reason and your code name are written down. Write no name."),
        error_messages={"required": _("Give a reason.")},
    )

    def clean_reason(self) -> str:
        # Not said to the writer: it would tell whose names the program knows.
        return identity.without_names(self.cleaned_data["reason"], by=self.by)


class RevealForm(_ReasonAndPassword):
    """Which sealed fields of a case; each counts as one of the day's."""

    fields_wanted = forms.MultipleChoiceField(
        label=_("What do you need?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what you need.")},
    )
    field_order = ("fields_wanted", "reason", "password")

    def __init__(self, *args: Any, sealed: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fields_wanted"].choices = [
            (name, identity.LABELS[name]) for name in SEALED if name in sealed
        ]


class HeldForm(_ReasonAndPassword):
    """All that is held about somebody, in which language."""

    language = forms.ChoiceField(
        label=_("Language of the sheet"),
        choices=[("ar", "العربية"), ("en", "English")],
        initial="ar",
        widget=forms.RadioSelect,
    )
    field_order = ("language", "reason", "password")


class FindForm(NormalisedForm):
    """An exact search; what is typed never stands in an address."""

    kind = forms.ChoiceField(
        label=_("Search by"),
        choices=[(name, identity.LABELS[name]) for name in COMPARED],
        initial="name",
        widget=forms.RadioSelect,
    )
    value = forms.CharField(
        label=_("Exactly as it was written down"),
        max_length=160,
        error_messages={"required": _("Write what you look for.")},
    )


class ListFilter(NormalisedForm):
    """The list of all cases, narrowed by state, zone or code."""

    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("All")), *Participant.Status.choices]
    )
    zone = forms.ChoiceField(label=_("Zone"), required=False)
    code = CodeField(label=_("Code"), required=False, max_length=16)
    site = forms.ChoiceField(label=_("Site"), required=False)
    #: The cases behind a number of a dashboard.
    needs = forms.ChoiceField(
        label=_("Needs somebody"),
        required=False,
        choices=[
            ("", _("All")),
            ("alarming", _("Under threat, or planning harm")),
            ("at_risk", _("At risk of loss")),
            ("late", _("With a visit that is late")),
        ],
    )

    show_optional = False

    def __init__(self, *args: Any, sites: list[Site], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sites = {site.code: site for site in sites}
        self.fields["site"].choices = [
            ("", _("All")),
            *[(site.code, site.name) for site in sites],
        ]
        if len(sites) < 2:
            del self.fields["site"]
        zones = Zone.objects.filter(site__in=sites).select_related("site")
        self.zones = {f"{zone.site.code}/{zone.code}": zone for zone in zones}
        self.fields["zone"].choices = [
            ("", _("All")),
            *[(key, zone.name) for key, zone in self.zones.items()],
        ]

    def asked(self) -> dict[str, Any]:
        """What was asked and understood: columns and their values."""
        self.is_valid()
        cleaned = self.cleaned_data
        found: dict[str, Any] = {}
        if cleaned.get("status"):
            found["status"] = cleaned["status"]
        if cleaned.get("zone"):
            found["zone"] = self.zones[cleaned["zone"]].pk
        if cleaned.get("code"):
            found["code"] = cleaned["code"]
        if cleaned.get("site"):
            found["site"] = self.sites[cleaned["site"]].pk
        return found

    def asked_sites(self) -> list[Site]:
        """The one site that is asked for, else all of the person's."""
        self.is_valid()
        chosen = self.sites.get(self.cleaned_data.get("site", ""))
        return [chosen] if chosen is not None else list(self.sites.values())
