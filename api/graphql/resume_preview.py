"""Preview of resuming a paused campaign."""

from datetime import datetime
from typing import Any, cast

import strawberry

from api.graphql.engine.context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import STEPS, WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns.pausing import resume_preview


@strawberry.type(description="When an email goes out before and after a resume.")
class MovedEmail:
    before: datetime = strawberry.field(description="When it was due. UTC.")
    after: datetime = strawberry.field(description="When it would go out. UTC.")


@strawberry.type(description="What resuming would do to the emails of one step.")
class ResumeStepPreview:
    step: int = strawberry.field(description="Number of the step.")
    moving: int = strawberry.field(description="For how many people its email would move.")
    staying: int = strawberry.field(description="For how many people its email would keep its time.")
    at_once: int = strawberry.field(
        description="Of those in `staying`: for how many people its email would go out as soon as the campaign is "
        "resumed, because it was to leave at once when the pause began, and that was on the same day."
    )
    first: MovedEmail | None = strawberry.field(description="The earliest that would move; null when none would.")
    last: MovedEmail | None = strawberry.field(description="The latest that would move; null when none would.")


@strawberry.type(description="What resuming a campaign at this moment would do. Nothing is written.")
class ResumePreview:
    at: datetime = strawberry.field(description="The moment for which this is true. UTC.")
    held_emails: int = strawberry.field(description="Emails on hold.")
    moving_people: int = strawberry.field(
        description="People with something overdue: all that they still get moves by the same whole days."
    )
    staying_people: int = strawberry.field(
        description="People with nothing overdue but what leaves at once: their emails keep their times."
    )
    steps: list[ResumeStepPreview] = strawberry.field(
        metadata=cost(size=STEPS, plain_at=5), description="By step, those that have emails on hold."
    )
    warnings: list[WarningLine] = strawberry.field(
        metadata=cost(size=WARNINGS),
        description="What to think about before resuming: `OUT_OF_ORDER` and `FOLLOW_UP_WAITS`, among people with "
        "emails on hold.",
    )


@strawberry.type
class ResumePreviewQuery:
    @strawberry.field(
        metadata=cost(5_000, queries=True),
        description="What resuming a paused campaign at this moment would do: how many emails move, and to when. "
        "Nothing is written.",
    )
    async def resume_preview(self, info: Request, campaign_id: strawberry.ID) -> ResumePreview:
        return await preview(info, campaign_id)


async def preview(info: Request, campaign_id: str) -> ResumePreview:
    """Resolve what resuming would do."""
    found = await resume_preview.resume_preview(info.context.workspace_context, campaign_id)
    return ResumePreview(
        at=found.at,
        held_emails=found.held_emails,
        moving_people=found.moving_people,
        staying_people=found.staying_people,
        steps=cast(Any, found.steps),
        warnings=warning_lines(found.warnings),
    )
