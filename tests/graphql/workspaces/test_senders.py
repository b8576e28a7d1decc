"""Throttles, caps, pauses and resends, as GraphQL takes and shows them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from api.models import AccountPause
from tests import story
from tests.client import Client, new_client

UPDATE = f"""mutation($id: ID!, $input: SenderChanges!) {{ updateSender(id: $id, input: $input) {{
  sender {{ throttle {{ emails seconds }} dailyCap }} {story.ERRORS} }} }}"""
SENDERS = (
    "{ senders { nodes { id throttle { emails seconds } dailyCap accountPause { code detail until failures } } } }"
)


async def test_a_throttle_is_set_kept_and_removed(client: Client) -> None:
    sender = await story.sender(client, throttle={"emails": 25, "seconds": 45}, dailyCap=2000)
    kept = await client.do(UPDATE, "sender", id=sender, input={"name": "Grace"})
    assert kept == {"throttle": {"emails": 25, "seconds": 45}, "dailyCap": 2000}
    removed = await client.do(UPDATE, "sender", id=sender, input={"throttle": None, "dailyCap": None})
    assert removed == {"throttle": None, "dailyCap": None}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"throttle": {"emails": 0, "seconds": 45}}, ["throttle", "emails"]),
        ({"throttle": {"emails": 1, "seconds": 90_000}}, ["throttle", "seconds"]),
        ({"dailyCap": -1}, ["dailyCap"]),
    ],
)
async def test_a_throttle_that_makes_no_sense_is_refused(
    client: Client, changes: dict[str, Any], path: list[str]
) -> None:
    sender = await story.sender(client, dailyCap=5)
    answer = await client.ask(UPDATE, id=sender, input=changes)
    (error,) = answer["updateSender"]["errors"]
    assert (error["code"], error["path"]) == ("INVALID_THROTTLE", path)
    assert answer["updateSender"]["sender"] is None
    assert (await client.ask(SENDERS))["senders"]["nodes"][0]["dailyCap"] == 5


async def test_an_address_in_other_letters_is_the_same_sender(client: Client) -> None:
    first = await story.sender(client, email="ann@acme.example.com", dailyCap=5)
    create = (
        f"""mutation($input: SenderInput!) {{ createSender(input: $input) {{ sender {{ id }} {story.ERRORS} }} }}"""
    )
    again = {"name": "Ann", "email": "ANN@Acme.Example.com", "zone": "UTC"}
    (error,) = (await client.ask(create, input=again))["createSender"]["errors"]
    assert (error["code"], error["path"]) == ("SENDER_EXISTS", ["email"])
    assert await client.do(UPDATE, "sender", id=first, input={"email": "Ann@acme.example.com"}), "its own may change"


async def test_a_sender_shows_why_its_account_waits(http: Any) -> None:
    client = await new_client(http, datetime(2026, 3, 2, tzinfo=UTC), sandbox=False)
    await story.sender(client, channel="smtp", channelConfig={"account": "SALES"})
    until = datetime(2199, 3, 2, 9, tzinfo=UTC)
    await AccountPause.create(account="smtp:SALES", until=until, code="LOGIN_REFUSED", detail="535 no", failures=2)
    (sender,) = (await client.ask(SENDERS))["senders"]["nodes"]
    pause = sender["accountPause"]
    assert (pause["code"], pause["detail"], pause["failures"]) == ("LOGIN_REFUSED", "535 no", 2)
    assert datetime.fromisoformat(pause["until"]) == until
    await AccountPause.all().update(until=datetime(2026, 3, 2, tzinfo=UTC))
    (shown,) = (await client.ask(SENDERS))["senders"]["nodes"]
    assert shown["accountPause"] is None, "it is over"
    await AccountPause.all().update(until=until)
    end = f"mutation($id: ID!) {{ endAccountPause(id: $id) {{ sender {{ accountPause {{ code }} }} {story.ERRORS} }} }}"
    assert (await client.do(end, "sender", id=sender["id"]))["accountPause"] is None
    assert await AccountPause.all().count() == 0
    (error,) = (await client.ask(end, id="sdr_nobody"))["endAccountPause"]["errors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["id"])


async def test_a_campaign_says_how_often_a_doubt_is_resent(client: Client) -> None:
    sender = await story.sender(client)
    campaign = await story.campaign(client, sender, inDoubtResends=1)
    query = "query($id: ID!) { campaign(id: $id) { inDoubtResends } }"
    assert (await client.ask(query, id=campaign))["campaign"]["inDoubtResends"] == 1
    change = f"""mutation($id: ID!, $times: Int) {{ updateCampaign(id: $id, input: {{inDoubtResends: $times}}) {{
      campaign {{ inDoubtResends }} {story.ERRORS} }} }}"""
    (error,) = (await client.ask(change, id=campaign, times=6))["updateCampaign"]["errors"]
    assert (error["code"], error["path"]) == ("INVALID_RESENDS", ["inDoubtResends"])
