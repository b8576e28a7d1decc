"""The GraphQL endpoint: who may ask, how much, and an answer for every body that a client can send."""

import json
import math
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from strawberry.schema import BaseSchema
from strawberry.schema.exceptions import CannotGetOperationTypeError

from api.graphql.context import Context
from api.services.dispatch import Post
from api.services.workspaces import workspace_of

MAX_DEPTH = 100
INTROSPECTION = re.compile(r"\b__(schema|type)\b")


def refusal(status: int, code: str, message: str) -> JSONResponse:
    """Return an error as GraphQL clients expect it."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    body = {"data": None, "errors": [{"message": message, "extensions": {"code": code}}]}
    return JSONResponse(body, status, headers)


class Answer(JSONResponse):
    """JSON that can always be written: half of a character, which an error may quote, becomes a question mark."""

    def render(self, content: Any) -> bytes:
        """Write compact UTF-8."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class TooLargeError(Exception):
    """The body is larger than is read."""


class GraphQLEndpoint:
    """POST /graphql with a JSON body and a bearer token."""

    def __init__(self, schema: BaseSchema, post: Post, max_body: int, *, introspection: bool) -> None:
        self.schema = schema
        self.post = post
        self.max_body = max_body
        self.introspection = introspection

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        workspace = await workspace_of(token.strip()) if scheme.lower() == "bearer" and token else None
        if workspace is None:
            return refusal(
                401, "UNAUTHENTICATED", "This needs a token. Send the header: Authorization: Bearer <token>."
            )
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return refusal(415, "NOT_JSON", "Send Content-Type: application/json.")
        try:
            asked = _read(await self._body(request))
        except TooLargeError:
            return refusal(413, "TOO_LARGE", f"A request may have {self.max_body} bytes.")
        except (ValueError, RecursionError) as problem:
            return refusal(400, "BAD_REQUEST", str(problem)[:300])
        if not self.introspection and INTROSPECTION.search(asked["query"]):
            return refusal(400, "INTROSPECTION_OFF", "Introspection is switched off on this server.")
        context = Context(self.post.scope(workspace), self.post)
        try:
            result = await self.schema.execute(
                asked["query"],
                variable_values=asked.get("variables"),
                context_value=context,
                operation_name=asked.get("operationName") or None,
            )
        except CannotGetOperationTypeError:
            return refusal(400, "NO_OPERATION", "Name one of the document's operations in operationName.")
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        return Answer(answer)

    async def _body(self, request: Request) -> bytes:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self.max_body:
                raise TooLargeError
            parts.append(part)
        return b"".join(parts)


def _read(body: bytes) -> dict[str, Any]:
    """Return the parts of a GraphQL request. Raises ValueError with a sentence for the client."""
    try:
        asked = json.loads(body.decode("utf-8"), parse_constant=_number, parse_float=_number)
    except UnicodeDecodeError:
        raise ValueError("The body is not UTF-8.") from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"The body is not JSON: {problem}.") from None
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str) or not asked["query"]:
        raise ValueError('The body must be an object with a "query" that is text.')
    if _depth(asked) > MAX_DEPTH:
        raise ValueError("The body is nested too deeply.")
    if not isinstance(asked.get("variables") or {}, dict):
        raise ValueError('"variables" must be an object.')
    if not isinstance(asked.get("operationName", ""), str | None):
        raise ValueError('"operationName" must be text.')
    return asked


def _number(text: str) -> float:
    """Read a number. NaN and infinities are no JSON: what is stored could never be answered."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:30]} is no number that JSON can carry.")
    return number


def _depth(value: object) -> int:
    """Count how deeply a JSON value is nested, as far as it matters."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        inside = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list)]
        level = [item for items in inside for item in items]
    return depth
