"""An id of another kind of object is refused with a sentence that names both kinds."""

import pytest

from api.store.engine.rows import KINDS
from tests import story
from tests.client import Client
from tests.graphql.places import GRAPHQL

MUTATIONS = {
    "deleteTask": "task", "erasePerson": "person", "deleteGroup": "group", "cancelBulkAction": "bulk action",
    "deleteSavedFilter": "saved filter", "deleteEmail": "email", "endEnrollment": "enrollment",
    "cancelLaunch": "launch", "deleteTemplate": "template",
}  # fmt: skip


@pytest.mark.parametrize(("mutation", "kind"), MUTATIONS.items())
async def test_the_sentence_names_the_kind_of_the_id(client: Client, mutation: str, kind: str) -> None:
    query = f"mutation($id: ID!) {{ {mutation}(id: $id) {{ errors {{ code message path }} }} }}"
    for prefix, other in KINDS.items():
        row_id = f"{prefix}_{0:026}"
        (error,) = (await client.ask(query, id=row_id))[mutation]["errors"]
        assert (error["code"], error["path"]) == ("NOT_FOUND", ["id"])
        if other == kind:
            assert error["message"] == f"There is no {kind} {row_id!r} in this workspace."
        else:
            articles = [f"{'an' if each[0] in 'aeiou' else 'a'} {each}" for each in (other, kind)]
            assert error["message"] == f"{row_id!r} is the id of {articles[0]}. Give the id of {articles[1]}."


def test_the_kinds_have_the_names_of_the_types() -> None:
    types = {name.lower() for name in GRAPHQL.type_map}
    known = {kind.replace(" ", "") for kind in KINDS.values()} - {"import"}
    assert known <= types


async def test_the_sentence_says_that_a_step_is_of_another_campaign(client: Client) -> None:
    sender = await story.sender(client)
    campaigns = [await story.campaign(client, sender, name=name) for name in ("Spring", "Autumn")]
    step = await story.step(client, campaigns[0], day=1, type="CALL")
    query = f"""mutation($id: ID!, $step: ID!) {{
      editSteps(campaignId: $id, edits: [{{remove: {{id: $step}}}}]) {{ {story.ERRORS} }} }}"""
    (error,) = (await client.ask(query, id=campaigns[1], step=step))["editSteps"]["errors"]
    assert error["message"] == f"{step!r} is a step of another campaign."
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["edits", "0", "remove", "id"])


async def test_the_sentence_calls_a_draft_by_its_name(client: Client) -> None:
    given = {"personId": await story.person(client), "senderId": await story.sender(client), "html": "<p>Hi</p>"}
    create = f"mutation($input: CreateEmailInput!) {{ createEmail(input: $input) {{ email {{ id }} {story.ERRORS} }} }}"
    draft = (await client.do(create, "email", input=given))["id"]
    for mutation in ("retrySend", "archiveEmail"):
        query = f"mutation($id: ID!) {{ {mutation}(id: $id) {{ {story.ERRORS} }} }}"
        (error,) = (await client.ask(query, id=draft))[mutation]["errors"]
        assert error["message"].startswith("This email is a draft. Only ")
