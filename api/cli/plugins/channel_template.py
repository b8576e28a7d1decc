"""The module of a new package with a channel, and its test."""

CHANNEL = '''\
"""A channel for Touchline: a service that takes emails over HTTP."""

import asyncio
from contextlib import asynccontextmanager, closing
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from touchline.partners import AccountUnavailableError, Channel, Outcome, Receipt, Session, hookimpl

touchline_contract = "1.0"

CONNECTIONS = {"http": HTTPConnection, "https": HTTPSConnection}
OF_ACCOUNT = {401, 403, 404, 405, 429, 503}
"""Answers about the account or its settings. The service has sent nothing."""
OTHERS = {408: Outcome.DEFERRED, 409: Outcome.IN_DOUBT, 413: Outcome.SOFT_BOUNCE}


def receipt_of(status, wait):
    """Return what an answer of the service means. Nobody knows what most errors from 500 on mean for the email."""
    if 200 <= status < 300:
        return Receipt(Outcome.SENT, "ACCEPTED", "The service accepted the email.")
    code, detail = f"HTTP_{status}", f"The service answered with status {status}."
    if status < 400 or status in OF_ACCOUNT:  # a redirect is never followed: it can lead the token to another host
        return Receipt(Outcome.ACCOUNT_UNAVAILABLE, code, detail, retry_after=wait)
    outcome = OTHERS.get(status, Outcome.IN_DOUBT if status >= 500 else Outcome.FAILED)
    return Receipt(outcome, code, detail, retry_after=wait)


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
        self.url, self.token = urlsplit(url), token

    async def deliver(self, outgoing, about_to_transmit):
        """Connect, ask, and send the request. Before the question every error is about the account."""
        try:
            connection = await asyncio.to_thread(self.prepare, outgoing)
        except (OSError, HTTPException, ValueError):
            return Receipt(Outcome.ACCOUNT_UNAVAILABLE, "CONNECTION_FAILED", "The service cannot be reached.")
        with closing(connection):
            if not await about_to_transmit():
                return Receipt(Outcome.WITHDRAWN, "WITHDRAWN", "The email was withdrawn before it was sent.")
            try:
                answer = await asyncio.to_thread(send, connection, outgoing.message)
            except (OSError, HTTPException):
                return Receipt(Outcome.IN_DOUBT, "CONNECTION_LOST", "The service did not answer.")
        return receipt_of(answer.status, retry_after(answer.getheader("Retry-After", "")))

    def prepare(self, outgoing):
        """Return an open connection with a request that is not sent yet."""
        connection_type = CONNECTIONS[self.url.scheme]
        connection = connection_type(self.url.netloc, timeout=30)
        connection.connect()
        connection.putrequest("POST", self.url._replace(scheme="", netloc="", fragment="").geturl() or "/")
        connection.putheader("Authorization", f"Bearer {self.token}")
        connection.putheader("Content-Type", "message/rfc822")
        connection.putheader("Content-Length", str(len(outgoing.message)))
        connection.putheader("Idempotency-Key", outgoing.send_id)  # the service recognizes a repetition
        connection.putheader("To", outgoing.recipient.encode())
        return connection


def send(connection, message):
    """Send the request, and return the answer. The time-out holds for each wait."""
    connection.endheaders(message)
    return connection.getresponse()


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
        if not (self.url or "").startswith(("http://", "https://")) or not self.token:
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
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from touchline.partners import AccountUnavailableError, Outcome, load
from touchline.testing import assert_channel, deliver

from @MODULE@ import @CLASS@Channel


class Service(ThreadingHTTPServer):
    """A local service that accepts every email, unless a test gives it another status.

    With ``cut`` it closes the connection after it has accepted an email, without an answer.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.emails = [], []
        self.status, self.cut = 202, False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.requests.append(self.path)
        email = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 202:
            self.server.emails.append(email)
        if self.server.cut:
            return
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST

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


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (302, Outcome.ACCOUNT_UNAVAILABLE),
        (400, Outcome.FAILED),
        (404, Outcome.ACCOUNT_UNAVAILABLE),
        (413, Outcome.SOFT_BOUNCE),
        (429, Outcome.ACCOUNT_UNAVAILABLE),
        (500, Outcome.IN_DOUBT),
    ],
)
def test_what_an_answer_means(service, status, outcome):
    service.status = status
    channel = @CLASS@Channel({"@CODE@_URL": service.url, "@CODE@_TOKEN": "t0ken"})
    assert deliver(channel, secrets=["t0ken"]).outcome is outcome
    assert service.requests == ["/"], "a redirect is not followed"


def test_an_email_without_an_answer_is_in_doubt_and_sent_once(service):
    service.cut = True
    channel = @CLASS@Channel({"@CODE@_URL": service.url, "@CODE@_TOKEN": "t0ken"})
    receipt = deliver(channel, transmitted=lambda: len(service.emails), secrets=["t0ken"])
    assert receipt.outcome is Outcome.IN_DOUBT
    assert len(service.emails) == 1


def test_nothing_is_in_doubt_if_the_service_cannot_be_reached():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens there
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        channel = @CLASS@Channel({"@CODE@_URL": url, "@CODE@_TOKEN": "t0ken"})
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
