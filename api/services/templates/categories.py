"""Create, rename and delete categories."""

from tortoise.exceptions import IntegrityError

from api.codes.refusals.templates import TemplateCode
from api.ids import new_id
from api.models import Campaign, Category, Template
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.templates import lock_category
from strategies import Refusal

NAME = ("name",)


async def create_category(context: WorkspaceContext, name: str) -> Category:
    """Create a category. Raises Refusal."""
    name = inputs.line(name, NAME)
    try:
        return await Category.create(
            id=new_id("cat"), workspace_id=context.workspace_id, name=name, created_at=context.now
        )
    except IntegrityError:
        raise Refusal.of(TemplateCode.CATEGORY_EXISTS, NAME, name=name[:60]) from None


async def rename_category(context: WorkspaceContext, category_id: str, name: str) -> Category:
    """Give a category another name. Raises Refusal."""
    row = await get_or_refuse(Category, context.workspace_id, category_id, ("id",))
    row.name = inputs.line(name, NAME)
    try:
        await row.save(update_fields=["name"])
    except IntegrityError:
        raise Refusal.of(TemplateCode.CATEGORY_EXISTS, NAME, name=row.name[:60]) from None
    return row


@retry_on_deadlock
async def delete_category(context: WorkspaceContext, category_id: str) -> str:
    """Delete a category without templates and campaigns. Returns its id. Raises Refusal."""
    async with transaction():
        await get_or_refuse(Category, context.workspace_id, category_id, ("id",))
        await lock_category(category_id)
        templates = await Template.filter(category_id=category_id).count()
        campaigns = await Campaign.filter(category_id=category_id).count()
        if templates or campaigns:
            raise Refusal.of(TemplateCode.CATEGORY_NOT_EMPTY, ("id",), templates=templates, campaigns=campaigns)
        await Category.filter(id=category_id).delete()
    return category_id
