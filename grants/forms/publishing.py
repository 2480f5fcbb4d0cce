"""Forms of what is published: a grant's level, who publishes, a file."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from grants.forms.fields import PlainText
from grants.forms.payments import reason_field
from grants.models import Fund, Grant, PublishedFile

#: Types of organisations by IATI's list, the ones an office or its donor can be.
TYPES = [
    ("10", _("Government")),
    ("11", _("Local government")),
    ("15", _("Other public sector")),
    ("21", _("International organisation without profit")),
    ("22", _("National organisation without profit")),
    ("40", _("Multilateral")),
    ("60", _("Foundation")),
    ("70", _("Private sector")),
    ("90", _("Other")),
]
LICENCES = [
    ("https://creativecommons.org/licenses/by/4.0/", "CC BY 4.0"),
    ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0 1.0"),
    ("https://opendatacommons.org/licenses/pddl/1-0/", "PDDL 1.0"),
]


class LevelForm(PlainText):
    """Another level of a grant, with a reason."""

    level = forms.ChoiceField(label=_("Level of publishing"), widget=forms.RadioSelect)
    reason = reason_field()
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"].choices = [  # type: ignore[attr-defined]
            one for one in Grant.Publish.choices if one[0] != grant.publish_level
        ]
        self.initial.setdefault("version", grant.version)


class FileForm(PlainText):
    """A file of one fund."""

    fund = forms.ModelChoiceField(
        label=_("Fund"), queryset=Fund.objects.order_by("code"), empty_label=None
    )
    kind = forms.ChoiceField(label=_("Format"), choices=PublishedFile.Kind.choices)
    draft_only = forms.BooleanField(
        label=_("Only a draft, to look at"),
        help_text=_("A draft says so in its name and before every title, and passes no check."),
        required=False,
    )


class PublisherForm(PlainText):
    """Who publishes, as the standards want to know it."""

    name_en = forms.CharField(
        label=_("Name of the office in English"),
        max_length=160,
        error_messages={"required": _("Give a name.")},
    )
    name_ar = forms.CharField(
        label=_("Name of the office in Arabic"), max_length=160, required=False
    )
    org_ref = forms.CharField(
        label=_("Organisation identifier"),
        max_length=60,
        help_text=_("As the IATI registry gave it, for example XI-IATI-REOBASRA."),
        error_messages={"required": _("Write the identifier.")},
        widget=forms.TextInput(attrs={"dir": "ltr"}),
    )
    org_type = forms.ChoiceField(label=_("Kind of office"), choices=TYPES)
    prefix = forms.CharField(
        label=_("360Giving prefix"),
        max_length=40,
        help_text=_("It begins with 360G- and was given by 360Giving."),
        error_messages={"required": _("Write the prefix.")},
        widget=forms.TextInput(attrs={"dir": "ltr"}),
    )
    licence = forms.ChoiceField(label=_("Licence of the files"), choices=LICENCES)
    website = forms.URLField(
        label=_("Website"),
        max_length=200,
        required=False,
        assume_scheme="https",
        widget=forms.TextInput(attrs={"dir": "ltr", "inputmode": "url"}),
    )
    donor_name_en = forms.CharField(
        label=_("Donor's name in English"), max_length=160, required=False
    )
    donor_name_ar = forms.CharField(
        label=_("Donor's name in Arabic"), max_length=160, required=False
    )
    donor_type = forms.ChoiceField(
        label=_("Kind of donor"), choices=[("", _("Not said")), *TYPES], required=False
    )

    def clean_org_ref(self) -> str:
        text = str(self.cleaned_data["org_ref"])
        if not re.fullmatch(r"[A-Za-z0-9]+-[A-Za-z0-9._:-]+", text):
            raise forms.ValidationError(
                _("An agency's letters, a hyphen, then letters, digits or hyphens.")
            )
        return text

    def clean_prefix(self) -> str:
        text = str(self.cleaned_data["prefix"])
        if not re.fullmatch(r"360G-[A-Za-z0-9_-]+", text):
            raise forms.ValidationError(_("It begins with 360G-, then letters and digits."))
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        named = cleaned.get("donor_name_en") or cleaned.get("donor_name_ar")
        if named and not cleaned.get("donor_type"):
            self.add_error("donor_type", _("Say what kind of donor it is."))
        return cleaned
