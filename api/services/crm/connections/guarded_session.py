"""Call the package of a CRM. The caller always gets a valid result or a CrmError."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from api.services.common.package_tasks import in_own_task
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
Page = TypeVar("Page", TaskPage, PersonPage, OptOutPage)


CHECKS = ("instants", "crms.access", "crms.checks", "crms.people_and_activities", "crms.tasks")
CHECKING_MODULES = frozenset({f"plugins.{name}" for name in CHECKS})
"""Touchline's own checks of what packages return. The texts of their errors contain no values."""


class WrongResultError(TypeError):
    """A method of a package returned a result of a wrong type. The text contains no values."""


def _failed(crm: Crm, error: BaseException) -> CrmError:
    """Log where a package failed, without the text of the error, which could contain a secret.

    Texts of Touchline's own checks are safe. They say which field is wrong.
    """
    steps, module, trace = list[str](), "", error.__traceback__
    while trace is not None:
        steps.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        module, trace = trace.tb_frame.f_globals.get("__name__", ""), trace.tb_next
    fault = type(error).__name__
    if isinstance(error, WrongResultError):
        fault = str(error)
    elif module in CHECKING_MODULES:
        fault = f"{fault}: {error}"
    log.error("the CRM %s failed: %s at %s", crm.key, fault, " > ".join(steps[-4:]))
    return CrmError(CrmCode.PLUGIN_FAILED, f"{crm.key}: {fault}")


async def call_package(crm: Crm, work: Callable[[], Awaitable[Result]], seconds: float = CALL_SECONDS) -> Result:
    """Await a method of a package, in a task of its own. Raises CrmError, which is in doubt after a time-out."""
    return await _call_here(crm, lambda: in_own_task(work), seconds)


async def _call_here(crm: Crm, work: Callable[[], Awaitable[Result]], seconds: float) -> Result:
    """Await a method of a package. A session is opened and closed in the same task, as ``asyncio.timeout`` requires."""
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
    session = await _call_here(crm, manager.__aenter__, CALL_SECONDS)
    try:
        if not isinstance(session, CrmSession):
            raise _failed(crm, WrongResultError(f"open() gave a {type(session).__name__}, not a CrmSession"))
        yield GuardedSession(crm, session)
    finally:
        with suppress(CrmError):  # it is logged
            await _call_here(crm, lambda: manager.__aexit__(None, None, None), CLOSE_SECONDS)


