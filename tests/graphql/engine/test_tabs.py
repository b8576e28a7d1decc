"""GraphiQL's examples: every operation is valid, and has the variables that it needs."""

import json
import re
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse, print_ast, validate

from api.graphiql import example_tabs, first_campaign_tabs
from tests import story
from tests.client import Client
from tests.printed_schema import printed_schema

TABS = first_campaign_tabs() + example_tabs()


@pytest.mark.parametrize("tab", TABS, ids=[tab["query"].splitlines()[0][2:40] for tab in TABS])
def test_an_example_is_valid(tab: dict[str, str]) -> None:
    document = parse(tab["query"])
    assert validate(printed_schema(), document) == []
    given = json.loads(tab.get("variables", "{}"))
    for operation in document.definitions:
        assert isinstance(operation, OperationDefinitionNode)
        assert {definition.variable.name.value for definition in operation.variable_definitions or ()} <= given.keys()


def operation(tab: dict[str, str], name: str) -> str:
    """Return the text of one of a tab's operations."""
    (found,) = (
        each
        for each in parse(tab["query"]).definitions
        if isinstance(each, OperationDefinitionNode) and each.name and each.name.value == name
    )
    return print_ast(found)


async def test_the_first_step_goes_into_the_campaign_that_was_created(client: Client) -> None:
    (tab,) = (tab for tab in example_tabs() if "createCampaign" in tab["query"])
    sender, template = await story.sender(client), await story.template(client)
    created: dict[str, Any] = await client.do(operation(tab, "CreateCampaign"), "campaign", sender=sender)
    step = await client.do(operation(tab, "AddFirstStep"), "step", newCampaign=created["id"], template=template)
    assert (step["day"], step["number"]) == (1, 1)
    options = (await client.ask(operation(tab, "SendOptions"), newCampaign=created["id"]))["sendOptions"]
    assert {option["key"] for option in options if option["available"]} > {"at_time", "same_time_as_previous"}
    refused = await client.ask(operation(tab, "RefusedStep"), newCampaign=created["id"], template=template)
    assert refused["addStep"]["errors"]


@pytest.mark.parametrize("tab", TABS, ids=[tab["query"].splitlines()[0][2:40] for tab in TABS])
def test_a_comment_fits_into_the_editor(tab: dict[str, str]) -> None:
    assert [line for line in tab["query"].splitlines() if line.startswith("#") and len(line) > 54] == []


@pytest.mark.parametrize("tab", TABS, ids=[tab["query"].splitlines()[0][2:40] for tab in TABS])
def test_no_word_or_path_of_a_comment_is_torn(tab: dict[str, str]) -> None:
    comments = [line for line in tab["query"].splitlines() if line.startswith("#")]
    assert [line for line in comments if re.search(r"\w- |\w-$", line)] == []
