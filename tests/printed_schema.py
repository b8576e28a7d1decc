"""The schema as clients get it, read from its text once in each process: that takes a fifth of a second."""

from functools import cache

from graphql import GraphQLSchema, build_schema

from api.graphql.schema import schema_text


@cache
def printed_schema() -> GraphQLSchema:
    """Return the schema that schema.graphql describes."""
    return build_schema(schema_text())
