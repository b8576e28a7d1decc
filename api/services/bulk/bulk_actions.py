"""Carry out a bulk action: at once for a few items, in the background for many.

Each item is changed in a transaction of its own, together with the progress of the action. So a process that is killed
repeats no item and skips none. The items are fixed when the action starts, even if a filter chose them.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from api.codes.refusals.bulk_actions import BulkCode
from api.codes.request_errors.inputs import InputCode
from api.command_center import BulkActionKind, BulkActionStatus
from api.ids import new_id
from api.models import BulkAction
from api.services.bulk.actions import ACTIONS, Arguments
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.services.jobs.job_limits import refuse_further_bulk_action
from api.store import bulk_actions as store
from api.store import jobs
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from strategies import Refusal

BULK_JOB = "bulk_action"
MAX_AT_ONCE = 200
"""Items that a request changes itself. A background job changes more."""
MAX_IDS = 10_000
"""Ids of one request."""
MAX_ITEMS = 100_000
"""The most items of a bulk action."""
ITEMS_PER_CHUNK = 20
KEPT_FOR = timedelta(days=30)
"""How long an ended bulk action is kept, in the workspace's time."""
ITEM_PATH = ("id",)


@dataclass(slots=True)
class BulkResult:
    """The result for each item, or the action that processes the items in the background."""

    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, Refusal]] = field(default_factory=list)
    """The ids of items that were not changed, each with the reason."""
    action: BulkAction | None = None


async def carry_out(
    context: WorkspaceContext,
    kind: BulkActionKind,
    arguments: Arguments,
    *,
    ids: Sequence[str] | None,
    rows: RowList | None,
) -> BulkResult:
    """Change the items with these ids, or the rows of a list. An id that is given twice counts once. Raises Refusal."""
    chosen_ids = await _chosen(ids, rows)
    items = list(dict.fromkeys(chosen_ids))
    if (check := ACTIONS[kind].check) is not None:
        await check(context, arguments)
    if len(items) > MAX_AT_ONCE:
        return BulkResult(action=await _start(context, kind, arguments, items))
    result = BulkResult()
    for item_id in items:
        try:
            await ACTIONS[kind].change(context, item_id, arguments)
        except Refusal as refusal:
            path = _path(refusal, str(chosen_ids.index(item_id)) if rows is None else None)
            result.refused.append((item_id, Refusal(refusal.code, refusal.message, path)))
        else:
            result.done.append(item_id)
    return result


async def _chosen(ids: Sequence[str] | None, rows: RowList | None) -> Sequence[str]:
    """Return the ids of the items. Raises Refusal unless exactly one of the arguments is given, and has items."""
    if (ids is None) == (rows is None):
        raise Refusal.of(BulkCode.IDS_OR_FILTER, ("ids",) if ids is None else ("filter",))
    if ids is not None:
        if not ids:
            raise Refusal.of(InputCode.REQUIRED, ("ids",), argument="ids")
        if len(ids) > MAX_IDS:
            raise Refusal.of(InputCode.TOO_LONG, ("ids",), case="elements", limit=MAX_IDS, length=len(ids))
        return ids
    assert rows is not None  # noqa: S101
    found = await rows.ids(MAX_ITEMS + 1)
    if len(found) > MAX_ITEMS:
        raise Refusal.of(BulkCode.TOO_MANY_ITEMS, ("filter",), limit=MAX_ITEMS)
    return found


def _path(refusal: Refusal, index: str | None) -> tuple[str, ...]:
    """Return the path of a refusal of one item.

    If it is about the item itself, the path leads to its id, if one was given.
    """
    if refusal.path != ITEM_PATH:
        return refusal.path
    return () if index is None else ("ids", index)


@retry_on_deadlock
async def _start(
    context: WorkspaceContext, kind: BulkActionKind, arguments: Arguments, items: Sequence[str]
) -> BulkAction:
    """Store an action, its items and its job in one transaction."""
    async with transaction():
        await store.delete_ended_before(context.workspace_id, context.now - KEPT_FOR)
        running = BulkAction.filter(status=BulkActionStatus.RUNNING)
        await refuse_further_bulk_action(running, context.workspace_id)
        action = await BulkAction.create(
            id=new_id("blk"),
            workspace_id=context.workspace_id,
            kind=kind,
            arguments=dict(arguments),
            total=len(items),
            created_at=context.now,
        )
        await store.store_items(action.id, items, 0)
        await jobs.start(BULK_JOB, context.workspace_id, action.id, context.clock())
    context.wake()
    return action


async def cancel(context: WorkspaceContext, action_id: str) -> BulkAction:
    """Stop a bulk action. Objects that were changed stay changed. Does nothing if it has ended."""
    action = await get_or_refuse(BulkAction, context.workspace_id, action_id, ITEM_PATH)
    async with transaction():
        await store.end(action.id, BulkActionStatus.CANCELLED, context.now)
        await jobs.cancel(BULK_JOB, [action.id], context.clock())
    await action.refresh_from_db()
    return action


async def chunks(context: WorkspaceContext, action: BulkAction) -> AsyncGenerator[int, None]:
    """Change the remaining items. Ends early if the action is cancelled."""
    if action.status is not BulkActionStatus.RUNNING:
        return
    processed = action.processed
    while items := await store.next_items(action.id, processed, ITEMS_PER_CHUNK):
        for item_id in items:
            if not await _change(context, action, item_id, processed):
                return
            processed += 1
        yield len(items)
    async with transaction():
        await store.end(action.id, BulkActionStatus.FINISHED, context.now)


async def _change(context: WorkspaceContext, action: BulkAction, item_id: str, processed: int) -> bool:
    """Change one item. Returns False if the action was cancelled, or another process changes its items."""
    try:
        return await _change_and_mark(context, action, item_id, processed)
    except Refusal as refusal:
        async with transaction():
            if not await store.mark_processed(action.id, processed, done=False):
                return False
            path = _path(refusal, None)
            await store.store_refusal(action.id, action.workspace_id, item_id, refusal.code, refusal.message, path)
        return True


@retry_on_deadlock
async def _change_and_mark(context: WorkspaceContext, action: BulkAction, item_id: str, processed: int) -> bool:
    async with transaction():
        if not await store.mark_processed(action.id, processed, done=True):
            return False
        await ACTIONS[action.kind].change(context, item_id, action.arguments)
    return True
