"""Read incoming mails and events."""

from api.models import IncomingEvent
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList, list_rows


def incoming_events(context: WorkspaceContext) -> RowList:
    """Return the incoming mails and events that match an email of the workspace, the newest first."""
    return list_rows(IncomingEvent, context, newest_first=True)
