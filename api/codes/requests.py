"""Answers of the GraphQL endpoint to requests that it does not execute."""

from strategies.codes import Code, code


class RequestCode(Code):
    """Answers of the GraphQL endpoint to requests that it does not execute."""

    BAD_REQUEST = code(
        when="The body is no GraphQL request.",
        do="The message says why.",
    )
    BUDGET_USED_UP = code(
        when="The token has spent its points of this minute (429, `Retry-After`).",
        do="Wait `retryAfter` seconds, or [ask for less](cost.md#how-to-lower-it).",
    )
    BUSY = code(
        when=(
            "Too many operations of the workspace wait, or the server reads as many large requests as it has memory "
            "for. Nothing was done."
        ),
        do="Try again after a few seconds (`Retry-After`).",
    )
    DATABASE_AWAY = code(
        when=(
            "The database does not answer, refuses the server, or may only be read (503, `Retry-After`; in a part of "
            "an answer, 200)."
        ),
        do="Try again later; after a mutation of several parts, look which were done.",
    )
    DATABASE_BUSY = code(
        when=(
            "Another program locks the database, all its connections or its memory are in use, or a transaction was "
            "undone because of another one (503, `Retry-After`; in a part of an answer, 200)."
        ),
        do="Try again soon; after a mutation of several parts, look which were done.",
    )
    DATABASE_CORRUPT = code(
        when=(
            "The database is damaged, lacks tables, or its SQLite file was deleted or replaced while the server runs "
            "(503, without `Retry-After`; in a part of an answer, 200)."
        ),
        do="Tell the operator, who has to restore it. Trying again does not help.",
    )
    DATABASE_FULL = code(
        when="The database has no space left (503, `Retry-After`; in a part of an answer, 200).",
        do="Tell the operator, who has to make room. Then try again.",
    )
    DATABASE_TIMEOUT = code(
        when="The database stopped a statement: it took longer than `statement_timeout`, or an operator ended it.",
        do="Ask for less at once. If it happens again, tell the operator.",
    )
    INTERNAL_ERROR = code(
        when="A fault of the server's own.",
        do="See the server's log.",
    )
    INTROSPECTION_OFF = code(
        "Introspection is switched off on this server.",
        when="Introspection is switched off.",
        do="Read schema.graphql.",
    )
    INVALID_QUERY = code(
        when=(
            "The document does not fit the schema, such as an unknown field, an unknown argument or a variable of "
            "another type than its argument. After 20 errors, the last one says that there are more."
        ),
        do="The message says where.",
    )
    INVALID_VALUE = code(
        when=(
            "A variable or an argument is missing, or its value cannot be read. Without a `path`: the database cannot "
            "keep a value, such as a number or a date that is too far out."
        ),
        do="`path` and the message say which.",
    )
    NOT_JSON = code(
        when="The body must be JSON, and not compressed.",
        do="Send Content-Type: application/json, without Content-Encoding.",
    )
    NO_OPERATION = code(
        when="The document has no such operation, or has several and none is named.",
        do="Name one in operationName.",
    )
    QUERY_TOO_EXPENSIVE = code(
        when="The operation costs more points than a request may; `dearestField` says which field costs most.",
        do="[Ask for less](cost.md#how-to-lower-it), or in several requests.",
    )
    QUERY_TOO_LARGE = code(
        "A document may have up to {limit:,} bytes. Pass long values as variables.",
        when=(
            "The document has more bytes, fields, fragments or variables, or is nested deeper, than [the "
            "limits](cost.md#limits), or is too complex to be checked."
        ),
        do="Ask in several requests. Put long values into variables.",
    )
    REQUEST_TIMEOUT = code(
        when="The operation took longer than 60 seconds and was ended.",
        do="Ask for less at once; after a mutation of several parts, look which were done.",
    )
    SYNTAX = code(
        when="The document cannot be parsed.",
        do="The message says where.",
    )
    TOO_LARGE = code(
        when="The body is too large, its JSON has too many values, or one statement is too large for the database.",
        do="Send less at once.",
    )
    TOO_MANY_MUTATIONS = code(
        when=(
            "The operation asks for more than 10 mutations, or for a heavy one more often than [it "
            "may](cost.md#limits)."
        ),
        do="Ask in several requests.",
    )
    TOO_MANY_OPERATIONS = code(
        "One connection may run up to {limit} operations at the same time.",
        when="The websocket runs 50 operations already.",
        do="Complete some, or open another.",
    )
    UNAUTHENTICATED = code(
        when="The token is missing or wrong.",
        do="Send Authorization: Bearer and the token.",
    )
    WEBSOCKET_NEEDED = code(
        when="Subscriptions are not answered over HTTP.",
        do="Open a websocket at the same address.",
    )
