"""People, and the CSV imports that bring them."""

from datetime import datetime
from typing import Annotated, Any, cast

import strawberry
from strawberry.scalars import JSON

from api import models
from api.graphql.engine.context import Request
from api.graphql.engine.enums import ImportStatus, OnKnown
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.engine.relay import After, Connection, First, connect
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS
from api.graphql.suppressions import Suppression
from api.services.people import imports, people
from api.store.engine.rows import MAX_PAGE


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
        """Loaded with all others."""
        found = await info.context.loaders.suppression.load(self.email_key)
        return found.unsubscribed_at if found else None

    @strawberry.field(
        description="What is recorded of the present address, with its history, also when it was resubscribed; null "
        "when it has never unsubscribed."
    )
    async def suppression(self, info: Request) -> Suppression | None:
        """Loaded with all others."""
        return cast(Any, await info.context.loaders.suppression.load(self.email_key))

    @strawberry.field(description="Dynamic fields of your own, by name.")
    def fields(self) -> JSON:
        """The column, as JSON."""
        return JSON(self.own_fields)


@strawberry.type(description="A row of a CSV that was refused, and why.")
class ImportRefusal:
    """A row of api.models.ImportRefusal."""

    row: int = strawberry.field(
        description="The row's number as a spreadsheet shows it. The header is row 1, so the first row under it is "
        "row 2; blank rows count, and a row with line breaks in its cells is one row. A line `sep=;` does not count."
    )
    column: str | None = strawberry.field(
        description="Header of the refused cell's column, as the file writes it; null if the whole row is refused."
    )
    code: str = strawberry.field(description="For programs, such as `INVALID_ADDRESS`.")
    message: str = strawberry.field(description="For people: what is wrong and what to do.")


