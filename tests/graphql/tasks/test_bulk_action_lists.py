"""The list of bulk actions: by status, in both directions."""

from typing import Any

import pytest

from api.command_center import BulkActionKind, BulkActionStatus
from api.ids import new_id
from api.models import BulkAction, Workspace
from tests.client import Client
from tests.served import NOW

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)

LIST = """query($filter: BulkActionFilter, $order: CreatedOrder) {
  bulkActions(filter: $filter, orderBy: $order) { nodes { id status } totalCount totalCountIsExact } }"""


async def test_bulk_actions_are_listed_by_status(client: Client) -> None:
    workspace = await Workspace.get()
    rows = [
        await BulkAction.create(
            id=new_id("blk"), workspace_id=workspace.id, kind=BulkActionKind.ARCHIVE_EMAILS, status=status, total=300,
            arguments={}, created_at=NOW,
        )
        for status in (BulkActionStatus.FINISHED, BulkActionStatus.RUNNING, BulkActionStatus.RUNNING)
    ]  # fmt: skip

    async def found(**given: Any) -> list[str]:
        return [each["id"] for each in (await client.ask(LIST, **given))["bulkActions"]["nodes"]]

    ids = [str(row.id) for row in rows]
    assert await found() == ids[::-1]
    assert await found(filter={"status": ["RUNNING"]}) == [ids[2], ids[1]]
    assert await found(order={"field": "CREATED", "direction": "ASC"}, filter={"status": ["RUNNING"]}) == ids[1:]
    assert await found(filter={"status": []}) == []
    counted = (await client.ask(LIST, filter={"status": ["FINISHED"]}))["bulkActions"]
    assert (counted["totalCount"], counted["totalCountIsExact"]) == (1, True)
