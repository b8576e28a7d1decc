"""Categories of templates and campaigns."""

from typing import Annotated

import strawberry

from api.graphql.arguments.ids import CategoryId
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.sort_orders import NamedOrder, order_of
from api.graphql.templates.category_lists import CategoryLists
from api.services.templates import categories, template_reads


@strawberry.type(description="A label by which reps sort templates and campaigns.")
class Category(CategoryLists, Node):
    """A row of api.models.Category."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the category: `cat_` and 26 lower-case letters and digits."
    )
    name: str = strawberry.field(description="Text of the label, such as `Trials`; unique in the workspace.")


@strawberry.input(description="Selects categories that match every given field.")
class CategoryFilter:
    search: str | None = strawberry.field(
        default=None,
        description="Only categories whose name has each word of this text, in upper or lower case.",
    )


@strawberry.type
class CategoryQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The category with this id; null if the workspace has none."
    )
    async def category(self, info: Request, id: CategoryId) -> Category | None:
        return from_row(Category, await template_reads.category(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="All categories, in the order in which they were created.",
    )
    async def categories(
        self,
        info: Request,
        filter: Annotated[
            CategoryFilter | None,
            strawberry.argument(description="Only categories that meet this filter. If left out, all categories."),
        ] = None,
        order_by: Annotated[
            NamedOrder | None,
            strawberry.argument(description="The order of the list. If left out, in the order of creation."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Category]:
        search = filter.search if filter else None
        rows = await template_reads.categories(info.context.workspace_context, search, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)


@strawberry.type(description="Result of the mutations on categories: the category, or errors.")
class CategoryPayload(Payload):
    category: Category | None = strawberry.field(
        default=None, description="The category after the change; null if there are errors."
    )


@strawberry.type(description="Result of deleteCategory: the id of the deleted category, or errors.")
class DeleteCategoryPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="`id` of the deleted category; null if there are errors."
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
        row = await categories.create_category(info.context.workspace_context, name)
        return CategoryPayload(category=from_row(Category, row))

    @mutation(description="Give a category another name. Its templates and campaigns stay in it.")
    async def rename_category(
        self,
        info: Request,
        id: CategoryId,
        name: Annotated[
            str, strawberry.argument(description="New text of the label: one line, unique in the workspace.")
        ],
    ) -> CategoryPayload:
        row = await categories.rename_category(info.context.workspace_context, id, name)
        return CategoryPayload(category=from_row(Category, row))

    @mutation(
        description="Delete a category that has no template and no campaign, also none in the archive. To move them to "
        "another category, give its `categoryId` to `updateTemplate` and `updateCampaign`."
    )
    async def delete_category(self, info: Request, id: CategoryId) -> DeleteCategoryPayload:
        deleted = await categories.delete_category(info.context.workspace_context, id)
        return DeleteCategoryPayload(deleted_id=strawberry.ID(deleted))
