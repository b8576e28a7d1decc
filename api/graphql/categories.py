"""Categories of templates and campaigns."""

from typing import Any, cast

import strawberry

from api import models
from api.graphql.engine.context import Request
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.engine.relay import After, Connection, First, connect
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS
from api.services.templates import templates
from api.store.engine.rows import MAX_PAGE_SIZE


@strawberry.type(description="A label that sorts templates and campaigns.")
class Category:
    """A row of api.models.Category."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="Name, unique in the workspace.")


@strawberry.type
class CategoryQuery:
    """Queries on categories."""

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE_SIZE, queries=True), description="Categories."
    )
    async def categories(self, info: Request, first: First = 50, after: After = None) -> Connection[Category]:
        """A page of them."""
        return await connect(
            models.Category.filter(workspace_id=info.context.workspace_context.workspace_id), first, after
        )


@strawberry.type(description="The category, or why not.")
class CategoryPayload:
    """Answer of createCategory."""

    category: Category | None = strawberry.field(default=None, description="The category.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )


@strawberry.type
class CategoryMutation:
    """Mutations on categories."""

    @strawberry.mutation(description="Create a category.")
    @payload_of(CategoryPayload)
    async def create_category(self, info: Request, name: str) -> CategoryPayload:
        """Create a category."""
        return CategoryPayload(
            category=cast(Any, await templates.create_category(info.context.workspace_context, name))
        )
