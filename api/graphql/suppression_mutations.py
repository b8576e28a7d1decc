"""Mutations on suppressed addresses."""

from typing import Annotated

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.people import Person, PersonPayload
from api.graphql.suppressions import Address, Suppression
from api.services.people import suppression_files, suppressions
from api.services.people.suppression_files import MAX_ROWS

Why = Annotated[
    str, strawberry.argument(description="For the history: one line of up to 500 characters, such as `Asked by phone`.")
]


SHOWN_ROWS = 100
"""Refused rows that an answer holds."""


@strawberry.type(description="A row of a CSV that names no address.")
class RefusedRow:
    """A row of api.services.people.suppression_files.RefusedRow."""

    row: int = strawberry.field(description="Its number in a spreadsheet: the header is row 1.")
    code: str = strawberry.field(description="For programs: such as `INVALID_ADDRESS`.")
    message: str = strawberry.field(description="For people: what is wrong with it.")


@strawberry.type(description="What an import of suppressed addresses did, or why nothing was imported.")
class ImportSuppressionsPayload(Payload):
    new: int = strawberry.field(default=0, description="Rows whose address was not suppressed before.")
    known: int = strawberry.field(default=0, description="Rows whose address was suppressed already.")
    refused: int = strawberry.field(default=0, description="Rows that name no address.")
    refused_rows: list[RefusedRow] = strawberry.field(
        metadata=cost(size=SHOWN_ROWS), default_factory=list, description=f"The first {SHOWN_ROWS} of them, and why."
    )


@strawberry.type(description="The suppression, or why nothing was changed.")
class SuppressionPayload(Payload):
    suppression: Suppression | None = strawberry.field(default=None, description="The suppression as it is now.")


@strawberry.type
class SuppressionMutation:
    @mutation(
        description="Unsubscribe the address that a person has now: the workspace sends nothing to it any more, and "
        "all campaigns end for the person. `suppressAddress` takes an address instead; `resubscribe` undoes it."
    )
    async def unsubscribe(self, info: Request, person_id: strawberry.ID, reason: Why = "") -> PersonPayload:
        row = await suppressions.unsubscribe(info.context.workspace_context, person_id, reason)
        return PersonPayload(person=from_row(Person, row))

    @mutation(
        description="Suppress an address, whether or not a person has it: the workspace sends nothing to it any more, "
        "and all campaigns end for the person who has it. A second time changes nothing."
    )
    async def suppress_address(self, info: Request, email: Address, reason: Why = "") -> SuppressionPayload:
        row = await suppressions.suppress_address(info.context.workspace_context, email, reason)
        return SuppressionPayload(suppression=from_row(Suppression, row))

    @mutation(
        metadata=cost(20_000, once=1),
        description=f"Suppress the addresses of a CSV text of up to {MAX_ROWS:,} rows: with a header that names a "
        "column `email`, or plain addresses, one a line. A column `reason` is kept, and `unsubscribed_at` (an instant "
        "such as `2026-03-02T07:00:00Z`; anything else counts as now); others are ignored. Rows that name no address "
        "are reported and stop no others. The command line takes larger files.",
    )
    async def import_suppressions(
        self,
        info: Request,
        csv: Annotated[str, strawberry.argument(description="The text of the file.")],
        reason: Annotated[
            str, strawberry.argument(description="Why, for rows that give no reason: one line of up to 500 characters.")
        ] = "",
    ) -> ImportSuppressionsPayload:
        done = await suppression_files.import_suppressions(info.context.workspace_context, csv, reason)
        rows = [RefusedRow(row=row.row, code=row.code, message=row.message) for row in done.refused[:SHOWN_ROWS]]
        return ImportSuppressionsPayload(new=done.new, known=done.known, refused=len(done.refused), refused_rows=rows)

    @mutation(
        description="Let an address that has unsubscribed be written to again, for a reason that stays in its history. "
        "Campaigns that have ended stay ended: launch again with `again: true`."
    )
    async def resubscribe(self, info: Request, email: Address, reason: Why) -> SuppressionPayload:
        row = await suppressions.resubscribe(info.context.workspace_context, email, reason)
        return SuppressionPayload(suppression=from_row(Suppression, row))
