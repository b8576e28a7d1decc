"""People: types, queries and mutations."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.address_filter import AddressBegins
from api.graphql.arguments.input_values import given_fields
from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.suppressions import Suppression
from api.services.people import people, reading
from api.services.replies import bounces


@strawberry.type(description="Someone to whom campaigns are sent.")
class Person:
    """A row of api.models.Person."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    email: str = strawberry.field(
        description="Address, unique in the workspace: two spellings of one mailbox count as one (docs/imports.md)."
    )
    first_name: str = strawberry.field(description="Dynamic field `{{ first_name }}`; blank when unknown.")
    last_name: str = strawberry.field(description="Dynamic field `{{ last_name }}`; blank when unknown.")
    title: str = strawberry.field(description="Dynamic field `{{ title }}`; blank when unknown.")
    company: str = strawberry.field(description='Dynamic field `{{ company }}`; "your company" when unknown.')
    zone: str | None = strawberry.field(description="IANA zone; null when unknown, and then the sender's counts.")
    bounced_at: datetime | None = strawberry.field(
        description="When an email to this person last bounced hard. While it is set, no email goes to the address. "
        "Cleared by a new address and by `clearBounce`. UTC."
    )
    created_at: datetime = strawberry.field(description="When this person was added.")
    own_fields: strawberry.Private[Any]
    email_key: strawberry.Private[str]

    @strawberry.field(
        description="Since when the present address has unsubscribed, UTC; null when it may be written to. It belongs "
        "to the address: see `suppression`."
    )
    async def unsubscribed_at(self, info: Request) -> datetime | None:
        found = await info.context.loaders.suppression.load(self.email_key)
        return found.unsubscribed_at if found else None

    @strawberry.field(
        description="What is recorded of the present address, with its history, also when it was resubscribed; null "
        "when it has never unsubscribed."
    )
    async def suppression(self, info: Request) -> Suppression | None:
        return await info.context.loaders.suppression.load(self.email_key)

    @strawberry.field(description="Dynamic fields of your own, by name.")
    def fields(self) -> JSON:
        return JSON(self.own_fields)


@strawberry.type
class PersonQuery:
    @strawberry.field(metadata=cost(100, queries=True), description="One person.")
    async def person(self, info: Request, id: strawberry.ID) -> Person | None:
        return from_row(Person, await reading.person(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="People, in the order in which they were added.",
    )
    async def people(
        self,
        info: Request,
        first: First = 50,
        after: After = None,
        email: AddressBegins = None,
    ) -> Connection[Person]:
        return await connect(reading.people(info.context.workspace_context, email), first, after)


@strawberry.input(description="A person to add.")
class PersonInput:
    email: str = strawberry.field(description="Address.")
    first_name: str = strawberry.field(default="", description="First name.")
    last_name: str = strawberry.field(default="", description="Last name.")
    title: str = strawberry.field(default="", description="Title.")
    company: str = strawberry.field(default="", description="Company.")
    zone: str | None = strawberry.field(default=None, description="IANA zone such as `Europe/Berlin`.")
    fields: JSON | None = strawberry.field(default=None, description="Dynamic fields of your own, by name.")


@strawberry.input(description="What to change of a person. What is left out stays.")
class PersonChanges:
    email: str | None = strawberry.field(default=strawberry.UNSET, description="Address.")
    first_name: str | None = strawberry.field(default=strawberry.UNSET, description="First name.")
    last_name: str | None = strawberry.field(default=strawberry.UNSET, description="Last name.")
    title: str | None = strawberry.field(default=strawberry.UNSET, description="Title.")
    company: str | None = strawberry.field(default=strawberry.UNSET, description="Company.")
    zone: str | None = strawberry.field(default=strawberry.UNSET, description="IANA zone; null forgets it.")
    fields: JSON | None = strawberry.field(default=strawberry.UNSET, description="Replaces all dynamic fields.")


@strawberry.type(description="The person, or why not.")
class PersonPayload(Payload):
    person: Person | None = strawberry.field(default=None, description="The person as it is now.")


@strawberry.type
class PersonMutation:
    @mutation(
        description="Add a person. One whose address has unsubscribed is added too, and gets nothing: see "
        "`unsubscribedAt`."
    )
    async def create_person(self, info: Request, input: PersonInput) -> PersonPayload:
        row = await people.create_person(info.context.workspace_context, **given_fields(input))
        return PersonPayload(person=from_row(Person, row))

    @mutation(description="Change a person. All campaigns end for a person whose new address has unsubscribed.")
    async def update_person(self, info: Request, id: strawberry.ID, input: PersonChanges) -> PersonPayload:
        row = await people.update_person(info.context.workspace_context, id, **given_fields(input))
        return PersonPayload(person=from_row(Person, row))

    @mutation(
        description="Let emails go to a person's address again after a hard bounce: `bouncedAt` becomes null. "
        "Campaigns that the bounce has ended stay ended: launch them with `again`, or retry emails of those that go on."
    )
    async def clear_bounce(
        self,
        info: Request,
        person_id: Annotated[strawberry.ID, strawberry.argument(description="The person whose address is good.")],
    ) -> PersonPayload:
        row = await bounces.clear_bounce(info.context.workspace_context, person_id)
        return PersonPayload(person=from_row(Person, row))
