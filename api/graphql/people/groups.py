"""Groups of people: types, queries and mutations."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.command_center import BulkActionKind
from api.graphql.arguments.ids import GroupId
from api.graphql.bulk_actions import EACH, BulkPayload, Ids, bulk
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.people.people import Person
from api.graphql.people.person_filters import PersonFilter, read_filter
from api.graphql.sort_orders import NamedOrder, order_of
from api.services.common.lists.row_lists import RowList
from api.services.people import groups, person_reads

Name = Annotated[
    str,
    strawberry.argument(description="Name of the group, such as `Trade fair 2026`: one line, unique in the workspace."),
]
Filter = Annotated[
    PersonFilter | None,
    strawberry.argument(
        description="All people that match this filter of `people` now, up to 100,000. Leave it out if you give ids."
    ),
]


@strawberry.type(description="A person of a group, with the time when they joined it.")
class GroupMember:
    """A row of api.models.GroupMember."""

    added_at: datetime = strawberry.field(
        description="When the person was added to the group, by the workspace's clock. UTC."
    )
    person_id: strawberry.Private[str]

    @strawberry.field(description="The person who is in the group.")
    async def person(self, info: Request) -> Person:
        return await info.context.loaders.person.load(self.person_id)


@strawberry.type(
    description="A group of people that users choose one by one, by a filter or by an import, for example as the "
    "audience of a launch. It changes only when somebody changes it."
)
class Group(Node):
    """A row of api.models.PeopleGroup."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the group: `grp_` and 26 lower-case letters and digits."
    )
    name: str = strawberry.field(description="Name of the group, unique in the workspace.")
    people: int = strawberry.field(name="peopleCount", description="Number of people in the group, up to 200,000.")
    created_at: datetime = strawberry.field(description="When the group was created, by the workspace's clock. UTC.")

    @strawberry.field(
        metadata=page_cost(), description="The people of the group, in the order in which they were added."
    )
    async def members(
        self, info: Request, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[GroupMember]:
        return await connect(groups.members(self.id), PageRequest(first, after, last, before), info)


@strawberry.input(description="Selects groups that match every given field.")
class GroupFilter:
    search: str | None = strawberry.field(
        default=None,
        description="Only groups whose name has each word of this text, such as `fair 2026`, in upper or lower case.",
    )


@strawberry.type
class GroupQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The group with this id; null if the workspace has none."
    )
    async def group(self, info: Request, id: GroupId) -> Group | None:
        return from_row(Group, await groups.group(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(), description="The groups of people, in the order in which they were created."
    )
    async def groups(
        self,
        info: Request,
        filter: Annotated[
            GroupFilter | None,
            strawberry.argument(description="Only groups that meet this filter. If left out, all groups."),
        ] = None,
        order_by: Annotated[
            NamedOrder | None,
            strawberry.argument(description="The order of the list. If left out, in the order of creation."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Group]:
        search = filter.search if filter else None
        rows = await groups.groups(info.context.workspace_context, search, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)


@strawberry.type(description="Result of the mutations on groups: the group, or errors.")
class GroupPayload(Payload):
    group: Group | None = strawberry.field(
        default=None, description="The group after the change; null if there are errors."
    )


@strawberry.type(description="Result of deleteGroup: the id of the deleted group, or errors.")
class DeleteGroupPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="`id` of the deleted group; null if there are errors."
    )


async def _rows(info: Request, chosen: PersonFilter | None) -> RowList | None:
    return None if chosen is None else await person_reads.people(info.context.workspace_context, read_filter(chosen))


@strawberry.type
class GroupMutation:
    @mutation(description="Create an empty group of people. A workspace has up to 1,000 (`TOO_MANY_GROUPS`).")
    async def create_group(self, info: Request, name: Name) -> GroupPayload:
        return GroupPayload(group=from_row(Group, await groups.create_group(info.context.workspace_context, name)))

    @mutation(description="Give a group another name.")
    async def rename_group(self, info: Request, id: GroupId, name: Name) -> GroupPayload:
        return GroupPayload(group=from_row(Group, await groups.rename_group(info.context.workspace_context, id, name)))

    @mutation(description="Delete a group. Its people stay in the workspace and in their campaigns.")
    async def delete_group(self, info: Request, id: GroupId) -> DeleteGroupPayload:
        return DeleteGroupPayload(
            deleted_id=strawberry.ID(await groups.delete_group(info.context.workspace_context, id))
        )

    @mutation(
        metadata=EACH,
        description="Add people to a group, by their ids or by a filter. People who are in it stay as they are. More "
        "than 200 people are added in the background: see `bulkAction`.",
    )
    async def add_people_to_group(
        self, info: Request, group_id: GroupId, ids: Ids = None, filter: Filter = None
    ) -> BulkPayload:
        return await bulk(info, BulkActionKind.ADD_TO_GROUP, ids, await _rows(info, filter), groupId=str(group_id))

    @mutation(
        metadata=EACH,
        description="Remove people from a group, by their ids or by a filter. They stay in the workspace and in their "
        "campaigns. More than 200 people are removed in the background: see `bulkAction`.",
    )
    async def remove_people_from_group(
        self, info: Request, group_id: GroupId, ids: Ids = None, filter: Filter = None
    ) -> BulkPayload:
        return await bulk(info, BulkActionKind.REMOVE_FROM_GROUP, ids, await _rows(info, filter), groupId=str(group_id))
