"""One round of the sync with a CRM: pull its changes, then push the changes here.

A step that fails, such as a query of a field that the user may not see, does not stop the others.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.crm_task_states import CrmChangeKind
from api.models import CrmTaskSync, CrmUser, Sender
from api.services.common.job_chunks.bisection import is_database_fault
from api.services.common.metrics import Metrics
from api.services.crm.activities.pushing import ActivityPusher
from api.services.crm.activities.task_subjects import TaskSubjects
from api.services.crm.connections.opening import LOST_AFTER
from api.services.crm.organization import CrmOrg
from api.services.crm.people.opt_outs import OptOutCounts, apply_opt_outs, push_opt_outs
from api.services.crm.people.task_people import TaskPeople
from api.services.crm.tasks.pull import OVERLAP, pull_changes, pull_deletions
from api.services.crm.tasks.push import push_tasks
from api.services.crm.tasks.sync_context import TaskOrg
from api.store.crm import changes, task_sync
from plugins.crms.access import CrmCapabilities
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.contract import Crm, CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.tasks import MAX_BATCH

log = logging.getLogger("touchline.crm")

PULL_EVERY = timedelta(minutes=2)
"""Time between two queries of changed tasks in the CRM: 720 calls a day."""
DELETIONS_EVERY = timedelta(minutes=10)
"""Time between two queries of deleted tasks: 144 calls a day."""
OPT_OUTS_EVERY = timedelta(minutes=15)
"""Time between two queries of people who opted out: 96 rounds a day."""
ALL_OPT_OUTS_EVERY = timedelta(days=1)
"""Time between two queries of all people who have opted out.

