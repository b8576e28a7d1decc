"""Check the sizes of texts and lists before anything converts them.

graphql-core makes an object for each element of a list and each field of an input object, and custom scalars and
services parse, normalize or hash what they get. This linear pass comes first. It stops at the
first text or list that is too long, and reads no element of such a list.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    Node,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    ValidationRule,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_nullable_type,
    is_input_type,
    type_from_ast,
    visit,
)

from api.codes.request_errors.inputs import InputCode
from api.codes.request_errors.queries import QueryCode
from api.graphql.arguments.argument_paths import path_of_variable
from api.graphql.arguments.coded_error import coded_error
from api.graphql.limits.input_values import fields_of, items_of, text_of
from api.graphql.limits.long_lists import LongList, Path
from api.graphql.limits.sizes import (
    ID_LIMIT,
    JSON_LIMIT,
    JSON_TEXT_LIMIT,
    JSON_VALUE_LIMIT,
    LIST_LIMIT,
    OBJECT_LIMIT,
    SIZES,
    TEXT_LIMIT,
    UNKNOWN_FIELD_LIMIT,
    Size,
)
from strategies.codes import Message

MAX_CONVERTED_ITEMS = 20
"""Elements of a list of texts that graphql-core converts itself. Longer lists bypass it."""
SHOWN_NAME = 60
"""Characters of a name that an error repeats."""


class RefusedValueError(Exception):
    """A value is longer than its limit or does not fit its type, at a path inside it."""

    def __init__(self, message: Message, path: Path = ()) -> None:
        super().__init__(message.sentence)
        self.message = message
        self.path = path

    def as_graphql(self, node: Node, begin: Sequence[str | int] | None) -> GraphQLError:
        """Return the GraphQL error; ``begin`` is the path of the value."""
        return coded_error(self.message, node, None if begin is None else [*begin, *self.path])


class _Check:
    """Checks one value and everything inside it: a literal of a document, or the JSON of a variable."""

    def __init__(self, coordinates: Callable[[], Sequence[str]] = lambda: (), objects: int = 0) -> None:
        self._coordinates = coordinates
        self.objects = objects
        """Number of input objects so far, those of other variables of the request included."""
        self.long_lists: list[LongList] = []
        self.uses: dict[str, list[str]] = {}
        """The coordinates at which the literal uses each variable."""

    def value(self, value: Any, kind: GraphQLInputType, at: str | None, path: Path = ()) -> None:
        """Check a value of a type. ``at`` is the coordinate of its limit; None if its variable has it."""
        if isinstance(value, VariableNode):
            if at is not None:
                self.uses.setdefault(value.name.value, []).append(at)
            return
        while isinstance(kind, GraphQLNonNull):
            kind = kind.of_type
        if isinstance(kind, GraphQLList):
            items = items_of(value)
            if items is None:
                self.value(value, kind.of_type, at, path)  # a value that is not a list counts as a list of one
            else:
                self._list(items, kind.of_type, at, path)
        elif isinstance(kind, GraphQLInputObjectType):
            if (fields := fields_of(value)) is not None:
                self._object(fields, kind, path)
        elif kind.name == "JSON":
            _check_json(value, path)
        elif (text := text_of(value)) is not None:
            self._text(text, kind, at, path)

    def _size(self, at: str | None, most: int) -> Size:
        """Return the limit at a coordinate: the strictest one where a variable is used at several."""
        coordinates = self._coordinates() if at is None else (at,)
        return min((SIZES.get(each, Size(most)) for each in coordinates), default=Size(most))

    def _text(self, text: str, kind: GraphQLInputType, at: str | None, path: Path) -> None:
        most = ID_LIMIT if kind is GraphQLID else TEXT_LIMIT
        if len(text) > most and len(text) > (size := self._size(at, most)).most:
            if kind in (GraphQLID, GraphQLString):
                raise RefusedValueError(InputCode.TOO_LONG.message("text", limit=size.most, length=len(text)), path)
            raise RefusedValueError(QueryCode.INVALID_VALUE.message("text", limit=size.most, length=len(text)), path)

    def _list(self, items: Sequence[Any], kind: GraphQLInputType, at: str | None, path: Path) -> None:
        if len(items) > LIST_LIMIT and len(items) > (size := self._size(at, LIST_LIMIT)).most:
            raise RefusedValueError(size.too_many(len(items)), path)
        leaf = get_nullable_type(kind)
        if isinstance(items, list) and len(items) > MAX_CONVERTED_ITEMS and leaf in (GraphQLID, GraphQLString):
            self._texts(items, kind, path)
            return
        for index, item in enumerate(items):
            self.value(item, kind, "", (*path, index))

    def _texts(self, items: list[Any], kind: GraphQLInputType, path: Path) -> None:
        """Check a list of texts as a whole: graphql-core takes some microseconds for each of up to 200,000 elements."""
        is_id = get_nullable_type(kind) is GraphQLID
        if not isinstance(kind, GraphQLNonNull):
            return
        kinds = set(map(type, items))
        if wrong := kinds - ({str, int} if is_id else {str}):
            index = next(index for index, item in enumerate(items) if type(item) in wrong)
            message = QueryCode.INVALID_VALUE.message("element", expected="an id" if is_id else "a text")
            raise RefusedValueError(message, (*path, index))
        if int in kinds:
            items = [str(item) for item in items]
        most = ID_LIMIT if is_id else TEXT_LIMIT
        if max(map(len, items)) > most:
            index = next(index for index, item in enumerate(items) if len(item) > most)
            message = InputCode.TOO_LONG.message("text", limit=most, length=len(items[index]))
            raise RefusedValueError(message, (*path, index))
        self.long_lists.append(LongList(path, items))

    def _object(self, fields: Mapping[Any, Any], kind: GraphQLInputObjectType, path: Path) -> None:
        self.objects += 1
        if self.objects > OBJECT_LIMIT:
            raise RefusedValueError(InputCode.TOO_LONG.message("objects", limit=OBJECT_LIMIT), path)
        unknown = 0
        for name, value in fields.items():
            known = kind.fields.get(name)
            if known is not None:
                self.value(value, known.type, f"{kind.name}.{name}", (*path, name))
                continue
            unknown += 1
            if len(name) > ID_LIMIT:
                message = QueryCode.INVALID_VALUE.message("field", type=kind.name, field=name[:SHOWN_NAME])
                raise RefusedValueError(message, path)
            if unknown > UNKNOWN_FIELD_LIMIT:
                raise RefusedValueError(QueryCode.INVALID_VALUE.message("fields", type=kind.name, count=unknown), path)


def _check_json(value: Any, path: Path) -> None:
    """Check how many values and characters a JSON argument has, names of fields included."""
    values, characters, left = 0, 0, [(value, path)]
    while left:
        item, place = left.pop()
        values += 1
        items, fields = items_of(item), fields_of(item)
        inside = len(items) if items is not None else 2 * len(fields or ())
        if values + len(left) + inside > JSON_VALUE_LIMIT:
            raise RefusedValueError(InputCode.TOO_LONG.message("json", limit=JSON_VALUE_LIMIT), path)
        left += [(part, (*place, index)) for index, part in enumerate(items or ())]
        for name, part in (fields or {}).items():
            left += ((name, place), (part, (*place, name[:SHOWN_NAME])))
        if (text := text_of(item)) is not None:
            characters += len(text)
            if len(text) > JSON_TEXT_LIMIT:
                message = InputCode.TOO_LONG.message("json_text", limit=JSON_TEXT_LIMIT, length=len(text))
                raise RefusedValueError(message, place)
    if characters > JSON_LIMIT:
        message = InputCode.TOO_LONG.message("json_texts", limit=JSON_LIMIT, length=characters)
        raise RefusedValueError(message, path)


class SizesFit(ValidationRule):
    """Reject literals that are too long. It comes before the rules that convert literals."""

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        """Check the value of an argument of a field or a directive."""
        kind, parent, field = (
            self.context.get_input_type(),
            self.context.get_parent_type(),
            self.context.get_field_def(),
        )
        if kind is None:
            return  # another rule reports that the argument does not exist
        name = _name_of_field(parent, field)
        self._check(node.value, kind, f"{name}.{node.name.value}", [node.name.value])

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
        """Check the default value of a variable."""
        kind = type_from_ast(self.context.schema, node.type)
        if node.default_value is not None and is_input_type(kind):
            self._check(node.default_value, kind, "", path_of_variable(node.variable.name.value, node))

    def _check(self, value: Node, kind: GraphQLInputType, at: str, begin: Sequence[str] | None) -> None:
        try:
            _Check().value(value, kind, at)
        except RefusedValueError as problem:
            self.report_error(problem.as_graphql(value, begin))


class CheckedVariables(NamedTuple):
    """The long lists of each variable that is not too large, and the errors of the others."""

    long_lists: dict[str, list[LongList]]
    errors: dict[str, GraphQLError]


def check_variables(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> CheckedVariables:
    """Check the values of an operation's variables."""
    found, uses, objects = CheckedVariables({}, {}), dict[str, list[str]](), 0
    for definition in operation.variable_definitions or ():
        name, kind = definition.variable.name.value, type_from_ast(schema, definition.type)
        if name not in given or not is_input_type(kind):
            continue

        def coordinates(name: str = name) -> Sequence[str]:
            if not uses:
                uses.update(_uses(schema, document))
            return uses.get(name, ())

        check = _Check(coordinates, objects)
        try:
            check.value(given[name], kind, None)
        except RefusedValueError as problem:
            found.errors[name] = problem.as_graphql(definition, path_of_variable(name, definition))
        objects = check.objects
        if check.long_lists:
            found.long_lists[name] = check.long_lists
    return found


class _Uses(Visitor):
    """Collects at which coordinates each variable of a document is used."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.found: dict[str, list[str]] = {}

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        """Look into one argument."""
        kind = self._info.get_input_type()
        if kind is not None:
            name = _name_of_field(self._info.get_parent_type(), self._info.get_field_def())
            look = _Check()
            look.value(node.value, kind, f"{name}.{node.name.value}")
            for variable, coordinates in look.uses.items():
                self.found.setdefault(variable, []).extend(coordinates)


def _uses(schema: GraphQLSchema, document: DocumentNode) -> dict[str, list[str]]:
    info = TypeInfo(schema)
    seek = _Uses(info)
    visit(document, TypeInfoVisitor(info, seek))
    return seek.found


def _name_of_field(parent: Any, field: Any) -> str:
    """Return ``Type.field``; "" for an argument of a directive."""
    if parent is None or field is None:
        return ""
    return next((f"{parent.name}.{name}" for name, each in getattr(parent, "fields", {}).items() if each is field), "")
