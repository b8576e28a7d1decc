"""Codes of the built-in channels: why an email or an account cannot go on."""

from strategies.codes import Code, code


class ChannelCode(Code):
    """Codes of the built-in channels: why an email or an account cannot go on."""

    ADDRESS_INVALID = code(
        when="The address cannot be written to a mail server.",
        do="Correct the address, and retry.",
    )
    AUTH_UNSUPPORTED = code(
        when="The mail server offers no way to log in that the SMTP URL asks for.",
        do="The account waits; give a password, or `auth=xoauth2`, as the detail says.",
    )
    CAFILE_UNREADABLE = code(
        when="The file of certificates in the SMTP URL cannot be read.",
        do="The account waits; correct the setting.",
    )
    CONNECTION_FAILED = code(
        when="The mail server cannot be reached.",
        do="The account waits; check the host, the port and the network.",
    )
    CONNECTION_LOST = code(
        when="The connection to the mail server broke; after the content, the email is in doubt.",
        do="See its detail; in doubt, `resolveInDoubt`.",
    )
    DISK_ERROR = code(
        when="The outbox cannot be written to.",
        do="The account waits; see its detail.",
    )
    DISK_FULL = code(
        when="No space is left for the outbox.",
        do="The account waits; make room.",
    )
    LOGIN_DEFERRED = code(
        when="The mail server cannot check the login for now.",
        do="Nothing; the account waits, and it is tried again.",
    )
    LOGIN_REFUSED = code(
        when="The mail server refused the user, the password or the access token.",
        do="The account waits; correct the setting, or renew the token.",
    )
    LOGIN_REQUIRED = code(
        when="The mail server wants a login before it takes an email.",
        do="The account waits; put user and password into the SMTP URL.",
    )
    NOT_CONFIGURED = code(
        when="The channel's account has no setting in this process.",
        do="Set it; the process leaves the account to others.",
    )
    NOT_WRITABLE = code(
        when="The outbox may not be written to.",
        do="The account waits; let the service write there.",
    )
    RECORDED = code(
        when="The email was recorded, and left nobody.",
        do="Nothing.",
    )
    SESSION_OVER = code(
        when="The connection to the mail server was closed before this email's turn.",
        do="Nothing; the account waits, and it is tried again.",
    )
    SMTPUTF8_REQUIRED = code(
        when="The address has characters that the mail server does not know.",
        do="Use another address, or another mail server.",
    )
    STARTTLS_MISSING = code(
        when="The mail server offers no encryption.",
        do="The account waits; correct the setting.",
    )
    TIMEOUT = code(
        when="The mail server did not answer in time; after the content, the email is in doubt.",
        do="See its detail; in doubt, `resolveInDoubt`.",
    )
    TLS_FAILED = code(
        when="No encrypted connection to the mail server came about.",
        do="The account waits; check security, the port and cafile.",
    )
    TOKEN_UNAVAILABLE = code(
        when="The access token cannot be read from its file or program.",
        do="See the detail; the process leaves the account to others.",
    )
    UNEXPECTED_REPLY = code(
        when="The mail server gave an answer that does not fit; after the content, the email is in doubt.",
        do="See its detail; in doubt, `resolveInDoubt`.",
    )
    WITHDRAWN = code(
        when="The email was taken away before it left.",
        do="Nothing.",
    )
    WRITTEN = code(
        when="The email was written to the outbox.",
        do="Nothing.",
    )
