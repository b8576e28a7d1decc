"""Input types of which a client gives exactly one field."""

from graphql import GraphQLInputObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter


def mark_one_of_types(schema: GraphQLSchema) -> None:
    """Let graphql-core check these types, because its errors have the path of the value. Strawberry's have none."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
            kind.is_one_of = bool(definition and definition.is_one_of)
