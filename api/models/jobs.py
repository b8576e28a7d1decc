"""Background jobs of every kind."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import varchar, workspace_key
from api.states import JobState


class Job(Model):
    """A background job, which is done in chunks.

    ``kind`` is a kind of api/background_jobs.py, ``subject_id`` an id of a row.

    A subject has at most one open job of a kind. Times are real times, even in a sandbox. A job of the server, such as
    the processing of incoming mails, has no workspace.
    """

    id = varchar(primary_key=True)
    workspace: Any = workspace_key(null=True)
    workspace_id: str | None
    kind = varchar()
    subject_id = varchar()
    state = fields.CharEnumField(JobState, default=JobState.WAITING, max_length=20)
    # No process takes the job before this time: a process works on it, or it waits after a failure.
    lease_until = fields.DatetimeField(null=True)
    # Counts how often a process took or restarted the job. A process that reads another number has lost the job.
    turns = fields.IntField(default=0)
    # Attempts without progress: ``errors`` of them failed with an error, and the process ended during the others.
    failures = fields.IntField(default=0)
    # The attempts that failed with an error, and why the last one failed.
    errors = fields.IntField(default=0, db_default=0)
    problem = fields.TextField(null=True)
    # Number of people or rows that are done. An interrupted job may count some of them twice.
    progress = fields.IntField(default=0)
    # Who started it, as store/events/event_actor.py writes actors; null if the server itself did.
    actor = varchar(250, null=True)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "job"
