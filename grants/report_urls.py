"""Reports of the grants, their numbered snapshots, and the SF-425 worksheet."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
