from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "outreach"

    def ready(self) -> None:
        # What notices and tasks are about, and who stands in, must be known to jobs too.
        from outreach.services import approvals, delegation  # noqa: F401
