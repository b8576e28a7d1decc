"""Connections to a CRM, their settings, the CRM's users, and unfinished logins."""

from typing import Any

from tortoise import fields

from api.crm_states import (
    CrmDuplicates,
    CrmNoMatch,
    CrmPersonKind,
    CrmSkippedTask,
    CrmState,
)
from api.models.columns import WorkspaceRow, varchar


class CrmConnection(WorkspaceRow):
    """A connection of a workspace, or of one of its senders (``sender_id``), to an organization in a CRM.

    A workspace has one connection that is not DISCONNECTED, and so has each sender. A disconnected row stays, and a new
    connection to the same organization uses it again. ``secrets`` is encrypted (services/common/encryption.py). Times
    are real times.
    """

    sender_id = varchar(null=True)
    # Key of the plugin, such as "salesforce", and of one of its ways to connect.
    crm = varchar(64)
    way = varchar(64)
    state = fields.CharEnumField(CrmState, max_length=20)
    # The values of the way's fields that are not secret, by key, such as "client_id".
    access_values: Any = fields.JSONField(default=dict)
    # The values of its secret fields, and the tokens that the CRM gave. Empty after disconnecting.
    secrets = fields.TextField(default="")
    # How often the secrets were stored. A process that renews tokens compares it to detect a renewal by another
    # process.
    secrets_number = fields.IntField(default=0)
    # The process that renews the tokens, and until when others wait for it.
    renewing_by = varchar(null=True)
    renewing_until = fields.DatetimeField(null=True)
    # The organization and the user of the CRM as which Touchline is logged in.
    org_id = varchar(64, default="")
    org_name = varchar(255, default="")
    org_url = varchar(500, default="")
    is_sandbox = fields.BooleanField(default=False)
    user_id = varchar(64, default="")
    user_name = varchar(255, default="")
    # API calls of all programs in the last 24 hours, as the CRM last reported them, plus Touchline's since then; the
    # limit; when the CRM last reported its count, or a call was last counted.
    api_used = fields.BigIntField(null=True)
    api_limit = fields.BigIntField(null=True)
    api_counted_at = fields.DatetimeField(null=True)
    # When everything was last found to be in sync.
    synced_at = fields.DatetimeField(null=True)
    # The last failure of the connection, how many there are in a row, and since when. They are kept until the
    # connection works.
    code = varchar(64, default="")
    detail = fields.TextField(default="")
    failures = fields.IntField(default=0)
    failing_since = fields.DatetimeField(null=True)
    # No process calls the CRM before this time.
    retry_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    connected_at = fields.DatetimeField()
    disconnected_at = fields.DatetimeField(null=True)
    # The time of the backup that the database was restored from. The CRM can have records of later times that are not
    # known here.
    restored_as_of = fields.DatetimeField(null=True)
    # Until when changes that wait are kept after disconnecting.
    keep_until = fields.DatetimeField(null=True)

    class Meta:
        table = "crm_connection"


class CrmSettings(WorkspaceRow):
    """How a workspace works with a CRM. The settings stay when it is disconnected."""

    crm = varchar(64)
    # Percentage of the CRM's API limit up to which Touchline calls it.
    api_share = fields.IntField(default=80)
    # Whether tasks of senders without a setting of their own are synced.
    sync_tasks = fields.BooleanField(default=False)
    subject_pattern = varchar(1000)
    skipped_tasks = fields.CharEnumField(CrmSkippedTask, default=CrmSkippedTask.COMPLETED, max_length=20)
    first_kind = fields.CharEnumField(CrmPersonKind, default=CrmPersonKind.CONTACT, max_length=20)
    on_duplicates = fields.CharEnumField(CrmDuplicates, default=CrmDuplicates.OLDEST, max_length=20)
    on_no_match = fields.CharEnumField(CrmNoMatch, default=CrmNoMatch.SKIP, max_length=20)
    log_emails = fields.BooleanField(default=False)
    log_replies = fields.BooleanField(default=False)
    log_calls = fields.BooleanField(default=False)
    # Whether activities of contacts are also about the contact's only open opportunity, else its account.
    log_related = fields.BooleanField(default=True, db_default=True)
    # Whether emails are also logged as the CRM's email objects.
    email_objects = fields.BooleanField(default=False)
    sync_opt_outs = fields.BooleanField(default=True)
    # Names of fields in the CRM; empty: the plugin's own.
    marker_field = varchar(80, default="")
    opt_out_field = varchar(80, default="")

    class Meta:
        table = "crm_settings"
        unique_together = (("workspace_id", "crm"),)


class CrmUser(WorkspaceRow):
    """The CRM user of a sender, and whether the sender's tasks are synced (null: as in the settings)."""

    crm = varchar(64)
    sender: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.CASCADE)
    sender_id: str
    # The organization to which the user belongs. In another one the sender has no user.
    org_id = varchar(64, default="")
    user_id = varchar(64, default="")
    user_name = varchar(255, default="")
    sync_tasks = fields.BooleanField(null=True)

    class Meta:
        table = "crm_user"
        unique_together = (("sender_id", "crm"),)


class CrmLogin(WorkspaceRow):
    """An unfinished login on the CRM's own page. ``secrets`` is encrypted."""

    sender_id = varchar(null=True)
    crm = varchar(64)
    way = varchar(64)
    access_values: Any = fields.JSONField(default=dict)
    # The values of secret fields, the state, and the verifier of PKCE (RFC 7636).
    secrets = fields.TextField()
    actor = varchar(200, default="")
    # The SHA-256 of the OAuth state, which the browser returns once.
    state_sha256 = varchar(64, unique=True)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "crm_login"
