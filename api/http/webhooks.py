"""The endpoint of webhooks: POST /webhooks/KEY and /webhooks/KEY/ACCOUNT.

A provider gets 200 when its events are stored. The job runner applies them later, so that a burst of events cannot
delay other requests. All workspaces share the webhooks: an event acts on the workspace of the email that it names.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import NoReturn

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.http.access.workspace_limits import BodyMemory, OperationQueue
from api.http.graphql.json_reading import INLINE_MAX_BYTES
from api.mail.text_checks import storable_text
from api.server.proxies import client_key
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.package_tasks import in_own_task
from api.services.plugin_health.webhooks import WebhookFaults
from api.services.replies.incoming import MAX_SOURCE_CHARACTERS, receive_events, receive_mails
from api.store.engine.database_clock import sync_clock
from api.store.engine.faults.availability import log_database_outage
from plugins.incoming import IncomingMail, ReportedEvent
from plugins.loading.declaration_checks import MAX_BODY_BYTES
from plugins.webhooks.codes import WebhookCode
from plugins.webhooks.contract import (
    DEFAULT_ACCOUNT,
    MAX_ACCOUNT_CHARACTERS,
    MAX_EVENTS,
    Webhook,
    WebhookRefusedError,
    WebhookRequest,
    WebhookResult,
    WebhookStatus,
)
from strategies import Refusal
from strategies.codes import Message

log = logging.getLogger("touchline.webhooks")

MAX_RUNNING_REQUESTS = 4
"""Most requests of one webhook that are checked and stored at the same time. Others wait in order."""
MAX_WAITING_REQUESTS = 2_000
"""Most requests of one webhook that wait. More get 503, and the provider repeats them."""
TIMEOUT_SECONDS = 30.0
"""Longest time that a package may take to check a request."""
RETRY_HEADERS = {"Retry-After": "5"}
MAX_ERROR_CHARACTERS = 2_000


class _PackageFailedError(WebhookRefusedError):
    """The package failed. Operators read the fault; the provider gets no detail."""

    def __init__(self, fault: Message) -> None:
        super().__init__(WebhookStatus.FAILED, *WebhookCode.WEBHOOK_FAILED.message())
        self.fault = fault


class WebhookEndpoint:
    """Responds to the requests of all webhooks."""

    def __init__(self, runtime: DispatchRuntime) -> None:
        self.runtime = runtime
        self.requests = OperationQueue(MAX_RUNNING_REQUESTS, MAX_WAITING_REQUESTS)
        self.body_memory = BodyMemory(MAX_BODY_BYTES)
        self.faults = WebhookFaults(runtime.installed)

    async def __call__(self, request: Request) -> Response:
        """Respond to one request. Errors have a code and a sentence."""
        key, account = request.path_params["key"], request.path_params.get("account", DEFAULT_ACCOUNT)
        try:
            webhook = self._webhook(key, account)
            check_headers(webhook, request)
            async with AsyncExitStack() as stack:
                size = _content_length(request, webhook.max_body_bytes)
                if size > INLINE_MAX_BYTES:
                    # By client: the signature is checked after the body, so anyone may send one that never ends.
                    client = client_key(request.client.host) if request.client else ""
                    await stack.enter_async_context(self.body_memory.reserve(client, size))
                body = await read_body(request, webhook.max_body_bytes)
                await stack.enter_async_context(self.requests.slot(key))
                return await self._respond(webhook, account, request, body)
        except _PackageFailedError as failed:
            await self.faults.record(key, failed.fault, self.runtime.clock())
            return _error(failed.status, failed.code, failed.detail)
        except WebhookRefusedError as refused:
            return _error(refused.status, refused.code, refused.detail, refused.headers)
        except Refusal:  # too many requests, or no memory for the body
            return _error(503, *WebhookCode.WEBHOOK_BUSY.message(), RETRY_HEADERS)

    def _webhook(self, key: str, account: str) -> Webhook:
        """Return the webhook of a path. Raises WebhookRefusedError if this process has none for the account."""
        webhook = self.runtime.installed.webhooks.get(key)
        if webhook is None or account not in _accounts(webhook):
            raise WebhookRefusedError(WebhookStatus.NOT_FOUND, *WebhookCode.WEBHOOK_NOT_FOUND.message())
        return webhook

    async def _respond(self, webhook: Webhook, account: str, request: Request, body: bytes) -> Response:
        try:
            await sync_clock(self.runtime.clock)
            result = await self._receive(webhook, account, request, body)
            source = source_of(webhook.key, account)
            now, wake = self.runtime.clock(), self.runtime.wake
            new = await receive_events(source, result.events, now, wake=wake)
            new += await receive_mails(source, result.mails, now, wake=wake)
        except Exception as problem:
            if not log_database_outage(problem):
                raise
            return _error(503, *WebhookCode.WEBHOOK_BUSY.message("database"), RETRY_HEADERS)
        if result.ignored:
            log.info("%s: ignored %d events that Touchline does not use", source, result.ignored)
        received = len(result.events) + len(result.mails)
        return JSONResponse({"received": received, "new": new, "ignored": result.ignored})

    async def _receive(self, webhook: Webhook, account: str, request: Request, body: bytes) -> WebhookResult:
        """Call the webhook. Raises WebhookRefusedError, also for a failure of the package."""
        headers: dict[str, str] = {}
        for name, value in request.headers.items():
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        webhook_request = WebhookRequest(account, headers, dict(request.query_params), body, self.runtime.clock())
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                result = await in_own_task(lambda: webhook.receive(webhook_request))
            if not isinstance(result, WebhookResult):
                raise TypeError(f"receive returned a {type(result).__name__}, not a WebhookResult")
            count = len(result.events) + len(result.mails)
            if not all(isinstance(each, ReportedEvent) for each in result.events):
                raise TypeError("an event is not a ReportedEvent")
            if not all(isinstance(each, IncomingMail) for each in result.mails):
                raise TypeError("a mail is not an IncomingMail")
        except WebhookRefusedError as refused:
            raise _check_refusal(webhook, refused) from None
        except BaseException as error:  # even SystemExit of a package must not end the process
            if isinstance(error, asyncio.CancelledError) and asyncio.current_task().cancelling():  # type: ignore[union-attr]
                raise
            _fail(webhook, error)
        if count > MAX_EVENTS:
            message = WebhookCode.WEBHOOK_TOO_LARGE.message("events", limit=MAX_EVENTS)
            raise WebhookRefusedError(WebhookStatus.TOO_LARGE, *message)
        return result


def source_of(key: str, account: str) -> str:
    """Return the source of a webhook's events, such as "webhook:sendgrid". A long one ends in a hash."""
    source = f"webhook:{key}" + (f":{account}" if account else "")
    if len(source) <= MAX_SOURCE_CHARACTERS:
        return source
    return f"webhook:{hashlib.sha256(source.encode('utf-8', 'replace')).hexdigest()}"


