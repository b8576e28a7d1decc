"""Parses ``TOUCHLINE_DATABASE_URL``: a SQLite file, or a PostgreSQL URL with libpq's TLS parameters.

Messages of this module never quote the URL, because a password that is not percent-encoded can end up in any part.
"""

import ssl
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

VARIABLE = "TOUCHLINE_DATABASE_URL"
SCHEMES = frozenset({"postgres", "postgresql"})
URL_FORM = "It must be of the form postgresql://user:password@host:5432/database"
ENCODING_HINT = "special characters in the user and the password must be percent-encoded"
MIN_CONNECTIONS = 2
"""Smallest ``maxsize``: one connection for LISTEN or for the lock of ``migrate``, and one for everything else."""
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SYSTEM_ROOTS = "system"
"""libpq's name for the certificate authorities that the system trusts."""
SQLITE_PRAGMAS: Mapping[str, str] = MappingProxyType({"synchronous": "FULL", "busy_timeout": "10000"})
"""With NORMAL, a loss of power undoes the last commits in WAL mode. A sent email would be sent again."""
URL_PARAMETERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "host": str,  # also the folder of a socket
        "port": int,
        "user": str,
        "password": str,
        "passfile": str,
        "minsize": int,
        "maxsize": int,
        "max_queries": int,
        "max_inactive_connection_lifetime": float,
        "timeout": float,
        "command_timeout": float,
        "statement_cache_size": int,
        "max_cached_statement_lifetime": int,
        "max_cacheable_statement_size": int,
        "application_name": str,
        "schema": str,
        "target_session_attrs": str,
        "sslmode": str,
        "sslrootcert": str,
    }
)


def connection_settings(url: str) -> dict[str, Any]:
    """Return tortoise's connection settings. Raises ValueError. Its message does not contain the password."""
    scheme, mark, _ = url.partition("://")
    if mark and scheme == "sqlite":
        return _sqlite(url)
    if mark and scheme in SCHEMES:
        return {"engine": "tortoise.backends.asyncpg", "credentials": _postgres(url)}
    raise ValueError(f"{VARIABLE} must begin with sqlite:// or postgresql://.")


def redacted_url(url: str) -> str:
    """Return the URL for logs, without password and parameters."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        return f"sqlite://{rest.partition('?')[0]}"
    try:
        parts, port = _split(url)
    except ValueError:
        return scheme
    user = f"{parts.username}@" if parts.username else ""
    return f"{scheme}://{user}{parts.hostname or ''}{f':{port}' if port else ''}{parts.path}"


def _sqlite(url: str) -> dict[str, Any]:
    path, _, query = url.removeprefix("sqlite://").partition("?")
    if not path:
        raise ValueError(f"{VARIABLE} cannot be used: sqlite:// has no file path.")
    credentials = {"file_path": path, **SQLITE_PRAGMAS, **dict(parse_qsl(query))}
    return {"engine": "tortoise.backends.sqlite", "credentials": credentials}


def _postgres(url: str) -> dict[str, Any]:
    parts, port = _split(url)
    options = _options(parts.query)
    if options.get("maxsize", MIN_CONNECTIONS) < MIN_CONNECTIONS:
        raise ValueError(f"{VARIABLE} cannot be used: maxsize must be at least {MIN_CONNECTIONS}.")
    if not 0 <= options.get("minsize", 1) <= options.get("maxsize", 5):
        raise ValueError(f"{VARIABLE} cannot be used: minsize must be between 0 and maxsize, which is 5 by default.")
    parts_of_url = {
        "host": parts.hostname and unquote(parts.hostname),
        "port": port,
        "user": parts.username and unquote(parts.username),
        "password": parts.password and unquote(parts.password),
        "database": unquote(parts.path[1:]) or None,
    }
    mode, roots = options.pop("sslmode", None), options.pop("sslrootcert", None)
    tls = _tls(mode, roots)
    return options | {name: value for name, value in parts_of_url.items() if value} | ({"ssl": tls} if tls else {})


def _split(url: str) -> tuple[SplitResult, int | None]:
    """Split the URL. Python's own errors are not passed on, because they quote the URL."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        parts, port = None, None
    # An unencoded / or # in the password ends the host; the rest then looks like a database or a fragment.
    if parts is None or "/" in parts.path[1:] or "@" in parts.path or parts.fragment:
        raise ValueError(f"{VARIABLE} cannot be used. {URL_FORM}: {ENCODING_HINT}.")
    return parts, port


def _options(query: str) -> dict[str, Any]:
    texts = dict(parse_qsl(query, keep_blank_values=True))
    if "ssl" in texts:
        raise ValueError(f"{VARIABLE} cannot be used: write sslmode={'|'.join(SSL_MODES)} instead of ssl.")
    if not set(texts) <= set(URL_PARAMETERS):
        names = ", ".join(URL_PARAMETERS)
        raise ValueError(f"{VARIABLE} cannot be used: it has a parameter that is not one of {names} ({ENCODING_HINT}).")
    options = {}
    for name, text in texts.items():
        try:
            options[name] = URL_PARAMETERS[name](text)
        except ValueError:
            raise ValueError(f"{VARIABLE} cannot be used: {name} must be a number.") from None
    return options


def _tls(mode: str | None, roots: str | None) -> str | ssl.SSLContext | None:
    """Return asyncpg's ``ssl`` argument for libpq's ``sslmode`` and ``sslrootcert``."""
    if mode is not None and mode not in SSL_MODES:
        raise ValueError(f"{VARIABLE} cannot be used: sslmode must be one of {', '.join(SSL_MODES)}.")
    if roots == SYSTEM_ROOTS and mode not in {None, "verify-full"}:
        raise ValueError(f"{VARIABLE} cannot be used: sslrootcert={SYSTEM_ROOTS} needs sslmode=verify-full.")
    if roots is None or (roots != SYSTEM_ROOTS and mode in {None, "disable", "allow", "prefer"}):
        return mode
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # As in libpq, a certificate file makes "require" verify the server's certificate.
    context.check_hostname = roots == SYSTEM_ROOTS or mode == "verify-full"
    if roots == SYSTEM_ROOTS:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cafile=roots)
    except OSError as problem:
        reason = "it contains no certificates" if isinstance(problem, ssl.SSLError) else problem.strerror
        raise ValueError(f"{VARIABLE} cannot be used: the file of sslrootcert cannot be read: {reason}.") from None
    return context
