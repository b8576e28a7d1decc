"""Answers of the GraphQL endpoint to requests that it does not execute."""

from strategies.codes import Code, code


class RequestCode(Code):
    """Answers of the GraphQL endpoint to requests that it does not execute."""

    BAD_REQUEST = code(
        when="The body is not a GraphQL request.",
        do="Read the message, which says why.",
    )
    BUDGET_USED_UP = code(
        when="The token has used all its points of this minute (429, `Retry-After`).",
        do="Wait `retryAfter` seconds, or [ask for less](cost.md#how-to-lower-it).",
    )
    BUSY = code(
        when=(
            "Too many operations of the workspace are waiting, or the server has no memory for another large request. "
            "Nothing was changed."
        ),
        do="Try again after a few seconds (`Retry-After`).",
    )
    DATABASE_AWAY = code(
        when=(
            "The database does not answer, refuses the connection, or is read-only (503, `Retry-After`; in a part of "
            "an answer, 200)."
        ),
        do="Try again later. If the request had several mutations, check which of them were executed.",
    )
    DATABASE_BUSY = code(
        when=(
            "Another program locks the database, all its connections or all its memory are in use, or a transaction "
            "was rolled back because of a conflict (503, `Retry-After`; in a part of an answer, 200)."
        ),
        do="Try again soon. If the request had several mutations, check which of them were executed.",
    )
    DATABASE_CORRUPT = code(
        when=(
            "The database is damaged, tables are missing, or its SQLite file was deleted or replaced while the server "
            "is running (503, without `Retry-After`; in a part of an answer, 200)."
        ),
        do="Tell the operator, who must restore the database. Trying again does not help.",
    )
    DATABASE_FULL = code(
        when="The database has no space left (503, `Retry-After`; in a part of an answer, 200).",
        do="Tell the operator, who must free space. Then try again.",
    )
    DATABASE_TIMEOUT = code(
        when="The database stopped a statement: it took longer than `statement_timeout`, or an operator ended it.",
        do="Request less at once. If it happens again, tell the operator.",
    )
    INTERNAL_ERROR = code(
        when="The server has a bug.",
        do="Read the server's log.",
    )
    INTROSPECTION_OFF = code(
        "Introspection is switched off on this server.",
        when="Introspection is switched off.",
        do="Read schema.graphql.",
    )
    INVALID_QUERY = code(
        when=(
            "The document does not match the schema: for example, it has an unknown field, an unknown argument, or a "
            "variable of another type than its argument. After 20 errors, the last one says that there are more."
        ),
        do="Read the message, which says where.",
    )
    INVALID_VALUE = code(
        when=(
            "A variable or an argument is missing, or its value cannot be read. Without a `path`, the database cannot "
            "store a value, such as a number or a date outside its range."
        ),
        do="Correct the value that `path` and the message name.",
    )
    NOT_JSON = code(
        when="The body is not JSON, or it is compressed.",
        do="Send `Content-Type: application/json`, without `Content-Encoding`.",
    )
    NO_OPERATION = code(
        when="The document has no operation of this name, or it has several operations and the request names none.",
        do="Name one of the operations in `operationName`.",
    )
    QUERY_TOO_EXPENSIVE = code(
        when="The operation costs more points than one request can spend. `dearestField` has the most expensive field.",
        do="[Ask for less](cost.md#how-to-lower-it), or split the request.",
    )
    QUERY_TOO_LARGE = code(
        "A document may have up to {limit:,} bytes. Pass long values as variables.",
        when=(
            "The document has more bytes, fields, fragments or variables, or is nested deeper, than [the "
            "limits](cost.md#limits), or is too complex to be checked."
        ),
        do="Split the request. Pass long values as variables.",
    )
    REQUEST_TIMEOUT = code(
        when="The operation took longer than 60 seconds and was ended.",
        do="Request less at once. If the request had several mutations, check which of them were executed.",
    )
    SYNTAX = code(
        when="The document cannot be parsed.",
        do="Read the message, which says where.",
    )
    TOO_LARGE = code(
        when="The body is too large, its JSON has too many values, or one statement is too large for the database.",
        do="Send less at once.",
    )
    TOO_MANY_MUTATIONS = code(
        when=(
            "The operation has more than 10 mutations, or it has an expensive mutation more often than [its "
            "limit](cost.md#limits)."
        ),
        do="Split the request.",
    )
    TOO_MANY_OPERATIONS = code(
        "One connection may run up to {limit} operations at the same time.",
        when="The websocket runs 50 operations already.",
        do="Complete some operations, or open another connection.",
    )
    UNAUTHENTICATED = code(
        when="The token is missing or not valid.",
        do="Send the header `Authorization: Bearer <token>`.",
    )
    WEBSOCKET_NEEDED = code(
        when="Subscriptions need a websocket.",
        do="Open a websocket at the same URL.",
    )
