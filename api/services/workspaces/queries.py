"""Read the senders and the events of a workspace."""

from api.models import Event, Sender
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList, list_rows


def senders(context: WorkspaceContext) -> RowList:
    """Return the senders."""
    return list_rows(Sender, context)


def events(context: WorkspaceContext) -> RowList:
    """Return the events, the newest first."""
    return list_rows(Event, context, newest_first=True)
