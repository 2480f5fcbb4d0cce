"""The app of reports, dashboard and homes."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "ceasefire.reports"
    label = "reports"

    def ready(self) -> None:
        # Every process must know every kind of job (`jobs.apps` finds the modules named `tasks`).
        from ceasefire.reports import mail_tasks, near_window  # noqa: F401
        from incidents import measures

        measures.tell_near_windows(near_window.windows)
