"""Any object by its id, for clients that fetch it again, such as Relay."""

import asyncio
from typing import Annotated, Any

import strawberry
from strawberry.utils.str_converters import to_snake_case

from api.graphql.engine.graphql_context import Request
from api.graphql.engine.node_interface import TYPE_NAMES, Node, prefix_of
from api.graphql.limits.cost import cost
from api.graphql.limits.sizes import LIST_LIMIT


@strawberry.type
class NodeQuery:
    """Any object by its id."""

    @strawberry.field(
        description="The object with this id, of any type that implements `Node`; null if the workspace has none."
    )
    async def node(
        self,
        info: Request,
        id: Annotated[strawberry.ID, strawberry.argument(description="`id` of the object, such as `per_…`.")],
    ) -> Node | None:
        return await load_node(info, id)

    @strawberry.field(
        metadata=cost(sized_by=("ids",), size_most=LIST_LIMIT),
        description="The objects with these ids, in their order; null for each that the workspace does not have.",
    )
    async def nodes(
        self,
        info: Request,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description="Ids of objects, of one type or several, such as `per_…` and `cmp_…`."),
        ],
    ) -> list[Node | None]:
        return await asyncio.gather(*(load_node(info, id_) for id_ in ids))


async def load_node(info: Request, id_: str) -> Any:
    """Return a row of the workspace, or None. A request's rows of one type are read together."""
    prefix = prefix_of(id_)
    if prefix is None:
        return None
    return await getattr(info.context.loaders, to_snake_case(TYPE_NAMES[prefix])).load(id_)
