"""The contract of webhooks. A webhook takes the HTTP requests in which a provider reports events of emails.

``Webhook.receive`` checks the signature of one request and returns the events in it. Touchline stores them before it
answers the provider, and processes them later. The pair of the webhook and an event's key identifies the event: the
second one with the same key is ignored. So providers can repeat their requests.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import ClassVar

from plugins.incoming import IncomingMail, ReportedEvent

DEFAULT_ACCOUNT = ""
"""The account of the path ``/webhooks/KEY``. All others have ``/webhooks/KEY/ACCOUNT``."""
MAX_EVENTS = 10_000
"""Largest number of events and mails in one request."""
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""A token of RFC 9110, 5.6.2."""
OWN_HEADERS = frozenset({"connection", "content-encoding", "content-length", "content-type", "transfer-encoding"})
"""Headers that describe the answer's body and connection. The server sets them."""
MAX_ACCOUNT_CHARACTERS = 90


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One POST request of a provider."""

    account: str
    """The account in the path, or DEFAULT_ACCOUNT. It is one of ``Webhook.accounts()``."""
    headers: Mapping[str, str]
    """The headers, with their names in lower case. The values of a repeated header are joined with ", "."""
    query: Mapping[str, str]
    """The parameters after the question mark of the URL. The last value of a repeated parameter counts."""
    body: bytes
    received_at: datetime
    """When Touchline received the request (UTC). Compare signed times with it."""


@dataclass(frozen=True, slots=True)
class WebhookResult:
    """The events of one request that has been authenticated. A request that only sets up the webhook has none."""

    events: Sequence[ReportedEvent] = ()
    mails: Sequence[IncomingMail] = ()
    ignored: int = 0
    """The number of events that Touchline does not use, such as those of unknown kinds."""

    def __post_init__(self) -> None:
        """Refuse values of other types."""
        for name in ("events", "mails"):
            value = getattr(self, name)
            if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
                raise TypeError(f"{name} is a {type(value).__name__}, not a list")
        if type(self.ignored) is not int or self.ignored < 0:
            raise TypeError(f"ignored is {self.ignored!r:.60}, not a number of events")


class WebhookStatus(IntEnum):
    """The HTTP status of a request that is refused. The first four and TRY_LATER are for packages."""

    INVALID = 400
    """The request cannot be read."""
    UNAUTHENTICATED = 401
    """The request has no signature or password."""
    FORBIDDEN = 403
    """The signature or password is wrong or too old, or the request comes from a source that is not configured."""
    TOO_LARGE = 413
    """The request has too many events."""
    NOT_FOUND = 404
    """The path belongs to no webhook."""
    WRONG_TYPE = 415
    """The content type or the encoding is not accepted."""
    FAILED = 500
    """The package has a bug."""
    TRY_LATER = 503
    """The request cannot be checked at the moment. The provider repeats it."""


class WebhookRefusedError(Exception):
    """Raised by ``Webhook.receive``: nothing is stored, and the provider gets the status, the code and the sentence."""

    def __init__(self, status: WebhookStatus, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        if not isinstance(status, WebhookStatus):
            raise TypeError(f"status is {status!r:.60}, not a WebhookStatus")
        for name, text in (("code", code), ("detail", detail)):
            if not isinstance(text, str):
                raise TypeError(f"{name} is a {type(text).__name__}, not a text")
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        for name, value in self.headers.items():
            if not HEADER_NAME.fullmatch(name) or name.lower() in OWN_HEADERS:
                raise ValueError(f"headers has {name!r:.60}, which is not the name of a header that a package can set")
            if not (isinstance(value, str) and value.isascii() and value.isprintable()):
                raise ValueError(f"the header {name} must be one line of ASCII text")


class Webhook(ABC):
    """One provider's way to report events. ``touchline_register_webhooks`` registers it."""

    key: ClassVar[str]
    """The name in the path ``/webhooks/KEY``, unique among all installed webhooks."""
    labels: ClassVar[Mapping[str, str]]
    """The name that people read, by language code; "en" is required."""
    content_types: ClassVar[Sequence[str]] = ("application/json",)
    """The media types that a request may have, in lower case and without parameters."""
    max_body_bytes: ClassVar[int] = 1_000_000
    """Largest body, in bytes. A larger one is refused before it is read."""

    def accounts(self) -> Sequence[str]:
        """Return the accounts for which this process has settings. The webhook does not exist for any other account."""
        return [DEFAULT_ACCOUNT]

    @abstractmethod
    async def receive(self, request: WebhookRequest) -> WebhookResult:
        """Authenticate one request and return its events. Raises WebhookRefusedError.

        All webhooks run in one event loop. Never block it, and set time limits: the request is cancelled after 30
        seconds.
        """
