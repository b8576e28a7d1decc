"""The server and the login of one account at a mail server."""

from dataclasses import dataclass, field

from plugins.server_accounts.secrets import one_line, redact


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The server of one account. ``repr`` does not show the password."""

    host: str
    port: int
    security: str
    """``starttls``, ``tls`` or ``none``."""
    username: str | None = None
    password: str = field(default="", repr=False)
    timeout: float = 30.0
    """Seconds to wait for the connection and for each answer."""
    cafile: str | None = None
    token_file: str | None = None
    token_command: str | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    """The token of the session's login. It is a secret as well."""

    @property
    def xoauth2(self) -> bool:
        """Whether the account logs in with an access token."""
        return self.token_file is not None or self.token_command is not None

    @property
    def server(self) -> str:
        """The server's name in messages."""
        return f"{self.host}:{self.port}"

    def tidy(self, text: str) -> str:
        """Return a server's text in one line of up to 500 characters, without passwords that it may repeat."""
        return one_line(redact(text, self.username, (self.password, self.token)))
