"""The values of a plain field of many objects as JSON texts."""

from collections.abc import Callable, Sequence
from json.encoder import encode_basestring
from typing import Any

from graphql import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT
from graphql.pyutils import Undefined

from api.graphql.engine.execution.fast_fields import Plain
from api.graphql.engine.execution.json_text import json_text

TEXTS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: int.__repr__,
    bool: {True: "true", False: "false"}.__getitem__,
}
"""How the types that need no writing become JSON, as ``json_text`` writes them."""


class UnexpectedValueError(Exception):
    """A value that graphql-core has to complete: it may be an error, or be awaited."""


def column_texts(field: Plain, values: Sequence[Any]) -> list[str]:
    """Return the JSON of each value. Raises UnexpectedValueError, and what writing the values raises."""
    kinds = set(map(type, values))
    has_nulls = type(None) in kinds
    if has_nulls and not field.nullable:
        raise UnexpectedValueError
    kinds.discard(type(None))
    if not kinds:
        return ["null"] * len(values)
    if field.as_it_is is not None and kinds == {field.as_it_is}:
        text = TEXTS[field.as_it_is]
        if field.as_it_is is int:
            numbers = [value for value in values if value is not None]
            if min(numbers) < GRAPHQL_MIN_INT or max(numbers) > GRAPHQL_MAX_INT:
                raise UnexpectedValueError
    elif field.members and all(kind in field.others for kind in kinds):
        # A member is one object, and hashing it takes longer than everything else here.
        texts = field.members
        return ["null" if value is None else texts[id(value)] for value in values]
    elif all(kind in field.others for kind in kinds):
        text = _written(field)
    else:
        raise UnexpectedValueError
    return ["null" if value is None else text(value) for value in values] if has_nulls else list(map(text, values))


def _written(field: Plain) -> Callable[[Any], str]:
    def text(value: Any) -> str:
        written = field.write(value)
        if written is None or written is Undefined:
            raise UnexpectedValueError
        return json_text(written)

    return text
