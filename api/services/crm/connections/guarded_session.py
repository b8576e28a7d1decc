"""Call the package of a CRM. The caller always gets a valid result or a CrmError."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from plugins.crms.access import ApiUse, CrmAccess, CrmCapabilities, CrmHost, CrmIdentity
from plugins.crms.checks import storable
from plugins.crms.codes import CrmCode
from plugins.crms.contract import Crm, CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import (
    ActivityPush,
    NewPerson,
    OptOut,
    OptOutPage,
    PersonPage,
    PersonSource,
    RelatedRecord,
    RemotePerson,
    RemoteUser,
    SourceKind,
)
from plugins.crms.tasks import DeletedTasks, RemoteTask, TaskPage, TaskPush, WriteResult

log = logging.getLogger("touchline.crm")

CALL_SECONDS = 300.0
"""Longest time for one call of a session, with all its requests."""
CLOSE_SECONDS = 10.0
"""Longest time for closing a session."""
MAX_SKEW = timedelta(days=1)
MAX_URL_CHARACTERS = 500
"""The longest URL of a record that is kept."""

Result = TypeVar("Result")


def _failed(crm: Crm, error: BaseException) -> CrmError:
    """Log where a package failed, without the text of the error, which could contain a secret."""
    steps, trace = [], error.__traceback__
    while trace is not None:
        steps.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    log.error("the CRM %s failed: %s at %s", crm.key, type(error).__name__, " > ".join(steps[-4:]))
    return CrmError(CrmCode.PLUGIN_FAILED, f"{crm.key}: {type(error).__name__}")


async def call_package(crm: Crm, work: Callable[[], Awaitable[Result]], seconds: float = CALL_SECONDS) -> Result:
    """Await a method of a package. Raises CrmError, which is in doubt after a time-out."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await work()
    except CrmError:
        raise
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and asyncio.current_task().cancelling():  # type: ignore[union-attr]
            raise
        if limit.expired():
            raise CrmError(CrmCode.ANSWER_LOST, f"No answer in {seconds:g} s.", in_doubt=True) from None
        raise _failed(crm, error) from None


def call_plainly(crm: Crm, work: Callable[[], Result]) -> Result:
    """Call a function of a package. Raises CrmError."""
    try:
        return work()
    except CrmError:
        raise
    except BaseException as error:
        raise _failed(crm, error) from None


@asynccontextmanager
async def guarded_session(crm: Crm, access: CrmAccess, host: CrmHost) -> AsyncIterator["GuardedSession"]:
    """Open a session. Raises CrmError; errors of the block pass through."""
    manager: AbstractAsyncContextManager[CrmSession] = call_plainly(crm, lambda: crm.open(access, host))
    session = await call_package(crm, manager.__aenter__)
    try:
        if not isinstance(session, CrmSession):
            raise _failed(crm, TypeError("open() gave no CrmSession"))
        yield GuardedSession(crm, session)
    finally:
        with suppress(CrmError):  # it is logged
            await call_package(crm, lambda: manager.__aexit__(None, None, None), CLOSE_SECONDS)


