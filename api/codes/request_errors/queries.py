"""GraphQL documents and variables that are not executed."""

from strategies.codes import Code, code


class QueryCode(Code):
    """GraphQL documents and variables that are not executed."""

    BUDGET_USED_UP = code(
        (
            "This operation costs {cost:,} points. This token has {remaining:,} of its {limit:,} points a minute "
            "left. Try again in {wait} seconds."
        ),
        workspace=(
            "This operation costs {cost:,} points. The tokens of this workspace have {remaining:,} of their {limit:,} "
            "points a minute left. Try again in {wait} seconds."
        ),
        when="The token, or all tokens of the workspace together, used all points of this minute (429, `Retry-After`).",
        do="Wait `retryAfter` seconds, or [ask for less](cost.md#how-to-lower-it).",
    )
    INTROSPECTION_OFF = code(
        "Introspection is switched off on this server. Read schema.graphql instead.",
        when="Introspection is switched off.",
        do="Read schema.graphql.",
    )
    INVALID_QUERY = code(
        "Fields named '{name}' are different fields or have different arguments. Give one of them an alias.",
        long_number="{number}… is a number of {length:,} characters, which is too long.",
        more="This document has more than {limit} errors. Only these are listed.",
        when=(
            "The document does not match the schema: for example, it has an unknown field, an unknown argument, or a "
            "variable of another type than its argument. After 20 errors, the last one says that there are more."
        ),
        do="Read the message, which says where.",
    )
    INVALID_VALUE = code(
        "{place} needs the argument '{argument}' of type '{type}'.",
        date="{value!r} is not a date. Use the form 2026-03-02.",
        date_type="A Date must be a string, such as 2026-03-02.",
        element="This element of the list is not {expected}.",
        field="{type} has no field {field!r}….",
        fields="{type} has none of these {count:,} fields.",
        instant=(
            "{value!r} is not a date and time with an offset. Use the form 2026-03-02T08:30:00Z or "
            "2026-03-02T09:30:00+01:00."
        ),
        instant_type="A DateTime must be a string, such as 2026-03-02T08:30:00Z.",
        json_depth="JSON can be nested up to {limit} levels deep.",
        json_number="This number is too large for JSON.",
        more="This request has more than {limit} wrong values. Only these are listed.",
        text="This text can have {limit:,} characters; it has {length:,}.",
        variable="Variable '${name}' has invalid value{place}: {fault}",
        database=(
            "The database cannot store one of the values, such as a date or a number that is out of range. Correct it."
        ),
        when=(
            "A variable or an argument is missing, or its value cannot be read. Without a `path`, the database cannot "
            "store a value, such as a number or a date outside its range."
        ),
        do="Correct the value that `path` and the message name.",
    )
    NO_OPERATION = code(
        "Set operationName to the name of one of the document's operations.",
        when="The document has no operation of this name, or it has several operations and the request names none.",
        do="Name one of the operations in `operationName`.",
    )
    PERSISTED_QUERY_NOT_FOUND = code(
        "PersistedQueryNotFound",  # clients compare this word
        when="The request names a document by an id that the file `TOUCHLINE_TRUSTED_DOCUMENTS` does not have.",
        do="Write the file again with your frontend's documents, and restart the server.",
    )
    PERSISTED_QUERY_NOT_SUPPORTED = code(
        "PersistedQueryNotSupported",  # clients compare this word
        when="The request names a document by an id, but the server has no `TOUCHLINE_TRUSTED_DOCUMENTS`.",
        do="Send the document as `query`. Clients of automatic persisted queries do so themselves.",
    )
    QUERY_TOO_EXPENSIVE = code(
        (
            "This operation costs {cost:,} points. A request can cost {limit:,}. Ask for fewer items or fields, or "
            "split the request."
        ),
        field=(
            "This operation costs {cost:,} points. A request can cost {limit:,}. Most of the cost is {field}. Ask for "
            "fewer items or fields, or split the request."
        ),
        when="The operation costs more points than one request can spend. `dearestField` has the most expensive field.",
        do="[Ask for less](cost.md#how-to-lower-it), or split the request.",
    )
    QUERY_TOO_LARGE = code(
        "A document can have up to {limit:,} bytes. Pass long values as variables.",
        complex=(
            "This document is too complex to be checked: it uses fragments too often, or has too many fields of one "
            "name. Split the request."
        ),
        complex_after_errors=(
            "This document is too complex to be checked: it uses fragments too often, or has too many fields of one "
            "name. Split the request. Errors found before: {errors}."
        ),
        directives="A field or an operation can have {limit} directives; this has {count}.",
        fields="This operation has {fields} fields, nested {depth} deep. The limits are {max_fields} and {max_depth}.",
        fields_together="The operations of this document have {fields} fields together. The limit is {limit}.",
        fragments="A document can have up to {limit} fragments.",
        name="The name or alias of a field can have {limit} characters.",
        operations="This document has {count} operations. The limit is {limit}.",
        tokens=(
            "A document can have {limit:,} names, values and punctuation marks. This one has more, or is nested too "
            "deeply."
        ),
        value_depth="A value can be nested {limit} levels deep.",
        variables="An operation can have {limit} variables.",
        when=(
            "The document has more bytes, fields, fragments or variables, or is nested deeper, than [the "
            "limits](cost.md#limits), or is too complex to be checked."
        ),
        do="Split the request. Pass long values as variables.",
    )
    SYNTAX = code(
        when="The document cannot be parsed.",
        do="Read the message, which says where.",
    )
    TOO_MANY_MUTATIONS = code(
        "This request has {count} mutations. The limit is {limit}.",
        one="This request uses {mutation} {count} times. The limit is {limit}.",
        when=(
            "The operation has more than 10 mutations, or it has an expensive mutation more often than [its "
            "limit](cost.md#limits)."
        ),
        do="Split the request.",
    )
    UNTRUSTED_DOCUMENT = code(
        "This server runs only the documents in its file of trusted documents, and this one is not among them.",
        other='The id names another document than the one in "query".',
        when="The server has `TOUCHLINE_TRUSTED_DOCUMENTS`, and the document of the request is not among them.",
        do="Use a document of the file, or add it and restart the server.",
    )
