"""An email step has a template or content of its own. Both are rendered, quoted, edited and released alike."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from api.models import Campaign, Event, Send, Step, Task, Template
from api.services.campaigns.campaigns import add_step, change_step, create_campaign
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.templates.step_templates import save_step_as_template
from api.services.templates.templates import create_template
from plugins.contract import Outgoing
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import step
from tests.services.world import NOW, World, make_world

OWN = {"subject": "Hi {{ first_name | default: 'you' }}", "html": "<p>Own {{ email }}</p>"}
SOON = NOW + timedelta(seconds=10)


@pytest.fixture
async def world(database: str) -> World:
    """Two people who get an email and its follow-up, both due at the start."""
    return await make_world(2, day=1, follow_up=True)


def bodies(world: World) -> list[tuple[str, str, str]]:
    """Return the list in which subject, recipient and HTML of the world's emails arrive."""
    arrived: list[tuple[str, str, str]] = []

    async def arrives(outgoing: Outgoing) -> None:
        message = message_from_bytes(outgoing.message, policy=policy.default)
        body = message.get_body(("html",))
        assert body is not None
        arrived.append((message["Subject"], outgoing.recipient, body.get_content().strip()))

    world.channel.during = arrives
    return arrived


async def test_own_content_is_rendered_and_quoted_for_each_person(world: World) -> None:
    first, second, revision = await step(1), await step(2), (await Campaign.get()).revision
    await change_step(world.context, first.id, **OWN)
    await change_step(world.context, second.id, html="<p>And again</p>", text="And {{ email }}", subject=None)
    arrived = bodies(world)
    await world.tick()
    await world.tick(SOON)
    subjects = [subject for subject, *_ in arrived]
    assert subjects == ["Hi you", "Hi you", "Re: Hi you", "Re: Hi you"]
    assert sorted(html for *_, html in arrived[:2]) == ["<p>Own ada@example.com</p>", "<p>Own bob@example.com</p>"]
    for _, recipient, html in arrived[2:]:
        assert "<p>And again</p>" in html, "the follow-up's own content"
        assert f"<p>Own {recipient}</p>" in html, "the earlier step's content, for this person"
    edits = [event.data for event in await Event.filter(kind="CAMPAIGN_EDITED").order_by("id")]
    assert edits == [{"edit": "CHANGE_STEP", "step": 1}, {"edit": "CHANGE_STEP", "step": 2}]
    row = await Campaign.get()
    assert (row.revision, row.editing) == (revision, False), "no email moves"


async def test_a_prompt_in_own_content_stops_the_automatic_email(world: World) -> None:
    await change_step(world.context, (await step(1)).id, html="<p>{{! Introduce yourself }}</p>")
    await world.tick()
    failed = await Send.filter(step__number=1)
    assert {(send.status, send.reason) for send in failed} == {("FAILED", "FIELD_PROMPT_LEFT")}


@pytest.mark.parametrize("own_first", [False, True])
async def test_emails_that_are_claimed_follow_the_change(world: World, own_first: bool) -> None:
    """The first email is about to be sent when the content changes, from a template to own content or back."""
    first = await step(1)
    template = first.template_id
    if own_first:
        await change_step(world.context, first.id, html="<p>before</p>")
    arrived, todo = bodies(world), [True]

    async def changes(_: Outgoing) -> None:
        if todo:
            todo.clear()
            await change_step(world.context, first.id, **({"template_id": template} if own_first else OWN))

    world.channel.before = changes
    await world.tick()
    await world.tick(SOON)
    await world.tick(SOON + timedelta(seconds=10))
    assert len(arrived) == 4
    texts = {html.split("<")[1] + html.split(">")[1] for *_, html in arrived[:2]}
    assert all(("<p>x</p>" if own_first else "<p>Own ") in html for *_, html in arrived), texts


async def test_a_step_changes_between_template_and_own_content(world: World) -> None:
    template = await Template.get()
    changed = await change_step(world.context, (await step(1)).id, html="<p>own</p>")
    assert (changed.template_id, changed.subject, changed.html) == (None, template.subject, "<p>own</p>")
    changed = await change_step(world.context, changed.id, subject="Mine", text="Plain")
    assert (changed.subject, changed.html, changed.text) == ("Mine", "<p>own</p>", "Plain")
    copy = await save_step_as_template(world.context, changed.id, name="Saved")
    assert (copy.subject, copy.html, copy.text, copy.transactional) == ("Mine", "<p>own</p>", "Plain", False)
    assert (await step(1)).template_id is None, "the step stays as it is"
    changed = await change_step(world.context, changed.id, template_id=copy.id)
    assert (changed.template_id, changed.subject, changed.html, changed.text) == (copy.id, None, None, None)
    changed = await change_step(world.context, changed.id, subject="Other")
    again = await save_step_as_template(world.context, changed.id, name="Again")
    assert (again.subject, again.html, again.text) == ("Other", "<p>own</p>", "Plain")
    changed = await change_step(world.context, changed.id, html="<p>new</p>")
    assert (changed.subject, changed.text) == ("Other", None)
    assert await Template.all().count() == 3


