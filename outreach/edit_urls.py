"""The addresses of changing a case's facts, and of choosing between two values."""

from django.urls import path

from outreach.views import edits

urlpatterns = [
    path("participants/<str:code>/edit/", edits.participant_edit, name="participant_edit"),
    path("participants/<str:code>/edit/<int:pk>/", edits.edit_settle, name="edit_settle"),
]
