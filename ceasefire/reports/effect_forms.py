"""The form that sets down what is judged of the program's effect."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import DayField
from ceasefire.places.models import Place, Site
from ceasefire.reports import effects
from ceasefire.reports.compilation import districts
from ceasefire.reports.effect_models import EffectPlan


class EffectPlanForm(forms.Form):
    """Districts of the program, its start, what is counted and why; the rest is compared with."""

    show_optional = False
    starts_on = DayField(label=_("The program began on"), help_text=_("Day/month/year"))
    treated = forms.MultipleChoiceField(
        label=_("Districts where the program works"),
        help_text=_("All other districts of the site are compared with these."),
        widget=forms.CheckboxSelectMultiple,
    )
    outcome = forms.ChoiceField(label=_("What is counted"))
    grounds = forms.CharField(
        label=_("Why these districts"),
        help_text=_("How they were chosen. No names of people."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.districts = districts(site)
        named = Place.objects.filter(pcode__in=self.districts).order_by("pcode")
        chosen: Any = self.fields["treated"]
        chosen.choices = [(place.pcode, str(place.name)) for place in named]
        outcome: Any = self.fields["outcome"]
        outcome.choices = [
            (EffectPlan.ALL_TYPES, _("All verified incidents")),
            *effects.outcomes(),
        ]

    def clean_treated(self) -> list[str]:
        treated: list[str] = self.cleaned_data["treated"]
        if len(treated) == len(self.districts):
            raise ValidationError(_("Leave at least one district out, to compare with."))
        return treated

    def facts(self) -> dict[str, Any]:
        """What `effects.register_plan` takes."""
        treated = self.cleaned_data["treated"]
        return {
            **self.cleaned_data,
            "comparison": [pcode for pcode in self.districts if pcode not in treated],
        }
