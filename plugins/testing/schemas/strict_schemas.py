"""Find what Ajv refuses in strict mode (``new Ajv2020({strict: true})``, with ajv-formats), without Node.js.

Frontends make a form of a configuration's schema, and most of them compile it with Ajv. In strict mode Ajv refuses
what it would ignore otherwise, such as a misspelt keyword. tests/frontend compares these rules with the real Ajv.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plugins.testing.schemas.js_patterns import fault_of_pattern

NUMBER, STRING, ARRAY, OBJECT = ("number",), ("string",), ("array",), ("object",)
KEYWORD_TYPES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf"), NUMBER),
    **dict.fromkeys(("maxLength", "minLength", "pattern"), STRING),
    "format": ("number", "string"),
    **dict.fromkeys(("maxItems", "minItems", "uniqueItems", "prefixItems", "items"), ARRAY),
    **dict.fromkeys(("contains", "maxContains", "minContains", "unevaluatedItems"), ARRAY),
    **dict.fromkeys(("maxProperties", "minProperties", "required", "dependencies", "propertyNames"), OBJECT),
    **dict.fromkeys(("additionalProperties", "properties", "patternProperties", "unevaluatedProperties"), OBJECT),
    **dict.fromkeys(("dependentRequired", "dependentSchemas"), OBJECT),
}
"""The types to which each keyword applies."""
IDENTIFIERS = (
    "$schema",
    "$id",
    "$defs",
    "$vocabulary",
    "$comment",
    "definitions",
    "$dynamicAnchor",
    "$recursiveAnchor",
)
TEXTS = ("title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "$async")
CONTENTS = ("contentMediaType", "contentEncoding", "contentSchema")
APPLICATORS = ("$ref", "$dynamicRef", "$recursiveRef", "not", "anyOf", "oneOf", "allOf", "if", "then", "else")
RULES = frozenset((*KEYWORD_TYPES, *APPLICATORS, "enum", "const", "type", "nullable"))
"""Keywords that check something. A schema without one of them accepts everything."""
KNOWN = RULES.union(IDENTIFIERS, TEXTS, CONTENTS)
FORMATS = frozenset(
    (
        *("date", "time", "date-time", "iso-time", "iso-date-time", "duration", "regex", "uuid", "password", "binary"),
        *("uri", "uri-reference", "uri-template", "url", "email", "hostname", "ipv4", "ipv6", "byte", "int32", "int64"),
        *("float", "double", "json-pointer", "json-pointer-uri-fragment", "relative-json-pointer"),
    )
)
"""The formats of ajv-formats. Touchline does not check formats: use ``pattern`` for a rule that must hold."""


@dataclass(slots=True)
class _Place:
    """A schema's place: its path, and what the schemas around it say about the same value."""

    path: str
    types: tuple[str, ...] = ()
    defined: set[str] = field(default_factory=set)

    def same_value(self, part: str) -> "_Place":
        return _Place(f"{self.path}/{part}", self.types, self.defined)

    def other_value(self, part: str) -> "_Place":
        self.defined = set()  # as Ajv does
        return _Place(f"{self.path}/{part}")


def fault_of_schema(schema: Mapping[str, Any]) -> str | None:
    """Return the first thing that Ajv refuses in strict mode, as a sentence, or None. The schema must be valid."""
    return next(_faults(schema, _Place("#"), schema, ()), None)


