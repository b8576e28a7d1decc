"""Sends one HTTP request and reads its answer, with limits. Redirects and compressed answers are refused.

Failures are ``CrmError``. If the request may have arrived, a write is ``in_doubt``.
"""

import asyncio
import functools
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.request import getproxies

import httpx

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.transport.json_reading import invalid
from plugins.crms.salesforce.transport.limits import ClientLimits
from plugins.crms.salesforce.transport.public_transport import PublicTransport

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
"""Failures before the first byte of the request was sent."""
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Touchline"}

# httpx logs the whole URL of each request, which has people's addresses in queries.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def date(self) -> datetime | None:
        """The server's clock (RFC 9110, 6.6.1), if the answer has it."""
        return _instant(self.headers.get("date", ""))

    @property
    def retry_after(self) -> float | datetime | None:
        """When the server accepts requests again (RFC 9110, 10.2.3), in seconds or as a time, if the answer has it."""
        value = self.headers.get("retry-after", "").strip()
        return float(value) if value.isascii() and value.isdigit() else _instant(value)


def _instant(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, TypeError, OverflowError):
        return None


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Load the trusted certificates once. It takes 20 to 200 ms, so a thread does it."""
    return httpx.create_ssl_context()


async def new_client(
    limits: ClientLimits, transport: httpx.AsyncBaseTransport | None = None, *, loopback: bool = False
) -> httpx.AsyncClient:
    """Return a client that connects to public addresses only, unless ``loopback`` allows this machine.

    A proxy of the environment (HTTPS_PROXY) resolves names itself, and decides where it connects to. ``transport``
    takes the place of the network in tests.
    """
    certificates = await asyncio.to_thread(_certificates)
    if transport is None and not loopback and not getproxies().keys() & {"https", "all"}:
        transport = PublicTransport(certificates, limits.connect_seconds)
    return httpx.AsyncClient(
        verify=certificates,
        headers=HEADERS,
        timeout=httpx.Timeout(limits.silence_seconds, connect=limits.connect_seconds),
        follow_redirects=False,
        transport=transport,
    )


async def send(
    client: httpx.AsyncClient, limits: ClientLimits, method: str, url: str, *, writes: bool, **options: Any
) -> Reply:
    """Send a request. ``writes`` says whether it changes anything. Raises CrmError."""
    try:
        async with asyncio.timeout(limits.total_seconds), client.stream(method, url, **options) as response:
            body = await _read(response, limits.max_bytes, in_doubt=writes)
            return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)
    except NOT_SENT as error:
        raise CrmError(CrmCode.UNREACHABLE, _described(error)) from None
    except TimeoutError:
        detail = f"no complete answer in {limits.total_seconds:g} s"
        raise CrmError(CrmCode.ANSWER_LOST, detail, in_doubt=writes) from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        raise CrmError(CrmCode.ANSWER_LOST, _described(error), in_doubt=writes) from None


async def _read(response: httpx.Response, max_bytes: int, *, in_doubt: bool) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise invalid("it is compressed, which was not asked for", in_doubt=in_doubt)
    parts, size = [], 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > max_bytes:
            raise invalid(f"it has more than {max_bytes:,} bytes", in_doubt=in_doubt)
        parts.append(part)
    return b"".join(parts)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}" if str(error) else type(error).__name__
