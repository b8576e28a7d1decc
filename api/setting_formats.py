"""The formats of single settings."""

import re
from ipaddress import ip_network

MAX_PORT = 65_535
MAX_CONTENT_DAYS = 36_500
MIN_COST_POINTS, MAX_COST_POINTS = 1_000, 1_000_000_000
"""Limits of TOUCHLINE_REQUEST_COST and TOUCHLINE_MINUTE_COST, in points."""
BASE_URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,200}(?:/[A-Za-z0-9._~-]{1,40}){0,3}/?")
"""It has no character that HTML or a header must escape."""


ORIGIN = re.compile(
    r"https?://([a-z0-9.-]{1,200}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?|[a-z][a-z0-9+.-]{1,30}://[a-z0-9.-]{1,200}"
)
"""An origin as browsers send it. Packaged apps have schemes of their own, such as capacitor://localhost."""


def is_whole_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def is_port(text: str) -> bool:
    return is_whole_number(text) and len(text) <= 5 and int(text) <= MAX_PORT


def is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
