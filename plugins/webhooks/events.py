"""Converts a provider's entries into reported events, and counts those that cannot be used."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from plugins.incoming import BounceKind, ReportedEvent, ReportedKind
from plugins.webhooks.codes import WebhookCode
from plugins.webhooks.contract import MAX_EVENTS, WebhookRefusedError, WebhookResult, WebhookStatus

log = logging.getLogger("touchline.webhooks")


@dataclass(frozen=True, slots=True)
class Draft:
    """One event as the provider describes it, before its checks."""

    kind: ReportedKind
    key: str
    at: datetime
    email_id: str | None = None
    message_id: str | None = None
    recipient: str | None = None
    sender: str | None = None
    bounce: BounceKind | None = None
    status: str = ""
    detail: str = ""
    url: str = ""
    user_agent: str = ""
    ip: str = ""
    machine: bool = False

    def event(self) -> ReportedEvent | None:
        """Return the event, or None if it names neither its key nor an email or an address."""
        if not self.key or not (self.email_id or self.message_id or self.recipient):
            return None
        return ReportedEvent(**{each.name: getattr(self, each.name) for each in fields(self)})


def collect(found: Sequence[object], drafts_of: Callable[[Mapping[str, Any]], Iterable[Draft | None]]) -> WebhookResult:
    """Return the events of all entries. An entry that cannot be used does not refuse the others: it is counted."""
    if len(found) > MAX_EVENTS:
        message = WebhookCode.WEBHOOK_TOO_LARGE.message("events", limit=MAX_EVENTS)
        raise WebhookRefusedError(WebhookStatus.TOO_LARGE, *message)
    events: list[ReportedEvent] = []
    ignored = 0
    for item in found:
        for draft in drafts_of(item) if isinstance(item, Mapping) else (None,):
            event = draft.event() if draft is not None else None
            if event is not None:
                events.append(event)
            else:
                ignored += 1
                if draft is not None:
                    log.warning("ignored an event %s without an id, email or address", draft.kind)
    return WebhookResult(events, ignored=ignored)


def digest_key(*parts: object) -> str:
    """Return a key for an event that has no id of its own, from the values that identify it."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
