"""Run by the test in a process that sees the partner's package: author, launch and explain through GraphQL."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

from plugins.loading.manager import load
from tests import story
from tests.client import new_client, serving

OPTIONS = """query($id: ID!) { sendOptions(campaignId: $id, day: 3) {
  key label(language: "de") available package configSchema } }"""


async def main(database_url: str) -> dict[str, Any]:
    """Return what the test looks at."""
    installed = load({})
    told: dict[str, Any] = {"broken": [[broken.distribution, broken.error] for broken in installed.broken]}
    async with serving(database_url) as http:
        client = await new_client(http, datetime(2026, 3, 2, 7, 0, tzinfo=UTC))
        template, person = await story.template(client), await story.person(client)
        campaign = await story.campaign(client, await story.sender(client))
        email = {"type": "EMAIL", "templateId": template}
        partner = email | {"sendOption": "business_hours"}
        refused = []
        for content in (
            partner | {"day": 1, "config": {"opens": "08:00"}},
            partner | {"day": 1, "config": {"opens": "8 o'clock"}},
        ):
            answer = await client.raw(story.ADD_STEP, {"campaign": campaign, "input": content})
            refused.append(answer["data"]["addStep"]["errors"][0])
        told["refused"] = [[error["code"], error["path"]] for error in refused]
        await story.step(client, campaign, day=1, sendOption="at_time", config={"at": "09:30"}, **email)
        told["offers"] = (await client.ask(OPTIONS, id=campaign))["sendOptions"]
        week = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
        every_day = partner | {"day": 3, "config": {"opens": "08:00", "avoid": week}}
        answer = await client.raw(story.ADD_STEP, {"campaign": campaign, "input": every_day})
        told["own_check"] = answer["data"]["addStep"]["errors"][0]
        await story.step(client, campaign, day=3, config={"opens": "08:00", "avoid": ["WEDNESDAY"]}, **partner)
        await story.step(client, campaign, day=7, sendOption="same_time_as_previous", **email)
        given = {"campaignId": campaign, "personIds": [person]}
        enrollment = (await client.do(story.LAUNCH, "enrollments", input=given))[0]["id"]
        told["steps"] = (await story.progress(client, enrollment))["progress"]
    return told


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1]))))
