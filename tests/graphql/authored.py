"""Campaigns and launches for the tests of what clients read."""

from typing import Any

from tests import story
from tests.client import Client


async def author(client: Client, *steps: dict[str, Any], zone: str = "Europe/Berlin", **settings: Any) -> str:
    """Author a campaign of these steps; emails get a template."""
    template = await story.template(client)
    campaign = await story.campaign(client, await story.sender(client, zone=zone), **settings)
    for content in steps:
        email = {"type": "EMAIL", "templateId": template} if "sendOption" in content else {"type": "CALL"}
        await story.step(client, campaign, **email, **content)
    return campaign


async def launch(client: Client, campaign: str, person: str, **given: Any) -> str:
    """Launch for one person and return the enrollment."""
    chosen = {"campaignId": campaign, "personIds": [person]} | given
    return (await client.do(story.LAUNCH, "enrollments", input=chosen))[0]["id"]


AT = {"day": 1, "sendOption": "at_time", "config": {"at": "09:30"}}


BY_HAND = {"day": 1, "sendOption": "task"}
