"""Workspaces and their tokens."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import key, workspace_key


class Workspace(Model):
    """The tenant of all other rows. A sandbox has a virtual clock, and no email ever leaves it."""

    id = key(primary_key=True)
    name = key(200)
    sandbox = fields.BooleanField(default=False)
    virtual_now = fields.DatetimeField(null=True)
    blocked_domains: Any = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    accounts: Any = fields.JSONField(null=True)
    """Names of the channel accounts that it may use; None for all."""

    class Meta:
        table = "workspace"


class Token(Model):
    """A bearer token, of which only the SHA-256 is kept."""

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    name = key(200)
    sha256 = key(64, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "token"
