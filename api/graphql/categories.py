"""Categories of templates and campaigns."""

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.services.templates import reading, templates


@strawberry.type(description="A label that sorts templates and campaigns.")
class Category:
    """A row of api.models.Category."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="Name, unique in the workspace.")


@strawberry.type
class CategoryQuery:
    @strawberry.field(metadata=page_cost(), description="Categories.")
    async def categories(self, info: Request, first: First = 50, after: After = None) -> Connection[Category]:
        return await connect(reading.categories(info.context.workspace_context), first, after)


@strawberry.type(description="The category, or why not.")
class CategoryPayload(Payload):
    category: Category | None = strawberry.field(default=None, description="The category.")


@strawberry.type
class CategoryMutation:
    @mutation(description="Create a category.")
    async def create_category(self, info: Request, name: str) -> CategoryPayload:
        row = await templates.create_category(info.context.workspace_context, name)
        return CategoryPayload(category=from_row(Category, row))
