"""The benchmark of lists asks for every filter and every order of the schema."""

from graphql import GraphQLEnumType, GraphQLInputObjectType

from api.graphql.schema import schema
from benchmarks.list_queries import queries
from benchmarks.populated import Size

NOT_ALONE = {"LeftOutFilter", "ListFilter", "ReportFilter"}
"""Filters of lists inside one object, of saved filters and of reports, which have a benchmark of their own."""
OF_FEW_ROWS = {"CrmFailureFilter", "CrmFailureSort"}
"""A list that is read by its kinds: one query of it is enough."""


def test_every_filter_is_measured() -> None:
    asked = " ".join(queries("a", Size(20_000)).values())
    filters = {
        f"{name}.{field}": f"{field}: "
        for name, kind in schema._schema.type_map.items()
        if name.endswith("Filter") and name not in NOT_ALONE | OF_FEW_ROWS and isinstance(kind, GraphQLInputObjectType)
        for field in kind.fields
    }
    assert len(filters) > 50
    assert [name for name, text in filters.items() if text not in asked] == []


def test_every_order_is_measured() -> None:
    asked = " ".join(queries("a", Size(20_000)).values())
    orders = {
        f"{name}.{value}": f"field: {value}, "
        for name, kind in schema._schema.type_map.items()
        if name.endswith("Sort") and name not in OF_FEW_ROWS and isinstance(kind, GraphQLEnumType)
        for value in kind.values
    }
    assert len(orders) > 15
    assert [name for name, text in orders.items() if text not in asked] == []
