"""Templates are archived and deleted, and say what uses them; categories are renamed and deleted when empty."""

from datetime import timedelta
from typing import Any

from api.models import Step, Template
from tests import story
from tests.client import Client

E = story.ERRORS
ARCHIVE = f"""mutation($id: ID!, $archived: Boolean = true, $version: Int) {{
  archiveTemplate(id: $id, archived: $archived, ifVersion: $version) {{ template {{ archivedAt version }} {E} }} }}"""
DELETE = f"mutation($id: ID!, $version: Int) {{ deleteTemplate(id: $id, ifVersion: $version) {{ deletedId {E} }} }}"
CHANGE = f"mutation($id: ID!, $input: StepChanges!) {{ changeStep(id: $id, input: $input) {{ {E} }} }}"
UPDATE = f"mutation($id: ID!, $input: TemplateChanges!) {{ updateTemplate(id: $id, input: $input) {{ {E} }} }}"
AT = {"type": "EMAIL", "sendOption": "at_time", "config": {"at": "09:30"}}


async def refused(client: Client, mutation: str, **variables: Any) -> tuple[str, str, list[str]]:
    ((payload),) = (await client.ask(mutation, **variables)).values()
    ((error),) = payload["errors"]
    return error["code"], error["message"], error["path"]


async def used_by(client: Client, template: str) -> list[str]:
    found = await client.ask(f'{{ node(id: "{template}") {{ ... on Template {{ usedBy {{ nodes {{ id }} }} }} }} }}')
    return [each["id"] for each in found["node"]["usedBy"]["nodes"]]


async def test_an_archived_template_is_kept_by_its_steps_and_used_by_no_other(client: Client) -> None:
    template, other = await story.template(client), await story.template(client, name="Other")
    campaign = await story.campaign(client, await story.sender(client))
    step = await story.step(client, campaign, day=1, templateId=template, **AT)
    second = await story.step(client, campaign, day=2, templateId=other, **AT)
    assert (await refused(client, ARCHIVE, id=template, version=2))[0] == "VERSION_CONFLICT"
    archived = await client.do(ARCHIVE, "template", id=template, version=1)
    assert (archived["archivedAt"] is not None, archived["version"]) == (True, 2)
    assert await client.do(ARCHIVE, "template", id=template) == archived, "a second time changes nothing"
    before = [await kind.all().order_by("id").values() for kind in (Step, Template)]
    assert (await refused(client, UPDATE, id=template, input={"name": "x"}))[0] == "TEMPLATE_ARCHIVED"
    added = {"day": 3, "templateId": template, **AT}
    edits = f"""mutation($id: ID!, $step: ID!, $template: ID!) {{ editSteps(campaignId: $id, edits: [
      {{remove: {{id: $step}}}}, {{change: {{id: "{second}", input: {{templateId: $template}}}}}}]) {{ {E} }} }}"""
    for mutation, variables, path in (
        (story.ADD_STEP, {"campaign": campaign, "input": added}, ["templateId"]),
        (CHANGE, {"id": second, "input": {"templateId": template}}, ["templateId"]),
        (edits, {"id": campaign, "step": step, "template": template}, ["edits", "1", "change", "templateId"]),
    ):
        found = await refused(client, mutation, **variables)
        assert (found[0], found[2]) == ("TEMPLATE_ARCHIVED", path)
    assert [await kind.all().order_by("id").values() for kind in (Step, Template)] == before
    await client.do(CHANGE, "errors", id=step, input={"name": "Renamed", "templateId": template})
    person = await story.person(client)
    await client.do(story.LAUNCH, "enrollments", input={"campaignId": campaign, "personIds": [person]})
    copy = await client.do(
        f"mutation($id: ID!) {{ duplicateCampaign(id: $id) {{ campaign {{ steps {{ id }} }} {E} }} }}",
        "campaign",
        id=campaign,
    )
    assert await used_by(client, template) == [step, copy["steps"][0]["id"]]
    lists = """{ kept: templates(filter: {archived: false}) { nodes { id } }
      archived: templates(filter: {archived: true}) { nodes { id } } all: templates { nodes { id } } }"""
    found_lists = {name: [row["id"] for row in page["nodes"]] for name, page in (await client.ask(lists)).items()}
    assert found_lists == {"kept": [other], "archived": [template], "all": [template, other]}
    back = await client.do(ARCHIVE, "template", id=template, archived=False)
    assert back == {"archivedAt": None, "version": 3}
    await client.do(CHANGE, "errors", id=second, input={"templateId": template})


