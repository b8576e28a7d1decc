"""Warnings beside what the mutations of authoring answer."""

from typing import Any

from tests import story
from tests.client import Client

WARNINGS = "warnings { code values } errors { code }"
ADD = f"""mutation($campaign: ID!, $input: StepInput!) {{
  addStep(campaignId: $campaign, input: $input) {{ step {{ id }} {WARNINGS} }} }}"""
MOVE = f"mutation($id: ID!, $day: Int!) {{ moveStep(id: $id, day: $day) {{ step {{ id }} {WARNINGS} }} }}"
REMOVE = f"mutation($id: ID!) {{ removeStep(id: $id) {{ campaign {{ id }} {WARNINGS} }} }}"
MOVE_DAY = f"""mutation($campaign: ID!, $day: Int!, $to: Int!) {{
  moveDay(campaignId: $campaign, day: $day, to: $to) {{ campaign {{ id }} {WARNINGS} }} }}"""
SAME_TIME = {"type": "EMAIL", "sendOption": "same_time_as_previous"}


def at(wall: str) -> dict[str, Any]:
    return {"type": "EMAIL", "sendOption": "at_time", "config": {"at": wall}}


async def told(client: Client, mutation: str, **variables: Any) -> tuple[str, list[tuple[str, Any]]]:
    """Return the id of the step or campaign, and the warnings' codes with the steps that they name."""
    ((_, payload),) = (await client.ask(mutation, **variables)).items()
    assert payload["errors"] == []
    row = payload.get("step") or payload.get("campaign")
    return row["id"], [(each["code"], each["values"]["step"]) for each in payload["warnings"]]


async def test_saving_a_step_warns_of_its_send_option(client: Client) -> None:
    campaign, template = await story.campaign(client, await story.sender(client)), await story.template(client)
    first = {"day": 1, "templateId": template} | at("09:30")
    assert (await told(client, ADD, campaign=campaign, input=first))[1] == []
    same = {"day": 1, "templateId": template} | SAME_TIME
    step, warned = await told(client, ADD, campaign=campaign, input=same)
    assert warned == [("IMMEDIATE_ON_DAY_1", 2)]
    assert (await told(client, ADD, campaign=campaign, input=first | {"day": 2}))[1] == [], "it is about another step"
    assert (await told(client, MOVE, id=step, day=3))[1] == []
    other, warned = await told(client, MOVE, id=step, day=1)
    assert (other, warned) == (step, [("IMMEDIATE_ON_DAY_1", 2)])
    row, warned = await told(client, MOVE_DAY, campaign=campaign, day=2, to=4)
    assert (row, warned) == (campaign, [("IMMEDIATE_ON_DAY_1", 2)]), "a campaign tells of all its steps"
    assert (await told(client, REMOVE, id=step))[1] == []
    refused = await client.ask(ADD, campaign=campaign, input=same | {"day": 0})
    assert (refused["addStep"]["warnings"], len(refused["addStep"]["errors"])) == ([], 1)
