"""Mutations that launch campaigns, and that pause, resume and cancel launches."""

from typing import Annotated, Any, cast

import strawberry

from api.graphql.arguments.ids import LaunchId
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.enrollments.enrollments import Enrollment
from api.graphql.launches.launch_inputs import LaunchInput, StartLaunchInput, audience_of, launch_request, request_paths
from api.graphql.launches.launches import Launch
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns.pausing import launch_control
from api.services.common.inputs.request_keys import once, once_for_many
from api.services.launches import launch
from api.services.launches.background import background_launch
from api.services.launches.preview import launch_warnings


@strawberry.type(description="Result of launch: the enrollments, or errors, in which case nobody was enrolled.")
class LaunchPayload(Payload):
    enrollments: list[Enrollment] = strawberry.field(
        metadata=cost(sized_by_parent=True),
        default_factory=list,
        description="One enrollment for each person. Empty if there are errors.",
    )


@strawberry.type(
    description="Result of startLaunch, pauseLaunch, resumeLaunch and cancelLaunch: the launch, or errors."
)
class StartLaunchPayload(Payload):
    launch: Launch | None = strawberry.field(
        default=None, description="The launch after the change; query it for its progress. Null if there are errors."
    )

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="Warnings about the launch, such as `OUT_OF_ORDER`. They are calculated in the sender's time "
        "zone: people with a zone of their own may get other times. "
        "`cancelLaunch` stops the launch. `launchPreview` shows the warnings beforehand.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        if self.launch is None:
            return []
        return warning_lines(await launch_warnings.warnings_of(info.context.workspace_context, cast(Any, self.launch)))


@strawberry.type
class LaunchMutation:
    @mutation(
        metadata=cost(1_000, sized_by=("input", "personIds"), size_most=launch.MAX_PEOPLE, each=4, once=1),
        description="Launch a campaign by enrolling people. Either everyone is enrolled, or nobody: then "
        "`errors` says why. A person whose campaign ended before is refused with "
        "`ENDED_BEFORE`, unless `again` is true.",
    )
    async def launch(
        self,
        info: Request,
        input: Annotated[
            LaunchInput, strawberry.argument(description="The campaign, its new people, and the times chosen for them.")
        ],
    ) -> LaunchPayload:
        context, given = info.context.workspace_context, launch_request(input)
        with request_paths(input):
            rows = await once_for_many(
                context,
                "launch",
                input.key,
                input,
                lambda key: launch.launch(
                    context,
                    given.campaign_id,
                    [str(person) for person in input.person_ids],
                    given.choice,
                    given.per_person,
                    again=input.again,
                    mistakes=given.mistakes,
                    texts=given.texts,
                    key=key,
                ),
            )
        return LaunchPayload(enrollments=[from_row(Enrollment, row) for row in rows])

    @mutation(
        metadata=cost(5_000, once=3),
        description="Launch a campaign in the background: for many people, a group, a filter or everyone. The audience "
        "is fixed when the launch starts. `startLaunchPreview` shows what it does. People who cannot "
        "be enrolled are left out and listed. So are people whose campaign ended before "
        "(`ENDED_BEFORE`), unless `again` is true. Nobody is enrolled twice, whatever "
        "happens in the meantime. A workspace runs up to 20 background launches at once "
        "(`TOO_MANY_LAUNCHES`).",
    )
    async def start_launch(
        self,
        info: Request,
        input: Annotated[
            StartLaunchInput,
            strawberry.argument(description="The campaign, its new people, and the times chosen for them."),
        ],
    ) -> StartLaunchPayload:
        context, given = info.context.workspace_context, launch_request(input)
        with request_paths(input):
            people = await audience_of(info, input)
            started = await once(
                context,
                "startLaunch",
                input.key,
                input,
                lambda key: background_launch.start_launch(
                    context,
                    given.campaign_id,
                    people,
                    given.choice,
                    again=input.again,
                    mistakes=given.mistakes,
                    texts=given.texts,
                    per_person=given.per_person,
                    key=key,
                ),
            )
        return StartLaunchPayload(launch=from_row(Launch, started))

    @mutation(
        description="Stop a background launch. People who are already enrolled stay enrolled; use "
        "endCampaign to end it for them too, which also cancels the launches of the campaign."
    )
    async def cancel_launch(self, info: Request, id: LaunchId) -> StartLaunchPayload:
        row = await background_launch.cancel_launch(info.context.workspace_context, id)
        return StartLaunchPayload(launch=from_row(Launch, row))

    @mutation(description="Pause a background launch: it enrolls nobody until it is resumed.")
    async def pause_launch(self, info: Request, id: LaunchId) -> StartLaunchPayload:
        row = await launch_control.pause_launch(info.context.workspace_context, id)
        return StartLaunchPayload(launch=from_row(Launch, row))

    @mutation(
        description="Resume a paused launch. The remaining people are launched as of now. A send time "
        "that has passed in the meantime moves by whole days and keeps its time of day in "
        "the sender's zone; a launch with `sendNow` sends now."
    )
    async def resume_launch(self, info: Request, id: LaunchId) -> StartLaunchPayload:
        row = await launch_control.resume_launch(info.context.workspace_context, id)
        return StartLaunchPayload(launch=from_row(Launch, row))