def _faults(schema: Any, at: _Place, root: Mapping[str, Any], refs: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    for keyword in schema:
        if keyword not in KNOWN:
            yield f"{at.path} has the keyword {keyword!r}, which JSON Schema does not have"
    if not RULES & schema.keys():
        return
    yield from _type_faults(schema, at)
    yield from _untyped(schema, at, root, refs)
    yield from _value_faults(schema, at)
    yield from _array(schema, at, root, refs)
    yield from _object(schema, at, root, refs)


def _checks(schema: Any) -> bool:
    """Say whether a schema refuses anything."""
    return bool(RULES & schema.keys()) if isinstance(schema, Mapping) else not schema


def _type_faults(schema: Mapping[str, Any], at: _Place) -> Iterator[str]:
    if set(schema) & RULES == {"$ref"}:
        return
    stated = schema.get("type", ())
    types = (stated,) if isinstance(stated, str) else tuple(stated)
    if not types and "nullable" in schema:
        yield f'{at.path} has "nullable" without "type"'
    if schema.get("nullable") is False and "null" in types:
        yield f'{at.path} has the type "null" and "nullable": false'
    if schema.get("nullable") is True and "null" not in types:
        types = (*types, "null")
    for each in types if at.types else ():
        if not _includes(at.types, each):
            yield f"{at.path} has the type {each!r}, which the schema around it does not allow"
    if types and at.types:
        at.types = tuple(_narrow(at.types, types))
    else:
        at.types = types or at.types
    if len(types) > 1 and not (len(types) == 2 and "null" in types):
        yield f'{at.path} has several types; use "anyOf" with one type each'
    for keyword, needed in KEYWORD_TYPES.items():
        if keyword in schema and not any(_applies(at.types, each) for each in needed):
            yield f'{at.path} has {keyword!r} without "type": {json.dumps(needed[0])}'


def _includes(types: Sequence[str], each: str) -> bool:
    return each in types or (each == "integer" and "number" in types)


def _applies(types: Sequence[str], needed: str) -> bool:
    return needed in types or (needed == "number" and "integer" in types)


def _narrow(types: Sequence[str], by: Sequence[str]) -> Iterator[str]:
    for each in types:
        if _includes(by, each):
            yield each
        elif each == "number" and "integer" in by:
            yield "integer"


def _untyped(schema: Mapping[str, Any], at: _Place, root: Mapping[str, Any], refs: tuple[str, ...]) -> Iterator[str]:
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/") and reference not in refs:
        yield from _faults(_target(root, reference), _Place(reference), root, (*refs, reference))
    if "not" in schema:
        yield from _faults(schema["not"], at.same_value("not"), root, refs)
    for keyword in ("anyOf", "oneOf", "allOf"):
        for index, part in enumerate(schema.get(keyword, ())):
            yield from _faults(part, at.same_value(f"{keyword}/{index}"), root, refs)
    if "if" in schema and not {"then", "else"} & schema.keys():
        yield f'{at.path} has "if" without "then" and "else"'
    # Ajv does not compile "if" where both branches accept everything.
    decides = any(_checks(schema.get(keyword, True)) for keyword in ("then", "else"))
    for keyword in ("if", "then", "else") if decides else ("then", "else"):
        if keyword in schema and "if" in schema:
            yield from _faults(schema[keyword], at.same_value(keyword), root, refs)
        elif keyword in schema:
            yield f'{at.path} has {keyword!r} without "if"'
    if schema.get("enum") == []:
        yield f'{at.path} has an "enum" without values'


def _value_faults(schema: Mapping[str, Any], at: _Place) -> Iterator[str]:
    if isinstance(schema.get("pattern"), str) and (fault := fault_of_pattern(schema["pattern"])):
        yield f"{at.path} has a pattern that JavaScript does not compile: {fault}"
    if isinstance(schema.get("format"), str) and schema["format"] not in FORMATS:
        yield f"{at.path} has the format {schema['format']!r}, which Ajv does not know; use a pattern"


def _array(schema: Mapping[str, Any], at: _Place, root: Mapping[str, Any], refs: tuple[str, ...]) -> Iterator[str]:
    if tuple_items := schema.get("prefixItems"):
        length = len(tuple_items)
        closed = schema.get("maxItems") == length or schema.get("items") is False
        if schema.get("minItems") != length or not closed:
            yield f'{at.path} has "prefixItems" of {length}; add "minItems": {length} and "items": false'
        for index, part in enumerate(tuple_items):
            yield from _faults(part, at.other_value(f"prefixItems/{index}"), root, refs)
    for keyword in ("maxContains", "minContains"):
        if keyword in schema and "contains" not in schema:
            yield f'{at.path} has {keyword!r} without "contains"'
    if "contains" in schema:
        least, most = schema.get("minContains", 1), schema.get("maxContains")
        if least == 0 and most is None:
            yield f'{at.path} has "contains" that "minContains": 0 makes useless'
        if most is not None and least > most:
            yield f'{at.path} has "minContains" above "maxContains"'
    for keyword in ("items", "contains", "unevaluatedItems"):
        if keyword in schema:
            yield from _faults(schema[keyword], at.other_value(keyword), root, refs)


def _object(schema: Mapping[str, Any], at: _Place, root: Mapping[str, Any], refs: tuple[str, ...]) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in properties and name not in at.defined:
            yield f'{at.path} requires {name!r}, which its "properties" do not have'
    if "propertyNames" in schema:
        yield from _faults(schema["propertyNames"], _names_of(at), root, refs)
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        if keyword in schema:
            yield from _faults(schema[keyword], at.other_value(keyword), root, refs)
    at.defined |= set(properties)
    for name, part in properties.items():
        yield from _faults(part, at.other_value(f"properties/{name}"), root, refs)
    yield from _pattern_properties(schema, at, root, refs)
    for keyword in ("dependentSchemas", "dependencies"):
        for name, part in schema.get(keyword, {}).items():
            yield from _faults(part, at.same_value(f"{keyword}/{name}"), root, refs)


def _names_of(at: _Place) -> _Place:
    below = at.other_value("propertyNames")
    below.types = ("string",)
    return below


def _pattern_properties(
    schema: Mapping[str, Any], at: _Place, root: Mapping[str, Any], refs: tuple[str, ...]
) -> Iterator[str]:
    for pattern, part in schema.get("patternProperties", {}).items():
        if fault := fault_of_pattern(pattern):
            yield f"{at.path} has a pattern that JavaScript does not compile: {fault}"
            continue
        yield from _faults(part, at.other_value(f"patternProperties/{pattern}"), root, refs)


def _target(root: Mapping[str, Any], reference: str) -> Any:
    part: Any = root
    for name in reference.removeprefix("#/").split("/"):
        name = name.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901 - the decoded name
        part = part[int(name)] if isinstance(part, list) else part[name]
    return part
