"""Forms of the weekly report: they validate and never save."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ceasefire.look.forms import DayField
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports import services
from ceasefire.reports.editions import audience_of
from ceasefire.reports.exceptions import NotCovered, WeekNotOver
from ceasefire.reports.models import Audience
from ceasefire.reports.sentences import sentence
from ceasefire.text import strip_bidi_controls


class CompileForm(forms.Form):
    """Which week of which site; any day of the week will do."""

    show_optional = False
    site = forms.ModelChoiceField(label=_("Site"), queryset=Site.objects.none(), empty_label=None)
    day = DayField(label=_("Any day of the week"), help_text=_("Day/month/year"))

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site: Any = self.fields["site"]
        self.audience = audience_of(user)
        site.queryset = Site.objects.filter(pk__in=user.site_ids)
        site.label_from_instance = lambda one: one.name

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or {}
        site, day = facts.get("site"), facts.get("day")
        if site is not None and day is not None:
            facts["week"] = Week.of(day, site.week_start)
            why_not = services.refusal(site, facts["week"], self.audience)
            if why_not is WeekNotOver:
                self.add_error("day", ValidationError(_("This week is not over yet.")))
            elif why_not is NotCovered:
                self.add_error(
                    "day",
                    ValidationError(
                        _("The site was not recording in this week: it is missing, not zero.")
                    ),
                )
        return facts


class NarrativeForm(forms.Form):
    """The week in words, in one language or both."""

    show_optional = False
    narrative_en = forms.CharField(
        label=_("In English"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "ltr", "lang": "en"}),
    )
    narrative_ar = forms.CharField(
        label=_("In Arabic"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "rtl", "lang": "ar"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class FreezeForm(forms.Form):
    """Which draft the manager read."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class ReviseForm(forms.Form):
    """Why an approved report is corrected: for who reads what the writer reads, and for others."""

    reason = forms.CharField(label=_("Why is it corrected?"), max_length=200)
    outside = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if audience_of(user) == Audience.FULL:
            read_by = _("Read by supervisors and managers. Without names.")
            label = _("Why, for all other staff and for REO")
            warning = _(
                "They do not know what your version counts: write nothing of sexual violence,"
                " minors or staff, and no names. Left empty, they read: “%(sentence)s”"
            )
        else:
            read_by = _("Read by the staff of the site. Without names.")
            label = _("Why, for REO")
            warning = _(
                "REO reads whole districts without small counts: write no places within one, no"
                " such counts and no names. Left empty, it reads: “%(sentence)s”"
            )
        self.fields["reason"].help_text = read_by
        self.fields["outside"].label = label
        self.fields["outside"].help_text = warning % {"sentence": sentence("corrected", {})}


class ReportFilters(forms.Form):
    """What the list of reports is narrowed by."""

    show_optional = False
    site = forms.ChoiceField(label=_("Site"), required=False)
    status = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("All")), ("draft", _("Draft")), ("frozen", _("Approved"))],
    )
    week = DayField(label=_("Week of"), required=False)

    def __init__(self, *args: Any, sites: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site: Any = self.fields["site"]
        site.choices = [("", _("All")), *sites]


class SharedFilters(forms.Form):
    """What REO's list of reports is narrowed by."""

    show_optional = False
    site = forms.ChoiceField(label=_("Site"), required=False)
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("Until"), required=False)

    def __init__(self, *args: Any, sites: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site: Any = self.fields["site"]
        site.choices = [("", _("All")), *sites]


class _AddressField(forms.EmailField):
    """An address as it is pasted: the marks of direction that phones add are no part of it."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(strip_bidi_controls(value or ""))


class AddressForm(forms.Form):
    """Where reports go by e-mail."""

    show_optional = False
    address = _AddressField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"dir": "ltr", "autocomplete": "email"}),
    )


class ChartsForm(forms.Form):
    """What the mails hold beside the line and the link."""

    show_optional = False
    with_charts = forms.BooleanField(
        label=_("Put the charts into the mail"),
        required=False,
        help_text=_(
            "Whoever sees the mailbox or the phone sees them too: incidents by week, by district"
            " and by kind. They are those of the version shared with REO: small counts hidden, no"
            " sexual violence, minors or staff, no point on a map, no near repeats. Where a report"
            " was not shared, its mail has none."
        ),
    )
