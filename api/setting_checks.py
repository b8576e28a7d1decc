"""Checks of single settings. Each raises SettingsError."""

from typing import Protocol

from api.setting_formats import (
    BASE_URL,
    MAX_CONTENT_DAYS,
    MAX_COST_POINTS,
    MIN_COST_POINTS,
    ORIGIN,
    is_network,
    is_whole_number,
)


class SettingsError(Exception):
    """A setting has an invalid value. The message names the variable and says which values are valid."""


class _Settings(Protocol):
    """The settings that are checked here. ``api.settings.Settings`` has them."""

    @property
    def tracking_url(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def own_networks(self) -> str: ...
    @property
    def cors_origin_list(self) -> tuple[str, ...]: ...
    @property
    def minute_cost(self) -> str: ...
    @property
    def request_cost(self) -> str: ...


CHOICES = {
    "log": ("text", "json"),
    "log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
    "crm_loopback": ("on", "off"),
    "graphiql": ("on", "off"),
}
"""The values of settings that have few."""


def check_choices(settings: _Settings) -> None:
    for name, choices in CHOICES.items():
        if getattr(settings, name) not in choices:
            listed = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise SettingsError(f"TOUCHLINE_{name.upper()} must be {listed}.")


def check_tracking(settings: _Settings) -> None:
    if settings.tracking_url and not BASE_URL.fullmatch(settings.tracking_url):
        raise SettingsError("TOUCHLINE_TRACKING_URL must be a URL such as https://go.example.com, without ? and #.")
    if settings.public_url and not BASE_URL.fullmatch(settings.public_url):
        raise SettingsError("TOUCHLINE_PUBLIC_URL must be a URL such as https://sales.example.com, without ? and #.")
    for network in settings.own_networks.split(","):
        if network.strip() and not is_network(network.strip()):
            raise SettingsError("TOUCHLINE_OWN_NETWORKS must be addresses or networks such as 203.0.113.0/24.")


def check_origins(settings: _Settings) -> None:
    for origin in settings.cors_origin_list:
        default_port = {"https": ":443", "http": ":80"}.get(origin.partition(":")[0], " ")
        if origin != "*" and (not ORIGIN.fullmatch(origin) or origin.endswith(default_port)):
            raise SettingsError(
                "TOUCHLINE_CORS_ORIGINS must be origins as browsers send them, such as https://app.example.com or"
                " http://localhost:5173, without a path and without the default port, or *."
            )


def check_content_days(days: str) -> None:
    if days and not (is_whole_number(days) and len(days) <= 5 and 1 <= int(days) <= MAX_CONTENT_DAYS):
        raise SettingsError(f"TOUCHLINE_CONTENT_DAYS must be a whole number from 1 to {MAX_CONTENT_DAYS:,}, or empty.")


def check_costs(settings: _Settings) -> None:
    for name in ("request_cost", "minute_cost"):
        text = getattr(settings, name)
        if not is_whole_number(text) or not MIN_COST_POINTS <= int(text[:12]) <= MAX_COST_POINTS:
            raise SettingsError(
                f"TOUCHLINE_{name.upper()} must be a whole number from {MIN_COST_POINTS} to {MAX_COST_POINTS}."
            )
    if int(settings.minute_cost) < int(settings.request_cost):
        raise SettingsError("TOUCHLINE_MINUTE_COST must be at least TOUCHLINE_REQUEST_COST.")
