"""Fields that grants share: amounts as they are typed here, and text that reads as it stands."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ceasefire import money
from ceasefire.look.forms import CountField, NormalisedForm
from ceasefire.text import strip_bidi_controls, western_digits

#: Marks that turn the text after them; those that only hint at a direction are typed in good faith.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: All that separates thousands here: the Arabic sign and comma, apostrophes, spaces that hold.
_SEPARATORS = re.compile(r"(?<=\d)[\u066c\u060c'\u2019\s](?=\d)")
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")


def typed_number(text: str) -> Decimal | None:
    """A number in either digit set, its thousands set apart in threes; None where it is none.

    "1,5" is none: nobody knows whether it means one and a half or fifteen.
    """
    text = strip_bidi_controls(text).replace("\u2212", "-").strip()
    text = western_digits(_SEPARATORS.sub(",", text))
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


class NumberField(CountField):
    """A number with at most `places` decimals, from `least` up; "١٬٢٣٤٫٥" is understood."""

    default_error_messages = {
        "invalid": _("Write a number, for example 1,500 or 250.50."),
        "too_small": _("This can not be below zero."),
        "not_above": _("Write a number above zero."),
    }

    def __init__(
        self,
        *,
        places: int = 2,
        above_zero: bool = False,
        most: Any = 999_999_999,
        **kwargs: Any,
    ) -> None:
        super().__init__(most=most, **kwargs)
        self.places = places
        self.above_zero = above_zero
        self.widget.attrs["inputmode"] = "decimal"

    def to_python(self, value: Any) -> Any:
        # Not by way of the parent: it takes the Arabic thousands sign away wherever it stands.
        text = strip_bidi_controls(forms.CharField.to_python(self, value) or "").strip()
        return self.understand(text) if text else None

    def understand(self, text: str) -> Any:
        number = typed_number(text)
        if number is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if self.above_zero and number <= 0:
            raise ValidationError(self.error_messages["not_above"], code="not_above")
        if number < 0:
            raise ValidationError(self.error_messages["too_small"], code="too_small")
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > self.places:
            raise ValidationError(
                ngettext_lazy(
                    "Write at most %(places)d decimal place.",
                    "Write at most %(places)d decimal places.",
                    "places",
                ),
                code="places",
                params={"places": self.places},
            )
        if number > self.most:
            raise ValidationError(
                _("This can be at most %(most)d."), code="too_many", params={"most": self.most}
            )
        return number

    def prepare_value(self, value: Any) -> Any:
        """Decimals without zeros that say nothing: 1500, 250.5 as 250.50."""
        if not isinstance(value, Decimal):
            return value
        return f"{value:.0f}" if value == value.to_integral_value() else f"{value:.{self.places}f}"


class AmountField(NumberField):
    """Money above zero, with at most the places of its currency."""

    default_error_messages = {
        "invalid": _("Write an amount, for example 1,500 or 250.50."),
        "not_above": _("Write an amount above zero."),
    }

    def __init__(self, *, currency: str = "USD", above_zero: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("places", money.PLACES[currency])
        super().__init__(above_zero=above_zero, **kwargs)


class PlainText(NormalisedForm):
    """A form whose texts read as they stand: marks that turn text, and controls, are refused.

    They are taken out of what is shown again, so that whoever pasted them sees what is left and
    sends it once more. What begins with a sign of a formula stays as it was typed.
    """

    def _normalised(self, data: Any) -> Any:
        self.turned = [
            name
            for name, field in self.fields.items()
            if isinstance(field, forms.CharField)
            and not isinstance(field.widget, forms.PasswordInput)
            and _unreadable(str(data.get(self.add_prefix(name)) or ""))
        ]
        data = super()._normalised(data)
        for name in self.turned:
            key = self.add_prefix(name)
            data[key] = "".join(letter for letter in data[key] if not _is_control(letter))
        return data

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        for name in self.turned:
            self.add_error(
                name,
                ValidationError(
                    _(
                        "This held invisible marks that make it read as something else. They are"
                        " gone now: read it again, then send it."
                    ),
                    code="marks",
                ),
            )


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) == "Cc" and letter not in "\n\r\t"


def _unreadable(text: str) -> bool:
    return any(letter in TURNING or _is_control(letter) for letter in text)
