"""Templates of nothing but text and dynamic fields, as nearly all are: read once by liquid, then joined by hand.

What a field says when its value is missing comes from liquid itself, once for each template, so both ways agree.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from liquid import BoundTemplate, escape
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, PositionalArgument, StringLiteral
from liquid.builtin.output import OutputNode

MAX_RESULT_LENGTH = 100_000
"""Characters up to which a result is surely within liquid's limit for its output, which counts bytes."""
MAX_FIELDS = 200
"""Fields up to which a template is joined by hand, in the server's process: each may have a long value."""
LIQUID_NAMES = frozenset({"now", "today", "partial", "template"})
"""Names that liquid may give a value without being given one."""
Missing = Callable[[BoundTemplate], str | None]
"""Renders a template without any values; None where a field is unresolved."""


@dataclass(frozen=True, slots=True)
class Field:
    """A dynamic field: its name, and what stands for a missing value (None: the email must not go out)."""

    name: str
    missing: str | None


@dataclass(frozen=True, slots=True)
class SimpleTemplate:
    """A template as a list of texts and fields."""

    parts: Sequence[str | Field]
    html: bool
    fields: Sequence[Field]
    """The fields in their order, each as often as it stands there."""
    prompts: Sequence[str]
    """The field prompts in its texts, by number."""

    def render(self, fields: Mapping[str, str]) -> str | None:
        """Return the text for one person; None when liquid has to say what is wrong with it."""
        said: list[str] = []
        room = MAX_RESULT_LENGTH  # checked on the way: many values of the largest size are never joined
        for part in self.parts:
            if isinstance(part, str):
                said.append(part)
                continue
            value = fields.get(part.name, "")
            if value and not value.isspace():
                room -= len(value)
                if room < 0:
                    return None
                said.append(str(escape(value)) if self.html else value)
            elif part.missing is None:
                return None
            else:
                said.append(part.missing)
        text = "".join(said)
        return text if len(text) <= MAX_RESULT_LENGTH else None

    def first_unresolved(self, fields: Mapping[str, str]) -> str | None:
        """Return the first field that has no value, and nothing that stands for it; None for none."""
        return next((each.name for each in self.fields if each.missing is None and not _has(fields, each)), None)


def _has(fields: Mapping[str, str], field: Field) -> bool:
    value = fields.get(field.name, "")
    return bool(value) and not value.isspace()


def simple(parsed: BoundTemplate, html: bool, missing: Missing, prompts: Sequence[str]) -> SimpleTemplate | None:
    """Return a template in its simple form; None when it is not as simple as that."""
    parts: list[str | Field] = []
    if sum(type(node) is OutputNode for node in parsed.nodes) > MAX_FIELDS:
        return None
    for node in parsed.nodes:
        if type(node) is ContentNode:
            parts.append(node.text)
        elif (name := _field(node)) is not None:
            parts.append(Field(name, missing(BoundTemplate(parsed.env, [node]))))
        else:
            return None
    return SimpleTemplate(parts, html, [part for part in parts if isinstance(part, Field)], prompts)


def _field(node: Node) -> str | None:
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
