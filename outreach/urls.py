"""The addresses of outreach. Each part of the work has a list of its own below."""

from django.urls import URLPattern, URLResolver, include, path

app_name = "outreach"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("outreach.caseload_urls")),
    path("", include("outreach.conflict_urls")),
    path("", include("outreach.fieldwork_urls")),
    path("", include("outreach.participant_urls")),
    path("", include("outreach.edit_urls")),
    path("", include("outreach.supervision_urls")),
    path("", include("outreach.screening_urls")),
    path("", include("outreach.casework_urls")),
]
