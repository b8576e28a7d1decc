"""Mutations that launch campaigns, and that pause, resume and cancel launches."""

from typing import Any, cast

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.enrollments import Enrollment
from api.graphql.launch_inputs import LaunchInput, StartLaunchInput, arguments, choice, placed
from api.graphql.launches import Launch
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns.pausing import launch_control
from api.services.launches import background_launch, launch, launch_warnings


@strawberry.type(description="The enrollments, or why nobody was enrolled.")
class LaunchPayload(Payload):
    enrollments: list[Enrollment] = strawberry.field(
        metadata=cost(sized_by_parent=True), default_factory=list, description="One for each person."
    )


@strawberry.type(description="The launch in the background, or why it did not begin.")
class StartLaunchPayload(Payload):
    launch: Launch | None = strawberry.field(default=None, description="Ask it for its progress.")

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What to think about in a launch that goes on, such as `OUT_OF_ORDER`, by the sender's zone: "
        "people with a zone of their own may get other times. `cancelLaunch` stops it, and `launchPreview` tells "
        "it beforehand.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        if self.launch is None:
            return []
        return warning_lines(await launch_warnings.warnings_of(info.context.workspace_context, cast(Any, self.launch)))


@strawberry.type
class LaunchMutation:
    @mutation(
        metadata=cost(1_000, sized_by=("input", "personIds"), size_most=launch.MAX_PEOPLE, each=4, once=1),
        description="Launch a campaign by adding people. Everyone is enrolled, or nobody: then `errors` says why. "
        "People for whom this campaign has ended before are refused with `ENDED_BEFORE`, unless `again` is true.",
    )
    async def launch(self, info: Request, input: LaunchInput) -> LaunchPayload:
        given = arguments(input)
        with placed(input):
            return LaunchPayload(
                enrollments=cast(Any, await launch.launch(info.context.workspace_context, *given, again=input.again))
            )

    @mutation(
        metadata=cost(5_000, once=3),
        description="Launch a campaign for many people, or for everyone, in the background. Who cannot be enrolled is "
        "left out and listed, as are people for whom this campaign has ended before (`ENDED_BEFORE`), unless "
        "`again` is true; nobody is enrolled twice, whatever happens meanwhile. A workspace runs up to 20 launches in "
        "the background at once (`TOO_MANY_LAUNCHES`).",
    )
    async def start_launch(self, info: Request, input: StartLaunchInput) -> StartLaunchPayload:
        ids = None if input.person_ids is None else [str(person) for person in input.person_ids]
        chosen = choice(input)
        with placed(input):
            started = await background_launch.start_launch(
                info.context.workspace_context, str(input.campaign_id), ids, chosen, again=input.again
            )
        return StartLaunchPayload(launch=from_row(Launch, started))

    @mutation(
        description="Let a launch in the background enroll nobody else. Who is enrolled stays; endCampaign ends it "
        "for them, and cancels its launches itself."
    )
    async def cancel_launch(self, info: Request, id: strawberry.ID) -> StartLaunchPayload:
        row = await background_launch.cancel_launch(info.context.workspace_context, id)
        return StartLaunchPayload(launch=from_row(Launch, row))

    @mutation(description="Let a launch in the background enroll nobody else until it is resumed.")
    async def pause_launch(self, info: Request, id: strawberry.ID) -> StartLaunchPayload:
        row = await launch_control.pause_launch(info.context.workspace_context, id)
        return StartLaunchPayload(launch=from_row(Launch, row))

    @mutation(
        description="Let a paused launch go on: whoever is left is launched as of now. A send-at that has passed "
        "meanwhile moves by whole days and keeps its wall time in the sender's zone; a launch for now sends now."
    )
    async def resume_launch(self, info: Request, id: strawberry.ID) -> StartLaunchPayload:
        row = await launch_control.resume_launch(info.context.workspace_context, id)
        return StartLaunchPayload(launch=from_row(Launch, row))
