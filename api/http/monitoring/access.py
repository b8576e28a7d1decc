"""Who may read metrics and the causes of problems."""

import hmac
from dataclasses import dataclass

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Access:
    """Decides which requests may read metrics and the causes of problems."""

    internal: bool = True
    """Whether the port serves only the monitoring."""
    token: str = ""
    """If set, /metrics requires it as a bearer token, on an internal port as well."""

    def allows(self, request: Request) -> bool:
        """Say whether a request may read metrics and causes. Compares the token in constant time."""
        if not self.token:
            return self.internal
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        is_equal = hmac.compare_digest(token.strip().encode("utf-8", "replace"), self.token.encode())
        return scheme.lower() == "bearer" and is_equal
