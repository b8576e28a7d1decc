"""A person's record in the CRM."""

from datetime import datetime

import strawberry

from api.graphql.engine.enums.crm_enums import CrmPersonKind
from api.graphql.engine.enums.crm_failure_enums import CrmMatchedBy


@strawberry.type(description="A person's record in the CRM.")
class CrmRecord:
    """A row of api.models.CrmPerson."""

    remote_id: str | None = strawberry.field(
        description="Id of the lead or contact in the CRM; null if no record was chosen: see `problem`."
    )
    kind: CrmPersonKind | None = strawberry.field(description="Whether the record is a lead or a contact.")
    url: str = strawberry.field(description="URL at which users of the CRM open the record; empty without a record.")
    matched_by: CrmMatchedBy | None = strawberry.field(description="How the record was found.")
    matched_at: datetime = strawberry.field(description="When the record was found, or last looked for. UTC.")
    opted_out: bool = strawberry.field(
        description="Whether the record had opted out of emails when it was last read or written."
    )
    problem: str | None = strawberry.field(
        description="Code of the reason why no record was chosen, such as `CRM_PERSON_AMBIGUOUS`; null if there is "
        "one. "
        "Nothing is logged for the person meanwhile."
    )
    detail: str = strawberry.field(description="Why no record was chosen, for people; empty if there is one.")
