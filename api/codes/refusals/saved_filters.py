"""Refusals about saved filters."""

from strategies.codes import Code, code


class SavedFilterCode(Code):
    """Refusals about saved filters."""

    FILTER_OF_ANOTHER_LIST = code(
        "This filter is for {kind}. Save a new filter for another list.",
        when="A saved filter keeps the list that it was saved for.",
        do="Save a new filter, and delete this one.",
    )
    OUTDATED_FILTER = code(
        "This filter was saved by another release: {problem} Save it again.",
        when="A saved filter has a field or a value that this release does not know.",
        do="Change the saved filter, or delete it.",
    )
    SAVED_FILTER_EXISTS = code(
        "A filter of this list named {name!r} already exists. Choose another name.",
        when="A saved filter of the same list has this name already.",
        do="Choose another name, or change that filter.",
    )
    TOO_MANY_SAVED_FILTERS = code(
        "A workspace can save up to {limit} filters. Delete one that nobody uses.",
        when="A workspace can save up to 200 filters.",
        do="Delete a filter that nobody uses.",
    )
