"""The app of reports, dashboard and homes."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "ceasefire.reports"
    label = "reports"

    def ready(self) -> None:
        # Every process must know every kind of job (`jobs.apps` finds the modules named `tasks`).
        from ceasefire.reports import mail_tasks  # noqa: F401
