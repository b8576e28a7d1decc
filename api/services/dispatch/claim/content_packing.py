"""Pack the emails of a batch, so that the ledger can store what is sent."""

import asyncio

from api.mail.message.packing import MAX_QUICK_PACKING_BYTES, MessageBase, base_of, message_base
from api.services.dispatch.claim.batch_rendering import OrderOf
from api.store.dispatch.claimed_email import ClaimedEmail
from api.store.emails.sent_contents import PackedContent


class ContentPacking:
    """Packs the emails of one batch.

    ``placeholder_order`` of the calls returns the data for an email without values of its person. ``_bases`` has a base
    for each step, and one for emails without a step. ``pack`` fills it.
    """

    def __init__(self, workspace_id: str) -> None:
        self._workspace_id = workspace_id
        self._bases: dict[str | None, MessageBase] = {}

    async def pack(self, send: ClaimedEmail, message: bytes, placeholder_order: OrderOf) -> PackedContent:
        """Pack an email: a large one in a thread, because that takes milliseconds."""
        if len(message) <= MAX_QUICK_PACKING_BYTES:
            return self.pack_small(send, message, placeholder_order)
        base = self._base(send, placeholder_order)
        return PackedContent(send.id, base, await asyncio.to_thread(base.pack_large, message))

    def pack_small(self, send: ClaimedEmail, message: bytes, placeholder_order: OrderOf) -> PackedContent:
        """Pack an email of up to MAX_QUICK_PACKING_BYTES."""
        base = self._base(send, placeholder_order)
        return PackedContent(send.id, base, base.pack(message))

    def _base(self, send: ClaimedEmail, placeholder_order: OrderOf) -> MessageBase:
        base = self._bases.get(send.step_id)
        if base is None:
            base = message_base(self._workspace_id, base_of(placeholder_order(send)))
            self._bases[send.step_id] = base
        return base
