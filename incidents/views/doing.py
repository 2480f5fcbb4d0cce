"""What every page that carries out a verb has in common: do it, and say what came of it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from incidents.exceptions import IncidentRefusal, NotForThisPerson
from incidents.forms.verbs import VersionForm


def attempt(request: HttpRequest, act: Callable[[], Any], said: Any) -> None:
    """Carry out a verb and leave a message: `said`, or why it was refused.

    What is for somebody else to do is no message but PermissionDenied.
    """
    try:
        act()
    except NotForThisPerson:
        raise PermissionDenied from None
    except IncidentRefusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, str(said))


def version_of(request: HttpRequest) -> int | None:
    """The version of the record that the person saw; None where the form does not say."""
    form = VersionForm(request.POST)
    return form.cleaned_data["version"] if form.is_valid() else None
