"""The made-up funds, organisations and grants of the demonstration."""

from incidents.demo import parts


@parts.part("grants")
def load(stage: parts.Stage) -> dict[str, int]:
    """Fill REO's side; how many of each."""
    from grants.demo.loading import load_grants

    return load_grants(stage)
