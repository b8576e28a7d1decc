"""The columns, the quick actions and the filters of the Command Center, on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Person, Send
from api.store.emails.emails import FOLDERS
from api.store.engine.sql import execute
from api.store.replies.answer_conditions import FACTS
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)

ERRORS = "errors { code message path }"
BULK = f"done refused {{ objectId error {{ code path }} }} bulkAction {{ id }} {ERRORS}"
EMAILS = """query($filter: EmailFilter) { emails(filter: $filter) { totalCount totalCountIsExact
  nodes { id status quickActions latestActivity { kind at } followUpTasks { id name aboutEmail { id } } } } }"""
ARCHIVE = f"mutation($filter: EmailFilter, $ids: [ID!]) {{ archiveEmails(filter: $filter, ids: $ids) {{ {BULK} }} }}"
TASKS = f"mutation($ids: [ID!], $input: TaskOfEmailInput!) {{ createTasks(ids: $ids, input: $input) {{ {BULK} }} }}"
SUCCESS = f"mutation($ids: [ID!]) {{ markSuccess(ids: $ids) {{ {BULK} }} }}"
END = f"mutation($filter: EnrollmentFilter) {{ endEnrollments(filter: $filter) {{ {BULK} }} }}"
DELETE = f"mutation($filter: EmailFilter) {{ deleteEmails(filter: $filter) {{ {BULK} }} }}"
STATES = "{ enrollments { nodes { status } } }"


@pytest.fixture
async def sent(client: Client) -> list[str]:
    """Three people whose first email was sent; a second one is scheduled."""
    campaign = await author(client, AT, {**AT, "day": 3})
    for name in ("ada", "ben", "cem"):
        await launch(client, campaign, await story.person(client, email=f"{name}@example.com"))
    ids = await Send.filter().order_by("due_at", "id").values_list("id", flat=True)
    first = sorted(ids[:3])  # type: ignore[type-var]
    sent_at = (await Send.get(id=first[0])).due_at
    await Send.filter(id__in=first).update(status="SENT", sent_at=sent_at, recipient="x@example.com")
    return [str(each) for each in first]


async def emails(client: Client, **chosen: Any) -> dict[str, Any]:
    return (await client.ask(EMAILS, filter=chosen))["emails"]


async def test_a_folder_and_statuses_that_exclude_each_other_match_no_email(client: Client, sent: list[str]) -> None:
    """A screen has tabs of folders beside boxes of statuses. Each of them narrows the list."""
    none = await emails(client, folder="SENT", status=["SCHEDULED"])
    assert (none["totalCount"], none["totalCountIsExact"], none["nodes"]) == (0, True, [])
    both = await emails(client, folder="PENDING", status=["SCHEDULED", "SENT"])
    assert {each["status"] for each in both["nodes"]} == {"SCHEDULED"}
    answer = (await client.ask(ARCHIVE, filter={"folder": "SENT", "status": ["SCHEDULED"]}))["archiveEmails"]
    assert (answer["done"], answer["refused"], answer["bulkAction"], answer["errors"]) == ([], [], None, [])
    assert (await emails(client, folder="ARCHIVED"))["totalCount"] == 0


async def test_the_description_of_a_folder_names_its_statuses(client: Client) -> None:
    document = '{ __type(name: "EmailFolder") { enumValues { name description } } }'
    folders = {each["name"]: each["description"] for each in (await client.ask(document))["__type"]["enumValues"]}
    assert folders.keys() == FOLDERS.keys()
    for name, (statuses, _) in FOLDERS.items():
        if name not in {"SENT", "PENDING", "UNDELIVERED"}:  # these name the folders that they contain
            assert all(status in folders[name] for status in statuses), name


async def engage(email_id: str, opens: int, clicks: int) -> None:
    send = await Send.get(id=email_id)
    await execute(
        "INSERT INTO engagement (id, workspace_id, person_id, opens, clicks, opened_at, clicked_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        send.id, send.workspace_id, send.person_id, opens, clicks, send.sent_at, send.sent_at if clicks else None,
    )  # fmt: skip


@pytest.mark.parametrize("few", [10_000, 0], ids=["few", "many"])
async def test_emails_are_found_by_their_answers(
    client: Client, sent: list[str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.replies.answer_conditions.FEW", few)
    opened, clicked, silent = sent
    await engage(opened, 2, 0)
    await engage(clicked, 1, 1)
    await Send.filter(id=clicked).update(replied_at=(await Send.get(id=clicked)).sent_at)
    for chosen, expected in (
        ({"opened": True}, {opened, clicked}),
        ({"clicked": True}, {clicked}),
        ({"replied": True}, {clicked}),
        ({"opened": True, "clicked": False}, {opened}),
        ({"opened": False, "status": ["SENT"]}, {silent}),
        ({"opened": True, "search": "ben"}, {clicked}),
        ({"clicked": True, "folder": "SCHEDULED"}, set()),
    ):
        found = await emails(client, **chosen)
        assert {each["id"] for each in found["nodes"]} == expected, chosen
        if few or [*chosen] not in [[name] for name in FACTS]:
            assert (found["totalCount"], found["totalCountIsExact"]) == (len(expected), True)
        else:
            assert (found["totalCount"], found["totalCountIsExact"]) == (0, False)
    (row,) = (await emails(client, clicked=True))["nodes"]
    assert row["latestActivity"]["kind"] in {"CLICKED", "REPLIED", "SENT", "OPENED"}
    assert (await emails(client, folder="SCHEDULED"))["nodes"][0]["latestActivity"] is None


async def test_the_buttons_are_those_that_the_status_allows(client: Client, sent: list[str]) -> None:
    (scheduled,) = {tuple(each["quickActions"]) for each in (await emails(client, folder="SCHEDULED"))["nodes"]}
    assert scheduled == ("EDIT", "RESCHEDULE", "CREATE_TASK")
    (delivered,) = {tuple(each["quickActions"]) for each in (await emails(client, folder="SENT"))["nodes"]}
    assert delivered == ("ARCHIVE", "MARK_SUCCESS", "FOLLOW_UP", "CREATE_TASK")
    await client.ask(ARCHIVE, ids=sent)
    archived = (await emails(client, folder="ARCHIVED"))["nodes"]
    assert {tuple(each["quickActions"]) for each in archived} == {
        ("UNARCHIVE", "MARK_SUCCESS", "FOLLOW_UP", "CREATE_TASK")
    }
    await Send.all().update(status="IN_DOUBT")
    assert (await emails(client))["nodes"][0]["quickActions"] == ["RETRY", "RESOLVE_IN_DOUBT", "CREATE_TASK"]


async def test_a_filter_chooses_what_is_changed(client: Client, sent: list[str], stranger: Client) -> None:
    assert (await stranger.ask(ARCHIVE, filter={}))["archiveEmails"]["done"] == []
    result = (await client.ask(ARCHIVE, filter={"folder": "DELIVERED"}))["archiveEmails"]
    assert (sorted(result["done"]), result["refused"], result["bulkAction"]) == (sent, [], None)
    (error,) = (await client.ask(ARCHIVE, filter={}, ids=sent))["archiveEmails"]["errors"]
    assert (error["code"], error["path"]) == ("IDS_OR_FILTER", ["filter"])
    refused = (await client.ask(DELETE, filter={"folder": "SCHEDULED"}))["deleteEmails"]["refused"]
    assert [(each["error"]["code"], each["error"]["path"]) for each in refused] == [("CAMPAIGN_EMAIL", [])] * 3


async def test_a_call_is_planned_about_each_email(client: Client, sent: list[str]) -> None:
    given = {"type": "CALL", "name": "Ask what they think", "dueDate": "2026-03-04"}
    done = (await client.ask(TASKS, ids=[*sent, "snd_x"], input=given))["createTasks"]
    assert (done["done"], done["refused"]) == (
        sent,
        [{"objectId": "snd_x", "error": {"code": "NOT_FOUND", "path": ["ids", "3"]}}],
    )
    for each in (await emails(client, folder="SENT"))["nodes"]:
        (task,) = each["followUpTasks"]
        assert (task["name"], task["aboutEmail"]["id"]) == ("Ask what they think", each["id"])


async def test_campaigns_end_as_a_success_or_not(client: Client, sent: list[str]) -> None:
    assert (await client.ask(SUCCESS, ids=sent[:1]))["markSuccess"]["done"] == sent[:1]
    await client.ask(END, filter={"status": ["ACTIVE"]})
    states = [each["status"] for each in (await client.ask(STATES))["enrollments"]["nodes"]]
    assert sorted(states) == ["ENDED", "ENDED", "SUCCEEDED"]


async def test_columns_of_dates_and_groups(client: Client, sent: list[str]) -> None:
    emails = """query($filter: EmailFilter, $order: EmailOrder) { emails(filter: $filter, orderBy: $order) {
      nodes { id createdAt failedAt person { groups { name } } } } }"""
    group = (await client.do('mutation { createGroup(name: "Fair") { group { id } errors { code } } }', "group"))["id"]
    scheduled = await Send.filter(status="SCHEDULED").order_by("due_at", "id")
    person = await Person.get(id=scheduled[0].person_id)
    add = "mutation($group: ID!, $ids: [ID!]) { addPeopleToGroup(groupId: $group, ids: $ids) { errors { code } } }"
    await client.ask(add, group=group, ids=[person.id])
    suppress = "mutation($email: String!) { suppressAddress(email: $email) { errors { code } } }"
    await client.ask(suppress, email=person.email)
    rows = {row["id"]: row for row in (await client.ask(emails))["emails"]["nodes"]}
    row = rows.pop(scheduled[0].id)
    assert row["person"]["groups"] == [{"name": "Fair"}]
    assert row["failedAt"] is not None
    assert {each["failedAt"] for each in rows.values()} == {None}
    created = [each.created_at for each in await Send.filter().order_by("created_at", "id")]
    assert all(created)
    limits = {"createdFrom": created[0].isoformat(), "createdBefore": (created[-1] + timedelta(seconds=1)).isoformat()}
    order = {"field": "CREATED_AT", "direction": "DESC"}
    found = (await client.ask(emails, filter=limits, order=order))["emails"]["nodes"]
    assert [row["createdAt"] for row in found] == sorted((row["createdAt"] for row in found), reverse=True)
    assert len(found) == len(created)
    assert (await client.ask(emails, filter={"createdBefore": limits["createdFrom"]}))["emails"]["nodes"] == []
