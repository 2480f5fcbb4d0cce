"""Addresses of the API on shared ground."""

from django.urls import path

from ceasefire.api import views

app_name = "api"

urlpatterns = [
    path("openapi.json", views.OPENAPI_VIEW, name="openapi"),
    path("me/", views.ME_VIEW, name="me"),
    path("places/<slug:pcode>/", views.PLACE_VIEW, name="place_one"),
]
