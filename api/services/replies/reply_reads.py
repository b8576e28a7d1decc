"""Read incoming mails and events."""

from collections.abc import Sequence

from api.mail.reading.mail_reading import MailKind
from api.models import IncomingEvent
from api.services.common.lists.filters import id_condition
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import CreatedSort, Order
from api.states import IncomingResult
from api.store.engine.listing.listing import Listing
from plugins.incoming import ReportedKind

KINDS = ("MAIL", *MailKind, *ReportedKind)
"""The kinds of incoming mails and events. A mail is MAIL until it is read."""


def incoming_events(
    context: WorkspaceContext,
    kinds: Sequence[str] | None = None,
    results: Sequence[IncomingResult] | None = None,
    order: Order[CreatedSort] | None = None,
) -> RowList:
    """Return the incoming mails and events that match an email of the workspace, the newest first.

    ``kinds`` and ``results`` are those that they may have.
    """
    listing = Listing(IncomingEvent).equal(workspace_id=context.workspace_id)
    if kinds is not None or results is not None:
        kinds = KINDS if kinds is None else kinds
        listing = listing.one_of("kind", list(dict.fromkeys(map(id_condition, map(str, kinds)))))
        listing = listing.one_of("result", list(dict.fromkeys(IncomingResult if results is None else results)))
    return RowList(listing.sorted_by(None, descending=order is None or order.descending))
