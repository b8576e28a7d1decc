"""Codes of the built-in channels: why an email is not sent, or why an account is paused.

Accounts that receive emails have the codes of the connection and the login as well.

A new code is one more member. A channel puts its message into a ``Receipt`` or an ``AccountUnavailableError``.
"""

from strategies.codes import Code, Message, code


class ChannelCode(Code):
    """Codes of the built-in channels: why an email is not sent, or why an account is paused."""

    ADDRESS_INVALID = code(
        "The address is not valid: {fault}.",
        when="The address is not valid in SMTP.",
        do="Correct the address and retry the email.",
    )
    AUTH_UNSUPPORTED = code(
        "{server} offers the logins {offered}, but not {known}.",
        no_login="{server} offers no login. Leave out the user, or use another port or server.",
        no_login_without_tls=(
            "{server} offers no login. Leave out the user, or use another port or server. The server may offer a login "
            "with TLS: use security=starttls or tls."
        ),
        plain_offered=(
            "{server} offers the logins {offered}, but not {known}. Leave out auth=xoauth2 and give a password."
        ),
        xoauth2_offered=(
            "{server} offers the logins {offered}, but not {known}. Use auth=xoauth2 with token_file or token_command."
        ),
        refused="Could not log in to {server}: {reply} (the server does not support this login method)",
        when="The mail server does not offer the login method of the URL.",
        do="The account is paused. Use a password or `auth=xoauth2`, as the detail says.",
    )
    CAFILE_UNREADABLE = code(
        "The certificates of cafile cannot be read: {fault}.",
        when="The certificate file in the URL of the account cannot be read.",
        do="The account is paused. Correct the setting.",
    )
    CONNECTION_FAILED = code(
        "Could not {step} {server}: {fault}",
        when="The server of the account, such as a mail server, cannot be reached.",
        do="The account is paused. Check the host, the port and the network.",
    )
    CONNECTION_LOST = code(
        "The connection to {server} broke before the content was sent.",
        in_doubt="The connection to {server} broke after the content was sent.",
        when="The connection to the server of the account broke. If the content had been sent, the email is in doubt.",
        do="Read the email's `detail`. If the email is in doubt, call `resolveInDoubt`.",
    )
    DISK_ERROR = code(
        "Touchline cannot write to the outbox folder: {fault}.",
        when="Touchline cannot write to the outbox folder.",
        do="The account is paused. Read its detail.",
    )
    DISK_FULL = code(
        "The disk of the outbox folder is full.",
        when="The disk of the outbox folder is full.",
        do="The account is paused. Free disk space.",
    )
    LOGIN_DEFERRED = code(
        "{server} answered: {reply}",
        at_login="Could not log in to {server}: {reply} (the server cannot check the login at the moment)",
        when="The mail server cannot check the login at the moment.",
        do="Nothing. The account is paused, and Touchline tries again.",
    )
    LOGIN_REFUSED = code(
        "{server} answered: {reply}",
        at_login="Could not log in to {server}: {reply} ({advice})",
        when="The mail server rejected the user, the password or the access token.",
        do="The account is paused. Correct the setting or renew the token.",
    )
    LOGIN_REQUIRED = code(
        "{server} answered: {reply}",
        when="The mail server accepts emails only after a login.",
        do="The account is paused. Put the user and the password into the SMTP URL.",
    )
    DKIM_FAILED = code(
        "The email cannot be signed with DKIM: {fault}.",
        when="A DKIM key is configured for the sender's domain, and the email cannot be signed with it.",
        do="Check the key in TOUCHLINE_DKIM_KEY, then retry the email.",
    )
    NOT_CONFIGURED = code(
        "Set {variable} to {example} (see docs/operations.md).",
        name="The account's name must match {pattern}.",
        url="{variable} cannot be used. {fault}",
        key="{fault}",
        when="The account is not configured in this process.",
        do="Configure it. Until then, only other processes use it.",
    )
    NOT_SYNCED = code(
        "The email was written to {file}, but the disk has not confirmed it.",
        when="The email was written to the outbox folder, but the disk did not confirm the name of the file.",
        do="Check whether the file is there. Then confirm the email, or send it again.",
    )
    NOT_WRITABLE = code(
        "Touchline does not have the permission to write to the outbox folder.",
        when="Touchline does not have the permission to write to the outbox folder.",
        do="The account is paused. Give the service that permission.",
    )
    RECORDED = code(
        "The email was recorded, not sent.",
        when="The email was only recorded. Nothing was sent.",
        do="Nothing.",
    )
    SESSION_OVER = code(
        "The connection is closed.",
        when="The connection to the mail server was closed before the email was transmitted.",
        do="Nothing. The account is paused, and Touchline tries again.",
    )
    SMTPUTF8_REQUIRED = code(
        "The address has characters that the mail server does not support (it has no SMTPUTF8).",
        when="The address has characters that the mail server does not support.",
        do="Use another address, or another mail server.",
    )
    STARTTLS_MISSING = code(
        "{server} offers no STARTTLS. Use security=tls, or another port.",
        when="The mail server does not offer encryption (STARTTLS).",
        do="The account is paused. Correct the setting.",
    )
    TIMEOUT = code(
        "{server} did not answer in time. The content had not been sent.",
        connecting="Could not {step} {server}: no answer in {seconds:g} s. Check the host, the port and security.",
        in_doubt="{server} did not answer in time after the content was sent.",
        when="The server of the account did not answer in time. If the content had been sent, the email is in doubt.",
        do="Read the email's `detail`. If the email is in doubt, call `resolveInDoubt`.",
    )
    TLS_FAILED = code(
        "Could not {step} {server}: {fault} (check security, the port, and cafile for a private authority)",
        when="The TLS connection to the mail server could not be established.",
        do="The account is paused. Check `security`, the port and `cafile` in the URL.",
    )
    TOKEN_UNAVAILABLE = code(
        "No access token from {source}: {fault}",
        when="The access token cannot be read from its file or program.",
        do="Read the detail. Until then, only other processes use the account.",
    )
    UNEXPECTED_REPLY = code(
        "{server} gave an unexpected answer before the content was sent: {reply}",
        at_login="Could not log in to {server}: {reply}",
        connecting="Could not {step} {server}: {reply}",
        in_doubt="{server} gave an unexpected answer after the content was sent: {reply}",
        when="The mail server gave an unexpected answer. If the content had been sent, the email is in doubt.",
        do="Read the email's `detail`. If the email is in doubt, call `resolveInDoubt`.",
    )
    WITHDRAWN = code(
        "The email was withdrawn before it was sent.",
        when="The email was withdrawn before it was sent.",
        do="Nothing.",
    )
    WRITTEN = code(
        "The email was written to {file}.",
        when="The email was written to the outbox folder.",
        do="Nothing.",
    )


def smtp_message(number: int, sentence: str) -> Message:
    """Return the message for an answer of a mail server, whose code is SMTP_ and its number, such as SMTP_550."""
    return Message(f"SMTP_{number}", sentence)
