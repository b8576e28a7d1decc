"""Refusals of CSV exports."""

from strategies.codes import Code, code


class ExportCode(Code):
    """Refusals of CSV exports."""

    EXPORT_BAD_PARAMETER = code(
        "There is no parameter {name}. The parameters are: {known}.",
        json="The parameter {name} must be JSON, as in GraphQL variables.",
        repeated="The query string has the parameter {name} twice.",
        when="A parameter of an export is unknown, given twice, or not JSON.",
        do="Use the arguments of the list in the schema, without `first`, `after`, `last` and `before`, and `columns`.",
    )
    EXPORT_UNKNOWN_COLUMN = code(
        "{column} is not a column of {item}.",
        list="{column} goes through a list, so it has several values for each row.",
        object="{column} is an object. Add the field that you need, such as {column}.id.",
        many="An export can have up to {limit} columns.",
        when="A column of an export is not a field, or not one value for each row.",
        do="Use paths of fields of the list's type in the schema, such as `person.email`.",
    )
    EXPORT_UNKNOWN_LIST = code(
        "There is no list {name}. The lists are: {known}.",
        when="The list of an export does not exist (404).",
        do="Use the name of a list of the schema's type `Query`.",
    )
    TOO_MANY_EXPORTS = code(
        "{limit} exports of this workspace are running. Try again when one of them has ended.",
        when="The workspace runs as many exports as it may (429).",
        do="Try again later.",
    )
