"""The schema, composed of the parts of each noun. It does not depend on the installed packages.

Send options and channels are data. A new noun adds its classes to the bases of Query and Mutation.
"""

from datetime import date, datetime

import strawberry
from strawberry import scalars
from strawberry.schema.config import StrawberryConfig

from api.graphql.campaign_mutations import CampaignMutation
from api.graphql.campaigns import CampaignQuery
from api.graphql.categories import CategoryMutation, CategoryQuery
from api.graphql.channels import ChannelQuery
from api.graphql.edit_preview import EditPreviewQuery
from api.graphql.email_mutations import EmailMutation
from api.graphql.emails import EmailQuery
from api.graphql.engine.documents import Documents
from api.graphql.engine.errors import HideFaults
from api.graphql.engine.executor import Executor
from api.graphql.engine.nodes import resolve_by_prefix
from api.graphql.engine.operations import Schema
from api.graphql.engine.scalars import JSON, Date, DateTime
from api.graphql.enrollments import EnrollmentMutation, EnrollmentQuery
from api.graphql.events import EventQuery
from api.graphql.imports import ImportMutation, ImportQuery
from api.graphql.incoming_events import IncomingEventQuery
from api.graphql.launch_mutations import LaunchMutation
from api.graphql.launch_preview import LaunchPreviewQuery
from api.graphql.launches import LaunchQuery, LaunchSubscription
from api.graphql.limits.sizes import describe_sizes
from api.graphql.mailboxes import MailboxQuery
from api.graphql.nodes import NodeQuery
from api.graphql.people import PersonMutation, PersonQuery
from api.graphql.resume_preview import ResumePreviewQuery
from api.graphql.send_options import SendOptionQuery
from api.graphql.senders import SenderMutation, SenderQuery
from api.graphql.simulations import SimulationMutation
from api.graphql.step_mutations import StepMutation
from api.graphql.suppression_mutations import SuppressionMutation
from api.graphql.suppressions import SuppressionQuery
from api.graphql.task_bulk_mutations import TaskBulkMutation
from api.graphql.task_mutations import TaskMutation
from api.graphql.tasks import TaskQuery
from api.graphql.templates import TemplateMutation, TemplateQuery
from api.graphql.workspaces import WorkspaceMutation, WorkspaceQuery


@strawberry.type(description="Queries. Each answers for the workspace to which the token gives access.")
class Query(
    WorkspaceQuery,
    ChannelQuery,
    PersonQuery,
    SuppressionQuery,
    ImportQuery,
    LaunchQuery,
    SenderQuery,
    MailboxQuery,
    TemplateQuery,
    CategoryQuery,
    CampaignQuery,
    SendOptionQuery,
    LaunchPreviewQuery,
    ResumePreviewQuery,
    EditPreviewQuery,
    EnrollmentQuery,
    EmailQuery,
    TaskQuery,
    EventQuery,
    IncomingEventQuery,
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
    TemplateMutation,
    CategoryMutation,
    CampaignMutation,
    StepMutation,
    LaunchMutation,
    TaskMutation,
    TaskBulkMutation,
    EmailMutation,
    EnrollmentMutation,
    SuppressionMutation,
    SimulationMutation,
    WorkspaceMutation,
):
    """The root of mutations."""


@strawberry.type(
    description="Subscriptions, over a websocket at the same address (protocol `graphql-transport-ws`) or over "
    "server-sent events (`Accept: text/event-stream`)."
)
class Subscription(LaunchSubscription):
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


def schema_text() -> str:
    """Return the text of schema.graphql."""
    return schema.as_str() + "\n"
