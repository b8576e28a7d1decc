"""Who does what the Live Feed reports."""

from enum import StrEnum


class ActorKind(StrEnum):
    """The kind of an actor."""

    TOKEN = "TOKEN"  # noqa: S105 - no secret
    SERVER = "SERVER"
    PERSON = "PERSON"
    MACHINE = "MACHINE"
    PROVIDER = "PROVIDER"
    MAILBOX = "MAILBOX"
    CRM = "CRM"


ACTOR_KINDS: dict[str, str] = {
    ActorKind.TOKEN: "A client of the API, also for the background jobs that it has started. The name is that of "
    "its token.",
    ActorKind.SERVER: (
        "The server itself, for example when it sends an email on time or runs a background job that no client started."
    ),
    ActorKind.PERSON: "The person whom the event is about: they replied, opened, clicked, unsubscribed or complained.",
    ActorKind.MACHINE: (
        "A program on the recipient's side, such as a security gateway that follows links, or an automatic answer."
    ),
    ActorKind.PROVIDER: "An email provider that reported the event by a webhook. The name is that of the provider.",
    ActorKind.MAILBOX: "A mail that was read from a mailbox. The name is that of the mailbox.",
    ActorKind.CRM: "A user of the CRM with which the workspace is connected. The name is that of the CRM.",
}
"""The description of each kind."""
