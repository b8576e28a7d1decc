"""The id of an email on its way through a provider and back, for providers that replace the Message-ID.

Each provider has a header whose values it returns with its events and removes from the email. The SMTP channel adds it
if the account's URL names the provider: ``smtp://…?provider=sendgrid``. The built-in webhooks read it.
"""

from collections.abc import Mapping
from types import MappingProxyType

EMAIL_ARGUMENT = "touchline_email"
"""The name of the value at SendGrid, Mailgun and Amazon SES."""
POSTMARK_FIELD = "touchline-email"
"""The name of the value at Postmark, whose names have up to 20 characters."""

_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "mailgun": f'X-Mailgun-Variables: {{"{EMAIL_ARGUMENT}": "%s"}}\r\n',
        # Without X-PM-KeepID, Postmark replaces the Message-ID, and replies could not be matched by it.
        "postmark": f"X-PM-Metadata-{POSTMARK_FIELD}: %s\r\nX-PM-KeepID: true\r\n",
        "sendgrid": f'X-SMTPAPI: {{"unique_args": {{"{EMAIL_ARGUMENT}": "%s"}}}}\r\n',
        "ses": f"X-SES-MESSAGE-TAGS: {EMAIL_ARGUMENT}=%s\r\n",
    }
)
PROVIDERS = tuple(sorted(_FORMATS))


def provider_headers(provider: str, send_id: str) -> bytes:
    """Return the header lines for an email. ``send_id`` has letters, digits and underscores only."""
    return (_FORMATS[provider] % send_id).encode("ascii")
