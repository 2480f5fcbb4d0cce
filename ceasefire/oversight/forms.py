"""Forms about places and sites. They validate and never save."""

import re
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import DayField, NormalisedForm
from ceasefire.places.models import Place, Site


class NamesForm(NormalisedForm):
    """Names of a place; other spellings one a line."""

    name_en = forms.CharField(label=_("Name in English"), max_length=120)
    name_ar = forms.CharField(label=_("Name in Arabic"), max_length=120)
    alt_names = forms.CharField(
        label=_("Other spellings, one a line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Search finds the place by any of them."),
    )

    def clean_alt_names(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["alt_names"].splitlines()]
        names = list(dict.fromkeys(line for line in lines if line))
        if any(len(name) > 120 for name in names):
            raise forms.ValidationError(_("A spelling has at most 120 letters."))
        return names


class NeighbourhoodForm(NamesForm):
    """A new neighbourhood under a sub-district."""

    parent = forms.ModelChoiceField(
        label=_("Sub-district"),
        queryset=Place.objects.none(),
        to_field_name="pcode",
    )
    short = forms.RegexField(
        label=_("Short code"),
        regex=r"^[A-Z0-9]{2,16}$",
        help_text=_("2 to 16 capital Latin letters or digits, e.g. ASHAR."),
        error_messages={"invalid": _("Use 2 to 16 capital Latin letters or digits.")},
    )
    field_order = ["parent", "short", "name_en", "name_ar", "alt_names"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = (  # type: ignore[attr-defined]
            Place.objects.filter(
                level=Place.Level.SUBDISTRICT, governorate__pcode="IQG02", valid_to__isnull=True
            )
            .defer("geometry")
            .order_by("pcode")
        )

    def clean_short(self) -> str:
        return re.sub(r"\s", "", self.cleaned_data["short"]).upper()

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if facts.get("parent") and facts.get("short"):
            facts["pcode"] = f"{facts['parent'].pcode}-{facts['short']}"
            if Place.objects.filter(pcode=facts["pcode"]).exists():
                self.add_error("short", _("This code is taken."))
        return facts


class SiteForm(NormalisedForm):
    """What may be changed of a site."""

    name_en = forms.CharField(label=_("Name in English"), max_length=120)
    name_ar = forms.CharField(label=_("Name in Arabic"), max_length=120)
    week_start = forms.TypedChoiceField(
        label=_("First day of the week"), choices=list(WEEKDAYS.items()), coerce=int
    )
    reporting_since = DayField(
        label=_("Weekly reports since"),
        required=False,
        help_text=_("Day/month/year. Left empty, reports are made only on request."),
    )


class NewSiteForm(SiteForm):
    """A new site."""

    code = forms.RegexField(
        label=_("Code"),
        regex=r"^[A-Z0-9][A-Z0-9-]{2,39}$",
        help_text=_(
            "Capital Latin letters, digits, dashes, e.g. BASRAH-CENTRE. It stays for good."
        ),
        error_messages={"invalid": _("Use 3 to 40 capital Latin letters, digits or dashes.")},
    )
    places = forms.ModelMultipleChoiceField(
        label=_("Districts it works in"),
        queryset=Place.objects.none(),
        to_field_name="pcode",
        widget=forms.CheckboxSelectMultiple,
    )
    recording_since = DayField(
        label=_("Recording since"),
        help_text=_("Weeks before this day are missing, not zero."),
    )
    field_order = ["code", "name_en", "name_ar", "places", "recording_since"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["places"].queryset = (  # type: ignore[attr-defined]
            Place.objects.filter(
                level=Place.Level.DISTRICT, governorate__pcode="IQG02", valid_to__isnull=True
            )
            .defer("geometry")
            .order_by("pcode")
        )

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if Site.objects.filter(code=code).exists() or code == "NEW":
            raise forms.ValidationError(_("This code is taken."))
        return code


class ZoneForm(NormalisedForm):
    """Names of a zone, and the places of the site's districts that lie in it."""

    name_en = forms.CharField(label=_("Name in English"), max_length=120)
    name_ar = forms.CharField(label=_("Name in Arabic"), max_length=120)
    places = forms.ModelMultipleChoiceField(
        label=_("Places in it"),
        queryset=Place.objects.none(),
        to_field_name="pcode",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        districts = site.places.values_list("district", flat=True)
        self.fields["places"].queryset = (  # type: ignore[attr-defined]
            Place.objects.filter(
                level__in=[Place.Level.SUBDISTRICT, Place.Level.NEIGHBOURHOOD],
                district__in=list(districts),
                valid_to__isnull=True,
            )
            .defer("geometry")
            .order_by("pcode")
        )


class NewZoneForm(ZoneForm):
    """A new zone of a site."""

    code = forms.RegexField(
        label=_("Code"),
        regex=r"^[A-Z0-9][A-Z0-9-]{1,39}$",
        help_text=_("Capital Latin letters, digits, dashes, e.g. NORTH-1. It stays for good."),
        error_messages={"invalid": _("Use 2 to 40 capital Latin letters, digits or dashes.")},
    )
    field_order = ["code", "name_en", "name_ar", "places"]

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, site=site, **kwargs)
        self.site = site

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if code == "NEW" or self.site.zones.filter(code=code).exists():
            raise forms.ValidationError(_("This code is taken."))
        return code
