"""Lists, proposals, the steps of a grant and its amendments."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
