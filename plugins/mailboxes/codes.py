"""Codes of mailboxes: why an account is not read. The codes of connections and logins are in ``plugins/codes.py``."""

from strategies.codes import Code, code


class MailboxCode(Code):
    """Codes of mailboxes: why an account is not read."""

    FOLDER_MISSING = code(
        "The account on {server} has no folder {folder!r}. Its folders are: {folders}.",
        when="The mail account has no folder of the name that is in the IMAP URL.",
        do="Correct `inbox`, `spam` or `sent` in the IMAP URL. Touchline tries again.",
    )
    MAILBOX_FAILED = code(
        "The mailbox {mailbox!r} failed ({error}). This is a bug in its package; see the server log.",
        when="The package of the mailbox failed.",
        do="Correct the package. Touchline tries again.",
    )
    MAILBOX_NO_ANSWER = code(
        "The mailbox did not answer within {seconds:g} s.",
        when="The mailbox did not answer in time.",
        do="Check the mail server and the network. Touchline tries again.",
    )
    MAILBOX_REFUSED = code(
        "Could not {step} {server}: the server answered {reply}",
        when="The mail server rejected a command that reads the mailbox.",
        do="Read the error's sentence. Touchline tries again.",
    )
