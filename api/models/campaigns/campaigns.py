"""Campaigns and their steps."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar
from api.states import OnExpiry, OnReply, Priority, Tracking
from strategies import StepType


class Campaign(WorkspaceRow):
    """A sequence of steps, each on a day, with its settings."""

    sender: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    sender_id: str
    category: Any = fields.ForeignKeyField("touchline.Category", null=True, on_delete=fields.SET_NULL)
    category_id: str | None
    name = varchar(200)
    skip_weekends = fields.BooleanField(default=False)
    remove_on_bounce = fields.BooleanField(default=True)
    on_reply = fields.CharEnumField(OnReply, default=OnReply.END, max_length=20)
    use_recipient_zone = fields.BooleanField(default=False)
    task_expiry_days = fields.IntField(null=True)
    on_task_expiry = fields.CharEnumField(OnExpiry, default=OnExpiry.WAIT, max_length=20)
    in_doubt_resends = fields.IntField(default=0, db_default=0)
    # Read when an email is rendered, so a change applies to emails that are rendered later.
    tracking = fields.CharEnumField(Tracking, default=Tracking.OFF, db_default=Tracking.OFF, max_length=20)
    paused_at = fields.DatetimeField(null=True)
    resumed_at = fields.DatetimeField(null=True)
    # When the last pause started. Emails that were due then are sent on resume, if that is on the same day.
    last_paused_at = fields.DatetimeField(null=True)
    # When a resume was requested while a job still applied the pause or an edit. Until that job has resumed the
    # campaign, ``paused_at`` stays, and nothing is sent. Users see a campaign that is not paused.
    resume_requested_at = fields.DatetimeField(null=True)
    # Length of all pauses before the last resume in seconds. See ``Task.paused_seconds``.
    paused_seconds = fields.BigIntField(default=0, db_default=0)
    # Id of the pause or resume for which a job still puts emails on hold or releases them.
    holds = varchar(null=True)
    # Counts the edits that can change emails of launched people. While ``editing``, a job still applies the last one.
    revision = fields.IntField(default=0, db_default=0)
    edited_at = fields.DatetimeField(null=True)
    editing = fields.BooleanField(default=False, db_default=False)
    # When the ending of the campaign for everyone started. Until a job has finished it, no email of it is sent.
    ending_at = fields.DatetimeField(null=True)
    # Why the last attempt of the job for a pause, resume, edit or ending failed.
    job_problem = fields.TextField(null=True)
    # When the first person was launched, and since when nobody is active any more; a launch sets it to null again.
    launched_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    archived_at = fields.DatetimeField(null=True)
    # A deleted campaign stays as a row: to delete its steps, the database would search all emails for references.
    deleted_at = fields.DatetimeField(null=True)
    # Counts the changes of settings, steps and archive. Clients give the one that they have read.
    version = fields.IntField(default=1, db_default=1)
    created_at = fields.DatetimeField()

    class Meta:
        table = "campaign"


class Step(WorkspaceRow):
    """One step of a campaign. ``number`` counts from 1 through the whole campaign.

    An email step has a template, or ``html`` and ``text`` of its own, which are templates too. ``subject`` replaces the
    template's. A removed step stays in the table, with ``removed_at``. ``added_revision`` is the revision
    of the campaign that added the step: people who were launched before it may have passed the step. Revisions are
    compared and not times, because several edits can have the same time, and a sandbox's clock stands still.
    """

    campaign: Any = fields.ForeignKeyField("touchline.Campaign", on_delete=fields.CASCADE)
    campaign_id: str
    number = fields.IntField()
    day = fields.IntField()
    type = fields.CharEnumField(StepType, max_length=20)
    name = varchar(200, default="")
    send_option = varchar(64, null=True)
    config: Any = fields.JSONField(default=dict)
    follow_up = fields.BooleanField(default=False)
    template: Any = fields.ForeignKeyField("touchline.Template", null=True, on_delete=fields.RESTRICT)
    template_id: str | None
    subject: Any = fields.TextField(null=True)
    html: Any = fields.TextField(null=True)
    text: Any = fields.TextField(null=True)
    notes = fields.TextField(default="")
    priority = fields.CharEnumField(Priority, default=Priority.NORMAL, max_length=10)
    added_at = fields.DatetimeField(null=True)
    added_revision = fields.IntField(null=True)
    removed_at = fields.DatetimeField(null=True)
    # The template of emails that earlier releases sent: those have no ``template_id`` of their own.
    former_template_id = varchar(null=True)

    class Meta:
        table = "step"
        indexes = (("campaign_id", "number"),)
