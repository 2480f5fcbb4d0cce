"""Papers of a grant: on file, missing, sent in parts."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
