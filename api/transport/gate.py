"""Who may ask, how much, and in which form: the same over HTTP and over a websocket."""

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Any

from api.graphql.context import Context
from api.services.launch_watch import LaunchWatch
from api.services.post import Post
from api.services.workspaces import workspace_of
from api.store.database_clock import set_by_database
from strategies import Refusal

MAX_DEPTH = 100
WRONG_TOKEN = "This token opens nothing."  # noqa: S105 - a sentence
INTROSPECTION = re.compile(r"\b__(schema|type)\b")


@dataclass(frozen=True, slots=True)
class Gate:
    """What both transports check, and the context that they give to what passes."""

    post: Post
    watch: LaunchWatch
    max_body: int
    introspection: bool

    async def context(self, authorization: str) -> Context | None:
        """Return a context of its own for one request of a token's bearer; None where the token opens nothing."""
        await set_by_database(self.post.clock)  # a server without a tick loop has nobody else who does
        scheme, _, token = authorization.partition(" ")
        opened = await workspace_of(token.strip()) if scheme.lower() == "bearer" and token else None
        if opened is None:
            return None
        workspace, actor = opened
        return Context(replace(self.post.scope(workspace), actor=actor), self.post, self.watch)

    def check_query(self, query: str) -> None:
        """Refuse introspection where it is switched off."""
        if not self.introspection and INTROSPECTION.search(query):
            raise Refusal("INTROSPECTION_OFF", "Introspection is switched off on this server.")


def operation_of(asked: object) -> dict[str, Any]:
    """Return the parts of a GraphQL request. Raises ValueError with a sentence for the client."""
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str) or not asked["query"]:
        raise ValueError('A request must be an object with a "query" that is text.')
    if not isinstance(asked.get("variables") or {}, dict):
        raise ValueError('"variables" must be an object.')
    if not isinstance(asked.get("operationName", ""), str | None):
        raise ValueError('"operationName" must be text.')
    return asked


def read_json(text: str) -> Any:
    """Read JSON that can be stored and answered. Raises ValueError with a sentence for the client."""
    try:
        value = json.loads(text, parse_constant=_number, parse_float=_number, parse_int=_integer)
    except json.JSONDecodeError as problem:
        raise ValueError(f"This is not JSON: {problem}.") from None
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None
    if _depth(value) > MAX_DEPTH:
        raise ValueError("The JSON is nested too deeply.")
    return value


def write_json(content: Any) -> bytes:
    """Write JSON, whatever an error quotes: half of a character becomes a question mark."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _number(text: str) -> float:
    """Read a number. NaN and infinities are no JSON: what is stored could never be answered."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:30]} is no number that JSON can carry.")
    return number


def _integer(text: str) -> int:
    """Read an integer. Python reads some thousand digits: more would take it too long."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text[:30]}… is a number of {len(text):,} characters, and too long.") from None


def _depth(value: object) -> int:
    """Count how deeply a JSON value is nested, as far as it matters."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        inside = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list)]
        level = [item for items in inside for item in items]
    return depth
