"""People: types, queries and mutations."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.address_filter import AddressBegins
from api.graphql.arguments.ids import PersonId
from api.graphql.arguments.input_values import given_fields
from api.graphql.engine.context import Request
from api.graphql.engine.nodes import Node
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.suppressions import Suppression
from api.services.people import people, queries
from api.services.replies import bounces


@strawberry.type(description="A person to whom campaigns are sent.")
class Person(Node):
    """A row of api.models.Person."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the person: `per_` and 26 lower-case letters and digits."
    )
    email: str = strawberry.field(
        description="Email address, unique in the workspace. Two spellings of one mailbox count as one "
        "(docs/imports.md)."
    )
    first_name: str = strawberry.field(
        description="First name, for the dynamic field `{{ first_name }}`; empty if unknown."
    )
    last_name: str = strawberry.field(
        description="Last name, for the dynamic field `{{ last_name }}`; empty if unknown."
    )
    title: str = strawberry.field(description="Job title, for the dynamic field `{{ title }}`; empty if unknown.")
    company: str = strawberry.field(
        description='Company, for the dynamic field `{{ company }}`; if empty, emails say "your company".'
    )
    zone: str | None = strawberry.field(
        description="IANA time zone of the person, such as `Europe/Berlin`; null if unknown: the sender's is then used."
    )
    bounced_at: datetime | None = strawberry.field(
        description="When an email to this person last bounced hard, UTC. While it is set, no email is "
        "sent to the address. A new address and `clearBounce` clear it."
    )
    created_at: datetime = strawberry.field(description="When the person was added, by the workspace's clock. UTC.")
    own_fields: strawberry.Private[Any]
    email_key: strawberry.Private[str]

    @strawberry.field(
        description="When the person's present address unsubscribed, UTC; null if emails may be sent to "
        "it. It belongs to the address: see `suppression`."
    )
    async def unsubscribed_at(self, info: Request) -> datetime | None:
        found = await info.context.loaders.suppression.load(self.email_key)
        return found.unsubscribed_at if found else None

    @strawberry.field(
        description="The unsubscribe record of the person's present address, with its history, even if "
        "it was resubscribed; null if it has never unsubscribed."
    )
    async def suppression(self, info: Request) -> Suppression | None:
        return await info.context.loaders.suppression.load(self.email_key)

    @strawberry.field(description='Your own dynamic fields, by name, such as `{"city": "Berlin"}`.')
    def fields(self) -> JSON:
        return JSON(self.own_fields)


@strawberry.type
class PersonQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The person with this id; null if the workspace has none."
    )
    async def person(self, info: Request, id: PersonId) -> Person | None:
        return from_row(Person, await queries.person(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="All people of the workspace, in the order in which they were added; with `email`, by address.",
    )
    async def people(
        self,
        info: Request,
        first: First = 50,
        after: After = None,
        email: AddressBegins = None,
    ) -> Connection[Person]:
        return await connect(queries.people(info.context.workspace_context, email), first, after, info)


@strawberry.input(description="Address, name and dynamic fields of a new person.")
class PersonInput:
    email: str = strawberry.field(description="Email address, such as `ada@example.com`; unique in the workspace.")
    first_name: str = strawberry.field(default="", description="First name, for the dynamic field `{{ first_name }}`.")
    last_name: str = strawberry.field(default="", description="Last name, for the dynamic field `{{ last_name }}`.")
    title: str = strawberry.field(default="", description="Job title, for the dynamic field `{{ title }}`.")
    company: str = strawberry.field(default="", description="Company, for the dynamic field `{{ company }}`.")
    zone: str | None = strawberry.field(
        default=None, description="IANA time zone such as `Europe/Berlin`; if left out, the sender's is used."
    )
    fields: JSON | None = strawberry.field(
        default=None, description='Your own dynamic fields, by name, such as `{"city": "Berlin"}`.'
    )


@strawberry.input(description="Data of a person to change. A field that is left out keeps its value.")
class PersonChanges:
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="New email address. It also clears a hard bounce."
    )
    first_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="New first name; an empty text or null clears it."
    )
    last_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="New last name; an empty text or null clears it."
    )
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="New job title; an empty text or null clears it."
    )
    company: str | None = strawberry.field(
        default=strawberry.UNSET, description="New company; an empty text or null clears it."
    )
    zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="IANA time zone such as `Europe/Berlin`; null clears it."
    )
    fields: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description='Replaces all of the person\'s own dynamic fields, such as `{"city": "Berlin"}`.',
    )


@strawberry.type(description="Result of the mutations on people: the person, or errors.")
class PersonPayload(Payload):
    person: Person | None = strawberry.field(
        default=None, description="The person after the change; null if there are errors."
    )


@strawberry.type
class PersonMutation:
    @mutation(
        description="Add a person. A person whose address has unsubscribed is added too, but gets no "
        "emails: see `unsubscribedAt`."
    )
    async def create_person(
        self,
        info: Request,
        input: Annotated[
            PersonInput, strawberry.argument(description="Address, name and dynamic fields of the new person.")
        ],
    ) -> PersonPayload:
        row = await people.create_person(info.context.workspace_context, **given_fields(input))
        return PersonPayload(person=from_row(Person, row))

    @mutation(description="Change a person. If their new address has unsubscribed, all their campaigns end.")
    async def update_person(
        self,
        info: Request,
        id: PersonId,
        input: Annotated[
            PersonChanges, strawberry.argument(description="The data to change; what is left out stays as it is.")
        ],
    ) -> PersonPayload:
        row = await people.update_person(info.context.workspace_context, id, **given_fields(input))
        return PersonPayload(person=from_row(Person, row))

    @mutation(
        description="Allow emails to a person's address again after a hard bounce: `bouncedAt` becomes "
        "null. Campaigns that the bounce ended stay ended: launch them with `again`. In "
        "campaigns that are still active, retry the emails."
    )
    async def clear_bounce(
        self,
        info: Request,
        person_id: PersonId,
    ) -> PersonPayload:
        row = await bounces.clear_bounce(info.context.workspace_context, person_id)
        return PersonPayload(person=from_row(Person, row))
