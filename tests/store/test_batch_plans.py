"""A batch of claimed emails is joined by their ids, also if PostgreSQL has statistics from before their claim.

It expects then that one email has the batch's attempt, and would compare each email of the batch with all others.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tortoise.connection import get_connection

from api.models import Send
from api.states import SendStatus
from api.store.dispatch import allowed_time_rows, claims, transmissions
from api.store.dispatch.allowed_time_rows import Wait
from api.store.dispatch.claimed_email import ClaimedEmail, read_claimed
from api.store.dispatch.send_outcome import SendOutcome
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from benchmarks.populated import Size, populate, refresh_statistics
from plugins.contract import Outcome, Receipt
from tests.store.plans import recorded

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
EMAILS, BATCH = 4_000, 200


async def settle(sends: list[ClaimedEmail]) -> object:
    receipt = Receipt(Outcome.SENT, "SENT", "")
    return await transmissions.settle(
        [SendOutcome(send, NOW, receipt, Outcome.SENT, SendStatus.SENT, attempts=1) for send in sends]
    )


async def begin(sends: list[ClaimedEmail]) -> object:
    return await transmissions.begin_transmission([(send, f"<{send.id}@x>") for send in sends], NOW)


async def put_on_hold(sends: list[ClaimedEmail]) -> object:
    return await transmissions._put_on_hold([(send.id, send.attempt_id) for send in sends])


async def postpone(sends: list[ClaimedEmail]) -> object:
    return await allowed_time_rows.postpone([Wait(send, NOW, "CODE", "", None, {}) for send in sends])


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.parametrize("step", [begin, claims.still_claimed, settle, put_on_hold, postpone])
async def test_no_email_of_a_batch_is_compared_with_all_others(
    database: str, step: Callable[[list[ClaimedEmail]], Awaitable[object]], caplog: pytest.LogCaptureFixture
) -> None:
    await populate(Size(EMAILS), "a")
    await refresh_statistics()
    claimed = read_claimed(
        await execute(
            "UPDATE send SET status = 'CLAIMED', attempt_id = 'att_1', lease_until = $1"
            f" WHERE id IN (SELECT id FROM send ORDER BY id LIMIT {BATCH}) RETURNING {', '.join(ClaimedEmail._fields)}",
            NOW + timedelta(minutes=1),
        )
    )
    assert len(claimed) == BATCH
    with recorded(caplog) as statements:
        await step(claimed)
    of_emails = {each: values for each, values in statements.items() if " AS r" in each}
    assert len(of_emails) >= 1
    await execute(
        "UPDATE send SET status = 'CLAIMED', attempt_id = 'att_1' WHERE id = ANY($1)", [s.id for s in claimed]
    )
    with caplog.at_level(logging.WARNING, "tortoise.db_client"):
        compared = [await _pairs(statement, values) for statement, values in of_emails.items()]
    assert max(compared) <= BATCH, compared


async def _pairs(statement: str, values: list[Any]) -> int:
    """Return the pairs of rows that PostgreSQL compares in vain. Nothing is changed."""
    async with get_connection("default").acquire_connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
        finally:
            await transaction.rollback()
    return _removed(json.loads(text)[0]["Plan"])


def _removed(node: dict[str, Any]) -> int:
    own = int(node.get("Rows Removed by Join Filter", 0) * node["Actual Loops"])
    return own + sum(_removed(inner) for inner in node.get("Plans", ()))


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.parametrize("emails_of_a_sender", [10, 4_000])
async def test_the_kept_plan_of_the_claim_reads_a_sender_in_order(
    database: str, emails_of_a_sender: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Some senders have a million waiting emails, so no claim may sort all of them, whatever PostgreSQL expects."""
    await populate(Size(EMAILS), "a")
    distinct = -1 / emails_of_a_sender  # of the rows: the number of senders that PostgreSQL expects
    await execute(f"ALTER TABLE send ALTER COLUMN sender_id SET (n_distinct = {distinct})")
    await refresh_statistics()
    with recorded(caplog) as statements:
        await claims.claim("sdr_none", NOW, NOW, BATCH)
    (statement,) = statements
    async with get_connection("default").acquire_connection() as connection, connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE claim AS {statement}")
        rows = await connection.fetch(f"EXPLAIN EXECUTE claim('att_1', '{NOW}', 'sdr_none', '{NOW}', {BATCH})")
        await connection.execute("DEALLOCATE claim")
    text = "\n".join(row[0] for row in rows)
    assert "Index Scan using send_waiting" in text, text
    assert "Sort" not in text


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_claim_is_not_planned_each_time(database: str) -> None:
    """Its plan is kept if most emails of the table are due or were sent, as is usual."""
    await populate(Size(EMAILS), "a")
    await Send.all().update(due_at=NOW - timedelta(hours=1))
    await refresh_statistics()
    sender = await Send.filter(status=SendStatus.SCHEDULED).first()
    assert sender is not None
    async with transaction():
        for _ in range(8):
            assert len(await claims.claim(sender.sender_id, NOW, NOW + timedelta(minutes=1), 2)) == 2
        (row,) = await execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%CLAIMED%ctid%LIMIT%'"
            " AND statement NOT LIKE '%pg_prepared%'"
        )
    assert row["generic_plans"] >= 1
