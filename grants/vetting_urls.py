"""Organisations, list files, screening runs and what was decided of every hit."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