def check_headers(webhook: Webhook, request: Request) -> None:
    """Check the content type. Raises WebhookRefusedError."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise WebhookRefusedError(WebhookStatus.WRONG_TYPE, *WebhookCode.WEBHOOK_INVALID.message("compressed"))
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type not in webhook.content_types:
        message = WebhookCode.WEBHOOK_INVALID.message("content_type", types=", ".join(webhook.content_types))
        raise WebhookRefusedError(WebhookStatus.WRONG_TYPE, *message)


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body up to its limit. Raises WebhookRefusedError."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            parts.append(part)
    except ClientDisconnect:
        raise WebhookRefusedError(WebhookStatus.INVALID, *WebhookCode.WEBHOOK_INVALID.message("incomplete")) from None
    return b"".join(parts)


def _content_length(request: Request, limit: int) -> int:
    """Return the size of the body, or the limit if the request does not say it. Raises WebhookRefusedError."""
    length = request.headers.get("content-length", "")
    size = int(length) if length.isascii() and length.isdigit() and len(length) <= 15 else limit
    if size > limit:
        raise _too_large(limit)
    return size


def _too_large(limit: int) -> WebhookRefusedError:
    return WebhookRefusedError(WebhookStatus.TOO_LARGE, *WebhookCode.WEBHOOK_TOO_LARGE.message(limit=limit))


def _accounts(webhook: Webhook) -> frozenset[str]:
    try:
        return check_accounts(webhook.accounts())
    except (Exception, SystemExit) as error:
        _fail(webhook, error)


def check_accounts(accounts: object) -> frozenset[str]:
    """Return the accounts of a webhook. Raises TypeError or ValueError for names that no path can have."""
    if isinstance(accounts, (str, bytes)) or not isinstance(accounts, Iterable):
        raise TypeError(f"accounts() returned a {type(accounts).__name__}, not a list of names")
    names = list(accounts)
    for name in names:
        if not isinstance(name, str) or "/" in name or len(name) > MAX_ACCOUNT_CHARACTERS or not name.isprintable():
            raise ValueError(
                f"accounts() returned {name!r:.100}; a name is text of up to {MAX_ACCOUNT_CHARACTERS} printable "
                "characters, without a slash"
            )
    return frozenset(str.__str__(name) for name in names)


def _check_refusal(webhook: Webhook, refused: WebhookRefusedError) -> WebhookRefusedError:
    """Return the refusal of a package. Its class may be a subclass, so its values are checked again."""
    try:
        return WebhookRefusedError(refused.status, refused.code, refused.detail, refused.headers)
    except Exception as error:
        _fail(webhook, error)


def _fail(webhook: Webhook, error: BaseException) -> NoReturn:
    log.exception("the webhook %s failed", webhook.key)
    raise _PackageFailedError(WebhookCode.WEBHOOK_FAILED.message("fault", error=type(error).__name__))


def _error(status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    texts = {
        "code": storable_text(code, MAX_ERROR_CHARACTERS),
        "message": storable_text(sentence, MAX_ERROR_CHARACTERS),
    }
    return JSONResponse({"error": texts}, int(status), dict(headers or {}))


def routes(runtime: DispatchRuntime) -> list[Route]:
    """Return the routes. They exist without settings too, and then answer 404."""
    endpoint = WebhookEndpoint(runtime)
    for each in runtime.installed.webhooks.values():
        with suppress(WebhookRefusedError):  # a package that is wrong is in the log before its first request
            _accounts(each)

    async def webhook(request: Request) -> Response:
        return await endpoint(request)

    return [
        Route("/webhooks/{key}", webhook, methods=["POST"]),
        Route("/webhooks/{key}/{account}", webhook, methods=["POST"]),
    ]
