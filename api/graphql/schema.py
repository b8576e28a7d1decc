"""The schema, composed of the parts of each noun. It does not depend on the installed packages.

Send options and channels are data. A new noun adds its classes to the bases of Query and Mutation.
"""

from datetime import date, datetime

import strawberry
from strawberry import scalars
from strawberry.schema.config import StrawberryConfig

from api.graphql.arguments.one_of import mark_one_of_types
from api.graphql.bulk_actions import BulkActionMutation, BulkActionQuery
from api.graphql.campaigns.campaign_archive import CampaignArchiveMutation
from api.graphql.campaigns.campaign_mutations import CampaignMutation
from api.graphql.campaigns.campaigns import CampaignQuery
from api.graphql.campaigns.edit_preview import EditPreviewQuery
from api.graphql.campaigns.resume_preview import ResumePreviewQuery
from api.graphql.campaigns.step_edits import StepEditMutation
from api.graphql.campaigns.step_mutations import StepMutation
from api.graphql.campaigns.steps import StepQuery
from api.graphql.campaigns.waiting_people import WaitingPeopleMutation
from api.graphql.crm.connections import CrmConnectionQuery
from api.graphql.crm.crm_mutations import CrmMutation
from api.graphql.crm.crm_people import CrmPersonMutation
from api.graphql.crm.crm_settings import CrmSettingsMutation
from api.graphql.crm.crms import CrmQuery
from api.graphql.crm.failures import CrmFailureMutation, CrmFailureQuery
from api.graphql.emails.email_bulk_mutations import EmailBulkMutation
from api.graphql.emails.email_mutations import EmailMutation
from api.graphql.emails.email_previews import EmailPreviewQuery
from api.graphql.emails.emails import EmailQuery
from api.graphql.emails.one_off_emails import AttachmentQuery
from api.graphql.emails.one_off_mutations import OneOffMutation
from api.graphql.emails.test_email_sends import EmailTestMutation
from api.graphql.engine.execution.documents import Documents
from api.graphql.engine.execution.errors import HideFaults
from api.graphql.engine.execution.executor import Executor
from api.graphql.engine.execution.operations import Schema
from api.graphql.engine.node_interface import resolve_by_prefix
from api.graphql.engine.scalars import JSON, Date, DateTime
from api.graphql.enrollments.enrollment_bulk_mutations import EnrollmentBulkMutation
from api.graphql.enrollments.enrollments import EnrollmentMutation, EnrollmentQuery
from api.graphql.events.events import EventQuery, EventSubscription
from api.graphql.events.followed_rows import RowSubscription
from api.graphql.launches.launch_mutations import LaunchMutation
from api.graphql.launches.launch_preview import LaunchPreviewQuery
from api.graphql.launches.launches import LaunchQuery
from api.graphql.limits.sizes import describe_sizes
from api.graphql.nodes import NodeQuery
from api.graphql.people.groups import GroupMutation, GroupQuery
from api.graphql.people.imports import ImportMutation, ImportQuery
from api.graphql.people.people import PersonMutation, PersonQuery
from api.graphql.people.suppression_mutations import SuppressionMutation
from api.graphql.people.suppressions import SuppressionQuery
from api.graphql.plugins.channels import ChannelQuery
from api.graphql.plugins.plugins import PluginQuery
from api.graphql.plugins.send_options import SendOptionQuery
from api.graphql.replies.incoming_events import IncomingEventQuery
from api.graphql.replies.mailboxes import MailboxQuery
from api.graphql.replies.recorded_answers import RecordedAnswerMutation
from api.graphql.replies.replies import ReplyQuery
from api.graphql.replies.simulations import SimulationMutation
from api.graphql.reports import ReportQuery
from api.graphql.saved_filters import SavedFilterMutation, SavedFilterQuery
from api.graphql.tasks.compose_mutations import ComposeMutation
from api.graphql.tasks.task_bulk_mutations import TaskBulkMutation
from api.graphql.tasks.task_mutations import TaskMutation
from api.graphql.tasks.tasks import TaskQuery
from api.graphql.templates.categories import CategoryMutation, CategoryQuery
from api.graphql.templates.template_mutations import TemplateMutation
from api.graphql.templates.templates import TemplateQuery
from api.graphql.workspaces.senders import SenderMutation, SenderQuery
from api.graphql.workspaces.tokens import TokenMutation, TokenQuery
from api.graphql.workspaces.workspaces import WorkspaceMutation, WorkspaceQuery


@strawberry.type(description="Queries. Each reads the workspace of the token.")
class Query(
    WorkspaceQuery,
    TokenQuery,
    ChannelQuery,
    PluginQuery,
    PersonQuery,
    SuppressionQuery,
    ImportQuery,
    LaunchQuery,
    SenderQuery,
    MailboxQuery,
    CrmQuery,
    CrmConnectionQuery,
    TemplateQuery,
    CategoryQuery,
    GroupQuery,
    CampaignQuery,
    StepQuery,
    ReplyQuery,
    SendOptionQuery,
    LaunchPreviewQuery,
    ResumePreviewQuery,
    EditPreviewQuery,
    EnrollmentQuery,
    AttachmentQuery,
    EmailQuery,
    EmailPreviewQuery,
    TaskQuery,
    BulkActionQuery,
    SavedFilterQuery,
    EventQuery,
    IncomingEventQuery,
    CrmFailureQuery,
    ReportQuery,
    NodeQuery,
):
    """The root of queries."""


@strawberry.type(
    description="Mutations. Each returns the changed object, or `errors`, in which case nothing was changed."
)
class Mutation(
    PersonMutation,
    ImportMutation,
    SenderMutation,
    CrmMutation,
    CrmSettingsMutation,
    TemplateMutation,
    CategoryMutation,
    GroupMutation,
    CampaignMutation,
    CampaignArchiveMutation,
    WaitingPeopleMutation,
    StepMutation,
    StepEditMutation,
    LaunchMutation,
    TaskMutation,
    TaskBulkMutation,
    ComposeMutation,
    EmailMutation,
    EmailTestMutation,
    EmailBulkMutation,
    BulkActionMutation,
    OneOffMutation,
    SavedFilterMutation,
    EnrollmentMutation,
    RecordedAnswerMutation,
    EnrollmentBulkMutation,
    SuppressionMutation,
    CrmPersonMutation,
    CrmFailureMutation,
    SimulationMutation,
    WorkspaceMutation,
    TokenMutation,
):
    """The root of mutations."""


@strawberry.type(
    description="Subscriptions, over a websocket at the same address (protocol `graphql-transport-ws`) or over "
    "server-sent events (`Accept: text/event-stream`)."
)
class Subscription(RowSubscription, EventSubscription):
    """The root of subscriptions."""


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(scalar_map={date: Date, datetime: DateTime, scalars.JSON: JSON}),
    execution_context_class=Executor,
    extensions=[
        HideFaults,
        Documents,
    ],
)

describe_sizes(schema._schema)
resolve_by_prefix(schema._schema)
mark_one_of_types(schema._schema)


ONE_OF = "directive @oneOf on INPUT_OBJECT"


def schema_text() -> str:
    """Return the text of schema.graphql. Strawberry prints its directive without a description."""
    described = f'"""An input of which exactly one field is given, and not null."""\n{ONE_OF}'
    return schema.as_str().replace(ONE_OF, described, 1) + "\n"
