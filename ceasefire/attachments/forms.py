"""The one form of a photo's own page."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.text import strip_bidi_controls


class RemoveForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto", "autocomplete": "off"}),
        error_messages={"required": _("Give a reason.")},
    )

    def clean_reason(self) -> str:
        return strip_bidi_controls(self.cleaned_data["reason"])
