"""Organisations, list files, screening runs and what was decided of every hit."""

from django.urls import URLPattern, path

from grants.views import lists, organisations, vetting

_ONE = "organisations/<slug:code>/"
_PERSON = f"{_ONE}people/<uuid:pk>/"
_RUN = "<ref:ref>/vetting/runs/<uuid:pk>/"

urlpatterns: list[URLPattern] = [
    path("organisations/", organisations.organisation_list, name="organisation_list"),
    path("organisations/new/", organisations.organisation_new, name="organisation_new"),
    path("organisations/export/", organisations.organisation_export, name="organisation_export"),
    path(_ONE, organisations.organisation_detail, name="organisation_detail"),
    path(f"{_ONE}change/", organisations.organisation_change, name="organisation_change"),
    path(f"{_ONE}block/", organisations.organisation_block, name="organisation_block"),
    path(f"{_ONE}people/", organisations.organisation_people, name="organisation_people"),
    path(f"{_ONE}people/new/", organisations.person_new, name="person_new"),
    path(f"{_PERSON}change/", organisations.person_change, name="person_change"),
    path(f"{_PERSON}left/", organisations.person_left, name="person_left"),
    path("lists/", lists.list_index, name="list_index"),
    path("lists/new/", lists.list_new, name="list_new"),
    path("lists/rules/new/", lists.list_rule_new, name="list_rule_new"),
    path("lists/rules/<uuid:pk>/confirm/", lists.list_rule_confirm, name="list_rule_confirm"),
    path("lists/<uuid:pk>/", lists.list_detail, name="list_detail"),
    path("lists/<uuid:pk>/progress/", lists.list_progress, name="list_progress"),
    path("lists/<uuid:pk>/stop/", lists.list_stop, name="list_stop"),
    path("<ref:ref>/vetting/", vetting.grant_vetting, name="grant_vetting"),
    path("<ref:ref>/vetting/screen/", vetting.vetting_screen, name="vetting_screen"),
    path(
        "<ref:ref>/vetting/<uuid:pk>/progress/", vetting.vetting_progress, name="vetting_progress"
    ),
    path("<ref:ref>/vetting/<uuid:pk>/stop/", vetting.vetting_stop, name="vetting_stop"),
    path(_RUN, vetting.vetting_run, name="vetting_run"),
    path(f"{_RUN}hits/<int:number>/", vetting.hit_decide, name="hit_decide"),
    path(f"{_RUN}sign/", vetting.run_sign, name="run_sign"),
]
