"""Two workspaces with a row of every kind, what a test asks of them, and what is written in them."""

from typing import Any, NamedTuple

from api.models import (
    Campaign,
    Category,
    Enrollment,
    Event,
    PeopleImport,
    Person,
    Send,
    Sender,
    Step,
    Task,
    Template,
    Workspace,
)
from api.store.engine.database import is_postgres
from tests import story
from tests.client import Client
from tests.services.copied_rows import CopiedRows, copy_rows, primary_keys

TABLES = (Campaign, Category, Enrollment, Event, PeopleImport, Person, Send, Sender, Step, Task, Template, Workspace)
E = story.ERRORS
MUTATIONS = {
    "createPerson": story.PERSON,
    "updatePerson": f"mutation($id: ID!, $input: PersonChanges!) {{ updatePerson(id: $id, input: $input) {{ {E} }} }}",
    "importPeople": f"mutation($csv: String!) {{ importPeople(csv: $csv) {{ {E} }} }}",
    "createSender": story.SENDER,
    "updateSender": f"mutation($id: ID!, $input: SenderChanges!) {{ updateSender(id: $id, input: $input) {{ {E} }} }}",
    "createTemplate": story.TEMPLATE,
    "updateTemplate": f"""mutation($id: ID!, $input: TemplateChanges!) {{
        updateTemplate(id: $id, input: $input) {{ {E} }} }}""",
    "createCategory": f"mutation($name: String!) {{ createCategory(name: $name) {{ {E} }} }}",
    "createCampaign": story.CAMPAIGN,
    "updateCampaign": f"""mutation($id: ID!, $input: CampaignChanges!) {{
        updateCampaign(id: $id, input: $input) {{ {E} }} }}""",
    "addStep": story.ADD_STEP,
    "changeStep": f"mutation($id: ID!, $input: StepChanges!) {{ changeStep(id: $id, input: $input) {{ {E} }} }}",
    "moveStep": f"mutation($id: ID!, $day: Int!, $p: Int) {{ moveStep(id: $id, day: $day, position: $p) {{ {E} }} }}",
    "removeStep": f"mutation($id: ID!) {{ removeStep(id: $id) {{ {E} }} }}",
    "moveDay": f"mutation($id: ID!, $to: Int!) {{ moveDay(campaignId: $id, day: 1, to: $to) {{ {E} }} }}",
    "removeDay": f"mutation($id: ID!, $day: Int!) {{ removeDay(campaignId: $id, day: $day) {{ {E} }} }}",
    "launch": story.LAUNCH,
    "skipTask": f"mutation($id: ID!) {{ skipTask(id: $id) {{ {E} }} }}",
    "completeTask": f"mutation($id: ID!) {{ completeTask(id: $id) {{ {E} }} }}",
    "sendTask": f"""mutation($id: ID!, $subject: String, $html: String, $at: DateTime) {{
        sendTask(id: $id, subject: $subject, html: $html, at: $at) {{ {E} }} }}""",
    "retrySend": f"mutation($id: ID!) {{ retrySend(id: $id) {{ {E} }} }}",
    "archiveEmail": f"mutation($id: ID!) {{ archiveEmail(id: $id) {{ {E} }} }}",
    "resolveInDoubt": f"mutation($id: ID!) {{ resolveInDoubt(id: $id, resolution: SENT) {{ {E} }} }}",
    "endEnrollment": f"mutation($id: ID!) {{ endEnrollment(id: $id) {{ {E} }} }}",
    "recordReply": f"mutation($id: ID!) {{ recordReply(enrollmentId: $id) {{ {E} }} }}",
    "recordBounce": f"""mutation($id: ID!, $email: ID, $detail: String) {{
        recordBounce(enrollmentId: $id, emailId: $email, detail: $detail) {{ {E} }} }}""",
    "clearBounce": f"mutation($id: ID!) {{ clearBounce(personId: $id) {{ {E} }} }}",
    "unsubscribe": f"mutation($id: ID!) {{ unsubscribe(personId: $id) {{ {E} }} }}",
    "endCampaign": f"mutation($id: ID!) {{ endCampaign(id: $id) {{ {E} }} }}",
    "advanceClock": story.ADVANCE,
    "setBlockedDomains": f"mutation($domains: [String!]!) {{ setBlockedDomains(domains: $domains) {{ {E} }} }}",
}


class _Filled(NamedTuple):
    """What filled two workspaces."""

    before: list[tuple[str, str]]
    """The tables and primary keys of the rows that were there before."""
    rows: CopiedRows
    ids: dict[str, str]


