"""The addresses that people had before, so that an event about such an address finds the emails that went to it."""

from api.store.engine.sql import execute


async def add_former_address(workspace_id: str, person_id: str, email_key: str) -> None:
    """Store that a person had an address. Call in the transaction that gives them another one."""
    await execute(
        "INSERT INTO former_address (email_key, person_id, workspace_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        email_key,
        person_id,
        workspace_id,
    )


async def move_former_addresses(source_id: str, target_id: str) -> None:
    """Give the former addresses of one person to another."""
    await execute(
        "INSERT INTO former_address (email_key, person_id, workspace_id)"
        " SELECT email_key, CAST($2 AS varchar), workspace_id FROM former_address WHERE person_id = $1"
        " ON CONFLICT DO NOTHING",
        source_id,
        target_id,
    )
