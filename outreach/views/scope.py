"""What every page of outreach asks first: the one record, or 404, also for what is hidden."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from incidents.views.scope import sites_of
from outreach.models import Participant


def one_participant(request: HttpRequest, code: str) -> Participant:
    """The case of an address, or 404, the same for absent and for not to be seen."""
    sites_of(request.user)
    return get_object_or_404(
        Participant.objects.visible_to(request.user).select_related("site", "zone", "worker"),
        code=code,
    )
