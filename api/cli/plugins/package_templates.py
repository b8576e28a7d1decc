"""The files of a new package. ``touchline plugins new`` fills in the names."""

from collections.abc import Mapping

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27,<2"]
build-backend = "hatchling.build"

[project]
name = "@DISTRIBUTION@"
version = "0.1.0"
description = "A @KIND@ for Touchline."
requires-python = ">=3.11"
dependencies = ["touchline"]

[project.optional-dependencies]
test = ["touchline[testing]", "pytest"]

[project.entry-points.touchline]
@KEY@ = "@MODULE@"

[tool.hatch.build.targets.wheel]
only-include = ["@MODULE@.py"]

[tool.ruff]
line-length = 120

[tool.ruff.lint]
ignore = ["RUF012"]  # Touchline copies the declarations of a class and never changes them
"""
SEND_OPTION = '''\
"""A send option for Touchline: an hour of the step's day."""

from datetime import time

from touchline.partners import Availability, Note, SendAt, SendOption, hookimpl

touchline_contract = "1.0"


class @CLASS@(SendOption):
    """Sends an email at a full hour of its day."""

    key = "@KEY@"
    labels = {"en": "@LABEL@"}
    help = {"en": "Sent on its day at the hour that you choose."}
    config_schema = {
        "type": "object",
        "properties": {
            "hour": {
                "type": "integer",
                "minimum": 0,
                "maximum": 23,
                "title": "Hour",
                "description": "Hour of the day in the person's time zone, 0 to 23.",
            }
        },
        "required": ["hour"],
        "additionalProperties": False,
    }
    sentences = {"@CODE@_HOUR": {"en": "The hour is set to {time}."}}

    def availability(self, position):
        """Offer the option at every position."""
        return Availability.offered()

    def resolve(self, step):
        """Use the send time of the launch, else the hour of the step's day. The first email waits if it has passed."""
        if step.send_at is not None:
            day, wall, moved = step.calendar.start(step.send_at)
            return SendAt(day, wall, instant=None if moved else step.send_at)
        wall, day = time(step.config["hour"]), step.date
        while step.first and step.calendar.instant(day, wall) < step.now:
            day = step.calendar.forward(day, 1)
        return SendAt(day, wall, (Note("@CODE@_HOUR", {"time": wall.isoformat("minutes")}),))


@hookimpl
def touchline_register_send_options():
    """Register the option."""
    return [@CLASS@()]
'''
SEND_OPTION_TEST = '''\
"""The tests of the send option. docs/plugins.md, "Test your package", describes the kit."""

from datetime import UTC, datetime

from touchline.partners import load
from touchline.testing import assert_send_option

from @MODULE@ import @CLASS@


def test_it_keeps_the_contract():
    assert_send_option(@CLASS@(), configs=[{"hour": 9}, {"hour": 17}])


def test_touchline_loads_it():
    installed = load({})
    assert installed.broken == ()
    assert "@KEY@" in installed.send_options


def test_a_campaign(sandbox, recording_channel):
    campaign = sandbox.campaign([sandbox.email(1, "@KEY@", hour=9), sandbox.email(3, "@KEY@", hour=17)])
    person = sandbox.person(email="ada@example.com")
    planned = [step.planned_at for step in sandbox.launch(campaign, [person])]
    assert planned == [datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 4, 16, tzinfo=UTC)]
    sandbox.advance(days=3)
    assert [email.recipient for email in recording_channel.emails] == ["ada@example.com", "ada@example.com"]
    now = sandbox.now
    assert sandbox.launch(campaign, [sandbox.person()], sendNow=True)[0].planned_at == now
'''
CHANNEL = '''\
"""A channel for Touchline: a service that takes emails over HTTP."""

import asyncio
import socket
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from touchline.partners import AccountUnavailableError, Channel, Outcome, Receipt, Session, hookimpl

touchline_contract = "1.0"

OF_ACCOUNT = {401, 403, 429, 503}
"""Answers about the account. Nobody knows what another error from 500 on means for the email."""
NOT_CONNECTED = ConnectionRefusedError, socket.gaierror
"""Errors before the request. Surely nothing was sent."""


