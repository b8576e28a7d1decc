"""Refusals of bulk actions."""

from strategies.codes import Code, code


class BulkCode(Code):
    """Refusals of bulk actions."""

    IDS_OR_FILTER = code(
        "Give either ids or a filter.",
        when="A mutation on several objects takes either `ids` or a `filter`. This request has neither, or both.",
        do="Give one of them. An empty filter, `{}`, chooses everything.",
    )
    TOO_MANY_BULK_ACTIONS = code(
        "A workspace runs up to {limit} bulk actions at once. Wait until one has finished, or cancel one.",
        when="A workspace runs up to 10 bulk actions at once.",
        do="Wait until one has finished, or call `cancelBulkAction`.",
    )
    TOO_MANY_ITEMS = code(
        "This filter chooses more than {limit:,} objects. Narrow the filter.",
        when="A bulk action changes up to 100,000 objects.",
        do="Narrow the filter, for example by campaign or date, and repeat the action for the rest.",
    )
