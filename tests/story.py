"""The mutations that most tests need: author a campaign, and launch it."""

from typing import Any

from tests.client import Client

ERRORS = "errors { code message path }"
SENDER = f"mutation($input: SenderInput!) {{ createSender(input: $input) {{ sender {{ id }} {ERRORS} }} }}"
PERSON = f"mutation($input: PersonInput!) {{ createPerson(input: $input) {{ person {{ id }} {ERRORS} }} }}"
TEMPLATE = f"mutation($input: TemplateInput!) {{ createTemplate(input: $input) {{ template {{ id }} {ERRORS} }} }}"
CAMPAIGN = f"mutation($input: CampaignInput!) {{ createCampaign(input: $input) {{ campaign {{ id }} {ERRORS} }} }}"
ADD_STEP = f"""mutation($campaign: ID!, $input: StepInput!) {{
  addStep(campaignId: $campaign, input: $input) {{ step {{ id number }} {ERRORS} }} }}"""
LAUNCH = f"mutation($input: LaunchInput!) {{ launch(input: $input) {{ enrollments {{ id }} {ERRORS} }} }}"
ADVANCE = f"mutation($to: DateTime!) {{ advanceClock(to: $to) {{ now dispatched {ERRORS} }} }}"
PROGRESS = """query($id: ID!) { enrollment(id: $id) { status endReason progress {
  step { id number } state
  email { id status reason plannedAt dueAt sentAt explanation { code sentence } }
  task { id status dueDate type explanation { code sentence } } } } }"""


async def sender(client: Client, **changes: Any) -> str:
    """Create a sender and return its id."""
    given = {"name": "Grace Hopper", "email": "grace@example.com", "zone": "Europe/Berlin", "channel": "record"}
    return (await client.do(SENDER, "sender", input=given | changes))["id"]


async def person(client: Client, email: str = "ada@example.com", **changes: Any) -> str:
    """Create a person and return the id."""
    given = {"email": email, "firstName": "Ada", "lastName": "Lovelace"}
    return (await client.do(PERSON, "person", input=given | changes))["id"]


async def template(client: Client, **changes: Any) -> str:
    """Create a template and return its id."""
    given = {"name": "Hello", "subject": "Hello {{ first_name }}", "html": "<p>Hi {{ first_name }}</p>"}
    return (await client.do(TEMPLATE, "template", input=given | changes))["id"]


async def campaign(client: Client, sender_id: str, **changes: Any) -> str:
    """Create a campaign and return its id."""
    return (await client.do(CAMPAIGN, "campaign", input={"name": "Spring", "senderId": sender_id} | changes))["id"]


async def step(client: Client, campaign_id: str, **content: Any) -> str:
    """Add a step and return its id."""
    return (await client.do(ADD_STEP, "step", campaign=campaign_id, input=content))["id"]


async def progress(client: Client, enrollment_id: str) -> dict[str, Any]:
    """Return one person's way through the campaign."""
    return (await client.ask(PROGRESS, id=enrollment_id))["enrollment"]
