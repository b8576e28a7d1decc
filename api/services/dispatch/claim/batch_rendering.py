"""Write the emails of a batch: quick ones at once, slow ones of a step together in one call to a renderer process."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from api.codes.templates import TemplateCode
from api.mail.inline_limits import SlowWorkError
from api.mail.message.email_rendering import RenderedEmail, RenderFailure, RenderRequest
from api.mail.worker_jobs import MAX_BATCH_ITEMS
from api.services.templates.rendering import write_quickly, write_slowly
from api.store.claimed_email import ClaimedEmail

log = logging.getLogger("touchline.dispatch")

MAX_EMAILS_AHEAD = 40
"""The most emails that are written before a session asks for them; their bytes are in memory until then."""


class BatchRendering:
    """Writes the emails of one batch, whose workspace is ``key``.

    A call to a renderer process costs more than writing a usual email. Where one email needs such a call, the next
    ones of its step are written in the same call. The price is memory for emails that no session has asked for yet.

    ``_coming`` has the emails, by step, that nobody has asked for or begun to write. ``expect`` fills it; ``write`` and
    ``_write_several`` take from it. ``_ahead`` has the futures of emails that are written before a session asks;
    ``_write_several`` adds them, ``write`` takes them, and a result of None means that the email has to be written
    again. ``_alone`` has the steps whose last email broke a limit: the next one is written alone, so that it has the
    limits for itself.
    """

    def __init__(self, key: str, order: Callable[[ClaimedEmail], RenderRequest]) -> None:
        self._key = key
        self._order = order
        self._coming: dict[str, OrderedDict[str, ClaimedEmail]] = {}
        self._alone: set[str] = set()
        self._ahead: dict[str, asyncio.Future[RenderedEmail | RenderFailure | None]] = {}

    def expect(self, sends: Sequence[ClaimedEmail]) -> None:
        """Note which emails sessions will ask for, in their order."""
        for send in sends:
            self._coming.setdefault(send.step_id, OrderedDict())[send.id] = send

    async def write(self, send: ClaimedEmail) -> RenderedEmail | RenderFailure:
        """Write an email. Raises WorkersBusyError."""
        coming = self._coming.get(send.step_id, OrderedDict())
        coming.pop(send.id, None)
        ahead = self._ahead.pop(send.id, None)
        if ahead is not None and (made := await asyncio.shield(ahead)) is not None:
            return made
        order = self._order(send)
        try:
            return await write_quickly(self._key, order)
        except SlowWorkError:
            return await self._write_several(send.step_id, order, coming)

    async def _write_several(
        self, step_id: str, order: RenderRequest, coming: OrderedDict[str, ClaimedEmail]
    ) -> RenderedEmail | RenderFailure:
        """Write one email, and the next ones of its step as far as they fit into the call."""
        most = (
            0 if step_id in self._alone else min(MAX_BATCH_ITEMS - 1, MAX_EMAILS_AHEAD - len(self._ahead), len(coming))
        )
        others = [coming.popitem(last=False)[1] for _ in range(most)]
        orders = [(each, theirs) for each in others if (theirs := self._order_or_none(each)) is not None]
        others = [each for each, _ in orders]
        waiting = {each.id: asyncio.get_running_loop().create_future() for each in others}
        self._ahead |= waiting
        written: Sequence[RenderedEmail | RenderFailure] = ()
        try:
            written = await write_slowly(self._key, [order, *(theirs for _, theirs in orders)])
            limit = isinstance(written[0], RenderFailure) and written[0].why.code == TemplateCode.TEMPLATE_LIMIT
            (self._alone.add if limit else self._alone.discard)(step_id)
            return written[0]
        finally:
            made = dict(zip(waiting, written[1:], strict=False))
            for each in others:
                waiting[each.id].set_result(made.get(each.id))
                if each.id not in made and self._ahead.pop(each.id, None) is not None:
                    coming[each.id] = each

    def _order_or_none(self, send: ClaimedEmail) -> RenderRequest | None:
        """Return the order of an email, or None where that fails: the error is raised when a session asks for it."""
        try:
            return self._order(send)
        except Exception:
            log.debug("the email %s cannot be written ahead", send.id, exc_info=True)
            return None
