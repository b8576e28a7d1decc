"""Why an incoming mail or event waits, or changed nothing."""

from strategies.codes import Code, code


class AnswerCode(Code):
    """Why an incoming mail or event waits, or changed nothing."""

    ASKS_TO_UNSUBSCRIBE = code(
        "The mail has the signed token of an email, and asks to unsubscribe.",
        when="A mail to the unsubscribe address of an email arrives (`TOUCHLINE_UNSUBSCRIBE_ADDRESS`).",
        do="Nothing. The address to which the email was sent gets no more emails.",
    )
    ASKS_WITHOUT_TOKEN = code(
        "The mail asks to unsubscribe, but has no signed token. It counts as a reply.",
        when="A mail contains only `unsubscribe`, or a similar word in one of twelve languages. Mail programs write "
        "such mails to the sender if an email offers no other way.",
        do="Read the mail, then unsubscribe the person.",
    )
    BOUNCE_AFTER_REPLY = code(
        "The email has a reply, so it arrived. This bounce changes nothing.",
        when="A bounce arrives for an email that has a reply, for example from an address to which it was forwarded.",
        do="Nothing.",
    )
    BOUNCED_BEFORE = code(
        "The email had bounced before.",
        when="A second bounce arrives for an email. A soft bounce after a hard one changes nothing either.",
        do="Nothing.",
    )
    FORWARDED = code(
        "The email was forwarded to {address}, where it failed: {diagnostic}",
        when="A bounce reports only addresses in other domains than the recipient's: the email was forwarded.",
        do="Nothing. The bounce is soft, because the recipient's address exists.",
    )
    IN_TRANSMISSION = code(
        "The email is being transmitted. This waits for its outcome.",
        when="An answer arrives before the transmission of its email is recorded.",
        do="Nothing. It is processed within seconds.",
    )
    KNOWN_REPLY = code(
        "This reply was received before, in another mailbox.",
        when="Two mailboxes received the same reply. It has the same Message-ID, so it counts once.",
        do="Nothing.",
    )
    NO_EMAIL = code(
        "This mail or event belongs to no email of Touchline.",
        when="The mail or event has no reference to an email, and no email was sent to its address lately.",
        do="Nothing, unless you expected an answer. Then `touchline mail read FILE` shows what the mail says.",
    )
    OWN_COPY = code(
        "This mail is a copy of an email that Touchline sent.",
        when="A mailbox has a copy of an email that Touchline sent.",
        do="Nothing.",
    )
    RESUBSCRIBE_REPORTED = code(
        "A provider reports that the recipient wants emails again. Only an admin can resubscribe an address.",
        when="A provider reports a resubscribe.",
        do="Call `resubscribe` with a reason if the person asks for emails again.",
    )
    SENT_BEFORE = code(
        "The email of this task is already recorded.",
        when="A second copy of an email arrives that a rep sent from their own mailbox, or the task has another email.",
        do="Nothing.",
    )
    SENT_BY_SOMEBODY_ELSE = code(
        "The mail has the signed address of a task, but it is not from the task's sender to the task's person.",
        when="A mail arrives at the address for copies of a task's email, and the rep has not sent it to the person.",
        do="If you sent it, mark the task as sent.",
    )
    SENT_FROM_OWN_MAILBOX = code(
        "A rep sent the email of a task from their own mailbox. The mail has the signed address of the task.",
        when="A copy arrives of an email that a rep has sent from Gmail, Outlook or another mail program.",
        do="Nothing. The task is completed.",
    )
    STOPPED_PROCESS = code(
        "Each process that read this mail or event ended before it was done.",
        when="The mail ends each process that reads it, or 20 processes have ended while they worked on it.",
        do="Report the bug. `touchline mail list` shows the mail, and `touchline mail retry` processes it again.",
    )
    TOO_MANY_REPLIES = code(
        "The email already has 100 replies of this kind. This reply is not stored.",
        when="More than 100 replies, or automatic replies, to one email arrive: a program answers itself, or somebody "
        "floods the mailbox.",
        do="Nothing. Block the sender at the mail server.",
    )
    UNCHANGED = code(
        "The email already has this state.",
        when="A provider reports the delivery of an email that is known as sent.",
        do="Nothing.",
    )
