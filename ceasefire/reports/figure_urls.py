"""Addresses of the charts of a report, and of what is judged of the program's effect."""

from django.urls import path

from ceasefire.reports import chart_views, effect_views

urlpatterns = [
    path("reports/effect/", effect_views.effect_list, name="effect_list"),
    path("reports/effect/<str:site>/new/", effect_views.effect_new, name="effect_new"),
    path(
        "reports/effect/<str:site>/<int:number>/withdraw/",
        effect_views.effect_withdraw,
        name="effect_withdraw",
    ),
    path(
        "reports/<str:site>/<str:week_start>/charts/<slug:chart>.csv",
        chart_views.report_chart,
        name="report_chart",
    ),
]
