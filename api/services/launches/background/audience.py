"""Store the audience of a background launch, in transactions that do not block other writers for long.

The audience is stored before its launch, which one last transaction creates. So a launch never has only a part of its
audience. If the process ends in between, the next process deletes the audience.
"""

from collections.abc import Sequence
from datetime import timedelta

from api.ids import first_id
from api.services.common.job_chunks.chunk_sizes import ChunkSize
from api.services.jobs.job_kind import JobRuntime
from api.store.launches import launches

PEOPLE_PER_TRANSACTION = 6_000
"""Most people whom one transaction stores or deletes. On SQLite it is measured."""
ABANDONED_AFTER = timedelta(hours=1)
"""Age of an audience without a launch after which no request can be storing it."""


async def store_audience(launch_id: str, workspace_id: str, person_ids: Sequence[str] | None) -> int:
    """Store these people, or everyone in the workspace (None), for a launch that does not exist yet.

    Returns how many.
    """
    size, count = ChunkSize(PEOPLE_PER_TRANSACTION), 0
    while True:
        people, before = size.size, count
        async with size.transaction(people):
            if person_ids is None:
                count = await launches.store_next_people(launch_id, workspace_id, before, people)
            else:
                chunk = person_ids[before : before + people]
                await launches.store_people(launch_id, chunk, before)
                count += len(chunk)
        if count - before != people:
            return count


async def delete_audience(launch_id: str) -> None:
    """Delete the audience of a launch that was not started."""
    size, last, deleted = ChunkSize(PEOPLE_PER_TRANSACTION), await launches.last_position(launch_id), 0
    while deleted < last:
        people = size.size
        async with size.transaction(people):
            await launches.delete_processed(launch_id, deleted + people)
        deleted += people


async def delete_abandoned(runtime: JobRuntime) -> None:
    """Delete the audiences whose process ended before it created their launch."""
    for launch_id in await launches.audiences_without_launch(first_id("lau", runtime.clock() - ABANDONED_AFTER)):
        await delete_audience(launch_id)
