"""All queries."""

from typing import Annotated, Any, cast

import strawberry

from api import models
from api.graphql import editing, launches, pausing
from api.graphql.address_filter import Beginning, beginning
from api.graphql.campaigns import Campaign, SendOptionOffer, offers, position_for
from api.graphql.content import Category, Sender, Template
from api.graphql.engine.context import Request
from api.graphql.engine.enums import EnrollmentStatus, TaskDue, TaskStatus
from api.graphql.engine.relay import After, Connection, First, connect
from api.graphql.folders import EmailFolder
from api.graphql.launch_inputs import LaunchInput
from api.graphql.launches import Launch, LaunchPreview
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import CHANNELS, OPTIONS_OF_DAY
from api.graphql.people import PeopleImport, Person
from api.graphql.running import Email, Enrollment, Event, Task
from api.graphql.suppressions import Address, Suppression, suppression_of, suppressions_page
from api.graphql.workspace import Channel, Workspace
from api.services.common.live_steps import steps_of
from api.services.launches.launch import MAX_PEOPLE
from api.services.people import suppression_files
from api.store.emails import emails as emails_of
from api.store.engine.rows import MAX_PAGE, find, may_exist, need
from api.store.tasks import tasks as tasks_of
from strategies import Refusal
from strategies import timeline as core

Number = Annotated[int | None, strawberry.argument(description="1 is first among the day's steps; left out, last.")]


@strawberry.type(description="Whether the follow-up checkbox is shown at a position.")
class FollowUpOffer:
    """The follow-up flag's availability."""

    available: bool = strawberry.field(description="Whether the directly preceding step is an email.")


