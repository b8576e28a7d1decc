"""The arguments of ``touchline plugins``."""

import argparse
from pathlib import Path

from api.cli.lazy import lazy


def add_plugins(command: argparse.ArgumentParser, epilog: str) -> None:
    """Add the actions of `touchline plugins`."""
    description = "Write a new package with a send option or a channel, and a test that passes."
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    new = actions.add_parser("new", help=description, description=description, epilog=epilog)
    new.add_argument(
        "name", metavar="NAME", help="name such as lunch-time; the package is then called touchline-lunch-time"
    )
    new.add_argument("--kind", choices=["send-option", "channel"], required=True, help="what the package adds")
    new.add_argument("--folder", type=Path, help="folder to write; it must not exist (default: touchline-NAME)")
    new.set_defaults(run=lazy("plugins.new_package", "create"))
    description = "List the files of the guide to packages."
    docs = actions.add_parser("docs", help=description, description=description, epilog=epilog)
    docs.set_defaults(run=lazy("plugins.list_documents", "list_documents"))
