"""Simple templates, which have only text and dynamic fields. Most templates are simple.

Liquid parses a simple template once. Afterwards its parts are joined, which is much faster than liquid's rendering.
Liquid also computes, once for each template, the text for a missing value of each field, so both ways of rendering
return the same result.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from liquid import BoundTemplate, escape
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, PositionalArgument, StringLiteral
from liquid.builtin.output import OutputNode

MAX_RESULT_LENGTH = 100_000
"""Longest result, in characters. It is always within liquid's limit for its output, which counts bytes."""
MAX_FIELDS = 200
"""Most fields of a simple template. It is rendered in the server's process, and each field may have a long value."""
LIQUID_NAMES = frozenset({"now", "today", "partial", "template"})
"""Names for which liquid has values of its own."""
RenderWithoutValues = Callable[[BoundTemplate], str | None]
"""Renders a template without any values; returns None if a field needs a value."""


@dataclass(frozen=True, slots=True)
class Field:
    """A dynamic field."""

    name: str
    fallback: str | None
    """The text for a person without a value. None if the email must not be sent then."""


@dataclass(frozen=True, slots=True)
class SimpleTemplate:
    """A template as a list of texts and fields."""

    parts: Sequence[str | Field]
    html: bool
    """Whether values are escaped."""
    fields: Sequence[Field]
    """The fields of ``parts``, in order, including repetitions."""
    prompts: Sequence[str]
    """The field prompts in its texts, by number."""

    def render(self, fields: Mapping[str, str]) -> str | None:
        """Return the text for one person; None if a field has no value, or if the text is too long."""
        texts: list[str] = []
        remaining = MAX_RESULT_LENGTH  # checked for each value, so that many long values are never joined
        for part in self.parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            value = fields.get(part.name, "")
            if value and not value.isspace():
                remaining -= len(value)
                if remaining < 0:
                    return None
                texts.append(str(escape(value)) if self.html else value)
            elif part.fallback is None:
                return None
            else:
                texts.append(part.fallback)
        text = "".join(texts)
        return text if len(text) <= MAX_RESULT_LENGTH else None

    def first_unresolved(self, fields: Mapping[str, str]) -> str | None:
        """Return the first field that has neither a value nor a fallback; None if there is none."""
        return next((each.name for each in self.fields if each.fallback is None and not _has_value(fields, each)), None)


def _has_value(fields: Mapping[str, str], field: Field) -> bool:
    value = fields.get(field.name, "")
    return bool(value) and not value.isspace()


def to_simple_template(
    parsed: BoundTemplate, html: bool, render_without_values: RenderWithoutValues, prompts: Sequence[str]
) -> SimpleTemplate | None:
    """Return a parsed template as a SimpleTemplate; None if it has anything but text and fields."""
    parts: list[str | Field] = []
    if sum(type(node) is OutputNode for node in parsed.nodes) > MAX_FIELDS:
        return None
    for node in parsed.nodes:
        if type(node) is ContentNode:
            parts.append(node.text)
        elif (name := _field_name(node)) is not None:
            parts.append(Field(name, render_without_values(BoundTemplate(parsed.env, [node]))))
        else:
            return None
    return SimpleTemplate(parts, html, [part for part in parts if isinstance(part, Field)], prompts)


def _field_name(node: Node) -> str | None:
    """Return the name in ``{{ name }}`` or ``{{ name | default: "text" }}``; None for any other node."""
    if type(node) is not OutputNode or type(node.expression) is not FilteredExpression:
        return None
    path, filters = node.expression.left, node.expression.filters or []
    if type(path) is not Path or len(path.path) != 1 or not isinstance(path.path[0], str):
        return None
    for each in filters:
        if each.name != "default" or [type(argument) for argument in each.args] != [PositionalArgument]:
            return None
        if type(each.args[0].value) is not StringLiteral:
            return None
    return path.path[0] if len(filters) <= 1 and path.path[0] not in LIQUID_NAMES else None
