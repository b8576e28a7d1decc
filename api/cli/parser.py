"""The argument parser of the command line, and its entry point."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import api
from api import event_loop
from api.cli.crm.crm_parser import add_crm
from api.cli.errors import DemoRunsError
from api.cli.lazy import lazy
from api.cli.mail.mail_parser import add_mail
from api.cli.output import BROKEN_PIPE, discard_output, output_is_broken
from api.cli.plugins.plugins_parser import add_plugins
from api.cli.start_checks import check_packages, warn_of_misspelt_settings
from api.cli.workspaces.workspaces_parser import add_accounts, add_people, add_suppressions, add_workspace
from api.printable import printable
from api.settings import Settings, SettingsError, environment
from strategies import Refusal

EPILOG = "Settings come from the environment; README.md lists them. Exit codes: 0 done, 1 failed, 2 wrong usage."


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="touchline", description="Run a Touchline server and manage its data.", epilog=EPILOG
    )
    parser.add_argument("--version", action="version", version=api.version())
    subs = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, description: str, run: Callable[..., object]) -> argparse.ArgumentParser:
        sub = subs.add_parser(name, help=description, description=description, epilog=EPILOG)
        sub.set_defaults(run=run)
        return sub

    serve = command(
        "serve",
        "Run the API server and the tick loop, which sends due emails.",
        lazy("serving.serve", "serve"),
    )
    serve.add_argument(
        "--no-tick",
        action="store_true",
        help="serve only the API; separate `touchline tick` processes send the emails",
    )
    tick = command(
        "tick",
        "Run only the tick loop. Use it next to a server on the same PostgreSQL database.",
        lazy("serving.serve", "tick"),
    )
    tick.add_argument("--once", action="store_true", help="send everything that is due now, then exit")
    show = command("demo", "Run a server with demo data. Emails are written to a folder.", lazy("serving.demo", "demo"))
    show.add_argument("--keep", action="store_true", help="continue the last demo instead of starting a new one")
    show.add_argument("--exit-after-first", action="store_true", help="exit after the first email is sent")
    command("migrate", "Bring the database's tables up to date.", lazy("database.migrate", "migrate_database"))
    command("schema", "Print the GraphQL schema.", lazy("schema", "print_schema"))
    add_plugins(
        command(
            "plugins",
            "List the installed packages and what each adds. Exit code 1: a package cannot be used.",
            lazy("plugins.list_packages", "list_plugins"),
        ),
        EPILOG,
    )
    add_workspace(
        command(
            "workspace",
            "Create a workspace and print its token. If the workspace exists, print a new token.",
            lazy("workspaces.workspaces", "create"),
        )
    )
    recovery = command(
        "recover",
        "Use this after restoring a backup: emails that may have been sent since then become IN_DOUBT. "
        "First stop all other processes.",
        lazy("database.recover", "run", "Opening the database to find out which emails may have been sent."),
    )
    copied = recovery.add_mutually_exclusive_group(required=True)
    copied.add_argument("--as-of", help="time of the backup, such as 2026-03-02T03:00:00Z")
    copied.add_argument(
        "--nothing-sent",
        action="store_true",
        help="the database was moved, and nothing was sent since the copy: accept it as it is",
    )
    recovery.add_argument("--until", help="time at which the lost database stopped (default: now)")
    recovery.add_argument(
        "--delivered",
        type=Path,
        nargs="+",
        default=[],
        metavar="LOG",
        help="mail server logs: emails whose Message-IDs appear in them count as sent",
    )
    recovery.add_argument(
        "--resend-others",
        action="store_true",
        help="send emails that are not in the logs as scheduled; use this only if the logs are complete",
    )
    recovery.add_argument("--dry-run", action="store_true", help="count only; nothing is written")
    add_people(command("people", "Import people.", lambda **_: 2), EPILOG)
    add_accounts(
        command(
            "accounts", "Show the accounts of channels, and set which accounts a workspace may use.", lambda **_: 2
        ),
        EPILOG,
    )
    add_check(
        command(
            "check",
            "Check the DNS records of a sender's domain (MX, SPF, DKIM, DMARC). Exit code 1: there is a problem.",
            lazy("mail.check_sender", "check", "Reading the DNS records of {address}."),
        )
    )
    add_mail(
        command(
            "mail",
            "Classify received mails, list incoming mails and events, and process failed ones again.",
            lambda **_: 2,
        ),
        EPILOG,
    )
    add_counts(command("counts", "Check or recalculate the numbers of reports.", lambda **_: 2))
    add_crm(
        command("crm", "Connect a workspace to a CRM such as Salesforce, and show its state.", lambda **_: 2), EPILOG
    )
    add_suppressions(command("suppressions", "Import or export suppressed addresses.", lambda **_: 2), EPILOG)
    return parser


def add_counts(command: argparse.ArgumentParser) -> None:
    """Add the actions of `touchline counts`."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    description = "Compare the numbers of reports with the emails, tasks and people. Exit code 1: a number is wrong."
    actions.add_parser("check", help=description, description=description, epilog=EPILOG).set_defaults(
        run=lazy("database.counts", "check", "Opening the database to check the numbers of reports.")
    )
    description = "Recalculate the numbers of reports. Other processes can keep running."
    actions.add_parser("rebuild", help=description, description=description, epilog=EPILOG).set_defaults(
        run=lazy("database.counts", "rebuild_all", "Opening the database to recalculate the numbers of reports.")
    )


def add_check(command: argparse.ArgumentParser) -> None:
    """Add the arguments of `touchline check`."""
    command.add_argument("address", help="address of a sender, such as sales@example.com")
    command.add_argument(
        "--selector",
        action="append",
        default=[],
        dest="selectors",
        metavar="NAME",
        help="DKIM selector, the s= of an email's DKIM-Signature; can be repeated (default: common selectors)",
    )
    command.add_argument("--dns", default="", metavar="SERVER", help="DNS server, such as 9.9.9.9 or 127.0.0.1:5353")
    command.add_argument("--json", action="store_true", dest="as_json", help="print JSON for programs")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Ends quietly if the reader of its output has gone, as `head` does."""
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    except BrokenPipeError:
        discard_output()
        return BROKEN_PIPE


def _run(arguments: Sequence[str] | None) -> int:
    options = vars(build_parser().parse_args(arguments))
    run = options.pop("run")
    options.pop("command")
    options.pop("action", None)
    try:
        check_packages()
        warn_of_misspelt_settings(environment())
        settings = Settings.read(environment())
        result = run(settings, **options)
        return int(event_loop.run(result) if asyncio.iscoroutine(result) else result)
    except KeyboardInterrupt:
        return 130
    except (SettingsError, Refusal, DemoRunsError, OSError, ValueError) as problem:
        if isinstance(problem, BrokenPipeError) and output_is_broken():
            raise
        for line in _problem_lines(problem):
            print(f"touchline: {printable(line)}", file=sys.stderr)
        return 1


def _problem_lines(problem: Exception) -> list[str]:
    """Say what a command has failed on: one line for each rule that the input breaks."""
    if isinstance(problem, Refusal):
        return [str(each) for each in problem.each]
    if isinstance(problem, OSError) and problem.filename is not None:
        if isinstance(problem, FileNotFoundError):
            return [f"file not found: {problem.filename}"]
        if isinstance(problem, IsADirectoryError):
            return [f"{problem.filename} is a folder; name a file"]
        return [f"{problem.filename}: {(problem.strerror or str(problem)).lower()}"]
    return [str(problem)]
