"""Requests that the GraphQL endpoint does not execute, and those that it stops."""

from strategies.codes import Code, code


class RequestCode(Code):
    """Requests that the GraphQL endpoint does not execute, and those that it stops."""

    BAD_REQUEST = code(
        'The body must be a JSON object with a "query" string.',
        binary="Send text frames, not binary frames.",
        document_id='"documentId" must be a string.',
        empty='The body is empty. Send a JSON object with a "query" string.',
        extensions='"extensions" must be an object.',
        incomplete="The body is incomplete: the connection was closed early.",
        long_number="{number}… is a number of {length:,} characters, which is too long.",
        message_id='A message must have an "id" of 1 to {limit} characters, without lone surrogates.',
        message_type='A message must be an object with a "type" string.',
        no_query='The query string needs the parameter "query".',
        not_json="The body is not valid JSON: {fault}.",
        not_utf8="The body is not UTF-8.",
        number="{number} is not a valid JSON number.",
        operation_name='"operationName" must be a string.',
        parameters="A query string can have up to {limit} parameters.",
        repeated='The query string has the parameter "{name}" twice.',
        too_deep="The JSON is nested too deeply.",
        variables='"variables" must be an object.',
        when="The body or the query string is not a GraphQL request.",
        do="Read the message, which says why.",
    )
    BUSY = code(
        "{running} operations of this workspace are running, and {waiting} are waiting. Try again later.",
        bodies="Too many large requests are being read. Try again in a moment.",
        workers="The server is busy with large requests. Try again in a moment.",
        when=(
            "Too many operations of the workspace are waiting, or the server has no memory for another large request. "
            "Nothing was changed."
        ),
        do="Try again after a few seconds (`Retry-After`).",
    )
    CURSOR_TOO_OLD = code(
        "More than {limit:,} events have happened since this cursor. Query events, then subscribe after eventCursor.",
        when="More than 100,000 events have happened since the event in `after` of the subscription `events`.",
        do="Query `events` for the newest ones, and subscribe with `after` of the query `eventCursor`.",
    )
    INTERNAL_ERROR = code(
        "An internal error. It has been logged.",
        when="The server has a bug.",
        do="Read the server's log.",
    )
    HTTP_METHOD_NOT_ALLOWED = code(
        "Send requests with POST. GET runs queries only.",
        when="The method of a request is not `GET`, `HEAD` or `POST` (405).",
        do="Send the request with `POST`.",
    )
    MUTATION_BY_GET = code(
        "Send mutations with POST. GET runs queries only.",
        when="A `GET` request has a mutation (405).",
        do="Send the mutation with `POST`.",
    )
    NOT_JSON = code(
        "Send Content-Type: application/json.",
        charset="Send the body as UTF-8: Content-Type: application/json; charset=utf-8.",
        compressed="Send the body without Content-Encoding. Compressed bodies are not supported.",
        when="The body is not JSON in UTF-8, or it is compressed.",
        do="Send `Content-Type: application/json`, without `Content-Encoding`.",
    )
    REQUEST_TIMEOUT = code(
        "This operation took longer than {seconds:g} seconds and was ended. Request less at once.",
        when="The operation took longer than 60 seconds and was ended.",
        do="Request less at once. If the request had several mutations, check which of them were executed.",
    )
    TOO_LARGE = code(
        "A request can have up to {limit:,} bytes.",
        database="This request is too large for the database. Send shorter texts, or fewer values.",
        message="A message can have up to {limit:,} bytes.",
        json="The JSON is too large: {fault}",
        values="The JSON has too many values. The limit is {limit:,}; a name counts as 2, an object as 4.",
        when="The body is too large, its JSON has too many values, or one statement is too large for the database.",
        do="Send less at once.",
    )
    TOO_MANY_OPERATIONS = code(
        "One connection can run up to {limit} operations at the same time.",
        when="The websocket runs 50 operations already.",
        do="Complete some operations, or open another connection.",
    )
    UNAUTHENTICATED = code(
        "Invalid or expired token.",
        init='Send {{"Authorization": "Bearer <token>"}} with connection_init.',
        uninitialized="Send connection_init first.",
        missing="A token is required. Send the header Authorization: Bearer <token>.",
        link="This link has expired or is not valid. Ask for a new one by `emlUrl`.",
        when="The token is missing or not valid.",
        do="Send the header `Authorization: Bearer <token>`.",
    )
    TOO_SLOW = code(
        "You read events more slowly than they happen. Subscribe again, after the last event that you have.",
        when="A client of the subscription `events` has 10,000 unread events and is disconnected: a websocket "
        "closes with 4410, a stream ends with this error.",
        do="Subscribe again with `after`: the id of the last event that you have. Use a filter to get fewer events.",
    )
    WEBSOCKET_NEEDED = code(
        "Send subscriptions over a websocket to this address (protocol graphql-transport-ws), or with the header"
        " Accept: text/event-stream.",
        when="Subscriptions need a websocket, or server-sent events.",
        do="Open a websocket at the same URL, or send `Accept: text/event-stream`.",
    )
