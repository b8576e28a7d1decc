"""Touchline server: it remembers campaigns, answers GraphQL and dispatches what is due."""

from importlib import metadata


def version() -> str:
    """Return the version that is installed."""
    return metadata.version("touchline")
