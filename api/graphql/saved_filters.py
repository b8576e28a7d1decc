"""Saved filters: named, dynamic lists of emails, tasks and people."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.emails import email_filters
from api.graphql.emails.email_filters import EmailFilter
from api.graphql.emails.emails import Email
from api.graphql.engine.enums.command_center_enums import SavedFilterKind
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.engine.stored_inputs import from_json, to_json
from api.graphql.limits.cost import cost
from api.graphql.people import person_filters
from api.graphql.people.people import Person
from api.graphql.people.person_filters import PersonFilter
from api.graphql.tasks import task_filters
from api.graphql.tasks.task_filters import TaskFilter
from api.graphql.tasks.tasks import Task
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.services.emails import email_reads
from api.services.people import person_reads
from api.services.saved_filters import saved_filters
from api.services.tasks import task_reads

SavedFilterId = Annotated[
    strawberry.ID,
    strawberry.argument(description="`id` of the saved filter: `flt_` and 26 lower-case letters and digits."),
]


@strawberry.input(one_of=True, description="The filter of one list. Give exactly one field.")
class ListFilter:
    emails: EmailFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Which emails the list has, as in the argument `filter` of `emails`."
    )
    tasks: TaskFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Which tasks the list has, as in the argument `filter` of `tasks`."
    )
    people: PersonFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Which people the list has, as in the argument `filter` of `people`."
    )


@strawberry.type(
    description="A filter of a list that is saved under a name. Each use reads the objects that meet it at that time."
)
class SavedFilter:
    """A row of api.models.SavedFilter."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the saved filter: `flt_` and 26 lower-case letters and digits."
    )
    name: str = strawberry.field(description="What users call it, such as `Clicked last week`.")
    kind: SavedFilterKind = strawberry.field(description="Which list it filters.")
    conditions: JSON = strawberry.field(
        description="The filter as JSON. Pass it as the variable `filter` to the list, or to a mutation on several "
        "objects."
    )
    created_at: datetime = strawberry.field(description="When it was saved, by the workspace's clock. UTC.")

    @strawberry.field(
        metadata=cost(2_000, queries=True),
        description="How many objects meet it now: exact up to 10,000, and 10,000 if there are more.",
    )
    async def count(self, info: Request) -> int:
        return (await (await _rows(self, info)).count()).number

    @strawberry.field(
        metadata=page_cost(), description="The emails that meet it now; null if the filter is for another list."
    )
    async def emails(
        self, info: Request, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Email] | None:
        return await _page(self, SavedFilterKind.EMAILS, PageRequest(first, after, last, before), info)

    @strawberry.field(
        metadata=page_cost(), description="The tasks that meet it now; null if the filter is for another list."
    )
    async def tasks(
        self, info: Request, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Task] | None:
        return await _page(self, SavedFilterKind.TASKS, PageRequest(first, after, last, before), info)

    @strawberry.field(
        metadata=page_cost(), description="The people who meet it now; null if the filter is for another list."
    )
    async def people(
        self, info: Request, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Person] | None:
        return await _page(self, SavedFilterKind.PEOPLE, PageRequest(first, after, last, before), info)


async def _page(row: SavedFilter, kind: SavedFilterKind, page: PageRequest, info: Request) -> Any:
    return await connect(await _rows(row, info), page, info) if row.kind is kind else None


async def _rows(row: SavedFilter, info: Request) -> RowList:
    """Return the list of a saved filter."""
    return await _list(info.context.workspace_context, from_json(info, ListFilter, {row.kind.lower(): row.conditions}))


async def _list(context: WorkspaceContext, given: ListFilter) -> RowList:
    if given.emails:
        return await email_reads.emails(context, email_filters.read_filter(given.emails), path=("filter", "emails"))
    if given.tasks:
        return await task_reads.tasks(context, task_filters.read_filter(given.tasks, "filter", "tasks"))
    return await person_reads.people(
        context, person_filters.read_filter(given.people or None), path=("filter", "people")
    )


async def _document(info: Request, given: ListFilter) -> tuple[SavedFilterKind, Any]:
    """Return the list that a filter belongs to, and the filter as JSON. Raises Refusal if it cannot be used."""
    await _list(info.context.workspace_context, given)
    ((name, conditions),) = to_json(given).items()
    return SavedFilterKind(name.upper()), conditions


@strawberry.type
class SavedFilterQuery:
    @strawberry.field(
        metadata=cost(200, size=saved_filters.MAX_FILTERS // 10, queries=True),
        description="All saved filters of the workspace, by name.",
    )
    async def saved_filters(self, info: Request) -> list[SavedFilter]:
        rows = await saved_filters.saved_filters(info.context.workspace_context)
        return [from_row(SavedFilter, row) for row in rows]

    @strawberry.field(
        metadata=cost(100, queries=True),
        description="The saved filter with this id; null if the workspace has none.",
    )
    async def saved_filter(self, info: Request, id: SavedFilterId) -> SavedFilter | None:
        return from_row(SavedFilter, await saved_filters.saved_filter(info.context.workspace_context, id))


@strawberry.type(description="Result of the mutations on saved filters: the filter, or errors.")
class SavedFilterPayload(Payload):
    saved_filter: SavedFilter | None = strawberry.field(
        default=None, description="The saved filter after the change; null if there are errors."
    )


@strawberry.type(description="Result of deleteSavedFilter: the id of the deleted filter, or errors.")
class DeleteSavedFilterPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="`id` of the deleted filter; null if there are errors."
    )


@strawberry.type
class SavedFilterMutation:
    @mutation(description="Save the filter of a list under a name, for everyone in the workspace.")
    async def save_filter(
        self,
        info: Request,
        name: Annotated[
            str,
            strawberry.argument(description="What users call it: one line of up to 100 characters, unique per list."),
        ],
        filter: Annotated[ListFilter, strawberry.argument(description="What the list is filtered by.")],
    ) -> SavedFilterPayload:
        kind, conditions = await _document(info, filter)
        row = await saved_filters.save_filter(info.context.workspace_context, name, kind, conditions)
        return SavedFilterPayload(saved_filter=from_row(SavedFilter, row))

    @mutation(description="Give a saved filter another name, another filter of the same list, or both.")
    async def change_saved_filter(
        self,
        info: Request,
        id: SavedFilterId,
        name: Annotated[
            str | None,
            strawberry.argument(description="The new name: one line of up to 100 characters. If left out, it stays."),
        ] = None,
        filter: Annotated[
            ListFilter | None, strawberry.argument(description="The new filter. If left out, it stays.")
        ] = None,
    ) -> SavedFilterPayload:
        kind, conditions = (None, None) if filter is None else await _document(info, filter)
        context = info.context.workspace_context
        row = await saved_filters.change_filter(context, id, name, kind, conditions)
        return SavedFilterPayload(saved_filter=from_row(SavedFilter, row))

    @mutation(description="Delete a saved filter. The objects that meet it stay.")
    async def delete_saved_filter(self, info: Request, id: SavedFilterId) -> DeleteSavedFilterPayload:
        deleted = await saved_filters.delete_filter(info.context.workspace_context, id)
        return DeleteSavedFilterPayload(deleted_id=strawberry.ID(deleted))
