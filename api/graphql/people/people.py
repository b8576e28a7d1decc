"""People: types, queries and mutations."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.given_fields import given_fields
from api.graphql.arguments.ids import PersonId
from api.graphql.crm.crm_records import CrmRecord
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.people.person_filters import PersonFilter, read_filter
from api.graphql.people.person_lists import PersonLists
from api.graphql.people.suppressions import Suppression
from api.graphql.sort_orders import PersonOrder, order_of
from api.roles import Role
from api.services.people import erasing, merging, people, person_reads
from api.services.replies import bounces


@strawberry.type(description="A person to whom campaigns are sent.")
class Person(PersonLists, Node):
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
    replied_at: datetime | None = strawberry.field(
        description="When the person last replied to an email, UTC, also by a reply that was recorded by hand; null if "
        "they have not, as far as is known. Automatic replies do not count."
    )
    erased_at: datetime | None = strawberry.field(
        description=(
            "When the person was erased by `erasePerson`, or merged into another one by `mergePeople`, UTC; null for "
            "everyone else. Such a person has no "
            "address and no texts, and is not in lists of people."
        )
    )
    created_at: datetime = strawberry.field(description="When the person was added, by the workspace's clock. UTC.")
    own_fields: strawberry.Private[Any]
    email_key: strawberry.Private[str]

    @strawberry.field(
        description="When the person's current address unsubscribed, UTC; null if emails may be sent to "
        "it. It belongs to the address: see `suppression`."
    )
    async def unsubscribed_at(self, info: Request) -> datetime | None:
        found = await info.context.loaders.suppression_of_address.load(self.email_key)
        return found.unsubscribed_at if found else None

    @strawberry.field(
        description="The unsubscribe record of the person's current address, with its history, even if "
        "it was resubscribed; null if it has never unsubscribed."
    )
    async def suppression(self, info: Request) -> Suppression | None:
        return await info.context.loaders.suppression_of_address.load(self.email_key)

    @strawberry.field(
        description="The person's lead or contact in the connected CRM, or why there is none; null if Touchline has "
        "not looked for it yet."
    )
    async def crm(self, info: Request) -> CrmRecord | None:
        return await info.context.loaders.crm_record_of_person.load(str(self.id))

    @strawberry.field(description='Your own dynamic fields, by name, such as `{"city": "Berlin"}`.')
    def fields(self) -> JSON:
        return JSON(self.own_fields)


@strawberry.type
class PersonQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The person with this id; null if the workspace has none."
    )
    async def person(self, info: Request, id: PersonId) -> Person | None:
        return from_row(Person, await person_reads.person(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="People of the workspace, in the order in which they were added; with `filter.email`, by address.",
    )
    async def people(
        self,
        info: Request,
        filter: Annotated[
            PersonFilter | None,
            strawberry.argument(description="Only people who meet this filter. If left out, all people."),
        ] = None,
        order_by: Annotated[
            PersonOrder | None,
            strawberry.argument(description="The order of the list. If left out, the one above."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Person]:
        rows = await person_reads.people(info.context.workspace_context, read_filter(filter), order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)


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


@strawberry.type(description="Result of erasePerson: the id of the person, or errors.")
class ErasePersonPayload(Payload):
    erased_id: strawberry.ID | None = strawberry.field(
        default=None, description="`id` of the erased person; null if there are errors."
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
            PersonChanges, strawberry.argument(description="The data to change. Omitted fields do not change.")
        ],
    ) -> PersonPayload:
        row = await people.update_person(info.context.workspace_context, id, **given_fields(input))
        return PersonPayload(person=from_row(Person, row))

    @mutation(
        description=(
            "Merge two records of the same person. The enrollments, emails, tasks, groups and events of `from` move "
            "to `into`, who keeps the address and gets values for empty fields. `from` is deleted. Unsubscribes and "
            "hard bounces stay with their addresses; if the address of `from` has unsubscribed, that of `into` is "
            "suppressed too. Refused if one is active in a campaign that the other is or was in (`MERGE_CONFLICT`), "
            "so that no email comes twice, and while an email to `from` is being transmitted (`EMAIL_LEAVING`). The "
            "mutation returns when everything has moved: many emails, tasks and events move in several short "
            "transactions."
        )
    )
    async def merge_people(
        self,
        info: Request,
        from_: Annotated[
            strawberry.ID, strawberry.argument(name="from", description="`id` of the person who is deleted: `per_…`.")
        ],
        into: Annotated[strawberry.ID, strawberry.argument(description="`id` of the person who stays: `per_…`.")],
    ) -> PersonPayload:
        row = await merging.merge_people(info.context.workspace_context, from_, into)
        return PersonPayload(person=from_row(Person, row))

    @mutation(
        role=Role.ADMIN,
        description=(
            "Erase a person (GDPR): end their campaigns, and delete their data, what was written to them, and what "
            "they answered. Counts stay. If the address has unsubscribed, that stays as well, so that nobody writes "
            "to it again. docs/privacy.md lists everything. Refused while an email to the person is being transmitted "
            "(EMAIL_LEAVING). It cannot be undone. The mutation returns when everything is deleted, and can be called "
            "again."
        ),
    )
    async def erase_person(self, info: Request, id: PersonId) -> ErasePersonPayload:
        erased = await erasing.erase_person(info.context.workspace_context, id)
        return ErasePersonPayload(erased_id=strawberry.ID(erased))

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
