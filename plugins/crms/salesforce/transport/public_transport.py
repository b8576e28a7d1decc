"""Connects to public addresses only: it resolves a host, checks every address, and connects to one of those.

A public name can lead to a private address, also at the second look (DNS rebinding, OWASP "Server-Side Request Forgery
Prevention Cheat Sheet"). So the name is resolved once for each request, and the request goes to the address that was
checked. The certificate is checked against the name ("sni_hostname", https://www.python-httpx.org/advanced/extensions).
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from types import TracebackType

import httpx

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
MAX_ADDRESSES = 4
"""Addresses of a host that are tried."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class PublicTransport(httpx.AsyncBaseTransport):
    """Sends requests to public addresses, and refuses all others with ``URL_INVALID``."""

    def __init__(
        self,
        certificates: ssl.SSLContext,
        resolve_seconds: float,
        *,
        resolve: Resolve = resolve,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._inner = inner or httpx.AsyncHTTPTransport(verify=certificates)
        self._resolve = resolve
        self._seconds = resolve_seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address that can be reached. Raises CrmError and httpx.TransportError."""
        host, url = request.url.host, request.url
        addresses = await self._addresses(request)
        for address in addresses:
            sent = httpx.Request(
                request.method,
                url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions | {"sni_hostname": host},
            )
            try:
                return await self._inner.handle_async_request(sent)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == addresses[-1]:
                    raise
        raise httpx.ConnectError(f"{host} has no address")

    async def _addresses(self, request: httpx.Request) -> Sequence[str]:
        host = request.url.host
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._resolve(host, request.url.port or 443)
        except TimeoutError:
            raise httpx.ConnectTimeout(f"the name {host} was not resolved in {self._seconds:g} s") from None
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"the name {host} cannot be resolved: {error}") from None
        if not all(_is_public(each) for each in found):
            raise CrmError(CrmCode.URL_INVALID, f"The name {host} leads to a private address.")
        return found[:MAX_ADDRESSES]

    async def __aenter__(self) -> "PublicTransport":
        """Open the connections."""
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close the connections."""
        await self._inner.__aexit__(exc_type, exc_value, traceback)


def _is_public(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    return (getattr(address, "ipv4_mapped", None) or address).is_global
