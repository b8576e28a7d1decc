"""Settings, read from the environment. README.md lists them, and a test compares the list."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from api.mail.return_address import mailbox_fault
from api.secret_strength import KEEP_KEYS_HINT, KEEP_LINKS_HINT, NEW_SECRET_HINT, secret_weakness
from api.setting_checks import (
    SettingsError,
    check_choices,
    check_content_days,
    check_costs,
    check_origins,
    check_tracking,
)
from api.setting_formats import MAX_PORT, is_network, is_port, is_whole_number


def _setting(name: str, default: str, description: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"name": name, "about": description})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process, as texts of the environment. ``read`` has checked their values."""

    database_url: str = _setting(
        "TOUCHLINE_DATABASE_URL",
        "sqlite://touchline-data/touchline.db",
        "`sqlite://PATH` or `postgresql://…`",
        secret=True,
    )
    host: str = _setting("TOUCHLINE_HOST", "127.0.0.1", "address on which the server listens")
    port: str = _setting("TOUCHLINE_PORT", "8000", "port on which the server listens")
    public_url: str = _setting(
        "TOUCHLINE_PUBLIC_URL",
        "",
        "public URL of this server, used in unsubscribe links; pages of this origin may open websockets",
    )
    cors_origins: str = _setting(
        "TOUCHLINE_CORS_ORIGINS",
        "",
        "origins of frontends, separated by commas, such as `https://app.example.com`: their pages may send requests"
        " to `/graphql` and open websockets; `*` for all; empty for none; see docs/graphql.md",
    )
    trusted_documents: str = _setting(
        "TOUCHLINE_TRUSTED_DOCUMENTS",
        "",
        "file with the GraphQL documents of your frontends: then `/graphql` runs these and no others; see"
        " docs/graphql.md",
    )
    secret: str = _setting(
        "TOUCHLINE_SECRET",
        "",
        "key that signs unsubscribe links, tracked links, links to sent emails and return addresses: at least 32 random"
        " characters, the same on all machines; required with TOUCHLINE_PUBLIC_URL, TOUCHLINE_TRACKING_URL and"
        " TOUCHLINE_RETURN_PATH",
        secret=True,
    )
    old_secret: str = _setting(
        "TOUCHLINE_SECRET_OLD",
        "",
        "previous TOUCHLINE_SECRET: links signed with it keep working; it signs no new links",
        secret=True,
    )
    encryption_key: str = _setting(
        "TOUCHLINE_ENCRYPTION_KEY",
        "",
        "key that encrypts the secrets of CRM connections in the database: at least 32 random characters, the same on"
        " all machines; to change it, put the new key before the old one, with a comma between them, and run"
        " `touchline crm rotate-keys`; see docs/salesforce.md",
        secret=True,
    )
    return_path: str = _setting(
        "TOUCHLINE_RETURN_PATH",
        "",
        "address to which bounces are returned, such as `bounces@example.com`: each email gets its own"
        " `bounces+TOKEN@example.com` as envelope sender; requires TOUCHLINE_SECRET; see docs/answers.md",
    )
    tracking_url: str = _setting(
        "TOUCHLINE_TRACKING_URL",
        "",
        "base URL of tracked links and of the pixel, such as `https://go.example.com`. Use a separate host name that"
        " points to this server; empty: no email is tracked; requires TOUCHLINE_SECRET",
    )
    own_networks: str = _setting(
        "TOUCHLINE_OWN_NETWORKS",
        "",
        "addresses and networks of your own offices, separated by commas: opens and clicks from there do not count",
    )
    unsubscribe_address: str = _setting(
        "TOUCHLINE_UNSUBSCRIBE_ADDRESS",
        "",
        "address to which recipients write to unsubscribe, such as `unsubscribe@example.com`, if a mailbox that"
        " Touchline reads gets its mail: each email gets its own `unsubscribe+TOKEN@example.com`; requires"
        " TOUCHLINE_SECRET; see docs/answers.md",
    )
    content_days: str = _setting(
        "TOUCHLINE_CONTENT_DAYS",
        "",
        "for how many days the content of a sent email is kept; empty: as long as the email; see docs/operations.md",
    )
    poll_seconds: str = _setting(
        "TOUCHLINE_POLL_SECONDS",
        "5",
        "longest sleep of the tick loop, in seconds: how soon it sees emails that another process scheduled",
    )
    lease_seconds: str = _setting(
        "TOUCHLINE_LEASE_SECONDS",
        "60",
        "seconds after which other processes take over the work of a killed one; the same in all processes",
    )
    watch_port: str = _setting(
        "TOUCHLINE_WATCH_PORT", "", "port on which `touchline tick` serves /health, /ready and /metrics; empty for none"
    )
    server_watch_port: str = _setting(
        "TOUCHLINE_SERVER_WATCH_PORT",
        "",
        "port on which `touchline serve` serves these pages for monitoring only; empty for none",
    )
    metrics_token: str = _setting(
        "TOUCHLINE_METRICS_TOKEN",
        "",
        "bearer token for /metrics, at least 32 characters; without it, /metrics is served only on the watch ports",
        secret=True,
    )
    log: str = _setting("TOUCHLINE_LOG", "text", "`text`, or `json` for one JSON object per line")
    log_level: str = _setting(
        "TOUCHLINE_LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`; `DEBUG` also logs each sent email"
    )
    max_body_bytes: str = _setting("TOUCHLINE_MAX_BODY_BYTES", "16000000", "largest request body, in bytes")
    trusted_proxies: str = _setting(
        "TOUCHLINE_TRUSTED_PROXIES",
        "",
        "addresses and networks of proxies, separated by commas, such as `127.0.0.1,::1` for a proxy on this machine; "
        "their `X-Forwarded-For` and `-Proto` are trusted, and their number of connections is not limited",
    )
    request_cost: str = _setting(
        "TOUCHLINE_REQUEST_COST", "100000", "highest cost of one GraphQL operation, in points; see docs/cost.md"
    )
    minute_cost: str = _setting(
        "TOUCHLINE_MINUTE_COST",
        "3000000",
        "highest cost of all operations of one token in a minute, in points, for each process",
    )
    graphiql: str = _setting("TOUCHLINE_GRAPHIQL", "on", "`on` or `off`; `off` disables GraphiQL and introspection")
    outbox: str = _setting(
        "TOUCHLINE_OUTBOX", "touchline-data/outbox", "folder to which the outbox channel writes emails"
    )
    smtp_url: str = _setting(
        "TOUCHLINE_SMTP_URL",
        "",
        "mail server of the smtp channel: `smtp://user:password@host:587`; more accounts in TOUCHLINE_SMTP_URL_NAME",
        secret=True,
    )
    dkim_key: str = _setting(
        "TOUCHLINE_DKIM_KEY",
        "",
        "file with the private key (PEM, RSA or Ed25519) with which the smtp channel signs emails; more keys in"
        " TOUCHLINE_DKIM_KEY_NAME; see docs/answers.md",
    )
    dkim_domain: str = _setting(
        "TOUCHLINE_DKIM_DOMAIN", "", "domain of the senders whose emails TOUCHLINE_DKIM_KEY signs"
    )
    dkim_selector: str = _setting(
        "TOUCHLINE_DKIM_SELECTOR",
        "",
        "selector of TOUCHLINE_DKIM_KEY: the DNS has its public part at `SELECTOR._domainkey.DOMAIN`",
    )
    imap_url: str = _setting(
        "TOUCHLINE_IMAP_URL",
        "",
        "mailbox whose mails are read: `imaps://user:password@host:993`; more accounts in TOUCHLINE_IMAP_URL_NAME",
        secret=True,
    )
    webhook_generic: str = _setting(
        "TOUCHLINE_WEBHOOK_GENERIC",
        "",
        "secret of the webhook `/webhooks/generic`, at least 32 characters; more accounts in "
        "TOUCHLINE_WEBHOOK_GENERIC_NAME, as for all webhooks (docs/answers.md)",
        secret=True,
    )
    webhook_mailgun: str = _setting(
        "TOUCHLINE_WEBHOOK_MAILGUN",
        "",
        "HTTP webhook signing key of Mailgun, for `/webhooks/mailgun`",
        secret=True,
    )
    webhook_postmark: str = _setting(
        "TOUCHLINE_WEBHOOK_POSTMARK",
        "",
        "password with which Postmark calls `/webhooks/postmark`, at least 32 characters",
        secret=True,
    )
    webhook_sendgrid: str = _setting(
        "TOUCHLINE_WEBHOOK_SENDGRID",
        "",
        "verification key of SendGrid's signed Event Webhook, for `/webhooks/sendgrid`",
    )
    webhook_ses: str = _setting(
        "TOUCHLINE_WEBHOOK_SES",
        "",
        "ARNs of the SNS topics with events of Amazon SES, with commas between them, for `/webhooks/ses`",
    )

    crm_loopback: str = _setting(
        "TOUCHLINE_CRM_LOOPBACK",
        "off",
        "`on` allows CRMs at `http://127.0.0.1` and `http://localhost`, for tests on one machine; otherwise the URL of"
        " a CRM must be `https` and lead to a public host",
    )

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check the settings. Raises SettingsError."""
        settings = cls(**{f.name: environment.get(f.metadata["name"], str(f.default)) for f in fields(cls)})
        if not is_whole_number(settings.max_body_bytes):
            raise SettingsError("TOUCHLINE_MAX_BODY_BYTES must be a whole number.")
        check_costs(settings)
        check_content_days(settings.content_days)
        if not is_port(settings.port):
            raise SettingsError(f"TOUCHLINE_PORT must be a whole number from 0 to {MAX_PORT}.")
        for name, minimum in (("poll_seconds", 0.05), ("lease_seconds", 1.0)):
            try:
                if not minimum <= float(getattr(settings, name)) <= 3600:
                    raise ValueError
            except ValueError:
                raise SettingsError(f"TOUCHLINE_{name.upper()} must be a number from {minimum:g} to 3600.") from None
        for name in ("watch_port", "server_watch_port"):
            if (text := getattr(settings, name)) and not is_port(text):
                raise SettingsError(f"TOUCHLINE_{name.upper()} must be a whole number from 0 to {MAX_PORT}, or empty.")
        for proxy in settings.trusted_proxies.split(",") if settings.trusted_proxies != "*" else ():
            if proxy.strip() and not is_network(proxy.strip()):
                raise SettingsError("TOUCHLINE_TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, or *.")
        check_tracking(settings)
        check_origins(settings)
        settings._check_secrets()
        check_choices(settings)
        return settings

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all settings in the environment."""
        return [str(each.metadata["name"]) for each in fields(cls)]

    @property
    def cors_origin_list(self) -> tuple[str, ...]:
        """The origins whose pages may use the GraphQL endpoint."""
        return tuple(origin.strip().lower() for origin in self.cors_origins.split(",") if origin.strip())

    @property
    def encryption_keys(self) -> tuple[str, ...]:
        """The keys of the secrets of CRM connections. The first one encrypts."""
        return tuple(key.strip() for key in self.encryption_key.split(",") if key.strip())

    def _check_secrets(self) -> None:
        if self.public_url and not self.secret:
            raise SettingsError("TOUCHLINE_PUBLIC_URL requires TOUCHLINE_SECRET, which signs unsubscribe links.")
        if self.tracking_url and not self.secret:
            raise SettingsError("TOUCHLINE_TRACKING_URL requires TOUCHLINE_SECRET, which signs tracked links.")
        if self.secret and (fault := secret_weakness(self.secret)):
            raise SettingsError(f"TOUCHLINE_SECRET {fault}. {NEW_SECRET_HINT} {KEEP_LINKS_HINT}")
        if self.return_path and not self.secret:
            raise SettingsError("TOUCHLINE_RETURN_PATH requires TOUCHLINE_SECRET, which signs return addresses.")
        if self.return_path and (fault := mailbox_fault(self.return_path)):
            raise SettingsError(f"TOUCHLINE_RETURN_PATH {fault}.")
        if self.unsubscribe_address and not self.secret:
            raise SettingsError("TOUCHLINE_UNSUBSCRIBE_ADDRESS requires TOUCHLINE_SECRET, which signs the addresses.")
        if self.unsubscribe_address and (fault := mailbox_fault(self.unsubscribe_address)):
            raise SettingsError(f"TOUCHLINE_UNSUBSCRIBE_ADDRESS {fault}.")
        for key in self.encryption_keys:
            if fault := secret_weakness(key):
                raise SettingsError(f"TOUCHLINE_ENCRYPTION_KEY {fault}. {NEW_SECRET_HINT} {KEEP_KEYS_HINT}")
        if self.old_secret and not self.secret:
            raise SettingsError("TOUCHLINE_SECRET_OLD requires TOUCHLINE_SECRET, which signs new links.")
        if self.metrics_token and (fault := secret_weakness(self.metrics_token)):
            raise SettingsError(f"TOUCHLINE_METRICS_TOKEN {fault}. {NEW_SECRET_HINT}")


__all__ = ["Settings", "SettingsError", "environment"]


def environment() -> Mapping[str, str]:
    """Return the process's environment."""
    return os.environ
