"""Open a session of a stored connection, and store whether the connection works."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from api.codes.crm.connections import CrmConnectionCode
from api.codes.events.event_kinds import EventKind
from api.crm_states import CrmState
from api.models import CrmConnection, CrmSettings
from api.secret_strength import NEW_SECRET_HINT
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.crm_errors import code_of, detail_of
from api.services.crm.connections.guarded_session import GuardedSession, guarded_session
from api.services.crm.connections.hosts import PROBE_AFTER, ConnectionHost
from api.services.crm.connections.settings import settings_of
from api.store.crm import connections
from api.store.events.events import Line, workspace_event, write
from plugins.crms.access import CrmAccess
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError

log = logging.getLogger("touchline.crm")

FIRST_RETRY, MAX_RETRY = timedelta(seconds=30), timedelta(minutes=30)
"""The wait after a failure. It doubles with each failure in a row."""
MAX_RETRY_IF_ANSWERED = timedelta(minutes=2)
"""The longest wait if the CRM answers other requests: they succeeded, or the failure is not temporary."""
MAX_REQUESTED_WAIT = timedelta(hours=1)
"""The longest wait that a CRM can ask for. One call an hour burdens no CRM, and a wrong value cannot stop the sync."""

LOST_AFTER = 5
"""Failures in a row after which the Live Feed says that the connection is lost: about a quarter of an hour."""


@asynccontextmanager
async def open_connection(
    context: WorkspaceContext, row: CrmConnection, *, asked_by_user: bool = False, counted_in: str | None = None
) -> AsyncIterator[GuardedSession]:
    """Open a session. Raises CrmError on entry. If the block raises one, the connection's failure is stored.

    With ``asked_by_user``, only a failure that concerns every request is stored: a user's query, or the list that it
    reads, can be wrong while the connection works. A failure of one record is in its result and is not raised.
    ``counted_in`` is the id of the connection whose row counts the calls.
    """
    host: ConnectionHost | None = None
    session: GuardedSession | None = None
    try:
        settings = await settings_of(row.workspace_id, row.crm)
        host, crm = _host(context, row, settings, counted_in), context.installed.crms.get(row.crm)
        if crm is None:
            raise CrmError(CrmCode.PLUGIN_FAILED, f"The CRM {row.crm} is not installed.")
        try:
            _, secrets = await host.read_secrets()
            access = CrmAccess(row.way, row.access_values | _fields(settings), secrets)
            async with guarded_session(crm, access, host) as session:
                yield session
        finally:
            await host.store_use()
    except CrmError as error:
        is_query = session is not None and not (host is not None and host.has_failed_renewal)
        if not asked_by_user or _is_stored_for_user(row, error, is_query=is_query):
            answers = session is not None and session.others_succeeded
            await record_failure(row, error, context.clock(), answers=answers)
        raise
    if await connections.set_works(row.id):
        if was_lost(row):
            await write([connection_event(row, EventKind.CRM_CONNECTION_RESTORED, context.clock())])
        log.info("the CRM connection %s works again", row.id)


def _is_stored_for_user(row: CrmConnection, error: CrmError, *, is_query: bool) -> bool:
    """Say whether the failure of a user's request is stored. Repeated requests do not make the connection wait longer.

    An error of opening the session or of getting new tokens, unlike one of a query, concerns every request, too.
    """
    if error.category is CrmCategory.AUTHENTICATION:
        return True
    return row.failures == 0 and (error.stops_all or not is_query)


def waits(row: CrmConnection, now: datetime) -> bool:
    """Say whether a connection waits after a failure.

    A wait longer than any new one counts as over: the clock was set back.
    """
    return row.retry_at is not None and now < row.retry_at <= now + MAX_REQUESTED_WAIT


def was_lost(row: CrmConnection) -> bool:
    """Say whether the Live Feed has reported a connection as lost."""
    return row.failures >= LOST_AFTER or (row.failures > 0 and _needs_user(row.code))


def connection_event(row: CrmConnection, kind: EventKind, now: datetime, **data: str) -> Line:
    """Return an event about a connection. It names the sender whose own login it is."""
    own = {} if row.sender_id is None else {"sender": row.sender_id, "user": row.user_name or row.user_id}
    return workspace_event(row.workspace_id, kind, now, data=data | own)


def _needs_user(code: str) -> bool:
    return CrmCode.of(code).category is CrmCategory.AUTHENTICATION


def _host(
    context: WorkspaceContext, row: CrmConnection, settings: CrmSettings, counted_in: str | None
) -> ConnectionHost:
    if context.crm.encryption is None:
        code, sentence = CrmConnectionCode.ENCRYPTION_KEY_REQUIRED.message(hint=NEW_SECRET_HINT)
        raise CrmError(CrmCode.OTHER, sentence, name=code)
    return ConnectionHost(row.id, context.crm.encryption, context.clock, settings.api_share, counted_in)


def _fields(settings: CrmSettings) -> dict[str, str]:
    """Return the fields in the CRM that the workspace has chosen. A session reads them as values of its access."""
    chosen = {"marker_field": settings.marker_field, "opt_out_field": settings.opt_out_field}
    return {key: name for key, name in chosen.items() if name}


async def record_failure(row: CrmConnection, error: CrmError, now: datetime, *, answers: bool = False) -> None:
    """Store why a connection cannot be used, and when it is tried again. ``answers``: other requests succeeded."""
    needs_user = error.category is CrmCategory.AUTHENTICATION
    state = CrmState.RECONNECT if needs_user else CrmState.FAILING
    retry_at = None if needs_user else now + _wait(error, row.failures, now, answers=answers)
    failures = 0
    with suppress(Exception):  # the error of the CRM is raised in any case
        failures = await connections.set_failed(row.id, state, code_of(error), detail_of(error), now, retry_at)
        if failures and (needs_user or failures == LOST_AFTER) and not was_lost(row):
            await write([connection_event(row, EventKind.CRM_CONNECTION_LOST, now, reason=code_of(error))])
    level = logging.WARNING if failures == 1 else logging.INFO
    log.log(level, "cannot use the CRM connection %s: %s: %s", row.id, code_of(error), detail_of(error))


def _wait(error: CrmError, failures: int, now: datetime, *, answers: bool) -> timedelta:
    """Return how long a connection waits after a failure. ``failures`` are those in a row before it."""
    if error.code is CrmCode.API_SHARE_USED:
        return PROBE_AFTER
    is_whole = error.stops_all or (error.category is CrmCategory.INTERMITTENT and not answers)
    longest = MAX_RETRY if is_whole else MAX_RETRY_IF_ANSWERED
    own_wait = min(FIRST_RETRY * float(2 ** min(failures, 10)), longest)
    return max(own_wait, min(_requested_wait(error.retry_after, now), MAX_REQUESTED_WAIT))


def _requested_wait(retry_after: float | datetime | None, now: datetime) -> timedelta:
    if retry_after is None:
        return timedelta(0)
    return retry_after - now if isinstance(retry_after, datetime) else timedelta(seconds=retry_after)
