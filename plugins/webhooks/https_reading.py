"""Reads a small document over HTTPS: no redirects, a time limit, a size limit, and a checked certificate."""

import asyncio
import http.client
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_SECONDS = 5.0
MAX_BYTES = 65_536


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
        """Follow no redirect: urllib then raises HTTPError."""


async def read_https(url: str) -> bytes:
    """Return the document at a URL. Raises OSError."""
    if not url.startswith("https://"):
        raise OSError("only https is read")
    return await asyncio.wait_for(asyncio.to_thread(_read, url), 2 * TIMEOUT_SECONDS)


def _read(url: str) -> bytes:
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(url, timeout=TIMEOUT_SECONDS) as response:
            found: bytes = response.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise OSError(f"the answer has the status {error.code}") from None
    except http.client.HTTPException as error:
        raise OSError(f"the answer is not HTTP: {type(error).__name__}") from None
    if len(found) > MAX_BYTES:
        raise OSError(f"the answer has more than {MAX_BYTES:,} bytes")
    return found
