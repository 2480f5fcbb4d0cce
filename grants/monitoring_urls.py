"""Visits, findings, indicators, payroll lists, handover, and the incidents around a grant."""

from django.urls import URLPattern, path

from grants.views import monitoring, surroundings

urlpatterns: list[URLPattern] = [
    path("<ref:ref>/monitoring/", monitoring.grant_monitoring, name="grant_monitoring"),
    path("<ref:ref>/surroundings/", surroundings.grant_surroundings, name="grant_surroundings"),
]
