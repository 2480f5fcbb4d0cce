"""Visits, findings, indicators, payroll lists, handover, and the incidents around a grant."""

from django.urls import URLPattern, path

from grants.views import handover, monitoring, payroll, surroundings

urlpatterns: list[URLPattern] = [
    path("<ref:ref>/monitoring/", monitoring.grant_monitoring, name="grant_monitoring"),
    path("<ref:ref>/monitoring/plan/", monitoring.visit_plan, name="visit_plan"),
    path(
        "<ref:ref>/monitoring/plan/<uuid:key>/off/",
        monitoring.visit_call_off,
        name="visit_call_off",
    ),
    path("<ref:ref>/monitoring/visits/new/", monitoring.visit_new, name="visit_new"),
    path("<ref:ref>/monitoring/visits/form/", monitoring.visit_form, name="visit_form"),
    path("<ref:ref>/monitoring/visits/<uuid:key>/", monitoring.visit_detail, name="visit_detail"),
    path("<ref:ref>/monitoring/reports/new/", monitoring.report_plan, name="report_plan"),
    path(
        "<ref:ref>/monitoring/reports/<uuid:key>/received/",
        monitoring.report_receive,
        name="report_receive",
    ),
    path(
        "<ref:ref>/monitoring/reports/<uuid:key>/accept/",
        monitoring.report_accept,
        name="report_accept",
    ),
    path("<ref:ref>/monitoring/indicators/<int:number>/", monitoring.value_new, name="value_new"),
    path("<ref:ref>/monitoring/reached/", monitoring.reached_edit, name="reached_edit"),
    path("<ref:ref>/findings/new/", monitoring.finding_new, name="finding_new"),
    path("<ref:ref>/findings/<int:number>/", monitoring.finding_detail, name="finding_detail"),
    path("visits/", monitoring.visit_list, name="visit_list"),
    path("findings/", monitoring.finding_list, name="finding_list"),
    path("<ref:ref>/payroll/", payroll.payroll_list, name="payroll_list"),
    path("<ref:ref>/payroll/new/", payroll.payroll_new, name="payroll_new"),
    path("<ref:ref>/payroll/<int:number>/", payroll.payroll_detail, name="payroll_detail"),
    path(
        "<ref:ref>/payroll/<int:number>/support/", payroll.payroll_support, name="payroll_support"
    ),
    path("<ref:ref>/payroll/<int:number>/person/", payroll.payroll_row, name="payroll_row"),
    path("<ref:ref>/payroll/<int:number>/people/", payroll.payroll_rows, name="payroll_rows"),
    path(
        "<ref:ref>/payroll/<int:number>/rows/<int:row>/strike/",
        payroll.payroll_strike,
        name="payroll_strike",
    ),
    path("<ref:ref>/payroll/<int:number>/drop/", payroll.payroll_drop, name="payroll_drop"),
    path("<ref:ref>/payroll/<int:number>/signs/", payroll.payroll_decide, name="payroll_decide"),
    path("<ref:ref>/payroll/<int:number>/look/", payroll.payroll_look, name="payroll_look"),
    path(
        "<ref:ref>/payroll/<int:number>/certify/", payroll.payroll_certify, name="payroll_certify"
    ),
    path("<ref:ref>/payroll/<int:number>/names/", payroll.payroll_names, name="payroll_names"),
    path("handover/", handover.handover_list, name="handover_list"),
    path("handover/<uuid:key>/", handover.handover_detail, name="handover_detail"),
    path("<ref:ref>/surroundings/", surroundings.grant_surroundings, name="grant_surroundings"),
]
