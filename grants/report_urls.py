"""Reports of the grants, their numbered runs, and the SF-425 worksheet."""

from django.urls import URLPattern, path, register_converter

from grants.reports.columns import REPORTS
from grants.views import reports, worksheet


class ReportConverter:
    """The name of a report, so that other parts may have addresses beside it."""

    regex = "|".join(REPORTS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ReportConverter, "report")

urlpatterns: list[URLPattern] = [
    path("reports/", reports.report_list, name="report_list"),
    path("reports/runs/", reports.run_list, name="report_runs"),
    path("reports/runs/<int:number>/", reports.run_detail, name="report_run"),
    path("reports/requests/<uuid:pk>/", reports.request_detail, name="report_request"),
    path(
        "reports/requests/<uuid:pk>/progress/",
        reports.request_progress,
        name="report_request_progress",
    ),
    path("reports/requests/<uuid:pk>/stop/", reports.request_stop, name="report_request_stop"),
    path("reports/sf-425/", worksheet.worksheet, name="worksheet"),
    path("reports/sf-425/<str:code>/figures/", worksheet.figure_new, name="figure_new"),
    path(
        "reports/sf-425/figures/<uuid:pk>/confirm/",
        worksheet.figure_confirm,
        name="figure_confirm",
    ),
    path(
        "reports/sf-425/figures/<uuid:pk>/withdraw/",
        worksheet.figure_withdraw,
        name="figure_withdraw",
    ),
    path("reports/<report:slug>/", reports.report_detail, name="report_detail"),
    path("<ref:ref>/sheet/", reports.grant_sheet, name="grant_sheet"),
]
