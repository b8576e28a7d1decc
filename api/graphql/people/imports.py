"""CSV imports of people: types, queries and mutations."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graphql.arguments.ids import ImportId
from api.graphql.arguments.request_keys import Key
from api.graphql.engine.enums.crm_failure_enums import SourceKind
from api.graphql.engine.enums.table_enums import ImportStatus, OnKnown
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.sort_orders import CreatedOrder, order_of
from api.services.common.inputs.request_keys import once
from api.services.people import imports, person_reads


@strawberry.type(description="A CSV row that was refused, and why.")
class ImportRefusal:
    """A row of api.models.ImportRefusal."""

    row: int = strawberry.field(
        description="Row number as a spreadsheet shows it. The header is row 1, so the first row after "
        "it is row 2. Blank rows count; a row with line breaks in its cells counts as one. A "
        "line `sep=;` does not count."
    )
    column: str | None = strawberry.field(
        description="Header of the column with the refused cell, as the file writes it; null if the "
        "whole row is refused."
    )
    code: str = strawberry.field(description="Code of the reason why the row was refused, such as `INVALID_ADDRESS`.")
    message: str = strawberry.field(description="What is wrong and what to do, for people.")


@strawberry.type(description="The report, list view or query of the CRM from which people are imported.")
class CrmSource:
    """The value of a column of api.models.PeopleImport."""

    kind: SourceKind = strawberry.field(description="A report, a list view, or a query.")
    reference: str = strawberry.field(description="Id of the report or list view, or the text of the query.")
    is_read: bool = strawberry.field(
        description="Whether all of it is read. Until then, the import's `total` increases."
    )
    skipped: int = strawberry.field(
        description="Number of its rows without a lead or contact. The import's `total` does not include them."
    )
    is_cut: bool = strawberry.field(
        description="Whether it has more people than the CRM returns, such as 2,000 rows of a report in Salesforce. "
        "Import them by a list view or a query instead."
    )


@strawberry.type(description="An import of people from CSV or from the CRM, running or ended.")
class PeopleImport:
    """A row of api.models.PeopleImport."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the import: `imp_` and 26 lower-case letters and digits."
    )
    status: ImportStatus = strawberry.field(
        description="Whether the import is running, finished or failed. If it failed, see `problem`."
    )
    problem: str | None = strawberry.field(
        description="Why the last attempt to continue failed. While the status is RUNNING, it is retried "
        "at growing intervals. FAILED means that it has ended; people already imported stay. "
        "Null when nothing is wrong."
    )
    total: int = strawberry.field(
        description="Number of rows after the header that are not blank. At the end it equals created + "
        "updated + skipped + failed."
    )
    processed: int = strawberry.field(description="Number of rows processed so far, skipped and refused ones included.")
    created: int = strawberry.field(description="Number of rows that added a person. In a dry run: that would add one.")
    updated: int = strawberry.field(
        description="Number of rows that changed an existing person. In a dry run: that would change "
        "one. A row with the address of an earlier row changes the person that the earlier "
        "row added."
    )
    skipped: int = strawberry.field(
        description="Number of rows skipped because their address already exists, under `onKnown: SKIP`."
    )
    suppressed: int = strawberry.field(
        description="Number of created and updated people whose address has unsubscribed. They are in "
        "the workspace, but get no emails."
    )
    failed: int = strawberry.field(description="Number of rows that were refused; `refusals` says why.")
    repeated: int = strawberry.field(
        description="Number of updated or skipped rows that have the address of an earlier row in the file."
    )
    on_known: OnKnown = strawberry.field(description="What the import does with a row whose address already exists.")
    dry_run: bool = strawberry.field(description="Whether the import only counts and reports, and writes no person.")
    created_at: datetime = strawberry.field(description="When the import was started, by the workspace's clock. UTC.")
    crm_source: strawberry.Private[Any]

    @strawberry.field(name="crmSource", description="Where the people come from in the CRM; null for a CSV file.")
    def source_in_crm(self) -> CrmSource | None:
        about = self.crm_source
        if about is None:
            return None
        return CrmSource(
            kind=SourceKind(about["kind"]),
            reference=about["reference"],
            is_read=about["cursor"] is None,
            skipped=about["skipped"],
            is_cut=about["isCut"],
        )

    @strawberry.field(description="Share of rows processed, from 0 to 1.")
    def progress(self) -> float:
        return self.processed / self.total if self.total else 1.0

    @strawberry.field(
        metadata=page_cost(),
        description="The rows that were refused, in the order of the file.",
    )
    async def refusals(
        self, info: Request, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[ImportRefusal]:
        return await connect(person_reads.import_refusals(self.id), PageRequest(first, after, last, before), info)


@strawberry.input(description="Selects imports that match every given field. An empty list matches no import.")
class ImportFilter:
    status: list[ImportStatus] | None = strawberry.field(
        default=None,
        description="Only imports with one of these statuses, such as `[RUNNING]`. If left out, of every status.",
    )


@strawberry.type
class ImportQuery:
    @strawberry.field(
        metadata=cost(100, queries=True),
        description="The CSV import with this id and its progress; null if the workspace has none.",
    )
    async def people_import(self, info: Request, id: ImportId) -> PeopleImport | None:
        return from_row(PeopleImport, await person_reads.people_import(info.context.workspace_context, id))

    @strawberry.field(metadata=page_cost(), description="Imports of people, running and ended, the newest first.")
    async def people_imports(
        self,
        info: Request,
        filter: Annotated[
            ImportFilter | None,
            strawberry.argument(description="Only imports that meet this filter. If left out, all of them."),
        ] = None,
        order_by: Annotated[
            CreatedOrder | None,
            strawberry.argument(description="The order of the list. If left out, the newest first."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[PeopleImport]:
        statuses = filter.status if filter else None
        rows = person_reads.people_imports(info.context.workspace_context, statuses, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)


@strawberry.type(description="Result of importPeople: the import that was started, or errors.")
class ImportPayload(Payload):
    people_import: PeopleImport | None = strawberry.field(
        default=None, description="The import that was started; query it for its progress. Null if there are errors."
    )


@strawberry.type
class ImportMutation:
    @mutation(
        metadata=cost(10_000, once=3),
        description="Import people from CSV text in the background. The first row is the header. "
        "Columns: email (required), first_name, last_name, title, company, zone; every other "
        "column becomes a dynamic field of your own. The delimiter is detected: comma, "
        "semicolon, tab or bar. A row that cannot be used is refused alone, see `refusals`. "
        "A file that cannot be read as a whole is refused here, and nothing is imported. Up "
        "to 100,000 rows and 200 columns. A workspace runs up to 5 imports at once "
        "(`TOO_MANY_IMPORTS`).",
    )
    async def import_people(
        self,
        info: Request,
        csv: Annotated[
            str,
            strawberry.argument(
                description="Content of the file, decoded to text by the client. Example: "
                '`"email,first_name\\nada@example.com,Ada"`.'
            ),
        ],
        on_known: Annotated[
            OnKnown,
            strawberry.argument(description="What to do with a row whose address already exists."),
        ] = OnKnown.UPDATE,
        dry_run: Annotated[
            bool,
            strawberry.argument(
                description="Whether to only count and report what the import would do. No person is added or "
                "changed, and the Live Feed gets no event."
            ),
        ] = False,
        group_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Adds the people of the file to this group, also those who existed before. A dry run adds "
                "nobody."
            ),
        ] = None,
        key: Key = None,
    ) -> ImportPayload:
        context = info.context.workspace_context
        started = await once(
            context,
            "importPeople",
            key,
            [csv, on_known, dry_run, group_id],
            lambda key: imports.start_import(
                context, csv, on_known=on_known, dry_run=dry_run, group_id=group_id, key=key
            ),
        )
        context.wake()
        return ImportPayload(people_import=from_row(PeopleImport, started))
