"""``touchline workspace``: create a workspace, and issue its tokens."""

import sys

from api.cli.common import database
from api.clock import system_clock
from api.codes.request_errors.inputs import InputCode
from api.roles import Role
from api.services.common.inputs.inputs import line
from api.services.workspaces.tokens import issue_token
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings
from api.store.workspaces import role_of, workspace_by_name
from strategies import Refusal

TOKEN_NAME = "command line"  # noqa: S105 - how the token is called


def server_url(host: str, port: int | str) -> str:
    """Return the URL of the server, such as http://127.0.0.1:8000."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def graphiql_link(host: str, port: int | str, token: str) -> str:
    """Return a link that opens GraphiQL signed in with a token."""
    return f"{server_url(host, port)}/graphiql#token={token}"


async def create(
    settings: Settings, *, name: str, sandbox: bool, token: str = TOKEN_NAME, role: str | None = None
) -> int:
    """Create a workspace if it does not exist, and print a new token, which cannot be read again.

    ``token`` is the token's name, which the Live Feed shows as the actor. Another token of this name stops
    working, and the new one has its role if ``role`` is left out. Only the token goes to standard output, for scripts;
    everything else goes to standard error.
    """
    name = line(name, ("name",))
    if "\t" in name:  # ``line`` allows this one control character
        raise Refusal.of(InputCode.INVALID_TEXT, ("name",), case="tab")
    token = line(token, ("token",))
    async with database(settings):
        workspace = await workspace_by_name(name)
        if workspace and sandbox and not workspace.sandbox:
            message = f"touchline: {name!r} exists and is not a sandbox; choose another name for a sandbox."
            print(message, file=sys.stderr)
            return 1
        kept = await role_of(workspace.id, token) if workspace else None
        if workspace is None:
            workspace = await create_workspace(name, system_clock(), sandbox=sandbox)
            about = "was created"
        elif kept:
            about = "has a new token; the old one stopped working"
        else:
            about = "has a new token"
        now_allowed = Role(role.upper().replace("-", "_")) if role else kept or Role.ADMIN
        secret = await issue_token(workspace, token, system_clock(), now_allowed)
    kind = "The sandbox" if workspace.sandbox else "The workspace"
    print(f"{kind} {name!r} {about}.", file=sys.stderr)
    print(f"GraphiQL, while the server runs: {graphiql_link(settings.host, settings.port, secret)}", file=sys.stderr)
    print(secret)
    return 0
