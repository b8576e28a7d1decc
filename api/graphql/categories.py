"""Categories of templates and campaigns."""

from typing import Annotated

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.nodes import Node
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.services.templates import queries, templates


@strawberry.type(description="A label by which reps sort templates and campaigns.")
class Category(Node):
    """A row of api.models.Category."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the category: `cat_` and 26 lower-case letters and digits."
    )
    name: str = strawberry.field(description="Text of the label, such as `Trials`; unique in the workspace.")


@strawberry.type
class CategoryQuery:
    @strawberry.field(metadata=page_cost(), description="All categories, in the order in which they were created.")
    async def categories(self, info: Request, first: First = 50, after: After = None) -> Connection[Category]:
        return await connect(queries.categories(info.context.workspace_context), first, after, info)


@strawberry.type(description="Result of createCategory: the category, or errors.")
class CategoryPayload(Payload):
    category: Category | None = strawberry.field(
        default=None, description="The new category; null if there are errors."
    )


@strawberry.type
class CategoryMutation:
    @mutation(description="Create a category for templates and campaigns.")
    async def create_category(
        self,
        info: Request,
        name: Annotated[
            str,
            strawberry.argument(description="Text of the label, such as `Trials`: one line, unique in the workspace."),
        ],
    ) -> CategoryPayload:
        row = await templates.create_category(info.context.workspace_context, name)
        return CategoryPayload(category=from_row(Category, row))
