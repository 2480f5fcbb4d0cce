"""Addresses of the weekly reports and the dashboard."""

from django.urls import include, path

from ceasefire.reports import dashboard_views, recording_views, views

app_name = "reports"
urlpatterns = [
    # First: "mail" and "evaluators" are no codes of sites.
    path("", include("ceasefire.reports.outgoing_urls")),
    path("dashboard/", dashboard_views.dashboard, name="dashboard"),
    path("dashboard/week/", dashboard_views.dashboard_week, name="dashboard_week"),
    path("dashboard/team/", dashboard_views.dashboard_team, name="dashboard_team"),
    path("dashboard/quality/", dashboard_views.dashboard_quality, name="dashboard_quality"),
    path("dashboard/part/", dashboard_views.dashboard_part, name="dashboard_part"),
    path(
        "dashboard/<slug:page>/charts/<slug:chart>.csv",
        dashboard_views.dashboard_chart,
        name="dashboard_chart",
    ),
    path("reports/", views.report_list, name="report_list"),
    # Before addresses that begin with the code of a site.
    path("", include("ceasefire.reports.figure_urls")),
    path("reports/recording/", recording_views.recording_list, name="recording_list"),
    path("reports/recording/<str:site>/new/", recording_views.recording_new, name="recording_new"),
    path(
        "reports/recording/<str:site>/<int:number>/withdraw/",
        recording_views.recording_withdraw,
        name="recording_withdraw",
    ),
    path("reports/compile/", views.report_compile, name="report_compile"),
    path("reports/runs/", views.report_runs, name="report_runs"),
    path("reports/<str:site>/<str:week_start>/", views.report_detail, name="report_detail"),
    path(
        "reports/<str:site>/<str:week_start>/progress/",
        views.report_progress,
        name="report_progress",
    ),
    path(
        "reports/<str:site>/<str:week_start>/narrative/",
        views.report_narrate,
        name="report_narrate",
    ),
    path("reports/<str:site>/<str:week_start>/approve/", views.report_freeze, name="report_freeze"),
    path("reports/<str:site>/<str:week_start>/correct/", views.report_revise, name="report_revise"),
]
