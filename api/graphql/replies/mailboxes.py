"""Mailboxes: how they are doing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graphql.engine.enums.table_enums import MailboxState
from api.graphql.engine.graphql_context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import MAILBOX_FOLDERS, MAILBOXES
from api.services.mailboxes.mailbox_reads import mailboxes_of


@strawberry.type(description="A folder of a mailbox whose mails are read, such as `INBOX`.")
class MailboxFolder:
    name: str = strawberry.field(description="Name of the folder on the mail server.")
    mails: int = strawberry.field(
        description="Number of mails that were stored from it. A mail that another folder had before is not counted."
    )
    last_mail_at: datetime | None = strawberry.field(
        description="When a mail of the folder was last stored; null if none was. Real time, UTC, also in a sandbox."
    )


@strawberry.type(description="Why a mailbox, or one of its folders, cannot be read.")
class MailboxProblem:
    code: str = strawberry.field(description="What happened, for programs, such as `LOGIN_REFUSED`.")
    detail: str = strawberry.field(description="What happened, for people, with the mail server's words.")
    failures: int = strawberry.field(description="Number of failures in a row; 1 for a folder.")
    since: datetime = strawberry.field(
        description="When the mailbox began to fail. Mails that arrive since then are read when it works again. UTC."
    )
    retry_at: datetime | None = strawberry.field(
        description="When it is tried again; null if only one process is affected, and others try immediately. UTC."
    )


@strawberry.type(
    description="An account from which answers are read: replies, bounces and complaints. Server settings name it."
)
class Mailbox:
    account: str = strawberry.field(
        description="Name of the account, such as `imap`, or `imap:SALES` for the one of `TOUCHLINE_IMAP_URL_SALES`."
    )
    state: MailboxState = strawberry.field(description="What happens with the mailbox at the moment.")
    checked_at: datetime | None = strawberry.field(
        description="When Touchline last had read all its mails; null if it never had. "
        "Real time, UTC, also in a sandbox."
    )
    problem: MailboxProblem | None = strawberry.field(
        description="Why the mailbox, or one of its folders, cannot be read; null unless the last attempt failed."
    )
    folders: list[MailboxFolder] = strawberry.field(
        metadata=cost(size=MAILBOX_FOLDERS), description="Folders that are read, in the order of their names."
    )


@strawberry.type
class MailboxQuery:
    @strawberry.field(
        metadata=cost(size=MAILBOXES),
        description="The mailboxes of this server, in the order of their names. If `Workspace.accounts` limits "
        "the accounts of the workspace, only those.",
    )
    async def mailboxes(self, info: Request) -> list[Mailbox]:
        return [_mailbox(row) for row in await mailboxes_of(info.context.workspace_context)]

    @strawberry.field(
        description="The mailbox of an account; null if the server has none, or if the workspace may not use it."
    )
    async def mailbox(
        self,
        info: Request,
        account: Annotated[str, strawberry.argument(description="Name of the account, such as `imap:SALES`.")],
    ) -> Mailbox | None:
        rows = await mailboxes_of(info.context.workspace_context)
        return next((_mailbox(row) for row in rows if row["account"] == account), None)


def _mailbox(row: Mapping[str, Any]) -> Mailbox:
    return Mailbox(
        account=row["account"],
        state=row["state"],
        checked_at=row["checked_at"],
        problem=_problem(**row) if row["failures"] else None,
        folders=[MailboxFolder(**folder) for folder in row["folders"]],
    )


def _problem(
    *, code: str, detail: str, failures: int, failing_since: datetime, retry_at: datetime | None, **_: object
) -> MailboxProblem:
    return MailboxProblem(code=code, detail=detail, failures=failures, since=failing_since, retry_at=retry_at)
