"""The filter of people by campaign, group, unsubscribing and bouncing, for few people and for many."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.models import Person, Suppression
from api.states import SuppressionSource
from api.store.engine.listing import small_lists
from api.store.people import person_facts
from tests import story
from tests.client import Client
from tests.graphql.authored import AT, author, launch
from tests.graphql.engine.lists.test_lists import refused

BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
PEOPLE = """query($filter: PersonFilter, $order: PersonOrder, $first: Int, $after: String) {
  people(filter: $filter, orderBy: $order, first: $first, after: $after) {
    nodes { firstName } totalCount totalCountIsExact pageInfo { hasNextPage endCursor } } }"""
GROUP = 'mutation { createGroup(name: "Fair") { group { id } errors { code } } }'
ADD = """mutation($group: ID!, $filter: PersonFilter) {
  addPeopleToGroup(groupId: $group, filter: $filter) { done errors { code } } }"""
NAMES = ("Eve", "Dan", "Cem", "Ben", "Ada")


async def names(client: Client, **given: Any) -> str:
    """Return the initials of the people of all pages."""
    found, page = list[str](), {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        people = (await client.ask(PEOPLE, first=2, after=page["endCursor"], **given))["people"]
        found += [each["firstName"][0] for each in people["nodes"]]
        page = people["pageInfo"]
    assert (people["totalCount"], people["totalCountIsExact"]) == (len(found), True)
    return "".join(found)


@BOTH
async def test_people_are_found_by_facts(client: Client, stranger: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [await story.person(client, f"{name}@example.com", firstName=name, company="Acme") for name in NAMES]
    eve, _, cem, ben, ada = ids
    theirs = await story.person(stranger, "eve@example.com", firstName="Zoe")
    campaign = await author(client, AT)
    other = await story.campaign(client, await story.sender(client, email="other@example.com"))
    for person in (eve, cem, ben):
        await launch(client, campaign, person)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    for address in ("dan@example.com", "cem@example.com", "nobody@example.com"):
        await Suppression.create(
            id=f"sup_{address[:3]}", workspace_id=client.workspace.id, email=address, email_key=address,
            unsubscribed_at=None if address.startswith("dan") else at, source=SuppressionSource.API,
        )  # fmt: skip
    await Person.filter(id__in=[ben, ada, theirs]).update(bounced_at=at)
    await Person.filter(id=ada).update(erased_at=at)
    group = (await client.ask(GROUP))["createGroup"]["group"]["id"]
    chosen = {"campaignId": campaign, "unsubscribed": False}
    assert (await client.ask(ADD, group=group, filter=chosen))["addPeopleToGroup"]["done"] == [eve, ben]
    await Person.filter(id__in=[eve, cem]).update(own_fields={"plan": "gold", "a.b": 'x"y'})
    await Person.filter(id=ben).update(own_fields={"plan": "Gold"})
    await Person.filter(id=eve).update(replied_at=at)
    await Person.filter(id=ben).update(replied_at=at + timedelta(days=1))
    for direction, wanted in (("ASC", "EBDC"), ("DESC", "BECD")):
        assert await names(client, order={"field": "REPLIED_AT", "direction": direction}) == wanted
    for few in (10_000, 0):
        monkeypatch.setattr(person_facts, "FEW", few)
        for given, wanted in (
            ({"campaignId": campaign}, "ECB"),
            ({"campaignId": other}, ""),
            ({"campaignId": "cmp_none"}, ""),
            ({"groupId": group}, "EB"),
            ({"groupId": "\x00"}, ""),
            ({"unsubscribed": True}, "C"),
            ({"unsubscribed": False}, "EDB"),
            ({"bounced": True}, "B"),
            ({"bounced": False}, "EDC"),
            ({"replied": True}, "EB"),
            ({"replied": False, "campaignId": campaign}, "C"),
            ({"bounced": None, "unsubscribed": None}, "EDCB"),
            ({"campaignId": campaign, "groupId": group, "bounced": False, "unsubscribed": False}, "E"),
            ({"campaignId": campaign, "company": "acme", "email": "c"}, "C"),
            ({"groupId": group, "search": "b exa"}, ""),
            ({"groupId": group, "search": "b acme"}, "B"),
            ({"fields": [{"name": "plan", "equals": "gold"}]}, "EC"),
            ({"fields": [{"name": "plan", "equals": "gold"}], "groupId": group}, "E"),
            (
                {"fields": [{"name": "plan", "equals": "gold"}, {"name": "a.b", "equals": 'x"y'}], "company": "acme"},
                "EC",
            ),
            ({"fields": [{"name": "Plan", "equals": "gold"}]}, ""),
            ({"fields": [{"name": "plan", "equals": "\x00"}], "unsubscribed": False}, ""),
            ({"fields": []}, "EDCB"),
        ):
            assert await names(client, filter=given) == wanted, (few, given)
            by_name = await names(client, filter=given, order={"field": "FIRST_NAME", "direction": "DESC"})
            assert by_name == "".join(sorted(wanted, reverse=True)), (few, given)
        for foreign in ({"campaignId": campaign}, {"groupId": group}, {"unsubscribed": True}):
            assert await names(stranger, filter=foreign) == ""
    monkeypatch.setattr(small_lists, "MAX_SORTED_ROWS", 3)
    too_many = {"fields": [{"name": "plan", "equals": "gold"}]}
    assert await refused(client, PEOPLE, filter=too_many) == ("TOO_MANY_TO_SORT", ["filter", "fields"])
    save = """mutation($filter: ListFilter!) { saveFilter(name: "Left", filter: $filter) {
      savedFilter { count } errors { code } } }"""
    saved = await client.do(save, "savedFilter", filter={"people": {"groupId": group, "bounced": True}})
    assert saved == {"count": 1}
