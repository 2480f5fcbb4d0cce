"""The papers of a grant: what is on file, what is missing, since when."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ceasefire.people.access import requires
from grants.models import Document
from grants.views.scope import VIEW, grant_page, one_grant


@requires(VIEW)
@require_safe
def document_list(request: HttpRequest, ref: str) -> HttpResponse:
    """By stage: every paper on file with its hash."""
    grant = one_grant(request, ref)
    papers = Document.objects.filter(grant=grant).select_related("uploaded_by")
    return render(
        request,
        "grants/document_list.html",
        {"papers": papers, **grant_page(request, grant, "documents")},
    )
