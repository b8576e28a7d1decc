"""The first emails that a rep writes at launch for single people: at once, in the background, and what is refused."""

from datetime import timedelta

import pytest

from api.models import Campaign, Enrollment, Launch, Send, Step, Template
from api.services.campaigns.campaigns import add_step, change_step, create_campaign
from api.services.launches.background.background_launch import cancel_launch, start_launch
from api.services.launches.launch import Choice, launch
from api.services.launches.preview.launch_preview import preview
from api.services.people.people import create_person
from api.services.tasks.composing import compose
from api.services.templates.template_inputs import WrittenText
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.sql import execute
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import content
from tests.services.dispatch.test_signatures import sent
from tests.services.jobs.claims import claim_launch, run_launch
from tests.services.world import NOW, World, make_world

NOW_OR = Choice("NOW")


@pytest.fixture
async def world(database: str) -> World:
    """A workspace with a campaign of its own: an email whose time the launch chooses, and its follow-up."""
    world = await make_world(1)
    await Send.all().delete()
    await Enrollment.all().delete()
    await Campaign.all().update(name="Other")
    made = await create_campaign(world.context, name="Own", sender_id=(await Campaign.get()).sender_id)
    email = await content()
    await add_step(world.context, made.id, day=1, send_option="choose_at_launch", **email)
    await add_step(world.context, made.id, day=1, send_option="same_time_as_previous", follow_up=True, **email)
    await Template.all().update(subject="Hi", html="<p>Template for {{ city }}</p>", text=None)
    return world


async def campaign() -> str:
    return (await Campaign.get(name="Own")).id


async def people(world: World, *names: str, **fields: object) -> list[str]:
    return [(await create_person(world.context, f"{name}@example.com", fields=fields)).id for name in names]


async def refusals(work: object) -> list[tuple[str, tuple[str, ...]]]:
    with pytest.raises(Refusal) as refused:
        await work  # type: ignore[misc]
    return [(each.code, tuple(each.path)) for each in refused.value.each]


async def test_the_first_email_is_sent_as_written_and_a_follow_up_quotes_the_template(world: World) -> None:
    zoe, max_ = await people(world, "zoe", "max", city="Rome")
    texts = {zoe: WrittenText("For {{ you }}", "<p>Dear {{ you }}<script>x</script></p>")}
    found = await preview(world.context, await campaign(), [zoe, max_], NOW_OR, {}, texts=texts)
    assert (len(found.people), found.refused, found.mistakes) == (2, [], [])
    assert await Enrollment.all().count() == 0
    await launch(world.context, await campaign(), [zoe, max_], NOW_OR, {}, texts=texts)
    first = await Send.get(person_id=zoe, step__number=1)
    assert (first.subject, first.html) == ("For {{ you }}", "<p>Dear {{ you }}</p>")
    others = await Send.exclude(id=first.id).values_list("subject", "html")
    assert set(others) == {(None, None)}
    mails = {text for text, _ in await sent(world)}
    assert "Dear {{ you }}\n" in mails
    assert "Template for Rome\n" in mails
    assert all("Dear" not in text for text in mails if "wrote:" in text)


@on_sqlite
async def test_a_text_alone_keeps_the_choices_for_everyone_and_missing_fields_do_not_count(world: World) -> None:
    (zoe,) = await people(world, "zoe")
    plain = await preview(world.context, await campaign(), [zoe], NOW_OR, {})
    written = await preview(
        world.context, await campaign(), [zoe], NOW_OR, {}, texts={zoe: WrittenText("x", "<p>y</p>")}
    )
    steps = [
        [note.values["step"] for note in each.people[0].warnings if note.code == "FIELD_WITHOUT_VALUE"]
        for each in (plain, written)
    ]
    assert steps == [[1, 2], [2]]


