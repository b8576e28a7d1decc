"""The events of the Live Feed."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any, cast

import strawberry
from strawberry.scalars import JSON

from api.codes.events.event_sentences import event_sentence
from api.graphql.arguments.ids import EventId
from api.graphql.campaigns.campaigns import Campaign
from api.graphql.emails.emails import Email
from api.graphql.engine.enums.table_enums import ActorKind, EventKind
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.language import Language
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.events.event_filters import EventFilter, EventsOrderBy, EventsWhere, read_filter
from api.graphql.limits.cost import LOADED, cost
from api.graphql.people.people import Person
from api.graphql.replies.replies import Reply
from api.graphql.sort_orders import order_of
from api.graphql.tasks.tasks import Task
from api.services.following import events


@strawberry.type(description="Who does what an event reports.")
class Actor:
    kind: ActorKind = strawberry.field(description="What kind of actor it is.")
    name: str | None = strawberry.field(
        description="The name of the token, the provider or the mailbox; null for other kinds."
    )


@strawberry.type(
    description="One entry of the Live Feed. It is stored in the same transaction as the change it reports."
)
class Event(Node):
    """A row of api.models.Event."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the event: `evt_` and 26 lower-case letters and digits, ascending in "
        "the order of writing."
    )
    kind: str = strawberry.field(
        name="rawKind",
        description="The kind as it is stored. It differs from `kind` only where that is OTHER, such as for an "
        "event of an installed package.",
    )
    at: datetime = strawberry.field(description="When it happened, by the workspace's clock. UTC.")
    data: JSON = strawberry.field(description='Details of the event, such as `{"reason": "UNSUBSCRIBED"}`.')
    person_id: strawberry.Private[str | None]
    actor: strawberry.Private[str | None]
    campaign_id: strawberry.Private[str | None]
    enrollment_id: strawberry.Private[str | None]
    send_id: strawberry.Private[str | None]
    task_id: strawberry.Private[str | None]

    @strawberry.field(
        name="kind",
        description="What happened, such as EMAIL_SENT. OTHER for an event of an installed package: see `rawKind`.",
    )
    def known_kind(self) -> EventKind:
        # A package or a newer release may have written a kind that is unknown here.
        return EventKind.of(self.kind)

    @strawberry.field(
        name="actor",
        description="Who did it; null for an event that an earlier release wrote.",
    )
    def known_actor(self) -> Actor | None:
        kind, _, name = (self.actor or "").partition(":")
        return Actor(kind=ActorKind(kind), name=name or None) if kind else None

    @strawberry.field(
        metadata=cost(LOADED),
        description="The event in one sentence, with the current names of the person and the campaign, such as `Ada "
        "Lovelace replied in the campaign “Spring”.`",
    )
    async def sentence(self, info: Request, language: Language = "en") -> str:
        loaders = info.context.loaders
        person = await loaders.person.load(self.person_id) if self.person_id else None
        campaign_id = await _campaign_id(self, info)
        campaign = await loaders.campaign.load(campaign_id) if campaign_id else None
        name = None if person is None else f"{person.first_name} {person.last_name}".strip() or person.email
        data = cast(dict[str, Any], self.data)
        return event_sentence(self.kind, language, name, campaign.name if campaign else None, data)

    @strawberry.field(description="The person whom the event is about; null if it is about none.")
    async def person(self, info: Request) -> Person | None:
        return await info.context.loaders.person.load(self.person_id) if self.person_id else None

    @strawberry.field(description="The campaign that the event belongs to; null if it belongs to none.")
    async def campaign(self, info: Request) -> Campaign | None:
        campaign_id = await _campaign_id(self, info)
        return await info.context.loaders.campaign.load(campaign_id) if campaign_id else None

    @strawberry.field(description="The email that the event is about; null if it is about none.")
    async def email(self, info: Request) -> Email | None:
        return await info.context.loaders.email.load(self.send_id) if self.send_id else None

    @strawberry.field(
        description="The reply of a REPLIED or AUTO_REPLIED event, with its whole text; null for all other events, "
        "and if the reply answers no email."
    )
    async def reply(self, info: Request) -> Reply | None:
        if self.kind not in {EventKind.REPLIED, EventKind.AUTO_REPLIED}:
            return None
        reply_id = cast(dict[str, str], self.data).get("reply")
        return await info.context.loaders.reply.load(reply_id) if reply_id else None

    @strawberry.field(description="The task that the event is about; null if it is about none.")
    async def task(self, info: Request) -> Task | None:
        return await info.context.loaders.task.load(self.task_id) if self.task_id else None


