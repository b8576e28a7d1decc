"""The content of compose windows."""

import strawberry

from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import PROMPTS
from api.services.tasks.tasks import Compose


@strawberry.type(description="An email as a compose window shows it, rendered for its person.")
class Composition:
    to: str = strawberry.field(description="The person's email address.")
    subject: str = strawberry.field(description="Subject line, rendered for the person.")
    html: str = strawberry.field(
        description="HTML body, rendered for the person, to edit and pass to `sendTask` or `editEmail`. "
        "Without the email that a follow-up quotes: see `quotedHtml`."
    )
    text: str = strawberry.field(description="Text body, rendered for the person, without `quotedText`.")
    quoted_html: str | None = strawberry.field(
        description="The earlier email, with a heading, that is appended to a follow-up when it is sent. "
        "HTML; null if this is not a follow-up."
    )
    quoted_text: str | None = strawberry.field(
        description="The earlier email as text; null if this is not a follow-up."
    )
    prompts: list[str] = strawberry.field(
        metadata=cost(size=PROMPTS, plain_at=5),
        description="Field prompts that are still in the email, such as `Introduce yourself` for `{{! "
        "Introduce yourself }}`. The email cannot be sent until they are replaced.",
    )
    gmail_url: str = strawberry.field(description="Link that opens the email in Gmail.")
    outlook_url: str = strawberry.field(description="Link that opens the email in Outlook on the web.")
    mailto_url: str = strawberry.field(description="Link that opens the email in the computer's mail program.")
    body_left_out: bool = strawberry.field(
        description="Whether the body is too long for the links, which then contain only recipient and subject."
    )


def composition_of(made: Compose) -> Composition:
    """Return the content of a compose window."""
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
