"""Requests with a key, which clients may repeat. A repeated request gets the first answer, and changes nothing.

A service that accepts a key takes a ``RequestKey``, and calls ``remember`` in the transaction of its changes. The
caller calls the service by ``once``:

send = await once(context, "sendTask", key, [id, subject], lambda key: send_task(context, id, subject, key=key))

``RESULTS`` has the table of the rows that an operation creates. A refused request does not use up its key.
"""

import asyncio
import dataclasses
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from tortoise.models import Model

from api.codes.request_errors.inputs import InputCode
from api.models import Enrollment, Launch, PeopleImport, Send, TestEmail
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.store import request_keys as store
from api.store.engine.rows import by_ids
from strategies import Refusal

KEPT_FOR = timedelta(hours=24)
"""How long a key is kept, at least. The next request with a key deletes older keys."""
MAX_KEY_CHARACTERS = 100
CHARACTERS_PER_PIECE = 1_000_000
PATH = ("key",)
RESULTS: Mapping[str, type[Model]] = {
    "launch": Enrollment,
    "startLaunch": Launch,
    "sendTask": Send,
    "createEmail": Send,
    "sendEmail": Send,
    "importPeople": PeopleImport,
    "sendTestEmail": TestEmail,
}
"""The rows that an operation creates. Operations have the names of their mutations."""


class RepeatedRequestError(Exception):
    """Another request with the same key was carried out. The transaction must be rolled back."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The key of a request. It is unique in a workspace and for one operation."""

    operation: str
    key: str
    digest: str
    """The SHA-256 of the input. A request with the same key and another input is refused."""


async def once(
    context: WorkspaceContext,
    operation: str,
    key: str | None,
    values: object,
    work: Callable[[RequestKey | None], Awaitable[Any]],
) -> Any:
    """Carry out a request that creates one row, unless it was carried out before. Returns the row. Raises Refusal.

    ``values`` are the input: a dataclass, or plain values. ``work`` calls ``remember`` with the id of the row.
    """

    async def rows(request: RequestKey | None) -> Sequence[Any]:
        return [await work(request)]

    (row,) = await once_for_many(context, operation, key, values, rows)
    return row


async def once_for_many(
    context: WorkspaceContext,
    operation: str,
    key: str | None,
    values: object,
    work: Callable[[RequestKey | None], Awaitable[Sequence[Any]]],
) -> Sequence[Any]:
    """Do the same for a request that creates several rows."""
    if key is None:
        return await work(None)
    own_key = inputs.line(key, PATH, limit=MAX_KEY_CHARACTERS)
    request = RequestKey(operation, own_key, await asyncio.to_thread(_digest, values))
    await store.delete_before(context.clock() - KEPT_FOR)
    if (earlier := await _earlier_result(context, request)) is not None:
        return earlier
    try:
        return await work(request)
    except (Refusal, RepeatedRequestError):
        # A concurrent request with the same key may have been carried out, and may be the cause of the refusal.
        if (earlier := await _earlier_result(context, request)) is None:
            raise
        return earlier


async def remember(context: WorkspaceContext, key: RequestKey | None, result_ids: Sequence[str]) -> None:
    """Store that a request is carried out. Call in the transaction of its changes. Raises RepeatedRequestError."""
    if key is None:
        return
    request = store.StoredRequest(key.digest, result_ids)
    if not await store.store(context.workspace_id, key.operation, key.key, request, context.clock()):
        raise RepeatedRequestError


async def _earlier_result(context: WorkspaceContext, key: RequestKey) -> list[Any] | None:
    earlier = await store.find(context.workspace_id, key.operation, key.key)
    if earlier is None:
        return None
    if earlier.digest != key.digest:
        raise Refusal.of(InputCode.KEY_REUSED, PATH)
    rows = await by_ids(RESULTS[key.operation], context.workspace_id, earlier.result_ids)
    if len(rows) < len(earlier.result_ids):
        raise Refusal.of(InputCode.KEY_REUSED, PATH, case="deleted")
    return [rows[row_id] for row_id in earlier.result_ids]


def _digest(values: object) -> str:
    canonical = json.dumps(_plain(values), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return an input as JSON. A field with its default value is left out: it may also be left out of the request."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: (getattr(value, field.name), _default(field)) for field in dataclasses.fields(value)}
        return {name: _plain(own) for name, (own, default) in fields.items() if name != "key" and own != default}
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str) and len(value) > CHARACTERS_PER_PIECE:
        return _digest_of_text(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _digest_of_text(text: str) -> str:
    """Return the digest of a long text. Other threads wait only while one piece is converted."""
    found = hashlib.sha256()
    for start in range(0, len(text), CHARACTERS_PER_PIECE):
        found.update(text[start : start + CHARACTERS_PER_PIECE].encode("utf-8", "surrogatepass"))
    return found.hexdigest()
