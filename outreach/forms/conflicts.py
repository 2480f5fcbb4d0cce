"""Forms of a conflict: what it is about, its sides, who mediates, how it ends, who is near."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.look.forms import CodeField, DayField, NormalisedForm
from ceasefire.people.models import User
from ceasefire.places.models import Place
from incidents.models import Incident
from outreach.models import Conflict, Participant, TieKind
from outreach.services.conflicts import PartyFacts

ANY = ("", _("Any"))
NOBODY = ("", "—")
SEALED_HINT = _("Kept sealed.")
#: A side may belong to several; they are parted by commas of either script.
SEVERAL = _("Kept sealed. Several with a comma between.")


def coded(name: str, *, blank: bool = False) -> Any:
    """The choices of a code list, read anew for each form so that they are in its language."""

    def read() -> list[tuple[Any, Any]]:
        return [NOBODY, *codes.choices(name)] if blank else list(codes.choices(name))

    return read


def _pills(label: Any, name: str, *, required: bool = False, initial: str = "unknown") -> Any:
    return forms.ChoiceField(
        label=label,
        choices=coded(name),
        widget=forms.RadioSelect,
        required=required,
        initial=None if required else initial,
        error_messages={"required": _("Choose one.")},
    )


def place_choices(places: list[Place]) -> list[Any]:
    """Places under the one above them, for a list to choose from."""
    by_parent: dict[str, list[tuple[str, str]]] = {}
    for place in places:
        above = place.parent.name if place.parent else place.name
        by_parent.setdefault(above, []).append((place.pcode, place.name))
    return [NOBODY, *by_parent.items()]


class ConflictForm(NormalisedForm):
    """What is known of a conflict; the four dimensions of its risk among it."""

    kind = _pills(_("What is it about?"), "conflict_kind", required=True)
    place = forms.ChoiceField(label=_("Where?"), error_messages={"required": _("Say where it is.")})
    geo_precision = forms.TypedChoiceField(
        label=_("How sure of the place"),
        choices=coded("geo_precision"),
        coerce=int,
        empty_value=2,
        initial="2",
        required=False,
    )
    how_learned = _pills(_("How did we hear of it?"), "how_learned", required=True)
    shooting = _pills(_("How likely is a shooting?"), "likelihood")
    imminent = forms.BooleanField(label=_("It may happen any hour"), required=False)
    persons_band = _pills(_("How many people are part of it?"), "persons_band")
    violent_history = _pills(_("Did key persons use violence before?"), "yes_no_unknown")
    weapons = _pills(_("Are weapons present?"), "yes_no_unknown")
    retaliation_for = CodeField(
        label=_("In revenge for another conflict"),
        required=False,
        max_length=16,
        help_text=_("Its code, for example CON-0031."),
    )
    note = forms.CharField(
        label=_("What is known of it"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept sealed, for those who mediate here and their supervisors."),
    )

    show_optional = False
    use_required_attribute = False

    def __init__(self, *args: Any, by: Any, places: list[Place], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.places = {place.pcode: place for place in places}
        self.fields["place"].choices = place_choices(places)

    def clean_place(self) -> Place:
        return self.places[self.cleaned_data["place"]]

    def clean_retaliation_for(self) -> Conflict | None:
        code = self.cleaned_data["retaliation_for"]
        if not code:
            return None
        found = Conflict.objects.visible_to(self.by).filter(code=code).first()
        if found is None:
            raise forms.ValidationError(_("You see no such conflict."), code="unknown")
        return found

    def facts(self) -> dict[str, Any]:
        """What the service takes; an answer left out is not known."""
        given = self.cleaned_data
        facts = {
            name: given[name] or "unknown"
            for name in ("shooting", "persons_band", "violent_history", "weapons")
        }
        plain = ("kind", "place", "geo_precision", "how_learned", "imminent", "retaliation_for")
        return {**facts, **{name: given[name] for name in plain}}


class NewConflictForm(ConflictForm):
    """The same for a new one, with the site, the incident it comes from, and who leads."""

    site = forms.ChoiceField(label=_("Site"), required=False)
    lead = forms.ChoiceField(label=_("Lead mediator"), required=False)
    incident = CodeField(label=_("Incident"), required=False, max_length=24)
    is_cause = forms.BooleanField(label=_("It is in revenge for this incident"), required=False)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, sites: list[Any], leads: list[User], may_lead: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("key", uuid4())
        self.sites = {site.code: site for site in sites}
        self.leads = {str(person.pk): person for person in leads}
        self.fields["site"].choices = [(site.code, site.name) for site in sites]
        if len(sites) < 2:
            del self.fields["site"]
        own = [("", _("I lead it"))] if may_lead else [NOBODY]
        self.fields["lead"].choices = [
            *own,
            *((str(person.pk), person.code_name) for person in leads),
        ]
        if not leads:
            del self.fields["lead"]
        elif not may_lead:
            self.fields["lead"].required = True
            self.fields["lead"].error_messages["required"] = _("Say who leads.")

    def clean_incident(self) -> Incident | None:
        code = self.cleaned_data["incident"]
        if not code:
            return None
        found = Incident.objects.visible_to(self.by).filter(code=code).first()
        if found is None:
            raise forms.ValidationError(_("You see no such incident."), code="unknown")
        return found

    def site_chosen(self) -> Any:
        chosen = self.cleaned_data.get("site")
        return self.sites[chosen] if chosen else next(iter(self.sites.values()))

    def lead_chosen(self) -> User | None:
        return self.leads.get(self.cleaned_data.get("lead") or "")


class PartyForm(NormalisedForm):
    """A side. What stands here is sealed, except what kind of side it is."""

    kind = forms.ChoiceField(
        label=_("Who is it?"),
        choices=coded("party_kind", blank=True),
        required=False,
    )
    participant = CodeField(
        label=_("Code, if it is a participant"),
        required=False,
        max_length=16,
        help_text=_("Then no name is kept here."),
    )
    name = forms.CharField(
        label=_("What people call them"), required=False, max_length=120, help_text=SEALED_HINT
    )
    tribe = forms.CharField(label=_("Tribe"), required=False, max_length=200, help_text=SEVERAL)
    party = forms.CharField(
        label=_("Party or armed group"), required=False, max_length=200, help_text=SEVERAL
    )
    family = forms.CharField(label=_("Family"), required=False, max_length=200, help_text=SEVERAL)

    show_optional = False
    use_required_attribute = False

    def __init__(self, *args: Any, by: Any, needed: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by, self.needed = by, needed

    def is_filled(self) -> bool:
        """Whether anything was said of this side."""
        return self.needed or any(self.cleaned_data.get(name) for name in self.fields)

    def clean_participant(self) -> Participant | None:
        code = self.cleaned_data["participant"]
        if not code:
            return None
        found = Participant.objects.visible_to(self.by).filter(code=code).first()
        if found is None:
            raise forms.ValidationError(_("You see no such participant."), code="unknown")
        return found

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        participant = given.get("participant")
        if participant is not None and given.get("name"):
            self.add_error("name", _("A participant is known by the code alone. Empty this."))
        if (
            not given.get("kind")
            and participant is None
            and "participant" not in self.errors
            and self.is_filled()
        ):
            self.add_error("kind", _("Say who it is."))
        return given

    def facts(self) -> PartyFacts:
        given = self.cleaned_data
        ties = tuple(
            (kind.value, words.strip())
            for kind in TieKind
            for words in given[kind.value].replace("،", ",").split(",")
            if words.strip()
        )
        return PartyFacts(given["kind"] or "person", given["name"], given["participant"], ties)


class MediatorsForm(NormalisedForm):
    """Who leads, and who mediates beside."""

    lead = forms.ChoiceField(label=_("Lead mediator"))
    beside = forms.MultipleChoiceField(
        label=_("Mediate beside"), required=False, widget=forms.CheckboxSelectMultiple
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, people: list[User], may_choose_lead: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        choices = [(str(person.pk), person.code_name) for person in people]
        self.fields["lead"].choices = choices
        self.fields["beside"].choices = choices
        if not may_choose_lead:
            self.fields["lead"].disabled = True

    def lead_chosen(self) -> User:
        return self.people[self.cleaned_data["lead"]]

    def beside_chosen(self) -> list[User]:
        return [self.people[key] for key in self.cleaned_data["beside"]]


class VersionForm(NormalisedForm):
    """A verb without a question: which version of the record the person saw."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class CloseForm(VersionForm):
    """Why it is closed before its time; after 90 quiet days nothing needs to be said."""

    reason = forms.CharField(
        label=_("Why close it now?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=SEALED_HINT,
    )


class NeverthelessForm(NormalisedForm):
    """Why somebody mediates although their ties meet a side."""

    reason = forms.CharField(
        label=_("Why do you take it on nevertheless?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept sealed. Your supervisor is told."),
        error_messages={"required": _("Give a reason.")},
    )


class ColleaguesForm(NormalisedForm):
    """Who is asked for."""

    gender = forms.ChoiceField(
        label=_("Gender"),
        required=False,
        choices=lambda: [ANY, *[one for one in codes.choices("sex") if one[0] != "unknown"]],
    )
    language = forms.ChoiceField(
        label=_("Speaks"), required=False, choices=lambda: [ANY, *codes.choices("spoken_language")]
    )

    show_optional = False


class LinkIncidentForm(NormalisedForm):
    """An incident that belongs to the conflict."""

    incident = CodeField(
        label=_("Incident"),
        max_length=24,
        help_text=_("Its code, for example INC-2026-000123."),
        error_messages={"required": _("Write its code.")},
    )
    is_cause = forms.BooleanField(label=_("It is in revenge for this incident"), required=False)

    def __init__(self, *args: Any, by: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by

    def clean_incident(self) -> Incident:
        code = self.cleaned_data["incident"]
        found = Incident.objects.visible_to(self.by).filter(code=code).first()
        if found is None:
            raise forms.ValidationError(_("You see no such incident."), code="unknown")
        return found


#: What came of the mediation of some days, as the dashboard counts it.
CAME = [
    ("settled", _("Settled, or cooled down")),
    ("unsettled", _("Not settled")),
    ("violence", _("Violence during or after it")),
    ("handed", _("Handed to elders or a court")),
    ("again", _("Flared up again")),
    ("any", _("Any outcome")),
    ("watched", _("In their 90 days after a settlement")),
]


class ConflictFilter(NormalisedForm):
    """What the list can be narrowed to."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Open")), ("all", _("All")), *Conflict.State.choices],
    )
    risk = forms.ChoiceField(
        label=_("Risk"),
        required=False,
        choices=[ANY, *[one for one in Conflict.Risk.choices if one[0]]],
    )
    due = forms.ChoiceField(
        label=_("Waits for"),
        required=False,
        choices=[
            ANY,
            ("follow_up", _("A follow-up overdue")),
            ("truce", _("A truce that ends within 3 days")),
        ],
    )
    site = forms.ChoiceField(label=_("Site"), required=False)
    #: The conflicts behind a number of the dashboard: asked for by its link, not by a field.
    came = forms.ChoiceField(
        label=_("What came of it"),
        required=False,
        choices=[ANY, *CAME],
        widget=forms.HiddenInput,
    )
    since = DayField(label=_("From"), required=False, widget=forms.HiddenInput)
    until = DayField(label=_("Until"), required=False, widget=forms.HiddenInput)

    show_optional = False

    def __init__(self, *args: Any, sites: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sites = {site.code: site for site in sites}
        self.fields["site"].choices = [ANY, *[(site.code, site.name) for site in sites]]
        if len(sites) < 2:
            del self.fields["site"]

    @property
    def came_label(self) -> Any:
        """What of the mediation the list is narrowed to, in words; "" where to nothing."""
        given = getattr(self, "cleaned_data", {})
        whole = given.get("came") and given.get("since") and given.get("until")
        return dict(CAME).get(given["came"], "") if whole else ""
