"""The grammar of lists: filter, orderBy, first and last, after and before, on both databases."""

from typing import Any

import pytest

from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)

PEOPLE = """query(
  $filter: PersonFilter, $order: PersonOrder, $first: Int, $after: String, $last: Int, $before: String
) {
  people(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id firstName } } nodes { email } totalCount totalCountIsExact
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
EMAILS = """query($filter: EmailFilter, $order: EmailOrder) {
  emails(filter: $filter, orderBy: $order) { nodes { person { email } step { number } status } totalCount } }"""
NAMES = [
    ("ada", "Lovelace", "Zeta"),
    ("Ben", "ärmel", "acme"),
    ("cem", "Öz", "ACME"),
    ("Dora", "adams", ""),
    ("", "", "Ltd"),
]


@pytest.fixture
async def names(client: Client) -> list[str]:
    """Five people, with their first names."""
    for number, (first, last, company) in enumerate(NAMES):
        await story.person(client, f"p{number}@example.com", firstName=first, lastName=last, company=company)
    return [first for first, _, _ in NAMES]


async def listed(client: Client, **variables: Any) -> list[str]:
    page = (await client.ask(PEOPLE, **variables))["people"]
    assert page["totalCount"] >= len(page["edges"])
    return [each["node"]["firstName"] for each in page["edges"]]


async def refused(client: Client, query: str, **variables: Any) -> tuple[str, list[str]]:
    (error,) = (await client.raw(query, variables))["errors"]
    return error["extensions"]["code"], error["extensions"]["path"]


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("CREATED", ["ada", "Ben", "cem", "Dora", ""]),
        ("EMAIL", ["ada", "Ben", "cem", "Dora", ""]),
        ("FIRST_NAME", ["", "ada", "Ben", "cem", "Dora"]),
        ("LAST_NAME", ["", "Dora", "ada", "cem", "Ben"]),
        ("COMPANY", ["Dora", "Ben", "cem", "", "ada"]),
    ],
)
async def test_an_order_in_both_directions_forward_and_backward(
    client: Client, names: list[str], field: str, wanted: list[str]
) -> None:
    for direction, expected in (("ASC", wanted), ("DESC", wanted[::-1])):
        order = {"field": field, "direction": direction}
        assert await listed(client, order=order) == expected
        assert await listed(client, order=order, last=2) == expected[-2:]
        found: list[str] = []
        page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
        while page["pageInfo"]["hasNextPage"]:
            cursor = page["pageInfo"]["endCursor"]
            page = (await client.ask(PEOPLE, order=order, first=2, after=cursor))["people"]
            assert page["pageInfo"]["hasPreviousPage"] == bool(found)
            found += [each["node"]["firstName"] for each in page["edges"]]
        assert found == expected
        backward: list[str] = []
        while page["pageInfo"]["hasPreviousPage"]:
            page = (await client.ask(PEOPLE, order=order, last=2, before=page["pageInfo"]["startCursor"]))["people"]
            assert page["pageInfo"]["hasNextPage"]
            backward = [each["node"]["firstName"] for each in page["edges"]] + backward
        assert backward == expected[:4]


async def test_a_cursor_outlives_its_row_and_its_value(client: Client, names: list[str]) -> None:
    order = {"field": "LAST_NAME"}
    page = (await client.ask(PEOPLE, order=order, first=2))["people"]
    dora = page["edges"][1]
    assert dora["cursor"] == page["pageInfo"]["endCursor"]
    update = 'mutation($id: ID!) { updatePerson(id: $id, input: {lastName: "Zz"}) { errors { code } } }'
    await client.ask(update, id=dora["node"]["id"])
    rest = ["ada", "Dora", "cem", "Ben"]  # Dora is now called Zz: she comes once more, and nobody is left out
    assert await listed(client, order=order, after=dora["cursor"]) == rest
    assert await listed(client, order=order, before=dora["cursor"], last=3) == [""]
    empty = (await client.ask(PEOPLE, order=order, filter={"company": "none"}, after=dora["cursor"]))["people"]
    assert empty["pageInfo"] == dict.fromkeys(("startCursor", "endCursor")) | dict.fromkeys(
        ("hasNextPage", "hasPreviousPage"), False
    )


async def test_what_cannot_be_a_page_is_refused(client: Client, names: list[str]) -> None:
    by_id = (await client.ask(PEOPLE, first=1))["people"]["pageInfo"]["endCursor"]
    by_name = (await client.ask(PEOPLE, first=1, order={"field": "LAST_NAME"}))["people"]["pageInfo"]["endCursor"]
    for arguments, path in (
        ({"first": 1, "last": 1}, "last"),
        ({"first": 0}, "first"),
        ({"last": 201}, "last"),
        ({"last": -1}, "last"),
        ({"after": "x"}, "after"),
        ({"before": ""}, "before"),
        ({"before": "per_\x00"}, "before"),
        ({"after": by_name}, "after"),
        ({"before": by_id, "order": {"field": "LAST_NAME"}}, "before"),
        ({"before": by_name, "order": {"field": "COMPANY"}}, "before"),
    ):
        assert await refused(client, PEOPLE, **arguments) == ("INVALID_PAGE", [path])


async def test_a_search_finds_the_beginnings_of_names_companies_and_addresses(client: Client, names: list[str]) -> None:
    for text, wanted in (
        ("ada", ["ada", "Dora"]),
        ("ADA", ["ada", "Dora"]),
        ("ada love", ["ada"]),
        ("Ärm", ["Ben"]),
        ("ÖZ acme", ["cem"]),
        ("öz", ["cem"]),
        ("p3@", ["Dora"]),
        ("  ", ["ada", "Ben", "cem", "Dora", ""]),
        ("love%", []),
        ("\x00", []),
        ("\ud800", []),
        ("x" * 1000, []),
    ):
        assert await listed(client, filter={"search": text}) == wanted
        order = {"field": "COMPANY", "direction": "DESC"}
        assert sorted(await listed(client, filter={"search": text}, order=order)) == sorted(wanted)
    assert await listed(client, filter={"company": "Acme"}, order={"field": "EMAIL"}) == ["Ben", "cem"]
    assert await listed(client, filter={"company": "acme", "email": "p2"}) == ["cem"]
    assert await listed(client, filter={"email": "P"}, order={"field": "FIRST_NAME", "direction": "DESC"}) == [
        "Dora", "cem", "Ben", "ada", "",
    ]  # fmt: skip


async def test_too_many_rows_are_not_sorted(client: Client, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.store.engine.listing.small_lists.MAX_SORTED_ROWS", 1)
    assert await refused(client, PEOPLE, filter={"search": "ada"}) == ("TOO_MANY_TO_SORT", ["filter", "search"])
    assert await listed(client, filter={"search": "ada love"}) == ["ada"]
    order = {"field": "LAST_NAME"}
    assert await refused(client, PEOPLE, filter={"email": "p"}, order=order) == ("TOO_MANY_TO_SORT", ["orderBy"])
    assert await listed(client, filter={"email": "p1"}, order=order) == ["Ben"]


async def test_emails_by_filter_and_order(client: Client, names: list[str], stranger: Client) -> None:
    campaign = await author(client, AT | {"day": 1}, AT | {"day": 3})
    people = [node["node"]["id"] for node in (await client.ask(PEOPLE))["people"]["edges"]]
    for person in people[:2]:
        await launch(client, campaign, person)
    await client.do(story.ADVANCE, "now", to="2026-03-03T00:00:00Z")
    (sender,) = (await client.ask("{ senders { nodes { id } } }"))["senders"]["nodes"]
    steps = (await client.ask("{ campaigns { nodes { steps { id } } } }"))["campaigns"]["nodes"][0]["steps"]

    async def found(chosen: dict[str, Any], order: dict[str, str] | None = None) -> list[tuple[str, int]]:
        page = (await client.ask(EMAILS, filter=chosen, order=order))["emails"]
        assert page["totalCount"] == len(page["nodes"])
        return [(node["person"]["email"][:2], node["step"]["number"]) for node in page["nodes"]]

    every = [("p0", 1), ("p1", 1), ("p0", 2), ("p1", 2)]
    for chosen, wanted in (
        ({}, every),
        ({"folder": "SENT"}, every[:2]),
        ({"folder": "PENDING", "status": ["SENT"]}, []),
        ({"status": []}, []),
        ({"status": ["SCHEDULED", "DEFERRED", "SCHEDULED"]}, every[2:]),
        ({"campaignId": campaign}, every),
        ({"campaignId": campaign, "folder": "DELIVERED", "senderId": sender["id"]}, every[:2]),
        ({"stepId": steps[1]["id"]}, every[2:]),
        ({"stepId": steps[1]["id"], "campaignId": "cmp_none"}, []),
        ({"senderId": sender["id"], "status": ["SENT"]}, every[:2]),
        ({"senderId": "\x00"}, []),
        ({"personId": people[1]}, every[1::2]),
        ({"personId": people[1], "status": ["SENT"], "search": "Ben"}, every[1:2]),
        ({"search": "ada"}, every[0::2]),
        ({"reason": "UNSUBSCRIBED"}, []),
        ({"dueFrom": "2026-03-03T00:00:00Z"}, every[2:]),
        ({"dueBefore": "2026-03-03T00:00:00Z", "campaignId": campaign}, every[:2]),
        ({"sentFrom": "2026-03-02T00:00:00+01:00", "sentBefore": "2026-03-03T00:00:00Z"}, every[:2]),
        ({"sentFrom": "2026-03-03T00:00:00Z"}, []),
        ({"sentFrom": "2026-03-02T00:00:00Z", "dueFrom": "2026-03-01T00:00:00Z", "stepId": steps[0]["id"]}, every[:2]),
    ):
        assert await found(chosen) == wanted, chosen
        for field in ("DUE_AT", "SENT_AT"):
            assert sorted(await found(chosen, {"field": field})) == sorted(wanted), chosen
            assert sorted(await found(chosen, {"field": field, "direction": "DESC"})) == sorted(wanted), chosen
    assert await found({}, {"field": "SENT_AT", "direction": "DESC"}) == [("p1", 1), ("p0", 1), ("p1", 2), ("p0", 2)]
    for chosen in (
        {"campaignId": campaign},
        {"stepId": steps[0]["id"]},
        {"personId": people[0]},
        {"senderId": sender["id"]},
    ):
        assert (await stranger.ask(EMAILS, filter=chosen))["emails"] == {"nodes": [], "totalCount": 0}


async def test_tasks_by_order(client: Client, names: list[str]) -> None:
    campaign = await author(client, {"day": 1}, {"day": 3})
    people = [node["node"]["id"] for node in (await client.ask(PEOPLE))["people"]["edges"]]
    await launch(client, campaign, people[1], sendAt="2026-03-05T09:00:00Z")
    await launch(client, campaign, people[0])
    query = """query($order: TaskOrder, $filter: TaskFilter) {
      tasks(orderBy: $order, filter: $filter) { nodes { person { email } } } }"""
    for chosen in (None, {"status": ["OPEN"]}, {"type": ["CALL"]}, {"campaignId": campaign}):
        for order, wanted in (
            (None, ["p0", "p1"]),
            ({"field": "DUE_DATE", "direction": "DESC"}, ["p1", "p0"]),
            ({"field": "CREATED"}, ["p1", "p0"]),
            ({"field": "CREATED", "direction": "DESC"}, ["p0", "p1"]),
        ):
            tasks = (await client.ask(query, order=order, filter=chosen))["tasks"]["nodes"]
            assert [task["person"]["email"][:2] for task in tasks] == wanted


async def test_a_range_of_dates_that_nothing_can_be_in_is_refused(client: Client) -> None:
    first, last = "2026-03-02T00:00:00Z", "2026-03-01T23:00:00-01:00"
    for name in ("due", "sent", "failed", "created"):
        chosen = {f"{name}From": first, f"{name}Before": last}
        assert await refused(client, EMAILS, filter=chosen) == ("EMPTY_DATE_RANGE", ["filter", f"{name}Before"])
        assert (await client.ask(EMAILS, filter=chosen | {f"{name}Before": "2026-03-02T00:00:01Z"}))["emails"]
    query = "query($filter: SuppressionFilter) { suppressions(filter: $filter) { totalCount } }"
    chosen = {"since": first, "before": last}
    assert await refused(client, query, filter=chosen) == ("EMPTY_DATE_RANGE", ["filter", "before"])


async def test_a_cursor_of_another_list_is_refused(client: Client, names: list[str]) -> None:
    await author(client, AT)
    page = "{ nodes { id } pageInfo { endCursor } }"
    ends = await client.ask(f"{{ people {page} campaigns {page} templates {page} }}")
    for name in ends:
        for other, end in ends.items():
            query = f"query($filter: String) {{ {name}(after: $filter) {{ nodes {{ id }} }} }}"
            if other == name:
                assert (await client.ask(query, filter=end["pageInfo"]["endCursor"]))[name]["nodes"] == []
            else:
                assert await refused(client, query, filter=end["pageInfo"]["endCursor"]) == ("INVALID_PAGE", ["after"])
    named = "(orderBy: {field: NAME}) { pageInfo { endCursor } }"
    end = (await client.ask(f"{{ templates{named} }}"))["templates"]["pageInfo"]["endCursor"]
    query = "query($filter: String) { campaigns(orderBy: {field: NAME}, after: $filter) { nodes { id } } }"
    assert await refused(client, query, filter=end) == ("INVALID_PAGE", ["after"])
