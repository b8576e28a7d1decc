"""Links in both directions: from each object to what belongs to it, and back; and each object by its id."""

from typing import Any

from tests import story
from tests.client import Client
from tests.graphql.authored import AT, BY_HAND, author, launch
from tests.graphql.engine.lists.test_lists import refused
from tests.graphql.engine.test_nodes import filled

LISTS = """
  emails { nodes { person { email } } totalCount pageInfo { hasNextPage } }
  tasks { nodes { person { email } } totalCount }"""


async def test_lists_of_an_object_have_its_rows_alone(client: Client) -> None:
    campaign = await author(client, AT, BY_HAND | {"day": 2}, {"day": 3})
    (sender,) = (await client.ask("{ senders { nodes { id } } }"))["senders"]["nodes"]
    other = await story.campaign(client, sender["id"])
    await story.step(client, other, type="CALL", day=1)
    ada, ben = [await story.person(client, f"{name}@example.com") for name in ("ada", "ben")]
    enrollment = await launch(client, campaign, ada)
    await launch(client, campaign, ben)
    await launch(client, other, ada)

    query = f"""query($id: ID!, $campaign: ID!, $other: ID!) {{
      person(id: $id) {{ {LISTS} enrollments(last: 1) {{ nodes {{ campaign {{ id }} }} totalCount }}
        mine: emails(filter: {{personId: $id, campaignId: $campaign}}) {{ totalCount }}
        none: emails(filter: {{personId: $other}}) {{ totalCount }} }} }}"""
    found = (await client.ask(query, id=ada, campaign=campaign, other=ben))["person"]
    assert {node["person"]["email"] for node in found["emails"]["nodes"]} == {"ada@example.com"}
    assert (found["emails"]["totalCount"], found["tasks"]["totalCount"]) == (1, 2)
    assert found["enrollments"] == {"nodes": [{"campaign": {"id": other}}], "totalCount": 2}
    assert (found["mine"]["totalCount"], found["none"]["totalCount"]) == (1, 0)

    query = f"""query($id: ID!) {{ campaign(id: $id) {{ {LISTS}
      enrollments(first: 9, orderBy: {{field: CREATED, direction: DESC}}) {{ nodes {{ person {{ email }}
        emails {{ id task {{ id }} campaign {{ id }} }} tasks {{ id email {{ id }} }} }} totalCount }}
      steps {{ id campaign {{ id }} }} }} }}"""
    found = (await client.ask(query, id=campaign))["campaign"]
    assert (found["emails"]["totalCount"], found["tasks"]["totalCount"], found["enrollments"]["totalCount"]) == (
        2,
        2,
        2,
    )
    assert [node["person"]["email"][:3] for node in found["enrollments"]["nodes"]] == ["ben", "ada"]
    assert found["enrollments"]["nodes"][1]["emails"][0]["campaign"] == {"id": campaign}
    assert {step["campaign"]["id"] for step in found["steps"]} == {campaign}
    of_ada = """query($id: ID!, $campaign: ID!) {
      person(id: $id) { events { nodes { id kind person { id } } totalCount }
      back: events(orderBy: {field: CREATED, direction: ASC}) { nodes { id } }
      here: events(filter: {campaignId: $campaign, kinds: CAMPAIGN_LAUNCHED}) { nodes { campaign { id } } }
      none: events(filter: {personId: "per_x"}) { totalCount } } }"""
    listed = (await client.ask(of_ada, id=ada, campaign=campaign))["person"]
    assert {node["person"]["id"] for node in listed["events"]["nodes"]} == {ada}
    assert [node["kind"] for node in listed["events"]["nodes"]].count("CAMPAIGN_LAUNCHED") == 2
    newest_first = [node["id"] for node in listed["events"]["nodes"]]
    assert len(newest_first) == listed["events"]["totalCount"] > 2
    assert [node["id"] for node in listed["back"]["nodes"]] == newest_first[::-1]
    assert listed["here"]["nodes"] == [{"campaign": {"id": campaign}}]
    assert listed["none"]["totalCount"] == 0
    of_campaign = "query($id: ID!) { campaign(id: $id) { events { nodes { campaign { id } person { id } } } } }"
    nodes = (await client.ask(of_campaign, id=campaign))["campaign"]["events"]["nodes"]
    assert {node["campaign"]["id"] for node in nodes} == {campaign}
    assert {ada, ben} <= {node["person"]["id"] for node in nodes if node["person"]}

    query = """query($id: ID!) { step(id: $id) { emails { totalCount } template { campaigns { nodes { id } }
      usedBy(last: 1) { nodes { day } totalCount } } } }"""
    step = (await client.ask(query, id=found["steps"][0]["id"]))["step"]
    assert step["emails"]["totalCount"] == 2
    assert step["template"]["campaigns"]["nodes"] == [{"id": campaign}]
    assert step["template"]["usedBy"] == {"nodes": [{"day": 2}], "totalCount": 2}

    query = f"query($id: ID!) {{ sender(id: $id) {{ {LISTS} campaigns {{ totalCount }} }} }}"
    found = (await client.ask(query, id=sender["id"]))["sender"]
    assert (found["emails"]["totalCount"], found["tasks"]["totalCount"], found["campaigns"]["totalCount"]) == (2, 3, 2)

    send = "mutation($id: ID!) { sendTask(id: $id) { email { id task { id email { id } } } errors { code } } }"
    tasks = (await client.ask("query($id: ID!) { enrollment(id: $id) { tasks { id } } }", id=enrollment))["enrollment"]
    email = await client.do(send, "email", id=tasks["tasks"][0]["id"])
    assert email["task"] == {"id": tasks["tasks"][0]["id"], "email": {"id": email["id"]}}


