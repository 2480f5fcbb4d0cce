"""What every page of outreach asks first: the one record, or 404, also for what is hidden."""

from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from ceasefire.places.models import Site
from outreach.models import Participant


def one_participant(request: HttpRequest, code: str) -> Participant:
    """The case of an address, or 404, the same for absent and for not to be seen."""
    sites_of(request.user)
    return get_object_or_404(
        Participant.objects.visible_to(request.user).select_related("site", "zone", "worker"),
        code=code,
    )


def sites_of(user: Any, *, writable: bool = False) -> list[Site]:
    """The person's sites, those that take new records only where asked; read once a request."""
    prefetch_related_objects([user], "sites")
    return [site for site in user.sites.all() if not (writable and site.read_only)]
