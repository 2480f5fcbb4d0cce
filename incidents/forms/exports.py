"""Which file is made of the list."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import NormalisedForm

FORMATS = {
    "csv": _("CSV, for any program and for reading back in"),
    "xlsx": _("XLSX, for Excel, with what the columns mean"),
    "geojson": _("GeoJSON, for maps"),
    "acled": _("Research file in the columns of ACLED, CSV"),
    "acled-xlsx": _("Research file in the columns of ACLED, XLSX with its codebook"),
}
#: What the address of an export says beside the filters.
CHOICES = ("format", "hxl", "labels")


class ExportForm(NormalisedForm):
    """Format, HXL tags, codes or words."""

    format = forms.ChoiceField(
        label=_("Format"), choices=list(FORMATS.items()), widget=forms.RadioSelect, initial="xlsx"
    )
    labels = forms.ChoiceField(
        label=_("Names of columns and values"),
        choices=[
            ("codes", _("codes, the same in every language")),
            ("words", _("words in my language")),
        ],
        widget=forms.RadioSelect,
        required=False,
        initial="codes",
    )
    hxl = forms.BooleanField(
        label=_("HXL tags in the second row"),
        help_text=_("Humanitarian programs understand them. GeoJSON has none."),
        required=False,
    )

    @property
    def options(self) -> dict[str, Any]:
        """What was chosen beside the format; nothing where all is as usual."""
        given = self.cleaned_data
        options: dict[str, Any] = {}
        if given.get("hxl"):
            options["hxl"] = True
        if given.get("labels"):
            options["labels"] = given["labels"]
        return options
