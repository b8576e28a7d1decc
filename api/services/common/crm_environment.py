"""The server's settings for connections to CRMs."""

from dataclasses import dataclass, field

from api.services.common.encryption import Encryption

CALLBACK_PATH = "/crm/callback"


@dataclass(frozen=True, slots=True)
class CrmEnvironment:
    """The keys of secrets, the address to which users return from a CRM, and whether CRMs on loopback are allowed."""

    encryption: Encryption | None = field(default=None, repr=False)
    """None without TOUCHLINE_ENCRYPTION_KEY: then no CRM can be connected."""
    public_url: str = ""
    """Empty without TOUCHLINE_PUBLIC_URL: then no user can log in on the CRM's own page."""
    allows_loopback: bool = False

    @property
    def redirect_uri(self) -> str:
        """The URL to which a CRM sends a user after the login."""
        return f"{self.public_url.rstrip('/')}{CALLBACK_PATH}"
