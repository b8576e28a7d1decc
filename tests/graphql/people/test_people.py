"""Pages of people."""

from tests import story
from tests.client import Client


async def test_pages_give_each_row_once(client: Client) -> None:
    wanted = [await story.person(client, f"p{number}@example.com") for number in range(7)]
    found: list[str] = []
    after, more = None, True
    while more:
        query = """query($after: String) {
          people(first: 3, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"""
        page = (await client.ask(query, after=after))["people"]
        found += [node["id"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert found == wanted