class GuardedSession(CrmSession):
    """A package's session with time limits and checked types."""

    def __init__(self, crm: Crm, own: CrmSession) -> None:
        self.crm = crm
        self._own = own

    @property
    def clock_skew(self) -> timedelta:  # type: ignore[override]
        """Return the skew of the package's session; 0 if it is not plausible."""
        skew: Any = self._own.clock_skew
        return skew if isinstance(skew, timedelta) and abs(skew) <= MAX_SKEW else timedelta(0)

    async def _one(self, kind: type[Result], work: Callable[[], Awaitable[Any]]) -> Result:
        found = await call_package(self.crm, work)
        if not isinstance(found, kind):
            raise _failed(self.crm, TypeError(f"a {type(found).__name__} is no {kind.__name__}"))
        return found

    async def _several(self, kind: type[Result], work: Callable[[], Awaitable[Any]]) -> Sequence[Result]:
        found = await call_package(self.crm, work)
        if not isinstance(found, Sequence) or not all(isinstance(each, kind) for each in found):
            raise _failed(self.crm, TypeError(f"the result is not a list of {kind.__name__}"))
        return list(found)

    async def identify(self) -> CrmIdentity:
        """Call the package's session."""
        return await self._one(CrmIdentity, self._own.identify)

    async def limits(self) -> ApiUse | None:
        """Call the package's session."""
        found = await call_package(self.crm, self._own.limits)
        return found if isinstance(found, ApiUse) else None

    async def describe(self) -> CrmCapabilities:
        """Call the package's session."""
        return await self._one(CrmCapabilities, self._own.describe)

    async def push_tasks(self, pushes: Sequence[TaskPush]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._several(WriteResult, lambda: self._own.push_tasks(pushes))

    async def delete_tasks(self, remote_ids: Sequence[str]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._several(WriteResult, lambda: self._own.delete_tasks(remote_ids))

    async def changed_tasks(self, since: datetime, cursor: str | None) -> TaskPage:
        """Call the package's session."""
        return await self._one(TaskPage, lambda: self._own.changed_tasks(since, cursor))

    async def deleted_tasks(self, since: datetime, until: datetime) -> DeletedTasks:
        """Call the package's session."""
        return await self._one(DeletedTasks, lambda: self._own.deleted_tasks(since, until))

    async def find_tasks(
        self, *, markers: Mapping[str, TaskPush] | None = None, remote_ids: Sequence[str] = (), since: datetime
    ) -> Sequence[RemoteTask]:
        """Call the package's session."""
        return await self._several(
            RemoteTask, lambda: self._own.find_tasks(markers=markers, remote_ids=remote_ids, since=since)
        )

    async def find_people(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemotePerson]:
        """Call the package's session."""
        return await self._several(
            RemotePerson, lambda: self._own.find_people(remote_ids=remote_ids, addresses=addresses)
        )

    async def create_people(self, people: Sequence[NewPerson]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._several(WriteResult, lambda: self._own.create_people(people))

    async def find_users(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemoteUser]:
        """Call the package's session."""
        return await self._several(RemoteUser, lambda: self._own.find_users(remote_ids=remote_ids, addresses=addresses))

    async def related_records(self, person_ids: Sequence[str]) -> Mapping[str, Sequence[RelatedRecord]]:
        """Call the package's session."""
        found = await self._one(dict, lambda: self._own.related_records(person_ids))
        for each in found.values():
            if not isinstance(each, (list, tuple)) or not all(isinstance(one, RelatedRecord) for one in each):
                raise _failed(self.crm, TypeError("the result is not a mapping to lists of RelatedRecord"))
        return found

    async def person_sources(self, kind: SourceKind, search: str) -> Sequence[PersonSource]:
        """Call the package's session."""
        return await self._several(PersonSource, lambda: self._own.person_sources(kind, search))

    async def people_of(self, source: PersonSource, cursor: str | None) -> PersonPage:
        """Call the package's session."""
        return await self._one(PersonPage, lambda: self._own.people_of(source, cursor))

    async def set_opt_outs(self, opt_outs: Sequence[OptOut]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._several(WriteResult, lambda: self._own.set_opt_outs(opt_outs))

    async def changed_opt_outs(self, since: datetime | None, cursor: str | None) -> OptOutPage:
        """Call the package's session."""
        return await self._one(OptOutPage, lambda: self._own.changed_opt_outs(since, cursor))

    async def log_activities(self, activities: Sequence[ActivityPush]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._several(WriteResult, lambda: self._own.log_activities(activities))

    async def find_activities(self, markers: Mapping[str, ActivityPush], since: datetime) -> Mapping[str, str]:
        """Call the package's session."""
        found = await self._one(dict, lambda: self._own.find_activities(markers, since))
        for each in found.values():
            if call_plainly(self.crm, partial(WriteResult, "", each)).remote_id is None:
                raise _failed(self.crm, TypeError("an id is None"))
        return found

    def record_url(self, remote_id: str) -> str:
        """Call the package's session. A long text is cut. Another type gives an empty text."""
        url = call_plainly(self.crm, lambda: self._own.record_url(remote_id))
        return storable(url)[:MAX_URL_CHARACTERS] if isinstance(url, str) else ""
