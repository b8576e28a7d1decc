"""Compresses large responses with gzip.

Small responses stay as they are, at no cost. Compressed sizes cannot leak secrets across sites (BREACH): an attacker's
page would have to make the browser send authenticated requests, and a token is never sent by the browser itself.
"""

import asyncio
import re
import zlib

from starlette.responses import Response

MIN_BYTES = 1_400
"""Smallest body that is compressed: a smaller one fits into one packet."""
THREAD_BYTES = 65_536
"""Smallest body that is compressed in a thread, so that the event loop runs other tasks."""
LEVEL = 4
"""zlib's level. Higher levels take twice the time and more for a few percent."""
GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""zlib's window for the gzip format."""
_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|x-gzip|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?(?=,|$)", re.IGNORECASE)


async def compress(response: Response, accept_encoding: str) -> Response:
    """Compress the body of a response, if it is large and the client reads gzip."""
    body = getattr(response, "body", b"")  # a stream of events has none
    if len(body) < MIN_BYTES:
        return response
    response.headers.add_vary_header("Accept-Encoding")
    if not reads_gzip(accept_encoding):
        return response
    small = _gzip(body) if len(body) < THREAD_BYTES else await asyncio.to_thread(_gzip, body)
    response.body = small
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(small))
    return response


def reads_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip."""
    found = _GZIP.search(accept_encoding)
    return found is not None and float(found[1] or 1) > 0


def _gzip(body: bytes | memoryview) -> bytes:
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_WINDOW)
    return compressor.compress(body) + compressor.flush()
