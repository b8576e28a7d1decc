"""Read templates and categories: one by id, and lists with their filters."""

from dataclasses import dataclass
from datetime import date

from api.models import Category, Template
from api.services.common.lists.filters import FILTER, check_ids, own_id, search_text
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import NamedSort, Order
from api.store import templates as store
from api.store.engine.listing.listing import Listing
from api.store.engine.rows import find
from api.store.named_lists import equal, named_list


async def template(context: WorkspaceContext, template_id: str) -> Template | None:
    """Return a template."""
    return await find(Template, context.workspace_id, template_id)


async def category(context: WorkspaceContext, category_id: str) -> Category | None:
    """Return a category."""
    return await find(Category, context.workspace_id, category_id)


@dataclass(frozen=True, slots=True)
class TemplateFilter:
    """Which templates: those that meet every condition that is not None."""

    search: str | None = None
    """A text in the name or subject."""
    category_id: str | None = None
    archived: bool | None = None
    unused_since: date | None = None
    """A day on and after which no email was sent from the template."""


async def templates(
    context: WorkspaceContext, chosen: TemplateFilter, order: Order[NamedSort] | None = None
) -> RowList:
    """Return the templates of a filter. Raises Refusal."""
    check_ids(chosen, FILTER)
    everything = store.templates(context.workspace_id, archived=chosen.archived, unused_since=chosen.unused_since)
    conditions = equal(category_id=await own_id(Category, context, chosen.category_id))
    search = search_text(chosen.search)
    return RowList(await named_list(everything, conditions, order, search=search, searched=("name", "subject")))


def steps_using(template_id: str) -> RowList:
    """Return the steps that use a template, without removed ones, in the order in which they were added."""
    return RowList(store.steps_using(template_id))


async def categories(
    context: WorkspaceContext, search: str | None = None, order: Order[NamedSort] | None = None
) -> RowList:
    """Return the categories whose name has a text. Raises Refusal TOO_MANY_TO_SORT."""
    everything = Listing(Category).equal(workspace_id=context.workspace_id)
    return RowList(await named_list(everything, [], order, search=search_text(search)))
