"""Form fields that take what people type here: either digit set, day/month/year, no surprises."""

import re
from datetime import date, datetime, time
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

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
    """A day as day/month/year (or year-month-day), never month first."""

    default_error_messages = {
        "invalid": _("Write the day as day/month/year, for example 22/11/2026.")
    }

    def understand(self, text: str) -> date:
        found = re.fullmatch(r"(\d{1,2})[/.\-\s](\d{1,2})[/.\-\s](\d{4})", text)
        if found:
            day, month, year = (int(part) for part in found.groups())
        elif found := re.fullmatch(r"(\d{4})[/\-](\d{1,2})[/\-](\d{1,2})", text):
            year, month, day = (int(part) for part in found.groups())
        else:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        try:
            return date(year, month, day)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            value = value.date()
        return f"{value.day:02}/{value.month:02}/{value.year}" if isinstance(value, date) else value


class ClockField(_Typed):
    """A time of day as hours:minutes."""

    default_error_messages = {"invalid": _("Write the time as hours:minutes, for example 23:10.")}

    def understand(self, text: str) -> time:
        found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", text)
        if not found or int(found[1]) > 23 or int(found[2]) > 59:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return time(int(found[1]), int(found[2]))

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%H:%M}" if isinstance(value, time) else value


class CountField(_Typed):
    """A whole number, zero or more."""

    default_error_messages = {"invalid": _("Write a whole number, 0 or more.")}

    def __init__(self, *, most: int = 99_999, **kwargs: Any) -> None:
        self.most = most
        super().__init__(**kwargs)

    def understand(self, text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if int(text) > self.most:
            raise ValidationError(
                _("This is more than %(most)d."), code="too_many", params={"most": self.most}
            )
        return int(text)


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

    def to_python(self, value: Any) -> str:
        return strip_bidi_controls(western_digits(super().to_python(value) or "")).strip().upper()


class NormalisedForm(forms.Form):
    """A form whose text holds no direction controls, and whose inputs follow their own direction."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.TextInput | forms.Textarea):
                field.widget.attrs.setdefault("dir", "auto")
                field.widget.attrs.setdefault("autocomplete", "off")

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        for name, value in facts.items():
            if isinstance(value, str):
                facts[name] = strip_bidi_controls(value)
        return facts


def base_helper() -> FormHelper:
    """crispy's helper as the pages use it: no form tag (the template has it), errors on top."""
    helper = FormHelper()
    helper.form_tag = False
    helper.disable_csrf = True
    return helper
