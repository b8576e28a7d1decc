"""Answers about a copy of a one-off email (CC or BCC): they are about its address, not about the person in To."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.mail.reading import FailedRecipient
from api.services.replies.findings import Finding
from api.services.replies.matching import key_or_none
from api.store.emails import one_off_emails

Copies = Mapping[str, str]
"""The addresses that got a copy of an email, by their keys."""
NO_COPIES: Copies = {}


async def copies_of(sends: Sequence[Any]) -> dict[str, Copies]:
    """Return the addresses that got a copy of these emails, by the email's id. Most emails have none."""
    ids = [send.id for send in sends if send.enrollment_id is None]
    found = await one_off_emails.copies_of(ids) if ids else {}
    return {
        send_id: {key: address for address in addresses if (key := key_or_none(address)) is not None}
        for send_id, addresses in found.items()
    }


def address_of_copy(finding: Finding, copies: Copies) -> str | None:
    """Return the address of the copy that an answer is about, or that it comes from; None if it is about no copy."""
    for address in (*finding.addresses, finding.reply.sender):
        if (key := key_or_none(address)) in copies:
            return copies[str(key)]
    return None


@dataclass(frozen=True, slots=True)
class Failures:
    """The failed recipients of a bounce: those that are not copies, and the addresses of copies."""

    others: Sequence[FailedRecipient]
    copies: Sequence[tuple[str, FailedRecipient]]

    @property
    def only_copies(self) -> bool:
        """Whether the email has reached its recipient, as far as the bounce says."""
        return bool(self.copies) and not self.others


def split_failures(failures: Sequence[FailedRecipient], copies: Copies) -> Failures:
    """Return the failures of a bounce, with those of copies apart."""
    found = [(copies.get(str(key_or_none(each.address))), each) for each in failures]
    return Failures(
        [each for address, each in found if address is None],
        [(address, each) for address, each in found if address is not None],
    )
