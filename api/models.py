"""The tables. Every row belongs to a workspace; instants are UTC; wall times stand beside the zone they belong to."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.states import (
    BounceKind,
    EnrollmentStatus,
    ImportStatus,
    LaunchStatus,
    OnExpiry,
    OnKnown,
    OnReply,
    Priority,
    SendStatus,
    SuppressionChangeKind,
    SuppressionSource,
    TaskStatus,
)
from strategies import StepType


def _key(length: int = 40, **options: Any) -> Any:
    return fields.CharField(max_length=length, **options)


def _workspace(**options: Any) -> Any:
    return fields.ForeignKeyField("touchline.Workspace", **{"db_index": True, **options})


BEGINS_ANOTHER_INDEX: dict[str, Any] = {"db_index": False}


class Workspace(Model):
    """One customer's rows. A sandbox has a clock of its own, and nothing leaves it."""

    id = _key(primary_key=True)
    name = _key(200)
    sandbox = fields.BooleanField(default=False)
    virtual_now = fields.DatetimeField(null=True)
    blocked_domains: Any = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    accounts: Any = fields.JSONField(null=True)
    """Names of the accounts of channels that it may use; None for all."""

    class Meta:
        table = "workspace"


class Token(Model):
    """A bearer token, of which only the SHA-256 is kept."""

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    name = _key(200)
    sha256 = _key(64, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "token"


class Sender(Model):
    """Who writes: name, address, zone, and the channel that carries the emails. ``email_key`` is as in ``Person``."""

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    name = _key(200)
    email = _key(320)
    email_key = _key(320, default="")
    zone = _key(64)
    channel = _key(64)
    channel_config: Any = fields.JSONField(default=dict)
    throttle_emails = fields.IntField(null=True)
    throttle_seconds = fields.IntField(null=True)
    daily_cap = fields.IntField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "sender"
        unique_together = (("workspace_id", "email"),)


class Person(Model):
    """Someone to whom campaigns are sent. ``email_key`` is the normal form of ``email``: one for each mailbox."""

    id = _key(primary_key=True)
    workspace: Any = _workspace(**BEGINS_ANOTHER_INDEX)
    workspace_id: str
    email = _key(320)
    email_key = _key(320)
    first_name = _key(200, default="")
    last_name = _key(200, default="")
    title = _key(200, default="")
    company = _key(200, default="")
    zone = _key(64, null=True)
    own_fields: Any = fields.JSONField(default=dict)
    bounced_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "person"
        unique_together = (("workspace_id", "email_key"),)


class Suppression(Model):
    """An address that has unsubscribed from a workspace, whoever has it. ``email_key`` is as in ``Person``.

    ``unsubscribed_at`` is null while the address may be written to again. The rest says why it last unsubscribed.
    """

    id = _key(primary_key=True)
    workspace: Any = _workspace(**BEGINS_ANOTHER_INDEX)
    workspace_id: str
    email = _key(320)
    email_key = _key(320)
    unsubscribed_at = fields.DatetimeField(null=True)
    source = fields.CharEnumField(SuppressionSource, max_length=20)
    reason = fields.TextField(default="")

    class Meta:
        table = "suppression"
        unique_together = (("workspace_id", "email_key"),)


class SuppressionChange(Model):
    """One change of a suppression: the address has unsubscribed, or may be written to again."""

    id = _key(primary_key=True)
    workspace: Any = _workspace(**BEGINS_ANOTHER_INDEX)
    workspace_id: str
    suppression: Any = fields.ForeignKeyField("touchline.Suppression", on_delete=fields.CASCADE)
    suppression_id: str
    kind = fields.CharEnumField(SuppressionChangeKind, max_length=20)
    at = fields.DatetimeField()
    source = fields.CharEnumField(SuppressionSource, max_length=20)
    reason = fields.TextField(default="")
    actor = _key(200, default="")

    class Meta:
        table = "suppression_change"
        indexes = (("suppression_id", "id"),)


class Category(Model):
    """A label that sorts templates and campaigns."""

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    name = _key(200)
    created_at = fields.DatetimeField()

    class Meta:
        table = "category"
        unique_together = (("workspace_id", "name"),)


class Template(Model):
    """The content of an email, with dynamic fields."""

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    category: Any = fields.ForeignKeyField("touchline.Category", null=True, on_delete=fields.SET_NULL)
    category_id: str | None
    name = _key(200)
    subject = fields.TextField(default="")
    html = fields.TextField(default="")
    text = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "template"


class Campaign(Model):
    """An ordered list of steps, each on a day, and the settings of their run."""

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    sender: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    sender_id: str
    category: Any = fields.ForeignKeyField("touchline.Category", null=True, on_delete=fields.SET_NULL)
    category_id: str | None
    name = _key(200)
    skip_weekends = fields.BooleanField(default=False)
    remove_on_bounce = fields.BooleanField(default=True)
    on_reply = fields.CharEnumField(OnReply, default=OnReply.END, max_length=20)
    use_recipient_zone = fields.BooleanField(default=False)
    task_expiry_days = fields.IntField(null=True)
    on_task_expiry = fields.CharEnumField(OnExpiry, default=OnExpiry.WAIT, max_length=20)
    in_doubt_resends = fields.IntField(default=0, db_default=0)
    paused_at = fields.DatetimeField(null=True)
    resumed_at = fields.DatetimeField(null=True)
    # When the last pause began: what was due then goes out when it ends on the same day.
    last_paused_at = fields.DatetimeField(null=True)
    # The pause or resume whose emails are still to be put on hold or released, and until when a process does so.
    holds = _key(null=True)
    holds_lease = fields.DatetimeField(null=True)
    # Counts the edits that may move someone; while ``editing``, some people are still to be resolved by the last one.
    revision = fields.IntField(default=0, db_default=0)
    edited_at = fields.DatetimeField(null=True)
    editing = fields.BooleanField(default=False, db_default=False)
    edit_lease = fields.DatetimeField(null=True)
    # Attempts without success at the pause or resume and at the edit, and why the last one failed.
    holds_failures = fields.IntField(default=0, db_default=0)
    edit_failures = fields.IntField(default=0, db_default=0)
    job_problem = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "campaign"


class Step(Model):
    """One step of a campaign. ``number`` counts from 1 through the whole campaign.

    A step that someone has gone through is removed by its ``removed_at`` and stays in the record. Whoever was launched
    before ``added_revision`` of the campaign may have passed it: no clock decides that, since several things happen in
    one second, and a sandbox's clock stands still.
    """

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    campaign: Any = fields.ForeignKeyField("touchline.Campaign", on_delete=fields.CASCADE)
    campaign_id: str
    number = fields.IntField()
    day = fields.IntField()
    type = fields.CharEnumField(StepType, max_length=20)
    name = _key(200, default="")
    send_option = _key(64, null=True)
    config: Any = fields.JSONField(default=dict)
    follow_up = fields.BooleanField(default=False)
    template: Any = fields.ForeignKeyField("touchline.Template", null=True, on_delete=fields.RESTRICT)
    template_id: str | None
    subject = fields.TextField(null=True)
    notes = fields.TextField(default="")
    priority = fields.CharEnumField(Priority, default=Priority.NORMAL, max_length=10)
    added_at = fields.DatetimeField(null=True)
    added_revision = fields.IntField(null=True)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "step"
        indexes = (("campaign_id", "number"),)


class Enrollment(Model):
    """One person going through one campaign, what launching chose for them, and what pauses have moved.

    ``times`` are new wall times by step id. ``resumed`` is by step id a day and the date that it fell on since a
    resume; null when no pause moved anything. ``revision`` is the campaign's that this person was last resolved by,
    ``launched_revision`` the one that they were launched with.
    ``zone_of`` says whose the zone is (a ``ZoneOf``); null for people who were launched before it was kept.
    """

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    campaign: Any = fields.ForeignKeyField("touchline.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    person: Any = fields.ForeignKeyField("touchline.Person", on_delete=fields.RESTRICT)
    person_id: str
    zone = _key(64)
    zone_of = _key(10, null=True)
    launched_at = fields.DatetimeField()
    send_at = fields.DatetimeField(null=True)
    times: Any = fields.JSONField(default=dict)
    resumed: Any = fields.JSONField(null=True)
    revision = fields.IntField(default=0, db_default=0)
    launched_revision = fields.IntField(default=0, db_default=0)
    status = fields.CharEnumField(EnrollmentStatus, default=EnrollmentStatus.ACTIVE, max_length=20)
    end_reason = _key(64, null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "enrollment"


class Launch(Model):
    """A launch in the background, and its progress. ``times`` are new wall times by step id.

    Its audience is in the table launch_audience, numbered from 1, as far as it is not processed; see store/launches.py.
    Those enrolled since a resume are launched at ``resumed_at``.
    """

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    campaign: Any = fields.ForeignKeyField("touchline.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    status = fields.CharEnumField(LaunchStatus, default=LaunchStatus.RUNNING, max_length=20)
    total = fields.IntField()
    processed = fields.IntField(default=0)
    enrolled = fields.IntField(default=0)
    left_out = fields.IntField(default=0)
    launched_at = fields.DatetimeField()
    send_at = fields.DatetimeField(null=True)
    times: Any = fields.JSONField(default=dict)
    lease_until = fields.DatetimeField(null=True)
    resumed_at = fields.DatetimeField(null=True)
    # The campaign's revision when it began, or was last resumed.
    revision = fields.IntField(default=0, db_default=0)
    paused_with_campaign = fields.BooleanField(default=False, db_default=False)
    again = fields.BooleanField(default=False, db_default=False)
    failures = fields.IntField(default=0, db_default=0)
    problem = fields.TextField(null=True)

    class Meta:
        table = "launch"
        indexes = (("campaign_id", "status"),)


class LeftOut(Model):
    """Someone whom a launch in the background did not enroll, and why. ``person_id`` may be of no person."""

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    launch: Any = fields.ForeignKeyField("touchline.Launch", on_delete=fields.CASCADE)
    launch_id: str
    person_id = _key(200)
    code = _key(64)

    class Meta:
        table = "left_out"
        indexes = (("launch_id", "code"),)


class Send(Model):
    """One email to one person with an instant. ``due_at`` is when it goes out, ``planned_*`` what the plan said.

    ``subject`` and ``html`` are what a rep wrote, and are sent as they are; in rows that an earlier release wrote
    (``written_as_template``) they are templates.
    """

    id = _key(primary_key=True)
    workspace: Any = _workspace(**BEGINS_ANOTHER_INDEX)
    workspace_id: str
    enrollment: Any = fields.ForeignKeyField("touchline.Enrollment", on_delete=fields.RESTRICT)
    enrollment_id: str
    step: Any = fields.ForeignKeyField("touchline.Step", on_delete=fields.RESTRICT)
    step_id: str
    person: Any = fields.ForeignKeyField("touchline.Person", on_delete=fields.RESTRICT)
    person_id: str
    sender: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    sender_id: str
    sandbox = fields.BooleanField(default=False)
    by_hand = fields.BooleanField(default=False)
    subject = fields.TextField(null=True)
    html = fields.TextField(null=True)
    written_as_template = fields.BooleanField(default=False, db_default=False)
    status = fields.CharEnumField(SendStatus, default=SendStatus.SCHEDULED, max_length=20)
    due_at = fields.DatetimeField()
    planned_at = fields.DatetimeField()
    planned_date = fields.DateField()
    planned_time = _key(8)
    zone = _key(64)
    explanation: Any = fields.JSONField(default=list)
    attempt_id = _key(40, null=True)
    lease_until = fields.DatetimeField(null=True)
    attempts = fields.IntField(default=0)
    doubts = fields.IntField(default=0, db_default=0)
    message_id = _key(400, null=True)
    recipient = _key(320, null=True)
    sent_at = fields.DatetimeField(null=True)
    reason = _key(64, null=True)
    detail = fields.TextField(default="")
    bounce = fields.CharEnumField(BounceKind, null=True, max_length=10)
    bounced_at = fields.DatetimeField(null=True)
    archived = fields.BooleanField(default=False)
    held = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "send"
        unique_together = (("enrollment_id", "step_id"),)
        # Beside it: send_waiting, send_held, send_leased and send_in_doubt, partial ones of the migrations.
        indexes = (("workspace_id", "status", "due_at"),)


class Task(Model):
    """Human work for one person of a campaign."""

    id = _key(primary_key=True)
    workspace: Any = _workspace(**BEGINS_ANOTHER_INDEX)
    workspace_id: str
    enrollment: Any = fields.ForeignKeyField("touchline.Enrollment", on_delete=fields.RESTRICT)
    enrollment_id: str
    step: Any = fields.ForeignKeyField("touchline.Step", on_delete=fields.RESTRICT)
    step_id: str
    person: Any = fields.ForeignKeyField("touchline.Person", on_delete=fields.RESTRICT)
    person_id: str
    assignee: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    assignee_id: str
    sandbox = fields.BooleanField(default=False)
    type = fields.CharEnumField(StepType, max_length=20)
    name = _key(300)
    details = fields.TextField(default="")
    priority = fields.CharEnumField(Priority, default=Priority.NORMAL, max_length=10)
    status = fields.CharEnumField(TaskStatus, default=TaskStatus.OPEN, max_length=20)
    due_date = fields.DateField()
    expires_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    explanation: Any = fields.JSONField(default=list)

    class Meta:
        table = "task"
        unique_together = (("enrollment_id", "step_id"),)
        indexes = (("workspace_id", "status", "due_date"), ("status", "expires_at"))


class Event(Model):
    """One line of the Live Feed, written in the transaction of what it tells."""

    id = _key(primary_key=True)
    workspace: Any = _workspace(**BEGINS_ANOTHER_INDEX, db_constraint=False)
    workspace_id: str
    kind = _key(40)
    at = fields.DatetimeField()
    campaign_id = _key(null=True)
    person_id = _key(null=True)
    enrollment_id = _key(null=True)
    step_id = _key(null=True)
    send_id = _key(null=True)
    task_id = _key(null=True)
    data: Any = fields.JSONField(default=dict)

    class Meta:
        table = "event"
        indexes = (("workspace_id", "id"),)


class PeopleImport(Model):
    """A CSV import: its source until it is finished, its progress, and the rows that were refused."""

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    status = fields.CharEnumField(ImportStatus, default=ImportStatus.RUNNING, max_length=20)
    source = fields.TextField(default="")
    total = fields.IntField()
    processed = fields.IntField(default=0)
    created = fields.IntField(default=0)
    updated = fields.IntField(default=0)
    skipped = fields.IntField(default=0)
    failed = fields.IntField(default=0)
    suppressed = fields.IntField(default=0, db_default=0)
    repeated = fields.IntField(default=0)
    on_known = fields.CharEnumField(OnKnown, default=OnKnown.UPDATE, max_length=20)
    dry_run = fields.BooleanField(default=False)
    lease_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    failures = fields.IntField(default=0, db_default=0)
    problem = fields.TextField(null=True)
    refusals: fields.ReverseRelation["ImportRefusal"]

    class Meta:
        table = "people_import"


class ImportRefusal(Model):
    """One row of a CSV that was refused, and why."""

    id = _key(primary_key=True)
    workspace: Any = _workspace()
    workspace_id: str
    people_import: Any = fields.ForeignKeyField(
        "touchline.PeopleImport", related_name="refusals", on_delete=fields.CASCADE
    )
    people_import_id: str
    row = fields.IntField()
    column = fields.CharField(max_length=200, null=True)
    code = _key(64)
    message = fields.TextField()

    class Meta:
        table = "import_refusal"


class AccountPause(Model):
    """An account of a channel that waits, because it was in trouble. An account may serve several workspaces."""

    account = _key(200, primary_key=True)
    until = fields.DatetimeField()
    code = _key(64)
    detail = fields.TextField(default="")
    failures = fields.IntField(default=1)

    class Meta:
        table = "account_pause"


class Departure(Model):
    """One email that left a throttled sender: from the commit before its transmission to its answer."""

    id = _key(primary_key=True)
    sender_id = _key()
    send_id = _key()
    began_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "departure"


class TzDatabase(Model):
    """The tz database that all unsent emails were last resolved with: one row, of no workspace."""

    id = _key(primary_key=True)
    fingerprint = _key(64)

    class Meta:
        table = "tz_database"
