"""The choices of a background launch for single people, until the launch is over."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from api.store.engine.sql import document, execute, instant


class LaunchChoice(NamedTuple):
    """One person's own choices: a send time (UTC), local times by step id, and a sender."""

    send_at: datetime | None
    times: Mapping[str, str]
    sender_id: str


async def store_choices(launch_id: str, choices: Mapping[str, LaunchChoice]) -> None:
    """Store choices by person. Call in the transaction that creates the launch."""
    for person_id, (send_at, times, sender_id) in choices.items():
        await execute(
            "INSERT INTO launch_choice (launch_id, person_id, send_at, times, sender_id) VALUES ($1, $2, $3, $4, $5)",
            launch_id,
            person_id,
            send_at,
            json.dumps(dict(times)),
            sender_id,
        )


async def choices_of(launch_id: str) -> dict[str, LaunchChoice]:
    """Return the choices of a launch by person."""
    rows = await execute("SELECT * FROM launch_choice WHERE launch_id = $1", launch_id)
    return {
        row["person_id"]: LaunchChoice(
            None if row["send_at"] is None else instant(row["send_at"]), document(row["times"]), row["sender_id"]
        )
        for row in rows
    }


async def delete_choices(launch_id: str) -> None:
    """Delete the choices of a launch that is over."""
    await execute("DELETE FROM launch_choice WHERE launch_id = $1", launch_id)
