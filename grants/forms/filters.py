"""What the list of grants can be narrowed to; every answer stands in the address."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ceasefire.places.models import Place
from grants.forms.fields import PlainText
from grants.models import Fund, Grant, Organisation, PaperNeed, ProjectKind, Sector, State
from grants.services import search, waiting
from grants.services.proposals import BEFORE_AWARD

ANY = ("", _("Any"))
#: Several states as one choice.
GROUPS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("before", _("Before the award"), tuple(map(str, BEFORE_AWARD))),
    (
        "running",
        _("Under award"),
        ("AWARDED", "ACTIVE", "SUSPENDED", "COMPLETED", "CLOSING", "TERMINATED", "REOPENED"),
    ),
    ("over", _("Over"), tuple(map(str, waiting.AT_END))),
    (
        "under_way",
        _("Under way"),
        tuple(str(state) for state in State if state not in waiting.AT_END),
    ),
)
_OF_GROUP = {key: states for key, _label, states in GROUPS}


class GrantFilter(PlainText):
    """The filters of the list."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "data-key": "/"}),
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ANY,
            (_("Several"), [(key, label) for key, label, _states in GROUPS]),
            (_("One"), State.choices),
        ],
    )
    waits = forms.BooleanField(label=_("Waits for me"), required=False)
    papers = forms.BooleanField(label=_("Papers missing"), required=False)
    fund = forms.ChoiceField(label=_("Fund"), required=False)
    district = forms.ChoiceField(label=_("District"), required=False)
    kind = forms.ChoiceField(
        label=_("Kind of project"), required=False, choices=[ANY, *ProjectKind.choices]
    )
    sector = forms.ChoiceField(label=_("Sector"), required=False, choices=[ANY, *Sector.choices])
    #: By its code, from the organisation's own page; a name is searched for.
    grantee = forms.CharField(
        label=_("Grantee"), required=False, max_length=20, widget=forms.HiddenInput
    )

    show_optional = False

    def __init__(self, *args: Any, who: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.who = who
        if who is None or not who.duties:
            del self.fields["waits"]
        funds = Fund.objects.order_by("code").only("code", "name_en", "name_ar")
        self.fields["fund"].choices = [ANY, *((one.code, one.code) for one in funds)]
        places = (
            Place.objects.filter(pk__in=Grant.objects.order_by().values("district").distinct())
            .only("pcode", "name_en", "name_ar")
            .order_by("pcode")
        )
        self.fields["district"].choices = [ANY, *((one.pcode, one.name) for one in places)]
        code = str(self.data.get("grantee") or "")[:20]
        self.organisation = (
            Organisation.objects.filter(code=code).first() if code and "\x00" not in code else None
        )

    def clean_grantee(self) -> Organisation | None:
        if self.cleaned_data["grantee"] and self.organisation is None:
            raise forms.ValidationError(_("No such organisation is known."), code="unknown")
        return self.organisation

    def __iter__(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.fields)

    @property
    def waits_for_me(self) -> bool:
        """Whether only what waits for the reader is asked for."""
        self.is_valid()
        return bool(self.cleaned_data.get("waits"))

    def narrow(self, grants: "QuerySet[Grant]") -> "QuerySet[Grant]":
        """The grants that fit every answer that was understood."""
        self.is_valid()
        given = self.cleaned_data
        if given.get("state"):
            grants = grants.filter(state__in=_OF_GROUP.get(given["state"], (given["state"],)))
        for name, column in (
            ("fund", "fund__code"),
            ("district", "district__pcode"),
            ("kind", "kind"),
            ("sector", "sector"),
        ):
            if given.get(name):
                grants = grants.filter(**{column: given[name]})
        if given.get("grantee"):
            grants = grants.filter(Q(grantee=given["grantee"]) | Q(implementer=given["grantee"]))
        if given.get("q"):
            sought = search.found_by(given["q"], "search_key", "grantee__search_text")
            grants = grants.filter(sought)
        if given.get("papers"):
            lacks = PaperNeed.objects.filter(grant=OuterRef("pk"), document__isnull=True)
            grants = grants.filter(Exists(lacks))
        if given.get("waits"):
            grants = grants.filter(pk__in=waiting.for_officer(self.who).order_by().values("pk"))
        return grants

    def chips(self, path: str) -> list[tuple[Any, Any, str]]:
        """(label, value, address without it) of every filter that is on."""
        found = []
        for name, field in self.fields.items():
            value = self.data.get(name)
            if not value or name in self.errors:
                continue
            gone = {name, "after", "before"}
            query = urlencode(
                [(key, one) for key, many in self.data.lists() for one in many if key not in gone]
            )
            found.append(
                (field.label, self._shown(name, value), f"{path}?{query}" if query else path)
            )
        return found

    def _shown(self, name: str, value: str) -> Any:
        if name in ("waits", "papers"):
            return _("yes")
        if name == "grantee" and self.organisation is not None:
            return self.organisation.name
        for key, label in getattr(self.fields[name], "choices", []):
            if isinstance(label, list | tuple):
                for inner, words in label:
                    if inner == value:
                        return words
            elif key == value:
                return label
        return value
