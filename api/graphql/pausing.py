"""Pause and resume campaigns and launches, and preview what resuming would do."""

from datetime import datetime
from typing import Any, cast

import strawberry

from api.graphql.authoring import CampaignPayload
from api.graphql.engine.context import Request
from api.graphql.engine.errors import payload_of
from api.graphql.launches import StartLaunchPayload
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import STEPS, WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns.pausing import launch_control, pausing, resume_preview


@strawberry.type(description="When an email goes out before and after a resume.")
class MovedEmail:
    """A pair of instants."""

    before: datetime = strawberry.field(description="When it was due. UTC.")
    after: datetime = strawberry.field(description="When it would go out. UTC.")


@strawberry.type(description="What resuming would do to the emails of one step.")
class ResumeStepPreview:
    """One step of the campaign."""

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
    """The whole campaign."""

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


@strawberry.type
class PausingMutation:
    """Pausing and resuming."""

    @strawberry.mutation(
        metadata=cost(3_000),
        description="Pause a campaign: from now on none of its emails begins to leave, and its launches in the "
        "background enroll nobody. What is being handed over just now comes to its end. Tasks go on, and "
        "none expires meanwhile: resuming gives each as much more time.",
    )
    @payload_of(CampaignPayload)
    async def pause_campaign(self, info: Request, id: strawberry.ID) -> CampaignPayload:  # noqa: A002
        """Pause a campaign."""
        return CampaignPayload(campaign=cast(Any, await pausing.pause_campaign(info.context.workspace_context, id)))

    @strawberry.mutation(
        metadata=cost(5_000),
        description="Resume a campaign. For each person with something overdue, everything unsent moves by the same "
        "whole days (working days where weekends are skipped), the fewest that leave nothing overdue; wall times "
        "stay. An email that was to leave at once when the pause began leaves at once when it ends on the same day, "
        "and moves nothing. `resumePreview` says beforehand how many move, and to when.",
    )
    @payload_of(CampaignPayload)
    async def resume_campaign(self, info: Request, id: strawberry.ID) -> CampaignPayload:  # noqa: A002
        """Resume a campaign."""
        return CampaignPayload(campaign=cast(Any, await pausing.resume_campaign(info.context.workspace_context, id)))

    @strawberry.mutation(description="Let a launch in the background enroll nobody else until it is resumed.")
    @payload_of(StartLaunchPayload)
    async def pause_launch(self, info: Request, id: strawberry.ID) -> StartLaunchPayload:  # noqa: A002
        """Pause a launch."""
        return StartLaunchPayload(
            launch=cast(Any, await launch_control.pause_launch(info.context.workspace_context, id))
        )

    @strawberry.mutation(
        description="Let a paused launch go on: whoever is left is launched as of now. A send-at that has passed "
        "meanwhile moves by whole days and keeps its wall time in the sender's zone; a launch for now sends now."
    )
    @payload_of(StartLaunchPayload)
    async def resume_launch(self, info: Request, id: strawberry.ID) -> StartLaunchPayload:  # noqa: A002
        """Resume a launch."""
        return StartLaunchPayload(
            launch=cast(Any, await launch_control.resume_launch(info.context.workspace_context, id))
        )
