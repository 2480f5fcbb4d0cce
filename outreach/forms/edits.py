"""Forms of the facts of a case: changing them, and choosing where two people wrote two things."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire import codes, periods
from ceasefire.look.forms import CountField
from ceasefire.places.models import Zone
from outreach.forms.participants import PhoneField, VersionForm, _ReasonAndPassword, coded
from outreach.models import OPEN_TO_TEAM, SEALED, EditConflict, Participant
from outreach.services import edits

#: How long each sealed fact may be; as at intake.
MOST = {"alias": 80, "name": 160, "phone": 40, "address": 400, "family": 400, "tribe": 120}
MANY_LINES = ("address", "family")
WRITTEN = _("Something is written. Empty: it stays as it is.")


def words(field: str, label: Any, *, hint: Any = "") -> forms.CharField:
    """A field for a sealed fact; on no device is it remembered."""
    attrs = {"autocomplete": "off"}
    if field == "phone":
        return PhoneField(
            label=label,
            max_length=MOST[field],
            required=False,
            help_text=hint,
            widget=forms.TextInput(attrs={**attrs, "inputmode": "tel"}),
        )
    many = field in MANY_LINES
    return forms.CharField(
        label=label,
        max_length=MOST[field],
        required=False,
        help_text=hint,
        widget=forms.Textarea(attrs={**attrs, "rows": 2}) if many else forms.TextInput(attrs=attrs),
    )


def zones_of(participant: Participant) -> list[tuple[str, str]]:
    """The zones of the site that are walked, and the one that stands."""
    rows = Zone.objects.filter(site=participant.site_id)
    return [
        (zone.code, zone.name)
        for zone in rows
        if zone.closed_on is None or zone.pk == participant.zone_id
    ]


def with_standing(choices: list[tuple[str, str]], *standing: str) -> list[tuple[str, str]]:
    """The choices with those codes that stand and are out of use."""
    known = {code for code, _label in choices}
    return [*choices, *((code, code) for code in standing if code and code not in known)]


def _year(year: int | None) -> int | None:
    if year is not None and not 1900 <= year <= periods.now().year:
        raise forms.ValidationError(_("Write the year with four digits, for example 1998."))
    return year


class EditForm(VersionForm):
    """The facts of a case. What is not shown (name, phone, …) changes where something is typed."""

    alias = words("alias", edits.LABELS["alias"], hint=_("What the street calls the person."))
    zone = forms.ChoiceField(label=_("Zone"), required=False)
    sex = forms.ChoiceField(label=_("Sex"), widget=forms.RadioSelect)
    birth_year = CountField(label=_("Year of birth"), required=False, most=2100)
    age_band = forms.ChoiceField(
        label=_("Or about how old"), choices=coded("age_band"), widget=forms.RadioSelect
    )
    language = forms.ChoiceField(label=_("Language"), widget=forms.RadioSelect)
    safety_flags = forms.MultipleChoiceField(
        label=_("Safety"), required=False, widget=forms.CheckboxSelectMultiple
    )
    name = words("name", edits.LABELS["name"])
    phone = words("phone", edits.LABELS["phone"])
    address = words("address", edits.LABELS["address"])
    family = words("family", edits.LABELS["family"], hint=_("Whom to ask in danger, and how."))
    tribe = words("tribe", edits.LABELS["tribe"])
    take_away = forms.MultipleChoiceField(
        label=_("Take away what is written"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self, *args: Any, participant: Participant, alias: str, sealed: list[str], **kwargs: Any
    ) -> None:
        facts = {
            "version": participant.version,
            "alias": alias,
            "zone": participant.zone.code if participant.zone else "",
            "sex": participant.sex,
            "birth_year": participant.birth_year,
            "age_band": participant.age_band,
            "language": participant.language,
            "safety_flags": participant.safety_flags,
        }
        super().__init__(*args, initial=facts, **kwargs)
        self.fields["version"].required = True
        self.fields["zone"].choices = [("", _("Not known")), *zones_of(participant)]
        for field, name in edits.LISTS.items():
            there = getattr(participant, field)
            standing = there if isinstance(there, list) else [there]
            self.fields[field].choices = with_standing(codes.choices(name), *standing)
        written = [field for field in edits.NOT_SHOWN if field in sealed]
        for field in written:
            self.fields[field].help_text = WRITTEN
        if written:
            self.fields["take_away"].choices = [(one, edits.LABELS[one]) for one in written]
        else:
            del self.fields["take_away"]

    def clean_birth_year(self) -> int | None:
        return _year(self.cleaned_data["birth_year"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for field in cleaned.get("take_away") or ():
            if cleaned.get(field):
                self.add_error(field, _("Either write something, or take it away."))
        return cleaned

    def typed(self) -> dict[str, str]:
        """The facts as `edits.edit_participant` takes them."""
        cleaned = self.cleaned_data
        found = {
            "zone": cleaned["zone"],
            "sex": cleaned["sex"],
            "age": edits.age_of(cleaned["birth_year"], cleaned["age_band"]),
            "language": cleaned["language"],
            edits.FLAGS: " ".join(sorted(cleaned["safety_flags"])),
            **{field: cleaned[field] for field in OPEN_TO_TEAM},
            **{field: cleaned[field] for field in edits.NOT_SHOWN if cleaned[field]},
        }
        return found | dict.fromkeys(cleaned.get("take_away") or (), "")

    def let_go(self) -> None:
        """Keep of what was typed the open facts only: the consent was taken back meanwhile."""
        self.data = self.data.copy()
        for field in SEALED:
            self.data.pop(field, None)
            self.fields[field].disabled = True
            self.initial[field] = ""


class SettleForm(VersionForm):
    """Which of the two, or a third."""

    choice = forms.ChoiceField(
        label=_("What is right?"),
        choices=EditConflict.Choice.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )

    def __init__(self, *args: Any, conflict: EditConflict, **kwargs: Any) -> None:
        participant = conflict.participant
        super().__init__(*args, initial={"version": participant.version}, **kwargs)
        self.fields["version"].required = True
        self.field, label = conflict.field, _("Something else")
        if self.field == "age":
            third: forms.Field = CountField(label=_("Year of birth"), required=False, most=2100)
        elif self.field == "zone":
            choices = [("", _("Not known")), *zones_of(participant)]
            third = forms.ChoiceField(label=label, required=False, choices=choices)
        elif self.field in edits.LISTS:
            choices = list(codes.choices(edits.LISTS[self.field]))
            third = forms.ChoiceField(label=label, required=False, choices=[("", "—"), *choices])
        else:
            third = words(self.field, label)
        third.widget.attrs.setdefault("dir", "auto")
        self.fields["third"] = third

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        third = cleaned.get("third")
        if self.field == "age" and third is not None:
            try:
                _year(third)
            except forms.ValidationError as error:
                self.add_error("third", error)
        if (
            cleaned.get("choice") == EditConflict.Choice.THIRD
            and "third" not in self.errors
            and third in ("", None)
            and self.field != "zone"
        ):
            self.add_error("third", _("Write what is right."))
        return cleaned

    def text(self) -> str:
        third = self.cleaned_data["third"]
        return "" if third is None else str(third)


class OpenBothForm(_ReasonAndPassword):
    """Both values of a name, a phone, …, shown for a reason."""

    field_order = ("reason", "password")
