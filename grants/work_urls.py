"""Lists, proposals, the steps of a grant and its amendments."""

from django.urls import URLPattern, path

from grants.views import history, listing, steps

urlpatterns: list[URLPattern] = [
    path("", listing.grant_list, name="grant_list"),
    path("<ref:ref>/", steps.grant_detail, name="grant_detail"),
    path("<ref:ref>/history/", history.grant_history, name="grant_history"),
]
