"""The content of compose windows."""

from datetime import datetime

import strawberry

from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import PROMPTS, UNRESOLVED_FIELDS
from api.services.tasks import composing
from api.services.tasks.composing import Compose


@strawberry.type(
    description="What a rep has written for the email of a task and neither sent nor scheduled yet, such as the text "
    "of an email that was withdrawn."
)
class Draft:
    subject: str | None = strawberry.field(
        description="Saved subject, sent as it is; empty if the rep has removed it, null if the step's is rendered."
    )
    html: str | None = strawberry.field(
        metadata=cost(20),
        description="Saved HTML, sent as it is; empty if the rep has removed it, null if the step's template is "
        "rendered.",
    )
    saved_at: datetime | None = strawberry.field(
        description="When the draft was saved or the email withdrawn, UTC; null if an earlier release withdrew it."
    )
    version: int = strawberry.field(
        description="Version of the draft. Pass it as `ifVersion`, so that two windows do not overwrite each other."
    )


def draft_of(saved: composing.Draft) -> Draft:
    """Return a draft."""
    return Draft(subject=saved.subject, html=saved.html, saved_at=saved.saved_at, version=saved.version)


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
    signature: str = strawberry.field(
        description="HTML of the sender's signature, to insert into your own text. It is already part of a "
        "rendered `html`. Empty if there is none."
    )
    prompts: list[str] = strawberry.field(
        metadata=cost(size=PROMPTS, plain_at=5),
        description="Field prompts that are still in the email, such as `Introduce yourself` for `{{! "
        "Introduce yourself }}`. The email cannot be sent until they are replaced.",
    )
    unresolved_fields: list[str] = strawberry.field(
        metadata=cost(size=UNRESOLVED_FIELDS, plain_at=5),
        description="Dynamic fields for which the person has no value, such as `city`. In `subject` and `html` each is "
        "shown as a field prompt, `{{! city }}`. Replace it, or give the person a value. The quoted email of a "
        "follow-up needs the value.",
    )
    draft: Draft | None = strawberry.field(
        description="The draft of the task that `subject` and `html` show; null if there is none."
    )
    draft_version: int = strawberry.field(
        description=(
            "Pass this as `ifVersion` of the next `saveDraft`, also if there is no draft yet. 0 for an email without "
            "a task."
        )
    )
    copy_address: str | None = strawberry.field(
        description="Signed address that the links have in BCC. A copy that arrives there, or in the folder Sent of a "
        "watched mailbox, completes the task. It belongs to this task only, so do not show it to others. Null without "
        "`TOUCHLINE_RETURN_PATH`, in a sandbox, and for an email without a task."
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
        signature=made.signature,
        prompts=list(made.prompts),
        unresolved_fields=list(made.unresolved_fields),
        draft=None if made.draft is None else draft_of(made.draft),
        draft_version=made.draft_version,
        copy_address=made.copy_address,
        gmail_url=made.links.gmail,
        outlook_url=made.links.outlook,
        mailto_url=made.links.mailto,
        body_left_out=made.links.body_left_out,
    )
