"""Tasks by filter, their numbers, and changes of several tasks at once, on both databases."""

import asyncio
from typing import Any

import pytest

from api.store.engine.listing import small_lists
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch
from tests.graphql.tasks.test_manual_tasks import ERRORS, create, events, refused

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)

LIST = """query($filter: TaskFilter, $first: Int = 50, $after: String) {
  tasks(filter: $filter, first: $first, after: $after) {
  nodes { name } totalCount pageInfo { hasNextPage endCursor } } }"""
COUNTS = "query($filters: [TaskFilter!]!) { taskCounts(filters: $filters) { count isExact } }"
RESULT = f"done refused {{ objectId error {{ code message path }} }} {ERRORS}"


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["Call, day 1", "today", "done", "tomorrow", "sunday", "next monday"]),
    ({"status": ["OPEN"]}, ["Call, day 1", "today", "tomorrow", "sunday", "next monday"]),
    ({"status": ["COMPLETED", "SKIPPED", "COMPLETED"]}, ["done"]),
    ({"status": []}, []),
    ({"due": "TODAY"}, ["Call, day 1", "today", "done"]),
    ({"due": "TODAY", "status": ["OPEN"]}, ["Call, day 1", "today"]),
    ({"due": "TOMORROW"}, ["tomorrow"]),
    ({"due": "TODAY_AND_TOMORROW", "type": ["EMAIL"]}, ["tomorrow"]),
    ({"due": "NEXT_SEVEN_DAYS", "byHand": True, "status": ["OPEN"]}, ["today", "tomorrow", "sunday"]),
    ({"due": "OVERDUE"}, []),
    ({"due": "OVERDUE", "status": ["COMPLETED"]}, []),
    ({"dueFrom": "2026-03-03"}, ["tomorrow", "sunday", "next monday"]),
    ({"dueFrom": "2026-03-03", "dueTo": "2026-03-08"}, ["tomorrow", "sunday"]),
    ({"dueTo": "0001-01-01"}, []),
    ({"type": ["CUSTOM", "INMAIL"]}, ["sunday", "next monday"]),
    ({"type": []}, []),
    ({"priority": "HIGH"}, ["today"]),
    ({"byHand": False}, ["Call, day 1"]),
    ({"byHand": True, "type": ["CALL"]}, ["today", "done"]),
    ({"assigneeId": "other"}, ["done"]),
    ({"assigneeId": "other", "due": "TODAY", "byHand": True}, ["done"]),
    ({"assigneeId": "grace", "type": ["CALL"], "byHand": True}, ["today"]),
    ({"campaignId": "campaign"}, ["Call, day 1"]),
    ({"campaignId": "campaign", "assigneeId": "other"}, []),
    ({"personId": "ada"}, ["Call, day 1"]),
    ({"personId": "ben", "status": ["OPEN"], "type": ["CALL", "EMAIL"]}, ["today", "tomorrow"]),
    ({"search": "ben@"}, ["today", "tomorrow", "sunday", "next monday", "done"]),
    ({"search": "BEN love", "status": ["OPEN"], "type": ["CALL"], "byHand": True}, ["today"]),
    ({"search": "ada@"}, ["Call, day 1"]),
    ({"search": "ada@", "byHand": True}, []),
    ({"search": "love", "campaignId": "campaign"}, ["Call, day 1"]),
    ({"search": "love", "assigneeId": "other", "priority": "NORMAL"}, ["done"]),
    ({"search": "ben@", "personId": "ada"}, []),
    ({"search": "love", "due": "TOMORROW"}, ["tomorrow"]),
    ({"search": "nobody"}, []),
    ({"search": "  "}, ["Call, day 1", "today", "done", "tomorrow", "sunday", "next monday"]),
    ({"personId": "\x00"}, []),
    ({"campaignId": "cmp_\ud800"}, []),
]
"""Each filter, with the names of the tasks that it finds."""


@pytest.fixture
async def known(client: Client) -> dict[str, str]:
    """Six tasks: five by hand, of two senders, and one of a campaign. Today is Monday, 2026-03-02."""
    campaign = await author(client, {"day": 1}, AT | {"day": 3})
    ada, ben = await story.person(client), await story.person(client, "ben@example.com")
    await launch(client, campaign, ada)
    (grace,) = (await client.ask("{ senders { nodes { id } } }"))["senders"]["nodes"]
    other = await story.sender(client, email="ny@example.com", zone="America/New_York")
    own = {"personId": ben, "assigneeId": grace["id"]}
    await create(client, **own, name="today", dueDate="2026-03-02", priority="HIGH")
    await create(client, **own, name="tomorrow", dueDate="2026-03-03", type="EMAIL")
    await create(client, **own, name="sunday", dueDate="2026-03-08", type="INMAIL")
    await create(client, **own, name="next monday", dueDate="2026-03-09", type="CUSTOM")
    done = await create(client, **own | {"assigneeId": other}, name="done", dueDate="2026-03-02")
    await client.do(
        f"mutation($id: ID!) {{ completeTask(id: $id) {{ task {{ id }} {ERRORS} }} }}", "task", id=done["id"]
    )
    return {"grace": grace["id"], "other": other, "ada": ada, "ben": ben, "campaign": campaign}


async def test_each_filter_finds_and_counts_its_tasks(client: Client, known: dict[str, str]) -> None:
    for given, names in FILTERS:
        chosen = {name: known.get(value, value) if name.endswith("Id") else value for name, value in given.items()}
        found = (await client.ask(LIST, filter=chosen))["tasks"]
        assert sorted(each["name"] for each in found["nodes"]) == sorted(names), given
        assert found["totalCount"] == len(names), given
        (count,) = (await client.ask(COUNTS, filters=[chosen]))["taskCounts"]
        assert count == {"count": len(names), "isExact": True}, given


