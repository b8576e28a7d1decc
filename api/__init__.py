"""Touchline server: it remembers campaigns, answers GraphQL and dispatches what is due."""


def version() -> str:
    """Return the version that is installed."""
    from importlib import metadata  # not above: worker processes start without it

    return metadata.version("touchline")
