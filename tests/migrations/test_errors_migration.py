"""The migration that tells errors from the ends of processes: what has failed before keeps its count."""

import pytest

from api.models import IncomingEvent, Job
from api.store.engine.database import migrate
from tests.migrations.migrating import insert, opened_as_of
from tests.services.world import NOW


async def insert_job(job_id: str, failures: int, problem: str | None, state: str = "WAITING") -> None:
    await insert(
        "job", id=job_id, kind="import", subject_id=job_id, state=state, turns=7, failures=failures, problem=problem,
        progress=0, created_at=NOW, finished_at=NOW if state == "FAILED" else None,
    )  # fmt: skip


async def insert_incoming(key: str, attempts: int, reason: str) -> None:
    await insert(
        "incoming_event", id=f"inc_{key}", source="imap:A", key=key, kind="MAIL", at=NOW, stored_at=NOW, due_at=NOW,
        details="{}", attempts=attempts, reason=reason,
    )  # fmt: skip


async def test_what_has_failed_keeps_its_count(database_kind: str, request: pytest.FixtureRequest) -> None:
    async with opened_as_of("0080_waiting_people", database_kind, request):
        await insert_job("job_error", 3, "no", "RETRYING")
        await insert_job("job_killed", 2, None)
        await insert_job("job_over", 5, "no", "FAILED")
        await insert_incoming("error", 2, "no")
        await insert_incoming("killed", 4, "")
        await migrate()
        assert dict(await Job.all().values_list("id", "errors")) == {"job_error": 3, "job_killed": 0, "job_over": 0}
        assert dict(await IncomingEvent.all().values_list("key", "errors")) == {"error": 2, "killed": 0}
        # A process of the release before still inserts rows while it stops.
        await insert_incoming("later", 0, "")
        assert (await IncomingEvent.get(key="later")).errors == 0
