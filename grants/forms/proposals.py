"""Forms of a proposal: its facts, its budget, quotes, indicators and the people it is for."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ceasefire import money, periods
from ceasefire.look.forms import CoordinateField, CountField, DayField, base_helper
from ceasefire.places.models import Place
from grants.forms.fields import AmountField, NumberField, PlainText
from grants.forms.rows import Row, row_set
from grants.models import AwardType, Fund, Grant, Indicator, Organisation, ProjectKind, Sector
from grants.services.proposals import Line, Measure, Offer

NO_ANSWER = ("", "—")
#: What beneficiaries are counted by.
SEXES = (("f", _("Women and girls")), ("m", _("Men and boys")))
AGE_BANDS = (
    ("0-11", _("0 to 11")),
    ("12-17", _("12 to 17")),
    ("18-24", _("18 to 24")),
    ("25-34", _("25 to 34")),
    ("35-49", _("35 to 49")),
    ("50-64", _("50 to 64")),
    ("65+", _("65 and over")),
)


class PastDayField(DayField):
    """A day that is not ahead."""

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        if found is not None and found > periods.today():
            raise ValidationError(_("This lies ahead. Write when it was."), code="ahead")
        return found


class VersionForm(PlainText):
    """A form that knows what it was opened on, so that two people do not overwrite each other."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    show_optional = False
    use_required_attribute = False


def district_choices(chosen: Any = None) -> list[Any]:
    """The districts of today by governorate, that of Basrah first; and the one chosen before."""
    found: dict[str, list[tuple[str, str]]] = {}
    rows = (
        Place.objects.filter(Q(valid_to__isnull=True) | Q(pk=chosen), level=Place.Level.DISTRICT)
        .select_related("governorate")
        .defer("geometry", "governorate__geometry")
        .order_by("pcode")
    )
    for place in rows:
        found.setdefault(place.governorate.name if place.governorate else "", []).append(
            (place.pcode, place.name)
        )
    first = Place.objects.filter(pcode="IQG02").defer("geometry").first()
    here = first.name if first else ""
    groups = sorted(found.items(), key=lambda group: (group[0] != here, group[0]))
    return [NO_ANSWER, *groups]


def organisations(*chosen: Any) -> dict[str, Organisation]:
    """By code the organisations in use, and those chosen before; in the order of their names."""
    found = Organisation.objects.filter(
        Q(status=Organisation.Status.ACTIVE) | Q(pk__in=[one for one in chosen if one is not None])
    ).only("code", "name_en", "name_ar")
    return {one.code: one for one in sorted(found, key=lambda one: (one.name.casefold(), one.code))}


def organisation_choices(known: dict[str, Organisation]) -> list[tuple[str, str]]:
    """The choices of a field that asks for one of them."""
    return [NO_ANSWER, *((code, f"{one.name} · {code}") for code, one in known.items())]


