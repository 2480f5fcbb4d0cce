"""Reports of the grants, their numbered snapshots, and the SF-425 worksheet."""

from django.urls import URLPattern, path

from grants.views import reports

urlpatterns: list[URLPattern] = [
    path("reports/", reports.report_list, name="report_list"),
]
