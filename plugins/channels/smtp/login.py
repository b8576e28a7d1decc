"""Send EHLO to an SMTP server and log in. Recognize answers that are about the login."""

import base64
import binascii
import json
import re

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException
from aiosmtplib.auth import auth_xoauth2_encode

from plugins import AccountUnavailableError
from plugins.channels.smtp.url import SmtpSettings
from plugins.codes import ChannelCode, smtp_message
from strategies.codes import Message

EHLO_UNKNOWN = frozenset({500, 501, 502, 503, 504, 550})
"""Answers to EHLO by servers that support only HELO (RFC 5321, 3.2)."""
METHOD_UNKNOWN = frozenset({500, 501, 502, 503, 504})
"""Answers to a login by servers that do not support its method."""
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


def about_login(reply: int, text: str, settings: SmtpSettings, *, envelope: bool) -> Message | None:
    """Return the message for an answer that is about the login, or None for every other answer.

    ``envelope`` means an answer to MAIL or RCPT. Some servers then mention the login in the text only.
    """
    server, said = settings.server, f"{reply} {settings.tidy(text)}"
    if reply in REFUSED_CODES:
        return ChannelCode.LOGIN_REFUSED.message(server=server, reply=said)
    if reply == 454 and text.startswith("4.7.0"):
        return ChannelCode.LOGIN_DEFERRED.message(server=server, reply=said)
    if reply == 530 or (reply >= 500 and envelope and WANTS_LOGIN.search(text)):
        return ChannelCode.LOGIN_REQUIRED.message(server=server, reply=said)
    return None


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
        raise AccountUnavailableError(*_not_offered(settings, offered, known))
    try:
        if token is not None:
            await _xoauth2(client, settings, token)
        else:
            await _password(client, settings)
    except SMTPResponseException as error:
        refused = AccountUnavailableError(*_refused(error, settings, token))
    except SMTPException as error:
        if "authentication method" not in str(error):
            raise
        refused = AccountUnavailableError(*_not_offered(settings, offered, known))
    else:
        return
    raise refused  # outside of the handler, because the original error can contain the login


async def _password(client: SMTP, settings: SmtpSettings) -> None:
    """Try the offered methods in turn, because some servers offer methods that they do not support.

    A server that rejects the password itself is not asked again: it counts the attempts, and locks the account. Servers
    that store only hashes of passwords reject every CRAM-MD5, so it does not count.
    """
    methods = {"cram-md5": client.auth_crammd5, "plain": client.auth_plain, "login": client.auth_login}
    names = client.supported_auth_methods
    for name in names:
        try:
            await methods[name](settings.username or "", settings.password)
        except SMTPAuthenticationError as error:
            is_final = error.code < 500 or (error.code not in METHOD_UNKNOWN and name != "cram-md5")
            if is_final or name == names[-1]:
                raise
        else:
            return


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


def _refused(error: SMTPResponseException, settings: SmtpSettings, token: str | None) -> Message:
    server, reply = settings.server, f"{error.code} {settings.tidy(error.message)}"
    if error.code == 421:
        return smtp_message(error.code, f"Could not log in to {server}: {reply}")
    if 400 <= error.code < 500:
        return ChannelCode.LOGIN_DEFERRED.message("at_login", server=server, reply=reply)
    if error.code == 504:
        return ChannelCode.AUTH_UNSUPPORTED.message("refused", server=server, reply=reply)
    if error.code < 500:
        return ChannelCode.UNEXPECTED_REPLY.message("at_login", server=server, reply=reply)
    advice = HINTS.get(error.code, CHECK_PASSWORD if token is None else CHECK_TOKEN)
    return ChannelCode.LOGIN_REFUSED.message("at_login", server=server, reply=reply, advice=advice)


def _offered(client: SMTP) -> list[str]:
    """Return the login methods that the server offers, in its order."""
    response = client.last_ehlo_response
    found: list[str] = []
    for line in (response.message if response is not None else "").upper().splitlines():
        if re.match(r"AUTH[ =]", line):
            found += [word for word in re.split(r"[ =]+", line)[1:] if re.fullmatch(r"[A-Z0-9_-]{1,30}", word)]
    return list(dict.fromkeys(found))[:20]


def _not_offered(settings: SmtpSettings, offered: list[str], known: tuple[str, ...]) -> Message:
    if not offered:
        if settings.security == "none":
            return ChannelCode.AUTH_UNSUPPORTED.message("no_login_without_tls", server=settings.server)
        return ChannelCode.AUTH_UNSUPPORTED.message("no_login", server=settings.server)
    methods = {"server": settings.server, "offered": ", ".join(offered), "known": " or ".join(known)}
    if "XOAUTH2" in known and {"PLAIN", "LOGIN"} & set(offered):
        return ChannelCode.AUTH_UNSUPPORTED.message("plain_offered", **methods)
    if "XOAUTH2" in offered:
        return ChannelCode.AUTH_UNSUPPORTED.message("xoauth2_offered", **methods)
    return ChannelCode.AUTH_UNSUPPORTED.message(**methods)
