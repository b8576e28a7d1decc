"""The options of every uvicorn server of Touchline."""

from functools import partial
from typing import Any

from api.server.connections import Connections
from api.server.http_protocol import HttpProtocol
from api.server.limits import ServerLimits
from api.server.log_limits import limit_client_logs
from api.server.proxies import TrustedProxies
from api.server.websocket_protocol import WebSocketProtocol
from api.settings import Settings


def server_options(settings: Settings, limits: ServerLimits | None = None) -> dict[str, Any]:
    """Return the options of ``uvicorn.Config``: limits, no access log, no Server header."""
    limit_client_logs()
    limits = limits or ServerLimits.of_this_process()
    connections = Connections(limits, TrustedProxies(settings.trusted_proxies))
    return {
        "access_log": False,  # it would contain unsubscribe links
        "server_header": False,
        "http": partial(HttpProtocol, connections=connections),
        "ws": partial(WebSocketProtocol, connections=connections),
        "ws_max_size": limits.message_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": limits.ping_seconds,
        "ws_ping_timeout": limits.ping_seconds,
        "timeout_keep_alive": limits.idle_seconds,
        "backlog": limits.accepts_per_turn,
        "forwarded_allow_ips": settings.trusted_proxies,
    }
