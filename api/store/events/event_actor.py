"""The actors of events. A context has one actor, which every event that is written in it gets."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from api.codes.events.actors import ActorKind
from api.codes.events.event_kinds import EventKind

BY_PERSON = frozenset(
    {EventKind.REPLIED, EventKind.OPENED, EventKind.CLICKED, EventKind.UNSUBSCRIBED, EventKind.COMPLAINED}
)
"""Kinds of events whose actor is the person, unless a client of the API records them."""
MAX_CHARACTERS = 250
"""Longest actor with its name."""
WEBHOOK, SANDBOX, TRACKING = "webhook:", "sandbox:", "tracking"
"""Beginnings of the sources of incoming mails and events that are not mailboxes."""

_acting: ContextVar[str] = ContextVar("acting", default=ActorKind.SERVER.value)


@contextmanager
def acting(kind: ActorKind, name: str = "") -> Iterator[None]:
    """Let the events that are written in the block have this actor."""
    before = _acting.get()
    # Without a token of the variable: a generator that uses this may be closed by another task.
    _acting.set(f"{kind}:{name}"[:MAX_CHARACTERS] if name else kind.value)
    try:
        yield
    finally:
        _acting.set(before)


@contextmanager
def acting_for(actor: str | None) -> Iterator[None]:
    """Let the events that are written in the block have the actor who started a job; None: the server."""
    before = _acting.get()
    _acting.set(actor or ActorKind.SERVER.value)
    try:
        yield
    finally:
        _acting.set(before)


def asking_actor() -> str | None:
    """Return the API client that acts in this context, for a job that it starts; None if there is none."""
    actor = _acting.get()
    return actor if actor.startswith(ActorKind.TOKEN) else None


def acting_source(source: str) -> tuple[ActorKind, str]:
    """Return the actor of a mail or a reported event, by its source."""
    if source.startswith(WEBHOOK):
        return ActorKind.PROVIDER, source.removeprefix(WEBHOOK)
    if source.startswith(SANDBOX):
        return ActorKind.PROVIDER, "sandbox"
    return (ActorKind.PERSON, "") if source == TRACKING else (ActorKind.MAILBOX, source)


def actor_of(kind: EventKind, data: str) -> str:
    """Return the actor of an event that is written now."""
    actor = _acting.get()
    if actor.startswith(ActorKind.TOKEN):
        return actor
    if kind is EventKind.AUTO_REPLIED or (kind in BY_PERSON and '"machine"' in data):
        return ActorKind.MACHINE.value
    return ActorKind.PERSON.value if kind in BY_PERSON else actor
