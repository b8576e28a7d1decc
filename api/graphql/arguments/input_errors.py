"""Errors of values that do not fit their type, in the document and in its variables, each with the path of the value.

graphql-core's own rules give the path only in their message. These rules make the same checks by
validate_input_literal and validate_input_value, which give the path as data.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    ValidationRule,
    VariableDefinitionNode,
    is_input_type,
    is_required_argument,
    is_required_input_field,
    type_from_ast,
)
from graphql.pyutils import print_path_list
from graphql.utilities import validate_input_literal, validate_input_value

from api.codes.request_errors.queries import QueryCode
from api.graphql.arguments.argument_paths import path_of_variable
from api.graphql.arguments.coded_error import coded_error
from strategies.codes import Message

MAX_ERRORS = 50
"""Errors of variables in one response."""
MAX_QUOTED = 50_000
"""Characters of a literal that its errors may quote: each error of an object quotes the whole object."""
QUOTED_OBJECT = re.compile(r", found: .*", re.DOTALL)
ENUM_FAULT = re.compile(
    r"(?P<fault>Value '.*' does not exist in '(?P<of>\w+)' enum\.|Enum '(?P<kind>\w+)' cannot represent .*?)"
    r"(?P<suggestion> Did you mean the enum values? .*)?",
    re.DOTALL,
)
"""graphql-core's sentence about a value that an enum does not have."""
MAX_NAMED_VALUES = 20
"""The most values of an enum that an error names. Of a larger one it names only those that are similar."""
MAX_ENUM_FAULT = 200
"""Characters of graphql-core's sentence before the values of the enum. It quotes the wrong value."""
ENUM_VALUES = " Its values are "
"""What precedes the values of an enum in a message."""
Found = Callable[[GraphQLError, list[str | int]], None]


def invalid_value(fault: str, node: Node | None, path: Sequence[str | int] | None) -> GraphQLError:
    """Return the error of a value that does not fit its type. ``fault`` is graphql-core's sentence."""
    return coded_error(Message(QueryCode.INVALID_VALUE, _in_json_words(fault)), node, path)


def _with_enum_values(fault: str, schema: GraphQLSchema) -> str:
    """Return graphql-core's sentence with the values of the enum, if it is about one and the enum is not too large."""
    found = ENUM_FAULT.fullmatch(fault)
    kind = schema.get_type(found["of"] or found["kind"]) if found else None
    if found is None or not isinstance(kind, GraphQLEnumType) or len(kind.values) > MAX_NAMED_VALUES:
        return fault
    sentence: str = found["fault"]
    if len(sentence) > MAX_ENUM_FAULT:
        sentence = f"{sentence[:MAX_ENUM_FAULT]}…"
    return f"{sentence}{ENUM_VALUES}{', '.join(kind.values)}."


def _in_json_words(fault: str) -> str:
    """Return graphql-core's sentence without the object that it quotes, which is long, and with null for None."""
    if fault.startswith("Expected value of "):
        fault = QUOTED_OBJECT.sub(".", fault, count=1) if ", found: " in fault else fault.partition(" Found: ")[0]
        fault = fault.replace("not to be None.", "not to be null.")
    return fault


