"""A day that lies near enough to be meant: a slip of the finger in the year is said at once."""

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.look.forms import DayField

#: Ten years; no record of the program reaches further back.
TEN_YEARS = 3653


class NearDayField(DayField):
    """A day at most `back` days ago and `ahead` days from now; with 0, today at the latest."""

    default_error_messages = {
        "ahead": _("This lies ahead. Write when it was."),
        "far": _("This day lies too far off. Look at the year."),
    }

    def __init__(self, *, back: int = TEN_YEARS, ahead: int = 0, **kwargs: Any) -> None:
        self.back, self.ahead = timedelta(days=back), timedelta(days=ahead)
        super().__init__(**kwargs)

    def understand(self, text: str) -> date:
        day = super().understand(text)
        today = periods.now().date()
        if not self.ahead and day > today:
            raise ValidationError(self.error_messages["ahead"], code="ahead")
        if not today - self.back <= day <= today + self.ahead:
            raise ValidationError(self.error_messages["far"], code="far")
        return day
