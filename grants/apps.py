from django.apps import AppConfig


class GrantsConfig(AppConfig):
    name = "grants"

    def ready(self) -> None:
        from ceasefire.people import leaving
        from ceasefire.vault import elsewhere
        from grants.services import files, handover, organisations, payroll, requirements, vetting

        elsewhere.register(
            "people behind organisations",
            elsewhere.Elsewhere(
                counts=organisations.counts_by_key, rotate=organisations.seal_again
            ),
        )
        elsewhere.register(
            "people on payroll lists",
            elsewhere.Elsewhere(counts=payroll.counts_by_key, rotate=payroll.seal_again),
        )
        leaving.register("grants", handover.said_when_leaving)
        requirements.SCREENING[:] = [vetting.missing]
        elsewhere.register(
            "papers of grants", elsewhere.Elsewhere(counts=files.counts, rotate=files.rotate)
        )
