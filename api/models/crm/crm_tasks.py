"""Tasks that are synced with a CRM, and the changes here that wait for the CRM."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.crm_task_states import CrmChangeKind, CrmChangeState, CrmTaskState
from api.models.columns import WorkspaceRow, varchar


class CrmTaskSync(Model):
    """How far the tasks and opt-outs of a workspace are synced. ``id`` is the workspace's id.

    While ``is_on``, a trigger of ``task`` adds a row of ``crm_task`` for each new task. Times are real times.
    """

    id = varchar(primary_key=True)
    # The key of the CRM and the id of the organization, such as "salesforce:00D5e000000abcdEAA".
    org = varchar(130)
    is_on = fields.BooleanField(default=False)
    began_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    # By the CRM's clock: all changes and deletions before these times are known here.
    changes_since = fields.DatetimeField()
    deletions_since = fields.DatetimeField()
    # The same for opt-outs. Null: the CRM was never queried.
    opt_outs_since = fields.DatetimeField(null=True)
    # By the clock of this server: when the CRM was last asked.
    pulled_at = fields.DatetimeField(null=True)
    pulled_deletions_at = fields.DatetimeField(null=True)
    pulled_opt_outs_at = fields.DatetimeField(null=True)
    # When all people who have opted out were last read, and not only those whose record has changed.
    all_opt_outs_at = fields.DatetimeField(null=True)

    class Meta:
        table = "crm_task_sync"


class CrmTask(WorkspaceRow):
    """A task that is synced with a CRM. ``id`` is the task's id, and the marker in the CRM. Times are real times.

    A row stays when its task is deleted, so that the CRM's task is deleted as well, and never pulled again.
    """

    org = varchar(130)
    remote_id = varchar(100, null=True)
    state = fields.CharEnumField(CrmTaskState, max_length=20)
    url = varchar(500, default="")
    # The last synced values by field: [here, in the CRM].
    base: Any = fields.JSONField(default=dict)
    # The values by field of requests without an answer, the last of which was sent at ``sent_at``. The CRM may have
    # stored them, or store them later.
    sent: Any = fields.JSONField(default=dict)
    sent_at = fields.DatetimeField(null=True)
    # The attempt that is sending. A process that takes over the job starts another attempt.
    attempt_id = varchar(null=True)
    synced_at = fields.DatetimeField(null=True)
    # The last conflicts, the newest first: field, values here and in the CRM, whose value won, and when.
    conflicts: Any = fields.JSONField(default=list)
    # When each field was last changed here. Only the triggers of ``task`` write them.
    subject_at = fields.DatetimeField(null=True)
    status_at = fields.DatetimeField(null=True)
    priority_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField(null=True)
    details_at = fields.DatetimeField(null=True)
    owner_at = fields.DatetimeField(null=True)
    person_at = fields.DatetimeField(null=True)

    class Meta:
        table = "crm_task"


class CrmChange(WorkspaceRow):
    """A change of an object here that waits to be sent to the CRM. ``id`` is the kind, a colon and the object's id.

    There is one row for an object, so that its changes reach the CRM in their order: the sender reads the present
    object, and deletes the row if ``version`` is still the same. Triggers of ``task`` write the rows of tasks.
    """

    id = varchar(80, primary_key=True)
    kind = fields.CharEnumField(CrmChangeKind, max_length=20)
    object_id = varchar()
    state = fields.CharEnumField(CrmChangeState, max_length=20)
    version = fields.IntField(default=1)
    attempts = fields.IntField(default=0)
    changed_at = fields.DatetimeField()
    next_at = fields.DatetimeField()
    # Why the last attempt failed: values of plugins/crms/codes.py, and what the CRM said.
    category = varchar(20, default="")
    code = varchar(64, default="")
    detail = fields.TextField(default="")
    failed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "crm_change"
