"""Read emails: one by id, and the list with its filter.

To add a filter: the argument in ``api/graphql/emails.py``, its condition in ``api/store/emails.py``, and an index.
``id_condition`` makes any text safe to compare with ids. The kept counts know only folders, so a list with another
filter is counted by its listing.
"""

from api.models import Send
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList
from api.store import emails as folders
from api.store.engine.rows import find


async def email(context: WorkspaceContext, email_id: str) -> Send | None:
    """Return an email."""
    return await find(Send, context.workspace_id, email_id)


def emails(context: WorkspaceContext, folder: str | None = None) -> RowList:
    """Return the emails in a folder of the Command Center, or in all folders."""
    listing = folders.emails_in_folder(context.workspace_id, folder)
    return RowList(listing, lambda: folders.count(context.workspace_id, folder))


async def folder_counts(context: WorkspaceContext) -> dict[str, int]:
    """Return the number of emails by folder."""
    return await folders.folder_counts(context.workspace_id)
