"""Read emails: one by id, and the list with its filter and order.

To add a filter: add the field in ``api/graphql/emails/email_filters.py``, its condition in
``api/store/emails/email_conditions.py``, and an index. The kept counts know only folders, so a list
with another filter is counted by its listing.
"""

from dataclasses import replace

from api.models import Send
from api.services.common.lists.filters import check_dates, check_ids, comparable_id, search_text
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import EmailSort, Order
from api.store.emails import email_lists
from api.store.emails import emails as folders
from api.store.emails.email_conditions import EmailFilter
from api.store.engine.rows import find
from api.store.replies.answer_conditions import Answers

__all__ = ["Answers", "EmailFilter", "email", "emails", "folder_counts"]


async def email(context: WorkspaceContext, email_id: str) -> Send | None:
    """Return an email."""
    return await find(Send, context.workspace_id, email_id)


async def emails(
    context: WorkspaceContext,
    chosen: EmailFilter,
    order: Order[EmailSort] | None = None,
    path: tuple[str, ...] = ("filter",),
) -> RowList:
    """Return the emails of a filter, to which ``path`` leads. Raises Refusal."""
    for name, first, last in (
        ("due", chosen.due_from, chosen.due_before),
        ("sent", chosen.sent_from, chosen.sent_before),
        ("failed", chosen.failed_from, chosen.failed_before),
        ("created", chosen.created_from, chosen.created_before),
    ):
        check_dates("email", path, f"{name}From", first, f"{name}Before", last)
    check_ids(chosen, path)
    chosen = replace(
        chosen,
        campaign_id=comparable_id(chosen.campaign_id),
        step_id=comparable_id(chosen.step_id),
        person_id=comparable_id(chosen.person_id),
        sender_id=comparable_id(chosen.sender_id),
        reason=comparable_id(chosen.reason),
        search=search_text(chosen.search),
    )
    listing = await email_lists.emails(context.workspace_id, chosen, order)
    if chosen.is_folder:
        return RowList(listing, lambda: folders.count(context.workspace_id, chosen.folder))
    if chosen.is_one_answer:
        return RowList(listing, lambda: chosen.answers.count(context.workspace_id))
    return RowList(listing)


async def folder_counts(context: WorkspaceContext) -> dict[str, int]:
    """Return the number of emails by folder."""
    return await folders.folder_counts(context.workspace_id)
