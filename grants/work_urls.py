"""Lists, proposals, the steps of a grant and its amendments."""

from django.urls import URLPattern, path

from grants.views import amendments, history, listing, numbers, proposals, risks, steps

urlpatterns: list[URLPattern] = [
    path("", listing.grant_list, name="grant_list"),
    path("numbers/", numbers.number_list, name="number_list"),
    path("new/", proposals.grant_new, name="grant_new"),
    path("<ref:ref>/", steps.grant_detail, name="grant_detail"),
    path("<ref:ref>/edit/", proposals.grant_edit, name="grant_edit"),
    path("<ref:ref>/budget/", proposals.grant_budget, name="grant_budget"),
    path("<ref:ref>/quotes/", proposals.grant_quotes, name="grant_quotes"),
    path("<ref:ref>/indicators/", proposals.grant_indicators, name="grant_indicators"),
    path("<ref:ref>/beneficiaries/", proposals.grant_beneficiaries, name="grant_beneficiaries"),
    path("<ref:ref>/risks/", risks.grant_risks, name="grant_risks"),
    path("<ref:ref>/steps/<slug:step>/", steps.grant_step, name="grant_step"),
    path("<ref:ref>/history/", history.grant_history, name="grant_history"),
    path("<ref:ref>/amendments/", amendments.amendment_list, name="amendment_list"),
    path("<ref:ref>/amendments/new/", amendments.amendment_new, name="amendment_new"),
    path(
        "<ref:ref>/amendments/<int:number>/<slug:step>/",
        amendments.amendment_step,
        name="amendment_step",
    ),
]
