"""The context of the sync of tasks with an organization: the session, the settings, the users and the people."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from api.crm_states import CrmSkippedTask
from api.models import CrmSettings, Task
from api.services.common.request_context import WorkspaceContext
from plugins.crms.contract import CrmSession
from plugins.crms.tasks import RemoteTask


class People(Protocol):
    """Finds the records of people in the CRM, and people by their records."""

    async def records_of(self, person_ids: Collection[str]) -> Mapping[str, str]:
        """Return the CRM's id of each person that has a record. Raises CrmError."""

    async def people_of(self, remote_ids: Collection[str]) -> Mapping[str, str]:
        """Return the person of each record that belongs to one. Raises CrmError."""


class Subjects(Protocol):
    """Writes the subjects of tasks in the CRM, by the workspace's pattern."""

    async def of_tasks(self, tasks: Sequence[Task]) -> Mapping[str, str]:
        """Return the subject of each task, up to 255 characters without line breaks, by the task's id."""


@dataclass(frozen=True, slots=True)
class TaskOrg:
    """An organization whose tasks are synced with a workspace."""

    context: WorkspaceContext
    session: CrmSession
    key: str
    """The key of the CRM and the id of the organization, as ``crm_task.org`` has it."""
    label: str
    """The name of the CRM that users read."""
    settings: CrmSettings
    users: Mapping[str, str]
    """The CRM's id of the user of each sender that has one."""
    synced_senders: frozenset[str]
    """The senders whose tasks are synced."""
    marker_is_unique: bool
    doubt: timedelta
    """How long a write can still be carried out after its connection broke."""
    deletions: timedelta
    """How far back the CRM knows deletions."""
    people: People
    subjects: Subjects
    changes_since: datetime | None = None
    """All changes in the CRM before this time, by its clock, are known."""
    count_failure: Callable[[str], None] = lambda _: None
    """Counts a failed write in the metrics, by its category."""

    @property
    def senders(self) -> dict[str, str]:
        """Return the sender of each CRM user. If several senders share a user, the first one whose tasks are synced."""
        order = sorted(self.users, key=lambda sender: (sender in self.synced_senders, sender), reverse=True)
        return {self.users[sender]: sender for sender in reversed(order)}

    @property
    def completes_skipped(self) -> bool:
        """Whether a skipped task is completed in the CRM."""
        return self.settings.skipped_tasks is CrmSkippedTask.COMPLETED

    def has_seen_until(self, sent_at: datetime | None) -> bool:
        """Say whether a write that was sent at ``sent_at`` must have been seen, if the CRM carried it out."""
        if sent_at is None or self.changes_since is None:
            return False
        return sent_at + self.doubt < self.changes_since - self.session.clock_skew

    def changed_at(self, remote: RemoteTask) -> datetime:
        """Return when a task was last changed in the CRM, by the clock of this server."""
        return remote.changed_at - self.session.clock_skew