class GuardedSession(CrmSession):
    """A package's session with time limits and checked types."""

    def __init__(self, crm: Crm, own: CrmSession) -> None:
        self.crm = crm
        self._own = own
        self.others_succeeded = False
        """Whether a part of the sync succeeded, so that a failure is one of another part. The sync's job writes it."""
        self._last_page: dict[str, Sequence[object]] = {}
        """The records of the last page, by the name of the method. Only ``_checked_page`` uses it."""

    @property
    def clock_skew(self) -> timedelta:  # type: ignore[override]
        """Return the skew of the package's session; 0 if it is not plausible."""
        try:
            skew: Any = call_plainly(self.crm, lambda: self._own.clock_skew)
        except CrmError:
            return timedelta(0)
        return skew if isinstance(skew, timedelta) and abs(skew) <= MAX_SKEW else timedelta(0)

    async def _one(self, name: str, kind: type[Result], work: Callable[[], Awaitable[Any]]) -> Result:
        found = await call_package(self.crm, work)
        if not isinstance(found, kind):
            raise self._wrong(name, found, kind.__name__)
        return found

    async def _several(self, name: str, kind: type[Result], work: Callable[[], Awaitable[Any]]) -> Sequence[Result]:
        found = await call_package(self.crm, work)
        if not isinstance(found, Sequence):
            raise self._wrong(name, found, f"list of {kind.__name__}")
        for each in found:
            if not isinstance(each, kind):
                raise self._wrong(name, each, kind.__name__, "list with a ")
        return list(found)

    async def _write(self, name: str, work: Callable[[], Awaitable[Any]]) -> Sequence[WriteResult]:
        """Create records. If the package fails, it is not known whether it has sent the request before."""
        try:
            return await self._several(name, WriteResult, work)
        except CrmError as error:
            if error.code is not CrmCode.PLUGIN_FAILED:
                raise
            raise CrmError(error.code, error.detail, name=error.name, in_doubt=True) from None

    def _checked_page(self, name: str, cursor: str | None, page: Page, records: Sequence[object]) -> Page:
        """Return a page. Raises CrmError if it repeats the one before: its cursor would never come to an end.

        A cursor may stay the same while the records change.
        """
        before = self._last_page.get(name, ()) if cursor is not None else ()
        self._last_page[name] = records
        if page.cursor is not None and page.cursor == cursor and (not records or list(records) == list(before)):
            raise _failed(self.crm, WrongResultError(f"{name}() returned the same page and cursor again"))
        return page

    def _wrong(self, name: str, found: object, wanted: str, inside: str = "") -> CrmError:
        """Return the error for a result of a wrong type."""
        fault = f"{name}() returned a {inside}{type(found).__name__}, not a {wanted}"
        return _failed(self.crm, WrongResultError(fault))

    async def identify(self) -> CrmIdentity:
        """Call the package's session."""
        return await self._one("identify", CrmIdentity, self._own.identify)

    async def limits(self) -> ApiUse | None:
        """Call the package's session."""
        found = await call_package(self.crm, self._own.limits)
        return found if isinstance(found, ApiUse) else None

    async def describe(self) -> CrmCapabilities:
        """Call the package's session."""
        return await self._one("describe", CrmCapabilities, self._own.describe)

    async def push_tasks(self, pushes: Sequence[TaskPush]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._write("push_tasks", lambda: self._own.push_tasks(pushes))

    async def delete_tasks(self, remote_ids: Sequence[str]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._several("delete_tasks", WriteResult, lambda: self._own.delete_tasks(remote_ids))

    async def changed_tasks(self, since: datetime, cursor: str | None) -> TaskPage:
        """Call the package's session."""
        page = await self._one("changed_tasks", TaskPage, lambda: self._own.changed_tasks(since, cursor))
        return self._checked_page("changed_tasks", cursor, page, page.tasks)

    async def deleted_tasks(self, since: datetime, until: datetime) -> DeletedTasks:
        """Call the package's session."""
        return await self._one("deleted_tasks", DeletedTasks, lambda: self._own.deleted_tasks(since, until))

    async def find_tasks(
        self, *, markers: Mapping[str, TaskPush] | None = None, remote_ids: Sequence[str] = (), since: datetime
    ) -> Sequence[RemoteTask]:
        """Call the package's session."""
        return await self._several(
            "find_tasks", RemoteTask, lambda: self._own.find_tasks(markers=markers, remote_ids=remote_ids, since=since)
        )

    async def find_people(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemotePerson]:
        """Call the package's session."""
        return await self._several(
            "find_people", RemotePerson, lambda: self._own.find_people(remote_ids=remote_ids, addresses=addresses)
        )

    async def create_people(self, people: Sequence[NewPerson]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._write("create_people", lambda: self._own.create_people(people))

    async def find_users(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemoteUser]:
        """Call the package's session."""
        return await self._several(
            "find_users", RemoteUser, lambda: self._own.find_users(remote_ids=remote_ids, addresses=addresses)
        )

    async def related_records(self, person_ids: Sequence[str]) -> Mapping[str, Sequence[RelatedRecord]]:
        """Call the package's session."""
        found = await self._one("related_records", dict, lambda: self._own.related_records(person_ids))
        for each in found.values():
            if not isinstance(each, (list, tuple)) or not all(isinstance(one, RelatedRecord) for one in each):
                raise self._wrong("related_records", each, "list of RelatedRecord", "mapping to a ")
        return found

    async def person_sources(self, kind: SourceKind, search: str) -> Sequence[PersonSource]:
        """Call the package's session."""
        return await self._several("person_sources", PersonSource, lambda: self._own.person_sources(kind, search))

    async def people_of(self, source: PersonSource, cursor: str | None) -> PersonPage:
        """Call the package's session."""
        page = await self._one("people_of", PersonPage, lambda: self._own.people_of(source, cursor))
        return self._checked_page("people_of", cursor, page, page.people)

    async def set_opt_outs(self, opt_outs: Sequence[OptOut]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._several("set_opt_outs", WriteResult, lambda: self._own.set_opt_outs(opt_outs))

    async def changed_opt_outs(self, since: datetime | None, cursor: str | None) -> OptOutPage:
        """Call the package's session."""
        page = await self._one("changed_opt_outs", OptOutPage, lambda: self._own.changed_opt_outs(since, cursor))
        return self._checked_page("changed_opt_outs", cursor, page, page.opt_outs)

    async def log_activities(self, activities: Sequence[ActivityPush]) -> Sequence[WriteResult]:
        """Call the package's session."""
        return await self._write("log_activities", lambda: self._own.log_activities(activities))

    async def find_activities(self, markers: Mapping[str, ActivityPush], since: datetime) -> Mapping[str, str]:
        """Call the package's session."""
        found = await self._one("find_activities", dict, lambda: self._own.find_activities(markers, since))
        for each in found.values():
            if each is None:
                raise self._wrong("find_activities", None, "text", "mapping to a ")
            call_plainly(self.crm, partial(WriteResult, "", each))
        return found

    def record_url(self, remote_id: str) -> str:
        """Call the package's session. A long text is cut. A failure and another type give an empty text.

        The record has been written already, so a wrong URL must not make the write fail.
        """
        try:
            url: object = call_plainly(self.crm, lambda: self._own.record_url(remote_id))
        except CrmError:  # it is logged
            return ""
        return storable(url)[:MAX_URL_CHARACTERS] if isinstance(url, str) else ""
