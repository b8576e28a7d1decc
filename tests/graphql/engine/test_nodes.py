"""Any object by its id: of its own workspace alone, of the right type, at the cost of what is selected."""

import json
from typing import Any

import pytest

from api.graphql.engine.node_interface import TYPE_NAMES
from api.graphql.schema import schema
from api.ids import new_id
from api.models import (
    Campaign,
    Category,
    Enrollment,
    Event,
    IncomingEvent,
    Launch,
    PeopleGroup,
    Person,
    Reply,
    Send,
    Sender,
    Step,
    Suppression,
    Task,
    Template,
)
from tests import story
from tests.client import Client
from tests.graphql.authored import author
from tests.graphql.launches.test_start_launch import START
from tests.services.world import NOW

NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
MODELS = (
    Campaign, Category, Enrollment, Event, IncomingEvent, Launch, PeopleGroup, Person, Reply, Send, Sender, Step,
    Suppression, Task, Template,
)  # fmt: skip


async def filled(client: Client) -> dict[str, str]:
    """Return an id of each type."""
    await client.ask(
        'mutation { createCategory(name: "Sales") { errors { code } } createGroup(name: "Fair") { errors { code } } }'
    )
    campaign = await author(client, {"day": 1, "sendOption": "choose_at_launch"}, {"day": 3})
    given = {"campaignId": campaign, "sendNow": True}
    await client.do(story.LAUNCH, "enrollments", input=given | {"personIds": [await story.person(client)]})
    other = await story.person(client, "grace@example.com")
    await client.do(START, "launch", input=given | {"personIds": [other]})
    await client.ask('mutation { suppressAddress(email: "grace@example.com") { errors { code } } }')
    email = (await Send.filter(workspace_id=client.workspace.id))[0]
    await Reply.create(id=new_id("rpl"), workspace_id=client.workspace.id, send_id=email.id, kind="REPLY", at=NOW)
    await IncomingEvent.create(
        id=new_id("inc"), source="tracking", key=email.id, kind="OPENED", at=NOW, stored_at=NOW, due_at=NOW,
        done_at=NOW, result="APPLIED", workspace_id=client.workspace.id, send_id=email.id,
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {client.token}"}
    uploaded = await client.http.post("/attachments?name=a.txt", content=b"a", headers=headers)
    rows = {str(model): await model.filter(workspace_id=client.workspace.id).first() for model in MODELS}
    own = {row.id[:3]: row.id for row in rows.values() if row is not None}
    return {**own, "att": uploaded.json()["attachment"]["id"]}


async def test_every_type_is_found_by_its_id(client: Client) -> None:
    ids = await filled(client)
    assert {*ids} == {*TYPE_NAMES}
    for prefix, id_ in ids.items():
        found = (await client.ask(NODE, id=id_))["node"]
        assert found == {"__typename": TYPE_NAMES[prefix], "id": id_}
    listed = list(ids.values())[::-1]
    found = (await client.ask(NODES, ids=[*listed, "per_" + "0" * 26, listed[0]]))["nodes"]
    assert [node and node["id"] for node in found] == [*listed, None, listed[0]]


async def test_nodes_of_other_workspaces_are_as_missing_as_those_that_never_were(
    client: Client, stranger: Client
) -> None:
    ids = list((await filled(client)).values())
    assert (await stranger.ask(NODES, ids=ids))["nodes"] == [None] * len(ids)


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "x",
        "per_",
        "per_" + "0" * 27,
        "PER_" + "0" * 26,
        "xyz_" + "0" * 26,
        "tok_" + "0" * 26,
        "per_\u0000",
        "é" * 30,
    ],
)
async def test_what_is_no_id_of_a_node_is_missing(client: Client, id_: str) -> None:
    assert await client.ask(NODE, id=id_) == {"node": None}


async def test_fragments_select_fields_of_the_type(client: Client, campaign: str) -> None:
    query = """query($ids: [ID!]!) { nodes(ids: $ids) {
      id ... on Campaign { name steps { number } sender { name } } ...P
    } } fragment P on Person { email }"""
    person = await Person.filter(workspace_id=client.workspace.id).order_by("id").first()
    assert person is not None
    found = (await client.ask(query, ids=[campaign, person.id]))["nodes"]
    assert {*found[0]} == {"id", "name", "steps", "sender"}
    assert len(found[0]["steps"]) == 2
    assert found[1] == {"id": person.id, "email": person.email}


async def test_fragments_cost_what_they_select(client: Client, campaign: str) -> None:
    async def points(query: str) -> int:
        answer = await client.raw(query)
        assert "errors" not in answer, answer
        return int(answer["extensions"]["cost"]["requested"])

    inside = "steps { template { name } sendOptions { key } } sender { name }"
    direct = await points(f'{{ campaign(id: "{campaign}") {{ {inside} }} }}')
    inline = await points(f'{{ node(id: "{campaign}") {{ ... on Campaign {{ {inside} }} }} }}')
    named = await points(f'{{ node(id: "{campaign}") {{ ...C }} }} fragment C on Campaign {{ {inside} }}')
    assert inline == named
    assert inline > direct - 100 > 1_000, "the root fields cost less than 100"
    many = await points(f"{{ nodes(ids: {json.dumps([campaign] * 5)}) {{ ... on Campaign {{ {inside} }} }} }}")
    assert many > 4 * direct


async def test_too_many_ids_are_refused(client: Client) -> None:
    answer = await client.raw(NODES, {"ids": ["per_" + "0" * 26] * 101})
    assert answer["errors"][0]["extensions"]["code"] == "TOO_LONG"


async def test_one_name_has_one_meaning_in_all_fragments(client: Client, campaign: str) -> None:
    query = f'{{ node(id: "{campaign}") {{ ... on Campaign {{ x: name }} ... on Person {{ x: email }} }} }}'
    answer = await client.raw(query)
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_QUERY"


def test_every_node_has_a_prefix_and_keeps_the_fast_path() -> None:
    interface: Any = schema._schema.type_map["Node"]
    implementing = schema._schema.get_possible_types(interface)
    assert {kind.name for kind in implementing} == set(TYPE_NAMES.values())
    assert all(kind.is_type_of is None for kind in implementing)


async def test_pages_say_where_they_begin_and_end(client: Client) -> None:
    ids = [await story.person(client, f"p{number}@example.com") for number in range(3)]
    query = """query($after: String) { people(first: 2, after: $after) { nodes { id }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    first = (await client.ask(query))["people"]["pageInfo"]
    assert first == {"hasNextPage": True, "hasPreviousPage": False, "startCursor": ids[0], "endCursor": ids[1]}
    second = (await client.ask(query, after=first["endCursor"]))["people"]["pageInfo"]
    assert second == {"hasNextPage": False, "hasPreviousPage": True, "startCursor": ids[2], "endCursor": ids[2]}
    empty = (await client.ask(query, after=second["endCursor"]))["people"]["pageInfo"]
    assert empty == {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None}
