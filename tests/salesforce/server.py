"""The server: routes, access tokens, the count of calls and their limit, and the faults of a test.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm (Sforce-Limit-Info is in
each answer but that of the versions), …/errorcodes.htm (401 INVALID_SESSION_ID, 403 REQUEST_LIMIT_EXCEEDED, 404, 405,
414, 503) and …/dome_versions.htm
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from tests.salesforce.errors import ApiError, not_found
from tests.salesforce.faults import Fault, FaultKind, Faults
from tests.salesforce.oauth import App, OAuth, OAuthError
from tests.salesforce.org import Org
from tests.salesforce.rest_queries import QueryResources
from tests.salesforce.rest_records import MultipleChoicesError, RecordResources
from tests.salesforce.rest_sources import SourceResources
from tests.salesforce.wire import MAX_URL_BYTES, Answer, Request, serve

VERSIONS = ("58.0", "62.0", "64.0")
NAME, ID = r"(?P<name>\w+)", r"(?P<record_id>\w{15,18})"
ROUTES = tuple(
    (kind, method, re.compile(path))
    for kind, method, path in (
        ("limits", "GET", "limits"),
        ("query", "GET", "query"),
        ("query_all", "GET", "queryAll"),
        ("query_more", "GET", r"query(?:All)?/(?P<locator>[\w-]+)"),
        ("report", "GET", r"analytics/reports/(?P<report_id>\w+)"),
        ("collection_create", "POST", "composite/sobjects/?"),
        ("collection_update", "PATCH", "composite/sobjects/?"),
        ("collection_delete", "DELETE", "composite/sobjects/?"),
        ("collection_read", "GET", rf"composite/sobjects/{NAME}"),
        ("collection_upsert", "PATCH", rf"composite/sobjects/{NAME}/(?P<field>\w+)"),
        ("describe", "GET", rf"sobjects/{NAME}/describe/?"),
        ("deleted", "GET", rf"sobjects/{NAME}/deleted/?"),
        ("updated", "GET", rf"sobjects/{NAME}/updated/?"),
        ("views", "GET", rf"sobjects/{NAME}/listviews/?"),
        ("view_results", "GET", rf"sobjects/{NAME}/listviews/(?P<view_id>\w+)/results/?"),
        ("create", "POST", rf"sobjects/{NAME}/?"),
        ("read", "GET", rf"sobjects/{NAME}/{ID}"),
        ("update", "PATCH", rf"sobjects/{NAME}/{ID}"),
        ("delete", "DELETE", rf"sobjects/{NAME}/{ID}"),
        ("upsert", "PATCH", rf"sobjects/{NAME}/(?P<field>\w+__c)/(?P<value>.+)"),
    )
)
COLLECTIONS = {"collection_create", "collection_update", "collection_delete", "collection_upsert"}
NO_ANSWER = {FaultKind.DROP_BEFORE, FaultKind.HANG_BEFORE, FaultKind.LATE}


class SalesforceServer:
    """Salesforce on loopback. ``url`` is the login URL and the instance URL."""

    def __init__(self, org: Org | None = None, app: App | None = None) -> None:
        self.org = org or Org()
        self.oauth = OAuth(self.org, app or App())
        self.records = RecordResources(self.org)
        self.queries = QueryResources(self.org)
        self.sources = SourceResources(self.org)
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        """How many calls of each kind arrived."""
        self.api_used = 0
        self.api_limit = 100_000
        self.url = ""
        self.date_skew = timedelta(0)
        """The clock of the header Date minus that of the records."""
        self.late: list[Callable[[], Answer]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["SalesforceServer"]:
        """Listen on a free port of loopback until the block ends."""
        listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = self.oauth.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            listener.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def carry_out_late(self) -> None:
        """Carry out the requests that have the fault LATE. Their clients have given up long ago."""
        late, self.late = self.late, []
        for carry_out in late:
            carry_out()

    def expire_sessions(self) -> None:
        """End all access tokens, as an administrator or the time-out of sessions does."""
        self.oauth.access.clear()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def handle() -> None:
            with suppress(asyncio.CancelledError):
                await serve(reader, writer, self.respond)
            writer.transport.abort()

        task = asyncio.ensure_future(handle())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def respond(self, request: Request) -> Answer:
        """Answer one request, with its fault."""
        kind, found = self._route(request)
        self.calls[kind] += 1
        fault = self.faults.take(kind)
        if fault and fault.kind is FaultKind.SESSION_EXPIRES:
            self.expire_sessions()
        if fault and fault.kind is FaultKind.LATE:
            self.late.append(lambda: self._answer(request, kind, found, None))
        if fault and fault.kind in NO_ANSWER:
            return Answer(fault=fault.kind)
        if fault and fault.kind is FaultKind.ANSWER:
            answer = Answer(fault.status, fault.body)
        else:
            answer = self._answer(request, kind, found, fault)
        answer.headers["Date"] = format_datetime(self.org.time() + self.date_skew, usegmt=True)
        if kind not in {"versions", "token", "revoke", "authorize"}:
            usage = f"per-app-api-usage=1/250(appName=x); api-usage={self.api_used}/{self.api_limit}"
            answer.headers["Sforce-Limit-Info"] = usage
        answer.fault = fault.kind if fault else None
        return answer

    def _route(self, request: Request) -> tuple[str, dict[str, str]]:
        oauth = {"token": "token", "revoke": "revoke", "authorize": "authorize", "userinfo": "userinfo"}
        if request.path.startswith("/services/oauth2/"):
            return oauth.get(request.path.rpartition("/")[2], "unknown"), {}
        if request.path.rstrip("/") == "/services/data":
            return "versions", {}
        version = re.match(r"/services/data/v(\d+\.0)/(.*)", request.path)
        if version is None or version[1] not in VERSIONS:
            return "unknown", {}
        for kind, method, pattern in ROUTES:
            if method == request.method and (match := pattern.fullmatch(version[2])):
                return kind, match.groupdict() | {"version": version[1]}
        return "unknown", {}

    def _answer(self, request: Request, kind: str, found: dict[str, str], fault: Fault | None) -> Answer:
        try:
            if kind in {"token", "revoke", "authorize"}:
                return self._oauth(request, kind)
            if kind == "versions":
                return Answer(200, [{"label": "Any", "url": f"/services/data/v{v}", "version": v} for v in VERSIONS])
            if int(request.headers["x-url-bytes"]) > MAX_URL_BYTES:
                raise ApiError("URI_TOO_LONG", "The URI exceeds the maximum length.", status=414)
            user = self._user(request)
            if kind == "userinfo":
                return Answer(200, self.oauth.userinfo(user))
            self.api_used += 1
            return self._resource(request, user, kind, found, fault)
        except OAuthError as error:
            return Answer(400, error.body)
        except ApiError as error:
            return Answer(error.status, error.body())
        except MultipleChoicesError as error:
            return Answer(300, error.urls)
        except ValueError as error:
            return Answer(400, ApiError("JSON_PARSER_ERROR", str(error)).body())

    def _user(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = self.oauth.access.get(token)
        if scheme != "Bearer" or user is None:
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        if self.api_used >= self.api_limit:
            raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        return user

    def _resource(self, request: Request, user: str, kind: str, found: dict[str, str], fault: Fault | None) -> Answer:
        version = found.pop("version", "")
        if kind in {"query", "query_all"}:
            return self.queries.query(request, user, version, kind == "query_all")
        if kind == "query_more":
            return self.queries.query_more(request, user, version, found["locator"])
        if kind == "limits":
            return self.sources.limits(request, user, self.api_used, self.api_limit)
        if kind in COLLECTIONS:
            answer: Answer = getattr(self.records, kind)(request, user, fault, **found)
            return answer
        for room in (self.records, self.queries, self.sources):
            if resource := getattr(room, kind, None):
                result: Answer = resource(request, user, **found)
                return result
        raise not_found()

    def _oauth(self, request: Request, kind: str) -> Answer:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True)) | request.query
        if kind == "authorize":
            return Answer(302, None, {"Location": self.oauth.authorize(request.query)})
        if kind == "token":
            body: Any = self.oauth.token(form)
            return Answer(200, body, {"Cache-Control": "no-store"})
        if not self.oauth.revoke(form.get("token", "")):
            raise OAuthError("invalid_token", "the token is not known")
        return Answer(200)
