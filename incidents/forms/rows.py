"""The rows of an incident as forms: sources, victims, actors."""

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from ceasefire import codes
from ceasefire.look.forms import CountField, DayField, NormalisedForm
from incidents import services
from incidents.services import ActorFacts, SourceFacts, VictimFacts

NO_ANSWER = ("", "—")


NO_NAMES = _("These words are no names. Save them.")


def refuse_names(text: str, *, by: Any) -> list[str]:
    """The sealed names that a text holds, where somebody is there to be told."""
    return services.sealed_names_in(text, by=by) if text and by is not None else []


def say_names(form: forms.Form, field: str, found: list[str]) -> None:
    """Point out sealed names at the field that holds them."""
    if found:
        form.add_error(
            field,
            forms.ValidationError(
                _(
                    "These words are a name that is kept sealed: %(names)s. Take them out,"
                    " or say below that they are no names."
                ),
                code="names",
                params={"names": " · ".join(found)},
            ),
        )


def coded(name: str, *, blank: bool = False) -> Any:
    """The choices of a code list, read anew for each form so that they are in its language."""

    def read() -> list[tuple[str, str]]:
        return [NO_ANSWER, *codes.choices(name)] if blank else codes.choices(name)

    return read


class RowForm(NormalisedForm):
    """One row; `row` is the key of one that is there already."""

    row = forms.UUIDField(required=False, widget=forms.HiddenInput)
    remove = forms.BooleanField(label=_("Take this one away"), required=False)

    show_optional = False

    def is_filled(self) -> bool:
        """Whether the row says anything: it is there already, or something was typed."""
        return bool(self.cleaned_data.get("row")) or self.has_changed()


