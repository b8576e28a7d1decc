"""Saved filters through GraphQL: they are dynamic, belong to one list, and nobody else sees them."""

from typing import Any

import pytest

from api.models import SavedFilter
from tests.client import Client
from tests.graphql.tasks.test_manual_tasks import create, refused

ERRORS = "errors { code message path }"
FILTER = """savedFilter { id name kind conditions count tasks { nodes { name } } people { nodes { email } }
  emails { totalCount } }"""
SAVE = f"mutation($name: String!, $filter: ListFilter!) {{ saveFilter(name: $name, filter: $filter) {{ {FILTER} {ERRORS} }} }}"  # noqa: E501
CHANGE = f"""mutation($id: ID!, $name: String, $filter: ListFilter) {{
  changeSavedFilter(id: $id, name: $name, filter: $filter) {{ {FILTER} {ERRORS} }} }}"""
DELETE = f"mutation($id: ID!) {{ deleteSavedFilter(id: $id) {{ deletedId {ERRORS} }} }}"
ALL = "{ savedFilters { id name kind } }"
ONE = f"query($id: ID!) {{ {FILTER.replace('savedFilter', 'savedFilter(id: $id)', 1)} }}"
USE = "query($filter: TaskFilter) { tasks(filter: $filter) { totalCount } }"


async def save(client: Client, name: str, **given: Any) -> dict[str, Any]:
    return await client.do(SAVE, "savedFilter", name=name, filter=given)


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_a_text_that_cannot_be_stored_is_refused(client: Client) -> None:
    for text in ("a\0b", "\ud800"):
        for given in ({"people": {"search": text}}, {"emails": {"reason": text}}, {"tasks": {"campaignId": text}}):
            payload = (await client.ask(SAVE, name="F", filter=given))["saveFilter"]
            assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID_TEXT", ["filter"])]
    assert await SavedFilter.all().count() == 0


async def test_a_saved_filter_is_a_dynamic_list(client: Client, stranger: Client) -> None:
    given = {"status": ["OPEN"], "type": ["CALL"], "dueFrom": "2026-03-01", "byHand": True}
    calls = await save(client, "Calls", tasks=given)
    assert (calls["kind"], calls["conditions"], calls["count"]) == ("TASKS", given, 0)
    assert (calls["emails"], calls["people"], calls["tasks"]) == (None, None, {"nodes": []})
    await create(client)
    again = (await client.ask(ONE, id=calls["id"]))["savedFilter"]
    assert (again["count"], again["tasks"]["nodes"]) == (1, [{"name": "Call Ada"}])
    assert (await client.ask(USE, filter=calls["conditions"]))["tasks"]["totalCount"] == 1
    ada = await save(client, "ada", people={"search": "ada"})
    assert ada["people"]["nodes"] == [{"email": "ada@example.com"}]
    failed = await save(client, "Failed", emails={"folder": "FAILED", "sentFrom": "2026-03-01T09:00:00+01:00"})
    assert failed["conditions"] == {"folder": "FAILED", "sentFrom": "2026-03-01T08:00:00+00:00"}
    assert failed["emails"] == {"totalCount": 0}
    assert [each["name"] for each in (await client.ask(ALL))["savedFilters"]] == ["ada", "Calls", "Failed"]
    assert (await stranger.ask(ALL))["savedFilters"] == []
    assert (await stranger.ask(ONE, id=calls["id"]))["savedFilter"] is None
    assert await refused(stranger, DELETE, id=calls["id"]) == ("NOT_FOUND", ["id"])
    changed = await client.do(
        CHANGE, "savedFilter", id=calls["id"], name="Letters", filter={"tasks": {"type": ["CUSTOM"]}}
    )
    assert (changed["name"], changed["conditions"], changed["count"]) == ("Letters", {"type": ["CUSTOM"]}, 0)
    assert await client.do(DELETE, "deletedId", id=calls["id"]) == calls["id"]
    assert [each["name"] for each in (await client.ask(ALL))["savedFilters"]] == ["ada", "Failed"]


@pytest.mark.parametrize(
    ("name", "given", "code", "path"),
    [
        ("Calls", {"tasks": {}}, "SAVED_FILTER_EXISTS", ["name"]),
        ("", {"tasks": {}}, "REQUIRED", ["name"]),
        (
            "x",
            {"tasks": {"dueFrom": "2026-03-02", "dueTo": "2026-03-01"}},
            "EMPTY_DATE_RANGE",
            ["filter", "tasks", "dueTo"],
        ),
        (
            "x",
            {"emails": {"sentFrom": "2026-03-02T00:00:00Z", "sentBefore": "2026-03-02T01:00:00+01:00"}},
            "EMPTY_DATE_RANGE",
            ["filter", "emails", "sentBefore"],
        ),
    ],
)
async def test_a_filter_that_makes_no_sense_is_not_saved(
    client: Client, name: str, given: dict[str, Any], code: str, path: list[str]
) -> None:
    calls = await save(client, "Calls", tasks={})
    assert await refused(client, SAVE, name=name, filter=given) == (code, path)
    assert await refused(client, CHANGE, id=calls["id"], filter={"people": {}}) == (
        "FILTER_OF_ANOTHER_LIST",
        ["filter"],
    )
    assert await SavedFilter.all().count() == 1


async def test_a_filter_of_another_release_says_so(client: Client) -> None:
    calls = await save(client, "Calls", tasks={"type": ["CALL"]})
    await SavedFilter.all().update(conditions={"colour": "RED"})
    answer = await client.raw(ONE, {"id": calls["id"]})
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"OUTDATED_FILTER"}
    assert (await client.ask(ALL))["savedFilters"][0]["name"] == "Calls"
