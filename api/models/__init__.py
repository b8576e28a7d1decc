"""The tables. Every row belongs to a workspace, except mailboxes, jobs of the server, unmatched incoming events, the
health of plugins, and the place of the database.

Times are UTC; a local time has its time zone in the same row.

The indexes of lists, partial indexes and those that start with ``workspace_id`` are only in ``api/migrations``. The
models declare the others.

To add a column: the model here, the next migration in ``api/migrations`` (with ``db_default`` unless it may be null),
the statements of ``api/store`` that write it, the GraphQL type in ``api/graphql``, then
``touchline schema > schema.graphql``. A filter or an order of a list needs an index, as in migration 0023.

Imports: strategies.
Imported by: cli, http, services, store.
"""

from api.models.bulk_actions import BulkAction, BulkRefusal
from api.models.campaigns.campaigns import Campaign, Step
from api.models.campaigns.enrollments import Enrollment
from api.models.campaigns.launches import Launch, LeftOut
from api.models.crm.crm_connections import CrmConnection, CrmLogin, CrmSettings, CrmUser
from api.models.crm.crm_people import CrmActivity, CrmPerson
from api.models.crm.crm_tasks import CrmChange, CrmTask, CrmTaskSync
from api.models.database_home import DatabaseHome
from api.models.emails.emails import Send
from api.models.emails.test_email_sends import TestEmail
from api.models.events import Event
from api.models.jobs import Job
from api.models.people.groups import GroupMember, PeopleGroup
from api.models.people.people import ImportRefusal, PeopleImport, Person
from api.models.people.suppressions import Suppression, SuppressionChange
from api.models.plugin_health import PluginHealth
from api.models.replies.incoming import IncomingEvent, Reply
from api.models.replies.mailboxes import MailboxAccount, MailboxFolder
from api.models.tasks import Task
from api.models.templates import Category, Template
from api.models.time_zones import TzDatabase
from api.models.workspaces.request_keys import RequestKey
from api.models.workspaces.saved_filters import SavedFilter
from api.models.workspaces.senders import AccountPause, Sender, ThrottleSlot
from api.models.workspaces.workspaces import Token, Workspace

__all__ = [
    "AccountPause",
    "BulkAction",
    "BulkRefusal",
    "Campaign",
    "Category",
    "CrmActivity",
    "CrmChange",
    "CrmConnection",
    "CrmLogin",
    "CrmPerson",
    "CrmSettings",
    "CrmTask",
    "CrmTaskSync",
    "CrmUser",
    "DatabaseHome",
    "Enrollment",
    "Event",
    "GroupMember",
    "ImportRefusal",
    "IncomingEvent",
    "Job",
    "Launch",
    "LeftOut",
    "MailboxAccount",
    "MailboxFolder",
    "PeopleGroup",
    "PeopleImport",
    "Person",
    "PluginHealth",
    "Reply",
    "RequestKey",
    "SavedFilter",
    "Send",
    "Sender",
    "Step",
    "Suppression",
    "SuppressionChange",
    "Task",
    "Template",
    "TestEmail",
    "ThrottleSlot",
    "Token",
    "TzDatabase",
    "Workspace",
]
