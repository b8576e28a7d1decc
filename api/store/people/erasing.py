"""Erase the personal data of one person. Call the functions that write in a transaction.

The rows of the person, and of their enrollments, emails and tasks, stay without personal data, so that all counts stay
right. Emails, tasks and events can be many: each call erases those of one page, and may be repeated.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar

from api.store.emails import sent_contents
from api.store.engine.database import is_postgres
from api.store.engine.rows import is_possible_id
from api.store.engine.sql import Records, document, execute, in_byte_order, in_list, of_workspace
from api.store.events.event_feed import Place

Key = TypeVar("Key")
EMAILS = (
    "SELECT send.id FROM enrollment JOIN send ON send.enrollment_id = enrollment.id WHERE enrollment.person_id = $1"
    " UNION ALL SELECT id FROM send WHERE person_id = $1 AND enrollment_id IS NULL"
)
"""SQL: the ids of the emails to a person. Both parts have an index."""


async def is_erased(workspace_id: str, person_id: str) -> bool:
    """Say whether a person of the workspace was erased, not merged."""
    erased = "erased_at IS NOT NULL AND email_key <> 'merged:' || id"
    statement = f"SELECT 1 AS found FROM person WHERE id = $1 AND {of_workspace(2)} AND {erased}"
    return is_possible_id(person_id) and bool(await execute(statement, person_id, workspace_id))


async def lock_emails(person_id: str) -> bool:
    """Lock the emails to a person. Returns whether one of them is being transmitted."""
    mine = f"SELECT status FROM send WHERE id IN ({EMAILS})"
    if is_postgres():
        mine += " ORDER BY id FOR NO KEY UPDATE"
    (row,) = await execute(
        f"WITH mine AS ({mine}) SELECT count(*) AS number FROM mine WHERE status = 'TRANSMITTING'", person_id
    )
    return bool(row["number"])


async def enrollment_ids(person_id: str) -> list[str]:
    """Return the ids of a person's enrollments."""
    return [row["id"] for row in await execute("SELECT id FROM enrollment WHERE person_id = $1 ORDER BY id", person_id)]


async def fail_one_off_emails(person_id: str, now: datetime, reason: str) -> None:
    """Mark waiting one-off emails to a person, and drafts, as failed at ``now`` (UTC) for a reason."""
    await execute(
        "UPDATE send SET status = 'FAILED', failed_at = $3, reason = $2, held = false, attempt_id = NULL,"
        " lease_until = NULL"
        " WHERE person_id = $1 AND enrollment_id IS NULL"
        " AND status || '' IN ('DRAFT', 'SCHEDULED', 'DEFERRED', 'CLAIMED')",
        person_id,
        reason,
        now,
    )


async def erase_emails(person_id: str, after: str, limit: int) -> str | None:
    """Erase the contents and recipients of a person's next emails after an id.

    Returns the id of the last one; None if there are no more.
    """
    order = in_byte_order("id")
    # Each part is read by its own index. Those outside campaigns can be many, so only a page of them is read.
    page = (
        f"SELECT id FROM (SELECT send.id FROM enrollment JOIN send ON send.enrollment_id = enrollment.id"
        f" WHERE enrollment.person_id = $1 AND {in_byte_order('send.id')} > $2 UNION ALL"
        f" SELECT id FROM (SELECT id FROM send WHERE person_id = $1 AND enrollment_id IS NULL AND {order} > $2"
        f" ORDER BY {order} LIMIT $3) AS outside) AS mine ORDER BY {order} LIMIT $3"
    )
    ids = [row["id"] for row in await execute(page, person_id, after, limit)]
    await _erase_contents(ids)
    return _last(ids, limit)


async def erase_one_off_emails(person_id: str, limit: int) -> None:
    """Erase the contents of the person's one-off emails, whose texts are in rows of their own."""
    order = in_byte_order("id")
    mine = f"SELECT id FROM send WHERE person_id = $1 AND enrollment_id IS NULL ORDER BY {order} LIMIT $2"
    await _erase_contents([row["id"] for row in await execute(mine, person_id, limit)])


async def _erase_contents(ids: list[str]) -> None:
    mine = in_list("id", 1)
    await execute(
        "UPDATE send SET subject = CASE WHEN enrollment_id IS NULL THEN '' END,"
        " html = CASE WHEN enrollment_id IS NULL THEN '' END, recipient = NULL, message_id = NULL, detail = ''"
        f" WHERE {mine}",
        ids,
    )
    await execute(
        "UPDATE one_off_email SET cc = '[]', bcc = '[]', reached = '[]', thread = '[]', earlier_subject = '',"
        f" earlier_html = NULL, earlier_author = '' WHERE {mine}",
        ids,
    )
    about = in_list("send_id", 1)
    await sent_contents.erase(ids)
    await execute(f"DELETE FROM email_attachment WHERE {about}", ids)
    await execute(f"DELETE FROM own_message WHERE {about}", ids)
    await execute(f"UPDATE click SET url = '' WHERE {about}", ids)
    nothing = "sender = '', subject = '', text = '', message_id = NULL, content_key = NULL"
    await execute(f"UPDATE reply SET {nothing} WHERE {about}", ids)
    await execute(f"UPDATE incoming_event SET content = NULL, details = '{{}}', reason = '' WHERE {about}", ids)


