"""The addresses of a case."""

from django.urls import path

from outreach.views import participants

urlpatterns = [
    path("participants/", participants.participant_list, name="participant_list"),
    path(
        "participants/<str:code>/",
        participants.participant_detail,
        name="participant_detail",
    ),
]
