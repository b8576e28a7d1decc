"""The schema, composed of the parts of each noun. It does not depend on the installed packages.

Send options and channels are data. A new noun adds its classes to the bases of Query and Mutation.
"""

from datetime import date, datetime

import strawberry
from strawberry import scalars
from strawberry.schema.config import StrawberryConfig

from api.graphql.arguments.one_of import mark_one_of_types
from api.graphql.bulk_actions import BulkActionMutation, BulkActionQuery
from api.graphql.campaign_archive import CampaignArchiveMutation
from api.graphql.campaign_mutations import CampaignMutation
from api.graphql.campaigns import CampaignQuery
from api.graphql.categories import CategoryMutation, CategoryQuery
from api.graphql.channels import ChannelQuery
from api.graphql.compose_mutations import ComposeMutation
from api.graphql.crm_connections import CrmConnectionQuery
from api.graphql.crm_failures import CrmFailureMutation, CrmFailureQuery
from api.graphql.crm_mutations import CrmMutation
from api.graphql.crm_people import CrmPersonMutation
from api.graphql.crm_settings import CrmSettingsMutation
from api.graphql.crms import CrmQuery
from api.graphql.edit_preview import EditPreviewQuery
from api.graphql.email_bulk_mutations import EmailBulkMutation
from api.graphql.email_mutations import EmailMutation
from api.graphql.email_previews import EmailPreviewQuery
from api.graphql.email_tests import EmailTestMutation
from api.graphql.emails import EmailQuery
from api.graphql.engine.documents import Documents
from api.graphql.engine.errors import HideFaults
from api.graphql.engine.executor import Executor
from api.graphql.engine.nodes import resolve_by_prefix
from api.graphql.engine.operations import Schema
from api.graphql.engine.scalars import JSON, Date, DateTime
from api.graphql.enrollment_bulk_mutations import EnrollmentBulkMutation
from api.graphql.enrollments import EnrollmentMutation, EnrollmentQuery
from api.graphql.events import EventQuery, EventSubscription
from api.graphql.followed_rows import RowSubscription
from api.graphql.groups import GroupMutation, GroupQuery
from api.graphql.imports import ImportMutation, ImportQuery
from api.graphql.incoming_events import IncomingEventQuery
from api.graphql.launch_mutations import LaunchMutation
from api.graphql.launch_preview import LaunchPreviewQuery
from api.graphql.launches import LaunchQuery
from api.graphql.limits.sizes import describe_sizes
from api.graphql.mailboxes import MailboxQuery
from api.graphql.nodes import NodeQuery
from api.graphql.one_off_emails import AttachmentQuery
from api.graphql.one_off_mutations import OneOffMutation
from api.graphql.people import PersonMutation, PersonQuery
from api.graphql.plugins import PluginQuery
from api.graphql.recorded_answers import RecordedAnswerMutation
from api.graphql.replies import ReplyQuery
from api.graphql.reports import ReportQuery
from api.graphql.resume_preview import ResumePreviewQuery
from api.graphql.saved_filters import SavedFilterMutation, SavedFilterQuery
from api.graphql.send_options import SendOptionQuery
from api.graphql.senders import SenderMutation, SenderQuery
from api.graphql.simulations import SimulationMutation
from api.graphql.step_edits import StepEditMutation
from api.graphql.step_mutations import StepMutation
from api.graphql.steps import StepQuery
from api.graphql.suppression_mutations import SuppressionMutation
from api.graphql.suppressions import SuppressionQuery
from api.graphql.task_bulk_mutations import TaskBulkMutation
from api.graphql.task_mutations import TaskMutation
from api.graphql.tasks import TaskQuery
from api.graphql.template_mutations import TemplateMutation
from api.graphql.templates import TemplateQuery
from api.graphql.workspaces import WorkspaceMutation, WorkspaceQuery


@strawberry.type(description="Queries. Each answers for the workspace to which the token gives access.")
class Query(
    WorkspaceQuery,
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
