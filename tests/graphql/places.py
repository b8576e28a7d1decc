"""Every place of the schema where a client gives a value: arguments, fields of inputs, elements of lists."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_required_argument,
    is_required_input_field,
)

from api.graphql.limits.cost import cost_of
from api.graphql.schema import schema

GRAPHQL = schema._schema
AT_ONCE = 10
"""So many values stand in one document: a document may ask for 10 mutations."""
CONTAINERS = {"input", "edit"}
SAMPLES = {
    "Int": "1",
    "Float": "1.5",
    "Boolean": "false",
    "String": '"x"',
    "ID": '"x"',
    "DateTime": '"2026-03-02T08:00:00Z"',
    "Date": '"2026-03-02"',
    "JSON": "{}",
}
"""A literal of each scalar. A test that executes names better ones by argument: ``campaignId`` and so on."""


def sample(kind: GraphQLInputType, name: str, known: dict[str, str]) -> str:
    """Return a literal that fits a type: the known one of this name, or any."""
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if name in known:
        return known[name]
    if isinstance(kind, GraphQLList):
        return f"[{sample(kind.of_type, name, known)}]"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return _object(kind, {}, known)
    return SAMPLES[kind.name]


def _object(kind: GraphQLInputObjectType, given: dict[str, str], known: dict[str, str]) -> str:
    fields = list(kind.fields.items())
    if kind.is_one_of:
        fields = [] if given else fields[:1]
    needed = {
        name: sample(field.type, name, known) for name, field in fields if kind.is_one_of or _needed(field, name, known)
    }
    return "{" + ", ".join(f"{name}: {value}" for name, value in (needed | given).items()) + "}"


def _needed(field: object, name: str, known: dict[str, str]) -> bool:
    return is_required_input_field(field) or f"?{name}" in known  # type: ignore[arg-type]


@dataclass(frozen=True)
class Place:
    """Where a value is given: a field, or a directive of one, its argument, and the way inside."""

    operation: str  # query, mutation, subscription
    around: tuple[tuple[str, GraphQLField], ...]  # the fields that lead to it from the root
    field: str
    arguments: dict[str, GraphQLArgument]
    inside: tuple[str, ...]  # the argument, then names and indexes
    kind: GraphQLInputType

    def __str__(self) -> str:
        return ".".join((*(name for name, _ in self.around), self.field, *self.inside))

    @property
    def path(self) -> list[str]:
        """The path that an error of the value has."""
        return [part for part in self.inside if part not in CONTAINERS] or list(self.inside[-1:])

    @property
    def begin(self) -> list[str]:
        """How the path of an error inside the value begins."""
        return [part for part in self.inside if part not in CONTAINERS]

    @property
    def owner(self) -> str:
        """The input type and its field. Several arguments may take that type. Other places are only themselves."""
        kind, owner = self.arguments[self.inside[0]].type, str(self)
        for part in self.inside[1:]:
            named = get_named_type(kind)
            if part == "0":
                owner, kind = f"{owner}.0", get_nullable_type(kind).of_type  # type: ignore[union-attr]
            else:
                assert isinstance(named, GraphQLInputObjectType)
                owner, kind = f"{named.name}.{part}", named.fields[part].type
        return owner

    @property
    def is_one_of(self) -> bool:
        """Whether the place is a field of a type of which one field is given: a null makes its whole object wrong."""
        owner = self.arguments[self.inside[0]].type
        for part in self.inside[1:-1]:
            named = get_named_type(owner)
            owner = named.fields[part].type if isinstance(named, GraphQLInputObjectType) and part != "0" else owner
        named = get_named_type(owner)
        return len(self.inside) > 1 and isinstance(named, GraphQLInputObjectType) and named.is_one_of

    def selection(self, value: str, alias: str = "a", known: dict[str, str] | None = None) -> str:
        """Return the selection of the field, with a value in this place."""
        known = known or {}
        kind = self.arguments[self.inside[0]].type
        given = {self.inside[0]: self._with(kind, self.inside[1:], value, known)}
        if self.field.startswith("@"):
            return f"{alias}: __typename {self.field}({self.inside[0]}: {given[self.inside[0]]})"
        names = [name for name, about in self.arguments.items() if is_required_argument(about) or f"?{name}" in known]
        given = {name: sample(self.arguments[name].type, name, known) for name in names} | given
        inner = f"{alias}: {self.field}({', '.join(f'{name}: {text}' for name, text in given.items())}) {self._below()}"
        for name, about in reversed(self.around):
            needed = [key for key, argument in about.args.items() if is_required_argument(argument)]
            texts = ", ".join(f"{key}: {sample(about.args[key].type, key, known)}" for key in needed)
            inner = f"{alias}: {name}{f'({texts})' if texts else ''} {{ {inner} }}"
        return inner

    def _with(self, kind: GraphQLInputType, path: tuple[str, ...], value: str, known: dict[str, str]) -> str:
        if not path:
            return value
        kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(kind, GraphQLList):
            return f"[{self._with(kind.of_type, path[1:], value, known)}]"
        assert isinstance(kind, GraphQLInputObjectType)
        inner = self._with(kind.fields[path[0]].type, path[1:], value, known)
        return _object(kind, {path[0]: inner}, known)

    def _below(self) -> str:
        owner = self.around[-1][1].type if self.around else GRAPHQL.get_root_type(_ROOTS[self.operation])
        named = get_named_type(owner)
        assert isinstance(named, GraphQLObjectType)
        below = get_named_type(named.fields[self.field].type)
        if isinstance(below, GraphQLInterfaceType):
            return "{ __typename }"
        if not isinstance(below, GraphQLObjectType):
            return ""
        return "{ errors { code message path } }" if "errors" in below.fields else "{ __typename }"


def at_once(place: Place) -> int:
    """Return how often one document may ask for the field of a place."""
    field = GRAPHQL.mutation_type.fields.get(place.field) if GRAPHQL.mutation_type else None
    # Each required field that a value lacks is an error, and an answer has 20 of them.
    kind = get_nullable_type(place.kind)
    required = (
        sum(map(is_required_input_field, kind.fields.values())) if isinstance(kind, GraphQLInputObjectType) else 1
    )
    most = min(AT_ONCE, 20 // (required + 1)) if required > 1 else AT_ONCE
    return min(most, cost_of("Mutation", place.field, field).once) if field else most


_ROOTS = {kind.value: kind for kind in OperationType}


def _inside(kind: GraphQLInputType, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], GraphQLInputType]]:
    yield path, kind
    bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(bare, GraphQLList):
        yield from _inside(bare.of_type, (*path, "0"))
    elif isinstance(bare, GraphQLInputObjectType):
        for name, field in bare.fields.items():
            yield from _inside(GraphQLNonNull(field.type) if bare.is_one_of else field.type, (*path, name))


def places() -> list[Place]:
    """Return every place of the schema."""
    found: list[Place] = []
    filters: set[str] = set()
    for operation, kind in _ROOTS.items():
        root = GRAPHQL.get_root_type(kind)
        if root is not None:
            found += _of(operation, root, filters)
    for directive in GRAPHQL.directives:
        if "FIELD" in {location.name for location in directive.locations}:
            for name, argument in directive.args.items():
                args = dict(directive.args)
                found.append(Place("query", (), f"@{directive.name}", args, (name,), argument.type))
    return found


def _of(operation: str, root: GraphQLObjectType, filters: set[str]) -> Iterator[Place]:
    """Go through each type once, by the shortest way that leads to it.

    Filters are given to the lists of the root. A list inside a type, and a mutation on several objects, take the same
    ones. ``filters`` has the names of those that were given.
    """
    waiting: deque[tuple[GraphQLObjectType, tuple[tuple[str, GraphQLField], ...]]] = deque([(root, ())])
    seen = {root.name}
    while waiting:
        owner, around = waiting.popleft()
        for name, field in owner.fields.items():
            for argument, about in field.args.items():
                type_name = get_named_type(about.type).name
                known = (bool(around) or operation != "query") and type_name in filters
                for inside, kind in _inside(about.type, (argument,)):
                    if len(inside) == 1 or not known:
                        yield Place(operation, around, name, dict(field.args), inside, kind)
                if type_name.endswith(("Filter", "Order")):
                    filters.add(type_name)
        if operation == "query":  # whatever else answers leads to types that a query leads to, or to payloads
            for name, field in owner.fields.items():
                below = get_named_type(field.type)
                if isinstance(below, GraphQLObjectType) and below.name not in seen:
                    seen.add(below.name)
                    waiting.append((below, (*around, (name, field))))


def own(place: Place, known: dict[str, str]) -> dict[str, str]:
    """Return what ``id`` is for a field: the id of what its payload gives."""
    lower = place.field.lower() + "".join(place.inside).lower()
    for word in ("template", "sender", "person", "campaign", "step", "task", "email", "enrollment"):
        if word in lower:
            return {"id": known["emailTask" if word == "task" else word]}
    return {"id": known["campaign"]}
