"""Which send options a client is offered for a step."""

from typing import Any

from tests.client import Client
from tests.graphql.authored import AT, author

OFFERS = """query($id: ID!, $day: Int!, $position: Int) {
  sendOptions(campaignId: $id, day: $day, position: $position) { key available reasonCode warning }
  followUp(campaignId: $id, day: $day, position: $position) { available } }"""


async def test_what_is_offered_where(client: Client) -> None:
    campaign = await author(client, AT, {"day": 2})

    async def offered(day: int, position: int | None = None) -> tuple[dict[str, Any], bool]:
        answer = await client.ask(OFFERS, id=campaign, day=day, position=position)
        found = {offer["key"]: offer["reasonCode"] or offer["available"] for offer in answer["sendOptions"]}
        return found, answer["followUp"]["available"]

    no, yes = "SEND_OPTION_NOT_AVAILABLE", True
    first = {"choose_at_launch": yes, "at_time": yes, "task": yes, "same_time_as_previous": no}
    later = {"choose_at_launch": no, "at_time": yes, "task": yes, "same_time_as_previous": yes}
    assert await offered(1, 1) == (first, False)
    assert await offered(1) == (later, True)
    assert await offered(2) == (later, False)
    assert await offered(2, 1) == (later, True)
