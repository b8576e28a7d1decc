"""Read templates and categories."""

from api.models import Category, Template
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList, list_rows


def templates(context: WorkspaceContext) -> RowList:
    """Return the templates."""
    return list_rows(Template, context)


def categories(context: WorkspaceContext) -> RowList:
    """Return the categories."""
    return list_rows(Category, context)