async def _campaign_id(event: Event, info: Request) -> str | None:
    """Return the id of an event's campaign. The event of an email names it by its enrollment alone."""
    if event.campaign_id is None and event.enrollment_id is not None:
        enrollment = await info.context.loaders.enrollment.load(event.enrollment_id)
        return enrollment.campaign_id if enrollment else None
    return event.campaign_id


@strawberry.type
class EventQuery:
    @strawberry.field(description="The event with this id; null if the workspace has none.")
    async def event(self, info: Request, id: EventId) -> Event | None:
        return await info.context.loaders.event.load(id)

    @strawberry.field(
        metadata=page_cost(),
        description="The Live Feed: everything that happened in the workspace, the newest first by default.",
    )
    async def events(
        self,
        info: Request,
        filter: EventsWhere = None,
        order_by: EventsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Event]:
        found = await events.event_list(info.context.workspace_context, read_filter(filter), order_of(order_by))
        return await connect(found, PageRequest(first, after, last, before), info)

    @strawberry.field(
        metadata=cost(200, queries=True),
        description="The event from which to follow the Live Feed after reading its newest page: subscribe to `events` "
        "with it as `after`. Ask for it in the same operation as the page, before the page. The subscription then "
        "misses no event; skip those that the page has.",
    )
    async def event_cursor(self, info: Request) -> strawberry.ID:
        return strawberry.ID(await events.cursor(info.context.workspace_context))


@strawberry.type
class EventSubscription:
    @strawberry.subscription(
        description=(
            "Follow the Live Feed: sends each event as soon as no transaction can write an earlier one. After a "
            "disconnection, subscribe again with `after`: you miss no event and get none twice, from any server. A "
            "client that reads too slowly is disconnected (`TOO_SLOW`)."
        )
    )
    async def events(
        self,
        info: Request,
        filter: EventsWhere = None,
        after: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Send the events after the one with this `id`: the last that you have, or `eventCursor`. "
                "`evt_00000000000000000000000000` sends all events from the first. If left out, events from now on."
            ),
        ] = None,
    ) -> AsyncGenerator[Event, None]:
        # A wrong cursor is refused here, before the stream begins.
        info.context.followed = await events.follow(info.context.workspace_context, read_filter(filter), after)
        return _no_event()

    @strawberry.subscription(
        description="Follow the changes of tasks: as `events`, with the kinds of events that begin with `TASK_`. "
        "Select `task` for the task as it is now; it is null after TASK_DELETED and TASK_WITHDRAWN."
    )
    async def task_changed(
        self,
        info: Request,
        filter: Annotated[
            EventFilter | None,
            strawberry.argument(description="Which changes, such as those of one task. If left out, of all tasks."),
        ] = None,
        after: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Send the changes after the event with this `id`: the last that you have, or "
                "`eventCursor`. If left out, changes from now on."
            ),
        ] = None,
    ) -> AsyncGenerator[Event, None]:
        wanted = read_filter(filter).of_tasks()
        info.context.followed = await events.follow(info.context.workspace_context, wanted, after)
        return _no_event()


async def _no_event() -> AsyncGenerator[Event, None]:
    """Yield nothing. The transport sends the events, which it shares among its connections."""
    return
    yield
