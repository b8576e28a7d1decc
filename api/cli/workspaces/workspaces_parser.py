"""The arguments of `touchline workspace`, `people`, `accounts` and `suppressions`."""

import argparse
from pathlib import Path

from api.cli.lazy import lazy
from api.csv_reading import ENCODINGS

READING = "Reading {file} and opening the database."
"""The first line of an import."""


def add_workspace(command: argparse.ArgumentParser) -> None:
    """Add the arguments of `touchline workspace`."""
    command.add_argument(
        "name",
        help="name of the workspace; if it exists, a new token replaces the old one",
    )
    command.add_argument(
        "--token",
        metavar="NAME",
        default="command line",
        help="name of the token, such as a user's name; the Live Feed shows it. Tokens with other names keep working",
    )
    command.add_argument(
        "--role",
        choices=["admin", "rep", "read-only"],
        help="what the token may do (default: the role of the token that it replaces, or admin)",
    )
    command.add_argument(
        "--sandbox", action="store_true", help="create a sandbox: it has a virtual clock and delivers no emails"
    )


def add_people(command: argparse.ArgumentParser, epilog: str) -> None:
    """Add the actions of `touchline people`."""
    importing = command.add_subparsers(dest="action", required=True, metavar="ACTION").add_parser(
        "import", help="Import people from a CSV file.", description="Import people from a CSV file.", epilog=epilog
    )
    importing.add_argument("file", type=Path, help="CSV with a header; the column email is required")
    importing.add_argument("--workspace", required=True, help="name or id of the workspace")
    importing.add_argument(
        "--on-known",
        type=str.lower,
        choices=["update", "skip"],
        default="update",
        help="what to do if a row's address is already in the workspace: update the person (default) or skip the row",
    )
    importing.add_argument("--dry-run", action="store_true", help="count and report only; no person is written")
    importing.add_argument(
        "--encoding",
        choices=ENCODINGS,
        metavar="NAME",
        help=f"encoding of the file, needed if it cannot be detected: {', '.join(ENCODINGS)}",
    )
    importing.set_defaults(run=lazy("workspaces.import_people", "import_people", READING))


def add_accounts(command: argparse.ArgumentParser, epilog: str) -> None:
    """Add the actions of `touchline accounts`."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    description = (
        "List the accounts of senders, why an account or a mailbox waits, and which accounts each workspace may use."
    )
    actions.add_parser("show", help=description, description=description, epilog=epilog).set_defaults(
        run=lazy("workspaces.accounts", "show")
    )
    description = "Set which accounts a workspace may use. Emails of senders with another account fail."
    allowing = actions.add_parser("allow", help=description, description=description, epilog=epilog)
    allowing.add_argument("workspace", help="name or id of the workspace")
    choice = allowing.add_mutually_exclusive_group(required=True)
    choice.add_argument(
        "accounts", nargs="*", default=[], metavar="ACCOUNT", help="accounts that the workspace may use"
    )
    choice.add_argument("--every", action="store_true", help="allow every account (the default of a new workspace)")
    choice.add_argument("--none", action="store_true", help="allow no account")
    allowing.add_argument(
        "--unchecked", action="store_true", help="accept accounts that are not configured in this environment"
    )
    allowing.set_defaults(run=lazy("workspaces.accounts", "allow"))
    description = "End the pause of an account or a mailbox. Emails are sent, or read, immediately."
    resuming = actions.add_parser("resume", help=description, description=description, epilog=epilog)
    resuming.add_argument("account", help="account name, such as smtp:SALES; `touchline accounts show` lists them")
    resuming.set_defaults(run=lazy("workspaces.accounts", "resume"))


def add_suppressions(command: argparse.ArgumentParser, epilog: str) -> None:
    """Add the actions of `touchline suppressions`."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    description = "Suppress the addresses in a CSV file. They get no more emails."
    importing = actions.add_parser("import", help=description, description=description, epilog=epilog)
    importing.add_argument(
        "file",
        type=Path,
        help="CSV with a column email (optional: reason, unsubscribed_at), or one address per line",
    )
    importing.add_argument("--workspace", required=True, help="name or id of the workspace")
    importing.add_argument("--reason", default="", help="reason for rows that have none")
    importing.add_argument("--encoding", help="encoding of the file, needed if it cannot be detected")
    importing.set_defaults(run=lazy("workspaces.suppressions", "import_file", READING))
    description = "Print the suppressed addresses as CSV, in the format that import reads."
    exporting = actions.add_parser("export", help=description, description=description, epilog=epilog)
    exporting.add_argument("--workspace", required=True, help="name or id of the workspace")
    exporting.set_defaults(run=lazy("workspaces.suppressions", "export_file"))
