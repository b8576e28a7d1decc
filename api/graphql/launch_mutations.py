"""Mutations that launch campaigns, and that pause, resume and cancel launches."""

from typing import Any, cast

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.enrollments import Enrollment
from api.graphql.launch_inputs import LaunchInput, StartLaunchInput, arguments, choice, placed
from api.graphql.launches import Launch
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns.pausing import launch_control
from api.services.launches import background_launch, launch, launch_warnings


@strawberry.type(description="The enrollments, or why nobody was enrolled.")
class LaunchPayload:
    """Answer of launch."""

    enrollments: list[Enrollment] = strawberry.field(
        metadata=cost(sized_by_parent=True), default_factory=list, description="One for each person."
    )
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when everyone was enrolled."
    )


@strawberry.type(description="The launch in the background, or why it did not begin.")
class StartLaunchPayload:
    """Answer of startLaunch, pauseLaunch, resumeLaunch and cancelLaunch."""

    launch: Launch | None = strawberry.field(default=None, description="Ask it for its progress.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What to think about in a launch that goes on, such as `OUT_OF_ORDER`, by the sender's zone: "
        "people with a zone of their own may get other times. `cancelLaunch` stops it, and `launchPreview` tells "
        "it beforehand.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        """Computed when they are asked for."""
        if self.launch is None:
            return []
        return warning_lines(await launch_warnings.warnings_of(info.context.workspace_context, cast(Any, self.launch)))


@strawberry.type
class LaunchMutation:
    """Mutations on launches."""

    @strawberry.mutation(
        metadata=cost(1_000, sized_by=("input", "personIds"), size_most=launch.MAX_PEOPLE, each=4, once=1),
        description="Launch a campaign by adding people. Everyone is enrolled, or nobody: then `errors` says why. "
        "People for whom this campaign has ended before are refused with `ENDED_BEFORE`, unless `again` is true.",
    )
    @payload_of(LaunchPayload)
    async def launch(self, info: Request, input: LaunchInput) -> LaunchPayload:  # noqa: A002
        """Enroll people."""
        given = arguments(input)
        with placed(input):
            return LaunchPayload(
                enrollments=cast(Any, await launch.launch(info.context.workspace_context, *given, again=input.again))
            )

    @strawberry.mutation(
        metadata=cost(5_000, once=3),
        description="Launch a campaign for many people, or for everyone, in the background. Who cannot be enrolled is "
        "left out and listed, as are people for whom this campaign has ended before (`ENDED_BEFORE`), unless "
        "`again` is true; nobody is enrolled twice, whatever happens meanwhile. A workspace runs up to 20 launches in "
        "the background at once (`TOO_MANY_LAUNCHES`).",
    )
    @payload_of(StartLaunchPayload)
    async def start_launch(self, info: Request, input: StartLaunchInput) -> StartLaunchPayload:  # noqa: A002
        """Begin a launch."""
        ids = None if input.person_ids is None else [str(person) for person in input.person_ids]
        chosen = choice(input)
        with placed(input):
            started = await background_launch.start_launch(
                info.context.workspace_context, str(input.campaign_id), ids, chosen, again=input.again
            )
        return StartLaunchPayload(launch=cast(Any, started))

    @strawberry.mutation(
        description="Let a launch in the background enroll nobody else. Who is enrolled stays; endCampaign ends it "
        "for them, and cancels its launches itself."
    )
    @payload_of(StartLaunchPayload)
    async def cancel_launch(self, info: Request, id: strawberry.ID) -> StartLaunchPayload:  # noqa: A002
        """Cancel a launch."""
        return StartLaunchPayload(
            launch=cast(Any, await background_launch.cancel_launch(info.context.workspace_context, id))
        )

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
