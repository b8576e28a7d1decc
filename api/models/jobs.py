"""Background jobs of every kind."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import key, workspace_key
from api.states import JobState


class Job(Model):
    """Work that is done in chunks. ``kind`` names a row of api/job_kinds.py, ``subject_id`` the row that it is for.

    A subject has at most one open job of a kind. Instants are real time, also in a sandbox.
    """

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    kind = key()
    subject_id = key()
    state = fields.CharEnumField(JobState, default=JobState.WAITING, max_length=20)
    # Until then no process takes the job: one works on it, or it waits after a failure.
    lease_until = fields.DatetimeField(null=True)
    # Counts how often the job was taken or started again. A process that finds another number has lost the job.
    turns = fields.IntField(default=0)
    # Attempts without progress, and why the last one failed.
    failures = fields.IntField(default=0)
    problem = fields.TextField(null=True)
    # How many people or rows are done. A job that was interrupted may count some of them twice.
    progress = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "job"
