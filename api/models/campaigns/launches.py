"""Background launches, and the people whom they did not enroll."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar
from api.states import LaunchStatus


class Launch(WorkspaceRow):
    """A background launch and its progress.

    ``sender_id`` is the chosen sender; null in rows of earlier releases: then it is the campaign's. ``send_at`` is the
    chosen send time, ``times`` are the chosen local times by step id. The people who are not yet processed are in the
    table launch_audience, numbered from 1 (see store/launches/launches.py). After a resume, people are launched as if
    at ``resumed_at``.
    """

    campaign: Any = fields.ForeignKeyField("touchline.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    status = fields.CharEnumField(LaunchStatus, default=LaunchStatus.RUNNING, max_length=20)
    sender_id = varchar(null=True)
    total = fields.IntField()
    processed = fields.IntField(default=0)
    enrolled = fields.IntField(default=0)
    left_out = fields.IntField(default=0)
    launched_at = fields.DatetimeField()
    send_at = fields.DatetimeField(null=True)
    times: Any = fields.JSONField(default=dict)
    resumed_at = fields.DatetimeField(null=True)
    # The campaign's revision when the launch started or was last resumed.
    revision = fields.IntField(default=0, db_default=0)
    paused_with_campaign = fields.BooleanField(default=False, db_default=False)
    again = fields.BooleanField(default=False, db_default=False)
    # How many people have a first email that a rep has written. The table first_email has the texts.
    first_emails = fields.IntField(default=0, db_default=0)
    problem = fields.TextField(null=True)

    class Meta:
        table = "launch"
        indexes = (("campaign_id", "status"),)


class LeftOut(WorkspaceRow):
    """A person whom a background launch did not enroll, and why. ``person_id`` can be an id that does not exist."""

    launch: Any = fields.ForeignKeyField("touchline.Launch", on_delete=fields.CASCADE)
    launch_id: str
    person_id = varchar(200)
    code = varchar(64)

    class Meta:
        table = "left_out"
        indexes = (("launch_id", "code"),)
