"""The kind of an event, as a client reads it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from api.codes.events.event_kinds import EventKind
from api.graphql.events.events import EventFilter, read_filter
from api.ids import new_id
from api.models import Event, Person, Send
from api.services.workspaces.workspaces import create_workspace
from tests import story
from tests.client import Client

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def test_the_kind_of_a_package_is_other(client: Client) -> None:
    workspace = (await client.ask("{ workspace { id } }"))["workspace"]["id"]
    for number, kind in enumerate(("EMAIL_SENT", "ACME_CALL_LOGGED", "OTHER", "email_sent")):
        await Event.create(id=f"evt_{number}", workspace_id=workspace, kind=kind, at=AT, data={})
    answer = await client.ask("{ events { nodes { kind rawKind } } }")
    assert [(each["kind"], each["rawKind"]) for each in reversed(answer["events"]["nodes"])] == [
        ("EMAIL_SENT", "EMAIL_SENT"),
        ("OTHER", "ACME_CALL_LOGGED"),
        ("OTHER", "OTHER"),
        ("OTHER", "email_sent"),
    ]
    answer = await client.ask("{ events(first: 1) { nodes { __typename again: kind } } }")
    assert answer["events"]["nodes"] == [{"__typename": "Event", "again": "OTHER"}]


COLUMNS = ("campaignId", "personId", "emailId", "taskId")
CREATE = "mutation($input: CreateTaskInput!) { createTask(input: $input) { task { id } errors { code } } }"


def snake(name: str) -> str:
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)


LIST = "query($filter: EventFilter) { events(filter: $filter) { nodes { kind campaign { id } } totalCount } }"


@pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
async def test_the_list_by_a_filter(client: Client, campaign: str) -> None:
    """The list, the counts and the subscription have the same events for a filter."""
    await client.do(
        "mutation($to: DateTime!) { advanceClock(to: $to) { dispatched errors { code } } }",
        "dispatched",
        to="2026-03-02T12:00:00Z",
    )
    ada, bob = [row async for row in Person.all().order_by("id")]
    email = await Send.filter(person_id=ada.id).order_by("id").first()
    assert email is not None
    sender = (await client.ask("{ senders { nodes { id } } }"))["senders"]["nodes"][0]["id"]
    given = {"type": "CALL", "name": "Call", "dueDate": "2026-03-05", "assigneeId": sender, "personId": ada.id}
    task = (await client.do(CREATE, "task", input=given))["id"]
    await Event.create(id="evt_1", workspace_id=client.workspace.id, kind="ACME", at=AT, data={}, person_id=bob.id)
    rows = await Event.all()
    assert all(row.campaign_id == campaign for row in rows if row.enrollment_id)
    filters: list[tuple[dict[str, Any], int]] = [
        ({}, len(rows)),
        ({"campaignId": campaign}, 4),
        ({"campaignId": campaign, "kinds": ["EMAIL_SENT"]}, 2),
        ({"campaignId": campaign, "kinds": ["EMAIL_SENT", "REPLIED", "CAMPAIGN_LAUNCHED"]}, 4),
        ({"personId": ada.id}, 3),
        ({"personId": bob.id, "kinds": ["OTHER", "EMAIL_SENT"]}, 2),
        ({"personId": bob.id, "kinds": []}, 0),
        ({"kinds": []}, 0),
        ({"kinds": ["OTHER"]}, 1),
        ({"campaignId": campaign, "kinds": ["OTHER", "EMAIL_SENT"]}, 2),
        ({"kinds": ["TASK_CREATED", "TASK_CREATED"]}, 1),
        ({"emailId": email.id}, 1),
        ({"emailId": email.id, "personId": bob.id}, 0),
        ({"emailId": email.id, "kinds": ["REPLIED"]}, 0),
        ({"taskId": task}, 1),
        *(({name: wrong}, 0) for name in COLUMNS for wrong in ("x", "\x00", "")),
    ]
    for wanted, number in filters:
        found = (await client.ask(LIST, filter=wanted))["events"]
        assert (len(found["nodes"]), found["totalCount"]) == (number, number), wanted
        chosen = read_filter(EventFilter(**{snake(name): value for name, value in wanted.items() if name != "kinds"}))
        if "kinds" in wanted:
            chosen = replace(chosen, kinds=frozenset(map(EventKind, wanted["kinds"])))
        assert sum(map(chosen.matches, rows)) == number, wanted


async def test_an_event_is_found_by_its_id_in_its_own_workspace(client: Client) -> None:
    person = await story.person(client)
    await client.ask("mutation($id: ID!) { unsubscribe(personId: $id) { errors { code } } }", id=person)
    (event,) = (await client.ask("{ events(first: 1) { nodes { id kind } } }"))["events"]["nodes"]
    document = "query($id: ID!) { event(id: $id) { id kind person { id } } node(id: $id) { id } }"
    found = await client.ask(document, id=event["id"])
    assert found["event"] == {**event, "person": {"id": person}}
    assert found["node"] == {"id": event["id"]}
    other = await create_workspace("Other", AT)
    foreign = await Event.create(id=new_id("evt"), workspace_id=other.id, kind="REPLIED", at=AT, data={})
    for unknown in (foreign.id, new_id("evt"), "evt_1"):
        assert await client.ask(document, id=unknown) == {"event": None, "node": None}
