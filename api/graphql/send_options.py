"""The send options that a step may have."""

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from api.graphql.engine.context import Request
from api.graphql.engine.language import Language
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import LANGUAGES, OPTIONS_OF_DAY
from api.services.campaigns import reading
from api.services.common.context import WorkspaceContext
from strategies import Position, SendOption, step_checks
from strategies.answers import availability

Number = Annotated[int | None, strawberry.argument(description="1 is first among the day's steps; left out, last.")]


@strawberry.type(description="A send option at a position: what a form needs to offer it, or to say why it does not.")
class SendOptionOffer:
    option: strawberry.Private[SendOption]
    package_name: strawberry.Private[str]
    at: strawberry.Private[Position]

    @strawberry.field(description="Give it as a step's `sendOption`.")
    def key(self) -> str:
        return self.option.key

    @strawberry.field(description="What a rep reads.")
    def label(self, language: Language = "en") -> str:
        return self.option.labels.get(language, self.option.labels["en"])

    @strawberry.field(description="One or two sentences more.")
    def help(self, language: Language = "en") -> str:
        return self.option.help.get(language, self.option.help["en"])

    @strawberry.field(metadata=cost(size=LANGUAGES), description="The languages that label and help exist in.")
    def languages(self) -> list[str]:
        return sorted(self.option.labels)

    @strawberry.field(metadata=cost(10), description="Whether it is offered at this position.")
    def available(self) -> bool:
        return availability(self.option, self.at).offered

    @strawberry.field(metadata=cost(10), description="The code with which authoring would refuse it here.")
    def reason_code(self) -> str | None:
        return availability(self.option, self.at).code

    @strawberry.field(metadata=cost(10), description="Why it is not offered here.")
    def reason(self) -> str | None:
        return availability(self.option, self.at).reason

    @strawberry.field(
        metadata=cost(10), description='What to think about before choosing it here, such as "not recommended".'
    )
    def warning(self) -> str | None:
        return availability(self.option, self.at).warning

    @strawberry.field(metadata=cost(20), description="JSON Schema of the step's `config` for this option.")
    def config_schema(self) -> JSON:
        return JSON(dict(self.option.config_schema))

    @strawberry.field(description="Whether launching must give a send-at.")
    def asks_send_at(self) -> bool:
        return self.option.asks_send_at

    @strawberry.field(description="Whether launching may give a new wall time.")
    def takes_time(self) -> bool:
        return self.option.takes_time

    @strawberry.field(description="Whether a person sends the email, from a task.")
    def creates_task(self) -> bool:
        return self.option.creates_task

    @strawberry.field(description="The package that brought it.")
    def package(self) -> str:
        return self.package_name


@strawberry.type(description="Whether the follow-up checkbox is shown at a position.")
class FollowUpOffer:
    available: bool = strawberry.field(description="Whether the directly preceding step is an email.")


@strawberry.type
class SendOptionQuery:
    @strawberry.field(
        metadata=cost(300, size=OPTIONS_OF_DAY, queries=True),
        description="Every installed send option, with its availability for an email step that would be added to a day "
        "of a campaign, at a position among the day's steps.",
    )
    async def send_options(
        self, info: Request, campaign_id: strawberry.ID, day: int, position: Number = None
    ) -> list[SendOptionOffer]:
        context = info.context.workspace_context
        return offers(context, await reading.place_of_new_email(context, campaign_id, day, position))

    @strawberry.field(
        metadata=cost(300, queries=True),
        description="Whether an email step that would be added there may be a follow-up.",
    )
    async def follow_up(
        self, info: Request, campaign_id: strawberry.ID, day: int, position: Number = None
    ) -> FollowUpOffer:
        place = await reading.place_of_new_email(info.context.workspace_context, campaign_id, day, position)
        return FollowUpOffer(available=step_checks.follow_up_offered(place))


def offers(context: WorkspaceContext, at: Position) -> list[SendOptionOffer]:
    """Return every installed option with its availability at a position."""
    options = context.installed.send_options
    return [
        SendOptionOffer(option=option, package_name=options.distribution(key), at=at) for key, option in options.items()
    ]
