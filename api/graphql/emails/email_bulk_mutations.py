"""Mutations on several emails at once, by their ids or by a filter."""

from datetime import date
from typing import Annotated

import strawberry

from api.command_center import BulkActionKind
from api.graphql.bulk_actions import EACH, BulkPayload, Ids, bulk
from api.graphql.emails.email_filters import EmailFilter, read_filter
from api.graphql.engine.enums.table_enums import Priority, StepType
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import mutation
from api.services.common.lists.row_lists import RowList
from api.services.emails import email_reads

Filter = Annotated[
    EmailFilter | None,
    strawberry.argument(
        description="All emails that match this filter of `emails` now, up to 100,000. Leave it out if you give ids."
    ),
]


async def _rows(info: Request, chosen: EmailFilter | None) -> RowList | None:
    if chosen is None:
        return None
    return await email_reads.emails(info.context.workspace_context, read_filter(chosen))


@strawberry.input(description="A task about each of several emails, for example to call everyone who clicked.")
class TaskOfEmailInput:
    type: StepType = strawberry.field(description="What the assignee does, such as a call.")
    name: str = strawberry.field(
        description="What the rep has to do, such as `Call about the offer`: one line of up to 300 characters."
    )
    due_date: date = strawberry.field(
        description="Date on which the task is due, in the assignee's time zone: today or later, such as `2026-03-05`."
    )
    assignee_id: strawberry.ID | None = strawberry.field(
        default=None, description="`id` of the sender who has to do it. If left out, the sender of each email."
    )
    priority: Priority = strawberry.field(default=Priority.NORMAL, description="How urgent the task is.")
    details: str = strawberry.field(default="", description="Notes for the rep, as plain text.")


@strawberry.type
class EmailBulkMutation:
    @mutation(metadata=EACH, description="Archive several delivered emails, or move them back, as `archiveEmail` does.")
    async def archive_emails(
        self,
        info: Request,
        ids: Ids = None,
        filter: Filter = None,
        archived: Annotated[
            bool, strawberry.argument(description="True moves the emails to the archive, false moves them back.")
        ] = True,
    ) -> BulkPayload:
        kind = BulkActionKind.ARCHIVE_EMAILS if archived else BulkActionKind.UNARCHIVE_EMAILS
        return await bulk(info, kind, ids, await _rows(info, filter))

    @mutation(
        metadata=EACH,
        description="Send several undelivered emails again, as `retrySend` does each of them. An email in doubt may "
        "have arrived, so it is refused (`NOT_UNDELIVERED`): decide about each with `resolveInDoubt`.",
    )
    async def retry_sends(self, info: Request, ids: Ids = None, filter: Filter = None) -> BulkPayload:
        return await bulk(info, BulkActionKind.RETRY_EMAILS, ids, await _rows(info, filter))

    @mutation(metadata=EACH, description="Withdraw several scheduled emails of tasks, as `withdrawEmail` does.")
    async def withdraw_emails(self, info: Request, ids: Ids = None, filter: Filter = None) -> BulkPayload:
        return await bulk(info, BulkActionKind.WITHDRAW_EMAILS, ids, await _rows(info, filter))

    @mutation(
        metadata=EACH,
        description="Mark several emails as a success: the campaign of each ends as SUCCEEDED for its person, also if "
        "they have finished it.",
    )
    async def mark_success(self, info: Request, ids: Ids = None, filter: Filter = None) -> BulkPayload:
        return await bulk(info, BulkActionKind.SUCCEED_EMAILS, ids, await _rows(info, filter))

    @mutation(metadata=EACH, description="Delete several one-off emails that were not sent, such as drafts.")
    async def delete_emails(self, info: Request, ids: Ids = None, filter: Filter = None) -> BulkPayload:
        return await bulk(info, BulkActionKind.DELETE_EMAILS, ids, await _rows(info, filter))

    @mutation(metadata=EACH, description="Create a task about each of several emails and its person.")
    async def create_tasks(
        self,
        info: Request,
        input: Annotated[TaskOfEmailInput, strawberry.argument(description="What the assignee does, and when.")],
        ids: Ids = None,
        filter: Filter = None,
    ) -> BulkPayload:
        return await bulk(
            info,
            BulkActionKind.CREATE_TASKS,
            ids,
            await _rows(info, filter),
            type=input.type,
            name=input.name,
            dueDate=input.due_date.isoformat(),
            assigneeId=input.assignee_id,
            priority=input.priority,
            details=input.details,
        )
