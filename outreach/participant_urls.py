"""The addresses of a case."""

from django.urls import path

from outreach.views import identity, participants, status

_CASE = "participants/<str:code>/"

urlpatterns = [
    path("participants/", participants.participant_list, name="participant_list"),
    path("participants/new/", participants.participant_new, name="participant_new"),
    path("participants/find/", identity.participant_find, name="participant_find"),
    path(_CASE, participants.participant_detail, name="participant_detail"),
    path(f"{_CASE}reveal/", identity.participant_reveal, name="participant_reveal"),
    path(f"{_CASE}held/", identity.participant_held, name="participant_held"),
    path(f"{_CASE}consent/", status.consent_record, name="consent_record"),
    path(f"{_CASE}consent/withdraw/", status.consent_withdraw, name="consent_withdraw"),
    path(f"{_CASE}ask-intake/", status.ask_intake, name="ask_intake"),
    path(f"{_CASE}pause/", status.pause, name="pause"),
    path(f"{_CASE}resume/", status.resume, name="resume"),
    path(f"{_CASE}close/", status.close, name="close"),
    path(f"{_CASE}reopen/", status.reopen, name="reopen"),
    path(f"{_CASE}reopen-active/", status.reopen_active, name="reopen_active"),
    path(f"{_CASE}exception/", status.exception_ask, name="exception_ask"),
    path(f"{_CASE}exception/decide/", status.exception_decide, name="exception_decide"),
]
