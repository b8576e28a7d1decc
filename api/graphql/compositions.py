"""Emails as compose windows show them."""

import strawberry

from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import PROMPTS
from api.services.tasks.tasks import Compose


@strawberry.type(description="An email as a compose window shows it, rendered for its person.")
class Composition:
    to: str = strawberry.field(description="The person's address.")
    subject: str = strawberry.field(description="Rendered subject.")
    html: str = strawberry.field(
        description="Rendered HTML, to edit and to give to `sendTask`. Without the email that a follow-up quotes: see "
        "`quotedHtml`."
    )
    text: str = strawberry.field(description="Rendered text, without `quotedText`.")
    quoted_html: str | None = strawberry.field(
        description="The earlier email with its heading, which a follow-up appends as it leaves; null for no follow-up."
    )
    quoted_text: str | None = strawberry.field(description="The same as text; null for no follow-up.")
    prompts: list[str] = strawberry.field(
        metadata=cost(size=PROMPTS, plain_at=5),
        description="Field prompts that are still in the email, such as `Introduce yourself` for "
        "`{{! Introduce yourself }}`. With one of them the email cannot leave.",
    )
    gmail_url: str = strawberry.field(description="Opens it in Gmail.")
    outlook_url: str = strawberry.field(description="Opens it in Outlook on the web.")
    mailto_url: str = strawberry.field(description="Opens it in the mail program of the machine.")
    body_left_out: bool = strawberry.field(
        description="Whether the body was too long for the links, which then lack it."
    )


def shown(made: Compose) -> Composition:
    """Return what a compose window is filled with."""
    return Composition(
        to=made.to,
        subject=made.subject,
        html=made.html,
        text=made.text,
        quoted_html=made.quoted_html,
        quoted_text=made.quoted_text,
        prompts=list(made.prompts),
        gmail_url=made.links.gmail,
        outlook_url=made.links.outlook,
        mailto_url=made.links.mailto,
        body_left_out=made.links.body_left_out,
    )
