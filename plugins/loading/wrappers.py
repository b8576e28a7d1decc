"""Wrappers: a package's objects with their declarations as plain values.

Touchline reads declarations (key, labels, schema and so on) from these objects only. Method calls go to the package's
own object, and each caller checks what they return.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from inspect import signature
from typing import Any

from plugins.contract import Channel, Session
from plugins.crms.access import Consent, CrmAccess, CrmHost
from plugins.crms.contract import Crm, CrmSession
from plugins.mailboxes.contract import Mailbox, MailboxSession
from plugins.webhooks.contract import Webhook, WebhookRequest, WebhookResult
from strategies import Availability, CampaignFacts, CreateTask, Position, Range, SendAt, SendOption, StepContext
from strategies.package_options.option_calls import limits_times


class OptionWrapper(SendOption):
    """A package's send option with its declarations as plain values."""

    def __init__(self, own: SendOption, declarations: Mapping[str, Any]) -> None:
        self.own = own
        vars(self).update(declarations)
        self._takes_campaign = _takes_campaign(own)
        self.limits_times = limits_times(own)

    def availability(self, position: Position) -> Availability:
        """Call the package's option."""
        return self.own.availability(position)

    def validate(self, config: Mapping[str, Any], campaign: CampaignFacts) -> None:
        """Call the package's option."""
        if self._takes_campaign:
            self.own.validate(config, campaign)
        else:
            self.own.validate(config)  # type: ignore[call-arg]

    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        """Call the package's option."""
        return self.own.resolve(step)

    def window(self, step: StepContext, send_at: datetime) -> Sequence[Range] | None:
        """Call the package's option."""
        return self.own.window(step, send_at)


def _takes_campaign(option: SendOption) -> bool:
    """Say whether an option's ``validate`` gets the campaign's settings, or the configuration only."""
    try:
        signature(option.validate).bind({}, CampaignFacts())
    except (TypeError, ValueError):
        return False
    return True


class ChannelWrapper(Channel):
    """A package's channel with its declarations as plain values."""

    def __init__(self, own: Channel, declarations: Mapping[str, Any]) -> None:
        self.own = own
        vars(self).update(declarations)

    def account(self, config: Mapping[str, Any]) -> str:
        """Call the package's channel. Without an ``account`` of its own, the account is the checked key."""
        return self.key if type(self.own).account is Channel.account else self.own.account(config)

    def accounts(self) -> Sequence[str] | None:
        """Call the package's channel. Without methods of its own, the only account is the checked key."""
        if type(self.own).accounts is not Channel.accounts:
            return self.own.accounts()
        return [self.key] if type(self.own).account is Channel.account else None

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Call the package's channel."""
        return self.own.sessions(config)

    async def trouble(self) -> str | None:
        """Call the package's channel."""
        return await self.own.trouble()

    def connect(self, config: Mapping[str, Any]) -> AbstractAsyncContextManager[Session]:
        """Call the package's channel."""
        return self.own.connect(config)


class MailboxWrapper(Mailbox):
    """A package's mailbox with its declarations as plain values."""

    def __init__(self, own: Mailbox, declarations: Mapping[str, Any]) -> None:
        self.own = own
        vars(self).update(declarations)

    def accounts(self) -> Sequence[str]:
        """Call the package's mailbox."""
        return self.own.accounts()

    def open(self, account: str) -> AbstractAsyncContextManager[MailboxSession]:
        """Call the package's mailbox."""
        return self.own.open(account)


class WebhookWrapper(Webhook):
    """A package's webhook with its declarations as plain values."""

    def __init__(self, own: Webhook, declarations: Mapping[str, Any]) -> None:
        self.own = own
        vars(self).update(declarations)

    def accounts(self) -> Sequence[str]:
        """Call the package's webhook."""
        return self.own.accounts()

    async def receive(self, request: WebhookRequest) -> WebhookResult:
        """Call the package's webhook."""
        return await self.own.receive(request)


class CrmWrapper(Crm):
    """A package's CRM with its declarations as plain values."""

    def __init__(self, own: Crm, declarations: Mapping[str, Any]) -> None:
        self.own = own
        vars(self).update(declarations)

    def open(self, access: CrmAccess, host: CrmHost) -> AbstractAsyncContextManager[CrmSession]:
        """Call the package's CRM."""
        return self.own.open(access, host)

    def consent_url(self, access: CrmAccess, consent: Consent) -> str:
        """Call the package's CRM."""
        return self.own.consent_url(access, consent)

    async def redeem_consent(self, access: CrmAccess, consent: Consent, code: str) -> Mapping[str, str]:
        """Call the package's CRM."""
        return await self.own.redeem_consent(access, consent, code)

    async def revoke(self, access: CrmAccess) -> None:
        """Call the package's CRM."""
        await self.own.revoke(access)
