"""The links of the unsubscribe page, and the tokens of its forms.

A link contains the workspace and the address to which the email was sent, and a signature over both. So it unsubscribes
that address even if the person's address has changed since. Links of early 0.1 releases contain only the person.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence


def link_path(workspace_id: str, email: str) -> str:
    """Return the part of a link's path that identifies a workspace and an address."""
    return f"{workspace_id}/{base64.urlsafe_b64encode(email.encode()).decode().rstrip('=')}"


def page_link(public_url: str, secret: str, workspace_id: str, email: str) -> str:
    """Return the link of the unsubscribe page for an address."""
    path = link_path(workspace_id, email)
    return f"{public_url.rstrip('/')}/unsubscribe/{path}/{sign(secret, path)}"


def address_of(encoded: str) -> str | None:
    """Return the address that ``link_path`` has encoded; None if it is not one."""
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, ValueError):
        return None


def changes_token(secret: str, path: str, change_ids: Iterable[str]) -> str:
    """Return the token of a form that is about these changes of suppressions.

    The changes make it valid once: a later change of the same address has another id.
    """
    ids = ",".join(change_ids)
    return f"{ids}:{sign(secret, f'changes:{path}:{ids}')}"


def read_changes_token(secrets: Sequence[str], path: str, token: str) -> list[str] | None:
    """Return the ids of the changes in a token; None if the token is not valid for this link."""
    ids, _, signature = token.partition(":")
    return ids.split(",") if is_signed(secrets, f"changes:{path}:{ids}", signature) else None


def sign(secret: str, text: str) -> str:
    """Return the signature of a text, in hexadecimal digits."""
    return hmac.new(secret.encode(), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_signed(secrets: Iterable[str], text: str, signature: str) -> bool:
    """Say whether a signature was made with one of the secrets. Blank secrets are skipped."""
    encoded = signature.encode("ascii", "replace")
    return any(hmac.compare_digest(sign(secret, text).encode(), encoded) for secret in secrets if secret)
