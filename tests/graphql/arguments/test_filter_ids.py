"""A filter with the id of another kind of object is refused: an empty list would not say why it is empty."""

import json

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from api.services.common.lists.filters import KINDS_OF_IDS
from tests import story
from tests.client import Client
from tests.graphql.places import GRAPHQL
from tests.story import ERRORS

WRONG = f"rpl_{0:026}"
UNKNOWN = {"sender": "sdr", "campaign": "cmp", "person": "per", "group": "grp", "import": "imp", "category": "cat",
           "template": "tpl", "step": "stp", "email": "snd", "task": "tsk"}  # fmt: skip
LISTS = {
    "campaigns": "CampaignFilter", "emails": "EmailFilter", "enrollments": "EnrollmentFilter",
    "events": "EventFilter", "people": "PersonFilter", "tasks": "TaskFilter", "templates": "TemplateFilter",
}  # fmt: skip


def fields(kind: str) -> list[str]:
    """Return the fields of a filter that take an id."""
    found = GRAPHQL.type_map[kind]
    assert isinstance(found, GraphQLInputObjectType)
    return [name for name, field in found.fields.items() if get_named_type(field.type).name == "ID"]


@pytest.mark.parametrize(("name", "kind"), LISTS.items())
async def test_every_list_names_the_wrong_id(client: Client, name: str, kind: str) -> None:
    query = f"query($filter: {kind}) {{ {name}(filter: $filter) {{ nodes {{ id }} totalCount }} }}"
    assert fields(kind)
    for field in fields(kind):
        taken = KINDS_OF_IDS[field.replace("Id", "_id")]
        (error,) = (await client.raw(query, {"filter": {field: WRONG}}))["errors"]
        assert error["extensions"] == {"code": "NOT_FOUND", "path": ["filter", field]}
        assert f"{WRONG!r} is the id of a reply. Give the id of a" in error["message"]
        # An object may have been deleted: its id finds nothing.
        found = (await client.ask(query, filter={field: f"{UNKNOWN[taken]}_{0:026}"}))[name]
        assert found == {"nodes": [], "totalCount": 0}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ('{ taskCounts(filters: [{}, {personId: "%s"}]) { count } }', ["filters", "1", "personId"]),
        ('{ launches(filter: {campaignId: "%s"}) { totalCount } }', ["filter", "campaignId"]),
        ('{ report(filter: {stepId: "%s"}) { totalCount } }', ["filter", "stepId"]),
        ('{ report(filter: {templateId: "%s"}) { totalCount } }', ["filter", "templateId"]),
    ],
)
async def test_other_lists_do_too(client: Client, query: str, path: list[str]) -> None:
    (error,) = (await client.raw(query % WRONG))["errors"]
    assert error["extensions"] == {"code": "NOT_FOUND", "path": path}


@pytest.mark.parametrize("kind", ["emails", "tasks", "people"])
async def test_a_saved_filter_does_too(client: Client, kind: str) -> None:
    query = f'mutation($filter: ListFilter!) {{ saveFilter(name: "F", filter: $filter) {{ {ERRORS} }} }}'
    (error,) = (await client.ask(query, filter={kind: {"campaignId": WRONG}}))["saveFilter"]["errors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["filter", kind, "campaignId"])
    assert (await client.ask("{ savedFilters { id } }"))["savedFilters"] == []


async def test_bulk_mutations_do_too(client: Client) -> None:
    for name, kind in (("archiveEmails", "EmailFilter"), ("skipTasks", "TaskFilter")):
        query = f"mutation($filter: {kind}) {{ {name}(filter: $filter) {{ done {ERRORS} }} }}"
        answer = (await client.ask(query, filter={"campaignId": WRONG}))[name]
        assert [(each["code"], each["path"]) for each in answer["errors"]] == [("NOT_FOUND", ["filter", "campaignId"])]


@pytest.mark.parametrize("name", ["events", "taskChanged"])
async def test_a_subscription_does_too(client: Client, name: str) -> None:
    query = f'subscription {{ {name}(filter: {{personId: "{WRONG}"}}) {{ id }} }}'
    headers = {"Authorization": f"Bearer {client.token}", "Accept": "text/event-stream"}
    answer = await client.http.post("/graphql", json={"query": query}, headers=headers)
    ((_, data),) = [line.split(": ", 1) for line in answer.text.splitlines() if line.startswith("data: ")]
    (error,) = json.loads(data)["errors"]
    assert error["extensions"] == {"code": "NOT_FOUND", "path": ["filter", "personId"]}


async def test_the_audience_of_a_launch_does_too(client: Client) -> None:
    campaign = await story.campaign(client, await story.sender(client))
    given = {"campaignId": campaign, "sendNow": True, "filter": {"groupId": WRONG}}
    query = f"mutation($input: StartLaunchInput!) {{ startLaunch(input: $input) {{ {ERRORS} }} }}"
    (error,) = (await client.ask(query, input=given))["startLaunch"]["errors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["filter", "groupId"])