@strawberry.type(description="All that can be asked. Every answer is about the workspace that the token opens.")
class Query:
    """The root of queries."""

    @strawberry.field(description="The workspace that the token opens.")
    def workspace(self, info: Request) -> Workspace:
        """The caller's."""
        return cast(Any, info.context.workspace_context.workspace)

    @strawberry.field(metadata=cost(size=CHANNELS), description="The installed channels.")
    def channels(self, info: Request) -> list[Channel]:
        """All of them."""
        return [Channel(channel=channel) for channel in info.context.workspace_context.installed.channels.values()]

    @strawberry.field(metadata=cost(100, queries=True), description="One person.")
    async def person(self, info: Request, id: strawberry.ID) -> Person | None:  # noqa: A002
        """By id."""
        return cast(Any, await find(models.Person, info.context.workspace_context.workspace_id, id))

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True),
        description="People, in the order in which they were added.",
    )
    async def people(
        self,
        info: Request,
        first: First = 50,
        after: After = None,
        email: Beginning = None,
    ) -> Connection[Person]:
        """A page of them."""
        query = models.Person.filter(workspace_id=info.context.workspace_context.workspace_id)
        return await connect(beginning(query, email), first, after)

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True),
        description="Addresses that have unsubscribed, in the order in which they first did.",
    )
    async def suppressions(
        self, info: Request, first: First = 50, after: After = None, email: Beginning = None
    ) -> Connection[Suppression]:
        """A page of them."""
        return await suppressions_page(info, email, first, after)

    @strawberry.field(
        metadata=cost(40_000, queries=True),
        description="The addresses that have unsubscribed as CSV: email, unsubscribed_at (UTC), source and reason. "
        f"`importSuppressions` takes it. Up to {suppression_files.MAX_EXPORT:,} addresses; `touchline suppressions "
        "export` has no limit.",
    )
    async def suppressions_csv(self, info: Request) -> str:
        """All of them."""
        return await suppression_files.suppressions_csv(info.context.workspace_context)

    @strawberry.field(
        metadata=cost(100, queries=True),
        description="What is recorded of an address, with its history, also when it was resubscribed; null when it "
        "has never unsubscribed.",
    )
    async def suppression(self, info: Request, email: Address) -> Suppression | None:
        """By address."""
        return cast(Any, await suppression_of(info, email))

    @strawberry.field(metadata=cost(100, queries=True), description="A CSV import, with its progress.")
    async def people_import(self, info: Request, id: strawberry.ID) -> PeopleImport | None:  # noqa: A002
        """By id."""
        return cast(Any, await find(models.PeopleImport, info.context.workspace_context.workspace_id, id))

    @strawberry.field(metadata=cost(100, queries=True), description="A launch in the background, with its progress.")
    async def launch(self, info: Request, id: strawberry.ID) -> Launch | None:  # noqa: A002
        """By id."""
        return cast(Any, await find(models.Launch, info.context.workspace_context.workspace_id, id))

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True),
        description="Launches in the background, of one campaign or of all, the newest first.",
    )
    async def launches(
        self, info: Request, campaign_id: strawberry.ID | None = None, first: First = 50, after: After = None
    ) -> Connection[Launch]:
        """A page of them."""
        query = models.Launch.filter(workspace_id=info.context.workspace_context.workspace_id)
        if campaign_id is not None:
            query = query.filter(campaign_id=campaign_id if may_exist(campaign_id) else "")
        return await connect(query, first, after, newest=True)

    @strawberry.field(metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True), description="Senders.")
    async def senders(self, info: Request, first: First = 50, after: After = None) -> Connection[Sender]:
        """A page of them."""
        return await connect(
            models.Sender.filter(workspace_id=info.context.workspace_context.workspace_id), first, after
        )

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True), description="Templates."
    )
    async def templates(self, info: Request, first: First = 50, after: After = None) -> Connection[Template]:
        """A page of them."""
        return await connect(
            models.Template.filter(workspace_id=info.context.workspace_context.workspace_id), first, after
        )

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True), description="Categories."
    )
    async def categories(self, info: Request, first: First = 50, after: After = None) -> Connection[Category]:
        """A page of them."""
        return await connect(
            models.Category.filter(workspace_id=info.context.workspace_context.workspace_id), first, after
        )

    @strawberry.field(metadata=cost(100, queries=True), description="One campaign.")
    async def campaign(self, info: Request, id: strawberry.ID) -> Campaign | None:  # noqa: A002
        """By id."""
        return cast(Any, await find(models.Campaign, info.context.workspace_context.workspace_id, id))

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True), description="Campaigns."
    )
    async def campaigns(self, info: Request, first: First = 50, after: After = None) -> Connection[Campaign]:
        """A page of them."""
        return await connect(
            models.Campaign.filter(workspace_id=info.context.workspace_context.workspace_id), first, after
        )

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
        return FollowUpOffer(available=core.follow_up_offered(at))

    @strawberry.field(
        metadata=cost(1_000, sized_by=("input", "personIds"), size_most=MAX_PEOPLE, each=20, queries=True),
        description="What launching would do, person by person. Nothing is written.",
    )
    async def launch_preview(self, info: Request, input: LaunchInput) -> list[LaunchPreview]:  # noqa: A002
        """Resolve, and write nothing."""
        return await launches.launch_preview(info, input)

    @strawberry.field(
        metadata=cost(5_000, queries=True),
        description="What resuming a paused campaign at this moment would do: how many emails move, and to when. "
        "Nothing is written.",
    )
    async def resume_preview(self, info: Request, campaign_id: strawberry.ID) -> pausing.ResumePreview:
        """Resolve, and write nothing."""
        return await pausing.preview(info, campaign_id)

    @strawberry.field(
        metadata=cost(10_000, queries=True),
        description="What an edit of a running campaign would do at this moment, by step: how many emails and tasks "
        "move from when to when, and what stays. Give what the mutation would be given. Nothing is written.",
    )
    async def edit_preview(self, info: Request, edit: editing.EditInput) -> editing.EditPreview:
        """Resolve, and write nothing."""
        return await editing.preview(info, edit)

    @strawberry.field(metadata=cost(100, queries=True), description="One person's way through one campaign.")
    async def enrollment(self, info: Request, id: strawberry.ID) -> Enrollment | None:  # noqa: A002
        """By id."""
        return cast(Any, await find(models.Enrollment, info.context.workspace_context.workspace_id, id))

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True),
        description="Enrollments, of one campaign or person or of all.",
    )
    async def enrollments(
        self,
        info: Request,
        campaign_id: strawberry.ID | None = None,
        person_id: strawberry.ID | None = None,
        status: EnrollmentStatus | None = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[Enrollment]:
        """A page of them."""
        wanted: dict[str, Any] = {
            key: row_id if may_exist(row_id) else ""
            for key, row_id in (("campaign_id", campaign_id), ("person_id", person_id))
            if row_id is not None
        }
        if status is not None:
            wanted["status"] = status
        query = models.Enrollment.filter(workspace_id=info.context.workspace_context.workspace_id, **wanted)
        return await connect(query, first, after)

    @strawberry.field(metadata=cost(100, queries=True), description="One email.")
    async def email(self, info: Request, id: strawberry.ID) -> Email | None:  # noqa: A002
        """By id."""
        return cast(Any, await find(models.Send, info.context.workspace_context.workspace_id, id))

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True),
        description="Emails of a folder of the Command Center, or all, in the order in which they were created (by "
        "id).",
    )
    async def emails(
        self, info: Request, folder: EmailFolder | None = None, first: First = 50, after: After = None
    ) -> Connection[Email]:
        """A page of them."""
        return await connect(
            emails_of(info.context.workspace_context.workspace_id, folder and folder.name), first, after
        )

    @strawberry.field(metadata=cost(100, queries=True), description="One task.")
    async def task(self, info: Request, id: strawberry.ID) -> Task | None:  # noqa: A002
        """By id."""
        return cast(Any, await find(models.Task, info.context.workspace_context.workspace_id, id))

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True),
        description="Tasks of the Command Center, of a status or due at some time, in the order in which they were "
        "created (by id).",
    )
    async def tasks(
        self,
        info: Request,
        status: TaskStatus | None = None,
        due: TaskDue | None = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[Task]:
        """A page of them."""
        context = info.context.workspace_context
        return await connect(await tasks_of(context.workspace_id, context.now, status, due), first, after)

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True),
        description="The Live Feed: what happened, the newest first.",
    )
    async def events(self, info: Request, first: First = 50, after: After = None) -> Connection[Event]:
        """A page of them."""
        query = models.Event.filter(workspace_id=info.context.workspace_context.workspace_id)
        return await connect(query, first, after, newest=True)


def _check_day(day: int) -> None:
    if not 1 <= day <= core.LAST_DAY:
        raise Refusal("INVALID_DAY", f"Days are counted from 1 to {core.LAST_DAY}.", ("day",))
