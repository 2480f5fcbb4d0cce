"""Form fields that take what people type here: either digit set, day/month/year, no surprises."""

import re
from datetime import date, datetime, time
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from ceasefire.periods import BAGHDAD
from ceasefire.text import strip_bidi_controls, western_digits

NUMERIC = {"inputmode": "numeric", "autocomplete": "off", "dir": "ltr"}


class _Typed(forms.CharField):
    """A text input whose content is normalised before it is understood."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs = {**NUMERIC, **self.widget.attrs}

    def to_python(self, value: Any) -> Any:
        text = strip_bidi_controls(western_digits(super().to_python(value) or "")).strip()
        return self.understand(text) if text else None

    def understand(self, text: str) -> Any:
        raise NotImplementedError

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """The text rules of CharField do not apply to what was understood."""


class DayField(_Typed):
    """A day as day/month/year (or year-month-day), never month first.

    Some phones' number pads have no stroke, so eight digits in a row are day, month, year too.
    """

    default_error_messages = {
        "invalid": _("Write the day as day/month/year, for example 22/11/2026.")
    }

    def understand(self, text: str) -> date:
        found = re.fullmatch(r"(\d{1,2})[/.\-\s](\d{1,2})[/.\-\s](\d{4})", text)
        if found or (found := re.fullmatch(r"(\d{2})(\d{2})(\d{4})", text)):
            day, month, year = (int(part) for part in found.groups())
        elif found := re.fullmatch(r"(\d{4})[/\-](\d{1,2})[/\-](\d{1,2})", text):
            year, month, day = (int(part) for part in found.groups())
        else:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        try:
            # Beyond these a year is a slip of the finger, and its week may lie off the calendar.
            if not 1900 <= year <= 2200:
                raise ValueError
            return date(year, month, day)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            value = value.date()
        return f"{value.day:02}/{value.month:02}/{value.year}" if isinstance(value, date) else value


class ClockField(_Typed):
    """A time of day as hours:minutes, 0:00 to 23:59; the sign between may be left out."""

    default_error_messages = {"invalid": _("Write the time as hours:minutes, for example 23:10.")}

    def understand(self, text: str) -> time:
        found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", text) or re.fullmatch(r"(\d{2})(\d{2})", text)
        if not found or int(found[1]) > 23 or int(found[2]) > 59:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return time(int(found[1]), int(found[2]))

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%H:%M}" if isinstance(value, time) else value


class MomentField(_Typed):
    """A day and a time of day in Baghdad, "22/11/2026 23:10"; gives an aware moment."""

    default_error_messages = {
        "invalid": _("Write the day and the time, for example 22/11/2026 23:10.")
    }

    def understand(self, text: str) -> datetime:
        day, _space, clock = text.replace("T", " ").rpartition(" ")
        try:
            return datetime.combine(
                DayField().understand(day.strip()), ClockField().understand(clock), BAGHDAD
            )
        except ValidationError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        local = value.astimezone(BAGHDAD) if value.tzinfo else value
        return f"{local.day:02}/{local.month:02}/{local.year} {local:%H:%M}"


class CountField(_Typed):
    """A whole number from 0 to `most`; empty is None, and what "unknown" means is the form's."""

    default_error_messages = {"invalid": _("Write a whole number, 0 or more.")}

    def __init__(self, *, most: int = 99_999, **kwargs: Any) -> None:
        self.most = most
        super().__init__(**kwargs)

    def understand(self, text: str) -> int:
        if not re.fullmatch(r"\d+", text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        digits = text.lstrip("0") or "0"
        # However long: nobody who typed a digit too many is told that it is no number.
        if len(digits) > len(str(self.most)) or int(digits) > self.most:
            raise ValidationError(
                _("This can be at most %(most)d."), code="too_many", params={"most": self.most}
            )
        return int(digits)


class CoordinateField(_Typed):
    """Degrees with a decimal point, within `limit` either side of zero."""

    default_error_messages = {"invalid": _("Write degrees with a point, for example 30.508.")}

    def __init__(self, *, limit: float, **kwargs: Any) -> None:
        self.limit = limit
        super().__init__(**kwargs)
        self.widget.attrs["inputmode"] = "decimal"

    def understand(self, text: str) -> float:
        text = text.replace(",", ".")
        if not re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,12})?", text) or abs(float(text)) > self.limit:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return float(text)


class CodeField(forms.CharField):
    """A reference such as INC-2026-000123, in either digit set and any case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs = {
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "dir": "ltr",
            **self.widget.attrs,
        }

    def to_python(self, value: Any) -> str:
        return strip_bidi_controls(western_digits(super().to_python(value) or "")).strip().upper()


class NormalisedForm(forms.Form):
    """A form that reads what is typed here and shows it in its own direction.

    Before any field is checked, marks that reorder text are taken out of all that was typed, and
    number, day and time fields get Western digits. Passwords are left as they are. Text inputs
    follow the direction of their content and are not remembered by the browser.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput | forms.Textarea):
                field.widget.attrs.setdefault("dir", "auto")
                field.widget.attrs.setdefault("autocomplete", "off")
        if self.is_bound:
            self.data = self._normalised(self.data)

    def _normalised(self, data: Any) -> Any:
        several = hasattr(data, "lists")
        values = dict(data.lists() if several else data)
        for name, field in self.fields.items():
            key = self.add_prefix(name)
            if key in values and not isinstance(field.widget, forms.PasswordInput):
                digits = isinstance(field, forms.IntegerField | forms.DateField | forms.TimeField)
                values[key] = _normal(values[key], digits=digits)
        return MultiValueDict(values) if several else values


def _normal(value: Any, *, digits: bool) -> Any:
    if isinstance(value, list | tuple):
        return [_normal(part, digits=digits) for part in value]
    if not isinstance(value, str):
        return value
    value = strip_bidi_controls(value)
    return western_digits(value) if digits else value


def base_helper() -> FormHelper:
    """crispy's helper as the pages use it: no form tag (the template has it), errors on top."""
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    return helper
