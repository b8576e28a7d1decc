"""Settings, read from the environment. README.md lists them, and a test compares the list."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from typing import Any

from api.mail.return_address import mailbox_fault
from api.secret_strength import KEEP_LINKS_HINT, NEW_SECRET_HINT, secret_weakness


class SettingsError(Exception):
    """A setting has an invalid value. The message names the variable and says which values are valid."""


MAX_PORT = 65_535
MIN_COST_POINTS, MAX_COST_POINTS = 1_000, 1_000_000_000
"""Limits of TOUCHLINE_REQUEST_COST and TOUCHLINE_MINUTE_COST, in points."""


_TRACKING_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,200}(?:/[A-Za-z0-9._~-]{1,40}){0,3}/?")
"""It has no character that HTML or a header must escape."""


_ORIGIN = re.compile(
    r"https?://([a-z0-9.-]{1,200}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?|[a-z][a-z0-9+.-]{1,30}://[a-z0-9.-]{1,200}"
)
"""An origin as browsers send it. Packaged apps have schemes of their own, such as capacitor://localhost."""


def _is_whole_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_port(text: str) -> bool:
    return _is_whole_number(text) and len(text) <= 5 and int(text) <= MAX_PORT


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _setting(name: str, default: str, description: str) -> Any:
    return field(default=default, metadata={"name": name, "about": description})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process, as texts of the environment. ``read`` has checked their values."""

    database_url: str = _setting(
        "TOUCHLINE_DATABASE_URL", "sqlite://touchline-data/touchline.db", "`sqlite://PATH` or `postgresql://…`"
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
        "key that signs unsubscribe links, tracked links and return addresses: at least 32 random characters, the same"
        " on all machines; required with TOUCHLINE_PUBLIC_URL, TOUCHLINE_TRACKING_URL and TOUCHLINE_RETURN_PATH",
    )
    old_secret: str = _setting(
        "TOUCHLINE_SECRET_OLD",
        "",
        "previous TOUCHLINE_SECRET: links signed with it keep working; it signs no new links",
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
        "URL to which tracked links and the pixel lead, such as `https://go.example.com`: best a host name of its own"
        " that leads to this server; empty: no email is tracked; requires TOUCHLINE_SECRET",
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
    )
    webhook_generic: str = _setting(
        "TOUCHLINE_WEBHOOK_GENERIC",
        "",
        "secret of the webhook `/webhooks/generic`, at least 32 characters; more accounts in "
        "TOUCHLINE_WEBHOOK_GENERIC_NAME, as for all webhooks (docs/answers.md)",
    )
    webhook_mailgun: str = _setting(
        "TOUCHLINE_WEBHOOK_MAILGUN", "", "HTTP webhook signing key of Mailgun, for `/webhooks/mailgun`"
    )
    webhook_postmark: str = _setting(
        "TOUCHLINE_WEBHOOK_POSTMARK",
        "",
        "password with which Postmark calls `/webhooks/postmark`, at least 32 characters",
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

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check the settings. Raises SettingsError."""
        settings = cls(**{f.name: environment.get(f.metadata["name"], str(f.default)) for f in fields(cls)})
        if not _is_whole_number(settings.max_body_bytes):
            raise SettingsError("TOUCHLINE_MAX_BODY_BYTES must be a whole number.")
        _check_costs(settings)
        if not _is_port(settings.port):
            raise SettingsError(f"TOUCHLINE_PORT must be a whole number from 0 to {MAX_PORT}.")
        for name, minimum in (("poll_seconds", 0.05), ("lease_seconds", 1.0)):
            try:
                if not minimum <= float(getattr(settings, name)) <= 3600:
                    raise ValueError
            except ValueError:
                raise SettingsError(f"TOUCHLINE_{name.upper()} must be a number from {minimum:g} to 3600.") from None
        for name in ("watch_port", "server_watch_port"):
            if (text := getattr(settings, name)) and not _is_port(text):
                raise SettingsError(f"TOUCHLINE_{name.upper()} must be a whole number from 0 to {MAX_PORT}, or empty.")
        for proxy in settings.trusted_proxies.split(",") if settings.trusted_proxies != "*" else ():
            if proxy.strip() and not _is_network(proxy.strip()):
                raise SettingsError("TOUCHLINE_TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/8, or *.")
        _check_tracking(settings)
        _check_origins(settings)
        settings._check_secrets()
        if settings.log not in {"text", "json"}:
            raise SettingsError("TOUCHLINE_LOG must be text or json.")
        if settings.log_level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise SettingsError("TOUCHLINE_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
        if settings.graphiql not in {"on", "off"}:
            raise SettingsError("TOUCHLINE_GRAPHIQL must be on or off.")
        return settings

    @property
    def cors_origin_list(self) -> tuple[str, ...]:
        """The origins whose pages may use the GraphQL endpoint."""
        return tuple(origin.strip().lower() for origin in self.cors_origins.split(",") if origin.strip())

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
        if self.old_secret and not self.secret:
            raise SettingsError("TOUCHLINE_SECRET_OLD requires TOUCHLINE_SECRET, which signs new links.")
        if self.metrics_token and (fault := secret_weakness(self.metrics_token)):
            raise SettingsError(f"TOUCHLINE_METRICS_TOKEN {fault}. {NEW_SECRET_HINT}")


def _check_tracking(settings: Settings) -> None:
    if settings.tracking_url and not _TRACKING_URL.fullmatch(settings.tracking_url):
        raise SettingsError("TOUCHLINE_TRACKING_URL must be a URL such as https://go.example.com, without ? and #.")
    for network in settings.own_networks.split(","):
        if network.strip() and not _is_network(network.strip()):
            raise SettingsError("TOUCHLINE_OWN_NETWORKS must be addresses or networks such as 203.0.113.0/24.")


def _check_origins(settings: Settings) -> None:
    for origin in settings.cors_origin_list:
        default_port = {"https": ":443", "http": ":80"}.get(origin.partition(":")[0], " ")
        if origin != "*" and (not _ORIGIN.fullmatch(origin) or origin.endswith(default_port)):
            raise SettingsError(
                "TOUCHLINE_CORS_ORIGINS must be origins as browsers send them, such as https://app.example.com or"
                " http://localhost:5173, without a path and without the default port, or *."
            )


def _check_costs(settings: Settings) -> None:
    for name in ("request_cost", "minute_cost"):
        text = getattr(settings, name)
        if not _is_whole_number(text) or not MIN_COST_POINTS <= int(text[:12]) <= MAX_COST_POINTS:
            raise SettingsError(
                f"TOUCHLINE_{name.upper()} must be a whole number from {MIN_COST_POINTS} to {MAX_COST_POINTS}."
            )
    if int(settings.minute_cost) < int(settings.request_cost):
        raise SettingsError("TOUCHLINE_MINUTE_COST must be at least TOUCHLINE_REQUEST_COST.")


def environment() -> Mapping[str, str]:
    """Return the process's environment."""
    return os.environ
