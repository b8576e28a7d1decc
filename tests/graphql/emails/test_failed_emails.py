"""Emails by the time at which they failed, however they failed, on both databases."""

from typing import Any

import pytest

from tests import story
from tests.client import Client
from tests.graphql.authored import AT, BY_HAND, author, launch
from tests.graphql.engine.lists.test_lists import refused

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)

EMAILS = """query($filter: EmailFilter, $order: EmailOrder, $first: Int, $after: String, $last: Int, $before: String) {
  emails(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    nodes { id failedAt reason } totalCount pageInfo { hasNextPage startCursor endCursor } } }"""
SUPPRESS = "mutation($email: String!) { suppressAddress(email: $email) { errors { code } } }"
TASKS = "{ tasks { nodes { id } } }"
SEND = 'mutation($id: ID!) { sendTask(id: $id, at: "2026-03-09T09:00:00Z") { email { id } errors { code } } }'
SKIP = "mutation($id: ID!) { skipTask(id: $id) { errors { code } } }"
STEPS = "query($id: ID!) { campaign(id: $id) { steps { id } } }"
REMOVE = "mutation($id: ID!) { removeStep(id: $id) { errors { code } } }"
ONE_OFF = "mutation($input: CreateEmailInput!) { createEmail(input: $input) { email { id } errors { code } } }"
ERASE = "mutation($id: ID!) { erasePerson(id: $id) { errors { code } } }"
RETRY = "mutation($id: ID!) { retrySend(id: $id) { errors { code } } }"


async def emails(client: Client, **given: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await client.ask(EMAILS, **given))["emails"]["nodes"]
    return nodes


async def at(client: Client, hour: int) -> str:
    """Advance the clock to an hour before the first email is due, and return it."""
    moment = f"2026-03-02T{hour:02}:00:00Z"
    await client.do(story.ADVANCE, "now", to=moment)
    return moment


@pytest.fixture
async def failed(client: Client) -> list[tuple[str, str]]:
    """The times and reasons of emails that have failed in all the ways that a user can cause, in this order."""
    campaign = await author(client, AT | {"day": 3}, AT | {"day": 4})
    people = [await story.person(client, email=f"p{number}@example.com") for number in range(4)]
    for person in people[:2]:
        await launch(client, campaign, person)
    found = []
    await client.ask(SUPPRESS, email="p0@example.com")
    found += [("2026-03-02T07:00:00Z", "UNSUBSCRIBED")] * 2
    (sender,) = (await client.ask("{ senders { nodes { id } } }"))["senders"]["nodes"]
    by_hand = await story.campaign(client, sender["id"], name="By hand")
    (template,) = (await client.ask("{ templates { nodes { id } } }"))["templates"]["nodes"]
    await story.step(client, by_hand, type="EMAIL", templateId=template["id"], **BY_HAND)
    await launch(client, by_hand, people[2])
    (task,) = (await client.ask(TASKS))["tasks"]["nodes"]
    await client.ask(SEND, id=task["id"])
    found.append((await at(client, 8), "TASK_SKIPPED"))
    await client.ask(SKIP, id=task["id"])
    steps = (await client.ask(STEPS, id=campaign))["campaign"]["steps"]
    found.append((await at(client, 9), "STEP_REMOVED"))
    await client.ask(REMOVE, id=steps[1]["id"])
    given = {"personId": people[3], "senderId": sender["id"], "subject": "Hi", "html": "<p>Hi</p>"}
    await client.do(ONE_OFF, "email", input=given)
    found.append((await at(client, 10), "REMOVED"))
    await client.ask(ERASE, id=people[3])
    return found


async def test_emails_by_the_time_at_which_they_failed(client: Client, failed: list[tuple[str, str]]) -> None:
    for chosen in ({"folder": "FAILED"}, {"status": ["FAILED"]}, {"failedFrom": "2026-03-01T00:00:00Z"}):
        for direction, wanted in (("ASC", failed), ("DESC", failed[::-1])):
            order = {"field": "FAILED_AT", "direction": direction}
            assert [
                (each["failedAt"], each["reason"]) for each in await emails(client, filter=chosen, order=order)
            ] == wanted
    # Without an order, the date that alone is limited is the order.
    limited = {"failedFrom": failed[2][0], "failedBefore": failed[4][0]}
    assert [each["reason"] for each in await emails(client, filter=limited)] == ["TASK_SKIPPED", "STEP_REMOVED"]
    # Emails that have not failed come last, and pages go through both groups.
    walked, after = [], None
    while True:
        page = (await client.ask(EMAILS, order={"field": "FAILED_AT", "direction": "DESC"}, first=2, after=after))[
            "emails"
        ]
        walked += [each["failedAt"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert walked == [*(moment for moment, _ in failed[::-1]), None]
    assert await emails(client, filter={"folder": "SENT", "failedFrom": failed[0][0]}) == []
    chosen = {"failedFrom": failed[0][0], "reason": "UNSUBSCRIBED"}
    page = (await client.ask(EMAILS, filter=chosen, order={"field": "FAILED_AT"}))["emails"]
    assert (page["totalCount"], len(page["nodes"])) == (2, 2)


async def test_an_email_that_is_sent_again_has_not_failed(client: Client, failed: list[tuple[str, str]]) -> None:
    (skipped,) = await emails(client, filter={"reason": "STEP_REMOVED"})
    assert skipped["failedAt"] == failed[3][0]
    await client.ask(RETRY, id=skipped["id"])
    order = {"field": "FAILED_AT"}
    left = await emails(client, filter={"folder": "FAILED"}, order=order)
    assert [each["failedAt"] for each in left] == [moment for moment, reason in failed if reason != "STEP_REMOVED"]
    nodes = await emails(client, order=order)
    assert [each["failedAt"] for each in nodes[-2:]] == [None, None]
    assert skipped["id"] in [each["id"] for each in nodes[-2:]]


async def test_more_emails_than_can_be_sorted_need_a_filter_of_failed_ones(
    client: Client, failed: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.engine.listing.small_lists.MAX_SORTED_ROWS", 1)
    order = {"field": "FAILED_AT"}
    assert await refused(client, EMAILS, order=order) == ("TOO_MANY_TO_SORT", ["orderBy"])
    assert len(await emails(client, order=order, filter={"folder": "FAILED"})) == len(failed)
    campaigns = (await client.ask("{ campaigns(orderBy: {field: CREATED}) { nodes { id } } }"))["campaigns"]["nodes"]
    chosen = {"folder": "FAILED", "campaignId": campaigns[0]["id"]}
    assert len(await emails(client, order=order, filter=chosen)) == 3