@on_sqlite
async def test_what_is_refused(world: World) -> None:
    zoe, max_ = await people(world, "zoe", "max")
    texts = {
        zoe: WrittenText("a\nb", "<p>{{! Say hello }}</p>"),
        max_: WrittenText(None, "<script>x</script>"),
        "per_none": WrittenText("x", None),
    }
    wrong = launch(world.context, await campaign(), [zoe, max_], NOW_OR, {}, texts=texts)
    assert await refusals(wrong) == [
        ("NOT_FOUND", ("perPerson", "per_none", "personId")),
        ("INVALID_TEXT", ("perPerson", zoe, "subject")),
        ("REQUIRED", ("perPerson", max_, "html")),
    ]
    prompt = {zoe: WrittenText("x", "<p>{{! Say&nbsp;hello }}</p>")}
    left = [("FIELD_PROMPT_LEFT", ("perPerson", zoe, "html"))]
    assert await refusals(launch(world.context, await campaign(), [zoe], NOW_OR, {}, texts=prompt)) == left
    tasks = await create_campaign(world.context, name="Tasks", sender_id=(await Campaign.first()).sender_id)  # type: ignore[union-attr]
    template = (await Template.first()).id  # type: ignore[union-attr]
    await add_step(world.context, tasks.id, day=1, send_option="task", step_type=StepType.EMAIL, template_id=template)
    good = {zoe: WrittenText("x", "<p>y</p>")}
    no_email = [("NO_FIRST_EMAIL", ("perPerson", zoe, "html"))]
    assert await refusals(launch(world.context, tasks.id, [zoe], Choice(), {}, texts=good)) == no_email
    begun = start_launch(world.context, tasks.id, [zoe], Choice(), texts=good)
    assert await refusals(begun) == [("NO_FIRST_EMAIL", ("firstEmails", zoe, "html"))]
    stranger = world.runtime.context(await create_workspace("Other", NOW))
    theirs = (await create_person(stranger, "x@example.com")).id
    for ids, key in (([zoe], max_), (None, theirs)):
        begun = start_launch(world.context, await campaign(), ids, NOW_OR, texts={key: WrittenText("x", None)})
        assert await refusals(begun) == [("NOT_FOUND", ("firstEmails", key, "personId"))]
    begun = start_launch(world.context, await campaign(), None, NOW_OR, texts={zoe: WrittenText(None, None)})
    assert await refusals(begun) == [("FIRST_EMAIL_NOT_WRITTEN", ("firstEmails", zoe, "html"))]
    assert await Enrollment.all().count() + await Launch.all().count() == 0


async def run(world: World) -> None:
    row = await claim_launch(NOW)
    assert row is not None
    await run_launch(row, world.runtime.context, lambda: NOW)


async def test_a_background_launch_gives_each_newcomer_their_text_once(world: World) -> None:
    zoe, max_, ann = await people(world, "zoe", "max", "ann")
    await launch(world.context, await campaign(), [ann], NOW_OR, {})
    texts = {zoe: WrittenText(None, "<p>For Zoe</p>"), ann: WrittenText("late", "<p>not for her</p>")}
    begun = await start_launch(world.context, await campaign(), [zoe, max_, ann], NOW_OR, texts=texts)
    assert begun.first_emails == 2
    await run(world)
    first = {send.person_id: (send.subject, send.html) for send in await Send.filter(step__number=1)}
    assert first == {zoe: (None, "<p>For Zoe</p>"), max_: (None, None), ann: (None, None)}
    assert set(await Send.filter(step__number=2).values_list("subject", "html")) == {(None, None)}
    assert list(await execute("SELECT id FROM first_email")) == []
    again = await start_launch(world.context, await campaign(), None, NOW_OR, texts={zoe: WrittenText("x", None)})
    await cancel_launch(world.context, again.id)
    assert list(await execute("SELECT id FROM first_email")) == []


async def test_a_first_step_that_becomes_a_task_has_the_text_as_its_draft(world: World) -> None:
    (zoe,) = await people(world, "zoe")
    texts = {zoe: WrittenText("For Zoe", "<p>Zoe</p>")}
    begun = await start_launch(world.context, await campaign(), [zoe], Choice(NOW + timedelta(days=2)), texts=texts)
    step = await Step.get(campaign_id=await campaign(), number=1)
    await change_step(world.context, step.id, send_option="task")
    await run(world)
    assert (await Launch.get(id=begun.id)).enrolled == 1
    (task,) = await execute("SELECT id, type FROM task WHERE person_id = $1", zoe)
    seen = await compose(world.context, task["id"])
    assert (task["type"], seen.subject, seen.html) == (StepType.EMAIL, "For Zoe", "<p>Zoe</p>")
    assert seen.draft is not None
