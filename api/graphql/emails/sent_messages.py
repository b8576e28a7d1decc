"""What was sent: the fields of an email that are read from the message as the channel got it."""

from typing import Any

import strawberry

from api.graphql.engine.graphql_context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import EMAIL_HEADERS, RECIPIENTS
from api.mail.message.sent_message import SentMessage
from api.states import UNTRANSMITTED_STATUSES, SendStatus

HEADER_POINTS, PART_POINTS = 30, 90
UNKNOWN = (
    "Null until the transmission begins (`composition` shows what an unsent email will say), for emails that were sent"
    " before this was recorded, and after the content has expired (TOUCHLINE_CONTENT_DAYS) or was erased."
)


@strawberry.type(description="A name and an address in a header of an email.")
class MailAddress:
    """A Mailbox of api.mail.message.sent_message."""

    name: str = strawberry.field(description="Name beside the address, such as `Ada Lovelace`; may be empty.")
    address: str = strawberry.field(description="The address, such as `ada@example.com`.")


@strawberry.type(description="One header of an email that was sent.")
class EmailHeader:
    """A Header of api.mail.message.sent_message."""

    name: str = strawberry.field(description="Name as it was sent, such as `List-Unsubscribe`.")
    value: str = strawberry.field(
        description="Value in one line. Text that is not ASCII is in the encoded words of RFC 2047, as it was sent."
    )


@strawberry.type
class SentFields:
    """The fields of Email that are read from its sent message."""

    id: strawberry.Private[Any]
    status: strawberry.Private[SendStatus]

    @strawberry.field(
        name="subject", metadata=cost(HEADER_POINTS), description=f"Subject as it was sent, rendered. {UNKNOWN}"
    )
    async def sent_subject(self, info: Request) -> str | None:
        message = await sent_message(self, info)
        return None if message is None else message.subject

    @strawberry.field(
        name="html",
        metadata=cost(PART_POINTS),
        description="HTML part as it was sent, with its tracked links, its invisible image if opens are tracked, and"
        " its unsubscribe line. To show it without counting an open, block remote images. Null as `subject` is.",
    )
    async def sent_html(self, info: Request) -> str | None:
        message = await sent_message(self, info)
        return None if message is None else message.html

    @strawberry.field(
        name="text", metadata=cost(PART_POINTS), description="Text part as it was sent. Null as `subject` is."
    )
    async def sent_text(self, info: Request) -> str | None:
        message = await sent_message(self, info)
        return None if message is None else message.text

    @strawberry.field(
        name="from",
        metadata=cost(HEADER_POINTS),
        description="The sender's name and address as sent. Null as `subject` is.",
    )
    async def sent_from(self, info: Request) -> MailAddress | None:
        message = await sent_message(self, info)
        return None if message is None else _mailboxes(message, "from")[0]

    @strawberry.field(
        metadata=cost(HEADER_POINTS, size=RECIPIENTS),
        description="Recipients in the header To, as sent. Null as `subject` is.",
    )
    async def to(self, info: Request) -> list[MailAddress] | None:
        message = await sent_message(self, info)
        return None if message is None else _mailboxes(message, "to")

    @strawberry.field(
        metadata=cost(HEADER_POINTS, size=RECIPIENTS),
        description="Where replies go, as sent; empty if that is the address in `from`. Null as `subject` is.",
    )
    async def reply_to(self, info: Request) -> list[MailAddress] | None:
        message = await sent_message(self, info)
        return None if message is None else _mailboxes(message, "reply-to")

    @strawberry.field(
        metadata=cost(HEADER_POINTS, size=EMAIL_HEADERS),
        description="All headers in their order, as Touchline gave the email to the channel. Channels and mail servers"
        " add more, such as DKIM-Signature and Received. Null as `subject` is.",
    )
    async def headers(self, info: Request) -> list[EmailHeader] | None:
        message = await sent_message(self, info)
        return None if message is None else [EmailHeader(name=name, value=value) for name, value in message.headers]

    @strawberry.field(
        metadata=cost(HEADER_POINTS),
        description="Link from which a browser downloads the email as it was sent, with its attachments, for mail "
        "programs (`message/rfc822`). It works for 10 minutes without a token, so give it only to the user. Null as "
        "`subject` is, and without TOUCHLINE_SECRET: then `GET /emails/ID.eml` needs the token in its header.",
    )
    async def eml_url(self, info: Request) -> str | None:
        runtime = info.context.runtime
        if runtime.eml_links is None or await sent_message(self, info) is None:
            return None
        return runtime.eml_links.url(str(self.id), runtime.clock())


async def sent_message(email: Any, info: Request) -> SentMessage | None:
    """Return the message of an email as it was sent. None if it was not transmitted, or its content is not kept."""
    if email.status in UNTRANSMITTED_STATUSES:
        return None
    found: SentMessage | None = await info.context.loaders.sent_message.load(str(email.id))
    return found


def _mailboxes(message: SentMessage, name: str) -> list[MailAddress]:
    return [MailAddress(name=found.name, address=found.address) for found in message.mailboxes(name)]