Changes alone do not show who opted out before the field became visible to the user of the connection.
"""
Counts = AsyncGenerator[int, None]


@dataclass(frozen=True, slots=True)
class Round:
    """One round of one workspace."""

    org: CrmOrg
    crm: Crm
    session: CrmSession
    capabilities: CrmCapabilities
    state: CrmTaskSync | None
    clock: Callable[[], datetime]
    metrics: Metrics

    async def run(self) -> Counts:
        """Carry out all steps. Yields after each transaction. Raises an error of one step only at the end."""
        first: Exception | None = None
        for step in (
            # First, so that a failure of another step does not delay opt-outs.
            self._pull_opt_outs,
            self._push_opt_outs,
            self._pull_tasks,
            self._push_tasks,
            self._log_activities,
        ):
            try:
                async for count in step():
                    yield count
            except CrmError as error:
                if not self._is_of_step(error):
                    raise
                log.warning(
                    "a step of the CRM sync of the workspace %s failed: %s: %s",
                    self.org.workspace_id,
                    error.name,
                    error.detail,
                )
                first = first or error
            except Exception as problem:
                if is_database_fault(problem):
                    raise
                log.exception("a step of the CRM sync of the workspace %s failed", self.org.workspace_id)
                first = first or problem
        if first is not None:
            raise first

    def _is_of_step(self, error: CrmError) -> bool:
        """Say whether the other steps are tried after an error of one step.

        A temporary error can be of the whole CRM. The other steps then wait with this one, but not for ever: one
        request that the CRM never answers does not stop all others.
        """
        if error.stops_all:
            return False
        if error.category is not CrmCategory.INTERMITTENT or error.code is CrmCode.QUERY_TIMEOUT:
            return True
        return self.org.connection.failures >= LOST_AFTER

    async def _task_org(self, state: CrmTaskSync) -> TaskOrg:
        org = self.org
        rows = await CrmUser.filter(workspace_id=org.workspace_id, crm=org.connection.crm)
        users = {row.sender_id: row.user_id for row in rows if row.org_id == org.connection.org_id and row.user_id}
        chosen = {row.sender_id: row.sync_tasks for row in rows if row.sync_tasks is not None}
        senders = await Sender.filter(workspace_id=org.workspace_id).only("id")
        return TaskOrg(
            context=org.context,
            session=self.session,
            key=org.key,
            label=org.label,
            settings=org.settings,
            users=users,
            synced_senders=frozenset(each.id for each in senders if chosen.get(each.id, org.settings.sync_tasks)),
            marker_is_unique=self.capabilities.marker_is_unique,
            doubt=org.doubt,
            deletions=timedelta(days=self.crm.deletions_days),
            people=TaskPeople(org, self.session),
            subjects=TaskSubjects(org.workspace_id, org.settings),
            changes_since=state.changes_since - OVERLAP,
            count_failure=lambda category: self.metrics.crm_failures(CrmChangeKind.TASK.value, category).inc(),
        )

    async def _pull_tasks(self) -> Counts:
        state, now = self.state, self.clock()
        if state is None or not state.is_on:
            return
        changes_due = is_due(state.pulled_at, PULL_EVERY, now)
        deletions_due = is_due(state.pulled_deletions_at, DELETIONS_EVERY, now)
        if not changes_due and not deletions_due:
            return
        tasks = await self._task_org(state)
        if changes_due:
            async for count in pull_changes(tasks, state.changes_since, now):
                self.metrics.crm_changes(CrmChangeKind.TASK.value, "in").inc(count)
                yield count
            yield 0  # the CRM has answered, also if nothing has changed there
        if deletions_due:
            async for count in pull_deletions(tasks, state.deletions_since, now):
                yield count

    async def _push_tasks(self) -> Counts:
        if not await self._waits(CrmChangeKind.TASK):
            return
        if self.state is None or not self.state.is_on:
            # When the sync is turned on again, all tasks are compared with their last synced values.
            await changes.drop(self.org.workspace_id, [CrmChangeKind.TASK])
            return
        tasks = await self._task_org(self.state)
        while count := await push_tasks(tasks, self.clock()):
            self.metrics.crm_changes(CrmChangeKind.TASK.value, "out").inc(count)
            yield count

    async def _log_activities(self) -> Counts:
        while due := await changes.due(self.org.workspace_id, CrmChangeKind.ACTIVITY, self.clock(), MAX_BATCH):
            pusher = ActivityPusher(self.org, self.session, self.capabilities)
            try:
                await pusher.push(due, self.clock())
            finally:
                self._count(CrmChangeKind.ACTIVITY, pusher.counts.logged + pusher.counts.changed, pusher.counts.failed)
            yield len(due)

    async def _push_opt_outs(self) -> Counts:
        while due := await changes.due(self.org.workspace_id, CrmChangeKind.OPT_OUT, self.clock(), MAX_BATCH):
            counts = OptOutCounts()
            try:
                await push_opt_outs(self.org, self.session, due, self.clock(), counts)
            finally:
                self._count(CrmChangeKind.OPT_OUT, counts.pushed, counts.failed)
            yield len(due)

    async def _pull_opt_outs(self) -> Counts:
        state, now = self.state, self.clock()
        if state is None or not self.org.settings.sync_opt_outs:
            return
        if not is_due(state.pulled_opt_outs_at, OPT_OUTS_EVERY, now):
            return
        all_at = state.all_opt_outs_at
        looks: list[datetime | None] = [] if state.opt_outs_since is None else [state.opt_outs_since - OVERLAP]
        if not looks or is_due(all_at, ALL_OPT_OUTS_EVERY, now):
            looks, all_at = [None, *looks], now
        until: datetime | None = None
        for since in looks:
            cursor: str | None = None
            while True:
                page = await self.session.changed_opt_outs(since, cursor)
                until = page.server_time if until is None else until
                counts = OptOutCounts()
                await apply_opt_outs(self.org, self.session, page.opt_outs, now, counts)
                self.metrics.crm_changes(CrmChangeKind.OPT_OUT.value, "in").inc(counts.pulled)
                yield len(page.opt_outs)
                cursor = page.cursor
                if cursor is None:
                    break
        covered = max(until or now, state.opt_outs_since or until or now)
        await task_sync.pulled_opt_outs(self.org.workspace_id, covered, now, all_at)

    def _count(self, kind: CrmChangeKind, sent: int, failed: Mapping[str, int]) -> None:
        """Count the writes of one request in the metrics."""
        self.metrics.crm_changes(kind.value, "out").inc(sent)
        for category, number in failed.items():
            self.metrics.crm_failures(kind.value, category).inc(number)

    async def _waits(self, kind: CrmChangeKind) -> bool:
        due_at = await changes.next_due(self.org.workspace_id, kind)
        return due_at is not None and due_at <= self.clock()


def is_due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    """Say whether ``every`` has passed since ``last``. Also True if the clock was set back."""
    return last is None or not last <= now < last + every


def pulls(state: CrmTaskSync | None, now: datetime, *, opt_outs: bool) -> bool:
    """Say whether a query of the CRM's changes is due now."""
    if state is None:
        return False
    tasks = is_due(state.pulled_at, PULL_EVERY, now) or is_due(state.pulled_deletions_at, DELETIONS_EVERY, now)
    return (state.is_on and tasks) or (opt_outs and is_due(state.pulled_opt_outs_at, OPT_OUTS_EVERY, now))
