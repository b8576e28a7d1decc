"""Worked examples of the rules: one person's way through one campaign, through the public API, on both databases."""

from datetime import datetime
from typing import Any

import pytest

from plugins.testing.send_options.explanation_reader import evaluate
from tests import story
from tests.client import Client, new_client, serving

ON_TASK = {"send_task": "sendTask", "complete_task": "completeTask", "skip_task": "skipTask"}
ON_ENROLLMENT = {
    "reply": "recordReply(enrollmentId: $id)",
    "bounce": "recordBounce(enrollmentId: $id)",
    "remove": "endEnrollment(id: $id)",
}
EXPLAINED = """query($id: ID!) { enrollment(id: $id) { progress {
  email { plannedAt explanation { code values } } task { dueDate explanation { code values } } } } }"""
DONE = {"COMPLETED", "SKIPPED", "EXPIRED"}
PLANNED = {"SCHEDULED", "DEFERRED", "CLAIMED", "TRANSMITTING", "SENT", "BOUNCED"}


class RefusedError(Exception):
    """Authoring or launching answered an error."""


async def attempt(client: Client, mutation: str, of: str, **variables: Any) -> Any:
    """Do a mutation that the case may expect to be refused."""
    (payload,) = (await client.ask(mutation, **variables)).values()
    if payload["errors"]:
        raise RefusedError(payload["errors"][0]["code"])
    return payload[of]


async def author(client: Client, case: dict[str, Any]) -> str:
    """Author the campaign of a case."""
    sender = await story.sender(client, zone=case["sender_timezone"])
    template = await story.template(client)
    campaign = await story.campaign(client, sender, skipWeekends=case["skip_weekends"])
    for step in case["steps"]:
        content: dict[str, Any] = {"day": step["day"], "type": step["type"], "followUp": step.get("follow_up", False)}
        if step["type"] == "EMAIL":
            content |= {"sendOption": step["send_option"], "templateId": template}
            content["config"] = {"at": step["at"]} if "at" in step else {}
        await attempt(client, story.ADD_STEP, "step", campaign=campaign, input=content)
    return campaign


async def launch(client: Client, case: dict[str, Any], campaign: str, person: str) -> str:
    """Launch it for one person and return the enrollment."""
    chosen = case["launch"]
    given: dict[str, Any] = {"campaignId": campaign, "personIds": [person]}
    given["times"] = [{"step": number, "time": wall} for number, wall in chosen.get("times", {}).items()]
    if chosen.get("send_at") == "NOW":
        given["sendNow"] = True
    elif "send_at" in chosen:
        given["sendAt"] = chosen["send_at"]
    return (await attempt(client, story.LAUNCH, "enrollments", input=given))[0]["id"]


async def happen(client: Client, enrollment: str, person: str, event: dict[str, Any]) -> None:
    """Move the clock to an event, and let it happen."""
    await client.do(story.ADVANCE, "now", to=event["at"])
    if event["action"] in ON_TASK:
        steps = (await story.progress(client, enrollment))["progress"]
        task = steps[event["step"] - 1]["task"]["id"]
        mutation = f"mutation($id: ID!) {{ {ON_TASK[event['action']]}(id: $id) {{ {story.ERRORS} }} }}"
        await client.do(mutation, "errors", id=task)
    elif event["action"] == "unsubscribe":
        mutation = f"mutation($id: ID!) {{ unsubscribe(personId: $id) {{ {story.ERRORS} }} }}"
        await client.do(mutation, "errors", id=person)
    else:
        mutation = f"mutation($id: ID!) {{ {ON_ENROLLMENT[event['action']]} {{ {story.ERRORS} }} }}"
        await client.do(mutation, "errors", id=enrollment)


def outcome(step: dict[str, Any]) -> dict[str, Any]:
    """Say what became of a step in the words of the cases."""
    email, task = step["email"], step["task"]
    if task is not None:
        if task["status"] == "OPEN":
            return {"outcome": "TASK", "due": task["dueDate"]}
        return {"outcome": "TASK_DONE" if task["status"] in DONE else "CANCELLED"}
    if email is None:
        return {"outcome": step["state"]}
    if email["status"] in PLANNED:
        return {"outcome": "SEND", "at": datetime.fromisoformat(email["plannedAt"])}
    return {"outcome": "FAILED", "reason": email["reason"]}


def expected(item: dict[str, Any]) -> dict[str, Any]:
    """Return what a case expects of a step, comparable with ``outcome``."""
    wanted = {key: item[key] for key in ("outcome", "due", "reason") if key in item}
    if "due" in wanted:
        wanted["due"] = str(wanted["due"])
    return wanted | ({"at": datetime.fromisoformat(item["at"])} if "at" in item else {})


async def computed_again(client: Client, enrollment: str) -> None:
    """Compute every instant and due date from its explanation alone."""
    for step in (await client.ask(EXPLAINED, id=enrollment))["enrollment"]["progress"]:
        for row in filter(None, (step["email"], step["task"])):
            read = evaluate((note["code"], note["values"]) for note in row["explanation"])
            if row is step["task"]:
                assert read.due.isoformat() == row["dueDate"]
            else:
                assert read.instant == datetime.fromisoformat(row["plannedAt"])


async def written(client: Client) -> dict[str, int]:
    """Count what launching writes."""
    counts = await client.ask(
        "{ enrollments { totalCount } emails { totalCount } tasks { totalCount } events { totalCount } }"
    )
    return {name: count["totalCount"] for name, count in counts.items()}


async def test_case(case: dict[str, Any], database_url: str) -> None:
    async with serving(database_url) as http:
        client = await new_client(http, datetime.fromisoformat(case["launch"]["now"]))
        person = await story.person(client)
        before = await written(client)
        try:
            campaign = await author(client, case)
            enrollment = await launch(client, case, campaign, person)
        except RefusedError as refused:
            assert str(refused) == case.get("expect_error"), f"{case['name']}: refused with {refused}"
            assert await written(client) == before
            return
        if "expect_error" in case:
            pytest.fail(f"{case['name']}: expected {case['expect_error']}, but it was launched")
        for event in case.get("events", []):
            await happen(client, enrollment, person, event)
        steps = (await story.progress(client, enrollment))["progress"]
        await computed_again(client, enrollment)
        for item in case["expect"]:
            found = outcome(steps[item["step"] - 1])
            assert found == expected(item), f"{case['name']}, step {item['step']}: expected {item}, found {found}"
