"""How large a query may be: its fields, aliases and depth, counted once with fragments spread out; and its numbers."""

import re
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    Visitor,
    visit,
)

MAX_FIELDS = 2_000
MAX_DEPTH = 20
MAX_TOKENS = 10_000
MAX_DIGITS = 1_000
DIGITS = re.compile(f"[0-9]{{{MAX_DIGITS}}}")
Size = tuple[int, int]


class SizeLimit(ValidationRule):
    """Refuses a document that is too large. Each fragment is measured once, however often it is spread."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._known: dict[str, Size] = {}
        self._fragments: dict[str, FragmentDefinitionNode] = {}

    def enter_document(self, node: DocumentNode, *_: object) -> None:
        """Measure every operation. Raises GraphQLError where a number is longer than the other rules can read."""
        if node.loc and DIGITS.search(node.loc.source.body):
            visit(node, _Numbers())
        for part in node.definitions:
            if isinstance(part, FragmentDefinitionNode):
                self._fragments[part.name.value] = part
        for part in node.definitions:
            if isinstance(part, OperationDefinitionNode):
                fields, depth = self._measure(part.selection_set, frozenset())
                if fields > MAX_FIELDS or depth > MAX_DEPTH:
                    message = f"This query has {fields} fields, {depth} deep; up to {MAX_FIELDS} and {MAX_DEPTH} go."
                    self.report_error(GraphQLError(message, part, extensions={"code": "QUERY_TOO_LARGE"}))

    def _measure(self, selection: SelectionSetNode | None, inside: frozenset[str]) -> Size:
        if selection is None:
            return 0, 0
        if len(inside) > MAX_DEPTH:
            return MAX_FIELDS + 1, MAX_DEPTH + 1  # fragments within fragments: deeper than is read
        fields = depth = 0
        for part in selection.selections:
            if isinstance(part, FieldNode):
                below, deep = self._measure(part.selection_set, inside)
                fields, depth = fields + 1 + len(part.directives or ()) + below, max(depth, deep + 1)
            elif isinstance(part, InlineFragmentNode):
                below, deep = self._measure(part.selection_set, inside)
                fields, depth = fields + below, max(depth, deep)
            elif isinstance(part, FragmentSpreadNode):
                below, deep = self._fragment(part.name.value, inside)
                fields, depth = fields + below, max(depth, deep)
        return min(fields, 10**9), depth

    def _fragment(self, name: str, inside: frozenset[str]) -> Size:
        # A fragment that spreads itself is refused by another rule; here it only must not loop.
        if name in inside or name not in self._fragments:
            return 0, 0
        if name not in self._known:
            self._known[name] = self._measure(self._fragments[name].selection_set, inside | {name})
        return self._known[name]


class _Numbers(Visitor):
    """Looks for a number without end."""

    def enter_int_value(self, node: IntValueNode, *_: Any) -> None:
        """Refuse one."""
        if len(node.value) > MAX_DIGITS:
            told = f"{node.value[:30]}… is a number of {len(node.value):,} characters, and too long."
            raise GraphQLError(told, node, extensions={"code": "INVALID_QUERY"})
