"""The texts of a sender that emails contain: the job title and the signature."""

from collections.abc import Mapping
from typing import NamedTuple

from api.mail.message.signature import NO_SIGNATURE, SIGNATURE_FIELD, Signature
from api.models import Sender

TITLE_FIELD = "my_title"


class SenderTexts(NamedTuple):
    """The texts of one sender. ``fields`` are the dynamic fields with them."""

    signature: Signature
    fields: Mapping[str, str]

    @classmethod
    def of(cls, title: str, html: str, appended: bool) -> "SenderTexts":
        """Return the texts from the columns of a sender."""
        if not title and not html:
            return NO_TEXTS
        signature = Signature(html, appended)
        return cls(signature, {TITLE_FIELD: title, SIGNATURE_FIELD: signature.text})


NO_TEXTS = SenderTexts(NO_SIGNATURE, {})


async def load_sender_texts(sender_id: str) -> SenderTexts:
    """Return the texts of a sender."""
    columns = "title", "signature", "append_signature"
    rows = await Sender.filter(id=sender_id).values_list(*columns)
    return SenderTexts.of(*rows[0]) if rows else NO_TEXTS


def sender_texts(sender: Sender) -> SenderTexts:
    """Return the texts of a sender whose row is loaded."""
    return SenderTexts.of(sender.title, sender.signature, sender.append_signature)
