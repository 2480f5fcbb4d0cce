"""Addresses of the API on incidents."""

from django.urls import path

from incidents.api import views

app_name = "api-incidents"

urlpatterns = [
    path("", views.LIST_VIEW, name="incident_list"),
    path("<slug:code>/", views.ONE_VIEW, name="incident_one"),
]
