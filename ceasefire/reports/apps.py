"""The app of reports, dashboard and homes."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "ceasefire.reports"
    label = "reports"
