"""Addresses of the weekly reports and the dashboard."""

from django.urls import URLPattern

app_name = "reports"
urlpatterns: list[URLPattern] = []
