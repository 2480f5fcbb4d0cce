"""What every page that carries out a verb has in common: do it, and say what came of it."""

from functools import partial

from django.http import HttpRequest

from ceasefire.look import doing
from incidents.exceptions import IncidentRefusal, NotForThisPerson
from incidents.forms.verbs import VersionForm

#: Do it and say so, or say the refusal; True where it was done.
attempt = partial(doing.attempt, refusal=IncidentRefusal, forbidden=NotForThisPerson)


def version_of(request: HttpRequest) -> int | None:
    """The version of the record that the person saw; None where the form does not say."""
    form = VersionForm(request.POST)
    return form.cleaned_data["version"] if form.is_valid() else None
