"""Addresses of kept filters and of one verb on many rows."""

from django.urls import path

from incidents.views import desk

urlpatterns = [
    path("filters/", desk.filter_list, name="filter_list"),
    path("filters/<uuid:pk>/", desk.filter_open, name="filter_open"),
    path("filters/<uuid:pk>/remove/", desk.filter_remove, name="filter_remove"),
    path("filters/<uuid:pk>/default/", desk.filter_default, name="filter_default"),
    path("bulk/", desk.bulk_confirm, name="bulk_confirm"),
    path("bulk/run/", desk.bulk_run, name="bulk_run"),
    path("bulk/<uuid:pk>/", desk.bulk_detail, name="bulk_detail"),
    path("bulk/<uuid:pk>/progress/", desk.bulk_progress, name="bulk_progress"),
    path("bulk/<uuid:pk>/undo/", desk.bulk_undo, name="bulk_undo"),
    path("<code:code>/undo/", desk.incident_undo, name="incident_undo"),
]
