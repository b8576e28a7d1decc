"""The documents in docs/screens.md are valid, and each screen has as many queries as it says."""

import re
from itertools import takewhile
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, OperationType, parse, validate

from tests.printed_schema import printed_schema

ROOT = Path(__file__).parents[2]
SCREENS = re.split(r"^## ", (ROOT / "docs" / "screens.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.split("\n", 1)[0])
def test_a_screen_has_valid_documents_and_its_number_of_round_trips(screen: str) -> None:
    documents = [parse(text) for text in re.findall(r"```graphql\n(.*?)```", screen, re.DOTALL)]
    assert [error.message for document in documents for error in validate(printed_schema(), document)] == []
    operations = [part for document in documents for part in document.definitions]
    assert len(operations) == len(documents), "each document is one operation"
    names = [part.name.value for part in operations if isinstance(part, OperationDefinitionNode) and part.name]
    assert len(set(names)) == len(operations)
    kinds = [part.operation for part in operations if isinstance(part, OperationDefinitionNode)]
    queries = list(takewhile(lambda kind: kind is not OperationType.MUTATION, kinds)).count(OperationType.QUERY)
    assert re.findall(r"^Round trips: (\d+)$", screen, re.MULTILINE) == [str(queries)]
