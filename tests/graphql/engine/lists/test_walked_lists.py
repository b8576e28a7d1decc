"""Filters that no index has as a whole: pages read the rows of an index until they have met enough of them."""

import csv
import io
from typing import Any

import pytest

from api.models import Send
from api.store.engine.sql import execute
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch
from tests.graphql.engine.lists.test_lists import PEOPLE, refused

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)

EMAILS = """query(
  $filter: EmailFilter, $order: EmailOrder, $first: Int, $after: String, $last: Int, $before: String
) {
  emails(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    nodes { id } totalCount totalCountIsExact pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


@pytest.fixture
async def sent(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Twelve emails by due date. All were sent; every second one was answered, and failed later. Nothing is few."""
    campaign = await author(client, AT, AT | {"day": 3})
    for number in range(6):
        await launch(client, campaign, await story.person(client, email=f"p{number}@example.com"))
    emails = await Send.filter().order_by("due_at", "id")
    for number, email in enumerate(emails):
        answered = {"replied_at": email.due_at, "reason": "UNSUBSCRIBED"} if number % 2 else {}
        await Send.filter(id=email.id).update(status="SENT", sent_at=email.due_at, **answered)
    monkeypatch.setattr("api.store.replies.answer_conditions.FEW", 0)
    monkeypatch.setattr("api.store.people.person_facts.FEW", 0)
    monkeypatch.setattr("api.store.engine.listing.small_lists.MAX_SORTED_ROWS", 1)
    monkeypatch.setattr("api.store.engine.listing.walks.CHUNKS", (1, 2, 3))
    return [email.id for email in emails]


async def chosen_by(client: Client) -> dict[str, dict[str, Any]]:
    """Return filters of several conditions, which all emails meet, by name."""
    (sender,) = (await client.ask("{ senders { nodes { id } } }"))["senders"]["nodes"]
    (campaign,) = (await client.ask("{ campaigns { nodes { id } } }"))["campaigns"]["nodes"]
    both = {"campaignId": campaign["id"], "senderId": sender["id"]}
    return {
        "campaign and sender": both,
        "campaign": {"campaignId": campaign["id"]},
        "sender": {"senderId": sender["id"]},
    }


async def test_pages_have_what_meets_the_filter_in_both_directions(client: Client, sent: list[str]) -> None:
    filters = await chosen_by(client)
    reasons = {f"{name} and reason": each | {"reason": "UNSUBSCRIBED"} for name, each in filters.items()}
    for name, chosen, wanted in (
        ("replied", {"replied": True, "folder": "SENT"}, sent[1::2]),
        ("not replied", {"replied": False, "folder": "SENT"}, sent[::2]),
        *((name, each | {"status": ["SENT"]}, sent) for name, each in filters.items()),
        *((name, each | {"folder": "DELIVERED"}, sent[1::2]) for name, each in reasons.items()),
    ):
        for field in ("DUE_AT", "SENT_AT"):
            for direction, expected in (("ASC", wanted), ("DESC", wanted[::-1])):
                given = {"filter": chosen, "order": {"field": field, "direction": direction}}
                assert await forward(client, given) == expected, name
                assert await backward(client, given) == expected, name


