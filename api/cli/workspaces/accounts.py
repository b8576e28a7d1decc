"""``touchline accounts``: list accounts and their pauses, set which workspaces may use them, and end a pause."""

from rich.table import Column, Table

from api.cli.common import UNFOLDED_WIDTH, OutputConsole, console, database
from api.cli.workspaces.suppressions import find_workspace
from api.services.workspaces.account_pausing import end_pause
from api.services.workspaces.account_users import account_of_sender, senders_of_account
from api.services.workspaces.accounts import check_accounts
from api.settings import Settings, environment
from api.store.engine.database_clock import DatabaseClock
from api.store.replies import mailboxes
from api.store.senders import paused_accounts, real_senders
from api.store.workspaces import real_workspaces, set_accounts
from plugins.loading.manager import load
from strategies import Refusal


async def show(settings: Settings) -> int:
    """List the accounts of senders, why an account or a mailbox waits, and which accounts each workspace may use."""
    installed = load(environment())
    used: dict[str, set[str]] = {}
    async with database(settings):
        workspaces = await real_workspaces()
        names = {row.id: row.name for row in workspaces}
        for sender in await real_senders():
            if account := await account_of_sender(installed, sender):
                used.setdefault(account, set()).add(names[sender.workspace_id])
        waits = {name: (pause.until, pause.code, pause.detail) for name, pause in (await paused_accounts()).items()}
        waits |= await mailboxes.waiting()
    titles = ("account", "workspaces", "paused until (UTC)", "reason")
    table = Table(*(Column(title, overflow="fold") for title in titles))
    for account in sorted({*used, *waits}):
        until, reason = "", ""
        if account in waits:
            at, code, detail = waits[account]
            until, reason = f"{at:%Y-%m-%d %H:%M:%S}", f"{code}: {detail}"
        table.add_row(account, ", ".join(sorted(used.get(account, ()))), until, reason)
    permissions = Table(*(Column(title, overflow="fold") for title in ("workspace", "may use")))
    for row in workspaces:
        permissions.add_row(
            row.name, "every account" if row.accounts is None else ", ".join(row.accounts) or "no account"
        )
    printer = console if console.is_terminal else OutputConsole(width=UNFOLDED_WIDTH)
    printer.print(table, permissions)
    return 0


async def allow(
    settings: Settings, *, workspace: str, accounts: list[str], every: bool, none: bool, unchecked: bool
) -> int:
    """Set which accounts a workspace may use: these, ``every`` account, or ``none``.

    Raises Refusal for accounts that are not configured here, unless they are ``unchecked``.
    """
    accounts = [] if none else sorted(set(accounts))
    async with database(settings):
        row = await find_workspace(workspace)
        if not unchecked:
            try:
                check_accounts(load(environment()), accounts)
            except Refusal as refusal:
                message = f"{refusal.message} Add --unchecked to set it anyway."
                raise Refusal(refusal.code, message, refusal.path) from None
        await set_accounts(row.id, None if every else accounts)
    may = "every account" if every else ", ".join(accounts) or "no account"
    console.print(f"The workspace {row.name!r} may use {may}.", highlight=False, markup=False)
    return 0


async def resume(settings: Settings, *, account: str) -> int:
    """End an account's pause, also that of a mailbox after a failure.

    Raises Refusal for an account that is not paused, not used and not configured.
    """
    installed = load(environment())
    async with database(settings):
        clock = DatabaseClock()
        await clock.sync()
        users = await senders_of_account(installed, account)
        was_paused = await end_pause(account, users, clock()) or await mailboxes.retry_now(account)
        if not was_paused and not users:
            check_accounts(installed, [account])
    state = "is no longer paused" if was_paused else "is not paused"
    console.print(f"The account {account!r} {state}.", highlight=False, markup=False)
    return 0