_filled: dict[bool, _Filled] = {}
"""What this process has filled workspaces with, on SQLite and on PostgreSQL. To copy it takes a tenth of the time."""


async def ids(client: Client, stranger: Client) -> dict[str, str]:
    """Fill both workspaces of the open database and return the ids that the cases name."""
    if client.workspace.id > stranger.workspace.id:
        return await fill(client, stranger)
    before, kept = await primary_keys(), _filled.get(is_postgres())
    if kept is None:
        made = await fill(client, stranger)
        _filled[is_postgres()] = _Filled(before, await copy_rows(before), made)
        return made
    if [table for table, _ in kept.before] != [table for table, _ in before]:
        return await fill(client, stranger)
    known = {old: new for (_, old), (_, new) in zip(kept.before, before, strict=True)}
    renewed = known | await kept.rows.insert(known)
    return {name: renewed[id_] for name, id_ in kept.ids.items()}


async def fill(client: Client, stranger: Client) -> dict[str, str]:
    """Fill both workspaces by requests, also those of a server in another process. Returns the ids."""
    sender, template = await story.sender(client), await story.template(client)
    known = {"$sender": sender, "$template": template, "$person": await story.person(client)}
    known["$campaign"] = await story.campaign(client, sender)
    at = {"day": 1, "type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}, "templateId": template}
    known["$step"] = await story.step(client, known["$campaign"], **at)
    known["$empty"] = await story.campaign(client, sender)
    known["$afterCall"] = await story.campaign(client, sender)
    await story.step(client, known["$afterCall"], day=1, type="CALL")
    known["$asks"] = await story.campaign(client, sender)
    await story.step(client, known["$asks"], day=1, type="EMAIL", sendOption="choose_at_launch", templateId=template)
    known["$gone"] = await story.person(client, "gone@example.com")
    await client.do(MUTATIONS["unsubscribe"], "errors", id=known["$gone"])
    known["$running"] = await story.campaign(client, sender)
    await story.step(client, known["$running"], **at)
    await story.step(client, known["$running"], day=2, type="EMAIL", sendOption="task", templateId=template)
    other = await story.campaign(client, sender)
    await story.step(client, other, day=1, type="CALL")
    worker = await story.person(client, "worker@example.com")
    for campaign in (known["$running"], other):
        given = {"campaignId": campaign, "personIds": [worker]}
        enrollment = (await client.do(story.LAUNCH, "enrollments", input=given))[0]["id"]
        steps = (await story.progress(client, enrollment))["progress"]
        if campaign == other:
            known["$callTask"] = steps[0]["task"]["id"]
        else:
            known |= {"$enrollment": enrollment, "$email": steps[0]["email"]["id"]}
            known["$emailTask"] = steps[1]["task"]["id"]
    known["$worker"] = worker
    known["$foreign"] = await story.person(stranger)
    known["$foreignCampaign"] = await story.campaign(stranger, await story.sender(stranger))
    return known


def filled(value: Any, known: dict[str, str]) -> Any:
    """Put the ids where a case names them."""
    if isinstance(value, dict):
        return {key: filled(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    return known.get(value, value) if isinstance(value, str) else value


async def rows() -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table."""
    return {table.__name__: await table.all().order_by("id").values() for table in TABLES}


async def refused(client: Client, mutation: str, variables: dict[str, Any]) -> tuple[str, list[str], str]:
    """Return code, path and sentence of the one error with which a mutation is refused."""
    answer = await client.raw(MUTATIONS[mutation], variables)
    errors = ((answer.get("data") or {}).get(mutation) or {}).get("errors") or answer.get("errors")
    assert len(errors or []) == 1, f"{mutation} {variables}: {answer}"
    told = errors[0].get("extensions") or errors[0]
    return told.get("code", ""), told.get("path", []), errors[0]["message"]


def named(given: dict[str, str]) -> dict[str, str]:
    """Name the ids after the arguments that take them."""
    return {
        "campaignId": given["$campaign"],
        "personIds": given["$person"],
        "personId": given["$person"],
        "senderId": given["$sender"],
        "templateId": given["$template"],
        "enrollmentId": given["$enrollment"],
        "emailId": given["$email"],
        **{
            name: given[f"${name}"]
            for name in ("template", "sender", "person", "campaign", "step", "emailTask", "email", "enrollment")
        },
        "zone": "Europe/Berlin",
        "channel": "record",
        "csv": "email\na@example.com",
        "domains": "example.org",
    }
