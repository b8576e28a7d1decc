"""Which commands there are, and what they take."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import api
import plugins
import strategies
from api.cli import accounts, commands, recover, suppressions
from api.cli.demo import DemoRunsError, demo
from api.cli.people import import_people
from api.csv_reading import ENCODINGS
from api.printable import printable
from api.settings import Settings, SettingsError, environment
from strategies import Refusal

EPILOG = "Settings come from the environment; README.md lists them. Exit codes: 0 done, 1 failed, 2 wrong usage."


def build() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(prog="touchline", description="Send sales campaigns.", epilog=EPILOG)
    parser.add_argument("--version", action="version", version=api.version())
    subs = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, about: str, run: Callable[..., object]) -> argparse.ArgumentParser:
        sub = subs.add_parser(name, help=about, description=about, epilog=EPILOG)
        sub.set_defaults(run=run)
        return sub

    serve = command("serve", "Run the server, with the tick loop inside.", commands.serve)
    serve.add_argument("--no-tick", action="store_true", help="answer only; `touchline tick` dispatches elsewhere")
    tick = command("tick", "Run the tick loop alone, beside a server on the same PostgreSQL.", commands.tick)
    tick.add_argument("--once", action="store_true", help="do what is due now, and end")
    show = command("demo", "Run a server with a demo workspace; emails go to a folder.", demo)
    show.add_argument("--keep", action="store_true", help="go on with the last demo instead of starting over")
    show.add_argument("--exit-after-first", action="store_true", help="end when the first email has left")
    command("migrate", "Bring the database's tables up to date.", commands.migrate_database)
    command("schema", "Print the GraphQL schema.", commands.print_schema)
    command(
        "plugins",
        "List who registered which send options and channels; exit code 1 when one is broken.",
        commands.list_plugins,
    )
    workspace = command("workspace", "Create a workspace, or renew its token, and print the token.", commands.create)
    workspace.add_argument("name", help="its name; one that exists gets a new token, and the one printed before ends")
    workspace.add_argument("--sandbox", action="store_true", help="with a virtual clock, and nothing leaves it")
    restored = command(
        "recover",
        "After a restore: put in doubt what may have left since the backup was made. Stop the other processes first.",
        recover.run,
    )
    restored.add_argument("--as-of", required=True, help="moment of the backup, such as 2026-03-02T03:00:00Z")
    restored.add_argument("--until", help="moment at which the lost database stopped; left out, now")
    restored.add_argument(
        "--delivered",
        type=Path,
        nargs="+",
        default=[],
        metavar="LOG",
        help="logs of mail servers: emails whose Message-IDs stand in them count as sent",
    )
    restored.add_argument(
        "--resend-others", action="store_true", help="the logs are complete: emails that are not in them go out"
    )
    restored.add_argument("--dry-run", action="store_true", help="count, and write nothing")
    people = command("people", "Work on people.", lambda **_: 2)
    importing = people.add_subparsers(dest="action", required=True, metavar="ACTION").add_parser(
        "import", help="Import people from a CSV file.", description="Import people from a CSV file.", epilog=EPILOG
    )
    importing.add_argument("file", type=Path, help="CSV with a header; the column email is required")
    importing.add_argument("--workspace", required=True, help="name or id of the workspace")
    importing.add_argument(
        "--on-known",
        type=str.lower,
        choices=["update", "skip"],
        default="update",
        help="what to do with a row whose address is in the workspace: update the person (default), or skip the row",
    )
    importing.add_argument("--dry-run", action="store_true", help="count and report only; no person is written")
    importing.add_argument(
        "--encoding",
        choices=ENCODINGS,
        metavar="NAME",
        help=f"encoding of the file, if it cannot be told for certain: {', '.join(ENCODINGS)}",
    )
    importing.set_defaults(run=import_people)
    add_accounts(command("accounts", "Show the accounts of channels, and say who may use which.", lambda **_: 2))
    add_suppressions(command("suppressions", "Import or export suppressed addresses.", lambda **_: 2))
    return parser


def add_accounts(command: argparse.ArgumentParser) -> None:
    """Add what `touchline accounts` takes."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    about = "List the accounts that senders use, why an account waits, and which accounts each workspace may use."
    actions.add_parser("show", help=about, description=about, epilog=EPILOG).set_defaults(run=accounts.show)
    about = "Set which accounts a workspace may use. Emails of its senders through any other account fail."
    allowing = actions.add_parser("allow", help=about, description=about, epilog=EPILOG)
    allowing.add_argument("workspace", help="name or id of the workspace")
    which = allowing.add_mutually_exclusive_group(required=True)
    which.add_argument("accounts", nargs="*", default=[], metavar="ACCOUNT", help="all that it may use")
    which.add_argument("--every", action="store_true", help="every account, as before anything was set")
    which.add_argument("--none", action="store_true", help="no account")
    allowing.add_argument(
        "--unchecked", action="store_true", help="take accounts that are not configured where this command runs"
    )
    allowing.set_defaults(run=accounts.allow)
    about = "Let an account that waits be tried again at once."
    resuming = actions.add_parser("resume", help=about, description=about, epilog=EPILOG)
    resuming.add_argument("account", help="such as smtp:SALES; `touchline accounts show` lists them")
    resuming.set_defaults(run=accounts.resume)


def add_suppressions(command: argparse.ArgumentParser) -> None:
    """Add what `touchline suppressions` takes."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    about = "Suppress the addresses of a CSV file: nothing is sent to them any more."
    importing = actions.add_parser("import", help=about, description=about, epilog=EPILOG)
    importing.add_argument(
        "file",
        type=Path,
        help="CSV with a column email, or one address a line; may have reason and unsubscribed_at",
    )
    importing.add_argument("--workspace", required=True, help="name or id of the workspace")
    importing.add_argument("--reason", default="", help="why, for rows that give no reason")
    importing.add_argument("--encoding", help="the file's encoding, where it cannot be told for certain")
    importing.set_defaults(run=suppressions.import_file)
    about = "Print the suppressed addresses as CSV, which the import takes."
    exporting = actions.add_parser("export", help=about, description=about, epilog=EPILOG)
    exporting.add_argument("--workspace", required=True, help="name or id of the workspace")
    exporting.set_defaults(run=suppressions.export_file)


def check_packages() -> None:
    """Check that the plain names ``strategies`` and ``plugins`` are ours. Raises ValueError naming the stranger."""
    ours = Path(api.__file__).parent.parent
    for package in (plugins, strategies):
        found = Path(str(package.__file__))
        if found.parent.parent != ours:
            raise ValueError(f"another distribution's {package.__name__!r} hides Touchline's: {found}. Uninstall it.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = vars(build().parse_args(arguments))
    run = given.pop("run")
    given.pop("command")
    given.pop("action", None)
    try:
        check_packages()
        settings = Settings.read(environment())
        answer = run(settings, **given)
        return int(asyncio.run(answer) if asyncio.iscoroutine(answer) else answer)
    except KeyboardInterrupt:
        return 130
    except (SettingsError, Refusal, DemoRunsError, OSError, ValueError) as problem:
        print(f"touchline: {printable(str(problem))}", file=sys.stderr)
        return 1
