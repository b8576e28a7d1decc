"""Drafts of the emails of tasks: saved, shown, told apart by version, sent and discarded."""

import asyncio
from typing import Any

import pytest

from api.models import Enrollment, Person, Send, Task, Template
from api.services.campaigns.ending.ending import end_enrollment
from api.services.emails.scheduled_emails import withdraw_email
from api.services.tasks.composing import Draft, compose
from api.services.tasks.drafts import discard_draft, save_draft
from api.services.tasks.manual_tasks import create_task
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task, skip_task
from api.store.engine.sql import execute
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.emails.scheduled import TWO, refusal
from tests.services.tasks.test_send_task_email import HOUR
from tests.services.world import NOW, World, make_world_with_task


@pytest.fixture
async def world(database: str) -> World:
    """One person with an EMAIL task on day 2."""
    return await make_world_with_task()


async def saved_texts() -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in await execute("SELECT subject, html FROM written_email")]


async def test_a_draft_is_shown_told_by_its_version_sent_and_deleted(world: World) -> None:
    task = (await Task.get()).id
    assert (await compose(world.context, task)).draft is None
    first = await save_draft(world.context, task, subject="Mine", html="<p>{{ x }}<script>bad</script>", if_version=0)
    assert first == Draft("Mine", "<p>{{ x }}</p>", NOW, 1)
    seen = await compose(later(world, NOW + HOUR).context, task)
    assert (seen.draft, seen.draft_version, seen.subject, seen.html) == (first, 1, "Mine", "<p>{{ x }}</p>")
    assert await refusal(save_draft(world.context, task, html="<p>late</p>", if_version=0)) == (
        "VERSION_CONFLICT", ("ifVersion",),
    )  # fmt: skip
    assert await refusal(send_task(world.context, task, if_version=0)) == ("VERSION_CONFLICT", ("ifVersion",))
    assert await saved_texts() == [("Mine", "<p>{{ x }}</p>")]
    again = await save_draft(later(world, NOW + HOUR).context, task, subject="", html="<p>more</p>")
    assert (again.version, again.saved_at, again.subject) == (2, NOW + HOUR, "")
    assert (await compose(world.context, task)).subject == "", "an incomplete draft is shown as it is"
    assert await refusal(send_task(world.context, task)) == ("REQUIRED", ("subject",))
    sent = await send_task(world.context, task, subject="Done", at=TWO, if_version=2)
    assert (sent.subject, sent.html, await saved_texts()) == ("Done", "<p>more</p>", [])
    for work in (save_draft(world.context, task, html="x"), discard_draft(world.context, task)):
        assert await refusal(work) == ("ALREADY_SCHEDULED", ("id",))
    await withdraw_email(later(world, NOW + HOUR).context, sent.id)
    kept = (await compose(world.context, task)).draft
    assert kept == Draft("Done", "<p>more</p>", NOW + HOUR, 4), "a window that knows version 2 does not overwrite it"
    assert await refusal(discard_draft(world.context, task, if_version=3)) == ("VERSION_CONFLICT", ("ifVersion",))
    assert (await discard_draft(world.context, task, if_version=4)).draft_version == 5
    shown = await compose(world.context, task)
    assert (shown.draft, shown.draft_version, shown.subject, await saved_texts()) == (None, 5, "Hi you", [])


@on_sqlite
async def test_one_of_two_windows_that_save_at_once_is_refused(world: World) -> None:
    task = (await Task.get()).id
    saving = [save_draft(world.context, task, html=f"<p>{name}</p>", if_version=0) for name in ("a", "b", "c")]
    done = await asyncio.gather(*saving, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Draft", "VersionConflict", "VersionConflict"]
    (winner,) = [each for each in done if isinstance(each, Draft)]
    assert await saved_texts() == [(None, winner.html)]


@on_sqlite
@pytest.mark.parametrize("work", [complete_task, skip_task])
async def test_a_task_that_is_done_has_no_draft(world: World, work: Any) -> None:
    task = (await Task.get()).id
    await save_draft(world.context, task, html="<p>mine</p>")
    await work(world.context, task)
    assert await saved_texts() == []
    assert await refusal(save_draft(world.context, task, html="x")) == ("TASK_NOT_OPEN", ("id",))


@on_sqlite
async def test_what_cannot_be_saved(world: World) -> None:
    context, task = world.context, await Task.get()
    assert await refusal(save_draft(context, task.id)) == ("REQUIRED", ("html",))
    assert await refusal(save_draft(context, task.id, subject="a\nb")) == ("INVALID_TEXT", ("subject",))
    assert await refusal(save_draft(context, task.id, subject="x" * 901)) == ("TOO_LONG", ("subject",))
    assert await refusal(save_draft(context, task.id, html="x" * 200_001)) == ("TOO_LONG", ("html",))
    assert await refusal(save_draft(context, "tsk_none", html="x")) == ("NOT_FOUND", ("id",))
    about = {"person_id": task.person_id, "assignee_id": task.assignee_id, "due_date": task.due_date}
    call = await create_task(context, kind=StepType.CALL, name="Call", **about)
    assert await refusal(save_draft(context, call.id, html="x")) == ("NOT_AN_EMAIL_TASK", ("id",))
    await end_enrollment(context, (await Enrollment.get()).id)
    assert await refusal(save_draft(context, task.id, html="x")) == ("TASK_NOT_OPEN", ("id",))
    assert await saved_texts() == []


@on_sqlite
async def test_compose_shows_a_prompt_for_each_field_without_a_value(world: World) -> None:
    source = "<p>{{ city }}, {{ first_name }}, {{ team | upcase }}</p>"
    await Template.all().update(subject="For {{ city }} {{! Say hello }}", html=source)
    task = (await Task.get()).id
    seen = await compose(world.context, task)
    assert seen.unresolved_fields == ["city", "team"]
    assert seen.subject == "For {{! city }} {{! Say hello }}"
    assert "{{! city }}, " in seen.html
    assert list(seen.prompts) == ["city", "Say hello", "TEAM"]
    await Template.all().update(subject="Hi", html="<p>{{ city }}</p>")
    with pytest.raises(Refusal, match="city") as refused:
        await send_task(world.context, task)
    assert (refused.value.code, refused.value.path) == ("UNRESOLVED_FIELD", ("id",))
    assert await refusal(send_task(world.context, task, html="<p>{{! city }}</p>")) == ("FIELD_PROMPT_LEFT", ("html",))
    assert await Send.filter(by_hand=True).count() == 0
    await Person.all().update(own_fields={"city": "Turin"})
    assert list((await compose(world.context, task)).prompts) == []
    await send_task(world.context, task)
