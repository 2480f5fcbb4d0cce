"""Handing over what an officer owns."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from grants.forms.monitoring import Asking
from grants.models import Officer

_FINDING = _("Finding %(number)d of %(ref)s")


class HandoverForm(Asking):
    """To whom, and why; of one grant or finding, or of all (`what`)."""

    what = forms.ChoiceField(label=_("What"))
    to = forms.ModelChoiceField(
        label=_("To whom"), queryset=Officer.objects.none(), empty_label="—"
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept for good and read by auditors. No names of persons."),
    )

    def __init__(self, *args: Any, load: Any, takers: list[Officer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.queryset = Officer.objects.filter(pk__in=[one.pk for one in takers]).exclude(
            pk=load.officer.pk
        )
        what: Any = self.fields["what"]
        self.grants = {f"grant:{one.ref}": one for one in load.grants}
        self.findings = {f"finding:{one.grant.ref}:{one.number}": one for one in load.findings}
        what.choices = [
            ("all", _("Everything below")),
            *((key, f"{one.ref} · {one.title}") for key, one in self.grants.items()),
            *(
                (
                    key,
                    _("Finding %(number)d of %(ref)s")
                    % {"number": one.number, "ref": one.grant.ref},
                )
                for key, one in self.findings.items()
            ),
        ]
