from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "outreach"

    def ready(self) -> None:
        # What tasks are about and who stands in must be known to jobs as well as to pages.
        from outreach.services import approvals, consent, delegation  # noqa: F401

        consent.load()