async def erase_texts(person_id: str, enrollment_ids: Sequence[str]) -> None:
    """Delete the texts that reps have written for a person and that no email has got yet."""
    await execute(f"DELETE FROM written_email WHERE {in_list('enrollment_id', 1)}", list(enrollment_ids))
    for table in ("first_email", "launch_choice", "imported_person", "former_address"):
        await execute(f"DELETE FROM {table} WHERE person_id = $1", person_id)


async def cancel_tasks(person_id: str, now: datetime) -> None:
    """Cancel the open tasks of a person. ``now`` is UTC."""
    await execute(
        "UPDATE task SET status = 'CANCELLED', done_at = $2 WHERE person_id = $1 AND status || '' = 'OPEN'",
        person_id,
        now,
    )


async def erase_tasks(person_id: str, after: str, limit: int) -> str | None:
    """Erase the texts that reps wrote in a person's next tasks after an id.

    Returns the id of the last one; None if there are no more.
    """
    order = in_byte_order("id")
    page = f"SELECT id FROM task WHERE person_id = $1 AND {order} > $2 ORDER BY {order} LIMIT $3"
    ids = [row["id"] for row in await execute(page, person_id, after, limit)]
    await execute(
        "UPDATE task SET details = '', note = '', name = CASE WHEN enrollment_id IS NULL THEN type ELSE name END"
        f" WHERE {in_list('id', 1)}",
        ids,
    )
    await execute(f"UPDATE crm_task SET conflicts = '[]' WHERE {in_list('id', 1)}", ids)
    return _last(ids, limit)


async def erase_suppression(workspace_id: str, email_key: str) -> None:
    """Erase the details of a suppression, but keep the address suppressed.

    Delete it if the address was resubscribed.
    """
    mine = "workspace_id = $1 AND email_key = $2"
    await execute(f"DELETE FROM suppression WHERE {mine} AND unsubscribed_at IS NULL", workspace_id, email_key)
    await execute(f"UPDATE suppression SET email = email_key, reason = '' WHERE {mine}", workspace_id, email_key)
    await execute(
        "UPDATE suppression_change SET reason = '', recipient_reason = NULL, recipient_comment = ''"
        f" WHERE suppression_id IN (SELECT id FROM suppression WHERE {mine})",
        workspace_id,
        email_key,
    )


async def erase_crm_failures(workspace_id: str, person_id: str) -> None:
    """Erase a CRM's messages about failed writes of a person's tasks, emails and replies."""
    await execute(
        "UPDATE crm_change SET detail = '' WHERE workspace_id = $1 AND detail <> ''"
        " AND (EXISTS (SELECT 1 FROM task WHERE task.id = object_id AND task.person_id = $2)"
        " OR EXISTS (SELECT 1 FROM send WHERE send.id = object_id AND send.person_id = $2)"
        " OR EXISTS (SELECT 1 FROM reply JOIN send ON send.id = reply.send_id WHERE reply.id = object_id"
        " AND send.person_id = $2))",
        workspace_id,
        person_id,
    )


async def erase_quoted_addresses(workspace_id: str, addresses: Collection[str]) -> None:
    """Erase quotes of these addresses: in refused rows of imports, and in the reasons why people have no CRM record."""
    for address in sorted(addresses):
        pattern = address.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        await execute(
            "UPDATE import_refusal SET message = '' WHERE workspace_id = $1 AND lower(message) LIKE $2 ESCAPE '!'",
            workspace_id,
            f"%{pattern}%",
        )
        await execute(
            "UPDATE crm_person SET detail = '' WHERE workspace_id = $1 AND problem IS NOT NULL"
            " AND lower(detail) LIKE $2 ESCAPE '!'",
            workspace_id,
            f"%{pattern}%",
        )


async def erase_person(person_id: str, now: datetime) -> None:
    """Erase the row of a person, except its id. ``now`` is UTC."""
    await execute(
        "UPDATE person SET email = '', email_key = 'erased:' || id, first_name = '', last_name = '', title = '',"
        " company = '', zone = NULL, own_fields = '{}', bounced_at = NULL, replied_at = NULL,"
        " erased_at = $2 WHERE id = $1",
        person_id,
        now,
    )


async def erase_events(person_id: str, after: Place, limit: int, kept: Collection[str]) -> Place | None:
    """Erase the data of a person's next events after a place, except the values named in ``kept``.

    Returns the place after the last one; None if there are no more.
    """
    order = in_byte_order("id")
    rows = await execute(
        f"SELECT position, id, data FROM event WHERE person_id = $1 AND (position, {order}) > ($2, $3)"
        f" ORDER BY position, {order} LIMIT $4",
        person_id,
        *after,
        limit,
    )
    changed = []
    for row in rows:
        data = document(row["data"])
        if data.keys() - kept:
            changed.append((row["id"], json.dumps({name: value for name, value in data.items() if name in kept})))
    if changed:
        records = Records({"id": "text", "data": "jsonb"}, changed)
        await execute(f"UPDATE event SET data = r.data FROM {records.table(1)} WHERE event.id = r.id", records)
    return _last([Place(row["position"], row["id"]) for row in rows], limit)


def _last(keys: Sequence[Key], limit: int) -> Key | None:
    """Return the last key of a page; None if no page follows."""
    return keys[-1] if len(keys) == limit else None
