"""Touchline server: it stores campaigns, answers GraphQL requests, and sends the emails that are due."""


def version() -> str:
    """Return the version that is installed."""
    from importlib import metadata  # not above: worker processes start without it

    return metadata.version("touchline")
