"""Send options that running campaigns use and that are not installed, so that each is reported once.

The table ``missing_option`` has a row for each campaign and missing option. It has no model, because its key has two
columns.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from api.store.engine.sql import Row, execute, in_list

RUNNING = "campaign.launched_at IS NOT NULL AND campaign.finished_at IS NULL AND campaign.archived_at IS NULL"
"""SQL condition: people are in the campaign."""
USES = "step.campaign_id = campaign.id AND step.removed_at IS NULL"
COLUMNS = "campaign_id, send_option, workspace_id"


class MissingOption(NamedTuple):
    """A campaign and a send option of one of its steps."""

    campaign_id: str
    send_option: str
    workspace_id: str


async def add_missing(installed: Sequence[str]) -> list[MissingOption]:
    """Store the missing options of campaigns that have people in them. Returns the new ones.

    Another process that stores the same ones waits for the end of this transaction, and then gets none.
    """
    return _rows(
        await execute(
            f"INSERT INTO missing_option ({COLUMNS}) SELECT DISTINCT step.campaign_id, step.send_option,"
            f" campaign.workspace_id FROM step JOIN campaign ON {USES} WHERE step.send_option IS NOT NULL"
            f" AND NOT {in_list('step.send_option', 1)} AND {RUNNING}"
            f" ORDER BY step.campaign_id, step.send_option ON CONFLICT DO NOTHING RETURNING {COLUMNS}",
            installed,
        )
    )


async def remove_installed(installed: Sequence[str]) -> list[MissingOption]:
    """Remove the options that are installed again. Returns those that running campaigns use."""
    await execute(
        "DELETE FROM missing_option WHERE NOT EXISTS (SELECT 1 FROM step JOIN campaign ON"
        f" {USES} WHERE campaign.id = missing_option.campaign_id AND step.send_option = missing_option.send_option"
        f" AND {RUNNING})"
    )
    return _rows(
        await execute(
            f"DELETE FROM missing_option WHERE {in_list('send_option', 1)} RETURNING {COLUMNS}",
            installed,
        )
    )


def _rows(rows: Iterable[Row]) -> list[MissingOption]:
    return sorted(MissingOption(row["campaign_id"], row["send_option"], row["workspace_id"]) for row in rows)
