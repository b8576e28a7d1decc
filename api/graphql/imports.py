"""CSV imports of people: types, queries and mutations."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.enums import ImportStatus, OnKnown
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.services.people import imports, reading


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
        return self.processed / self.total if self.total else 1.0

    @strawberry.field(
        metadata=page_cost(),
        description="The rows that were refused, in the order of the file.",
    )
    async def refusals(self, first: First = 50, after: After = None) -> Connection[ImportRefusal]:
        return await connect(reading.import_refusals(self.id), first, after)


@strawberry.type
class ImportQuery:
    @strawberry.field(metadata=cost(100, queries=True), description="A CSV import, with its progress.")
    async def people_import(self, info: Request, id: strawberry.ID) -> PeopleImport | None:
        return from_row(PeopleImport, await reading.people_import(info.context.workspace_context, id))


@strawberry.type(description="The import, or why it did not begin.")
class ImportPayload(Payload):
    people_import: PeopleImport | None = strawberry.field(default=None, description="Ask it for its progress.")


@strawberry.type
class ImportMutation:
    @mutation(
        metadata=cost(10_000, once=3),
        description="Import people from CSV text, in the background. The first row is the header. Columns: email "
        "(required), first_name, last_name, title, company, zone; any other column is a dynamic field of your own. "
        "The delimiter is found out: comma, semicolon, tab or bar. A row that cannot be used is refused by itself, see "
        "`refusals`; a file that cannot be read as a whole is refused here, and nothing is imported. Takes up to "
        "100,000 rows and 200 columns. A workspace runs up to 5 imports at once (`TOO_MANY_IMPORTS`).",
    )
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
        started = await imports.start_import(info.context.workspace_context, csv, on_known=on_known, dry_run=dry_run)
        info.context.workspace_context.wake()
        return ImportPayload(people_import=from_row(PeopleImport, started))
