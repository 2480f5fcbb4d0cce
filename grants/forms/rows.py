"""Sets of rows on one page: nothing typed is lost, what was taken away or left empty is skipped."""

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _

from grants.forms.fields import PlainText

#: More rows than these belong on a paper.
MOST_ROWS = 30


class Row(PlainText):
    """One row. It says something as soon as one of its fields was filled in."""

    remove = forms.BooleanField(label=_("Take this one away"), required=False)

    show_optional = False
    use_required_attribute = False

    @property
    def is_gone(self) -> bool:
        """Whether the row is to be taken away, whatever else stands in it."""
        return bool(self.is_bound and self.data.get(self.add_prefix("remove")))

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_gone:
            # Nobody mends a row that goes.
            self._errors = ErrorDict()


class Rows(BaseFormSet):  # type: ignore[type-arg]
    """The rows of a page. What is there already and what is typed anew are read alike."""

    def initial_form_count(self) -> int:
        """None: every row may be emptied, which takes it away."""
        return 0

    def total_form_count(self) -> int:
        if self.is_bound:
            return super().total_form_count()
        there = len(self.initial or [])
        return max(there, min(there + self.extra if there else 3, self.max_num))

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        if self.is_bound:
            # What was sent stands alone: beside what is there already, a row that was left as it is
            # would count as empty and be taken away.
            kwargs.setdefault("initial", {})
        return super()._construct_form(i, **kwargs)

    def filled(self) -> list[Any]:
        """What the rows say that stay, in their order."""
        return [form.cleaned_data for form in self.forms if not form.is_gone and form.has_changed()]

    def rows(self) -> list[Any]:
        """The forms of the rows that stay; beside `filled`."""
        return [form for form in self.forms if not form.is_gone and form.has_changed()]


def row_set(form: type[Row], *, extra: int = 1) -> type[Rows]:
    """The set of rows of a form, with so many empty ones at its end."""
    made: type[Rows] = formset_factory(
        form,
        formset=Rows,
        extra=extra,
        max_num=MOST_ROWS,
        absolute_max=MOST_ROWS + 10,
        validate_max=True,
    )
    return made