class ValuesFit(ValidationRule):
    """Reject literals that do not fit their type, in place of graphql-core's ValuesOfCorrectTypeRule."""

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        """Check the value of an argument of a field or a directive."""
        self._check(node.value, [node.name.value])

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        """Check the default value of a variable. Its path is that of the variable's first use."""
        if node.default_value is not None:
            self._check(node.default_value, path_of_variable(node.variable.name.value, node))

    def _check(self, value: Node, begin: Sequence[str | int] | None) -> None:
        kind = self.context.get_input_type()
        if kind is None:
            return  # another rule reports that the argument or type does not exist
        places = _Places(value, kind)
        length = value.loc.end - value.loc.start if value.loc else 1
        most = max(MAX_QUOTED // length, 1)

        def found(error: GraphQLError, path: list[str | int]) -> None:
            nonlocal most
            most -= 1
            inside = places.of(path)
            # graphql-core hands scalars a copy of a list or an object, which has no place in the document.
            node = error.nodes[0] if error.nodes and error.nodes[0].loc else value
            fault = _with_enum_values(error.message, self.context.schema)
            self.report_error(invalid_value(fault, node, None if begin is None else [*begin, *inside]))

            if not most:
                raise _TooManyError

        with suppress(_TooManyError):
            validate_input_literal(value, kind, found)  # type: ignore[arg-type]


class ArgumentsGiven(ValidationRule):
    """Require the arguments that have no default, in place of graphql-core's ProvidedRequiredArgumentsRule."""

    def leave_field(self, node: FieldNode, *_: object) -> None:
        """Check a field."""
        field = self.context.get_field_def()
        self._check(node, node.name.value, field.args if field else {})

    def leave_directive(self, node: DirectiveNode, *_: object) -> None:
        """Check a directive."""
        directive = self.context.get_directive()
        self._check(node, f"@{node.name.value}", directive.args if directive else {})

    def _check(self, node: FieldNode | DirectiveNode, of: str, arguments: Mapping[str, GraphQLArgument]) -> None:
        given = {argument.name.value for argument in node.arguments or ()}
        for name, argument in arguments.items():
            if is_required_argument(argument) and name not in given:
                message = QueryCode.INVALID_VALUE.message(place=of, argument=name, type=argument.type)
                self.report_error(coded_error(message, node, [name]))


def variable_errors(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    given: Mapping[str, Any],
    *,
    without: Collection[str] = (),
) -> list[GraphQLError]:
    """Return the errors of an operation's variables, except of those named in ``without``."""
    errors: list[GraphQLError] = []
    try:
        for definition in operation.variable_definitions or ():
            name, kind = definition.variable.name.value, type_from_ast(schema, definition.type)
            if name in without:
                continue
            value = given.get(name, Undefined)
            optional = definition.default_value is not None or not isinstance(kind, GraphQLNonNull)
            if is_input_type(kind) and not (value is Undefined and optional):
                validate_input_value(value, kind, _collect(errors, schema, definition, _Places(value, kind)))
    except _TooManyError:
        errors.append(coded_error(QueryCode.INVALID_VALUE.message("more", limit=MAX_ERRORS), operation))
    return errors


class _TooManyError(Exception):
    """A response reports no more errors."""


def _collect(
    errors: list[GraphQLError], schema: GraphQLSchema, definition: VariableDefinitionNode, places: "_Places"
) -> Found:
    name = definition.variable.name.value
    begin: Sequence[str | int] | None = path_of_variable(name, definition)

    def found(error: GraphQLError, path: list[str | int]) -> None:
        if len(errors) >= MAX_ERRORS:
            raise _TooManyError
        inside = places.of(path)
        place = print_path_list(path)
        fault = _in_json_words(_with_enum_values(error.message, schema))
        message = QueryCode.INVALID_VALUE.message("variable", name=name, place=place, fault=fault)
        errors.append(coded_error(message, definition, None if begin is None else [*begin, *inside]))

    return found


class _Places:
    """Extends the paths of one value's errors to the fields that are missing or unknown.

    graphql-core reports these at the object: first the required fields that are missing, in the order of the type,
    then the unknown fields, in the order of the object.
    """

    def __init__(self, value: object, kind: GraphQLInputType) -> None:
        self._value = value
        self._kind = kind
        self._fields: dict[tuple[str | int, ...], Iterator[str]] = {}

    def of(self, path: list[str | int]) -> list[str | int]:
        """Return the place of the next error at a path."""
        fields = self._fields.setdefault(tuple(path), self._misfits(path))
        return [*path, *(field for field in [next(fields, None)] if field is not None)]

    def _misfits(self, path: list[str | int]) -> Iterator[str]:
        value, kind = self._value, self._kind
        for part in (*path, None):
            fields, items = _fields_of(value), _items_of(value)
            while isinstance(kind, GraphQLNonNull) or (isinstance(kind, GraphQLList) and items is None):
                kind = kind.of_type  # a value that is not a list counts as a list of one
            if isinstance(kind, GraphQLList) and items is not None and isinstance(part, int):
                value, kind = items[part], kind.of_type
            elif isinstance(kind, GraphQLInputObjectType) and fields is not None:
                if part is None:
                    known = kind.fields
                    yield from (name for name in known if is_required_input_field(known[name]) and name not in fields)
                    yield from (name for name in fields if name not in known)
                else:
                    value, kind = fields[part], kind.fields[str(part)].type


def _fields_of(value: object) -> Mapping[Any, object] | None:
    if isinstance(value, ObjectValueNode):
        return {field.name.value: field.value for field in value.fields}
    return value if isinstance(value, dict) else None


def _items_of(value: object) -> tuple[object, ...] | list[object] | None:
    if isinstance(value, ListValueNode):
        return value.values
    return value if isinstance(value, list) else None
