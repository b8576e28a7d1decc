"""The arguments of `touchline mail`."""

import argparse

from api.cli.lazy import lazy


def add_mail(command: argparse.ArgumentParser, epilog: str) -> None:
    """Add the actions of `touchline mail`."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    description = (
        "Classify received mails: reply, automatic answer, bounce or complaint. Print one JSON object per line, with "
        "the reason. Nothing is stored."
    )
    reading = actions.add_parser("read", help=description, description=description, epilog=epilog)
    reading.add_argument("files", nargs="+", metavar="FILE", help="file with one mail (.eml), or - for standard input")
    reading.add_argument(
        "--own",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="address from which you send; mails from it are classified as OWN; can be repeated",
    )
    reading.set_defaults(run=lazy("mail.read_mail", "read"))
    description = (
        "List incoming mails and events of the last 30 days with one result, newest first. Print one JSON object per "
        "line, without texts and addresses."
    )
    listing = actions.add_parser("list", help=description, description=description, epilog=epilog)
    listing.add_argument(
        "--result",
        type=str.lower,
        choices=["failed", "unmatched", "ignored", "applied"],
        default="failed",
        help="result to list. failed: processing failed five times (default); unmatched: no email was found",
    )
    listing.add_argument("--limit", type=int, default=100, metavar="N", help="maximum number of lines (default: 100)")
    listing.set_defaults(run=lazy("mail.incoming_mail", "show"))
    description = "Process failed incoming mails and events again. Exit code 1: there are none."
    retrying = actions.add_parser("retry", help=description, description=description, epilog=epilog)
    choice = retrying.add_mutually_exclusive_group(required=True)
    choice.add_argument("ids", nargs="*", default=[], metavar="ID", help="ids that `touchline mail list` prints")
    choice.add_argument("--every", action="store_true", help="all failed mails and events")
    retrying.set_defaults(run=lazy("mail.incoming_mail", "retry"))
