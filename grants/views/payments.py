"""Payments that wait and that were made."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ceasefire.people.access import requires
from grants.models import PaymentRequest
from grants.views.scope import VIEW


@require_safe
@requires(VIEW)
def payment_list(request: HttpRequest) -> HttpResponse:
    """The newest payments."""
    rows = PaymentRequest.objects.select_related("grant")[:30]
    return render(request, "grants/payment_list.html", {"rows": rows})
