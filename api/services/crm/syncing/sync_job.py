"""The background job of a connected workspace. It never ends while the workspace is connected.

There is one job for a workspace, so that no two processes write to its CRM at once. It opens a session only if
something is due. The jobs of several workspaces run at once, so that a CRM that does not answer delays only its own
workspace, up to the time limits of the session.
"""

import logging
from datetime import datetime, timedelta

from api.crm_states import CrmState
from api.models import CrmConnection, Job
from api.services.crm.connections.opening import open_connection, waits
from api.services.crm.connections.own_logins import OwnLogins
from api.services.crm.connections.settings import settings_of
from api.services.crm.organization import org_of
from api.services.crm.syncing.rounds import Round, pulls
from api.services.crm.tasks.switching import CRM_SYNC_JOB, keep_job
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.store import jobs
from api.store.crm import changes, connections, task_sync
from api.store.engine.transactions import transaction
from plugins.crms.access import CrmCapabilities
from plugins.crms.errors import CrmError

log = logging.getLogger("touchline.crm")

POLL = timedelta(seconds=10)
"""Time between two checks whether something is due."""
DESCRIBE_EVERY = timedelta(hours=1)
"""How long a description of the CRM's fields is used."""


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    described: tuple[CrmCapabilities, datetime] | None = None
    workspace_id = job.subject_id
    while True:
        now = runtime.clock()
        connection = await connections.connection_of(workspace_id)
        if connection is None:
            if await jobs.finish_when_done(job, now, lambda: _is_connected(workspace_id)):
                return
            continue
        if not await _has_work(connection, now):
            yield POLL
            continue
        context = await runtime.context(job)
        try:
            async with open_connection(context, connection) as session:
                if described is None or not described[1] <= now < described[1] + DESCRIBE_EVERY:
                    described = (await session.describe(), now)
                org = await org_of(context, connection)
                state = await task_sync.state_of(workspace_id)
                own_logins = OwnLogins(context, connection, session, described[0])
                one = Round(org, session.crm, own_logins, described[0], state, runtime.clock, runtime.metrics)
                async for count in one.run():
                    session.others_succeeded = True
                    yield count
            if await changes.next_due_of_all(workspace_id) is None:
                await connections.set_synced(connection.id, runtime.clock())
        except CrmError as error:
            log.debug(
                "the CRM sync of the workspace %s ended early: %s", workspace_id, error.name
            )  # the connection has the failure
        yield POLL


async def _is_connected(workspace_id: str) -> bool:
    return await connections.connection_of(workspace_id) is not None


async def _has_work(connection: CrmConnection, now: datetime) -> bool:
    """Say whether the connection can be used, and something is due."""
    if connection.state not in {CrmState.CONNECTED, CrmState.FAILING}:
        return False
    if waits(connection, now):
        return False
    workspace_id = connection.workspace_id
    if await changes.is_any_due(workspace_id, now):
        return True
    settings = await settings_of(workspace_id, connection.crm)
    return pulls(await task_sync.state_of(workspace_id), now, opt_outs=settings.sync_opt_outs)


async def _start_if_needed(runtime: JobRuntime) -> None:
    """Start the job of each connected workspace that has none, such as after an upgrade."""
    for workspace_id in sorted({row.workspace_id for row in await CrmConnection.exclude(state=CrmState.DISCONNECTED)}):
        async with transaction():
            await keep_job(workspace_id, runtime.clock())


CRM_SYNC = JobKind(
    CRM_SYNC_JOB,
    JobPriority.BULK,
    _work,
    None,
    start_if_needed=_start_if_needed,
    calls_others=True,
    is_standing=True,
)
