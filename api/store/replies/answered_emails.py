"""The emails that incoming mails and events are about: find them, and write what the answers change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.ids import new_id
from api.models import Send
from api.states import MatchedBy, ReplyKind
from api.store.emails.transactional import transactional_campaign
from api.store.engine.database import is_postgres
from api.store.engine.row_reader import read_where
from api.store.engine.sql import Records, Row, execute, in_list, instant

COLUMNS = frozenset(
    {
        "id", "workspace_id", "enrollment_id", "step_id", "person_id", "sender_id", "status", "message_id",
        "recipient", "sent_at", "replied_at", "bounce", "by_hand", "sandbox",
    }
)  # fmt: skip
REPLY_COLUMNS = {
    "id": "text",
    "workspace_id": "text",
    "send_id": "text",
    "kind": "text",
    "at": "timestamptz",
    "sender": "text",
    "subject": "text",
    "text": "text",
    "message_id": "text",
    "content_key": "text",
    "matched_by": "text",
}
PROVED_COLUMNS = {"id": "text", "at": "timestamptz"}
BOUNCE_COLUMNS = {"id": "text", "bounce": "text", "reason": "text", "detail": "text"}


NOT_ERASED = "(SELECT erased_at FROM person WHERE person.id = person_id) IS NULL"
"""SQL: the person of an email was not erased. Answers to erased people's emails belong to no email."""


class NewReply(NamedTuple):
    """A reply to store."""

    id: str
    workspace_id: str
    send_id: str
    kind: ReplyKind
    at: datetime
    sender: str
    subject: str
    text: str
    message_id: str | None
    content_key: str | None
    matched_by: MatchedBy | None


class NewBounce(NamedTuple):
    """A bounce of an email to store. ``reason`` is a code, and ``detail`` is what users read."""

    send_id: str
    bounce: str
    reason: str
    detail: str


async def by_ids(ids: Sequence[str], *, lock: bool = False) -> dict[str, Any]:
    """Return emails by id, of all workspaces, except those to erased people.

    With ``lock``, nobody changes them before the transaction ends.
    """
    locked = "FOR NO KEY UPDATE" if lock and is_postgres() else ""
    condition = f"{in_list('id', 1)} AND {NOT_ERASED} ORDER BY id {locked}"
    rows = await read_where(Send, condition, sorted(set(ids)), columns=COLUMNS)
    return {row.id: row for row in rows}


async def sender_keys(sender_ids: Sequence[str]) -> dict[str, str]:
    """Return the keys of the addresses of these senders, by their ids."""
    rows = await execute(f"SELECT id, email_key FROM sender WHERE {in_list('id', 1)}", list(sender_ids))
    return {row["id"]: row["email_key"] for row in rows}


class SentEmail(NamedTuple):
    """An email that was sent to an address lately."""

    id: str
    workspace_id: str
    recipient: str
    sent_at: datetime
    enrollment_id: str | None
    """None outside campaigns."""
    sender_key: str
    """The key of its sender's address."""


EMAILS_OF_PEOPLE = (
    "JOIN enrollment ON enrollment.person_id = person.id JOIN send ON send.enrollment_id = enrollment.id",
    "JOIN send ON send.person_id = person.id AND send.enrollment_id IS NULL",
)
"""SQL joins of ``person`` with ``send``: the emails of campaigns, and the one-off emails. Each has an index."""


async def sent_to(own_keys: Sequence[str], recipient_keys: Sequence[str], after: datetime) -> list[SentEmail]:
    """Return the emails sent after a time (UTC) by senders with one of these addresses to people with one of these.

    Both are keys of addresses. They include emails to people who had one of these addresses before, even if they went
    to another address: compare ``recipient``. Emails of sandboxes are left out, because they were never sent.
    """
    found = " UNION ALL ".join(
        "SELECT send.id, send.workspace_id, coalesce(send.recipient, person.email) AS recipient, send.sent_at,"
        " send.enrollment_id, sender.email_key AS sender_key"
        f" FROM sender JOIN {people} {emails} AND send.sender_id = sender.id"
        f" WHERE {in_list('sender.email_key', 1)} AND send.status || '' IN ('SENT', 'BOUNCED') AND send.sent_at > $3"
        " AND NOT send.sandbox"
        for people in (
            f"person ON person.workspace_id = sender.workspace_id AND {in_list('person.email_key', 2)}",
            f"former_address ON former_address.workspace_id = sender.workspace_id AND"
            f" {in_list('former_address.email_key', 2)} JOIN person ON person.id = former_address.person_id",
        )
        for emails in EMAILS_OF_PEOPLE
    )
    rows = await execute(
        found,
        list(own_keys),
        list(recipient_keys),
        after,
    )
    return [_sent_email(row) for row in rows]


