"""Every statement that a GraphQL query runs finds its rows by an index, in the order in which it returns them.

So its cost depends on what it returns, not on the size of the tables. The documents come from the schema: a new list or
filter is checked as soon as it exists.
"""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument

from api.graphql.schema import schema
from api.ids import first_id
from api.models import Campaign, Event, Person
from api.store.engine.database import is_postgres
from api.store.people import person_facts
from benchmarks.list_queries import queries
from benchmarks.lists import client_of
from benchmarks.populated import Size, populate, refresh_statistics
from benchmarks.populated_lists import populate_lists
from tests.store.plans import index_conditions, problems, recorded

DEPTH = 3
SIZE = Size(20_000)


def selection(kind: GraphQLObjectType, depth: int) -> str:
    """Return a selection of all fields of a type that need no argument, so many levels deep."""
    return " ".join(filter(None, (_field(name, field, depth) for name, field in kind.fields.items())))


def _field(name: str, field: GraphQLField, depth: int) -> str:
    if any(is_required_argument(each) for each in field.args.values()):
        return ""
    page = "(first: 2)" if "first" in field.args else ""
    kind = get_named_type(field.type)
    if is_leaf_type(kind):
        return name + page
    if depth == 0 or not isinstance(kind, GraphQLObjectType):
        return ""
    inner = selection(kind, depth - 1)
    return f"{name}{page} {{ {inner} }}" if inner else ""


def documents() -> Iterator[str]:
    """Yield every list with all that it contains, and every list with each of its filters."""
    query = schema._schema.query_type
    assert query is not None
    for name, field in query.fields.items():
        if "first" in field.args:
            yield f"{{ {_field(name, field, DEPTH)} }}"
    for text in queries("a", SIZE).values():
        yield f"{{ {text} }}"


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a workspace of 20,000 emails, beside another workspace."""
    workspace = await populate(SIZE, "a")
    await populate_lists(SIZE, "a", workspace.id)
    await populate(Size(1_000), "b")
    await refresh_statistics()
    async with client_of(workspace) as found:
        yield found


async def test_no_query_scans_or_sorts_a_table_that_grows(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    wrong: dict[str, str] = {}
    checked = 0
    for document in documents():
        with recorded(caplog) as statements:
            answer = (await client.post("/graphql", json={"query": document})).json()
        assert "errors" not in answer, (document, answer["errors"])
        checked += len(statements)
        wrong |= dict.fromkeys(await problems(statements), document[:80])
    assert checked > 60
    assert wrong == {}


ONE_FACT = ["people replied", "people of a group", "people of an import"]


async def person_indexes(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, text: str) -> list[Any]:
    """Return the indexes by which a query finds people, each with its condition and statement."""
    with recorded(caplog) as statements:
        answer = (await client.post("/graphql", json={"query": f"{{ {text} }}"})).json()
    assert "errors" not in answer, answer["errors"]
    people = {statement: values for statement, values in statements.items() if "person" in statement}
    assert people
    return [(*each, statement) for statement, values in people.items()
            for each in await index_conditions(statement, values)]  # fmt: skip


@pytest.mark.parametrize("name", [*ONE_FACT, "people, replied"])
async def test_many_people_are_looked_up_one_by_one(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(person_facts, "FEW", 100)
    text = queries("a", SIZE)[name].replace("totalCount", "")
    by_name = text.replace("filter:", "orderBy: {field: LAST_NAME}, filter:")
    for index, condition, statement in await person_indexes(client, caplog, by_name):
        walked = "OFFSET" not in statement
        looked_up = index in {"person_pkey", "person_last_name"} or "person_id" in condition
        assert looked_up or not walked, (index, condition, statement)


@pytest.mark.parametrize("name", [*ONE_FACT, *(f"{each}, last page" for each in ONE_FACT)])
async def test_people_of_one_fact_are_read_in_their_order(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    text = queries("a", SIZE)[name].replace("totalCount", "")
    indexes = [index for index, _, _ in await person_indexes(client, caplog, text) if not index.endswith("_pkey")]
    assert set(indexes) <= {"person_replied_listed", "group_member_once", "imported_person_listed"}
    assert len(indexes) == is_postgres()


async def test_events_are_counted_in_their_order(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    """PostgreSQL otherwise reads the events of all workspaces, if it expects to find enough of one soon."""
    text = queries("a", SIZE)["events of a kind"]
    with recorded(caplog) as statements:
        answer = (await client.post("/graphql", json={"query": f"{{ {text} }}"})).json()
    assert "errors" not in answer, answer["errors"]
    counts = [each for each in statements if "count(*)" in each and '"event"' in each]
    assert counts
    assert all(each.count("ORDER BY position") == each.count('FROM "event"') for each in counts)


@pytest.mark.parametrize(
    "chosen", ["", "kinds: [EMAIL_SENT]", "kinds: [REPLIED, OTHER]", "campaignId: {}", "personId: {}"]
)
async def test_events_of_a_period_are_read_between_two_positions(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, chosen: str
) -> None:
    campaign, person = await Campaign.all().first(), await Person.all().first()
    assert campaign is not None
    assert person is not None
    about = campaign.id if chosen.startswith("campaignId") else person.id
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    await Event.bulk_create(
        Event(
            id=first_id("evt", begin + timedelta(minutes=number)),
            workspace_id=campaign.workspace_id,
            kind=("EMAIL_SENT", "REPLIED")[number % 2],
            at=begin,
            campaign_id=campaign.id,
            person_id=person.id,
            position=number + 1,
            data={},
        )
        for number in range(5_000)
    )
    await refresh_statistics()
    dates = 'createdFrom: "2026-03-03T00:00:00Z", createdBefore: "2026-03-03T01:00:00Z"'
    text = f"events(filter: {{{dates}, {chosen.format(json.dumps(about))}}}) {{ nodes {{ id }} totalCount }}"
    with recorded(caplog) as statements:
        answer = (await client.post("/graphql", json={"query": f"{{ {text} }}"})).json()
    assert answer["data"]["events"]["totalCount"] == (30 if "kinds" in chosen else 60)
    assert await problems(statements) == set()
    assert any("position >= " in each and "position <= " in each for each in statements)