class FactsForm(VersionForm):
    """What a grant is about and what it asks for."""

    fund = forms.ModelChoiceField(
        label=_("Fund"), queryset=Fund.objects.none(), empty_label=None, to_field_name="code"
    )
    title_ar = forms.CharField(label=_("Title in Arabic"), required=False, max_length=160)
    title_en = forms.CharField(label=_("Title in English"), required=False, max_length=160)
    award_type = forms.ChoiceField(label=_("Type of award"), choices=AwardType.choices)
    kind = forms.ChoiceField(label=_("Kind of project"), choices=[NO_ANSWER, *ProjectKind.choices])
    sector = forms.ChoiceField(label=_("Sector"), choices=[NO_ANSWER, *Sector.choices])
    requested_usd = AmountField(label=_("Requested, in US dollars"))
    own_contribution_usd = AmountField(
        label=_("The grantee's own contribution, in US dollars"),
        above_zero=False,
        required=False,
        help_text=_("Empty means none."),
    )
    district = forms.ChoiceField(label=_("District"))
    site_name = forms.CharField(
        label=_("Site"),
        required=False,
        max_length=160,
        help_text=_("As people there call it. No names of persons."),
    )
    lat = CoordinateField(label=_("Latitude"), limit=90, required=False)
    lon = CoordinateField(label=_("Longitude"), limit=180, required=False)
    exactness = forms.ChoiceField(
        label=_("How exact is the point?"),
        choices=Grant.Exactness.choices,
        initial=Grant.Exactness.APPROXIMATE,
        widget=forms.RadioSelect,
    )
    grantee = forms.ChoiceField(label=_("Grantee"), required=False)
    implementer = forms.ChoiceField(
        label=_("Implementer"),
        required=False,
        help_text=_("Only where it is not the grantee."),
    )
    purpose = forms.CharField(
        label=_("Need and purpose"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("No names of persons."),
    )
    rationale = forms.CharField(
        label=_("Why here"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    sustainment = forms.CharField(
        label=_("Who keeps it going afterwards"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    capture_risk = forms.ChoiceField(
        label=_("How likely is it that an armed group takes hold of it?"),
        choices=[NO_ANSWER, *Grant.Risk.choices],
        required=False,
    )
    planned_start = DayField(label=_("Planned begin"), required=False)
    planned_end = DayField(label=_("Planned end"), required=False)
    program_site = forms.CharField(
        label=_("Proposed by the program: its site"),
        required=False,
        max_length=40,
    )
    program_code_name = forms.CharField(
        label=_("Code name of who proposed it"), required=False, max_length=60
    )
    endorsed_on = PastDayField(
        label=_("Day on which the program's manager endorsed it"), required=False
    )

    def __init__(self, *args: Any, grant: Grant | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grant = grant
        self.helper = base_helper()
        if grant is None:
            funds = Fund.objects.filter(closed_at__isnull=True)
            self.fields["fund"].queryset = funds
            self.fields["fund"].label_from_instance = lambda one: f"{one.code} · {one.name}"
        else:
            # A grant stays with its fund.
            del self.fields["fund"]
        self.fields["district"].choices = district_choices(grant.district_id if grant else None)
        self.known = organisations(
            *([grant.grantee_id, grant.implementer_id] if grant is not None else [])
        )
        for name in ("grantee", "implementer"):
            self.fields[name].choices = organisation_choices(self.known)

    def clean_district(self) -> Place:
        return Place.objects.defer("geometry").get(pcode=self.cleaned_data["district"])

    def clean_grantee(self) -> Organisation | None:
        return self.known.get(self.cleaned_data["grantee"])

    def clean_implementer(self) -> Organisation | None:
        return self.known.get(self.cleaned_data["implementer"])

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not given.get("title_ar") and not given.get("title_en"):
            for name in ("title_ar", "title_en"):
                if name not in self.errors:
                    self.add_error(
                        name, ValidationError(_("Give a title in one language at least."))
                    )
                    break
        begins, ends = given.get("planned_start"), given.get("planned_end")
        if begins and ends and ends < begins:
            self.add_error(
                "planned_end", ValidationError(_("The end lies before the begin."), code="order")
            )
        for name, other in (("lat", "lon"), ("lon", "lat")):
            if given.get(name) is not None and given.get(other) is None and not self.errors:
                self.add_error(other, ValidationError(_("A point has a latitude and a longitude.")))
        return given

    def facts(self) -> dict[str, Any]:
        """What the service takes."""
        given = dict(self.cleaned_data)
        given.pop("version", None)
        given.pop("fund", None)
        given["own_contribution_usd"] = given["own_contribution_usd"] or Decimal(0)
        for name in ("lat", "lon"):
            if given[name] is not None:
                given[name] = round(Decimal(str(given[name])), 6)
        return given

    @staticmethod
    def initial_of(grant: Grant) -> dict[str, Any]:
        """A grant as its form begins."""
        names = [name for name in FactsForm.base_fields if name not in ("fund", "version")]
        found = {name: getattr(grant, name) for name in names}
        found["district"] = grant.district.pcode
        for name in ("grantee", "implementer"):
            one = found[name]
            found[name] = one.code if one is not None else ""
        for name in ("lat", "lon"):
            if found[name] is not None:
                found[name] = f"{found[name].normalize():f}"
        found["own_contribution_usd"] = found["own_contribution_usd"] or None
        return found


# --- rows ----------------------------------------------------------------------------------------


class LineForm(Row):
    """One line of the budget."""

    description = forms.CharField(label=_("What"), max_length=200)
    unit = forms.CharField(label=_("Unit"), required=False, max_length=40)
    quantity = NumberField(label=_("How many"), above_zero=True)
    unit_cost_usd = AmountField(label=_("Cost of one, USD"))
    own = forms.BooleanField(label=_("Paid by the grantee, not by the fund"), required=False)

    field_order = ["description", "quantity", "unit", "unit_cost_usd", "own", "remove"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        many, cost = given.get("quantity"), given.get("unit_cost_usd")
        if many and cost and money.product(many, cost) <= 0:
            self.add_error(
                "unit_cost_usd", ValidationError(_("The line comes to less than a cent."))
            )
        return given


BudgetRows = row_set(LineForm, extra=1)


def lines_of(rows: Any) -> list[Line]:
    """The lines that a valid set of rows says."""
    return [
        Line(
            description=given["description"],
            quantity=given["quantity"],
            unit_cost_usd=given["unit_cost_usd"],
            unit=given["unit"],
            own=given["own"],
        )
        for given in rows.filled()
    ]


class QuoteForm(Row):
    """One vendor's offer."""

    vendor = forms.ChoiceField(label=_("Vendor"))
    amount_usd = AmountField(label=_("Offer, in US dollars"))
    quoted_on = PastDayField(label=_("Day of the offer"))
    chosen = forms.BooleanField(label=_("This one is chosen"), required=False)
    reason = forms.CharField(
        label=_("Why this one"),
        required=False,
        max_length=400,
        help_text=_("Needed where the chosen offer is not the lowest."),
    )

    field_order = ["vendor", "amount_usd", "quoted_on", "chosen", "reason", "remove"]

    def __init__(
        self, *args: Any, known: dict[str, Organisation], choices: list[Any], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.known = known
        self.fields["vendor"].choices = choices

    def clean_vendor(self) -> Organisation:
        return self.known[self.cleaned_data["vendor"]]


class QuoteRows(row_set(QuoteForm, extra=1)):  # type: ignore[misc]
    """Quotes: one of a vendor, one chosen, and a reason where it is not the lowest."""

    def clean(self) -> None:
        filled = [form for form in self.rows() if not form.errors]
        seen: set[Any] = set()
        lowest = min((form.cleaned_data["amount_usd"] for form in filled), default=Decimal(0))
        chosen = 0
        for form in filled:
            given = form.cleaned_data
            vendor = given["vendor"].pk
            if vendor in seen:
                form.add_error("vendor", ValidationError(_("A vendor quotes once.")))
            seen.add(vendor)
            chosen += given["chosen"]
            if given["chosen"] and chosen > 1:
                form.add_error("chosen", ValidationError(_("One quote is chosen, not two.")))
            if given["chosen"] and given["amount_usd"] > lowest and not given["reason"].strip():
                form.add_error("reason", ValidationError(_("Say why the lowest is not taken.")))


def offers_of(rows: Any) -> list[Offer]:
    """The quotes that a valid set of rows says."""
    return [
        Offer(
            vendor=given["vendor"],
            amount_usd=given["amount_usd"],
            quoted_on=given["quoted_on"],
            chosen=given["chosen"],
            reason=given["reason"],
        )
        for given in rows.filled()
    ]


class MeasureForm(Row):
    """One indicator."""

    level = forms.ChoiceField(label=_("Level"), choices=[NO_ANSWER, *Indicator.Level.choices])
    title = forms.CharField(label=_("What is measured"), max_length=200)
    unit = forms.CharField(label=_("Unit"), required=False, max_length=40)
    baseline = NumberField(label=_("Baseline"))
    target = NumberField(label=_("Target"))

    field_order = ["level", "title", "unit", "baseline", "target", "remove"]


MeasureRows = row_set(MeasureForm, extra=1)


def measures_of(rows: Any) -> list[Measure]:
    """The indicators that a valid set of rows says."""
    return [
        Measure(
            level=given["level"],
            title=given["title"],
            baseline=given["baseline"],
            target=given["target"],
            unit=given["unit"],
        )
        for given in rows.filled()
    ]


class BeneficiariesForm(VersionForm):
    """How many of each sex and age band a grant is for; empty means none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The fields come before the parent reads what was typed into them.
        self.base_fields = {**type(self).base_fields, **_cells()}
        super().__init__(*args, **kwargs)

    @property
    def table(self) -> list[tuple[Any, list[Any]]]:
        """Rows of the page: an age band, then the field of each sex."""
        return [
            (label, [self[cell_name(sex, band)] for sex, _label in SEXES])
            for band, label in AGE_BANDS
        ]

    def expected(self) -> dict[tuple[str, str], int]:
        """What the service takes; empty cells are left out."""
        found = {}
        for band, _band_label in AGE_BANDS:
            for sex, _label in SEXES:
                number = self.cleaned_data[cell_name(sex, band)]
                if number:
                    found[(sex, band)] = number
        return found


def cell_name(sex: str, band: str) -> str:
    """The name of the field of a sex and an age band."""
    return f"n_{sex}_{band.replace('-', '_').replace('+', '')}"


def _cells() -> dict[str, forms.Field]:
    return {
        cell_name(sex, band): CountField(
            label=f"{sex_label} · {band_label}", required=False, most=1_000_000
        )
        for band, band_label in AGE_BANDS
        for sex, sex_label in SEXES
    }
