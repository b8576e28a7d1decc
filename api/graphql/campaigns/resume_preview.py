"""Preview of resuming a paused campaign."""

from datetime import datetime

import strawberry

from api.graphql.arguments.ids import CampaignId
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import STEPS, WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns.pausing import resume_preview


@strawberry.type(description="The send time of an email before and after a resume.")
class MovedEmail:
    before: datetime = strawberry.field(description="When the email was due before the resume. UTC.")
    after: datetime = strawberry.field(description="When the email would be sent after the resume. UTC.")


@strawberry.type(description="What resuming would do to the emails of one step.")
class ResumeStepPreview:
    step: int = strawberry.field(description="Number of the step in the campaign, counted from 1.")
    moving: int = strawberry.field(description="Number of emails on hold that would move to another day.")
    staying: int = strawberry.field(description="Number of emails on hold that would keep their time.")
    at_once: int = strawberry.field(
        description="How many of `staying` would be sent immediately on resuming, because they were due "
        "immediately when the pause began on the same day."
    )
    first: MovedEmail | None = strawberry.field(description="The earliest email that would move; null if none would.")
    last: MovedEmail | None = strawberry.field(description="The latest email that would move; null if none would.")


@strawberry.type(description="What resuming a campaign would do now. Nothing is written.")
class ResumePreview:
    at: datetime = strawberry.field(description="When this preview was calculated. UTC.")
    exact: bool = strawberry.field(
        description="Whether the preview covers everyone. It is false if more than 2,000 different combinations of "
        "times occur in the campaign. Then the numbers are those of `calculatedPeople`, and a warning says so."
    )
    people: int = strawberry.field(description="Number of people with emails on hold.")
    calculated_people: int = strawberry.field(
        description="Number of people that the other numbers cover: `people` if `exact`, otherwise fewer. The most "
        "frequent combinations of times are covered first."
    )
    held_emails: int = strawberry.field(description="Number of emails on hold because of the pause.")
    moving_people: int = strawberry.field(
        description="Number of people with something overdue. All their remaining emails would move by "
        "the same number of whole days."
    )
    staying_people: int = strawberry.field(
        description="Number of people with nothing overdue, apart from emails that are sent immediately. "
        "Their emails would keep their times."
    )
    steps: list[ResumeStepPreview] = strawberry.field(
        metadata=cost(size=STEPS, plain_at=5), description="The steps that have emails on hold, in order."
    )
    warnings: list[WarningLine] = strawberry.field(
        metadata=cost(size=WARNINGS),
        description="What to consider before resuming: `OUT_OF_ORDER` and `FOLLOW_UP_WAITS`, among "
        "people with emails on hold.",
    )


@strawberry.type
class ResumePreviewQuery:
    @strawberry.field(
        metadata=cost(5_000, queries=True),
        description="What resuming a paused campaign would do now: how many emails move, and to when. "
        "Nothing is written.",
    )
    async def resume_preview(self, info: Request, campaign_id: CampaignId) -> ResumePreview:
        return await preview(info, campaign_id)


async def preview(info: Request, campaign_id: str) -> ResumePreview:
    """Calculate the effect of a resume."""
    found = await resume_preview.resume_preview(info.context.workspace_context, campaign_id)
    return ResumePreview(
        at=found.at,
        exact=found.exact,
        people=found.people,
        calculated_people=found.calculated_people,
        held_emails=found.held_emails,
        moving_people=found.moving_people,
        staying_people=found.staying_people,
        steps=[from_row(ResumeStepPreview, step) for step in found.steps],
        warnings=warning_lines(found.warnings),
    )
