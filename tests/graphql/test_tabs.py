"""GraphiQL's examples: every operation is valid, and has the variables that it needs."""

import json

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from api.graphiql import default_tabs
from api.graphql.schema import schema_text

TABS = default_tabs()


@pytest.mark.parametrize("tab", TABS, ids=[tab["query"].splitlines()[0][2:40] for tab in TABS])
def test_an_example_is_valid(tab: dict[str, str]) -> None:
    document = parse(tab["query"])
    assert validate(build_schema(schema_text()), document) == []
    given = json.loads(tab.get("variables", "{}"))
    for operation in document.definitions:
        assert isinstance(operation, OperationDefinitionNode)
        assert {definition.variable.name.value for definition in operation.variable_definitions or ()} <= given.keys()
