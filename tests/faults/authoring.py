"""The campaigns of the fault tests: emails with follow-ups, and emails that a rep sends from a task."""

from datetime import datetime
from typing import Any

from api.clock import system_clock
from api.ids import new_id
from api.models import Person, Sender, Task, Template
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.request_context import WorkspaceContext
from api.services.launches.launch import Choice, launch
from api.services.tasks.send_task_email import send_task
from api.services.templates.templates import create_template
from api.services.workspaces.senders import create_sender
from api.services.workspaces.workspaces import create_workspace
from plugins.loading.manager import load
from strategies import StepType

CHUNK = 500
"""How many people one launch enrolls."""
TASK_EVERY = 10
"""One email in so many is sent from a task and followed up today, and as many are followed up tomorrow."""
FIRST, REPLY = "Hi {{ first_name }}", "And, {{ first_name }}?"


async def author_single_email() -> None:
    """Launch a campaign of one email for one person in the open database."""
    context, sender, _ = await _workspace()
    await _launch(context, sender, await _people(context, 1), [await _email(context, FIRST, "choose_at_launch")])


async def author(emails: int, later: int = 0, later_at: datetime | None = None) -> None:
    """Launch campaigns whose ``emails`` are due now, and one for ``later`` people at an instant.

    Most people get an automatic email on day 1, a follow-up to it at the same time, and another one on day 2.
    Some get the same from a task whose email a rep sends. Others get only the email of the task on day 1, and its
    follow-up on day 2: at the time of day at which the email of the task was really sent.
    """
    context, sender, reply = await _workspace()
    today, tomorrow = (reply | {"day": day} for day in (1, 2))
    automatic, task = [await _email(context, FIRST, option) for option in ("choose_at_launch", "task")]
    by_hand = emails // 2 // TASK_EVERY
    await _launch(context, sender, await _people(context, emails // 2 - 2 * by_hand), [automatic, today, tomorrow])
    if later:
        await _launch(context, sender, await _people(context, later), [automatic, today, tomorrow], later_at)
    for people, steps in ((by_hand, [task, today, tomorrow]), (2 * by_hand, [task, tomorrow])):
        await _launch(context, sender, await _people(context, people), steps, None)
    for row in await Task.filter(workspace_id=context.workspace_id):
        await send_task(context, row.id)


async def author_answered(people: int, sender: str) -> None:
    """Launch a campaign whose first email is due now and whose second one is due on the fifth day."""
    context, row, reply = await _workspace(sender)
    steps = [await _email(context, FIRST, "choose_at_launch"), reply | {"day": 5}]
    await _launch(context, row, await _people(context, people), steps)


async def _workspace(email: str = "g@example.com") -> tuple[WorkspaceContext, Sender, dict[str, Any]]:
    """Return a new workspace, its sender, and the arguments of a follow-up step without its day."""
    runtime = DispatchRuntime(
        load({"TOUCHLINE_SMTP_URL": "smtp://127.0.0.1"}), system_clock, lambda person: None, lambda: None
    )
    context = runtime.context(await create_workspace("Faults", system_clock()))
    sender = await create_sender(context, name="G", email=email, zone="UTC", channel="smtp")
    template = await _template(context, REPLY, "")
    reply = {"template_id": template.id, "step_type": StepType.EMAIL, "follow_up": True}
    return context, sender, reply | {"send_option": "same_time_as_previous"}


async def _template(context: WorkspaceContext, text: str, subject: str) -> Template:
    return await create_template(context, name="T", subject=subject, html=f"<p>{text}</p>")


async def _email(context: WorkspaceContext, text: str, option: str) -> dict[str, Any]:
    """Return the arguments of a first step."""
    template = await _template(context, text, text)
    return {"day": 1, "step_type": StepType.EMAIL, "send_option": option, "template_id": template.id}


async def _people(context: WorkspaceContext, number: int) -> list[str]:
    """Create people, without the checks of the API. Returns their ids."""
    start = await Person.filter(workspace_id=context.workspace_id).count()
    rows = [
        Person(
            id=new_id("per"), workspace_id=context.workspace_id, email=f"p{each}@example.com",
            email_key=f"p{each}@example.com", first_name=f"P{each}", created_at=context.now,
        )
        for each in range(start, start + number)
    ]  # fmt: skip
    await Person.bulk_create(rows, batch_size=CHUNK)
    return [row.id for row in rows]


async def _launch(
    context: WorkspaceContext,
    sender: Sender,
    people: list[str],
    steps: list[dict[str, Any]],
    at: Any = "NOW",
) -> None:
    """Create a campaign and launch it for these people."""
    campaign = await create_campaign(context, name="C", sender_id=sender.id)
    for step in steps:
        await add_step(context, campaign.id, **step)
    for start in range(0, len(people), CHUNK):
        await launch(context, campaign.id, people[start : start + CHUNK], Choice(at), {})
