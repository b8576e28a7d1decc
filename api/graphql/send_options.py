"""The send options that a step may have."""

from collections.abc import Sequence
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from api import models
from api.graphql.engine.context import Request
from api.graphql.engine.enums import StepType
from api.graphql.engine.language import Language
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import LANGUAGES, OPTIONS_OF_DAY
from api.services.common.context import WorkspaceContext
from api.services.common.live_steps import steps_of
from api.services.enrollments.timelines import core_steps
from api.store.engine.rows import need
from strategies import Position, Refusal, SendOption, step_checks
from strategies.answers import availability
from strategies.records import TimelineStep

Number = Annotated[int | None, strawberry.argument(description="1 is first among the day's steps; left out, last.")]


@strawberry.type(description="A send option at a position: what a form needs to offer it, or to say why it does not.")
class SendOptionOffer:
    """One installed option with its availability."""

    option: strawberry.Private[SendOption]
    package_name: strawberry.Private[str]
    at: strawberry.Private[Position]

    @strawberry.field(description="Give it as a step's `sendOption`.")
    def key(self) -> str:
        """The option's key."""
        return self.option.key

    @strawberry.field(description="What a rep reads.")
    def label(self, language: Language = "en") -> str:
        """The label in a language."""
        return self.option.labels.get(language, self.option.labels["en"])

    @strawberry.field(description="One or two sentences more.")
    def help(self, language: Language = "en") -> str:
        """The help in a language."""
        return self.option.help.get(language, self.option.help["en"])

    @strawberry.field(metadata=cost(size=LANGUAGES), description="The languages that label and help exist in.")
    def languages(self) -> list[str]:
        """Language codes."""
        return sorted(self.option.labels)

    @strawberry.field(metadata=cost(10), description="Whether it is offered at this position.")
    def available(self) -> bool:
        """Ask the option."""
        return availability(self.option, self.at).offered

    @strawberry.field(metadata=cost(10), description="The code with which authoring would refuse it here.")
    def reason_code(self) -> str | None:
        """Ask the option."""
        return availability(self.option, self.at).code

    @strawberry.field(metadata=cost(10), description="Why it is not offered here.")
    def reason(self) -> str | None:
        """Ask the option."""
        return availability(self.option, self.at).reason

    @strawberry.field(
        metadata=cost(10), description='What to think about before choosing it here, such as "not recommended".'
    )
    def warning(self) -> str | None:
        """Ask the option."""
        return availability(self.option, self.at).warning

    @strawberry.field(metadata=cost(20), description="JSON Schema of the step's `config` for this option.")
    def config_schema(self) -> JSON:
        """The option's schema."""
        return JSON(dict(self.option.config_schema))

    @strawberry.field(description="Whether launching must give a send-at.")
    def asks_send_at(self) -> bool:
        """The option's word."""
        return self.option.asks_send_at

    @strawberry.field(description="Whether launching may give a new wall time.")
    def takes_time(self) -> bool:
        """The option's word."""
        return self.option.takes_time

    @strawberry.field(description="Whether a person sends the email, from a task.")
    def creates_task(self) -> bool:
        """The option's word."""
        return self.option.creates_task

    @strawberry.field(description="The package that brought it.")
    def package(self) -> str:
        """The distribution."""
        return self.package_name


@strawberry.type(description="Whether the follow-up checkbox is shown at a position.")
class FollowUpOffer:
    """The follow-up flag's availability."""

    available: bool = strawberry.field(description="Whether the directly preceding step is an email.")


@strawberry.type
class SendOptionQuery:
    """Queries on send options."""

    @strawberry.field(
        metadata=cost(300, size=OPTIONS_OF_DAY, queries=True),
        description="Every installed send option, with its availability for an email step that would be added to a day "
        "of a campaign, at a position among the day's steps.",
    )
    async def send_options(
        self, info: Request, campaign_id: strawberry.ID, day: int, position: Number = None
    ) -> list[SendOptionOffer]:
        """For a form that adds a step."""
        row = await need(models.Campaign, info.context.workspace_context.workspace_id, campaign_id, ("campaignId",))
        _check_day(day)
        return offers(info.context.workspace_context, position_for(await steps_of(row), day, position))

    @strawberry.field(
        metadata=cost(300, queries=True),
        description="Whether an email step that would be added there may be a follow-up.",
    )
    async def follow_up(
        self, info: Request, campaign_id: strawberry.ID, day: int, position: Number = None
    ) -> FollowUpOffer:
        """For a form that adds a step."""
        row = await need(models.Campaign, info.context.workspace_context.workspace_id, campaign_id, ("campaignId",))
        _check_day(day)
        at = position_for(await steps_of(row), day, position)
        return FollowUpOffer(available=step_checks.follow_up_offered(at))


def offers(context: WorkspaceContext, at: Position) -> list[SendOptionOffer]:
    """Return every installed option with its availability at a position."""
    options = context.installed.send_options
    return [
        SendOptionOffer(option=option, package_name=options.distribution(key), at=at) for key, option in options.items()
    ]


def position_for(steps: Sequence[models.Step], day: int, position: int | None) -> Position:
    """Return where a new email step would stand on a day, at a position among its steps or behind them.

    Raises Refusal INVALID_POSITION, as adding the step there would.
    """
    before = [step for step in steps if step.day < day]
    same_day = [step for step in steps if step.day == day]
    if position is not None and not 1 <= position <= len(same_day) + 1:
        raise Refusal("INVALID_POSITION", f"Positions on this day go from 1 to {len(same_day) + 1}.", ("position",))
    at = len(same_day) if position is None else position - 1
    new = TimelineStep(day, StepType.EMAIL, None, {})
    in_order = [*core_steps(before), *core_steps(same_day)[:at], new]
    return step_checks.position(in_order, len(in_order))


def _check_day(day: int) -> None:
    if not 1 <= day <= step_checks.LAST_DAY:
        raise Refusal("INVALID_DAY", f"Days are counted from 1 to {step_checks.LAST_DAY}.", ("day",))
