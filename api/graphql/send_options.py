"""The send options that are available for a step."""

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.ids import CampaignId
from api.graphql.engine.context import Request
from api.graphql.engine.language import Language
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import LANGUAGES, OPTIONS_OF_DAY
from api.services.campaigns import queries
from api.services.common.context import WorkspaceContext
from strategies import Position, SendOption, step_checks
from strategies.option_calls import availability

Number = Annotated[int | None, strawberry.argument(description="1 is first among the day's steps; left out, last.")]


@strawberry.type(
    description="A send option at a place in a campaign: everything a form needs to offer it, or to "
    "say why it is not offered."
)
class SendOptionOffer:
    option: strawberry.Private[SendOption]
    package_name: strawberry.Private[str]
    at: strawberry.Private[Position]

    @strawberry.field(description="Key of the option, such as `at_time`. Use it as a step's `sendOption`.")
    def key(self) -> str:
        return self.option.key

    @strawberry.field(description='Name of the option for reps, such as "Send this email at the following time".')
    def label(self, language: Language = "en") -> str:
        return self.option.labels.get(language, self.option.labels["en"])

    @strawberry.field(description="One or two sentences that explain the option to reps.")
    def help(self, language: Language = "en") -> str:
        return self.option.help.get(language, self.option.help["en"])

    @strawberry.field(
        metadata=cost(size=LANGUAGES), description="Codes of the languages in which label and help exist, such as `en`."
    )
    def languages(self) -> list[str]:
        return sorted(self.option.labels)

    @strawberry.field(metadata=cost(10), description="Whether an email step can use the option at this place.")
    def available(self) -> bool:
        return availability(self.option, self.at).offered

    @strawberry.field(
        metadata=cost(10),
        description="Error code with which a step would be refused here, such as `NO_EARLIER_EMAIL`; "
        "null if the option is available.",
    )
    def reason_code(self) -> str | None:
        return availability(self.option, self.at).code

    @strawberry.field(metadata=cost(10), description="Why the option is not available here, for reps; null if it is.")
    def reason(self) -> str | None:
        return availability(self.option, self.at).reason

    @strawberry.field(
        metadata=cost(10),
        description='What to consider before choosing the option here, such as "not recommended"; null if nothing.',
    )
    def warning(self) -> str | None:
        return availability(self.option, self.at).warning

    @strawberry.field(metadata=cost(20), description="JSON Schema of the step's `config` for this option.")
    def config_schema(self) -> JSON:
        return JSON(dict(self.option.config_schema))

    @strawberry.field(description="Whether launching must say when the email is sent: `sendNow` or `sendAt`.")
    def asks_send_at(self) -> bool:
        return self.option.asks_send_at

    @strawberry.field(description="Whether launching may give the step another time of day, by `times`.")
    def takes_time(self) -> bool:
        return self.option.takes_time

    @strawberry.field(description="Whether a rep sends the email, from a task.")
    def creates_task(self) -> bool:
        return self.option.creates_task

    @strawberry.field(description="Name of the Python package that provides the option, such as `touchline`.")
    def package(self) -> str:
        return self.package_name


@strawberry.type(description="Whether a step at a place in a campaign can be a follow-up.")
class FollowUpOffer:
    available: bool = strawberry.field(
        description="Whether the step directly before this place is an email, so that a follow-up can quote it."
    )


@strawberry.type
class SendOptionQuery:
    @strawberry.field(
        metadata=cost(300, size=OPTIONS_OF_DAY, queries=True),
        description="Every installed send option, and whether an email step could use it at a place in a "
        "campaign. For a form that adds a step.",
    )
    async def send_options(
        self,
        info: Request,
        campaign_id: CampaignId,
        day: Annotated[int, strawberry.argument(description="The day on which the step would be, 1 to 365.")],
        position: Number = None,
    ) -> list[SendOptionOffer]:
        context = info.context.workspace_context
        return offers(context, await queries.place_of_new_email(context, campaign_id, day, position))

    @strawberry.field(
        metadata=cost(300, queries=True),
        description="Whether an email step at a place in a campaign could be a follow-up. For a form that adds a step.",
    )
    async def follow_up(
        self,
        info: Request,
        campaign_id: CampaignId,
        day: Annotated[int, strawberry.argument(description="The day on which the step would be, 1 to 365.")],
        position: Number = None,
    ) -> FollowUpOffer:
        place = await queries.place_of_new_email(info.context.workspace_context, campaign_id, day, position)
        return FollowUpOffer(available=step_checks.follow_up_offered(place))


def offers(context: WorkspaceContext, at: Position) -> list[SendOptionOffer]:
    """Return every installed option with its availability at a position."""
    options = context.installed.send_options
    return [
        SendOptionOffer(option=option, package_name=options.distribution(key), at=at) for key, option in options.items()
    ]
