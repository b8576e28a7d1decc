"""Campaigns, their days and steps, and the send options that a step may have."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from api import models
from api.graphql.content import Category, Sender, Template
from api.graphql.engine.context import Request
from api.graphql.engine.enums import OnExpiry, OnReply, Priority, StepType
from api.graphql.engine.language import Language
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import DAYS, LANGUAGES, OPTIONS_OF_STEP, STEPS, STEPS_OF_DAY
from api.services.common.context import WorkspaceContext
from api.services.enrollments.timelines import core_steps
from strategies import Position, Refusal, SendOption
from strategies import timeline as core
from strategies.answers import availability


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
    new = core.Step(day, StepType.EMAIL, None, {})
    in_order = [*core_steps(before), *core_steps(same_day)[:at], new]
    return core.position(in_order, len(in_order))


@strawberry.type(description="One step of a campaign.")
class Step:
    """A row of api.models.Step."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    number: int = strawberry.field(description="1 is the campaign's first step.")
    day: int = strawberry.field(description="1 is the first day; day 3 is the third, not three days later.")
    type: StepType = strawberry.field(description="EMAIL, CALL, INMAIL or CUSTOM.")
    name: str = strawberry.field(description="Name for reps.")
    send_option: str | None = strawberry.field(description="Key of the send option of an email step.")
    config: JSON = strawberry.field(description="Configuration of the send option.")
    follow_up: bool = strawberry.field(description="Whether the previous email is appended, and answered.")
    subject: str | None = strawberry.field(description="Subject of its own; null or empty takes the template's.")
    notes: str = strawberry.field(description="Notes for the person who does the task: a talk track.")
    priority: Priority = strawberry.field(description="Priority of the task.")
    added_at: datetime | None = strawberry.field(
        description="When it was added: whoever was launched before may have passed it. UTC."
    )
    removed_at: datetime | None = strawberry.field(
        description="When it was removed: it is a record then, and no step of the campaign any more. UTC."
    )
    campaign_id: strawberry.Private[str]
    template_id: strawberry.Private[str | None]

    @strawberry.field(metadata=cost(9), description="The template of an email step.")
    async def template(self, info: Request) -> Template | None:
        """Loaded with all others."""
        return cast("Template | None", self.template_id and await info.context.loaders.template.load(self.template_id))

    @strawberry.field(
        metadata=cost(30, size=OPTIONS_OF_STEP),
        description="Every send option, offered or not, where this step stands.",
    )
    async def send_options(self, info: Request) -> list[SendOptionOffer]:
        """For a form that changes the step; a removed one stands nowhere."""
        if self.removed_at is not None:
            return []
        steps = core_steps(await info.context.loaders.steps_of_campaign.load(self.campaign_id))
        return offers(info.context.workspace_context, core.position(steps, self.number))

    @strawberry.field(
        metadata=cost(30),
        description="Whether the follow-up checkbox is shown: the directly preceding step is an email.",
    )
    async def follow_up_available(self, info: Request) -> bool:
        """For a form that changes the step; a removed one stands nowhere."""
        if self.removed_at is not None:
            return False
        steps = core_steps(await info.context.loaders.steps_of_campaign.load(self.campaign_id))
        return self.type is StepType.EMAIL and core.follow_up_offered(core.position(steps, self.number))


@strawberry.type(description="A day of a campaign that has steps.")
class Day:
    """Steps of one day."""

    number: int = strawberry.field(description="1 is the first day.")
    steps: list[Step] = strawberry.field(
        metadata=cost(size=STEPS_OF_DAY, plain_at=5), description="The day's steps, in order."
    )


@strawberry.type(description="An ordered list of steps, each on a day, and the settings of their run.")
class Campaign:
    """A row of api.models.Campaign."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="Name.")
    skip_weekends: bool = strawberry.field(description="Days count Monday to Friday; weekends are no days at all.")
    remove_on_bounce: bool = strawberry.field(description="A bounce ends the campaign for the person.")
    on_reply: OnReply = strawberry.field(description="What a reply does.")
    use_recipient_zone: bool = strawberry.field(
        description="Days and times are meant in the recipient's zone, where known."
    )
    task_expiry_days: int | None = strawberry.field(description="Days after which a task expires; null is never.")
    on_task_expiry: OnExpiry = strawberry.field(description="What an expired task does.")
    in_doubt_resends: int = strawberry.field(
        description="How often an email in doubt is sent again by itself; 0 asks a person each time."
    )
    job_problem: str | None = strawberry.field(
        description="Why the last attempt to carry out a pause, a resume or an edit for everyone failed. It is tried "
        "again, later each time; after five attempts it ends, and what it has not reached waits for the next pause, "
        "resume or edit. Null when nothing is wrong."
    )
    paused_at: datetime | None = strawberry.field(description="Since when it is paused; null when it is not. UTC.")
    edited_at: datetime | None = strawberry.field(
        description="When an edit last had the people in it resolved again; null for never. UTC."
    )
    editing: bool = strawberry.field(
        description="Whether that edit still comes to some of them. Until then none of their emails leaves."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    sender_id: strawberry.Private[str]
    category_id: strawberry.Private[str | None]

    @strawberry.field(description="Who writes.")
    async def sender(self, info: Request) -> Sender:
        """Loaded with all others."""
        return cast(Sender, await info.context.loaders.sender.load(self.sender_id))

    @strawberry.field(description="The category, if it has one.")
    async def category(self, info: Request) -> Category | None:
        """Loaded with all others."""
        return cast("Category | None", self.category_id and await info.context.loaders.category.load(self.category_id))

    @strawberry.field(
        metadata=cost(100), description="How many emails are on hold. They wait until the campaign is resumed."
    )
    async def held_emails(self, info: Request) -> int:
        """Counted with those of all others."""
        return await info.context.loaders.held_of_campaign.load(self.id)

    @strawberry.field(metadata=cost(size=STEPS, plain_at=5), description="All steps, in order.")
    async def steps(self, info: Request) -> list[Step]:
        """Loaded with all others."""
        return cast("list[Step]", await info.context.loaders.steps_of_campaign.load(self.id))

    @strawberry.field(metadata=cost(size=DAYS), description="The days that have steps, in order.")
    async def days(self, info: Request) -> list[Day]:
        """The steps, by day."""
        steps: list[Any] = await info.context.loaders.steps_of_campaign.load(self.id)
        numbers = sorted({step.day for step in steps})
        return [Day(number=day, steps=[step for step in steps if step.day == day]) for day in numbers]
