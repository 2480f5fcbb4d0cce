"""Forms of kept filters and of one verb on many rows."""

import re
import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import NormalisedForm
from incidents.models import BulkAction

#: One row as the list's boxes and the confirmation send it: a code and the version that was seen.
ROW = re.compile(r"^(INC-[0-9]{4}-[0-9]{6,9}):([0-9]{1,9})$")


def rows_of(picked: list[str]) -> list[tuple[str, int]]:
    """(code, version) of what was picked, each once, in its order; anything else is left out."""
    found: dict[str, int] = {}
    for text in picked:
        match = ROW.match(text.strip())
        if match:
            found.setdefault(match[1], int(match[2]))
    return list(found.items())


class BulkForm(NormalisedForm):
    """The confirmation: what, on which rows, and why where a reason is needed."""

    verb = forms.ChoiceField(choices=BulkAction.Verb.choices, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)
    rows = forms.CharField(widget=forms.HiddenInput, max_length=100_000)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Give a reason.")},
    )

    def __init__(self, *args: Any, verb: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        verb = verb or str(self.data.get("verb", ""))
        if verb == BulkAction.Verb.RETURN:
            self.fields["reason"].required = True
        else:
            del self.fields["reason"]

    @classmethod
    def asking(cls, verb: str, rows: list[tuple[str, int]]) -> "BulkForm":
        """The form of a new confirmation, with a key of its own."""
        packed = " ".join(f"{code}:{version}" for code, version in rows)
        return cls(verb=verb, initial={"verb": verb, "key": uuid.uuid4(), "rows": packed})

    def clean_rows(self) -> list[tuple[str, int]]:
        return rows_of(self.cleaned_data["rows"].split())


class SaveFilterForm(NormalisedForm):
    """A name for the filters in view."""

    name = forms.CharField(
        label=_("Name"),
        max_length=40,
        help_text=_("Say what it shows; no names of people."),
        error_messages={"required": _("Give the filter a name.")},
    )
    is_default = forms.BooleanField(label=_("Open the list with it"), required=False)
    shared_with = forms.ChoiceField(label=_("Share with the team of"), required=False)
    query = forms.CharField(widget=forms.HiddenInput, required=False, max_length=4000)

    def __init__(self, *args: Any, sites: list[Any], may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sites = {site.code: site for site in sites}
        if may_share:
            self.fields["shared_with"].choices = [
                ("", _("Nobody")),
                *[(site.code, site.name) for site in sites],
            ]
        else:
            del self.fields["shared_with"]

    def site(self) -> Any:
        return self.sites.get(self.cleaned_data.get("shared_with", ""))