async def have_senders(keys: Sequence[str]) -> bool:
    """Say whether a sender has one of these addresses, given as their keys."""
    return bool(await execute(f"SELECT 1 AS found FROM sender WHERE {in_list('email_key', 1)} LIMIT 1", list(keys)))


async def may_have_reached(recipient_keys: Sequence[str], own_keys: Sequence[str]) -> list[SentEmail]:
    """Return the emails that may have reached people with one of these addresses, in all workspaces, the oldest first.

    With ``own_keys``, only those of senders with one of these addresses. Both are keys of addresses. They include
    emails to people who had one of these addresses before, even if they went to another address: compare ``recipient``.
    """
    of_senders = f" AND {in_list('sender.email_key', 2)}" if own_keys else ""
    found = " UNION ALL ".join(
        "SELECT send.id, send.workspace_id, coalesce(send.recipient, person.email) AS recipient,"
        " coalesce(send.sent_at, send.planned_at) AS sent_at, send.enrollment_id, sender.email_key AS sender_key"
        f" FROM {people} {emails} JOIN sender ON sender.id = send.sender_id"
        " WHERE (send.message_id IS NOT NULL OR send.status || '' IN ('IN_DOUBT', 'SENT', 'BOUNCED'))"
        f" AND NOT send.sandbox{of_senders}"
        for people in (
            f"workspace JOIN person ON person.workspace_id = workspace.id AND {in_list('person.email_key', 1)}",
            "former_address JOIN person ON person.id = former_address.person_id"
            f" AND {in_list('former_address.email_key', 1)}",
        )
        for emails in EMAILS_OF_PEOPLE
    )
    rows = await execute(
        f"{found} ORDER BY 4, 1",
        list(recipient_keys),
        *([list(own_keys)] if own_keys else []),
    )
    return [_sent_email(row) for row in rows]


def _sent_email(row: Row) -> SentEmail:
    sent_at = instant(row["sent_at"])
    where = row["enrollment_id"], row["sender_key"]
    return SentEmail(row["id"], row["workspace_id"], row["recipient"], sent_at, *where)


async def mark_sent(emails: Sequence[tuple[str, datetime]]) -> None:
    """Mark emails as sent, each at its time (UTC), because an answer proves it. The caller has locked them."""
    rows = Records(PROVED_COLUMNS, emails)
    await execute(
        "UPDATE send SET status = 'SENT', sent_at = r.at, held = false, attempt_id = NULL, lease_until = NULL,"
        f" reason = NULL, detail = '' FROM {rows.table(1)} WHERE send.id = r.id",
        rows,
    )


async def add_replies(replies: Sequence[NewReply]) -> set[str]:
    """Store replies. Returns the ids of new ones: one with a known Message-ID or content is left out."""
    names = ", ".join(REPLY_COLUMNS)
    records = Records(REPLY_COLUMNS, replies)
    rows = await execute(
        # "WHERE true" tells SQLite that ON CONFLICT does not belong to the join.
        f"INSERT INTO reply ({names}) SELECT {names} FROM {records.table(1)} WHERE true"
        " ON CONFLICT DO NOTHING RETURNING id",
        records,
    )
    return {row["id"] for row in rows}


