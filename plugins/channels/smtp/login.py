"""Send EHLO to an SMTP server and log in. Recognize answers that are about the login."""

import base64
import binascii
import json
import re

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException
from aiosmtplib.auth import auth_xoauth2_encode

from plugins import AccountUnavailableError
from plugins.channels.smtp.url import SmtpSettings

EHLO_UNKNOWN = frozenset({500, 501, 502, 503, 504, 550})
"""Answers to EHLO by servers that support only HELO (RFC 5321, 3.2)."""
HINTS = {
    530: "the server requires a login, or TLS before the login: check user, password and security",
    534: "the server requires another login method: an application-specific password, or auth=xoauth2",
    538: "the server requires TLS before the login: use security=starttls or tls",
}
CHECK_PASSWORD = "check user and password"  # noqa: S105
CHECK_TOKEN = "check the user, and whether the token is valid and has the permission to send mail"  # noqa: S105
REFUSED_CODES = frozenset({534, 535, 538})
"""Answers that reject the login, to any command. 530 requires one."""
WANTS_LOGIN = re.compile(r"\bauthentication (is )?required\b|\b(must|please|need to) (first )?authenticate\b", re.I)


def about_login(reply: int, text: str, *, envelope: bool) -> str | None:
    """Return the code for an answer that is about the login, or None for every other answer.

    ``envelope`` means an answer to MAIL or RCPT. Some servers then mention the login in the text only.
    """
    code = None
    if reply in REFUSED_CODES:
        code = "LOGIN_REFUSED"
    elif reply == 454 and text.startswith("4.7.0"):
        code = "LOGIN_DEFERRED"
    elif reply == 530 or (reply >= 500 and envelope and WANTS_LOGIN.search(text)):
        code = "LOGIN_REQUIRED"
    return code


async def greet(client: SMTP) -> None:
    """Send EHLO, and HELO to a server that does not support it. If both fail, raises the error of EHLO."""
    try:
        await client.ehlo()
    except SMTPResponseException as refused:
        if refused.code not in EHLO_UNKNOWN:
            raise
        try:
            await client.helo()
        except SMTPResponseException:
            raise refused from None


async def log_in(client: SMTP, settings: SmtpSettings, token: str | None) -> None:
    """Log in with the password or the token. Raises AccountUnavailableError if the server rejects the login."""
    offered = _offered(client)
    known = ("XOAUTH2",) if token is not None else ("CRAM-MD5", "PLAIN", "LOGIN")
    if not set(offered) & set(known):
        raise AccountUnavailableError("AUTH_UNSUPPORTED", _not_offered(settings, offered, known))
    try:
        if token is not None:
            await _xoauth2(client, settings, token)
        else:
            await client.login(settings.username or "", settings.password)
    except SMTPResponseException as error:
        refused = _refused(error, settings, token)
    except SMTPException as error:
        if "authentication method" not in str(error):
            raise
        refused = AccountUnavailableError("AUTH_UNSUPPORTED", _not_offered(settings, offered, known))
    else:
        return
    raise refused  # outside of the handler, because the original error can contain the login


async def _xoauth2(client: SMTP, settings: SmtpSettings, token: str) -> None:
    """Log in as Gmail and Microsoft document it. A rejection is a challenge, and the client answers an empty line."""
    login = auth_xoauth2_encode(settings.username or "", token)
    response = await client.execute_command(b"AUTH", b"XOAUTH2", login)
    challenge = ""
    if response.code == 334:
        challenge = _challenge(response.message)
        response = await client.execute_command(b"")
    if response.code != 235:
        raise SMTPAuthenticationError(response.code, f"{response.message}{challenge}")


def _challenge(text: str) -> str:
    """Return the status that a server gives for a rejected token. The rest of its JSON is not useful."""
    try:
        status = json.loads(base64.b64decode(text, validate=True)).get("status")
    except (binascii.Error, ValueError, AttributeError, RecursionError):
        return ""
    return f" (status {str(status)[:20]})" if isinstance(status, (str, int)) else ""


def _refused(error: SMTPResponseException, settings: SmtpSettings, token: str | None) -> AccountUnavailableError:
    words = settings.tidy(error.message)
    told = f"Could not log in to {settings.server}: {error.code} {words}"
    if error.code == 421:
        return AccountUnavailableError(f"SMTP_{error.code}", told)
    if 400 <= error.code < 500:
        return AccountUnavailableError("LOGIN_DEFERRED", f"{told} (the server cannot check the login at the moment)")
    if error.code == 504:
        return AccountUnavailableError("AUTH_UNSUPPORTED", f"{told} (the server does not support this login method)")
    if error.code < 500:
        return AccountUnavailableError("UNEXPECTED_REPLY", told)
    hint = HINTS.get(error.code, CHECK_PASSWORD if token is None else CHECK_TOKEN)
    return AccountUnavailableError("LOGIN_REFUSED", f"{told} ({hint})")


def _offered(client: SMTP) -> list[str]:
    """Return the login methods that the server offers, in its order."""
    response = client.last_ehlo_response
    found: list[str] = []
    for line in (response.message if response is not None else "").upper().splitlines():
        if re.match(r"AUTH[ =]", line):
            found += [word for word in re.split(r"[ =]+", line)[1:] if re.fullmatch(r"[A-Z0-9_-]{1,30}", word)]
    return list(dict.fromkeys(found))[:20]


def _not_offered(settings: SmtpSettings, offered: list[str], known: tuple[str, ...]) -> str:
    if not offered:
        tls = " It may offer one with TLS: use security=starttls or tls." if settings.security == "none" else ""
        return f"{settings.server} offers no login. Leave out the user, or use another port or server.{tls}"
    advice = "Use auth=xoauth2 with token_file or token_command." if "XOAUTH2" in offered else ""
    if "XOAUTH2" in known:
        advice = "Leave out auth=xoauth2 and give a password." if {"PLAIN", "LOGIN"} & set(offered) else ""
    return f"{settings.server} offers the logins {', '.join(offered)}, and not {' or '.join(known)}. {advice}".strip()
