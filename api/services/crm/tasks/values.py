"""The synced values of a task, as the CRM has them, and as texts that can be compared and stored.

Texts of users are stored as digests: they are only compared, and the person may be erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from api.models import Task
from api.services.tasks.manual_tasks import MAX_DETAILS_CHARACTERS
from api.states import Priority, TaskStatus
from plugins.crms.tasks import RemotePriority, RemoteStatus, RemoteTask, TaskField, TaskValues

YEARS = range(1900, 2200)
"""Years of due dates that Touchline accepts from a CRM."""
DIGEST_CHARACTERS = 32
Texts = dict[TaskField, str | None]


@dataclass(frozen=True, slots=True)
class Desired:
    """A task as it should be in the CRM. Without ``values``, it should not be there."""

    values: TaskValues | None
    writes_status: bool = True
    """Whether the status is written to the CRM. If not, the status there stays."""

    @property
    def texts(self) -> Texts:
        """Return the values that are written, as texts. None for those that are not written."""
        if self.values is None:
            return {}
        texts = texts_of(self.values)
        if not self.writes_status:
            texts[TaskField.STATUS] = None
        return texts


def desired(
    task: Task, subject: str, owner_id: str | None, person_id: str | None, *, completes_skipped: bool
) -> Desired:
    """Return a task as it should be in the CRM. With ``completes_skipped``, a skipped task is completed there."""
    status = _status(task, completes_skipped=completes_skipped)
    if task.status is TaskStatus.CANCELLED:
        return Desired(None)
    values = TaskValues(
        subject=subject,
        status=status or RemoteStatus.OPEN,
        priority=RemotePriority.HIGH if task.priority is Priority.HIGH else RemotePriority.NORMAL,
        due=task.due_date,
        details=task.details,
        owner_id=owner_id,
        person_id=person_id,
    )
    return Desired(values, writes_status=status is not None)


def _status(task: Task, *, completes_skipped: bool) -> RemoteStatus | None:
    """Return the status in the CRM; None if it is left as it is. An expired task that waits for a rep is open."""
    if task.status is TaskStatus.COMPLETED:
        return RemoteStatus.COMPLETED
    if task.done_at is None:
        return RemoteStatus.OPEN
    return RemoteStatus.COMPLETED if completes_skipped else None


def texts_of(values: TaskValues) -> Texts:
    """Return values as texts."""
    return {
        TaskField.SUBJECT: _digest(values.subject),
        TaskField.STATUS: values.status.value,
        TaskField.PRIORITY: values.priority.value,
        TaskField.DUE: None if values.due is None else values.due.isoformat(),
        TaskField.DETAILS: _digest(plain_details(values.details)),
        TaskField.OWNER: values.owner_id,
        TaskField.PERSON: values.person_id,
    }


def applicable(remote: RemoteTask, task: Task, senders: Mapping[str, str]) -> frozenset[TaskField]:
    """Return the fields of a CRM's task that can be applied here. ``senders`` are ids by the CRM's id of the user.

    A closed task keeps its due date and its assignee, unless it is opened again.
    """
    values = remote.values
    found = {TaskField.DETAILS} if len(plain_details(values.details)) <= MAX_DETAILS_CHARACTERS else set()
    if values.priority is not RemotePriority.OTHER:
        found.add(TaskField.PRIORITY)
    if values.status is RemoteStatus.COMPLETED or (values.status is RemoteStatus.OPEN and can_reopen(task)):
        found.add(TaskField.STATUS)
    is_open = task.done_at is None or (values.status is RemoteStatus.OPEN and can_reopen(task))
    if is_open and values.due is not None and values.due.year in YEARS:
        found.add(TaskField.DUE)
    if is_open and values.owner_id in senders:
        found.add(TaskField.OWNER)
    return frozenset(found)


def can_reopen(task: Task) -> bool:
    """Say whether a task is open, or can be opened again: one that was created by hand."""
    reopens = task.status in {TaskStatus.COMPLETED, TaskStatus.SKIPPED}
    return task.done_at is None or (task.enrollment_id is None and reopens)


def plain_details(details: str) -> str:
    """Return details without what a CRM may change in them: the kind of line breaks, and blanks at the end."""
    return "\n".join(line.rstrip() for line in details.splitlines()).rstrip()


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:DIGEST_CHARACTERS]
