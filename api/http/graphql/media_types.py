"""The media types of GraphQL responses, as the Accept header asks for them."""

import re
from dataclasses import dataclass
from functools import lru_cache

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
MAX_ACCEPT_LENGTH = 1_000
"""Longest Accept header that is read, in characters. A longer one counts as none."""
_QUALITY = re.compile(r"q\s*=\s*([01](?:\.\d{0,3})?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a client accepts. A header that names none of our media types gets application/json."""

    media_type: str
    """JSON or GRAPHQL_JSON: the media type of a single response."""
    streams: bool = False
    """Whether the client reads server-sent events."""
    only_streams: bool = False
    """Whether the client reads nothing else: queries and mutations answer with events as well."""

    @property
    def content_type(self) -> str:
        """The Content-Type header of a single response."""
        return GRAPHQL_CONTENT_TYPE if self.media_type is GRAPHQL_JSON else JSON


GRAPHQL_CONTENT_TYPE = f"{GRAPHQL_JSON}; charset=utf-8"
DEFAULT = Accepted(JSON)


def accepted(header: str) -> Accepted:
    """Read an Accept header. Of media types with the same quality, the first one counts."""
    if not header or header == "*/*" or len(header) > MAX_ACCEPT_LENGTH:
        return DEFAULT
    return _read(header)


@lru_cache(256)
def _read(header: str) -> Accepted:
    qualities: dict[str, float] = {}
    for entry in header.split(","):
        name, _, parameters = entry.partition(";")
        quality = _QUALITY.search(parameters)
        qualities.setdefault(name.strip().lower(), float(quality[1]) if quality else 1.0)
    any_json = qualities.get("application/*", qualities.get("*/*", 0.0))
    json, graphql = qualities.get(JSON, any_json), qualities.get(GRAPHQL_JSON, 0.0)
    names = list(qualities)
    graphql_is_first = JSON not in qualities or (
        GRAPHQL_JSON in qualities and names.index(GRAPHQL_JSON) < names.index(JSON)
    )
    prefers_graphql = graphql > json or (graphql == json > 0 and graphql_is_first)
    streams = qualities.get(EVENT_STREAM, 0.0) > 0
    return Accepted(GRAPHQL_JSON if prefers_graphql else JSON, streams, streams and not (json or graphql))
