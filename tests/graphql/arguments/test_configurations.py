"""Refusals of configurations, by their JSON Schema."""

from typing import Any

import pytest

from api.services.common.inputs import inputs
from strategies import Refusal


def test_what_a_schema_does_not_describe_is_told_by_its_own_rule() -> None:
    schema = {
        "required": ["days", "from"],
        "properties": {"from": {"pattern": "^\\d+$"}, "way": {"required": ["days"]}},
    }
    for given, path, told in (
        ({"days": 1}, ("config", "from"), '"from" is a required property.'),
        ({"from": "1"}, ("config", "days"), '"days" is a required property.'),
        ({"days": 1, "from": "x"}, ("config", "from"), '"x" does not match ^\\d+$'),
        ({"days": 1, "from": "1", "way": {}}, ("config", "way", "days"), '"days" is a required property.'),
    ):
        with pytest.raises(Refusal) as found:
            inputs.config(given, schema, ("config",))
        assert (found.value.path, found.value.message) == (path, told)


@pytest.mark.parametrize(
    ("schema", "given", "told"),
    [
        ({"const": True}, False, "true was expected."),
        ({"type": ["string", "null"]}, True, 'true is not of type "string", "null".'),
        ({"type": "integer"}, "it's", '"it\'s" is not of type "integer".'),
        ({"minimum": 3}, 2, "2 is less than the minimum of 3."),
        ({"uniqueItems": True}, ["a", "a"], '["a", "a"] has non-unique elements.'),
        ({"additionalProperties": {"type": "string"}}, {"it's": 1}, '1 is not of type "string".'),
        (
            {"additionalProperties": False, "patternProperties": {"^a": {}}},
            {"it's": 1},
            '"it\'s" does not match any of the regexes: "^a".',
        ),
        ({"format": "time", "type": "string"}, "noon", None),
        ({"enum": ["a", None]}, "b", '"b" is not one of "a", null.'),
        ({"minLength": 5}, "None", '"None" is too short.'),
        ({"contains": {"const": None}}, ["a"], '["a"] does not contain items matching the given schema.'),
    ],
)
def test_a_refusal_writes_all_values_as_json(schema: Any, given: Any, told: str | None) -> None:
    whole = {"type": "object", "properties": {"value": schema}}
    if told is None:
        assert inputs.config({"value": given}, whole, ("config",)) == {"value": given}
        return
    with pytest.raises(Refusal) as found:
        inputs.config({"value": given}, whole, ("config",))
    assert found.value.message == told


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"at": {}, "on": {}}, "Its properties are at, on."),
        ({}, "It has no properties."),
        (None, "It has no properties."),
    ],
)
def test_each_unknown_property_is_refused_with_the_known_ones(known: Any, told: str) -> None:
    inner = {"additionalProperties": False} | ({} if known is None else {"properties": known})
    with pytest.raises(Refusal) as found:
        inputs.config({"way": {"it's": 1, "tim": 2}}, {"properties": {"way": inner}}, ("config",))
    assert [(refusal.path, refusal.message) for refusal in found.value.each] == [
        (("config", "way", name), f'"{name}" is not a property of this configuration. {told}')
        for name in ("it's", "tim")
    ]
