"""The extension points: one row for each kind of plugin that a package can register.

A new kind is one more row. The kind also needs a contract (the class that packages subclass), a hookspec, and a wrapper
that holds an object's declarations as plain values. The manager, ``touchline plugins`` and the error messages take
everything else from the row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import plugins.hookspecs
import strategies.hookspecs
from plugins.contract import Channel
from plugins.crms.contract import Crm
from plugins.loading.crm_declarations import check_deletions_days, check_doubt_seconds, check_ways, methods_for_ways
from plugins.loading.declaration_checks import (
    Check,
    check_batch_size,
    check_body_size,
    check_flag,
    check_media_types,
    check_reads,
    check_schema,
    check_sentences,
    check_texts,
)
from plugins.loading.wrappers import ChannelWrapper, CrmWrapper, MailboxWrapper, OptionWrapper, WebhookWrapper
from plugins.mailboxes.contract import Mailbox
from plugins.webhooks.contract import Webhook
from strategies import SendOption
from strategies.registry import Registry, SendOptions

Contract = TypeVar("Contract")


@dataclass(frozen=True, slots=True, eq=False)
class ExtensionPoint(Generic[Contract]):
    """One kind of plugin."""

    noun: str
    """The word for it in messages, such as "channel"."""
    hookspec: Callable[..., Any]
    """Its function in a module of hookspecs. Its name is the hook."""
    contract: type[Contract]
    """The class that a package's objects are instances of. Each object has a ``key``."""
    wrapper: Callable[[Any, Mapping[str, Any]], Contract]
    """Makes the registered object from the package's own object and its checked declarations."""
    checks: Mapping[str, Check]
    """How each declaration other than the key is checked, in this order, by attribute."""
    registry: Callable[[], Registry[Contract]] = field(default=Registry)
    plural: str = ""
    """The plural of ``noun``, if it does not end in "s"."""
    methods_for: Callable[[Mapping[str, Any]], Sequence[str]] = lambda declarations: ()
    """Returns the names of the optional methods that an object with these declarations needs."""

    @property
    def hook(self) -> str:
        """The name of the function that a package defines."""
        return self.hookspec.__name__

    @property
    def title(self) -> str:
        """The heading of a list of such plugins."""
        return self.plural or f"{self.noun}s"


SEND_OPTIONS: ExtensionPoint[SendOption] = ExtensionPoint(
    noun="send option",
    hookspec=strategies.hookspecs.touchline_register_send_options,
    contract=SendOption,  # type: ignore[type-abstract]
    wrapper=OptionWrapper,
    checks={
        "labels": check_texts,
        "help": check_texts,
        "config_schema": check_schema,
        "asks_send_at": check_flag,
        "takes_time": check_flag,
        "creates_task": check_flag,
        "sentences": check_sentences,
        "reads": check_reads,
        "follows_changes": check_flag,
    },
    registry=SendOptions,
)
CHANNELS: ExtensionPoint[Channel] = ExtensionPoint(
    noun="channel",
    hookspec=plugins.hookspecs.touchline_register_channels,
    contract=Channel,  # type: ignore[type-abstract]
    wrapper=ChannelWrapper,
    checks={
        "labels": check_texts,
        "config_schema": check_schema,
        "supports_copies": check_flag,
        "batch_size": check_batch_size,
    },
)
MAILBOXES: ExtensionPoint[Mailbox] = ExtensionPoint(
    noun="mailbox",
    plural="mailboxes",
    hookspec=plugins.hookspecs.touchline_register_mailboxes,
    contract=Mailbox,  # type: ignore[type-abstract]
    wrapper=MailboxWrapper,
    checks={"labels": check_texts},
)
WEBHOOKS: ExtensionPoint[Webhook] = ExtensionPoint(
    noun="webhook",
    hookspec=plugins.hookspecs.touchline_register_webhooks,
    contract=Webhook,  # type: ignore[type-abstract]
    wrapper=WebhookWrapper,
    checks={"labels": check_texts, "content_types": check_media_types, "max_body_bytes": check_body_size},
)
CRMS: ExtensionPoint[Crm] = ExtensionPoint(
    noun="CRM",
    hookspec=plugins.hookspecs.touchline_register_crms,
    contract=Crm,  # type: ignore[type-abstract]
    wrapper=CrmWrapper,
    checks={
        "labels": check_texts,
        "ways": check_ways,
        "doubt_seconds": check_doubt_seconds,
        "deletions_days": check_deletions_days,
    },
    methods_for=methods_for_ways,
)
EXTENSION_POINTS: tuple[ExtensionPoint[Any], ...] = (SEND_OPTIONS, CHANNELS, MAILBOXES, WEBHOOKS, CRMS)
