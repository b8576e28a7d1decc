"""The filters and orders of campaigns, templates, categories, senders, suppressions, launches and incoming events."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api.models import Campaign, IncomingEvent, PeopleGroup
from api.states import IncomingResult
from tests import story
from tests.client import Client
from tests.graphql.authored import author, launch
from tests.graphql.engine.lists.test_lists import refused
from tests.services.world import NOW

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)

NAMED = {"campaigns": "Campaign", "templates": "Template", "categories": "Category", "senders": "Sender",
         "groups": "Group"}  # fmt: skip


async def listed(
    client: Client, of: str, chosen: dict[str, Any] | None = None, order: str = "", **page: Any
) -> list[str]:
    """Return the names in a list. Its count is their number."""
    kind = NAMED[of]
    sort = {"field": order.partition(" ")[0], "direction": order.partition(" ")[2] or "ASC"} if order else None
    sorts = "CampaignOrder" if of == "campaigns" else "NamedOrder"
    query = f"""query($filter: {kind}Filter, $order: {sorts}, $first: Int, $last: Int) {{
      {of}(filter: $filter, orderBy: $order, first: $first, last: $last) {{ nodes {{ name }} totalCount }} }}"""
    found = (await client.ask(query, filter=chosen, order=sort, **page))[of]
    names = [node["name"] for node in found["nodes"]]
    assert page or found["totalCount"] == len(names)
    return names


async def test_named_lists(client: Client, stranger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    create = "mutation($name: String!) { createCategory(name: $name) { category { id } errors { code } } }"
    category = (await client.do(create, "category", name="Trials"))["id"]
    await client.do(create, "category", name="archive")
    names = ["Zebra", "alpha Test", "Beta", "ärger"]
    for number, name in enumerate(names):
        sender = await story.sender(client, name=name, email=f"s{number}@example.com")
        own = {"categoryId": category} if number < 2 else {}
        await story.campaign(client, sender, name=name, **own)
        await story.template(client, name=name, subject=f"About {number}", **own)
    by_name = ["alpha Test", "Beta", "Zebra", "ärger"]
    for of in ("campaigns", "templates", "senders"):
        assert await listed(client, of) == names
        assert await listed(client, of, {}) == names
        assert await listed(client, of, order="CREATED DESC") == names[::-1]
        assert await listed(client, of, order="NAME") == by_name
        assert await listed(client, of, order="NAME DESC", last=1) == by_name[:1]
        assert await listed(client, of, {"search": "TEST al"}) == ["alpha Test"]
        assert await listed(client, of, {"search": "Är"}, "NAME") == ["ärger"]
        assert await listed(client, of, {"search": "%"}) == []
        assert await listed(client, of, {"search": ""}) == names
        assert await listed(client, of, {"search": "E"}, "NAME") == by_name
        assert await listed(stranger, of, {"search": "E"}) == []
    assert await listed(client, "categories", order="NAME") == ["archive", "Trials"]
    assert await listed(client, "categories", {"search": "tri"}) == ["Trials"]
    assert await listed(client, "templates", {"search": "about 2"}) == ["Beta"]
    at = datetime(2026, 3, 1, tzinfo=UTC)
    own = {"workspace_id": client.workspace.id, "people": 0, "created_at": at}
    await PeopleGroup.create(id="grp_1", name="Große Straße \u212a1", **own)
    for text in ("STRASSE", "k1", "straße gross", "GROßE"):  # U+212A is the sign of kelvin, whose lower case is k
        assert await listed(client, "groups", {"search": text}) == ["Große Straße \u212a1"]
    assert await listed(client, "groups", {"search": "strasse x"}) == []
    assert await listed(client, "senders", {"search": "s3@"}) == ["ärger"]
    senders = (await client.ask("{ senders { nodes { id } } }"))["senders"]["nodes"]
    for of in ("campaigns", "templates"):
        assert await listed(client, of, {"categoryId": category}) == names[:2]
        assert await listed(client, of, {"categoryId": category}, "NAME") == ["alpha Test", "Zebra"]
        assert await listed(client, of, {"categoryId": category, "search": "z"}) == ["Zebra"]
        assert await listed(stranger, of, {"categoryId": category}) == []
        assert await listed(client, of, {"categoryId": "\x00"}) == []
    assert await listed(client, "campaigns", {"senderId": senders[2]["id"]}) == ["Beta"]
    assert await listed(client, "campaigns", {"senderId": senders[2]["id"], "categoryId": category}) == []
    assert await listed(client, "campaigns", {"status": ["DRAFT", "RUNNING", "DRAFT"]}) == names
    drafts = {"status": "DRAFT", "senderId": senders[0]["id"]}
    assert await listed(client, "campaigns", drafts, "NAME DESC") == ["Zebra"]
    assert await listed(client, "campaigns", {"status": ["ARCHIVED"]}) == []
    assert await listed(client, "campaigns", {"status": []}) == []
    await Campaign.filter(name="Beta").update(archived_at=datetime(2026, 3, 1, tzinfo=UTC))
    await Campaign.filter(name="Zebra").update(launched_at=datetime(2026, 3, 1, tzinfo=UTC))
    by_status = ["Beta", "alpha Test", "ärger", "Zebra"]
    assert await listed(client, "campaigns", order="STATUS") == by_status
    assert await listed(client, "campaigns", order="STATUS DESC", last=3) == by_status[2::-1]
    pages = "query($after: String) { campaigns(orderBy: {field: STATUS}, first: 1, after: $after) {"
    found, after = list[str](), None
    while after is not None or not found:
        page = (await client.ask(f"{pages} nodes {{ name }} pageInfo {{ endCursor }} }} }}", after=after))["campaigns"]
        found, after = [*found, *(node["name"] for node in page["nodes"])], page["pageInfo"]["endCursor"]
    assert found == by_status
    monkeypatch.setattr("api.store.engine.listing.small_lists.MAX_SORTED_ROWS", 1)
    query = "query($f: CampaignFilter) { campaigns(filter: $f, orderBy: {field: NAME}) { totalCount } }"
    assert await refused(client, query, f={"categoryId": category}) == ("TOO_MANY_TO_SORT", ["orderBy"])
    monkeypatch.setattr("api.store.named_lists.MAX_READ_NAMES", 3)
    assert await refused(client, query, f={"search": "beta"}) == ("TOO_MANY_TO_SORT", ["filter", "search"])


async def test_suppressions(client: Client) -> None:
    suppress = "mutation($email: String!) { suppressAddress(email: $email) { errors { code } } }"
    addresses = ["c@example.com", "a@example.com", "b@other.example"]
    for number, email in enumerate(addresses):
        await client.do(story.ADVANCE, "now", to=f"2026-03-0{3 + number}T00:00:00Z")
        await client.ask(suppress, email=email)
    query = """query($filter: SuppressionFilter, $order: SuppressionOrder, $last: Int) {
      suppressions(filter: $filter, orderBy: $order, last: $last) { nodes { email } totalCount } }"""

    async def found(chosen: dict[str, Any] | None = None, order: str = "", **page: Any) -> list[str]:
        sort = {"field": order, "direction": "DESC"} if order else None
        nodes = (await client.ask(query, filter=chosen, order=sort, **page))["suppressions"]["nodes"]
        return [node["email"][0] for node in nodes]

    assert await found() == ["c", "a", "b"]
    assert await found({"email": ""}, "EMAIL") == ["c", "b", "a"]
    assert await found(None, "UNSUBSCRIBED_AT") == ["b", "a", "c"]
    assert await found(None, "CREATED", last=2) == ["a", "c"]
    assert await found({"since": "2026-03-04T00:00:00Z"}) == ["a", "b"]
    assert await found({"since": "2026-03-04T00:00:00Z", "before": "2026-03-05T00:00:00Z", "source": "API"}) == ["a"]
    assert await found({"source": ["API", "CSV", "API"], "email": "c"}, "CREATED") == ["c"]
    assert await found({"source": ["CSV"]}) == []
    assert await found({"source": []}) == []


async def test_enrollments_and_launches(client: Client, stranger: Client) -> None:
    campaign = await author(client, {"day": 1})
    (sender,) = (await client.ask("{ senders { nodes { id } } }"))["senders"]["nodes"]
    other = await story.campaign(client, sender["id"])
    await story.step(client, other, type="CALL", day=2)
    people = [await story.person(client, f"{name}@example.com", firstName=name) for name in ("ada", "ben", "cem")]
    for person in people:
        await launch(client, campaign, person)
    await launch(client, other, people[0])
    query = """query($filter: EnrollmentFilter, $direction: Direction! = ASC) {
      enrollments(filter: $filter, orderBy: {field: CREATED, direction: $direction}) {
      nodes { person { firstName } } totalCount } }"""
    for chosen, wanted in (
        ({}, ["ada", "ben", "cem", "ada"]),
        ({"campaignId": campaign, "status": ["ACTIVE", "ENDED"]}, ["ada", "ben", "cem"]),
        ({"personId": people[0]}, ["ada", "ada"]),
        ({"personId": people[0], "campaignId": other, "status": ["ACTIVE"]}, ["ada"]),
        ({"search": "a"}, ["ada", "ada"]),
        ({"search": "be", "campaignId": campaign}, ["ben"]),
        ({"search": "be", "personId": people[0]}, []),
        ({"status": ["FINISHED"]}, []),
        ({"status": []}, []),
    ):
        for direction, expected in (("ASC", wanted), ("DESC", wanted[::-1])):
            found = (await client.ask(query, filter=chosen, direction=direction))["enrollments"]
            assert [node["person"]["firstName"] for node in found["nodes"]] == expected, chosen
            assert found["totalCount"] == len(expected)
    for foreign in ({"campaignId": campaign}, {"personId": people[0]}):
        assert (await stranger.ask(query, filter=foreign))["enrollments"]["totalCount"] == 0
    start = "mutation($input: StartLaunchInput!) { startLaunch(input: $input) { launch { id } errors { code } } }"
    ids = [
        (await client.do(start, "launch", input={"campaignId": each, "personIds": people}))["id"]
        for each in (campaign, other)
    ]
    query = """query($filter: LaunchFilter, $order: CreatedOrder) {
      launches(filter: $filter, orderBy: $order) { nodes { id } } }"""
    for chosen, wanted in (
        ({}, ids[::-1]),
        ({"campaignId": other}, ids[1:]),
        ({"status": ["RUNNING", "PAUSED"]}, ids[::-1]),
        ({"campaignId": campaign, "status": "RUNNING"}, ids[:1]),
        ({"status": "FAILED"}, []),
    ):
        assert [each["id"] for each in (await client.ask(query, filter=chosen))["launches"]["nodes"]] == wanted
    nodes = (await client.ask(query, order={"field": "CREATED"}))["launches"]["nodes"]
    assert [each["id"] for each in nodes] == ids


async def test_incoming_events(client: Client) -> None:
    for number, (kind, result) in enumerate((("BOUNCE", "APPLIED"), ("OPENED", "APPLIED"), ("OPENED", "IGNORED"))):
        await IncomingEvent.create(
            id=f"inc_{number:026}", source="webhook:x", key=str(number), kind=kind, at=NOW, stored_at=NOW, due_at=NOW,
            done_at=NOW, result=IncomingResult(result), workspace_id=client.workspace.id,
        )  # fmt: skip
    query = """query($filter: IncomingEventFilter, $last: Int) {
      incomingEvents(filter: $filter, last: $last) { nodes { id } totalCount } }"""
    for chosen, wanted in (
        ({}, "210"),
        ({"kind": ["OPENED"]}, "21"),
        ({"result": ["APPLIED"]}, "10"),
        ({"kind": ["OPENED", "BOUNCE"], "result": "APPLIED"}, "10"),
        ({"kind": ["\x00"]}, ""),
        ({"kind": []}, ""),
    ):
        found = (await client.ask(query, filter=chosen))["incomingEvents"]
        assert "".join(node["id"][-1] for node in found["nodes"]) == wanted
        assert found["totalCount"] == len(wanted)
    assert [node["id"][-1] for node in (await client.ask(query, last=1))["incomingEvents"]["nodes"]] == ["0"]