def retry_after(value):
    """Return the seconds or the time of a Retry-After header (RFC 9110), or None."""
    if value.isdecimal():
        return float(value)
    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


class @CLASS@Session(Session):
    """Sends one email with each request."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    async def deliver(self, outgoing, about_to_transmit):
        """Post the email. The id of the email lets the service recognize a repetition."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "message/rfc822",
            "Idempotency-Key": outgoing.send_id,
            "To": outgoing.recipient,
        }
        request = Request(self.url, outgoing.message, headers)
        if not await about_to_transmit():
            return Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "The email was withdrawn before it was sent.")
        try:
            await asyncio.to_thread(lambda: urlopen(request, timeout=30).close())
        except HTTPError as error:
            code, detail = f"HTTP_{error.code}", f"The service answered with status {error.code}."
            if error.code in OF_ACCOUNT:
                wait = retry_after(error.headers.get("Retry-After", ""))
                return Receipt(Outcome.ACCOUNT_UNAVAILABLE, code, detail, retry_after=wait)
            return Receipt(Outcome.IN_DOUBT if error.code >= 500 else Outcome.FAILED, code, detail)
        except (OSError, HTTPException) as error:
            if isinstance(getattr(error, "reason", error), NOT_CONNECTED):
                return Receipt(Outcome.ACCOUNT_UNAVAILABLE, "CONNECTION_FAILED", "The service cannot be reached.")
            return Receipt(Outcome.IN_DOUBT, "NO_ANSWER", "The service did not answer.")
        return Receipt(Outcome.SENT, "ACCEPTED", "The service accepted the email.")


class @CLASS@Channel(Channel):
    """Reads @CODE@_URL and @CODE@_TOKEN from the environment of the server."""

    key = "@KEY@"
    labels = {"en": "@LABEL@"}
    config_schema = {"type": "object", "properties": {}, "additionalProperties": False}

    def __init__(self, environment):
        self.url, self.token = environment.get("@CODE@_URL"), environment.get("@CODE@_TOKEN")

    @asynccontextmanager
    async def connect(self, config):
        """Open the account. Each request has a connection of its own, so there is nothing to connect."""
        if not self.url or not self.token:
            raise AccountUnavailableError("NOT_CONFIGURED", "Set @CODE@_URL and @CODE@_TOKEN.", here=True)
        yield @CLASS@Session(self.url, self.token)


@hookimpl
def touchline_register_channels(environment):
    """Register the channel."""
    return [@CLASS@Channel(environment)]
'''
CHANNEL_TEST = '''\
"""The tests of the channel. docs/plugins.md, "Test your package", describes the kit."""

import asyncio
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from touchline.partners import AccountUnavailableError, Outcome, load
from touchline.testing import assert_channel, deliver

from @MODULE@ import @CLASS@Channel


class Service(ThreadingHTTPServer):
    """A local service that accepts every email, unless a test gives it another status."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.emails = []
        self.status = 202

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        email = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 202:
            self.server.emails.append(email)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with Service() as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def test_it_keeps_the_contract(service):
    channel = @CLASS@Channel({"@CODE@_URL": service.url, "@CODE@_TOKEN": "t0ken"})
    assert_channel(channel, transmitted=lambda: len(service.emails), secrets=["t0ken"])


def test_an_email_waits_while_the_service_is_busy(service):
    service.status = 429
    channel = @CLASS@Channel({"@CODE@_URL": service.url, "@CODE@_TOKEN": "t0ken"})
    assert deliver(channel, secrets=["t0ken"]).outcome is Outcome.ACCOUNT_UNAVAILABLE


def test_it_waits_for_its_settings():
    async def connect():
        async with @CLASS@Channel({}).connect({}):
            raise AssertionError("it was opened")

    with pytest.raises(AccountUnavailableError, match="@CODE@_URL"):
        asyncio.run(connect())


def test_touchline_loads_it():
    installed = load({})
    assert installed.broken == ()
    assert "@KEY@" in installed.channels
'''
TEMPLATES: Mapping[str, tuple[str, str]] = {
    "send-option": (SEND_OPTION, SEND_OPTION_TEST),
    "channel": (CHANNEL, CHANNEL_TEST),
}
"""By kind: the module and its test."""
