"""Visits, findings, indicators, payroll lists, handover, and the incidents around a grant."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
