"""The kit of packages knows without Node.js which schemas Ajv compiles in strict mode. Here it is compared with Ajv."""

from typing import Any

from plugins.loading.manager import load
from plugins.testing.schemas.strict_schemas import KEYWORD_TYPES, fault_of_schema
from tests.frontend.conftest import Run

VALUES: dict[str, Any] = {
    **dict.fromkeys(("uniqueItems", "unevaluatedItems", "unevaluatedProperties", "additionalProperties"), False),
    **{keyword: {"minLength": 1} for keyword in ("items", "contains", "propertyNames")},
    **{keyword: {"a": {"minimum": 1}} for keyword in ("properties", "patternProperties", "dependentSchemas")},
    "dependencies": {"a": {"minimum": 1}},
    **{"pattern": "^a$", "format": "date", "prefixItems": [{"type": "string"}]},
    **{"required": ["a"], "dependentRequired": {"a": ["b"]}},
}
TYPES: list[Any] = [
    "string",
    "integer",
    "number",
    "object",
    "array",
    "boolean",
    "null",
    ["string", "null"],
    ["string", "object"],
]
PATTERNS = [
    *(r"^a$", r"\d+", r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$(?!\n)", r"\Z", r"\A", r"(?P<a>x)", r"a\-b"),
    *(r"[a\-b]", "{", "a{2}", "a{2,}?", "*a", "(?=a)*", "(?i)a", r"\p{L}", r"\1", r"(a)\1", "]", r"\_", r"[\w.]"),
    *("[^]]", "(", "a)", r"\b+", "^*", r"(?<n>a)\k<n>", r"\x4", r"\u{1F600}", "a|*", "(?:a)+", "a**", "a++", "[z-a]"),
    *(r"[a\d-z]", r"[a-\d]", "[-a]", "[a-]", "[a-c-e]", "(?<!a)b", "(?<!a)+b", r"\0", r"\01", "[", "\\", "[é-a]"),
    *(r"[\b]", r"[\B]", r"\/", r"\@", "x(?#note)y", r"(a|b)?\2", "$", ""),
]
PERSON = {"type": "object", "properties": {"a": {"type": "string"}}}
COMPOSED: list[dict[str, Any]] = [
    *({**PERSON, **more} for more in ({"required": ["a"]}, {"required": ["b"]}, {"widget": "x"}, {"nullable": True})),
    *({**PERSON, key: [{"required": ["a"]}]} for key in ("allOf", "anyOf", "oneOf")),
    *({**PERSON, "if": {"required": ["a"]}, **more} for more in ({}, {"then": {}}, {"else": {"type": "array"}})),
    *({"type": "array", "items": {"type": "string"}, **more} for more in ({"minContains": 1}, {"maxContains": 2})),
    {"type": "array", "contains": True, "minContains": 0},
    {"type": "array", "contains": True, "minContains": 3, "maxContains": 2},
    *(
        {"type": "array", "prefixItems": [True, True], **more}
        for more in ({}, {"minItems": 2}, {"minItems": 2, "items": False}, {"minItems": 2, "maxItems": 2})
    ),
    *({"type": "string", "format": name} for name in ("uuid", "email", "wall-time")),
    *({"type": "string", "enum": values} for values in ([], ["a"])),
    {"type": "number", "allOf": [{"type": "integer", "minimum": 1}]},
    {"type": "integer", "allOf": [{"type": "number"}]},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"minLength": 1}}},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}, "b": {"odd": 1}}},
    {"type": "object", "properties": {"a": {"$anchor": "a", "type": "string"}}},
    {"then": {}}, {"nullable": True}, {"type": "null", "nullable": False}, {}, {"title": "Anything"},
]  # fmt: skip


async def test_the_kit_refuses_what_ajv_refuses(run: Run) -> None:
    schemas = [{keyword: VALUES.get(keyword, 1)} for keyword in KEYWORD_TYPES]
    schemas += [{"type": each, **schema} for each in TYPES for schema in schemas[: len(KEYWORD_TYPES)]]
    schemas += [{"type": "string", "pattern": pattern} for pattern in PATTERNS] + COMPOSED
    installed = load({})
    ours = [each.config_schema for each in (*installed.send_options.values(), *installed.channels.values())]
    refusals = await run("ajv.mjs", schemas=[*schemas, *ours])
    assert refusals[-len(ours) :] == [None] * len(ours)
    differ = [
        (schema, refusal, fault_of_schema(schema))
        for schema, refusal in zip(schemas, refusals, strict=False)
        if (refusal is None) is not (fault_of_schema(schema) is None)
    ]
    assert differ == []
    assert sum(refusal is None for refusal in refusals) > 60
