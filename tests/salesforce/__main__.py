"""``python -m tests.salesforce``: run the local Salesforce until Ctrl+C, to try the plugin by hand."""

import argparse
import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.salesforce.oauth import App
from tests.salesforce.org import Org
from tests.salesforce.server import SalesforceServer


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)  # noqa: TID251


async def run(given: argparse.Namespace) -> None:
    """Listen, and say how to connect."""
    org = Org(
        external_id=not given.no_field, activity_fields=given.fields, enhanced_email=given.enhanced_email, now=now
    )
    app = App(run_as=org.admin, approved={"admin@acme.example"})
    if given.private_key:
        app.public_key = load_pem_private_key(given.private_key.read_bytes(), None).public_key()  # type: ignore[assignment]
    for name in ("Byron", "Lovelace", "Babbage"):
        org.create("Lead", {"LastName": name, "Company": "Acme", "Email": f"{name.lower()}@acme.example"})
    async with SalesforceServer(org, app).running() as server:
        print(f"login URL      {server.url}\nconsumer key   {app.client_id}\nconsumer secret {app.client_secret}")
        print("user name      admin@acme.example\nSet TOUCHLINE_CRM_LOOPBACK=on for Touchline.")
        while True:
            await asyncio.sleep(given.every)
            print(f"{now():%H:%M:%S} {dict(server.calls)} {len(org.records('Task'))} tasks", flush=True)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.salesforce", description=__doc__)
    parser.add_argument("--no-field", action="store_true", help="an org without the field Touchline_Id__c")
    parser.add_argument("--fields", action="store_true", help="an org with the custom fields of activities")
    parser.add_argument("--enhanced-email", action="store_true", help="an org with Enhanced Email")
    parser.add_argument("--private-key", type=Path, help="PEM file of the key for JWT bearer")
    parser.add_argument("--every", type=float, default=10, help="seconds between two lines about the calls")
    with suppress(KeyboardInterrupt):
        asyncio.run(run(parser.parse_args()))


main()
