"""The tokens of a workspace and their roles."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.workspaces import WorkspaceCode
from api.ids import new_id
from api.models import Token, Workspace
from api.roles import Role
from api.services.common.inputs.inputs import line
from api.services.common.request_context import WorkspaceContext
from api.store import workspaces
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import transaction
from api.store.events.events import workspace_event, write
from api.store.workspaces import lock_workspace
from strategies import Refusal

TOKEN_PREFIX = "tl_"  # noqa: S105 - a prefix that scanners for leaked secrets can find
TOKENS_PER_QUERY = 500
MAX_TOKENS = 200
"""The most tokens of a workspace."""


async def issue_token(workspace: Workspace, name: str, now: datetime, role: Role = Role.ADMIN) -> str:
    """Issue a bearer token and return it. It cannot be read again. An older token of this name stops working."""
    async with transaction():
        await Token.filter(workspace_id=workspace.id, name=name).delete()
        _, secret = await _insert(workspace.id, name, role, now)
    return secret


async def create_token(context: WorkspaceContext, *, name: str, role: Role) -> tuple[Token, str]:
    """Create a token. Return it with its secret, which cannot be read again. Raises Refusal."""
    name = line(name, ("name",))
    async with transaction():
        await lock_workspace(context.workspace_id)  # so that one request at a time counts the tokens
        names = await workspaces.token_names(context.workspace_id)
        if name in names:
            raise Refusal.of(WorkspaceCode.TOKEN_EXISTS, ("name",), name=name)
        if len(names) >= MAX_TOKENS:
            raise Refusal.of(WorkspaceCode.TOO_MANY_TOKENS, limit=MAX_TOKENS)
        row, secret = await _insert(context.workspace_id, name, role, context.now)
        await _report(context, EventKind.TOKEN_CREATED, row)
    return row, secret


async def revoke_token(context: WorkspaceContext, token_id: str) -> str:
    """Delete a token, which stops working at once. Return its id. Raises Refusal."""
    async with transaction():
        await lock_workspace(context.workspace_id)
        row = await get_or_refuse(Token, context.workspace_id, token_id, ("id",))
        others = Token.filter(workspace_id=context.workspace_id, role=Role.ADMIN).exclude(id=row.id)
        if row.role == Role.ADMIN and not await others.exists():
            raise Refusal.of(WorkspaceCode.LAST_ADMIN_TOKEN, ("id",), name=row.name)
        await row.delete()
        await _report(context, EventKind.TOKEN_REVOKED, row)
    return str(row.id)


async def tokens(context: WorkspaceContext) -> list[Token]:
    """Return the tokens of the workspace, by name."""
    return await Token.filter(workspace_id=context.workspace_id).order_by("name", "id")


async def viewer(context: WorkspaceContext) -> Token | None:
    """Return the token of the caller."""
    return await Token.filter(workspace_id=context.workspace_id, name=context.actor).first()


async def workspace_by_token(secret: str) -> tuple[Workspace, str, Role] | None:
    """Return the workspace, the name and the role of a bearer token, or None if the token is not valid."""
    return await workspaces.workspace_by_token(_hash(secret))


async def valid_tokens(secret_texts: Collection[str]) -> set[str]:
    """Return those of these bearer tokens that are valid."""
    valid: set[str] = set()
    ordered = sorted(secret_texts)
    for start in range(0, len(ordered), TOKENS_PER_QUERY):
        hashes = {_hash(secret): secret for secret in ordered[start : start + TOKENS_PER_QUERY]}
        hashes_found = await Token.filter(sha256__in=list(hashes)).values_list("sha256", flat=True)
        valid.update(hashes[str(each)] for each in hashes_found)
    return valid


async def _insert(workspace_id: str, name: str, role: Role, now: datetime) -> tuple[Token, str]:
    """Store a new token. Return it with its secret."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    created_at, sha256 = now.replace(microsecond=0), _hash(secret)
    row = await Token.create(
        id=new_id("tok"), workspace_id=workspace_id, name=name, role=role, sha256=sha256, created_at=created_at
    )
    return row, secret


async def _report(context: WorkspaceContext, kind: EventKind, row: Token) -> None:
    data = {"token": row.name, "role": str(row.role)}
    await write([workspace_event(context.workspace_id, kind, context.now, data=data)])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
