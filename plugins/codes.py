"""Codes of the built-in channels: why an email is not sent, or why an account is paused."""

from strategies.codes import Code, code


class ChannelCode(Code):
    """Codes of the built-in channels: why an email is not sent, or why an account is paused."""

    ADDRESS_INVALID = code(
        when="The address is not valid in SMTP.",
        do="Correct the address and retry the email.",
    )
    AUTH_UNSUPPORTED = code(
        when="The mail server does not offer the login method of the SMTP URL.",
        do="The account is paused. Use a password or `auth=xoauth2`, as the detail says.",
    )
    CAFILE_UNREADABLE = code(
        when="The certificate file in the SMTP URL cannot be read.",
        do="The account is paused. Correct the setting.",
    )
    CONNECTION_FAILED = code(
        when="The mail server cannot be reached.",
        do="The account is paused. Check the host, the port and the network.",
    )
    CONNECTION_LOST = code(
        when="The connection to the mail server broke. If the content had been sent, the email is in doubt.",
        do="Read the email's `detail`. If the email is in doubt, call `resolveInDoubt`.",
    )
    DISK_ERROR = code(
        when="Touchline cannot write to the outbox folder.",
        do="The account is paused. Read its detail.",
    )
    DISK_FULL = code(
        when="The disk of the outbox folder is full.",
        do="The account is paused. Free disk space.",
    )
    LOGIN_DEFERRED = code(
        when="The mail server cannot check the login at the moment.",
        do="Nothing. The account is paused, and Touchline tries again.",
    )
    LOGIN_REFUSED = code(
        when="The mail server rejected the user, the password or the access token.",
        do="The account is paused. Correct the setting or renew the token.",
    )
    LOGIN_REQUIRED = code(
        when="The mail server accepts emails only after a login.",
        do="The account is paused. Put the user and the password into the SMTP URL.",
    )
    NOT_CONFIGURED = code(
        when="The account is not configured in this process.",
        do="Configure it. Until then, only other processes send its emails.",
    )
    NOT_WRITABLE = code(
        when="Touchline does not have the permission to write to the outbox folder.",
        do="The account is paused. Give the service that permission.",
    )
    RECORDED = code(
        when="The email was only recorded. Nothing was sent.",
        do="Nothing.",
    )
    SESSION_OVER = code(
        when="The connection to the mail server was closed before the email was transmitted.",
        do="Nothing. The account is paused, and Touchline tries again.",
    )
    SMTPUTF8_REQUIRED = code(
        when="The address has characters that the mail server does not support.",
        do="Use another address, or another mail server.",
    )
    STARTTLS_MISSING = code(
        when="The mail server does not offer encryption (STARTTLS).",
        do="The account is paused. Correct the setting.",
    )
    TIMEOUT = code(
        when="The mail server did not answer in time. If the content had been sent, the email is in doubt.",
        do="Read the email's `detail`. If the email is in doubt, call `resolveInDoubt`.",
    )
    TLS_FAILED = code(
        when="The TLS connection to the mail server could not be established.",
        do="The account is paused. Check `security`, the port and `cafile` in the SMTP URL.",
    )
    TOKEN_UNAVAILABLE = code(
        when="The access token cannot be read from its file or program.",
        do="Read the detail. Until then, only other processes send the account's emails.",
    )
    UNEXPECTED_REPLY = code(
        when="The mail server gave an unexpected answer. If the content had been sent, the email is in doubt.",
        do="Read the email's `detail`. If the email is in doubt, call `resolveInDoubt`.",
    )
    WITHDRAWN = code(
        when="The email was withdrawn before it was sent.",
        do="Nothing.",
    )
    WRITTEN = code(
        when="The email was written to the outbox folder.",
        do="Nothing.",
    )
