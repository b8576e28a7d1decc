"""The names that a partner's package imports: the contracts of its objects, and ``load`` for its tests.

Import these names from here. The names ``plugins`` and ``strategies`` work as well, but not in a project that has a
folder of the same name.
"""

from collections.abc import Mapping

from touchline.own_packages import own_packages

with own_packages():
    from plugins import (
        AccountUnavailableError,
        BounceKind,
        Channel,
        IncomingMail,
        MailBatch,
        Mailbox,
        MailboxSession,
        Outcome,
        Outgoing,
        Phase,
        Receipt,
        ReportedEvent,
        ReportedKind,
        Session,
        Verdict,
        Webhook,
        WebhookRefusedError,
        WebhookRequest,
        WebhookResult,
        WebhookStatus,
        classify,
    )
    from plugins import manager as _manager
    from plugins.manager import Installed
    from strategies import (
        Availability,
        ByValue,
        Calendar,
        CreateTask,
        Note,
        Plural,
        Position,
        Refusal,
        SendAt,
        SendOption,
        StepContext,
        StepType,
        WarningNote,
        hookimpl,
    )

__all__ = [
    "AccountUnavailableError",
    "Availability",
    "BounceKind",
    "ByValue",
    "Calendar",
    "Channel",
    "CreateTask",
    "IncomingMail",
    "Installed",
    "MailBatch",
    "Mailbox",
    "MailboxSession",
    "Note",
    "Outcome",
    "Outgoing",
    "Phase",
    "Plural",
    "Position",
    "Receipt",
    "Refusal",
    "ReportedEvent",
    "ReportedKind",
    "SendAt",
    "SendOption",
    "Session",
    "StepContext",
    "StepType",
    "Verdict",
    "WarningNote",
    "Webhook",
    "WebhookRefusedError",
    "WebhookRequest",
    "WebhookResult",
    "WebhookStatus",
    "classify",
    "hookimpl",
    "load",
]


def load(environment: Mapping[str, str]) -> Installed:
    """Load all installed packages as the server does. ``broken`` of the result lists those that cannot be used."""
    with own_packages():
        return _manager.load(environment)