async def test_emails_that_nobody_clicked_are_found_beside_few_clicks_and_many(
    client: Client, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, email in enumerate(sent):
        await execute(
            "INSERT INTO engagement (id, workspace_id, person_id, opened_at, opens, clicks)"
            " SELECT id, workspace_id, person_id, sent_at, 1, $2 FROM send WHERE id = $1",
            email,
            int(number % 3 == 0),
        )
    for few in (0, 3, 4, 10_000):
        monkeypatch.setattr("api.store.replies.answer_conditions.FEW", few)
        for clicked in (False, True):
            wanted = [email for number, email in enumerate(sent) if (number % 3 == 0) is clicked]
            given = {"filter": {"clicked": clicked, "opened": True, "folder": "SENT"}}
            assert await forward(client, given) == wanted, few
            assert await backward(client, given) == wanted, few


async def test_a_count_that_cannot_be_exact_looks_up_few_rows(
    client: Client, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.engine.listing.walks.MAX_LOOKED_UP", 3)
    suppress = 'mutation { suppressAddress(email: "p0@example.com") { errors { code } } }'
    await client.ask(suppress)
    await execute(
        "INSERT INTO engagement (id, workspace_id, person_id, opened_at, opens)"
        " SELECT id, workspace_id, person_id, sent_at, 1 FROM send WHERE id = $1",
        sent[-1],
    )
    for most, emails, people in ((12, (11, True), (5, True)), (5, (3, False), (3, False))):
        monkeypatch.setattr("api.store.engine.listing.listing.MAX_EXACT_COUNT", most)
        for query, of, chosen, wanted in (
            (EMAILS, "emails", {"opened": False}, emails),
            (PEOPLE, "people", {"unsubscribed": False}, people),
        ):
            page = (await client.ask(query, filter=chosen))[of]
            assert (page["totalCount"], page["totalCountIsExact"]) == wanted


async def forward(client: Client, given: dict[str, Any]) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = (await client.ask(EMAILS, **given, first=4, after=after))["emails"]
        assert page["pageInfo"]["hasPreviousPage"] == bool(found)
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert (page["totalCount"], page["totalCountIsExact"]) == (len(found), True)
            return found


async def backward(client: Client, given: dict[str, Any]) -> list[str]:
    found: list[str] = []
    before = None
    while True:
        page = (await client.ask(EMAILS, **given, last=4, before=before))["emails"]
        assert page["pageInfo"]["hasNextPage"] == bool(found)
        found = [*(node["id"] for node in page["nodes"]), *found]
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            return found


async def test_a_page_reads_so_many_rows_and_an_export_reads_all(
    client: Client, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.engine.listing.walks.MAX_WALKED", 6)
    await Send.filter(id__in=sent[:-1]).update(replied_at=None)
    too_rare = ("TOO_MANY_TO_SORT", ["filter"])
    assert await refused(client, EMAILS, filter={"replied": True}) == too_rare
    assert await refused(client, EMAILS, filter={"replied": True, "folder": "SENT"}, first=1) == too_rare
    page = (await client.ask(EMAILS, filter={"replied": True}, last=1))["emails"]
    assert [node["id"] for node in page["nodes"]] == sent[-1:]
    few = {"replied": True, "dueFrom": (await Send.get(id=sent[-1])).due_at.isoformat()}
    assert [node["id"] for node in (await client.ask(EMAILS, filter=few))["emails"]["nodes"]] == sent[-1:]
    counted = (await client.ask(EMAILS, filter={"replied": False, "folder": "SENT"}, first=1))["emails"]
    assert (counted["totalCount"], counted["totalCountIsExact"]) == (6, False)
    answer = await client.http.get(
        "/export/emails.csv",
        params={"filter": '{"replied": true}', "columns": "id"},
        headers={"Authorization": f"Bearer {client.token}"},
    )
    assert [row["id"] for row in csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))] == sent[-1:]
    mark = "mutation($filter: EmailFilter) { archiveEmails(filter: $filter) { done errors { code } } }"
    assert (await client.ask(mark, filter={"replied": True}))["archiveEmails"]["done"] == sent[-1:]


async def test_facts_about_people_are_checked_row_by_row(
    client: Client, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suppress = "mutation($email: String!) { suppressAddress(email: $email) { errors { code } } }"
    await client.ask(suppress, email="p4@example.com")
    for value, wanted in ((True, ["p4"]), (False, ["p0", "p1", "p2", "p3", "p5"])):
        page = (await client.ask(PEOPLE, filter={"unsubscribed": value}))["people"]
        assert [node["email"][:2] for node in page["nodes"]] == wanted
        assert (page["totalCount"], page["totalCountIsExact"]) == (len(wanted), True)
    monkeypatch.setattr("api.store.engine.listing.walks.MAX_WALKED", 2)
    assert await refused(client, PEOPLE, filter={"unsubscribed": True}) == ("TOO_MANY_TO_SORT", ["filter"])
    page = (await client.ask(PEOPLE, filter={"unsubscribed": False}, first=1))["people"]
    assert (page["totalCount"], page["totalCountIsExact"]) == (2, False)
