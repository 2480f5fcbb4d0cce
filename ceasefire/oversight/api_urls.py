"""Addresses of the API on places that take more than reading."""

from django.urls import path

from ceasefire.oversight import place_api

app_name = "api-places"

urlpatterns = [path("", place_api.PLACES_VIEW, name="place_list")]
