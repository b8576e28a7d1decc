"""Groups of people: changed one by one, by a filter and by an import, and launched; a preview of a launch by filter."""

from typing import Any

import pytest

from api.models import Enrollment, GroupMember, PeopleGroup, Person
from api.services.bulk.bulk_job import BULK_ACTION
from api.services.common.request_context import WorkspaceContext
from api.services.jobs.job_kind import JobRuntime
from api.services.people import groups as group_service
from api.store.people import groups as stored_groups
from plugins.loading.manager import load
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch
from tests.served import NOW
from tests.services.jobs.claims import claim, claim_import, claim_launch, run_import, run_launch

E = "errors { code path }"
CREATE = f"mutation($name: String!) {{ createGroup(name: $name) {{ group {{ id name peopleCount }} {E} }} }}"
RENAME = f"mutation($id: ID!, $name: String!) {{ renameGroup(id: $id, name: $name) {{ group {{ name }} {E} }} }}"
DELETE = f"mutation($id: ID!) {{ deleteGroup(id: $id) {{ deletedId {E} }} }}"
CHANGE = """mutation($group: ID!, $ids: [ID!], $filter: PersonFilter) {{
  {0}(groupId: $group, ids: $ids, filter: $filter) {{
    done refused {{ objectId error {{ code path }} }} bulkAction {{ id total }} errors {{ code path }} }} }}"""
ADD, REMOVE = CHANGE.format("addPeopleToGroup"), CHANGE.format("removePeopleFromGroup")
READ = """query($id: ID!, $after: String) { group(id: $id) { name peopleCount
  members(first: 2, after: $after) { nodes { addedAt person { email } } pageInfo { hasNextPage endCursor } } }
  node(id: $id) { __typename } groups { nodes { id } } }"""
IMPORT = f"mutation($csv: String!, $group: ID) {{ importPeople(csv: $csv, groupId: $group) {{ {E} }} }}"
START = f"mutation($input: StartLaunchInput!) {{ startLaunch(input: $input) {{ launch {{ id total }} {E} }} }}"
SUMMARY = """query($input: StartLaunchInput!) { startLaunchPreview(input: $input) { people enrolled exact
  leftOut { code people examples { email } } example { person { email } planned { sendAt } warnings { code } }
  errors { code path } moreErrors } }"""
BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)


def places(payload: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["code"], ".".join(error["path"])) for error in payload["errors"]]


async def run_jobs(client: Client) -> WorkspaceContext:
    return WorkspaceContext(client.workspace, load({}), lambda: NOW, lambda: None)


