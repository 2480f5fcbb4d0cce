"""Addresses of what leaves: summaries, mails, the evaluator's pack. Part of `reports.urls`."""

from django.urls import path

from ceasefire.reports import evaluators_views, mail_views, subscription_views, summary_views

urlpatterns = [
    path("account/mail/", subscription_views.subscription, name="subscription"),
    path(
        "account/mail/charts/", subscription_views.subscription_charts, name="subscription_charts"
    ),
    path("account/mail/end/", subscription_views.subscription_end, name="subscription_end"),
    path("account/mail/confirm/<str:token>/", subscription_views.mail_confirm, name="mail_confirm"),
    path("reports/mail/", mail_views.mail_list, name="mail_list"),
    path("reports/mail/stop/<str:token>/", subscription_views.mail_stop, name="mail_stop"),
    path("reports/mail/<uuid:pk>/again/", mail_views.mail_again, name="mail_again"),
    path("reports/evaluators/", evaluators_views.pack_list, name="pack_list"),
    path("reports/evaluators/<uuid:pk>/", evaluators_views.pack_detail, name="pack_detail"),
    path(
        "reports/evaluators/<uuid:pk>/progress/",
        evaluators_views.pack_progress,
        name="pack_progress",
    ),
    path("reports/evaluators/<uuid:pk>/cancel/", evaluators_views.pack_cancel, name="pack_cancel"),
    path(
        "reports/evaluators/<uuid:pk>/download/",
        evaluators_views.pack_download,
        name="pack_download",
    ),
    path(
        "reports/<str:site>/<str:week_start>/summary/",
        summary_views.report_summary,
        name="report_summary",
    ),
]