@on_sqlite
async def test_what_is_refused(world: World) -> None:
    first, template = await step(1), await Template.get()
    call = await add_step(world.context, (await Campaign.get()).id, day=5, step_type=StepType.CALL)
    silent = await create_template(world.context, name="Silent", html="<p>x</p>")
    before = await Step.all().order_by("id").values()
    for row, changes, expected in (
        (first, {"template_id": template.id, "html": "<p>x</p>"}, ("CONTENT_AMBIGUOUS", "html")),
        (first, {"template_id": template.id, "text": "x"}, ("CONTENT_AMBIGUOUS", "text")),
        (first, {"text": "x"}, ("CONTENT_AMBIGUOUS", "text")),
        (first, {"template_id": None}, ("TEMPLATE_REQUIRED", "templateId")),
        (first, {"template_id": None, "html": None}, ("TEMPLATE_REQUIRED", "templateId")),
        (first, {"html": "  "}, ("REQUIRED", "html")),
        (first, {"html": "<script>x</script>"}, ("REQUIRED", "html")),
        (first, {"html": "<p>{{ x | no_such }}</p>"}, ("INVALID_TEMPLATE", "html")),
        (first, {"html": "<p>x</p>", "text": "{% if %}"}, ("INVALID_TEMPLATE", "text")),
        (first, {"html": "<p>x</p>", "subject": "a\nb"}, ("INVALID_TEXT", "subject")),
        (first, {"html": "<p>x</p>", "subject": ""}, ("SUBJECT_REQUIRED", "subject")),
        (first, {"template_id": silent.id}, ("SUBJECT_REQUIRED", "subject")),
        (call, {"html": "<p>x</p>"}, ("TEMPLATE_NOT_AVAILABLE", "html")),
        (call, {"text": "x"}, ("TEMPLATE_NOT_AVAILABLE", "text")),
        (call, {"template_id": template.id}, ("TEMPLATE_NOT_AVAILABLE", "templateId")),
    ):
        with pytest.raises(Refusal) as refused:
            await change_step(world.context, row.id, **changes)
        assert (refused.value.code, refused.value.path) == (expected[0], (expected[1],)), changes
    with pytest.raises(Refusal) as refused:
        await save_step_as_template(world.context, call.id, name="x")
    assert (refused.value.code, refused.value.path) == ("NOT_AN_EMAIL_STEP", ("stepId",))
    assert await Step.all().order_by("id").values() == before


@on_sqlite
async def test_a_type_changes_freely_until_the_first_launch(world: World) -> None:
    campaign = await create_campaign(world.context, name="Draft", sender_id=(await Campaign.get()).sender_id)
    made = await add_step(world.context, campaign.id, day=1, step_type=StepType.CALL, notes="Talk")
    with pytest.raises(Refusal) as refused:
        await change_step(world.context, made.id, type=StepType.EMAIL)
    assert refused.value.code == "TEMPLATE_REQUIRED"
    at = {"send_option": "at_time", "config": {"at": "09:30"}}
    made = await change_step(world.context, made.id, type=StepType.EMAIL, **at, **OWN)
    assert (made.type, made.html, made.notes, made.config) == (StepType.EMAIL, OWN["html"], "Talk", at["config"])
    follow_up = await add_step(
        world.context, campaign.id, day=2, step_type=StepType.EMAIL, follow_up=True, html="<p>x</p>", **at
    )
    with pytest.raises(Refusal) as refused:  # the next step follows this email
        await change_step(world.context, made.id, type=StepType.CALL)
    assert (refused.value.code, refused.value.message[:7]) == ("FOLLOW_UP_NOT_AVAILABLE", "Step 2:")
    await change_step(world.context, follow_up.id, type=StepType.INMAIL)
    made = await change_step(world.context, made.id, type=StepType.CALL)
    assert (made.type, made.html, made.subject, made.send_option, made.config) == (StepType.CALL, None, None, None, {})


async def test_a_type_is_fixed_after_the_first_launch_but_for_tasks(world: World) -> None:
    row = await Campaign.get()
    await change_step(world.context, (await step(2)).id, follow_up=False)
    call = await add_step(world.context, row.id, day=1, step_type=StepType.CALL, notes="Talk")
    person = await create_person(world.context, "new@example.com")
    await launch(world.context, row.id, [person.id], Choice("NOW"), {})
    for number, kind, told in (
        (1, StepType.CALL, "Its first step stays an email or a task"),
        (2, StepType.CUSTOM, "remove this step and add the new one in one edit"),
    ):
        with pytest.raises(Refusal) as refused:
            await change_step(world.context, (await step(number)).id, type=kind)
        assert (refused.value.code, refused.value.path) == ("STEP_TYPE_FIXED", ("type",))
        assert told in refused.value.message
    with pytest.raises(Refusal) as refused:
        at = {"send_option": "at_time", "config": {"at": "09:30"}}
        await change_step(world.context, call.id, type=StepType.EMAIL, **at, **OWN)
    assert refused.value.code == "STEP_TYPE_FIXED"
    assert {task.type for task in await Task.all()} == {StepType.CALL}
    tasks = await Task.all().count()
    await change_step(world.context, call.id, type=StepType.INMAIL)
    assert {task.type for task in await Task.all()} == {StepType.INMAIL}
    assert await Task.all().count() == tasks > 0