class SourceForm(RowForm):
    kind = forms.ChoiceField(label=_("Who told us"), choices=coded("source_kind", blank=True))
    reliability = forms.ChoiceField(
        label=_("How often has this source been right?"), choices=coded("reliability", blank=True)
    )
    credibility = forms.ChoiceField(
        label=_("Does it hold together?"), choices=coded("credibility", blank=True)
    )
    same_origin = forms.BooleanField(
        label=_("Heard it from the same origin as the first source"), required=False
    )
    text = forms.CharField(
        label=_("What they said, without names"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    name = forms.CharField(
        label=_("Name"), required=False, max_length=120, help_text=_("Kept sealed.")
    )
    contact = forms.CharField(
        label=_("Phone or other contact"),
        required=False,
        max_length=120,
        help_text=_("Kept sealed."),
    )
    names_checked = forms.BooleanField(label=NO_NAMES, required=False)

    def __init__(self, *args: Any, by: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.found_names: list[str] = []

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        if not self.data.get(self.add_prefix("names_checked")):
            self.found_names = refuse_names(text, by=self.by)
        return text

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        say_names(self, "text", self.found_names)
        return given

    def facts(self, *, first: bool = False) -> SourceFacts:
        given = self.cleaned_data
        return SourceFacts(
            kind=given["kind"],
            reliability=given["reliability"],
            credibility=given["credibility"],
            text=given["text"],
            name=given["name"],
            contact=given["contact"],
            same_origin_as=0 if given["same_origin"] and not first else None,
            id=given["row"],
            remove=given.get("remove", False),
        )


class VictimForm(RowForm):
    harm = forms.ChoiceField(label=_("Harm"), choices=coded("harm", blank=True))
    sex = forms.ChoiceField(label=_("Sex"), choices=coded("sex"), initial="unknown", required=False)
    age = CountField(label=_("Age"), required=False, most=120)
    age_band = forms.ChoiceField(
        label=_("Or age group"), choices=coded("age_band"), initial="unknown", required=False
    )
    roles = forms.MultipleChoiceField(
        label=_("Who they were"),
        choices=coded("victim_role"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 4}),
    )
    nationality = forms.CharField(label=_("Nationality"), required=False, max_length=40)
    gunshot = forms.ChoiceField(
        label=_("Gunshot wound"),
        choices=coded("yes_no_unknown"),
        initial="unknown",
        required=False,
    )
    hospital = forms.ChoiceField(
        label=_("Taken to hospital"),
        choices=coded("yes_no_unknown"),
        initial="unknown",
        required=False,
    )
    outcome = forms.ChoiceField(
        label=_("What became of them"),
        choices=coded("outcome"),
        initial="unknown",
        required=False,
    )
    outcome_on = DayField(label=_("Since"), required=False)
    name = forms.CharField(
        label=_("Name"), required=False, max_length=120, help_text=_("Kept sealed.")
    )

    def facts(self) -> VictimFacts:
        given = self.cleaned_data
        return VictimFacts(
            harm=given["harm"],
            sex=given["sex"] or "unknown",
            age=given["age"],
            age_band=given["age_band"] or "unknown",
            roles=tuple(given["roles"]),
            nationality=given["nationality"],
            gunshot=given["gunshot"] or "unknown",
            hospital=given["hospital"] or "unknown",
            outcome=given["outcome"] or "unknown",
            outcome_on=given["outcome_on"],
            name=given["name"],
            id=given["row"],
            remove=given.get("remove", False),
        )


class ActorForm(RowForm):
    category = forms.ChoiceField(label=_("Who did it"), choices=coded("actor_category", blank=True))
    named_group = forms.CharField(
        label=_("Named group"),
        required=False,
        max_length=120,
        help_text=_("Shown to the manager only."),
    )
    certainty = forms.ChoiceField(
        label=_("How do we know"),
        choices=coded("actor_certainty"),
        initial="suspected",
        required=False,
    )
    count_band = forms.ChoiceField(
        label=_("How many"), choices=coded("count_band"), initial="unknown", required=False
    )
    note = forms.CharField(label=_("Uniform, vehicle"), required=False, max_length=200)

    def __init__(
        self, *args: Any, keeps_group: bool = False, keeps_note: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        # Whoever may not read a field cannot change it either.
        if keeps_group:
            del self.fields["named_group"]
        if keeps_note:
            del self.fields["note"]

    def facts(self) -> ActorFacts:
        given = self.cleaned_data
        return ActorFacts(
            category=given["category"],
            named_group=given.get("named_group", self.initial.get("named_group", "")),
            certainty=given["certainty"] or "suspected",
            count_band=given["count_band"] or "unknown",
            note=given.get("note", self.initial.get("note", "")),
            id=given["row"],
            remove=given.get("remove", False),
        )


class Rows(BaseFormSet):  # type: ignore[type-arg]
    """A set of rows; an empty one is skipped, and a row taken away needs no other answer."""

    def facts(self) -> list[Any]:
        """What the filled rows say, in their order."""
        return [form.facts() for form in self.forms if form.is_filled()]

    def clean(self) -> None:
        for form in self.forms:
            if form.errors and form.data.get(form.add_prefix("remove")):
                self._keep_what_goes(form)

    @staticmethod
    def _keep_what_goes(form: Any) -> None:
        for name in list(form.errors):
            form.cleaned_data[name] = form.initial.get(name, "")
        form.errors.clear()

    def is_valid(self) -> bool:
        valid: bool = super().is_valid()
        # `clean` may have cleared the errors of a row that goes.
        return valid or (self.is_bound and not any(self.errors) and not self.non_form_errors())


def row_set(form: type[RowForm], extra: int) -> type[Rows]:
    """The set of rows of a form, with so many empty ones to begin with."""
    made: type[Rows] = formset_factory(
        form, formset=Rows, extra=extra, max_num=30, absolute_max=40, validate_max=True
    )
    return made


SourceRows = row_set(SourceForm, 1)
VictimRows = row_set(VictimForm, 1)
ActorRows = row_set(ActorForm, 1)


def source_initial(source: Any, first: Any) -> dict[str, Any]:
    """A source as its form begins; names are never read for a form, an empty field keeps them."""
    return {
        "row": source.pk,
        "kind": source.kind,
        "reliability": source.reliability,
        "credibility": source.credibility,
        "same_origin": source.same_origin_as_id is not None
        and source.same_origin_as_id == first.pk,
        "text": source.text,
    }


def row_initial(row: Any, facts: type[Any]) -> dict[str, Any]:
    """A victim or an actor as its form begins."""
    return {"row": row.pk, **{name: getattr(row, name) for name in facts.PLAIN}}
