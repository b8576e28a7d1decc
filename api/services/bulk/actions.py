"""The change that each bulk action makes to one item. To add one: a member of BulkActionKind, and a row of ACTIONS."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.command_center import BulkActionKind
from api.models import Person, Send, Sender
from api.services.campaigns.ending import ending
from api.services.common.request_context import WorkspaceContext
from api.services.crm.failures import failures
from api.services.emails import emails, scheduled_emails
from api.services.one_off_emails.sending import delete_email
from api.services.people import groups
from api.services.tasks import manual_tasks, task_changes, tasks
from api.states import Priority
from api.store.engine.rows import get_or_refuse
from strategies import StepType

Arguments = Mapping[str, Any]
"""The arguments of an action, as JSON stores them."""
ID = ("id",)


@dataclass(frozen=True, slots=True)
class Action:
    """The functions of a bulk action."""

    change: Callable[[WorkspaceContext, str, Arguments], Awaitable[Any]]
    """Changes the item with this id, or raises Refusal."""
    check: Callable[[WorkspaceContext, Arguments], Awaitable[Any]] | None = None
    """Raises Refusal if the arguments are wrong for every item."""


async def _archive(context: WorkspaceContext, email_id: str, _: Arguments) -> None:
    await emails.archive_send(context, email_id)


async def _unarchive(context: WorkspaceContext, email_id: str, _: Arguments) -> None:
    await emails.archive_send(context, email_id, archived=False)


async def _retry(context: WorkspaceContext, email_id: str, _: Arguments) -> None:
    """Retry an email, but not one in doubt: it may have arrived, so a user decides about each."""
    await emails.retry_send(context, email_id, in_doubt=False)


async def _withdraw(context: WorkspaceContext, email_id: str, _: Arguments) -> None:
    await scheduled_emails.withdraw_email(context, email_id)


async def _succeed(context: WorkspaceContext, email_id: str, _: Arguments) -> None:
    await ending.succeed_by_email(context, email_id)


async def _create_task(context: WorkspaceContext, email_id: str, arguments: Arguments) -> None:
    """Create a task about the person of an email."""
    send = await get_or_refuse(Send, context.workspace_id, email_id, ID)
    person = await Person.get(id=send.person_id)
    await manual_tasks.create_task(
        context,
        person_id=person.id,
        assignee_id=arguments["assigneeId"] or send.sender_id,
        kind=StepType(arguments["type"]),
        name=arguments["name"],
        due_date=date.fromisoformat(arguments["dueDate"]),
        priority=Priority(arguments["priority"]),
        details=arguments["details"],
        email_id=send.id,
    )


async def _delete_email(context: WorkspaceContext, email_id: str, _: Arguments) -> None:
    await delete_email(context, email_id)


async def _complete(context: WorkspaceContext, task_id: str, arguments: Arguments) -> None:
    await tasks.complete_task(context, task_id, **arguments)


async def _skip(context: WorkspaceContext, task_id: str, arguments: Arguments) -> None:
    await tasks.skip_task(context, task_id, **arguments)


async def _assign(context: WorkspaceContext, task_id: str, arguments: Arguments) -> None:
    await task_changes.assign_task(context, task_id, arguments["assigneeId"])


async def _check_assignee(context: WorkspaceContext, arguments: Arguments) -> None:
    if arguments["assigneeId"] is not None:
        await get_or_refuse(Sender, context.workspace_id, arguments["assigneeId"], ("assigneeId",))


async def _snooze(context: WorkspaceContext, task_id: str, arguments: Arguments) -> None:
    await task_changes.snooze_task(context, task_id, date.fromisoformat(arguments["until"]))


async def _delete_task(context: WorkspaceContext, task_id: str, _: Arguments) -> None:
    await manual_tasks.delete_task(context, task_id)


async def _end(context: WorkspaceContext, enrollment_id: str, arguments: Arguments) -> None:
    await ending.end_enrollment(context, enrollment_id, success=arguments["success"])


async def _add_to_group(context: WorkspaceContext, person_id: str, arguments: Arguments) -> None:
    await groups.add_person(context, person_id, arguments["groupId"])


async def _remove_from_group(context: WorkspaceContext, person_id: str, arguments: Arguments) -> None:
    await groups.remove_person(context, person_id, arguments["groupId"])


async def _check_group(context: WorkspaceContext, arguments: Arguments) -> None:
    await groups.refuse_unknown_group(context, arguments["groupId"])


async def _retry_write(context: WorkspaceContext, change_id: str, _: Arguments) -> None:
    await failures.retry_write(context, change_id)


async def _drop_write(context: WorkspaceContext, change_id: str, _: Arguments) -> None:
    await failures.drop_write(context, change_id)


ACTIONS: Mapping[BulkActionKind, Action] = {
    BulkActionKind.ARCHIVE_EMAILS: Action(_archive),
    BulkActionKind.UNARCHIVE_EMAILS: Action(_unarchive),
    BulkActionKind.RETRY_EMAILS: Action(_retry),
    BulkActionKind.WITHDRAW_EMAILS: Action(_withdraw),
    BulkActionKind.SUCCEED_EMAILS: Action(_succeed),
    BulkActionKind.CREATE_TASKS: Action(_create_task, _check_assignee),
    BulkActionKind.DELETE_EMAILS: Action(_delete_email),
    BulkActionKind.COMPLETE_TASKS: Action(_complete),
    BulkActionKind.SKIP_TASKS: Action(_skip),
    BulkActionKind.ASSIGN_TASKS: Action(_assign, _check_assignee),
    BulkActionKind.SNOOZE_TASKS: Action(_snooze),
    BulkActionKind.DELETE_TASKS: Action(_delete_task),
    BulkActionKind.END_ENROLLMENTS: Action(_end),
    BulkActionKind.ADD_TO_GROUP: Action(_add_to_group, _check_group),
    BulkActionKind.REMOVE_FROM_GROUP: Action(_remove_from_group, _check_group),
    BulkActionKind.RETRY_CRM_WRITES: Action(_retry_write),
    BulkActionKind.DROP_CRM_WRITES: Action(_drop_write),
}
