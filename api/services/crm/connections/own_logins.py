"""Write the tasks and activities of senders with their own logins, each as the sender's CRM user.

A record whose owner in the CRM is the user of a sender's own login is written with that login. All other records, a new
owner of a task, deletions and every read go through the workspace's connection. A login that cannot be used stops only
the records of its user: they fail with ``OWN_LOGIN_LOST``. Touchline sends them when the login works again or is
disconnected.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from api.crm_states import CrmState
from api.models import CrmConnection
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.crm_errors import remedy
from api.services.crm.connections.guarded_session import GuardedSession
from api.services.crm.connections.opening import open_connection, waits
from api.services.crm.failures.retrying import is_failed_write
from api.store.crm import connections
from plugins.crms.access import CrmCapabilities
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import ActivityPush
from plugins.crms.tasks import TaskField, TaskPush, WriteResult

Push = TypeVar("Push", TaskPush, ActivityPush)
Write = Callable[[GuardedSession, Sequence[Push]], Awaitable[Sequence[WriteResult]]]
OTHER_FIELDS = "The user of this login does not have the same field for Touchline's id as the user of the workspace."


class OwnLogins(GuardedSession):
    """The workspace's session, which writes the records of senders with their own logins."""

    def __init__(
        self,
        context: WorkspaceContext,
        workspace: CrmConnection,
        session: GuardedSession,
        capabilities: CrmCapabilities,
    ) -> None:
        super().__init__(session.crm, session)
        self._context = context
        self._workspace = workspace
        self._session = session
        self._capabilities = capabilities

    async def push_tasks(self, pushes: Sequence[TaskPush]) -> Sequence[WriteResult]:
        """Create and change tasks, each with the login of its owner."""
        return await self._grouped(pushes, _task_writer, lambda session, group: session.push_tasks(group))

    async def log_activities(self, activities: Sequence[ActivityPush]) -> Sequence[WriteResult]:
        """Log activities, each with the login of its owner."""
        return await self._grouped(
            activities, lambda push: push.owner_id, lambda session, group: session.log_activities(group)
        )

    async def _grouped(
        self, pushes: Sequence[Push], writer: Callable[[Push], str | None], write: Write[Push]
    ) -> Sequence[WriteResult]:
        """Write the workspace's records, then those of each login.

        Only the first of these writes may raise: a later error would hide the results of earlier writes.
        """
        logins = await self._logins()
        groups = defaultdict[str, list[Push]](list)
        for push in pushes:
            user = writer(push)
            groups[user if user in logins else ""].append(push)
        shared = groups.pop("", [])
        results = list(await write(self._session, shared)) if shared else []
        for user, group in groups.items():
            results += await self._with(logins[user], group, write)
        return results

    async def _logins(self) -> dict[str, CrmConnection]:
        """Return the present own login of each CRM user."""
        found: dict[str, CrmConnection] = {}
        for row in await connections.connections_of(self._workspace.workspace_id):
            is_here = (row.crm, row.org_id) == (self._workspace.crm, self._workspace.org_id)
            if row.sender_id is not None and is_here:
                found.setdefault(row.user_id, row)
        return found

    async def _with(self, row: CrmConnection, pushes: Sequence[Push], write: Write[Push]) -> list[WriteResult]:
        """Write records with one login. Never raises CrmError: each record has its result."""
        done: dict[str, WriteResult] = {}
        try:
            self._check_usable(row)
            async with open_connection(self._context, row, counted_in=self._workspace.id) as session:
                own = await session.describe()
                ours = self._capabilities
                if (own.marker_is_unique, own.has_marker_field) != (ours.marker_is_unique, ours.has_marker_field):
                    error = CrmError(CrmCode.INVALID_FIELD, OTHER_FIELDS)
                    return [WriteResult(push.marker, error=error) for push in pushes]
                await _write_in_halves(session, pushes, write, done)
        except CrmError as error:
            for push in pushes:
                done.setdefault(push.marker, WriteResult(push.marker, error=error))
        return [_of_own_login(result) for result in done.values()]

    def _check_usable(self, row: CrmConnection) -> None:
        """Raise CrmError if a login is lost, is paused, or waits after a failure."""
        if row.state is CrmState.PAUSED:
            raise CrmError(CrmCode.OWN_LOGIN_LOST, "The login is paused.")
        if row.state is CrmState.RECONNECT:
            raise CrmError(CrmCode.OWN_LOGIN_LOST, f"{row.code}: {row.detail or remedy(row.code)[0]}")
        if waits(row, self._context.clock()):
            error = CrmError(CrmCode.of(row.code), row.detail)
            is_own = error.category is CrmCategory.INTERMITTENT and not error.stops_all
            raise error if is_own else CrmError(CrmCode.SERVER_UNAVAILABLE, row.detail)


def _task_writer(push: TaskPush) -> str | None:
    """Return the CRM user who writes a task; None if the owner changes: the new owner may not see the task yet."""
    return None if push.remote_id is not None and TaskField.OWNER in push.fields else push.values.owner_id


async def _write_in_halves(
    session: GuardedSession, pushes: Sequence[Push], write: Write[Push], done: dict[str, WriteResult]
) -> None:
    """Write records into ``done``. What the CRM rejects as a whole is sent again in halves. Raises CrmError."""
    try:
        done |= {result.key: result for result in await write(session, pushes)}
    except CrmError as error:
        if is_failed_write(error):  # the login itself works
            done |= {push.marker: WriteResult(push.marker, error=error) for push in pushes}
            return
        if error.in_doubt or error.category not in {CrmCategory.VALIDATION, CrmCategory.OTHER}:
            raise
        if len(pushes) == 1:
            done[pushes[0].marker] = WriteResult(pushes[0].marker, error=error)
            return
        for half in (pushes[: len(pushes) // 2], pushes[len(pushes) // 2 :]):
            await _write_in_halves(session, half, write, done)


def _of_own_login(result: WriteResult) -> WriteResult:
    """Return a result whose error concerns the login of one sender, and not the workspace's connection."""
    error = result.error
    if error is not None and error.code is CrmCode.UNREACHABLE:
        # The workspace's connection can have another URL.
        error = CrmError(CrmCode.SERVER_UNAVAILABLE, error.detail, name=error.name, in_doubt=error.in_doubt)
        return WriteResult(result.key, error=error)
    if error is None or error.category is not CrmCategory.AUTHENTICATION or error.code is CrmCode.OWN_LOGIN_LOST:
        return result
    detail = f"{error.name}: {error.detail or error.code.sentence}"
    return WriteResult(result.key, error=CrmError(CrmCode.OWN_LOGIN_LOST, detail, in_doubt=error.in_doubt))
