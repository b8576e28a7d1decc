"""Answers of the HTTP server outside of GraphQL, and the numbers with which a websocket closes."""

from enum import IntEnum

from strategies.codes import Code, code


class HttpCode(Code):
    """Answers of the HTTP server as plain text: one sentence, without a code."""

    BODY_TOO_SLOW = code(
        "The body of the request came too slowly.",
        status=408,
        when="The body of a request comes too slowly.",
        do="Send the request over a faster connection.",
    )
    CHUNKS_TOO_SMALL = code(
        "The chunks of the body are too small.",
        status=400,
        when="The body is sent in so small chunks that their framing is larger than their content.",
        do="Send larger chunks, or send `Content-Length`.",
    )
    HEADERS_TOO_SLOW = code(
        "The request headers were not received in time.",
        status=408,
        when="The headers of a request do not arrive in time.",
        do="Send the request over a faster connection.",
    )
    METRICS_DENIED = code(
        "Metrics are served on TOUCHLINE_SERVER_WATCH_PORT, or here with TOUCHLINE_METRICS_TOKEN as a bearer token.",
        status=404,
        when="`/metrics` needs a token: 404 if none is configured, 401 if the request has another one.",
        do="Set `TOUCHLINE_METRICS_TOKEN`, or use `TOUCHLINE_SERVER_WATCH_PORT`.",
    )
    TOO_MANY_CONNECTIONS = code(
        "Too many connections are open. Try again in a moment.",
        status=503,
        when="The server has too many open connections, or too many of one client (`Retry-After`).",
        do="Try again after a few seconds.",
    )
    TOO_MANY_HEADERS = code(
        "A request can have up to {limit} headers.",
        status=431,
        when="The request has too many headers.",
        do="Send fewer headers.",
    )
    TOO_MANY_REQUESTS = code(
        "This client has too many open requests. Try again in a moment.",
        status=503,
        when="A client behind a trusted proxy has too many open requests (`Retry-After`).",
        do="Try again after a few seconds.",
    )
    TWO_LENGTHS = code(
        "A request cannot have both Content-Length and Transfer-Encoding.",
        status=400,
        when="The request has both `Content-Length` and `Transfer-Encoding`.",
        do="Send one of the two headers.",
    )


class CloseCode(IntEnum):
    """The numbers with which a websocket closes. The reason of the close frame says more."""

    when: str

    def __new__(cls, number: int, when: str) -> "CloseCode":
        """Make a member whose value is its number, with its description."""
        member = int.__new__(cls, number)
        member._value_, member.when = number, when
        return member

    TOO_LARGE = 1009, "The message is too large."
    INTERNAL_ERROR = 1011, "The server has a bug."
    STOPPING = 1012, "The server is stopping. Connect again."
    TRY_AGAIN_LATER = 1013, "The database does not answer, or the server is busy with large messages. Try again later."
    INVALID_MESSAGE = 4400, "The message cannot be read."
    UNAUTHENTICATED = 4401, "The token is missing or not valid."
    WRONG_PROTOCOL = 4406, "The client does not use the protocol `graphql-transport-ws`."
    INIT_TIMEOUT = 4408, "The client did not send `connection_init` with its token in time."
    DUPLICATE_ID = 4409, "An operation with this id is already running."
    TOO_SLOW = 4410, "The client reads events of the Live Feed more slowly than they happen. Resume with `after`."
    DUPLICATE_INIT = 4429, "The client sent `connection_init` twice."
