"""The Message-IDs of emails that reps sent from their own mailboxes. Those of Touchline contain the email's id."""

from collections.abc import Sequence

from api.store.engine.sql import execute, in_list


def bare(message_id: str) -> str:
    """Return a Message-ID in the form in which it is compared."""
    return message_id.strip().strip("<>").lower()


async def store_own_message(message_id: str, send_id: str) -> None:
    """Store the Message-ID of an email that a rep sent. Call in the transaction that records the email."""
    await execute("INSERT INTO own_message (message_id, send_id) VALUES ($1, $2)", bare(message_id), send_id)


async def emails_of_messages(message_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the emails with these Message-IDs, in the order of their ids."""
    found: dict[str, list[str]] = {}
    rows = await execute(
        f"SELECT message_id, send_id FROM own_message WHERE {in_list('message_id', 1)} ORDER BY send_id",
        sorted({bare(each) for each in message_ids}),
    )
    for row in rows:
        found.setdefault(row["message_id"], []).append(row["send_id"])
    return found