async def test_only_an_unused_template_is_deleted(client: Client) -> None:
    template = await story.template(client)
    campaign = await story.campaign(client, await story.sender(client))
    step = await story.step(client, campaign, day=1, templateId=template, **AT)
    assert await refused(client, DELETE, id=template) == (
        "TEMPLATE_USED",
        "Steps that use this template: 1, in 'Spring'. Give them other content, or archive the template instead.",
        ["id"],
    )
    # A removed step does not count, if no email of it was sent.
    await client.do(f"mutation($id: ID!) {{ removeStep(id: $id) {{ {E} }} }}", "errors", id=step)
    assert (await refused(client, DELETE, id=template, version=5))[0] == "VERSION_CONFLICT"
    assert await client.do(DELETE, "deletedId", id=template, version=1) == template
    assert await Template.all().count() == 0
    assert (await refused(client, DELETE, id=template))[0] == "NOT_FOUND"
    # After an email was sent, the template stays, also when the step has gone.
    template = await story.template(client)
    step = await story.step(client, campaign, day=1, templateId=template, **AT)
    person = await story.person(client)
    launched = {"campaignId": campaign, "personIds": [person], "sendNow": True}
    await client.do(story.LAUNCH, "enrollments", input=launched)
    now = client.workspace.virtual_now
    assert now is not None
    await client.do(story.ADVANCE, "dispatched", to=(now + timedelta(days=2)).isoformat())
    await client.do(CHANGE, "errors", id=step, input={"html": "<p>Own</p>"})
    assert await used_by(client, template) == []
    assert (await refused(client, DELETE, id=template))[:2] == (
        "TEMPLATE_USED",
        "Emails were sent from this template, so it cannot be deleted. Archive it instead (`archiveTemplate`).",
    )
    unused = await story.template(client, name="Unused")
    for days, expected in ((-1, [unused]), (3, [template, unused])):
        since = (now + timedelta(days=days)).date().isoformat()
        page = await client.ask(f'{{ templates(filter: {{unusedSince: "{since}"}}) {{ nodes {{ id }} totalCount }} }}')
        assert [row["id"] for row in page["templates"]["nodes"]] == expected


async def test_a_category_is_deleted_when_it_is_empty(client: Client) -> None:
    create = f"mutation($name: String!) {{ createCategory(name: $name) {{ category {{ id }} {E} }} }}"
    rename = (
        f"mutation($id: ID!, $name: String!) {{ renameCategory(id: $id, name: $name) {{ category {{ name }} {E} }} }}"
    )
    delete = f"mutation($id: ID!) {{ deleteCategory(id: $id) {{ deletedId {E} }} }}"
    first, second = [(await client.do(create, "category", name=name))["id"] for name in ("First", "Second")]
    assert await client.do(rename, "category", id=first, name=" Other ") == {"name": "Other"}
    assert (await refused(client, rename, id=first, name="Second"))[::2] == ("CATEGORY_EXISTS", ["name"])
    template = await story.template(client, categoryId=first)
    campaign = await story.campaign(client, await story.sender(client), categoryId=first)
    assert await refused(client, delete, id=first) == (
        "CATEGORY_NOT_EMPTY",
        "This category is not empty. Templates: 1, campaigns: 1 (archived ones included). Move them to another "
        "category first.",
        ["id"],
    )
    await client.do(UPDATE, "errors", id=template, input={"categoryId": second})
    await client.do(f"mutation($id: ID!) {{ deleteCampaign(id: $id) {{ {E} }} }}", "errors", id=campaign)
    assert await client.do(delete, "deletedId", id=first) == first
    assert (await refused(client, delete, id=first))[0] == "NOT_FOUND"
    assert (await refused(client, delete, id=second))[0] == "CATEGORY_NOT_EMPTY"
