"""What is published (IATI, 360Giving) and the audit pack."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
