"""The made-up caseloads, conflicts and weeks of the demonstration."""

from incidents.demo import parts


@parts.part("outreach")
def load(stage: parts.Stage) -> dict[str, int]:
    """Fill both sites; how many of each."""
    from outreach.demo.loading import load_outreach

    return load_outreach(stage)
