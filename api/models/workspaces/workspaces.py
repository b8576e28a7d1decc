"""Workspaces and their tokens."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import WorkspaceRow, varchar
from api.roles import Role


class Workspace(Model):
    """The tenant to which all other rows belong. A sandbox sends no emails and has a virtual clock, ``virtual_now``."""

    id = varchar(primary_key=True)
    name = varchar(200)
    sandbox = fields.BooleanField(default=False)
    virtual_now = fields.DatetimeField(null=True)
    blocked_domains: Any = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    # Names of the channel accounts that the workspace may use; null for all.
    accounts: Any = fields.JSONField(null=True)
    # The line that emails end with to unsubscribe (HTML), and a text on the unsubscribe page; null for the defaults.
    unsubscribe_html = fields.TextField(null=True)
    unsubscribe_page_text = fields.TextField(null=True)
    # What reps choose from when they complete a call; null for the defaults.
    call_outcomes: Any = fields.JSONField(null=True)
    call_reasons: Any = fields.JSONField(null=True)

    class Meta:
        table = "workspace"


class Token(WorkspaceRow):
    """A bearer token. Only its SHA-256 is stored."""

    name = varchar(200)
    sha256 = varchar(64, unique=True)
    role = varchar(20, default=Role.ADMIN, db_default=Role.ADMIN)
    created_at = fields.DatetimeField()

    class Meta:
        table = "token"
