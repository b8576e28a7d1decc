"""A client that says which version it has read overwrites nobody else's change of a campaign or template."""

import asyncio

import pytest

from tests import story
from tests.client import Client

ERRORS = "errors { code message path currentVersion }"
ANSWERS = {"c": f"campaign {{ version }} {ERRORS}", "s": f"step {{ id }} {ERRORS}", "t": f"template {{ id }} {ERRORS}"}
CHANGES = {
    "updateCampaign": '(id: "{campaign}", input: {{name: "New"}}, ifVersion: {version}) {{ {c} }}',
    "addStep": '(campaignId: "{campaign}", input: {{day: 5, type: CALL}}, ifVersion: {version}) {{ {s} }}',
    "changeStep": '(id: "{step}", input: {{name: "Hi"}}, ifVersion: {version}) {{ {s} }}',
    "moveStep": '(id: "{step}", day: 3, ifVersion: {version}) {{ {s} }}',
    "moveDay": '(campaignId: "{campaign}", day: 3, to: 4, ifVersion: {version}) {{ {c} }}',
    "removeDay": '(campaignId: "{campaign}", day: 5, ifVersion: {version}) {{ {c} }}',
    "removeStep": '(id: "{step}", ifVersion: {version}) {{ {c} }}',
    "updateTemplate": '(id: "{template}", input: {{name: "New"}}, ifVersion: {version}) {{ {t} }}',
}


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


async def test_each_change_raises_the_version_and_refuses_an_old_one(client: Client) -> None:
    sender, template = await story.sender(client), await story.template(client)
    campaign = await story.campaign(client, sender)
    step = await story.step(client, campaign, day=1, type="CALL")
    versions = {"campaign": 2, "template": 1}
    for name, call in CHANGES.items():
        kind = "template" if name == "updateTemplate" else "campaign"
        known = {"campaign": campaign, "step": step, "template": template, **ANSWERS}
        for version, refused in ((versions[kind] - 1, True), (versions[kind], False), (versions[kind], True)):
            given = call.format(version=version, **known)
            (payload,) = (await client.ask(f"mutation {{ {name}{given} }}")).values()
            present = versions[kind] if not refused or version < versions[kind] else versions[kind] + 1
            assert payload["errors"] == (
                [
                    {
                        "code": "VERSION_CONFLICT",
                        "message": f"This {kind} has been changed meanwhile: its version is {present}, not {version}. "
                        "Load it again.",
                        "path": ["ifVersion"],
                        "currentVersion": present,
                    }
                ]
                if refused
                else []
            ), name
        versions[kind] += 1
    found = await client.ask(f'{{ campaign(id: "{campaign}") {{ version status launchedAt finishedAt archivedAt }} }}')
    assert found["campaign"] == {
        "version": versions["campaign"], "status": "DRAFT", "launchedAt": None, "finishedAt": None, "archivedAt": None,
    }  # fmt: skip


async def test_one_of_two_clients_that_read_the_same_version_wins(client: Client) -> None:
    campaign = await story.campaign(client, await story.sender(client))
    call = 'mutation {{ updateCampaign(id: "{}", input: {{name: "{}"}}, ifVersion: 1) {{ {} }} }}'
    calls = [client.ask(call.format(campaign, name, "campaign { name version } errors { code }")) for name in "AB"]
    answers = [each["updateCampaign"] for each in await asyncio.gather(*calls)]
    assert sorted(error["code"] for each in answers for error in each["errors"]) == ["VERSION_CONFLICT"]
    (winner,) = [each["campaign"] for each in answers if each["campaign"]]
    found = await client.ask(f'{{ campaign(id: "{campaign}") {{ name version }} }}')
    assert found["campaign"] == winner == {"name": winner["name"], "version": 2}
