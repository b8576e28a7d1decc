"""People in the CRM: their records, links by hand, imports, and adding them to campaigns."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.codes.refusals.launches import LaunchCode
from api.graphql.arguments.ids import CampaignId, PersonId
from api.graphql.bulk_actions import BulkRefusal
from api.graphql.engine.enums.crm_failure_enums import SourceKind
from api.graphql.engine.enums.table_enums import OnKnown
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.enrollments.enrollments import Enrollment
from api.graphql.limits.cost import cost
from api.graphql.people.imports import ImportPayload, PeopleImport
from api.graphql.people.people import Person, PersonPayload
from api.services.crm.people import adding, importing, manual_links
from api.services.launches.launch import Choice
from strategies import Refusal

RemoteId = Annotated[
    str,
    strawberry.argument(
        description="Id of the lead or contact in the CRM, such as `0035e00000AbCdEAAV`. Salesforce's ids of 15 "
        "characters are accepted as well."
    ),
]


@strawberry.input(description="Where people are imported from in the CRM.")
class CrmSourceInput:
    kind: SourceKind = strawberry.field(description="A report, a list view, or a query.")
    reference: str = strawberry.field(
        description="Id of the report or list view, or the text of the query, such as `SELECT Id FROM Lead WHERE "
        "Industry = 'Energy'`."
    )


@strawberry.type(
    description="Result of addCrmPeopleToCampaign: who was launched, and why the others were not; or errors, in which "
    "case nobody was launched."
)
class AddCrmPeoplePayload(Payload):
    enrollments: list[Enrollment] = strawberry.field(
        metadata=cost(size=adding.MAX_IDS),
        default_factory=list,
        description="One enrollment for each person who was launched.",
    )
    refused: list[BulkRefusal] = strawberry.field(
        metadata=cost(size=adding.MAX_IDS),
        default_factory=list,
        description="The records whose people were not launched, each with the reason. `objectId` is the id that was "
        "given.",
    )


@strawberry.type
class CrmPersonMutation:
    @mutation(
        metadata=cost(1_000, once=1),
        description="Link a person with a lead or contact of the CRM, in place of an earlier record. If the record "
        "was converted or merged, the resulting record is linked. Refused if another person has the record "
        "(`CRM_PERSON_LINKED`).",
    )
    async def link_crm_person(self, info: Request, person_id: PersonId, remote_id: RemoteId) -> PersonPayload:
        row = await manual_links.link_person(info.context.workspace_context, person_id, remote_id)
        return PersonPayload(person=from_row(Person, row))

    @mutation(
        description="End the link of a person with the CRM. Nothing is logged for them until they are linked again "
        "with `linkCrmPerson`."
    )
    async def unlink_crm_person(self, info: Request, person_id: PersonId) -> PersonPayload:
        row = await manual_links.unlink_person(info.context.workspace_context, person_id)
        return PersonPayload(person=from_row(Person, row))

    @mutation(
        metadata=cost(10_000, once=3),
        description="Import people from a report, a list view or a query of the CRM in the background. They are linked "
        "with their records. People are found by the record, then by address. Rows are refused for the same reasons "
        "as rows of a CSV file. People who have opted out in the CRM are imported, but get no emails. A wrong source "
        "is refused here. A "
        "workspace runs up to 5 imports at once (`TOO_MANY_IMPORTS`).",
    )
    async def import_crm_people(
        self,
        info: Request,
        people_source: Annotated[
            CrmSourceInput, strawberry.argument(name="source", description="The report, list view or query.")
        ],
        on_known: Annotated[
            OnKnown, strawberry.argument(description="What to do with a row whose person already exists.")
        ] = OnKnown.UPDATE,
        group_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Adds the people to this group, also those who existed before."),
        ] = None,
    ) -> ImportPayload:
        context = info.context.workspace_context
        given = people_source
        row = await importing.start_import(context, given.kind, given.reference, on_known=on_known, group_id=group_id)
        context.wake()
        return ImportPayload(people_import=from_row(PeopleImport, row))

    @mutation(
        metadata=cost(1_000, sized_by=("remoteIds",), size_most=adding.MAX_IDS, each=300, once=3),
        description=f"Add up to {adding.MAX_IDS} people to a campaign by the ids of their leads and contacts in the "
        "CRM, such as those selected in a list view. People who are not in the workspace are created. Each is launched "
        "or refused alone, as `launch` refuses them. A refusal about the campaign is an error, and launches nobody.",
    )
    async def add_crm_people_to_campaign(
        self,
        info: Request,
        campaign_id: CampaignId,
        remote_ids: Annotated[
            list[str],
            strawberry.argument(
                description="Ids of leads and contacts in the CRM. One that is given twice counts once."
            ),
        ],
        send_now: Annotated[
            bool, strawberry.argument(description="Whether the first email is sent at once, if it needs a send time.")
        ] = False,
        send_at: Annotated[
            datetime | None,
            strawberry.argument(description="When the first email is sent, with an offset; not with `sendNow`."),
        ] = None,
        again: Annotated[
            bool, strawberry.argument(description="Whether to launch people for whom the campaign has ended before.")
        ] = False,
    ) -> AddCrmPeoplePayload:
        if send_now and send_at is not None:
            raise Refusal.of(LaunchCode.SEND_AT_AMBIGUOUS, ("sendAt",))
        choice = Choice("NOW" if send_now else send_at)
        done = await adding.add_people(info.context.workspace_context, campaign_id, remote_ids, choice, again=again)
        return AddCrmPeoplePayload(
            enrollments=[from_row(Enrollment, row) for row in done.enrollments],
            refused=[
                BulkRefusal(item_id=strawberry.ID(each), code=why.code, message=why.message, path=list(why.path))
                for each, why in done.refused
            ],
        )
