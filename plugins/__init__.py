"""The names that a partner's package of channels, mailboxes, webhooks or CRMs imports.

A channel package defines a ``Channel``, returns it from a function marked ``@hookimpl`` and named
``touchline_register_channels``, and names its module in the entry point group "touchline"::

    from plugins import Channel, hookimpl

    @hookimpl
    def touchline_register_channels(environment):
        return [ExampleMailChannel(environment)]

Imports: strategies.
Imported by: channel_processes, cli, codes, graphql.plugins, http, mail, services, store.dispatch, store.engine.
"""

from plugins.bounce_classification import Phase, Verdict, classify
from plugins.contract import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt, Session
from plugins.crms.access import (
    AccessField,
    AccessFieldKind,
    ApiUse,
    ConnectWay,
    Consent,
    CrmAccess,
    CrmCapabilities,
    CrmHost,
    CrmIdentity,
)
from plugins.crms.codes import (
    CrmCategory,
    CrmCode,
)
from plugins.crms.contract import (
    Crm,
    CrmSession,
)
from plugins.crms.errors import (
    CrmError,
)
from plugins.crms.people_and_activities import (
    ActivityField,
    ActivityKind,
    ActivityPush,
    LoggedEmail,
    NewPerson,
    OptOut,
    OptOutPage,
    PersonKind,
    PersonPage,
    PersonSource,
    RelatedKind,
    RelatedRecord,
    RemotePerson,
    RemoteUser,
    SourceKind,
)
from plugins.crms.tasks import (
    DeletedTask,
    DeletedTasks,
    RemotePriority,
    RemoteStatus,
    RemoteTask,
    RemoteTaskKind,
    TaskField,
    TaskPage,
    TaskPush,
    TaskValues,
    WriteResult,
)
from plugins.incoming import BounceKind, IncomingMail, ReportedEvent, ReportedKind
from plugins.mailboxes.contract import MailBatch, Mailbox, MailboxSession
from plugins.structured_email import EmailAddress, EmailAttachment, StructuredEmail
from plugins.webhooks.contract import (
    Webhook,
    WebhookRefusedError,
    WebhookRequest,
    WebhookResult,
    WebhookStatus,
)
from strategies import hookimpl

__all__ = [
    "AccessField",
    "AccessFieldKind",
    "AccountUnavailableError",
    "ActivityField",
    "ActivityKind",
    "ActivityPush",
    "ApiUse",
    "BounceKind",
    "Channel",
    "ConnectWay",
    "Consent",
    "Crm",
    "CrmAccess",
    "CrmCapabilities",
    "CrmCategory",
    "CrmCode",
    "CrmError",
    "CrmHost",
    "CrmIdentity",
    "CrmSession",
    "DeletedTask",
    "DeletedTasks",
    "EmailAddress",
    "EmailAttachment",
    "IncomingMail",
    "LoggedEmail",
    "MailBatch",
    "Mailbox",
    "MailboxSession",
    "NewPerson",
    "OptOut",
    "OptOutPage",
    "Outcome",
    "Outgoing",
    "PersonKind",
    "PersonPage",
    "PersonSource",
    "Phase",
    "Receipt",
    "RelatedKind",
    "RelatedRecord",
    "RemotePerson",
    "RemotePriority",
    "RemoteStatus",
    "RemoteTask",
    "RemoteTaskKind",
    "RemoteUser",
    "ReportedEvent",
    "ReportedKind",
    "Session",
    "SourceKind",
    "StructuredEmail",
    "TaskField",
    "TaskPage",
    "TaskPush",
    "TaskValues",
    "Verdict",
    "Webhook",
    "WebhookRefusedError",
    "WebhookRequest",
    "WebhookResult",
    "WebhookStatus",
    "WriteResult",
    "classify",
    "hookimpl",
]
