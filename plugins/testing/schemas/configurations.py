"""Make configurations from a JSON Schema: some that it accepts, and some that nobody should accept."""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plugins.loading.schemas import validator

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

MISSPELT = "touchline_misspelt"
"""A property that no schema has."""
WRONG_VALUES: tuple[Any, ...] = (None, True, -1, 10**9, 1.5, "", "\x00", "touchline", [], ["touchline"], {}, {"a": 1})
"""Values of every type. A schema accepts some of them, and refuses the others."""


def accepts(schema: Mapping[str, Any], config: Any) -> bool:
    """Say whether a configuration conforms to a schema."""
    try:
        return bool(validator(schema).is_valid(config))
    except RecursionError:
        return False


def fault_in(schema: Mapping[str, Any], config: Any) -> str:
    """Return why a configuration does not conform to a schema."""
    error = next(iter(validator(schema).iter_errors(config)), None)
    return "" if error is None else error.message[:200]


def all_configs(
    schema: Mapping[str, Any], examples: Sequence[Mapping[str, Any]]
) -> "SearchStrategy[Mapping[str, Any]]":
    """Return a hypothesis strategy for configurations: the examples, and those that the schema describes."""
    from hypothesis import strategies as st

    made = _values(schema).filter(lambda config: isinstance(config, dict) and accepts(schema, config))
    known = st.sampled_from([copy.deepcopy(dict(each)) for each in examples]) if examples else st.nothing()
    if _is_simple(schema):
        return known | made
    return known


def _is_simple(schema: Mapping[str, Any]) -> bool:
    """Say whether the values of a schema can be made from it: it does not combine schemas, and has simple patterns."""
    written = json.dumps(schema)
    return not any(
        f'"{word}":' in written for word in ("$ref", "allOf", "anyOf", "oneOf", "not", "if", "propertyNames")
    )


def _values(schema: Any) -> "SearchStrategy[Any]":
    from hypothesis import strategies as st

    if not isinstance(schema, Mapping):
        return st.just("") if schema else st.nothing()
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    return st.one_of([_of_type(kind, schema) for kind in kinds]) if kinds else st.nothing()


def _of_type(kind: str, schema: Mapping[str, Any]) -> "SearchStrategy[Any]":
    from hypothesis import strategies as st

    if kind == "string":
        if "pattern" in schema:
            return st.from_regex(schema["pattern"])
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        return st.text(st.characters(codec="ascii", min_codepoint=32), min_size=least, max_size=most)
    if kind == "integer":
        return st.integers(*(None if edge is None else int(edge) for edge in _edges(schema, 1)))
    if kind == "number":
        low, high = _edges(schema, 0)
        return st.floats(low, high, allow_nan=False, allow_infinity=False)
    if kind == "boolean":
        return st.booleans()
    if kind == "array":
        least, most = schema.get("minItems", 0), min(schema.get("maxItems", 5), schema.get("minItems", 0) + 5)
        unique = repr if schema.get("uniqueItems") else None
        return st.lists(_values(schema.get("items", False)), min_size=least, max_size=most, unique_by=unique)
    if kind == "object":
        required = set(schema.get("required", ()))
        parts = {name: _values(part) for name, part in schema.get("properties", {}).items()}
        must = {name: part for name, part in parts.items() if name in required}
        return st.fixed_dictionaries(must, optional={name: parts[name] for name in parts.keys() - required})
    return st.none()


def _edges(schema: Mapping[str, Any], step: int) -> tuple[Any, Any]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if (above := schema.get("exclusiveMinimum")) is not None:
        low = above + step
    if (below := schema.get("exclusiveMaximum")) is not None:
        high = below - step
    return low, high


def changed_configs(schema: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield configurations that differ from a good one in one property."""
    for name in config:
        yield {key: value for key, value in config.items() if key != name}
    for name in schema.get("properties", {}):
        for value in (*WRONG_VALUES, *_beyond(schema["properties"][name])):
            yield {**copy.deepcopy(dict(config)), name: value}


def _beyond(part: Any) -> Iterator[Any]:
    """Yield the values at the limits of a property, and beyond them."""
    if not isinstance(part, Mapping):
        return
    for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(edge := part.get(keyword), (int, float)):
            yield from (edge - 1, edge, edge + 1)
    yield from part.get("examples", ())
