"""Check that a package's JSON Schema is valid and refers to its own parts only, and make validators of it."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

REFERENCES = ("$ref", "$dynamicRef")
END_OF_TEXT = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^]\\])*\])|\$", re.DOTALL)
"""A dollar of a pattern, or an escape or a class of characters in which a dollar is a plain one."""


def validator(schema: Mapping[str, Any]) -> Any:
    """Return a validator of configurations. It fetches no other schema."""
    return _Validator(dict(schema), registry=Registry())


@lru_cache(maxsize=512)
def python_pattern(pattern: str) -> str:
    """Return a pattern in which ``$`` means the end of the text, as in JavaScript.

    In Python it also means the place before a line break at the end, so "09:30\\n" would match "^..:..$".
    """
    return END_OF_TEXT.sub(lambda found: found[1] or r"\Z", pattern)


def _check_pattern(rules: Any, pattern: str, instance: object, _schema: object) -> Iterator[ValidationError]:
    if rules.is_type(instance, "string") and not re.search(python_pattern(pattern), str(instance)):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator: Any = validators.extend(Draft202012Validator, {"pattern": _check_pattern})  # type: ignore[no-untyped-call]


def fault_of(schema: dict[str, Any]) -> str | None:
    """Return why a schema cannot be used, as the end of a sentence, or None if it can. Checks each schema once."""
    return _fault_of(json.dumps(schema))


@lru_cache(maxsize=128)
def _fault_of(text: str) -> str | None:
    schema: dict[str, Any] = json.loads(text)
    try:
        Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    except SchemaError as error:
        place = ".".join(map(str, error.absolute_path))
        return f"that is not a valid JSON Schema{f', at {place}' if place else ''}: {error.message}"
    registry: Registry[Any] = Registry()
    whole = DRAFT202012.create_resource(schema)
    if (lost := _lost(schema, registry.resolver_with_root(whole), set())) is not None:
        return f"that refers to {lost!r:.80}, which is not in it; a schema can refer to no other"
    try:
        Draft202012Validator(schema, registry=registry).is_valid({})
    except RecursionError:
        return "that refers to itself without end"
    return None


def _lost(part: Any, resolver: Any, known: set[int]) -> str | None:
    """Follow every reference of a schema. Returns the first whose target does not exist, or None."""
    if not isinstance(part, Mapping) or id(part) in known:
        return None
    known.add(id(part))
    resource: Resource[Any] = DRAFT202012.create_resource(part)
    inside = resolver.in_subresource(resource)
    parts = [(below.contents, inside) for below in resource.subresources()]
    for reference in (part[word] for word in REFERENCES if isinstance(part.get(word), str)):
        try:
            found = inside.lookup(reference)
        except Unresolvable:
            return str(reference)
        parts.append((found.contents, found.resolver))
    lost = (_lost(contents, resolver, known) for contents, resolver in parts)
    return next((reference for reference in lost if reference is not None), None)