async def test_pages_follow_each_other_by_due_date(client: Client, known: dict[str, str]) -> None:
    names, after = [], None
    while True:
        page = (await client.ask(LIST, filter={"status": ["OPEN"], "byHand": True}, first=1, after=after))["tasks"]
        names += [each["name"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert names == ["today", "tomorrow", "sunday", "next monday"]


async def test_several_filters_are_counted_at_once(client: Client, known: dict[str, str], stranger: Client) -> None:
    filters: list[dict[str, Any]] = [{}, {"status": []}, {"due": "OVERDUE"}, {"type": ["CALL"]}]
    counts = (await client.ask(COUNTS, filters=filters))["taskCounts"]
    assert [each["count"] for each in counts] == [6, 0, 0, 3]
    assert (await client.ask(COUNTS, filters=[]))["taskCounts"] == []
    for chosen in ({}, {"campaignId": known["campaign"]}, {"personId": known["ben"]}, {"assigneeId": known["grace"]}):
        assert (await stranger.ask(COUNTS, filters=[chosen]))["taskCounts"][0]["count"] == 0


async def test_a_search_that_finds_too_many_people_or_tasks_is_refused(
    client: Client, known: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_lists, "MAX_SORTED_ROWS", 1)
    for search in ("love", "ben@"):  # two people; one with five tasks
        (error,) = (await client.raw(LIST, {"filter": {"search": search}}))["errors"]
        assert error["extensions"]["code"] == "TOO_MANY_TO_SORT"
        assert error["extensions"]["path"] == ["filter", "search"]


async def test_filters_that_cannot_be_meant_are_refused(client: Client) -> None:
    answer = await client.raw(COUNTS, {"filters": [{}, {"dueFrom": "2026-03-02", "dueTo": "2026-03-01"}]})
    assert answer["errors"][0]["extensions"]["code"] == "EMPTY_DATE_RANGE"
    assert answer["errors"][0]["extensions"]["path"] == ["filters", "1", "dueTo"]
    answer = await client.raw(COUNTS, {"filters": [{}] * 21})
    assert answer["errors"][0]["extensions"]["code"] == "TOO_LONG"


def bulk(name: str, variables: str = "", arguments: str = "") -> str:
    return f"mutation($ids: [ID!]!{variables}) {{ {name}(ids: $ids{arguments}) {{ {RESULT} }} }}"


async def test_several_tasks_are_changed_at_once(client: Client, known: dict[str, str], stranger: Client) -> None:
    tasks = (await client.ask("{ tasks { nodes { id name status byHand } } }"))["tasks"]["nodes"]
    ids = {each["name"]: each["id"] for each in tasks}
    foreign = (await create(stranger))["id"]
    mutation = bulk("completeTasks", ", $outcome: String", ", outcome: $outcome")
    given = [ids["today"], ids["tomorrow"], ids["done"], foreign, "\x00", ids["today"]]
    result = (await client.ask(mutation, ids=given, outcome="Busy"))["completeTasks"]
    assert (result["done"], result["errors"]) == ([ids["today"]], [])
    assert [(each["objectId"], each["error"]["code"], each["error"]["path"]) for each in result["refused"]] == [
        (ids["tomorrow"], "NOT_A_CALL_TASK", ["outcome"]),
        (ids["done"], "TASK_NOT_OPEN", ["ids", "2"]),
        (foreign, "NOT_FOUND", ["ids", "3"]),
        ("\x00", "NOT_FOUND", ["ids", "4"]),
    ]
    rest = [ids["sunday"], ids["next monday"]]
    snooze, assign = (
        bulk("snoozeTasks", ", $d: Date!", ", until: $d"),
        bulk("assignTasks", ", $s: ID!", ", assigneeId: $s"),
    )
    assert (await client.ask(snooze, ids=rest, d="2026-03-20"))["snoozeTasks"]["done"] == rest
    assert (await client.ask(assign, ids=rest, s=known["other"]))["assignTasks"]["done"] == rest
    assert (await client.ask(bulk("skipTasks"), ids=rest))["skipTasks"]["done"] == rest
    deleted = (await client.ask(bulk("deleteTasks"), ids=[*rest, ids["Call, day 1"]]))["deleteTasks"]
    assert (deleted["done"], deleted["refused"][0]["error"]["code"]) == (rest, "TASK_OF_CAMPAIGN")
    assert await refused(client, bulk("skipTasks"), ids=[]) == ("REQUIRED", ["ids"])
    answer = await client.raw(bulk("skipTasks"), {"ids": [ids["done"]] * 10_001})
    assert answer["errors"][0]["extensions"]["code"] == "TOO_LONG"


async def test_the_same_tasks_twice_at_once_are_completed_once(client: Client, known: dict[str, str]) -> None:
    tasks = (await client.ask(LIST.replace("{ name }", "{ id }"), filter={"status": ["OPEN"]}))["tasks"]["nodes"]
    ids = [each["id"] for each in tasks]
    answers = await asyncio.gather(*(client.ask(bulk("completeTasks"), ids=ids) for _ in range(2)))
    done = [task for each in answers for task in each["completeTasks"]["done"]]
    assert sorted(done) == sorted(ids)
    completed = [event["task"]["id"] for event in await events(client) if event["kind"] == "TASK_COMPLETED"]
    assert len(completed) == len(set(completed)) == len(ids) + 1
