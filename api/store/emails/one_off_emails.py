"""The columns that only one-off emails have, in a table beside the table of emails."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.mail.address import address_key
from api.states import Tracking
from api.store.engine.database import is_postgres
from api.store.engine.sql import document, execute, in_list, instant


class EarlierText(NamedTuple):
    """The email that a follow-up quotes, as it was when the follow-up was created."""

    subject: str
    html: str
    author: str
    """Name of its sender."""
    sent_at: datetime | None
    """When it was sent, UTC."""
    thread: Sequence[str]
    """The Message-IDs of the thread, the oldest first. The last one is that of this email."""


class OneOffEmail(NamedTuple):
    """The columns of a one-off email, beside those of every email. ``id`` is that of the email. Times are UTC."""

    id: str
    workspace_id: str
    version: int
    cc: Sequence[str]
    bcc: Sequence[str]
    reached: Sequence[str]
    """The addresses that have got a copy already. They get no other one if the email is sent again."""
    tracking: Tracking
    template_id: str | None
    """The template from which its text was made."""
    follows_id: str | None
    """The earlier email that it follows."""
    earlier: EarlierText | None
    task_id: str | None
    """The task created by hand to which the email belongs; None if it belongs to none."""
    created_at: datetime
    updated_at: datetime

    @property
    def copies(self) -> tuple[str, ...]:
        """The addresses that get a copy, CC before BCC."""
        return (*self.cc, *self.bcc)

    @property
    def reached_keys(self) -> frozenset[str]:
        """The normal forms of the addresses in ``reached``."""
        return frozenset(map(address_key, self.reached))

    @property
    def due_copies(self) -> tuple[str, ...]:
        """The addresses that have not got a copy yet, CC before BCC."""
        reached = self.reached_keys
        return tuple(address for address in self.copies if address_key(address) not in reached)


COLUMNS = (
    "id, workspace_id, version, cc, bcc, reached, tracking, template_id, follows_id, earlier_subject, earlier_html,"
    " earlier_author, earlier_sent_at, thread, task_id, created_at, updated_at"
)


async def add(email: OneOffEmail) -> None:
    """Store the columns of a new one-off email."""
    earlier = email.earlier
    places = ", ".join(f"${number}" for number, _ in enumerate(COLUMNS.split(","), 1))
    await execute(
        f"INSERT INTO one_off_email ({COLUMNS}) VALUES ({places})",
        email.id,
        email.workspace_id,
        email.version,
        json.dumps(list(email.cc)),
        json.dumps(list(email.bcc)),
        json.dumps(list(email.reached)),
        str(email.tracking),
        email.template_id,
        email.follows_id,
        "" if earlier is None else earlier.subject,
        None if earlier is None else earlier.html,
        "" if earlier is None else earlier.author,
        None if earlier is None else earlier.sent_at,
        json.dumps([] if earlier is None else list(earlier.thread)),
        email.task_id,
        email.created_at,
        email.updated_at,
    )


async def find(ids: Sequence[str]) -> dict[str, OneOffEmail]:
    """Return the columns of these emails, by id. Emails of campaigns are left out."""
    rows = await execute(f"SELECT {COLUMNS} FROM one_off_email WHERE {in_list('id', 1)}", list(ids))
    return {row["id"]: _read(row) for row in rows}


async def lock(email_id: str) -> OneOffEmail:
    """Lock and return the columns of an email. No other transaction changes them before this one ends."""
    if is_postgres():
        await execute("SELECT id FROM one_off_email WHERE id = $1 FOR NO KEY UPDATE", email_id)
    return (await find([email_id]))[email_id]


async def change(
    email_id: str, now: datetime, *, cc: Sequence[str], bcc: Sequence[str], tracking: Tracking, template_id: str | None
) -> None:
    """Write the columns of a locked email, and give it the next version."""
    await execute(
        "UPDATE one_off_email SET version = version + 1, updated_at = $2, cc = $3, bcc = $4, tracking = $5,"
        " template_id = $6 WHERE id = $1",
        email_id,
        now,
        json.dumps(list(cc)),
        json.dumps(list(bcc)),
        str(tracking),
        template_id,
    )


async def touch(email_id: str, now: datetime) -> None:
    """Give a locked email the next version, because its text or its time has changed."""
    await execute("UPDATE one_off_email SET version = version + 1, updated_at = $2 WHERE id = $1", email_id, now)


async def email_of_task(task_id: str) -> str | None:
    """Return the id of the email of a task that was created by hand; None if it has none."""
    return (await emails_of_tasks([task_id])).get(task_id)


async def emails_of_tasks(task_ids: Sequence[str]) -> dict[str, str]:
    """Return the ids of the emails of tasks that were created by hand, by the task's id."""
    rows = await execute(f"SELECT id, task_id FROM one_off_email WHERE {in_list('task_id', 1)}", list(task_ids))
    return {row["task_id"]: row["id"] for row in rows}


async def leave_task(task_id: str) -> None:
    """Separate a task from its email, so that it can have another one."""
    await execute("UPDATE one_off_email SET task_id = NULL WHERE task_id = $1", task_id)


async def set_template(email_id: str, template_id: str) -> None:
    """Store the template from which the text of an email was made."""
    await execute("UPDATE one_off_email SET template_id = $2 WHERE id = $1", email_id, template_id)


async def add_reached(reached: Mapping[str, Sequence[str]]) -> None:
    """Store that copies of emails were sent: addresses by the email's id. Call in the transaction of the outcome.

    The emails are locked, so nobody else changes these rows.
    """
    for email_id, row in (await find(list(reached))).items():
        new = [address for address in reached[email_id] if address_key(address) not in row.reached_keys]
        await _write_reached(email_id, [*row.reached, *new])


async def add_all_reached(ids: Sequence[str]) -> None:
    """Store that all copies of emails may have been sent."""
    await add_reached({email_id: row.copies for email_id, row in (await find(ids)).items() if row.copies})


async def remove_reached(email_id: str, addresses: Sequence[str]) -> None:
    """Store that copies of a locked email bounced, so these addresses have not got it."""
    returned = set(map(address_key, addresses))
    row = (await find([email_id]))[email_id]
    await _write_reached(email_id, [address for address in row.reached if address_key(address) not in returned])


async def _write_reached(email_id: str, reached: Sequence[str]) -> None:
    await execute("UPDATE one_off_email SET reached = $2 WHERE id = $1", email_id, json.dumps(list(reached)))


async def copies_of(ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the addresses that get a copy of these emails, by the email's id. Emails without copies are left out."""
    found = await find(ids)
    return {email_id: email.copies for email_id, email in found.items() if email.copies}


def _read(row: Mapping[str, Any]) -> OneOffEmail:
    earlier = None
    if row["earlier_html"] is not None:
        sent_at = None if row["earlier_sent_at"] is None else instant(row["earlier_sent_at"])
        thread = tuple(document(row["thread"]))
        earlier = EarlierText(row["earlier_subject"], row["earlier_html"], row["earlier_author"], sent_at, thread)
    return OneOffEmail(
        row["id"],
        row["workspace_id"],
        row["version"],
        tuple(document(row["cc"])),
        tuple(document(row["bcc"])),
        tuple(document(row["reached"])),
        Tracking(row["tracking"]),
        row["template_id"],
        row["follows_id"],
        earlier,
        row["task_id"],
        instant(row["created_at"]),
        instant(row["updated_at"]),
    )
