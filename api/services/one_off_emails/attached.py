"""The attachments of an email."""

from collections.abc import Sequence

from api.codes.refusals.emails import EmailCode
from api.services.common.request_context import WorkspaceContext
from api.store.emails import attachments
from api.store.engine.rows import is_possible_id, not_found
from strategies import Refusal

MAX_ATTACHMENTS = 25
"""Most attachments of one email."""
MAX_ATTACHED_BYTES = 20_000_000
"""Most bytes of all attachments of one email, before they are encoded. A file may have as many."""
PATH = "attachmentIds"


async def checked_attachments(context: WorkspaceContext, ids: Sequence[str]) -> None:
    """Refuse attachments that do not exist, too many of them, or too many bytes. Raises Refusal."""
    if len(ids) > MAX_ATTACHMENTS:
        raise Refusal.of(EmailCode.TOO_MANY_ATTACHMENTS, (PATH,), limit=MAX_ATTACHMENTS)
    possible = [each for each in ids if is_possible_id(each)]
    found = await attachments.find(context.workspace_id, possible)
    _refuse_missing(ids, found)
    size = sum(found[each].size for each in dict.fromkeys(ids))
    if size > MAX_ATTACHED_BYTES:
        raise Refusal.of(
            EmailCode.ATTACHMENTS_TOO_LARGE, (PATH,), limit=MAX_ATTACHED_BYTES // 1_000_000, size=f"{size:,}"
        )


async def attach(context: WorkspaceContext, send_id: str, ids: Sequence[str]) -> None:
    """Give an email these attachments, in place of its own. Call inside a transaction. Raises Refusal."""
    now, unique = context.clock(), list(dict.fromkeys(ids))
    _refuse_missing(ids, await attachments.use(context.workspace_id, unique, now) if ids else {})
    await attachments.set_attachments(send_id, unique, now)


def _refuse_missing(ids: Sequence[str], found: dict[str, attachments.Attachment]) -> None:
    for index, each in enumerate(ids):
        if each not in found:
            raise not_found("attachment", each, (PATH, str(index)))
