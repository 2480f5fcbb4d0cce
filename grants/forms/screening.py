"""Forms of organisations, the people behind them, list files, and what is decided of a hit."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.look.forms import CodeField, CountField, DayField, NormalisedForm
from ceasefire.places.models import Place
from grants.forms.fields import PlainText
from grants.models import (
    Fund,
    ListSource,
    Organisation,
    ScreeningDisposition,
    ScreeningList,
)
from grants.services import lists

ANY = ("", _("Any"))
_OLDEST_BIRTH = 1900
_KIND = ScreeningDisposition.Kind


def districts() -> Any:
    """The districts of Basrah, by name."""
    return (
        Place.objects.filter(level=Place.Level.DISTRICT, governorate__pcode="IQG02")
        .defer("geometry")
        .order_by("name_en")
    )


class OrganisationFilter(PlainText):
    """What the list of organisations can be narrowed to."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "data-key": "/"}),
        help_text=_("A word of the name in either script, a code, a registration."),
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[ANY, *Organisation.Kind.choices]
    )
    status = forms.ChoiceField(
        label=_("State"), required=False, choices=[ANY, *Organisation.Status.choices]
    )


class OrganisationForm(PlainText):
    """A grantee, an implementer or a vendor; a new one that sounds like another is asked twice."""

    name_en = forms.CharField(
        label=_("Name in English"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off"}),
    )
    name_ar = forms.CharField(
        label=_("Name in Arabic"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"dir": "rtl", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("", _("Choose")), *Organisation.Kind.choices],
        error_messages={"required": _("Choose the kind.")},
    )
    district = forms.ModelChoiceField(
        label=_("District"),
        queryset=Place.objects.none(),
        empty_label=_("Choose"),
        error_messages={"required": _("Choose the district.")},
    )
    registration_no = CodeField(label=_("Registration number"), max_length=40, required=False)
    has_bank_account = forms.BooleanField(label=_("It has a bank account"), required=False)
    publish_ok = forms.BooleanField(
        label=_("It agrees to be named when grants are published"), required=False
    )
    another = forms.BooleanField(
        label=_("It is none of these"), required=False, widget=forms.HiddenInput
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, may_name: bool = False, **kwargs: Any) -> None:
        """`may_name`: the person is who writes down that it agreed to be named."""
        super().__init__(*args, **kwargs)
        if not may_name:
            self.fields["publish_ok"].disabled = True
            self.fields["publish_ok"].help_text = _("A grants officer sets this.")
        field: Any = self.fields["district"]
        field.queryset = districts()
        field.label_from_instance = lambda place: place.name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        named = cleaned.get("name_en") or cleaned.get("name_ar")
        if not named and not {"name_en", "name_ar"} & set(self.errors):
            self.add_error("name_en", _("Give the name in one of the two languages at least."))
        return cleaned

    def ask_twice(self) -> None:
        """Let the person say that it is none of those that sound alike."""
        self.fields["another"].widget = forms.CheckboxInput()
        self.add_error("another", _("Others sound like it. Look at them first."))

    def facts(self) -> dict[str, Any]:
        """What the verbs take."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in ("another", "version")
        }


class PersonForm(PlainText):
    """Somebody behind an organisation: what name screening compares."""

    full_name_ar = forms.CharField(
        label=_("Full name in Arabic"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"dir": "rtl", "autocomplete": "off"}),
    )
    father_name = forms.CharField(
        label=_("Father's name"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    grandfather_name = forms.CharField(
        label=_("Grandfather's name"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    name_en = forms.CharField(
        label=_("Name in Latin letters"),
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off"}),
        help_text=_("As it stands in a passport, where there is one."),
    )
    birth_year = CountField(label=_("Year of birth"), required=False, most=2100)
    function = forms.CharField(
        label=_("Function"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )

    def clean_birth_year(self) -> Any:
        year = self.cleaned_data["birth_year"]
        if year is not None and not _OLDEST_BIRTH <= year <= periods.now().year:
            raise forms.ValidationError(_("Write the year in four digits, for example 1975."))
        return year

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not (cleaned.get("full_name_ar") or cleaned.get("name_en")) and not self.errors:
            self.add_error("full_name_ar", _("Give the name in one of the two scripts at least."))
        return cleaned

    def facts(self) -> dict[str, str]:
        """What is sealed: texts, unknown parts empty."""
        return {
            name: "" if value is None else str(value) for name, value in self.cleaned_data.items()
        }


class ListForm(NormalisedForm):
    """A list file to be uploaded."""

    format = forms.ChoiceField(
        label=_("List"),
        choices=ScreeningList.Format.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the list.")},
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_("SDN.CSV, SDN.XML or the consolidated XML, as its publisher gives it out."),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty.")},
    )
    aliases = forms.FileField(
        label=_("ALT.CSV"),
        required=False,
        help_text=_("With SDN.CSV only: the aliases of the same day."),
        error_messages={"empty": _("The file is empty.")},
    )
    published = DayField(
        label=_("Published on"),
        required=False,
        help_text=_("With SDN.CSV only; the other files say it themselves."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("format") == ScreeningList.Format.OFAC_CSV:
            if not cleaned.get("aliases") and "aliases" not in self.errors:
                self.add_error("aliases", _("Choose the file with the aliases too."))
            if not cleaned.get("published") and "published" not in self.errors:
                self.add_error("published", _("Say on which day the list was published."))
        return cleaned

    def chosen(self) -> list[Any]:
        """The file, or both of a list in two."""
        found = [self.cleaned_data["file"]]
        if self.cleaned_data["format"] == ScreeningList.Format.OFAC_CSV:
            found.append(self.cleaned_data["aliases"])
        return found

    def published_on(self) -> Any:
        """The day of a list that has none of its own."""
        is_csv = self.cleaned_data["format"] == ScreeningList.Format.OFAC_CSV
        return self.cleaned_data["published"] if is_csv else None


class ListRuleForm(NormalisedForm):
    """Which lists a fund asks for, how old they may be, and from when."""

    fund = forms.ModelChoiceField(
        label=_("Fund"),
        queryset=Fund.objects.none(),
        empty_label=_("Choose"),
        error_messages={"required": _("Choose the fund.")},
    )
    sources = forms.MultipleChoiceField(
        label=_("Lists"),
        choices=ListSource.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose one list at least.")},
    )
    max_days = CountField(
        label=_("Greatest age of a list (days)"),
        most=lists.OLDEST,
        help_text=_("On the day of a clearance and of each payment."),
        error_messages={"required": _("Write a number of days.")},
    )
    valid_from = DayField(label=_("From"), error_messages={"required": _("Say on which day.")})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["fund"]
        field.queryset = Fund.objects.filter(closed_at__isnull=True).order_by("code")
        field.label_from_instance = lambda fund: f"{fund.code} · {fund.name}"

    def clean_max_days(self) -> int:
        days: int = self.cleaned_data["max_days"]
        if days < 1:
            raise forms.ValidationError(_("At least one day."))
        return days


def _reason(rows: int = 2) -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": rows, "dir": "auto", "autocomplete": "off"}),
        error_messages={"required": _("Give a reason.")},
    )


class HitForm(PlainText):
    """What somebody decides of a hit."""

    disposition = forms.ChoiceField(
        label=_("This is"),
        choices=[
            (_KIND.FALSE_POSITIVE, _("Somebody else (a false positive)")),
            (_KIND.ESCALATED, _("Not to be told from here: pass it on")),
            (_KIND.TRUE_MATCH, _("The same (a true match)")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what this is.")},
    )
    reason = _reason()
    seen = forms.UUIDField(required=False, widget=forms.HiddenInput)


class SignForm(PlainText):
    """Signing that a run found nobody."""

    reason = _reason()


class BlockForm(PlainText):
    """Why an organisation is blocked, or let be used again."""

    reason = _reason(3)
