"""The arguments of `touchline crm`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from api.cli.lazy import lazy


def add_crm(command: argparse.ArgumentParser, epilog: str) -> None:
    """Add the actions of `touchline crm`."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, description: str, run: Callable[..., object]) -> argparse.ArgumentParser:
        parser = actions.add_parser(name, help=description, description=description, epilog=epilog)
        parser.set_defaults(run=run)
        return parser

    connecting = action(
        "connect",
        "Connect a workspace to a CRM. Give --private-key (JWT bearer flow) or --client-secret (client credentials "
        "flow). Without both, the command prints a URL at which a user logs in.",
        lazy("crm.crm_connections", "connect"),
    )
    connecting.add_argument("workspace", help="name or id of the workspace")
    connecting.add_argument("--crm", default="salesforce", help="key of the CRM (default: salesforce)")
    connecting.add_argument("--login-url", default="", metavar="URL", help="login URL, such as that of My Domain")
    connecting.add_argument("--client-id", default="", metavar="KEY", help="consumer key of the app")
    connecting.add_argument("--username", default="", help="username in the CRM, for the JWT bearer flow")
    connecting.add_argument(
        "--api-version", default="", metavar="VERSION", help="version of the CRM's API, such as 62.0"
    )
    secret = connecting.add_mutually_exclusive_group()
    secret.add_argument("--private-key", type=Path, metavar="FILE", help="file with the private key (PEM)")
    secret.add_argument(
        "--client-secret", type=Path, metavar="FILE", help="file with the consumer secret, or - for standard input"
    )
    connecting.add_argument(
        "--sender", default="", metavar="ADDRESS", help="address of a sender who connects with their own login"
    )
    connecting.add_argument(
        "--login", action="store_true", help="connect by a user's login even if --client-secret is given"
    )
    for name, description in (
        ("status", "Show the connections of workspaces. Exit code 1: a connection does not work."),
        ("retry", "Use a paused or failed connection again immediately."),
        ("disconnect", "Disconnect a workspace from its CRM: revoke the tokens and delete the secrets."),
    ):
        parser = action(name, description, lazy("crm.crm_connections", name))
        if name == "status":
            parser.add_argument("workspace", nargs="?", help="name or id of the workspace (default: all)")
            continue
        parser.add_argument("workspace", help="name or id of the workspace")
        if name == "disconnect":
            waiting = parser.add_mutually_exclusive_group()
            waiting.add_argument(
                "--keep-days",
                type=int,
                metavar="DAYS",
                help="days for which changes that wait for the CRM are kept (default: 30)",
            )
            waiting.add_argument("--drop", action="store_true", help="delete the changes that wait for the CRM")
    action(
        "rotate-keys",
        "Encrypt all secrets with the first key of TOUCHLINE_ENCRYPTION_KEY. Exit code 1: a key is missing.",
        lazy("crm.crm_connections", "rotate"),
    )
