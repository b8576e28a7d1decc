"""Lists whose rows are loaded with the selected columns give what they give one by one."""

import logging
from random import Random
from typing import Any

import pytest

from api.graphql.engine.execution import executor
from api.graphql.engine.execution.json_lists import write_list
from api.graphql.engine.loading.loaded_lists import KEY
from api.graphql.engine.loading.loaders import Loaders
from api.graphql.schema import schema
from tests import story
from tests.client import Client

SUPPRESS = "mutation($email: String!) { suppressAddress(email: $email) { suppression { id } errors { code } } }"
RESUBSCRIBE = (
    'mutation($email: String!) { resubscribe(email: $email, reason: "asked") { suppression { id } errors { code } } }'
)
REMOVE = "mutation($id: ID!) { removeStep(id: $id) { campaign { id } errors { code } } }"
LISTS = {
    "campaigns { nodes { id name onReply steps { {} } } }": (
        "id number day type name sendOption config followUp subject notes priority addedAt removedAt"
    ),
    "suppressions { nodes { id email history { {} } } }": "id kind at source reason actor",
}
"""Documents with every such list, and the plain fields of its items."""


@pytest.fixture
async def filled(client: Client) -> Client:
    """A workspace with campaigns of no, one and several steps, and addresses with several changes."""
    sender, template = await story.sender(client), await story.template(client)
    email = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}, "templateId": template}
    for steps in (0, 1, 3):
        campaign = await story.campaign(client, sender, name=f"Campaign {steps} ☂")
        for day in range(steps):
            await story.step(client, campaign, day=day + 1, subject=f"S{day}" if day else None, **email)
    await story.step(client, campaign, day=5, type="CALL", name="Cäll", notes="Ask", priority="HIGH")
    removed = await story.step(client, campaign, day=6, type="CALL")
    await client.do(REMOVE, "errors", id=removed)
    for name in ("a", "b"):
        await client.do(SUPPRESS, "errors", email=f"{name}@example.com")
    await client.do(RESUBSCRIBE, "errors", email="b@example.com")
    return client


def test_every_loaded_list_is_compared() -> None:
    types = schema._schema.type_map.values()
    declared = {
        f"{kind.name}.{name}": ours.metadata[KEY]
        for kind in types
        for name, field in getattr(kind, "fields", {}).items()
        if KEY in getattr(ours := field.extensions.get("strawberry-definition"), "metadata", ())
    }
    assert declared == {"Campaign.steps": "steps_of_campaign", "Suppression.history": "suppression_history"}
    assert set(declared.values()) == set(Loaders("wsp_1").lists)


@pytest.mark.parametrize("document", LISTS)
async def test_any_selection_gives_what_the_rows_give_one_by_one(
    filled: Client, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields, random = LISTS[document].split(), Random(1)
    together: list[bool] = []

    async def watched(*given: Any) -> Any:
        text = await write_list(*given)
        together.append(text is not None)
        return text

    selections = [fields, *([field] for field in fields), *(random.sample(fields, 4) for _ in range(10))]
    for selected in selections:
        query = "{ " + document.replace("{}", " ".join(selected)) + " }"
        with monkeypatch.context() as patched:
            patched.setattr(executor, "write_list", watched)
            data = await filled.ask(query)
        with monkeypatch.context() as patched:
            patched.setattr(executor, "shape_of", lambda *_: None)
            assert data == await filled.ask(query)
        assert any(found for node in next(iter(data.values()))["nodes"] for found in node.popitem()[1])
    assert together == [True] * len(selections)


async def test_only_the_selected_columns_are_read(filled: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        await filled.ask("{ campaigns { nodes { id steps { id number __typename } } } }")
    (statement,) = [record.getMessage() for record in caplog.records if 'FROM "step"' in record.getMessage()]
    columns = statement.partition("SELECT ")[2].partition(" FROM")[0]
    assert sorted(columns.split(", ")) == ['"campaign_id"', '"id"', '"number"']
