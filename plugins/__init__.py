"""What a partner's package of channels, mailboxes or webhooks imports.

A channel package defines a ``Channel``, returns it from a function marked ``@hookimpl`` and named
``touchline_register_channels``, and names its module in the entry point group "touchline"::

    from plugins import Channel, hookimpl

    @hookimpl
    def touchline_register_channels(environment):
        return [PigeonChannel(environment)]

Imports: strategies.
Imported by: cli, codes, graphql, http, mail, services, store.
"""

from plugins.bounce_classification import Phase, Verdict, classify
from plugins.contract import AccountUnavailableError, Channel, Outcome, Outgoing, Receipt, Session
from plugins.incoming import BounceKind, IncomingMail, ReportedEvent, ReportedKind
from plugins.mailbox_contract import MailBatch, Mailbox, MailboxSession
from plugins.webhook_contract import (
    Webhook,
    WebhookRefusedError,
    WebhookRequest,
    WebhookResult,
    WebhookStatus,
)
from strategies import hookimpl

__all__ = [
    "AccountUnavailableError",
    "BounceKind",
    "Channel",
    "IncomingMail",
    "MailBatch",
    "Mailbox",
    "MailboxSession",
    "Outcome",
    "Outgoing",
    "Phase",
    "Receipt",
    "ReportedEvent",
    "ReportedKind",
    "Session",
    "Verdict",
    "Webhook",
    "WebhookRefusedError",
    "WebhookRequest",
    "WebhookResult",
    "WebhookStatus",
    "classify",
    "hookimpl",
]
