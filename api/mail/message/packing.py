"""Packs built emails for storage: the difference of each email from a text that many emails share.

That text is the *base*: an email of the same template, built with "x" in the place of every person's values. Zstandard
uses it as a dictionary, so that a packed email contains little more than what differs. Unpacking needs no template and
no renderer, so the bytes stay the same whatever is edited later. A checksum in each packed email detects damage.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from zstandard import DICT_TYPE_RAWCONTENT, ZstdCompressionDict, ZstdCompressor, ZstdDecompressor, ZstdError

from api.mail.cache import Cache, cached_in
from api.mail.inline_limits import SlowWorkError, run_quick
from api.mail.message import wire
from api.mail.message.compose import EarlierEmail
from api.mail.message.email_rendering import RenderedEmail, RenderRequest, render_email

LEVEL = 1
"""Level of Zstandard. Level 6 takes more than twice as long and saves 10 %."""
MAX_QUICK_PACKING_BYTES = 200_000
"""Largest email that is packed in the event loop, in bytes: it takes up to 1 ms."""
PLACEHOLDER = "x"
"""The text that replaces every value of a person in a base."""
PLACEHOLDER_ADDRESS = "x@example.com"
BASE_DATE = datetime(2000, 1, 1, tzinfo=UTC)
"""The date of every base, so that a template has the same base every day."""
BASE_CACHE_BYTES = 32_000_000
"""Size of the cache of bases, in bytes, in each process."""
COMPRESSOR_BYTES = 300_000
"""Memory of a compressor with its tables, in bytes, besides the base itself."""


class DamagedEmailError(Exception):
    """A packed email cannot be unpacked."""


class MessageBase:
    """A base, ready to pack emails of one workspace. ``id`` is derived from the content and the workspace."""

    def __init__(self, workspace_id: str, body: bytes) -> None:
        self.id = base_id(workspace_id, body)
        self.workspace_id = workspace_id
        self.body = body
        shared = ZstdCompressionDict(body, dict_type=DICT_TYPE_RAWCONTENT)
        shared.precompute_compress(level=LEVEL)
        self._options: dict[str, Any] = {"dict_data": shared, "write_checksum": True, "write_dict_id": False}
        self._compressor = ZstdCompressor(**self._options)

    def pack(self, message: bytes) -> bytes:
        """Return the packed email. Only the event loop may call it."""
        return self._compressor.compress(message)

    def pack_large(self, message: bytes) -> bytes:
        """Return the packed email. Any thread may call it."""
        return ZstdCompressor(**self._options).compress(message)


@cached_in(Cache[MessageBase](BASE_CACHE_BYTES, lambda base, *_: COMPRESSOR_BYTES + 3 * len(base.body)))
def message_base(workspace_id: str, body: bytes) -> MessageBase:
    """Return a base. Making one takes as long as packing ten emails."""
    return MessageBase(workspace_id, body)


def base_id(workspace_id: str, body: bytes) -> str:
    """Return the id of a base: 128 bits of the SHA-256 of the workspace and the content."""
    return f"bas_{hashlib.sha256(workspace_id.encode() + b'|' + body).hexdigest()[:32]}"


def unpack(packed: bytes, base: bytes) -> bytes:
    """Return the email. Raises DamagedEmailError."""
    try:
        shared = ZstdCompressionDict(base, dict_type=DICT_TYPE_RAWCONTENT)
        return ZstdDecompressor(dict_data=shared).decompress(packed)
    except ZstdError as error:
        raise DamagedEmailError(str(error)) from error


def base_of(request: RenderRequest) -> bytes:
    """Return the base of an email's template. ``request`` has placeholders in the place of a person's values.

    If the template cannot be rendered quickly with placeholders, the base is its source.
    """
    neutral = request._replace(now=BASE_DATE, earlier=_without_sending(request.earlier))
    try:
        rendered = run_quick(render_email, neutral)
    except SlowWorkError:
        return _source_of(neutral)
    return rendered.message if isinstance(rendered, RenderedEmail) else _source_of(neutral)


def _without_sending(earlier: EarlierEmail | None) -> EarlierEmail | None:
    """Return the quoted emails without their Message-IDs and dates, which differ for each person."""
    return None if earlier is None else EarlierEmail(earlier.content, None, None, _without_sending(earlier.earlier))


def _source_of(request: RenderRequest) -> bytes:
    content, earlier = request.content, request.earlier
    parts = [content.text or "", content.html]
    while earlier is not None:
        parts.append(earlier.content.html)
        earlier = earlier.earlier
    return b"\r\n".join(wire.quoted_printable(part) for part in parts)