async def test_categories_lead_to_campaigns_and_templates(client: Client) -> None:
    create = 'mutation { createCategory(name: "C") { category { id } errors { code } } }'
    category = (await client.do(create, "category"))["id"]
    await story.campaign(client, await story.sender(client), name="One", categoryId=category)
    for name in ("Two", "one"):
        await story.template(client, name=name, categoryId=category)
    await story.template(client, name="Other")
    query = """query($id: ID!) { category(id: $id) { campaigns { nodes { name } }
      templates(orderBy: {field: NAME}, filter: {search: "o"}) { nodes { name } totalCount } } }"""
    found = (await client.ask(query, id=category))["category"]
    assert found["campaigns"]["nodes"] == [{"name": "One"}]
    assert found["templates"] == {"nodes": [{"name": "one"}, {"name": "Two"}], "totalCount": 2}


async def test_each_object_is_found_by_its_own_query(client: Client, stranger: Client) -> None:
    ids = await filled(client)
    fields = {"snd": "email", "sdr": "sender", "stp": "step", "tpl": "template", "cat": "category", "rpl": "reply",
              "inc": "incomingEvent", "cmp": "campaign", "enr": "enrollment", "lau": "launch", "per": "person",
              "tsk": "task"}  # fmt: skip
    assert {*fields} < {*ids}  # a suppression is found by its address, or by node
    for prefix, field in fields.items():
        query = f"query($id: ID!) {{ {field}(id: $id) {{ id }} }}"
        assert (await client.ask(query, id=ids[prefix]))[field] == {"id": ids[prefix]}
        assert (await stranger.ask(query, id=ids[prefix]))[field] is None
        for wrong in ("", "\x00", "\ud800", prefix + "_" + "0" * 26):
            assert (await client.ask(query, id=wrong))[field] is None
    reply = "query($id: ID!) { reply(id: $id) { email { id } } }"
    assert (await client.ask(reply, id=ids["rpl"]))["reply"]["email"]["id"].startswith("snd_")
    assert (await client.ask('{ mailbox(account: "imap:NONE") { state } }'))["mailbox"] is None


async def test_nested_pages_are_charged_and_refused_as_others(client: Client) -> None:
    await story.person(client)
    nested = "query($first: Int) { people(first: 200) { nodes { emails(first: $first) { nodes { id } } } } }"
    answer: dict[str, Any] = await client.raw(nested, {"first": 200})
    assert answer["errors"][0]["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
    assert await refused(client, nested.replace("200", "2"), first=0) == ("INVALID_PAGE", ["first"])
