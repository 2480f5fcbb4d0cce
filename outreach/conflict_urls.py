"""The addresses of conflicts, mediation, and mediators' profiles."""

from django.urls import path

from outreach.views import conflict_reading, conflict_sections, conflicts, mediation, staff

__all__ = ["conflict_sections", "urlpatterns"]

_ONE = "conflicts/<str:code>/"
_PERSON = "staff/<uuid:key>/"

urlpatterns = [
    path("conflicts/", conflict_reading.conflict_list, name="conflict_list"),
    path("conflicts/new/", conflicts.conflict_new, name="conflict_new"),
    path(_ONE, conflict_reading.conflict_detail, name="conflict_detail"),
    path(f"{_ONE}assess/", conflicts.conflict_assess, name="conflict_assess"),
    path(f"{_ONE}sides/new/", conflicts.party_add, name="party_add"),
    path(f"{_ONE}sides/<int:number>/remove/", conflicts.party_remove, name="party_remove"),
    path(f"{_ONE}mediators/", conflicts.conflict_mediators, name="conflict_mediators"),
    path(f"{_ONE}neutral/", conflicts.conflict_neutral, name="conflict_neutral"),
    path(f"{_ONE}replace/", conflicts.conflict_replace, name="conflict_replace"),
    path(f"{_ONE}begin/", conflicts.conflict_begin, name="conflict_begin"),
    path(f"{_ONE}watch/", conflicts.conflict_watch, name="conflict_watch"),
    path(f"{_ONE}reignite/", conflicts.conflict_reignite, name="conflict_reignite"),
    path(f"{_ONE}close/", conflicts.conflict_close, name="conflict_close"),
    path(f"{_ONE}incidents/", conflicts.incident_link, name="conflict_incident_link"),
    path(
        f"{_ONE}incidents/<str:incident>/remove/",
        conflicts.incident_unlink,
        name="conflict_incident_unlink",
    ),
    path(f"{_ONE}sessions/new/", mediation.session_new, name="session_new"),
    path(f"{_ONE}follow-up/", mediation.follow_up_answer, name="follow_up_answer"),
    path(f"{_ONE}truce/new/", mediation.truce_new, name="truce_new"),
    path(f"{_ONE}truce/extend/", mediation.truce_extend, name="truce_extend"),
    path(f"{_ONE}truce/end/", mediation.truce_end, name="truce_end"),
    path(f"{_ONE}settlement/", mediation.settlement_edit, name="settlement_edit"),
    path(f"{_ONE}settlement/pay/", mediation.settlement_pay, name="settlement_pay"),
    path("staff/", staff.staff_list, name="staff_list"),
    path("staff/me/", staff.staff_own, name="staff_own"),
    path(_PERSON, staff.staff_detail, name="staff_detail"),
    path(f"{_PERSON}change/", staff.staff_change, name="staff_change"),
    path(f"{_PERSON}ties/", staff.tie_add, name="tie_add"),
    path(f"{_PERSON}ties/<uuid:tie>/remove/", staff.tie_remove, name="tie_remove"),
]