@BOTH
async def test_a_group_is_changed_by_ids_filter_and_import(client: Client, stranger: Client) -> None:
    group = (await client.do(CREATE, "group", name=" Fair "))["id"]
    assert places((await client.ask(CREATE, name="Fair"))["createGroup"]) == [("GROUP_EXISTS", "name")]
    assert places((await client.ask(CREATE, name=""))["createGroup"]) == [("REQUIRED", "name")]
    ids = [await story.person(client, f"p{number}@example.com", company=f"C{number % 2}") for number in range(4)]
    added = (await client.ask(ADD, group=group, ids=[*ids[:2], "per_x"]))["addPeopleToGroup"]
    assert added["done"] == ids[:2]
    assert [(each["objectId"], each["error"]) for each in added["refused"]] == [
        ("per_x", {"code": "NOT_FOUND", "path": ["ids", "2"]})
    ]
    assert (await client.ask(ADD, group=group, filter={"company": "C0"}))["addPeopleToGroup"]["done"] == [
        ids[0],
        ids[2],
    ]
    assert (await client.ask(REMOVE, group=group, ids=[ids[1]]))["removePeopleFromGroup"]["done"] == [ids[1]]
    csv = "email\np2@example.com\nnew1@example.com\nnew2@example.com\nno\n"
    assert places((await client.ask(IMPORT, csv=csv, group=group))["importPeople"]) == []
    row = await claim_import(NOW)
    assert row is not None
    await run_import(row, lambda: NOW)
    first = await client.ask(READ, id=group)
    assert (first["group"]["name"], first["group"]["peopleCount"], first["node"]["__typename"]) == ("Fair", 4, "Group")
    page = first["group"]["members"]
    rest = (await client.ask(READ, id=group, after=page["pageInfo"]["endCursor"]))["group"]["members"]
    emails = [node["person"]["email"] for node in (*page["nodes"], *rest["nodes"])]
    assert emails[:2] == ["p0@example.com", "p2@example.com"]
    assert sorted(emails[2:]) == ["new1@example.com", "new2@example.com"]
    assert (page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    # Nobody else finds it.
    for mutation, name in ((RENAME, "renameGroup"), (DELETE, "deleteGroup")):
        assert places((await stranger.ask(mutation, id=group, name="X"))[name]) == [("NOT_FOUND", "id")]
    assert (await stranger.ask(READ, id=group)) == {"group": None, "node": None, "groups": {"nodes": []}}
    assert places((await stranger.ask(ADD, group=group, ids=["x"]))["addPeopleToGroup"]) == [("NOT_FOUND", "groupId")]
    wrong = (await client.ask(IMPORT, csv="x", group="grp_x"))["importPeople"]
    assert places(wrong) == [("CSV_NO_EMAIL_COLUMN", "csv"), ("NOT_FOUND", "groupId")]
    assert (await client.do(RENAME, "group", id=group, name="Other"))["name"] == "Other"
    assert await client.do(DELETE, "deletedId", id=group) == group
    assert (await PeopleGroup.all().count(), await GroupMember.all().count(), await Person.all().count()) == (0, 0, 6)


async def test_many_people_are_added_in_the_background(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    group = (await client.do(CREATE, "group", name="Fair"))["id"]
    csv = "email,company\n" + "".join(f"p{number}@example.com,Acme\n" for number in range(201))
    await client.ask(IMPORT, csv=csv)
    row = await claim_import(NOW)
    assert row is not None
    await run_import(row, lambda: NOW)
    started = (await client.ask(ADD, group=group, filter={"company": "Acme"}))["addPeopleToGroup"]
    assert (started["done"], started["bulkAction"]["total"]) == ([], 201)
    job = await claim("bulk_action", NOW)
    assert job is not None
    context = await run_jobs(client)
    async for _ in BULK_ACTION.work(job, JobRuntime(lambda workspace: context, lambda: NOW)):
        pass
    assert (await client.ask(READ, id=group))["group"]["peopleCount"] == 201
    monkeypatch.setattr(stored_groups, "MAX_PEOPLE", 201)
    person = await story.person(client, "more@example.com")
    (refused,) = (await client.ask(ADD, group=group, ids=[person]))["addPeopleToGroup"]["refused"]
    assert refused["error"] == {"code": "GROUP_FULL", "path": ["groupId"]}
    full = (await client.ask(IMPORT, csv="email\nx@example.com\n", group=group))["importPeople"]
    assert places(full) == [("GROUP_FULL", "groupId")]
    monkeypatch.setattr(group_service, "MAX_GROUPS", 1)
    assert places((await client.ask(CREATE, name="Next"))["createGroup"]) == [("TOO_MANY_GROUPS", "")]


@BOTH
async def test_a_launch_is_for_a_group_or_a_filter(client: Client) -> None:
    campaign = await author(client, AT)
    group = (await client.do(CREATE, "group", name="Fair"))["id"]
    names = ["ada", "bob", "eve", "kim"]
    ada, bob, eve, kim = [await story.person(client, f"{name}@example.com", company="Acme") for name in names]
    await client.ask(ADD, group=group, ids=[ada, bob, eve])
    await launch(client, campaign, bob)
    await client.ask("mutation($id: ID!) { unsubscribe(personId: $id) { errors { code } } }", id=eve)
    given = {"campaignId": campaign, "groupId": group}
    shown = (await client.ask(SUMMARY, input=given))["startLaunchPreview"]
    assert (shown["people"], shown["enrolled"], shown["exact"], shown["errors"]) == (3, 1, True, [])
    assert shown["leftOut"] == [
        {"code": "ALREADY_ENROLLED", "people": 1, "examples": [{"email": "bob@example.com"}]},
        {"code": "UNSUBSCRIBED", "people": 1, "examples": [{"email": "eve@example.com"}]},
    ]
    assert shown["example"]["person"] == {"email": "ada@example.com"}
    assert len(shown["example"]["planned"]) == 1
    everyone = (await client.ask(SUMMARY, input={"campaignId": campaign, "everyone": True}))["startLaunchPreview"]
    assert (everyone["people"], everyone["enrolled"]) == (4, 2)
    by_filter = given | {"groupId": None, "filter": {"company": "acme", "search": "kim"}}
    chosen = (await client.ask(SUMMARY, input=by_filter))["startLaunchPreview"]
    assert (chosen["people"], chosen["example"]["person"]["email"]) == (1, "kim@example.com")
    wrong = given | {"personIds": [ada], "filter": {}, "sendAt": "2026-03-01T08:00:00Z"}
    expected = [("AUDIENCE_AMBIGUOUS", "groupId"), ("AUDIENCE_AMBIGUOUS", "filter"), ("SEND_AT_IN_PAST", "sendAt")]
    assert places((await client.ask(SUMMARY, input=wrong))["startLaunchPreview"]) == expected
    assert places((await client.ask(START, input=wrong))["startLaunch"]) == expected
    nobody = given | {"groupId": None, "filter": {"search": "nobody"}}
    assert places((await client.ask(START, input=nobody))["startLaunch"]) == [("NO_PEOPLE", "filter")]
    assert await Enrollment.all().count() == 1
    started = await client.do(START, "launch", input=given)
    # The audience is fixed when the launch starts.
    await client.ask(ADD, group=group, ids=[kim])
    await client.ask(REMOVE, group=group, ids=[ada])
    context = await run_jobs(client)
    row = await claim_launch(NOW)
    assert row is not None
    await run_launch(row, lambda of: context, lambda: NOW)
    assert started["total"] == 3
    assert {each.person_id for each in await Enrollment.all()} == {ada, bob}


@BOTH
async def test_groups_are_found_by_name_and_sorted(client: Client) -> None:
    for name in ("Trade fair 2026", "customers", "Fair in Rome"):
        await client.ask(CREATE, name=name)
    document = """query($filter: GroupFilter, $order: NamedOrder, $first: Int, $last: Int, $after: String) {
      groups(filter: $filter, orderBy: $order, first: $first, last: $last, after: $after) {
        nodes { name } totalCount pageInfo { hasNextPage hasPreviousPage endCursor } } }"""

    async def names(**given: Any) -> list[str]:
        return [each["name"] for each in (await client.ask(document, **given))["groups"]["nodes"]]

    by_name = {"field": "NAME", "direction": "ASC"}
    assert await names() == ["Trade fair 2026", "customers", "Fair in Rome"]
    assert await names(order=by_name) == ["customers", "Fair in Rome", "Trade fair 2026"]
    assert await names(order={"field": "CREATED", "direction": "DESC"}) == (await names())[::-1]
    assert await names(filter={"search": "FAIR"}, order=by_name) == ["Fair in Rome", "Trade fair 2026"]
    assert await names(filter={"search": "fair rome"}) == ["Fair in Rome"]
    assert await names(filter={"search": "nothing"}) == []
    page = (await client.ask(document, order=by_name, first=1))["groups"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    assert await names(order=by_name, first=5, after=page["pageInfo"]["endCursor"]) == [
        "Fair in Rome",
        "Trade fair 2026",
    ]
    assert await names(order=by_name, last=1) == ["Trade fair 2026"]
