"""Mutations on suppressed addresses."""

from typing import Annotated

import strawberry

from api.graphql.arguments.ids import PersonId
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.people.people import Person, PersonPayload
from api.graphql.people.suppressions import Address, Suppression
from api.roles import Role
from api.services.people import suppression_files, suppressions
from api.services.people.suppression_files import MAX_ROWS

Why = Annotated[
    str,
    strawberry.argument(
        description="Reason, kept in the history of the address: one line of up to 500 characters, such as "
        "`Asked by phone`."
    ),
]


SHOWN_ROWS = 100
"""Refused rows in one response."""


@strawberry.type(description="A CSV row that was refused, because it contains no valid address.")
class RefusedRow:
    """A row of api.services.people.suppression_files.RefusedRow."""

    row: int = strawberry.field(description="Row number as a spreadsheet shows it: the header is row 1.")
    code: str = strawberry.field(description="Code of the reason why the row was refused, such as `INVALID_ADDRESS`.")
    message: str = strawberry.field(description="What is wrong with the row, for people.")


@strawberry.type(description="Result of importSuppressions: numbers of rows, or errors.")
class ImportSuppressionsPayload(Payload):
    new: int = strawberry.field(default=0, description="Number of rows whose address was not suppressed before.")
    known: int = strawberry.field(default=0, description="Number of rows whose address was suppressed already.")
    refused: int = strawberry.field(default=0, description="Number of rows that contain no valid address.")
    refused_rows: list[RefusedRow] = strawberry.field(
        metadata=cost(size=SHOWN_ROWS),
        default_factory=list,
        description=f"The first {SHOWN_ROWS} rows that were refused, and why.",
    )


@strawberry.type(description="Result of the mutations on suppressions: the suppression, or errors.")
class SuppressionPayload(Payload):
    suppression: Suppression | None = strawberry.field(
        default=None, description="The unsubscribe record of the address after the change; null if there are errors."
    )


@strawberry.type
class SuppressionMutation:
    @mutation(
        description="Unsubscribe a person's current address: the workspace sends nothing to it from now "
        "on, and all the person's campaigns end. `suppressAddress` takes an address instead; "
        "`resubscribe` undoes it."
    )
    async def unsubscribe(self, info: Request, person_id: PersonId, reason: Why = "") -> PersonPayload:
        row = await suppressions.unsubscribe(info.context.workspace_context, person_id, reason)
        return PersonPayload(person=from_row(Person, row))

    @mutation(
        description="Suppress an address, whether or not a person has it: the workspace sends nothing to "
        "it from now on, and all campaigns of the person who has it end. Suppressing it "
        "again changes nothing."
    )
    async def suppress_address(self, info: Request, email: Address, reason: Why = "") -> SuppressionPayload:
        row = await suppressions.suppress_address(info.context.workspace_context, email, reason)
        return SuppressionPayload(suppression=from_row(Suppression, row))

    @mutation(
        metadata=cost(20_000, once=1),
        description=f"Suppress the addresses of a CSV text of up to {MAX_ROWS:,} rows: with a header that names a "
        "column `email`, or plain addresses, one a line. A column `reason` is kept, and `unsubscribed_at` (an instant "
        "such as `2026-03-02T07:00:00Z`; anything else counts as now); others are ignored. Rows without "
        "a valid address are reported; the other rows are imported. The command line takes larger files.",
    )
    async def import_suppressions(
        self,
        info: Request,
        csv: Annotated[
            str,
            strawberry.argument(
                description="Content of the file, decoded to text by the client. Example: "
                '`"email,reason\\nada@example.com,Asked by phone"`.'
            ),
        ],
        reason: Annotated[
            str, strawberry.argument(description="Reason for rows that give none: one line of up to 500 characters.")
        ] = "",
    ) -> ImportSuppressionsPayload:
        done = await suppression_files.import_suppressions(info.context.workspace_context, csv, reason)
        rows = [RefusedRow(row=row.row, code=row.code, message=row.message) for row in done.refused[:SHOWN_ROWS]]
        return ImportSuppressionsPayload(
            new=done.new, known=done.unchanged, refused=len(done.refused), refused_rows=rows
        )

    @mutation(
        role=Role.ADMIN,
        description="Allow emails to an unsubscribed address again, for a reason that is kept in its "
        "history. Campaigns that have ended stay ended: launch them again with `again: true`.",
    )
    async def resubscribe(self, info: Request, email: Address, reason: Why) -> SuppressionPayload:
        row = await suppressions.resubscribe(info.context.workspace_context, email, reason)
        return SuppressionPayload(suppression=from_row(Suppression, row))
