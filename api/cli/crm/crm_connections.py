"""``touchline crm``: connect workspaces to CRMs, show and end connections, and change the encryption key."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from api.cli.common import UNFOLDED_WIDTH, console, database
from api.cli.workspaces.suppressions import ACTOR, find_workspace
from api.codes.crm.connections import CrmConnectionCode
from api.codes.request_errors.inputs import InputCode
from api.crm_states import CrmState, CrmWaitingChanges
from api.make_runtime import make_runtime
from api.models import CrmConnection, Sender, Workspace
from api.printable import printable
from api.secret_strength import NEW_SECRET_HINT
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections import connecting, connection_reads, consent, disconnecting, pausing
from api.services.crm.connections.access_values import GivenValues
from api.services.crm.connections.crm_errors import remedy
from api.services.crm.connections.key_rotation import rotate_keys
from api.settings import Settings, environment
from api.store.engine.database_clock import DatabaseClock
from api.store.workspaces import real_workspaces
from plugins.loading.manager import load
from strategies import Refusal

STANDARD_INPUT = "-"
TITLES = ("workspace", "CRM", "organization", "user", "state", "API calls", "last sync", "waiting", "failed", "problem")


async def connect(
    settings: Settings,
    *,
    workspace: str,
    crm: str,
    login_url: str,
    client_id: str,
    username: str,
    api_version: str,
    private_key: Path | None,
    client_secret: Path | None,
    sender: str,
    login: bool,
) -> int:
    """Connect a workspace or a sender. Secrets come from files, so that no list of processes shows them."""
    values = {"login_url": login_url, "client_id": client_id, "username": username, "api_version": api_version}
    if private_key is not None:
        way, values["private_key"] = "jwt_bearer", _read(private_key)
    elif client_secret is not None and not (login or sender):
        way, values["client_secret"] = "client_credentials", _read(client_secret)
    else:
        way, values["client_secret"] = "authorization_code", _read(client_secret) if client_secret else ""
    values_by_key = {name: value for name, value in values.items() if value}
    async with database(settings):
        context = await _context(settings, workspace)
        if way == "authorization_code":
            sender_id = await _sender_id(context, sender) if sender else None
            started = await consent.start(context, crm, _values(way, values_by_key), sender_id)
            print(f"Open this URL until {started.expires_at:%H:%M} UTC, and allow the access:", file=sys.stderr)
            print(started.url)
            return 0
        row = await connecting.connect(context, crm, _values(way, values_by_key))
    organization, user = row.org_name or row.org_id, row.user_name or row.user_id
    _say(f"The workspace {context.workspace.name!r} is connected to {organization} as {user}.")
    return 0


async def status(settings: Settings, *, workspace: str | None) -> int:
    """List the connections."""
    titles = (
        "workspace",
        "CRM",
        "organization",
        "user",
        "state",
        "API calls",
        "last sync",
        "waiting",
        "failed",
        "problem",
    )
    table, works = Table(*(Column(title, overflow="fold") for title in titles)), True
    async with database(settings):
        rows = [await find_workspace(workspace)] if workspace else await real_workspaces()
        for each in rows:
            context = await _context(settings, each.id)
            connection = await connection_reads.connection(context)
            if connection is None:
                continue
            works = works and connection.state in {CrmState.CONNECTED, CrmState.DISCONNECTED}
            table.add_row(*(printable(cell) for cell in await _cells(context, each, connection)))
    (console if console.is_terminal else Console(width=UNFOLDED_WIDTH)).print(table)
    return 0 if works else 1


async def _cells(context: WorkspaceContext, workspace: Workspace, row: CrmConnection) -> list[str]:
    backlog = await connection_reads.backlog(context, row)
    message, do = remedy(row.code) if row.failures else ("", "")
    detail = f"{row.detail.rstrip('.')}." if row.detail else ""
    again = f"The next attempt is at {row.retry_at:%Y-%m-%d %H:%M:%S} UTC." if row.retry_at else ""
    return [
        workspace.name,
        row.crm,
        f"{row.org_name or row.org_id}{' (sandbox)' if row.is_sandbox else ''}",
        row.user_name or row.user_id,
        row.state.value,
        _use(row),
        f"{row.synced_at:%Y-%m-%d %H:%M:%S}" if row.synced_at else "never",
        str(sum(each.waiting for each in backlog)),
        str(sum(each.failed for each in backlog)),
        " ".join(part for part in (f"{row.code}:" if row.failures else "", message, detail, do, again) if part),
    ]


def _use(row: CrmConnection) -> str:
    """Return how many calls of the CRM's API are used. Without a limit of the CRM, they are Touchline's own."""
    if row.api_used is None:
        return ""
    return f"{row.api_used:,}" if row.api_limit is None else f"{row.api_used:,} of {row.api_limit:,}"


async def retry(settings: Settings, *, workspace: str) -> int:
    """Use the connection of a workspace at once."""
    async with database(settings):
        row = await pausing.retry(await _context(settings, workspace))
    _say(f"The connection to {row.org_name or row.org_id} is used at once.")
    return 0


async def disconnect(settings: Settings, *, workspace: str, keep_days: int | None, drop: bool) -> int:
    """Disconnect a workspace."""
    waiting = CrmWaitingChanges.DROP if drop else CrmWaitingChanges.KEEP
    async with database(settings):
        done = await disconnecting.disconnect(await _context(settings, workspace), waiting, keep_days)
    number = sum(row.waiting + row.failed for row in done.backlog)
    until = done.connection.keep_until
    fate = f"are kept until {until:%Y-%m-%d}" if until else "are deleted"
    _say(f"The workspace is disconnected. {number:,} changes were waiting; they {fate}.")
    if not done.is_revoked:
        _say("The CRM did not revoke the tokens. Revoke them there; here they are deleted.")
    return 0


async def rotate(settings: Settings) -> int:
    """Encrypt all secrets with the first key."""
    environment_ = make_runtime(settings, load(environment())).crm
    if environment_.encryption is None:
        raise Refusal.of(CrmConnectionCode.ENCRYPTION_KEY_REQUIRED, (), hint=NEW_SECRET_HINT)
    async with database(settings):
        done = await rotate_keys(environment_.encryption)
    _say(f"{done.encrypted} encrypted with the first key, {done.current} were so before.")
    for row_id in done.unreadable:
        _say(f"  {row_id}: no key of TOUCHLINE_ENCRYPTION_KEY decrypts it. Add its key, or connect again.")
    return 1 if done.unreadable else 0


def _read(file: Path) -> str:
    text = sys.stdin.read() if str(file) == STANDARD_INPUT else file.read_text(encoding="utf-8")
    return text.strip()


def _values(way: str, values_by_key: Mapping[str, str]) -> GivenValues:
    return GivenValues(way, values_by_key, lambda key: (key,), ("way",))


async def _context(settings: Settings, workspace: str) -> WorkspaceContext:
    clock = DatabaseClock()
    await clock.sync()
    row = await find_workspace(workspace)
    return replace(make_runtime(settings, load(environment()), clock).context(row), actor=ACTOR)


async def _sender_id(context: WorkspaceContext, address: str) -> str:
    row = await Sender.get_or_none(workspace_id=context.workspace_id, email=address)
    if row is None:
        raise Refusal.of(InputCode.NOT_FOUND, ("sender",), kind="sender", id=address[:60])
    return str(row.id)


def _say(text: str) -> None:
    console.print(printable(text), highlight=False, soft_wrap=True, markup=False)
