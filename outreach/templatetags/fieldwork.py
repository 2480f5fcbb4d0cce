"""`{% hours 90 %}`: minutes as hours and minutes, 1:30, in the reader's digits."""

from django import template

from ceasefire.look.numbers import in_digits

register = template.Library()


@register.simple_tag(takes_context=True)
def hours(context: template.Context, minutes: int) -> str:
    """Minutes of a day as hours:minutes."""
    chosen = str(getattr(context.get("user"), "digits", "") or "").lower()
    text = f"{minutes // 60}:{minutes % 60:02}"
    return in_digits(text, "arabic" if chosen.startswith("ar") else "western")
