"""``touchline mail list`` and ``touchline mail retry``: incoming mails and events by their result."""

import json
from collections.abc import Sequence

from api.cli.common import console, database
from api.services.replies.incoming import retry_failed
from api.settings import Settings
from api.states import IncomingResult
from api.store.engine.database_clock import DatabaseClock, sync_clock
from api.store.replies.incoming import rows_by_result


async def show(settings: Settings, *, result: str, limit: int) -> int:
    """Print incoming mails and events with a result, the latest first, as a JSON object a line."""
    async with database(settings):
        for row in await rows_by_result(IncomingResult(result.upper()), limit):
            values = {name: str(value) if value is not None else None for name, value in row.items()}
            print(json.dumps(values, ensure_ascii=False), flush=True)
    return 0


async def retry(settings: Settings, *, ids: Sequence[str], every: bool) -> int:
    """Process failed mails and events again; exit code 1 if there are none."""
    async with database(settings):
        clock = DatabaseClock()
        await sync_clock(clock)
        found = await retry_failed(None if every else ids, clock())
    console.print(f"{found} incoming mails and events are processed again.")
    return 0 if found else 1
