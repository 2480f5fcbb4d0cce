"""What is written down after the award: visits, findings, reports, values."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import CoordinateField, CountField, DayField
from grants.forms.fields import NumberField, PlainText
from grants.forms.proposals import NO_ANSWER, PastDayField
from grants.models import Document, Finding, Grant, MonitoringVisit, Officer, Report

YES_NO = [("", _("Not asked")), ("yes", _("Yes")), ("no", _("No"))]
_SAID = {"yes": True, "no": False}


class Asking(PlainText):
    """A form whose optional fields say so in their hint, if at all."""

    use_required_attribute = False


class PlanVisitForm(Asking):
    """By which day somebody is to be there."""

    kind = forms.ChoiceField(
        label=_("What for"),
        choices=[
            one
            for one in MonitoringVisit.Kind.choices
            if one[0] in (MonitoringVisit.Kind.ROUTINE, MonitoringVisit.Kind.COMPLETION)
        ],
    )
    due_on = DayField(label=_("By which day"))


class VisitForm(Asking):
    """What somebody saw, and where they stood."""

    kind = forms.ChoiceField(label=_("What for"), choices=MonitoringVisit.Kind.choices)
    visited_on = PastDayField(label=_("Day of the visit"))
    seen = forms.CharField(
        label=_("What was seen"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What stands, what works, who uses it. No names of persons."),
    )
    is_open = forms.ChoiceField(label=_("Is it open?"), choices=YES_NO, required=False)
    is_used = forms.ChoiceField(label=_("Is it used?"), choices=YES_NO, required=False)
    is_safe = forms.ChoiceField(label=_("Is it safe?"), choices=YES_NO, required=False)
    controlled_by = forms.CharField(
        label=_("Who holds it now"),
        max_length=160,
        required=False,
        help_text=_("The directorate, the association, a group: no name of a person."),
    )
    lat = CoordinateField(label=_("Latitude"), limit=90, required=False)
    lon = CoordinateField(label=_("Longitude"), limit=180, required=False)
    exactness = forms.ChoiceField(
        label=_("How exact is the place?"),
        choices=[("", "—"), *Grant.Exactness.choices],
        required=False,
    )

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grant = grant

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        there = [given.get("lat") is not None, given.get("lon") is not None]
        if any(there) != all(there):
            self.add_error("lon", ValidationError(_("Give both, or neither."), code="half"))
        elif all(there) and not given.get("exactness"):
            self.add_error("exactness", ValidationError(_("Choose one."), code="required"))
        return given

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        given = self.cleaned_data
        facts = {name: given[name] for name in ("kind", "visited_on", "seen", "controlled_by")}
        facts |= {name: _SAID.get(given[name]) for name in ("is_open", "is_used", "is_safe")}
        if given["lat"] is not None:
            facts |= {
                "lat": f"{given['lat']:.6f}",
                "lon": f"{given['lon']:.6f}",
                "exactness": given["exactness"],
            }
        return facts


class PaperForm(Asking):
    """A filed photo or report that was brought back from a visit."""

    document = forms.ModelChoiceField(
        label=_("Photo or visit report on file"), queryset=Document.objects.none(), empty_label="—"
    )

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["document"]
        field.queryset = (
            Document.objects.in_order()
            .filter(grant=grant, type__in=["photo", "visit_report"], of_visit__isnull=True)
            .order_by("-uploaded_at")
        )
        field.label_from_instance = paper_words


def paper_words(paper: Document) -> str:
    """A paper in a list to choose from: type, title, the beginning of its hash."""
    parts = [str(paper.get_type_display()), paper.title, paper.sha256[:8]]
    return " · ".join(part for part in parts if part)


class FindingForm(Asking):
    """Something that is not right."""

    severity = forms.ChoiceField(
        label=_("How grave"), choices=[NO_ANSWER, *Finding.Severity.choices]
    )
    text = forms.CharField(
        label=_("What is not right"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("No names of persons."),
    )
    due_on = DayField(label=_("Put right by"))
    owner = forms.ModelChoiceField(
        label=_("Who sees to it"),
        queryset=Officer.objects.none(),
        empty_label="—",
        help_text=_("Somebody else closes it, unless it is a low one."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["owner"]
        field.queryset = Officer.objects.filter(is_active=True).exclude(duties=[])


class RemedyForm(Asking):
    """How a finding was put right."""

    remedy = forms.CharField(
        label=_("What was done"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )


class PlanReportForm(Asking):
    """A report that the grantee will owe."""

    kind = forms.ChoiceField(label=_("Which report"), choices=Report.Kind.choices)
    due_on = DayField(label=_("Due on"))


class ReceiveReportForm(Asking):
    """The grantee's report came in."""

    received_on = PastDayField(label=_("Came in on"))
    document = forms.ModelChoiceField(
        label=_("The report on file"), queryset=Document.objects.none(), empty_label="—"
    )

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["document"]
        field.queryset = (
            Document.objects.in_order()
            .filter(grant=grant, type__in=["narrative_report", "financial_report", "other"])
            .order_by("-uploaded_at")
        )
        field.label_from_instance = paper_words


class ValueForm(Asking):
    """What was measured on a day."""

    as_of = PastDayField(label=_("Measured on"))
    value = NumberField(label=_("Value"), places=2)


class ReachedForm(Asking):
    """How many of each sex and age were reached; empty is not known."""

    def __init__(
        self, *args: Any, rows: list[tuple[str, str, str, int | None]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.keys: dict[str, tuple[str, str]] = {}
        for sex, band, label, known in rows:
            name = f"reached_{sex}_{band}".replace("+", "plus").replace("-", "_")
            self.keys[name] = (sex, band)
            self.fields[name] = CountField(
                label=label, most=1_000_000, required=False, initial=known
            )

    def reached(self) -> dict[tuple[str, str], int | None]:
        """What the service takes."""
        return {key: self.cleaned_data[name] for name, key in self.keys.items()}
