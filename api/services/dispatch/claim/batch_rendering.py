"""Render the emails of a batch: quick ones directly, slow ones of a step in one call to a renderer process."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from api.codes.refusals.templates import TemplateCode
from api.mail.inline_limits import SlowWorkError, run_quick
from api.mail.message.email_rendering import RenderedEmail, RenderFailure, RenderRequest, render_email
from api.mail.worker_calls import MAX_BATCH_ITEMS
from api.services.templates.rendering import write_quickly, write_slowly
from api.store.dispatch.claimed_email import ClaimedEmail

log = logging.getLogger("touchline.dispatch")

MAX_EMAILS_AHEAD = 40
"""The most emails that are rendered before a session needs them. They are in memory until then."""

OrderOf = Callable[[ClaimedEmail], RenderRequest]
"""Returns the data from which an email is rendered.

It is a method of the batch, so each call passes it. Kept here, it would let the batch wait for a garbage collection.
"""


class BatchRendering:
    """Renders the emails of one batch. ``key`` is the id of their workspace.

    A call to a renderer process takes longer than rendering a usual email. If one email needs such a call, the same
    call renders the next emails of its step. The trade-off is memory for emails that no session needs yet.

    - ``_coming``: the emails of each step whose rendering has not started. ``expect`` fills it. ``write`` and
      ``_write_several`` take from it. None is the key of all emails outside campaigns, here and in ``_alone``.
    - ``_ahead``: the futures of emails that are rendered before a session needs them. ``_write_several`` adds them, and
      ``write`` takes them. A result of None means that the email has to be rendered again.
    - ``_alone``: the steps whose last email exceeded a limit. Their next email is rendered alone, so that the limits
      apply to that email only.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._coming: dict[str | None, OrderedDict[str, ClaimedEmail]] = {}
        self._alone: set[str | None] = set()
        self._ahead: dict[str, asyncio.Future[RenderedEmail | RenderFailure | None]] = {}

    def expect(self, sends: Sequence[ClaimedEmail]) -> None:
        """Add the emails that sessions will need, in their order."""
        for send in sends:
            self._coming.setdefault(send.step_id, OrderedDict())[send.id] = send

    async def write(self, send: ClaimedEmail, order_of: OrderOf) -> RenderedEmail | RenderFailure:
        """Write an email. Raises WorkersBusyError."""
        coming = self._coming.get(send.step_id, OrderedDict())
        coming.pop(send.id, None)
        ahead = self._ahead.pop(send.id, None)
        if ahead is not None and (rendered := await asyncio.shield(ahead)) is not None:
            return rendered
        order = order_of(send)
        try:
            return await write_quickly(self._key, order)
        except SlowWorkError:
            return await self._write_several(send.step_id, order, coming, order_of)

    def write_ahead(self, send: ClaimedEmail, order_of: OrderOf) -> RenderedEmail | None:
        """Write an email that no session needs yet. Returns None if that is not quick, or if it cannot be sent."""
        if send.id in self._ahead:
            return None
        try:
            written = run_quick(render_email, order_of(send))
        except SlowWorkError:
            return None
        if not isinstance(written, RenderedEmail):
            return None
        self._coming.get(send.step_id, OrderedDict()).pop(send.id, None)
        return written

    async def _write_several(
        self, step_id: str | None, order: RenderRequest, coming: OrderedDict[str, ClaimedEmail], order_of: OrderOf
    ) -> RenderedEmail | RenderFailure:
        """Render one email, and as many next emails of its step as the call may contain."""
        most = (
            0 if step_id in self._alone else min(MAX_BATCH_ITEMS - 1, MAX_EMAILS_AHEAD - len(self._ahead), len(coming))
        )
        others = [coming.popitem(last=False)[1] for _ in range(most)]
        orders = [(each, next_order) for each in others if (next_order := _order_or_none(each, order_of)) is not None]
        others = [each for each, _ in orders]
        waiting = {each.id: asyncio.get_running_loop().create_future() for each in others}
        self._ahead |= waiting
        written: Sequence[RenderedEmail | RenderFailure] = ()
        try:
            written = await write_slowly(self._key, [order, *(next_order for _, next_order in orders)])
            limit = isinstance(written[0], RenderFailure) and written[0].why.code == TemplateCode.TEMPLATE_LIMIT
            (self._alone.add if limit else self._alone.discard)(step_id)
            return written[0]
        finally:
            rendered = dict(zip(waiting, written[1:], strict=False))
            for each in others:
                waiting[each.id].set_result(rendered.get(each.id))
                if each.id not in rendered and self._ahead.pop(each.id, None) is not None:
                    coming[each.id] = each


def _order_or_none(send: ClaimedEmail, order_of: OrderOf) -> RenderRequest | None:
    """Return the data of an email, or None if that fails. ``write`` raises the error for the session."""
    try:
        return order_of(send)
    except Exception:
        log.debug("cannot render the email %s ahead", send.id, exc_info=True)
        return None