@strawberry.type(description="A CSV import, running or finished.")
class PeopleImport:
    """A row of api.models.PeopleImport."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    status: ImportStatus = strawberry.field(description="RUNNING, FINISHED or FAILED: see `problem`.")
    problem: str | None = strawberry.field(
        description="Why the last attempt to go on failed. While the status is RUNNING it is tried again, later each "
        "time; FAILED means that it has ended, and what it has imported stays. Null when nothing is wrong."
    )
    total: int = strawberry.field(
        description="Rows under the header that are not blank. In the end it is created + updated + skipped + failed."
    )
    processed: int = strawberry.field(description="Rows done so far, skipped and refused ones included.")
    created: int = strawberry.field(description="Rows that added a person; in a dry run, that would add one.")
    updated: int = strawberry.field(
        description="Rows that changed a known person; in a dry run, that would. A row whose address an earlier row of "
        "the file added changes that person."
    )
    skipped: int = strawberry.field(description="Rows whose address was known, under `onKnown: SKIP`.")
    suppressed: int = strawberry.field(
        description="How many of the created and updated people have an address that has unsubscribed: they are in the "
        "workspace, and get nothing."
    )
    failed: int = strawberry.field(description="Rows that were refused; `refusals` says why.")
    repeated: int = strawberry.field(
        description="Of the rows that were updated or skipped, those whose address an earlier row of the file has."
    )
    on_known: OnKnown = strawberry.field(description="What is done with a row whose address is known.")
    dry_run: bool = strawberry.field(description="Whether it only counts and reports, and writes no person.")
    created_at: datetime = strawberry.field(description="When it was started, by the workspace's clock.")

    @strawberry.field(description="Progress from 0 to 1.")
    def progress(self) -> float:
        """An empty file is done."""
        return self.processed / self.total if self.total else 1.0

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True),
        description="The rows that were refused, in the order of the file.",
    )
    async def refusals(self, first: First = 50, after: After = None) -> Connection[ImportRefusal]:
        """A page of them."""
        return await connect(models.ImportRefusal.filter(people_import_id=self.id), first, after)


@strawberry.input(description="A person to add.")
class PersonInput:
    """What createPerson takes."""

    email: str = strawberry.field(description="Address.")
    first_name: str = strawberry.field(default="", description="First name.")
    last_name: str = strawberry.field(default="", description="Last name.")
    title: str = strawberry.field(default="", description="Title.")
    company: str = strawberry.field(default="", description="Company.")
    zone: str | None = strawberry.field(default=None, description="IANA zone such as `Europe/Berlin`.")
    fields: JSON | None = strawberry.field(default=None, description="Dynamic fields of your own, by name.")


@strawberry.input(description="What to change of a person. What is left out stays.")
class PersonChanges:
    """What updatePerson takes."""

    email: str | None = strawberry.field(default=strawberry.UNSET, description="Address.")
    first_name: str | None = strawberry.field(default=strawberry.UNSET, description="First name.")
    last_name: str | None = strawberry.field(default=strawberry.UNSET, description="Last name.")
    title: str | None = strawberry.field(default=strawberry.UNSET, description="Title.")
    company: str | None = strawberry.field(default=strawberry.UNSET, description="Company.")
    zone: str | None = strawberry.field(default=strawberry.UNSET, description="IANA zone; null forgets it.")
    fields: JSON | None = strawberry.field(default=strawberry.UNSET, description="Replaces all dynamic fields.")


@strawberry.type(description="The person, or why not.")
class PersonPayload:
    """Answer of the mutations on people."""

    person: Person | None = strawberry.field(default=None, description="The person as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )


@strawberry.type(description="The import, or why it did not begin.")
class ImportPayload:
    """Answer of importPeople."""

    people_import: PeopleImport | None = strawberry.field(default=None, description="Ask it for its progress.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it began."
    )


def given(changes: Any) -> dict[str, Any]:
    """Return the fields of an input that the client gave; null counts as empty for text."""
    return {
        name: value
        for name in changes.__dataclass_fields__
        if (value := getattr(changes, name)) is not strawberry.UNSET
    }


@strawberry.type
class PeopleMutation:
    """Mutations on people."""

    @strawberry.mutation(
        description="Add a person. One whose address has unsubscribed is added too, and gets nothing: see "
        "`unsubscribedAt`."
    )
    @payload_of(PersonPayload)
    async def create_person(self, info: Request, input: PersonInput) -> PersonPayload:  # noqa: A002
        """Add a person."""
        return PersonPayload(person=await people.create_person(info.context.workspace_context, **given(input)))  # type: ignore[arg-type]

    @strawberry.mutation(
        description="Change a person. All campaigns end for a person whose new address has unsubscribed."
    )
    @payload_of(PersonPayload)
    async def update_person(self, info: Request, id: strawberry.ID, input: PersonChanges) -> PersonPayload:  # noqa: A002
        """Change a person."""
        return PersonPayload(person=await people.update_person(info.context.workspace_context, id, **given(input)))  # type: ignore[arg-type]

    @strawberry.mutation(
        metadata=cost(10_000, once=3),
        description="Import people from CSV text, in the background. The first row is the header. Columns: email "
        "(required), first_name, last_name, title, company, zone; any other column is a dynamic field of your own. "
        "The delimiter is found out: comma, semicolon, tab or bar. A row that cannot be used is refused by itself, see "
        "`refusals`; a file that cannot be read as a whole is refused here, and nothing is imported. Takes up to "
        "100,000 rows and 200 columns. A workspace runs up to 5 imports at once (`TOO_MANY_IMPORTS`).",
    )
    @payload_of(ImportPayload)
    async def import_people(
        self,
        info: Request,
        csv: Annotated[
            str,
            strawberry.argument(
                description="Content of the file, read with its own encoding. Example: "
                '`"email,first_name\\nada@example.com,Ada"`.'
            ),
        ],
        on_known: Annotated[
            OnKnown,
            strawberry.argument(description="What to do with a row whose address is known. UPDATE is the default."),
        ] = OnKnown.UPDATE,
        dry_run: Annotated[
            bool,
            strawberry.argument(
                description="Only count and report what the import would do: no person is added or changed, and the "
                "Live Feed has no event. The default is false."
            ),
        ] = False,
    ) -> ImportPayload:
        """Begin an import."""
        started = await imports.start_import(info.context.workspace_context, csv, on_known=on_known, dry_run=dry_run)
        info.context.workspace_context.wake()
        return ImportPayload(people_import=started)  # type: ignore[arg-type]
