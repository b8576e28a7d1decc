"""Find the account that a sender uses, and the senders that use an account."""

import asyncio

from api.models import Sender
from api.services.workspaces.accounts import account_name
from api.store.senders import real_senders
from plugins.loading.manager import Installed


async def senders_of_account(installed: Installed, account: str) -> list[Sender]:
    """Return the senders that send through an account, in all workspaces except sandboxes."""
    senders = await real_senders()
    accounts = await asyncio.gather(*(account_of_sender(installed, each) for each in senders))
    return [each for each, name in zip(senders, accounts, strict=True) if name == account]


async def account_of_sender(installed: Installed, row: Sender) -> str | None:
    """Return the account that sends a sender's emails, or None if its channel is not installed."""
    channel = installed.channels.get(row.channel)
    return None if channel is None else await account_name(channel, row.channel_config, row.id)
