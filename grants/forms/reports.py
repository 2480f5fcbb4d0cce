"""What a report is narrowed to, and figures of a fund's donor."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import DayField, NormalisedForm
from ceasefire.places.models import Place
from grants.forms.fields import AmountField, PlainText
from grants.models import Fund, FundFigure, Grant, Sector, State

ANY = ("", _("Any"))


class ReportFilter(NormalisedForm):
    """Fund, district, state, sector, and two days, both of them counted."""

    show_optional = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        funds = [(one.code, f"{one.code} · {one.name}") for one in Fund.objects.all()]
        places = Place.objects.filter(pk__in=Grant.objects.order_by().values("district"))
        districts = [(one.pcode, one.name) for one in places.only("pcode", "name_en", "name_ar")]
        self._choice("fund", _("Fund"), funds)
        self._choice("district", _("District"), districts)
        self._choice("state", _("State"), State.choices)
        self._choice("sector", _("Sector"), Sector.choices)
        # `from` is a word of the language, so these two are named here.
        self.fields["from"] = DayField(label=_("From"), required=False)
        self.fields["to"] = DayField(label=_("To"), required=False)

    def _choice(self, name: str, label: Any, choices: Any) -> None:
        self.fields[name] = forms.ChoiceField(label=label, required=False, choices=[ANY, *choices])

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        since, until = found.get("from"), found.get("to")
        if since and until and until < since:
            self.add_error("to", _("The last day comes before the first."))
        return found

    @property
    def filters(self) -> dict[str, Any]:
        """The answers that narrow anything."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def chips(self, path: str) -> list[tuple[Any, Any, str]]:
        """(label, value, address without it) of every filter that is on."""
        given = {name: str(self.data[name]) for name in self.filters}
        chips = []
        for name in given:
            rest = urlencode({key: value for key, value in given.items() if key != name})
            field = self.fields[name]
            words = dict(getattr(field, "choices", ())).get(given[name], given[name])
            chips.append((field.label, words, f"{path}?{rest}" if rest else path))
        return chips


def query_of(filters: Mapping[str, Any]) -> str:
    """The filters as the query of an address: codes and ISO days."""
    return urlencode({key: str(value) for key, value in filters.items() if value})


class WorksheetForm(NormalisedForm):
    """Which fund, and which days the period has."""

    show_optional = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fund"] = forms.ChoiceField(
            label=_("Fund"),
            choices=[(one.code, f"{one.code} · {one.name}") for one in Fund.objects.all()],
        )
        self.fields["from"] = DayField(label=_("From"), required=False)
        self.fields["to"] = DayField(label=_("To"), required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        since, until = found.get("from"), found.get("to")
        if since and until and until < since:
            self.add_error("to", _("The last day comes before the first."))
        return found


class FigureForm(PlainText):
    """A figure that the donor gives: what it is, how much, of which day, under which number."""

    kind = forms.ChoiceField(label=_("What it is"), choices=FundFigure.Kind.choices)
    amount_usd = AmountField(label=_("Amount, USD"))
    on = DayField(label=_("Day"))
    reference = forms.CharField(label=_("The donor's number for it"), max_length=60)
