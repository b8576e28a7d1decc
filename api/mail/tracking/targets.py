"""The target of a tracked link as a redirect may name it."""

import re
from string import ascii_letters, digits
from urllib.parse import quote

import idna

_TARGET = re.compile(r"(https?)://([^\s/?#@\\]+)([^\\]*)", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ASCII_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_UNCHANGED = f"{ascii_letters}{digits}%!#$&'()*+,-./:;=?@[]^_`{{|}}~"
"""ASCII characters that stay as they are. Browsers encode the others, such as spaces, in the same way."""


def redirect_target(url: str) -> str | None:
    """Return an http or https URL in ASCII, with the same target; None for any other text.

    None also for a URL whose target depends on the program that reads it: with a user name, a backslash, or a control
    character, or with a host that IDNA rejects. So no header can be injected.
    """
    match = _TARGET.fullmatch(url)
    if match is None or _CONTROL.search(url):
        return None
    scheme, host, rest = match.groups()
    if (ascii_host := _ascii_host(host)) is None:
        return None
    return f"{scheme.lower()}://{ascii_host}{quote(rest, safe=_UNCHANGED)}"


def _ascii_host(host: str) -> str | None:
    name, colon, port = host, "", ""
    if not host.isascii():
        name, colon, port = host.partition(":")
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    ascii_host = f"{name}{colon}{port}"
    return ascii_host if _ASCII_HOST.fullmatch(ascii_host) else None
