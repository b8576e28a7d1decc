"""Pages read the selected columns alone, and give what they give with all columns."""

import logging
from random import Random

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from api.graphql.engine.lists import relay
from api.graphql.schema import schema
from tests import story
from tests.client import Client
from tests.graphql.engine.loading.test_loaders import fill


def lists() -> dict[str, list[str]]:
    """Return the root's lists, but for suppressionHistory of an address, and the leaf fields of their items."""
    query, found = schema._schema.query_type, dict[str, list[str]]()
    assert query is not None
    for name, field in query.fields.items():
        kind = get_named_type(field.type)
        if "first" in field.args and isinstance(kind, GraphQLObjectType) and name != "suppressionHistory":
            item = get_named_type(kind.fields["nodes"].type)
            assert isinstance(item, GraphQLObjectType)
            found[name] = [name for name, each in item.fields.items() if is_leaf_type(get_named_type(each.type))]
    return found


async def test_every_selection_gives_what_all_columns_give(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sender, template = await story.sender(client), await story.template(client)
    await fill(client, sender, template, 0, 3)
    await client.do(story.ADVANCE, "now", to="2026-03-02T09:00:00Z")
    random = Random(1)
    assert len(lists()) > 8
    for name, fields in lists().items():
        selections = [[field] for field in fields] + [random.sample(fields, min(3, len(fields))) for _ in range(5)]
        for selected in selections:
            inner = " ".join(selected)
            query = random.choice(
                [
                    f"{{ {name} {{ nodes {{ __typename {inner} }} pageInfo {{ endCursor }} }} }}",
                    f"{{ {name} {{ edges {{ cursor node {{ {inner} }} }} }} }}",
                    f"{{ {name} {{ ... {{ nodes {{ ... {{ {inner} }} }} }} edges {{ node {{ {fields[0]} }} }} }} }}",
                ]
            )
            found = await client.ask(query)
            with monkeypatch.context() as patched:
                patched.setattr(relay, "page_columns", lambda _: None)
                assert found == await client.ask(query)


@pytest.mark.parametrize(
    ("selection", "columns"),
    [
        ("nodes { name }", "id name"),
        ("nodes { ...F } edges { cursor node { skipWeekends } }", "id name on_reply skip_weekends"),
        ("nodes { a: name b: name __typename steps { id } }", "id name"),
        ("nodes { name @skip(if: true) }", "id name"),
        ("pageInfo { endCursor } totalCount", "id"),
    ],
)
async def test_only_the_selected_columns_are_read(
    client: Client, caplog: pytest.LogCaptureFixture, selection: str, columns: str
) -> None:
    fragment = "fragment F on Campaign { name ... { onReply } }" if "...F" in selection else ""
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        await client.ask(f"{{ campaigns {{ {selection} }} }} {fragment}")
    statement = next(text for text in map(logging.LogRecord.getMessage, caplog.records) if 'FROM "campaign"' in text)
    read = statement.partition("SELECT ")[2].partition(" FROM")[0]
    assert sorted(read.replace('"', "").split(", ")) == columns.split()


async def test_a_field_with_a_resolver_gets_all_columns(client: Client) -> None:
    sender = await story.sender(client)
    await story.campaign(client, sender)
    data = await client.ask("{ campaigns { nodes { sender { id } applyingPause } } }")
    assert data["campaigns"]["nodes"] == [{"sender": {"id": sender}, "applyingPause": False}]
