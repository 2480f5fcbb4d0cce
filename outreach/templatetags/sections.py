"""`{% section one %}`: a part of the page of a case, with what it brought, beside the page's own.

A plain `include` would put the whole under one name; here each part's names stand by themselves.
"""

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def section(context: template.Context, one: dict[str, Any]) -> SafeString:
    """Render a section of `outreach.views.sections` in its own template."""
    found = context.template.engine.get_template(one["template"])  # type: ignore[union-attr]
    with context.push(**{name: value for name, value in one.items() if name != "template"}):
        # The template has escaped what is the user's.
        return mark_safe(found.render(context))  # noqa: S308
