"""Encrypt all secrets with the first key of TOUCHLINE_ENCRYPTION_KEY, so that the others can be removed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from api.services.common.encryption import DecryptionError, Encryption
from api.store.crm import connections, secrets


class Rotation(NamedTuple):
    """How many rows were encrypted with the first key now, how many were before, and how many cannot be decrypted."""

    encrypted: int
    current: int
    unreadable: list[str]
    """Ids of connections whose key is missing."""


MAX_PASSES = 5
"""How often rows are read again that another process has changed meanwhile."""


async def rotate_keys(encryption: Encryption) -> Rotation:
    """Encrypt the secrets of all connections and logins. Other processes may run meanwhile."""
    encrypted, current = 0, 0
    unreadable: list[str] = []
    for _ in range(MAX_PASSES):
        rows = await connections.all_secrets()
        old = [row for row in rows if not encryption.is_current(row["secrets"])]
        current, unreadable = len(rows) - len(old), []
        changed = 0
        for row in old:
            try:
                text = encryption.encrypt(row["id"], encryption.decrypt(row["id"], row["secrets"]))
            except DecryptionError:
                unreadable.append(row["id"])
                continue
            changed += await _replace(row, text)
        encrypted += changed
        if len(old) == len(unreadable) + changed:
            break
    return Rotation(encrypted, current, unreadable)


async def _replace(row: Mapping[str, Any], text: str) -> bool:
    """Store secrets. Returns False if another process has stored others meanwhile."""
    if row["secrets_number"] is None:
        return await secrets.replace_login_secrets(row["id"], row["secrets"], text)
    return await secrets.replace_secrets(row["id"], row["secrets_number"], text)
