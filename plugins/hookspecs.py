"""The hooks that packages of channels, mailboxes, webhooks and CRMs implement."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from strategies import hookspec

if TYPE_CHECKING:
    from plugins.contract import Channel
    from plugins.crms.contract import Crm
    from plugins.mailboxes.contract import Mailbox
    from plugins.webhooks.contract import Webhook


@hookspec
def touchline_register_channels(environment: Mapping[str, str]) -> "Iterable[Channel]":
    """Return the channels that this package adds.

    ``environment`` has the environment variables of the process. A channel reads its settings and secrets from them.
    """
    raise AssertionError("a specification is never called")


@hookspec
def touchline_register_mailboxes(environment: Mapping[str, str]) -> "Iterable[Mailbox]":
    """Return the mailboxes that this package adds.

    ``environment`` has the environment variables of the process. A mailbox reads its settings and secrets from them.
    """
    raise AssertionError("a specification is never called")


@hookspec
def touchline_register_webhooks(environment: Mapping[str, str]) -> "Iterable[Webhook]":
    """Return the webhooks that this package adds.

    ``environment`` has the environment variables of the process. A webhook reads its settings and secrets from them.
    """
    raise AssertionError("a specification is never called")


@hookspec
def touchline_register_crms(environment: Mapping[str, str]) -> "Iterable[Crm]":
    """Return the CRMs that this package adds.

    ``environment`` has the environment variables of the process. A CRM gets the secrets of each connection with its
    access, so it needs none of its own.
    """
    raise AssertionError("a specification is never called")
