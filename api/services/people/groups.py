"""Groups of people: static lists, for example the audience of a launch. Only users change them."""

from functools import partial

from tortoise.exceptions import IntegrityError

from api.codes.refusals.people import PersonCode
from api.ids import new_id
from api.models import PeopleGroup, Person
from api.services.common.inputs import inputs
from api.services.common.lists.filters import search_text
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.services.people.people import lock_person
from api.sorts import NamedSort, Order
from api.store.engine.rows import find, get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.named_lists import named_list
from api.store.people import groups as store
from api.store.workspaces import lock_workspace
from strategies import Refusal

MAX_GROUPS = 1_000
"""The most groups of a workspace."""
GROUP = ("groupId",)


async def create_group(context: WorkspaceContext, name: str) -> PeopleGroup:
    """Create an empty group. Raises Refusal."""
    name = inputs.line(name, ("name",))
    row = PeopleGroup(id=new_id("grp"), workspace_id=context.workspace_id, name=name, created_at=context.now)
    async with transaction():
        await lock_workspace(context.workspace_id)
        if await PeopleGroup.filter(workspace_id=context.workspace_id).count() >= MAX_GROUPS:
            raise Refusal.of(PersonCode.TOO_MANY_GROUPS, (), limit=MAX_GROUPS)
        await _save(row, create=True)
    return row


async def rename_group(context: WorkspaceContext, group_id: str, name: str) -> PeopleGroup:
    """Give a group another name. Raises Refusal."""
    row = await get_or_refuse(PeopleGroup, context.workspace_id, group_id, ("id",))
    row.name = inputs.line(name, ("name",))
    await _save(row, create=False)
    return row


async def delete_group(context: WorkspaceContext, group_id: str) -> str:
    """Delete a group. Its people stay. Returns its id. Raises Refusal."""
    row = await get_or_refuse(PeopleGroup, context.workspace_id, group_id, ("id",))
    await row.delete()
    return str(row.id)


@retry_on_deadlock
async def add_person(context: WorkspaceContext, person_id: str, group_id: str) -> None:
    """Add a person to a group, unless the person is in it. Raises Refusal."""
    person = await get_or_refuse(Person, context.workspace_id, person_id, ("id",))
    async with transaction():
        await lock_person(context, person.id, ("id",))
        people = await _lock(context, group_id)
        if people >= store.MAX_PEOPLE:
            raise Refusal.of(PersonCode.GROUP_FULL, GROUP, limit=store.MAX_PEOPLE)
        await store.add_people(context.workspace_id, group_id, [person.id], context.now)


@retry_on_deadlock
async def remove_person(context: WorkspaceContext, person_id: str, group_id: str) -> None:
    """Remove a person from a group, if the person is in it. Raises Refusal."""
    person = await get_or_refuse(Person, context.workspace_id, person_id, ("id",))
    async with transaction():
        await _lock(context, group_id)
        await store.remove_person(group_id, person.id)


async def group(context: WorkspaceContext, group_id: str) -> PeopleGroup | None:
    """Return a group."""
    return await find(PeopleGroup, context.workspace_id, group_id)


async def groups(
    context: WorkspaceContext, search: str | None = None, order: Order[NamedSort] | None = None
) -> RowList:
    """Return the groups whose name has a text: without an order, as they were created. Raises Refusal."""
    return RowList(await named_list(store.groups(context.workspace_id), [], order, search=search_text(search)))


def members(group_id: str) -> RowList:
    """Return the people of a group, as they were added. The caller has found the group."""
    return RowList(store.members(group_id), partial(store.size, group_id))


async def refuse_unknown_group(context: WorkspaceContext, group_id: str) -> PeopleGroup:
    """Return a group. Raises Refusal."""
    return await get_or_refuse(PeopleGroup, context.workspace_id, group_id, GROUP)


async def _lock(context: WorkspaceContext, group_id: str) -> int:
    row = await refuse_unknown_group(context, group_id)
    people = await store.lock_group(row.id)
    if people is None:  # another request has just deleted it
        await refuse_unknown_group(context, group_id)
    return people or 0


async def _save(row: PeopleGroup, *, create: bool) -> None:
    try:
        await row.save(force_create=create, update_fields=None if create else ["name"])
    except IntegrityError:
        raise Refusal.of(PersonCode.GROUP_EXISTS, ("name",), name=row.name[:60]) from None
