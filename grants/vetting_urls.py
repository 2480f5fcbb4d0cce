"""Organisations, list files, screening runs and what was decided of every hit."""

from django.urls import URLPattern, path

from grants.views import organisations, vetting

urlpatterns: list[URLPattern] = [
    path("organisations/", organisations.organisation_list, name="organisation_list"),
    path("<ref:ref>/vetting/", vetting.grant_vetting, name="grant_vetting"),
]
