"""Settings of a workspace for a CRM: type, changes and mutation."""

from typing import Annotated

import strawberry

from api.graphql.arguments.given_fields import given_fields
from api.graphql.engine.enums.crm_enums import CrmDuplicates, CrmNoMatch, CrmPersonKind, CrmSkippedTask
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.roles import Role
from api.services.crm.connections import settings

CrmKey = Annotated[
    str | None,
    strawberry.argument(
        description="Key of the CRM, as `crms` lists it. If left out, the CRM to which the workspace is connected, or "
        "was connected last; else `salesforce`."
    ),
]


@strawberry.type(description="Settings of a workspace for a CRM. They are kept when it is disconnected.")
class CrmSettings:
    """A row of api.models.CrmSettings."""

    api_share: int = strawberry.field(
        description="Percentage of the CRM's API limit, 1 to 100. When all programs of the organization together have "
        "used it, Touchline's calls wait."
    )
    sync_tasks: bool = strawberry.field(
        description="Whether tasks are synced if their sender has no setting of its own (`setCrmUser`)."
    )
    subject_pattern: str = strawberry.field(
        description="Subject of tasks and logged activities in the CRM: text with variables, such as "
        "`{{activity_type}}: {{activity_subject}}`. It is cut at 255 characters."
    )
    skipped_tasks: CrmSkippedTask = strawberry.field(description="What happens to a skipped task in the CRM.")
    first_kind: CrmPersonKind = strawberry.field(
        description="Which record is used for a person who has a lead and a contact in the CRM."
    )
    on_duplicates: CrmDuplicates = strawberry.field(description="What happens if several records have the address.")
    on_no_match: CrmNoMatch = strawberry.field(description="What happens if no record has the address.")
    log_emails: bool = strawberry.field(description="Whether sent emails are logged as completed tasks.")
    log_replies: bool = strawberry.field(description="Whether replies are logged as completed tasks.")
    log_calls: bool = strawberry.field(description="Whether calls are logged as completed tasks.")
    log_related: bool = strawberry.field(
        description="Whether activities of contacts are also logged for the contact's only open opportunity, or else "
        "for its account."
    )
    email_objects: bool = strawberry.field(
        description="Whether emails are logged as the CRM's own email records instead, if the organization has them "
        "(Salesforce: Enhanced Email)."
    )
    sync_opt_outs: bool = strawberry.field(
        description="Whether unsubscribes in Touchline and email opt-outs in the CRM are synchronized."
    )
    marker_field: str = strawberry.field(
        description="API name of the field of tasks in the CRM that has Touchline's id. Empty: the plugin's own, such "
        "as `Touchline_Id__c`."
    )
    opt_out_field: str = strawberry.field(
        description="API name of the email opt-out field in the CRM. Empty: the CRM's standard field."
    )


@strawberry.input(description="Settings for the CRM to change. One that is left out keeps its value; null: default.")
class CrmSettingsChanges:
    api_share: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Percentage of the CRM's API limit up to which calls are made, 1 to 100. The default is 80.",
    )
    sync_tasks: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether tasks are synced if their sender has no setting of its own. The default is false.",
    )
    subject_pattern: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Subject of tasks and activities in the CRM. Variables: `{{activity_type}}`, "
        "`{{activity_subject}}`, `{{sales_campaign_name}}`, `{{sales_campaign_day}}`, `{{sales_campaign_step}}`, "
        "`{{call_outcome}}` and `{{call_reason}}`. One without a value is empty.",
    )
    skipped_tasks: CrmSkippedTask | None = strawberry.field(
        default=strawberry.UNSET, description="What happens to a skipped task in the CRM. The default is COMPLETED."
    )
    first_kind: CrmPersonKind | None = strawberry.field(
        default=strawberry.UNSET,
        description="Which record is used for a person who has a lead and a contact. The default is CONTACT.",
    )
    on_duplicates: CrmDuplicates | None = strawberry.field(
        default=strawberry.UNSET,
        description="What happens if several records have the person's address. The default is OLDEST.",
    )
    on_no_match: CrmNoMatch | None = strawberry.field(
        default=strawberry.UNSET,
        description="What happens if no record has the person's address. The default is SKIP.",
    )
    log_emails: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether sent emails are logged. The default is false."
    )
    log_replies: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether replies are logged. The default is false."
    )
    log_calls: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether calls are logged. The default is false."
    )
    log_related: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether activities of contacts are also logged for the contact's only open opportunity, or else "
        "for its account. The default is true.",
    )
    email_objects: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether emails are logged as the CRM's own email records. The default is false.",
    )
    sync_opt_outs: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether unsubscribes in Touchline and email opt-outs in the CRM are synchronized. The default is "
        "true.",
    )
    marker_field: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="API name of the field that has Touchline's id, such as `Touchline_Id__c`. Null: the plugin's own.",
    )
    opt_out_field: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="API name of the email opt-out field. Null: the CRM's standard field.",
    )


@strawberry.type(description="Result of updateCrmSettings: the settings, or errors.")
class CrmSettingsPayload(Payload):
    settings: CrmSettings | None = strawberry.field(
        default=None, description="The settings after the change; null if there are errors."
    )


@strawberry.type
class CrmSettingsMutation:
    @mutation(
        role=Role.ADMIN, description="Change the settings of the workspace for a CRM. The CRM need not be connected."
    )
    async def update_crm_settings(
        self,
        info: Request,
        input: Annotated[
            CrmSettingsChanges, strawberry.argument(description="The settings to change; others keep their values.")
        ],
        crm: CrmKey = None,
    ) -> CrmSettingsPayload:
        row = await settings.update_settings(info.context.workspace_context, crm, given_fields(input))
        return CrmSettingsPayload(settings=from_row(CrmSettings, row))
