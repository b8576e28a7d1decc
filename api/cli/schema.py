"""``touchline schema``."""

import sys

from api.settings import Settings


def print_schema(_settings: Settings) -> int:
    """Print the GraphQL schema."""
    from api.graphql.schema import schema_text  # takes longer than all that the other commands import

    sys.stdout.write(schema_text())
    return 0