async def count_replies(send_ids: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return how many replies of each kind these emails have, by the email's id and the kind."""
    rows = await execute(
        f"SELECT send_id, kind, count(*) AS replies FROM reply WHERE {in_list('send_id', 1)} GROUP BY send_id, kind",
        sorted(set(send_ids)),
    )
    return {(row["send_id"], row["kind"]): row["replies"] for row in rows}


async def mark_replied(emails: Sequence[tuple[str, datetime]]) -> None:
    """Store when (UTC) the first reply to each of these emails came, and count the replies by people."""
    rows = Records(PROVED_COLUMNS, emails)
    await execute(
        "UPDATE send SET replied_at = CASE WHEN replied_at < r.at THEN replied_at ELSE r.at END,"
        " replies = (SELECT count(*) FROM reply WHERE reply.send_id = send.id AND reply.kind = 'REPLY')"
        f" FROM {rows.table(1)} WHERE send.id = r.id",
        rows,
    )


async def mark_people_replied(times: Sequence[tuple[str, datetime]]) -> None:
    """Store when (UTC) the last reply of each of these people came, unless a later one is stored."""
    rows = Records(PROVED_COLUMNS, times)
    await execute(
        f"UPDATE person SET replied_at = r.at FROM {rows.table(1)}"
        " WHERE person.id = r.id AND (replied_at IS NULL OR replied_at < r.at)",
        rows,
    )


async def mark_succeeded(email_ids: Sequence[str], now: datetime) -> None:
    """Mark emails whose reply ended a campaign as a success at ``now`` (UTC)."""
    await execute(
        f"UPDATE send SET succeeded_at = $2 WHERE {in_list('id', 1)} AND succeeded_at IS NULL"
        " AND (SELECT status FROM enrollment WHERE enrollment.id = send.enrollment_id) = 'SUCCEEDED'",
        list(email_ids),
        now,
    )


async def mark_complained(email_ids: Sequence[str], now: datetime) -> None:
    """Mark emails that their recipient reported as spam at ``now`` (UTC)."""
    await execute(f"UPDATE send SET complained_at = $2 WHERE {in_list('id', 1)}", list(email_ids), now)


async def mark_bounced(bounces: Sequence[NewBounce], *, despite_replies: bool = False) -> set[str]:
    """Mark sent emails as bounced. Returns the ids of those that changed.

    An email with a reply changes only with ``despite_replies``. A hard bounce replaces a soft one, but not the other
    way.
    """
    unanswered = "true" if despite_replies else "send.replied_at IS NULL"
    rows = Records(BOUNCE_COLUMNS, bounces)
    changed = await execute(
        "UPDATE send SET status = 'BOUNCED', reason = r.reason, detail = r.detail"
        f" FROM {rows.table(1)} WHERE send.id = r.id AND {unanswered}"
        " AND (send.status = 'SENT' OR (send.status = 'BOUNCED' AND send.bounce = 'SOFT' AND r.bounce = 'HARD'))"
        " RETURNING send.id",
        rows,
    )
    return {row["id"] for row in changed}


async def endings_by_reply(enrollment_ids: Sequence[str], asking: Sequence[str]) -> dict[str, list[str]]:
    """Return the enrollments that a reply ends, by the campaign's setting, END or END_AS_SUCCESS.

    Those in ``asking``, whose reply asks for no more emails, end also in a campaign that continues after a reply,
    unless all its emails are transactional.
    """
    asks = f"{in_list('enrollment.id', 2)} AND NOT {transactional_campaign('campaign.id')}"
    rows = await execute(
        "SELECT enrollment.id, CASE campaign.on_reply WHEN 'CONTINUE' THEN 'END' ELSE campaign.on_reply END AS on_reply"
        " FROM enrollment JOIN campaign ON campaign.id = enrollment.campaign_id"
        f" WHERE {in_list('enrollment.id', 1)} AND (campaign.on_reply <> 'CONTINUE' OR {asks}) ORDER BY enrollment.id",
        sorted(set(enrollment_ids)),
        sorted(set(asking)),
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["on_reply"], []).append(row["id"])
    return found


async def in_transmission(enrollment_ids: Sequence[str]) -> Sequence[Row]:
    """Return the emails of these enrollments that are being transmitted."""
    return await execute(
        "SELECT id, workspace_id, enrollment_id, person_id, step_id FROM send"
        f" WHERE {in_list('enrollment_id', 1)} AND status || '' = 'TRANSMITTING' ORDER BY id",
        list(enrollment_ids),
    )


def new_reply_id() -> str:
    """Return the id of a new reply."""
    return new_id("rpl")
