"""Why an email failed or waits, why an enrollment ended, and why a launch left a person out."""

from strategies.codes import Code, code


class ReasonCode(Code):
    """Why an email failed or waits, why an enrollment ended, and why a launch left a person out."""

    ALREADY_RECEIVED = code(
        "{email} has already received this email as a copy.",
        when="A one-off email would be sent again, but its recipient has already received it as a copy (CC or BCC).",
        do="Nothing, or create a new email to this person.",
    )
    ANSWERED = code(
        when="An answer proves that an email in doubt was sent. Only the Live Feed has this code.",
        do="Nothing.",
    )
    ATTACHMENTS_BUSY = code(
        "This email waits until other emails with attachments are sent.",
        when="Only a few emails with attachments are in memory at the same time. This one waits for its turn.",
        do="Nothing. The email is sent in a moment.",
    )
    CHANNEL_NOT_INSTALLED = code(
        "No channel {channel!r} is installed.",
        when="The sender's channel is not installed.",
        do="Install the channel and retry the email.",
    )
    COMPLAINED = code(
        "The recipient marked an email as spam.",
        when="The recipient marked an email as spam. It is the reason of the suppression.",
        do="Do not write to this address.",
    )
    COPIES_NOT_SUPPORTED = code(
        "The channel {channel!r} sends no copies. Remove CC and BCC, or choose another sender.",
        when="The sender's channel does not send copies (CC and BCC).",
        do="Remove CC and BCC, or choose a sender with another channel.",
    )
    COPY_REFUSED = code(
        "No copy was sent to {email}: {answer}",
        when="The mail server accepted the email, but rejected an address in CC or BCC.",
        do="Correct the address, and send that recipient another email.",
    )
    DOUBTS_IN_A_ROW = code(
        (
            "The connection broke after the content of each of the last emails, so they are in doubt. The account is "
            "paused."
        ),
        when="The last ten emails of the account are in doubt: the connection broke after their content.",
        do="The account is paused. Check the mail server, then call `resolveInDoubt` for each email.",
    )
    FOLLOWS_UNSENT = code(
        "This follow-up waits until the email that it answers is sent or has failed.",
        when="The follow-up waits until the email that it follows is sent or has failed.",
        do="Nothing. Check that email.",
    )
    INVALID_MESSAGE = code(
        when="The email cannot be built for this person.",
        do="Read the detail, which says why.",
    )
    IN_DOUBT = code(
        "The process stopped while it transmitted this email. It may or may not have arrived.",
        when="The process stopped while it transmitted the email.",
        do="Check with the recipient or in the mail server's log, then call `resolveInDoubt`.",
    )
    LAUNCH_CANCELLED = code(
        when="The background launch was cancelled before it enrolled this person.",
        do="Launch the campaign for this person again.",
    )
    LAUNCH_FAILED = code(
        when="The background launch failed, so this person was left out. `Launch.problem` says why.",
        do="Fix the cause and launch the campaign for this person again.",
    )
    NO_ALLOWED_TIME = code(
        "The send option allows no time for this email. Touchline asked it every hour for a week.",
        waits="The send option allows no time for this email at the moment. Touchline asks again at {until}.",
        failed="The send option cannot say when this email can be sent: {error} Touchline asks again at {until}.",
        when=(
            "All times are over in which the send option lets the email be sent, and it allows no later one. It is "
            "asked every hour. After a week the email fails."
        ),
        do="Retry the email to send it immediately, or correct the step or the package of its send option.",
    )
    NO_ANSWER = code(
        "The channel {channel} did not answer within {seconds:g} s. The test email was not sent.",
        transmitting=(
            "The channel {channel} did not answer within {seconds:g} s. The test email may or may not have been sent."
        ),
        when="The sender's channel, or its mail server, took too long for a test email.",
        do="Check whether the test email arrived. Then try again, or check the mail server and the channel.",
    )
    OUTSIDE_ALLOWED_TIMES = code(
        "The send option does not allow this time. The email waits until {until}.",
        retry="The send option allows the next attempt at {until}.",
        when="The send option does not let the email be sent at this time, such as after a retry or a late start.",
        do="Nothing. The email is sent at its `dueAt`. Call `rescheduleEmail` to send it at another time.",
    )
    REMOVED = code(
        "The person was removed from this campaign.",
        when="A user removed the person from the campaign.",
        do="Nothing.",
    )
    REPLIED = code(
        "The person replied, so this campaign has ended for them.",
        when="The person replied.",
        do="Nothing.",
    )
    RESENT_IN_DOUBT = code(
        "The email was in doubt. The campaign's settings resend it.",
        when="The email was in doubt, and the campaign's settings resent it.",
        do="Nothing. The setting is the campaign's `inDoubtResends`.",
    )
    RESTORED = code(
        "The database was restored from a backup of {as_of}. This email may have been sent since then.",
        when="The database was restored from a backup. The email may have been sent after the backup was made.",
        do="Look for its `messageId` in the mail server's log, then call `resolveInDoubt`.",
    )
    SETTLED = code(
        "This email already had an outcome before it reached the channel.",
        when="The email had its outcome before it reached the channel. Only the server's log has this code.",
        do="Nothing.",
    )
    STOPPED = code(
        "The process was asked to stop before this email was sent.",
        when="The process was stopped before it transmitted the email.",
        do="Nothing. Another process sends it.",
    )
    SUCCEEDED = code(
        "A user marked this campaign as a success for the person.",
        when="A user marked the campaign as a success for the person.",
        do="Nothing.",
    )
    TASK_COMPLETED = code(
        when="The task was completed without its email, and the email was withdrawn. Only the Live Feed has this code.",
        do="Nothing.",
    )
    TASK_EXPIRED = code(
        "A task expired, so this campaign has ended for the person.",
        when="A task expired, and the campaign's settings end the campaign for the person in this case.",
        do="Check the campaign's settings.",
    )
    TASK_SKIPPED = code(
        "The task was skipped before its email was sent.",
        when="The task was skipped before its email was sent.",
        do="Nothing.",
    )
    THROTTLED = code(
        "The sender has reached its throttle. The email is sent as soon as the throttle allows it.",
        when="The sender has reached its throttle or its daily cap.",
        do="Nothing. The email is sent as soon as the limit allows it.",
    )
    UNEXPECTED = code(
        "The channel failed unexpectedly before the email was sent. The server's log has the error.",
        transmitting="The channel failed unexpectedly while it transmitted the email. The server's log has the error.",
        opening="The channel failed unexpectedly when it opened the account. The server's log has the error.",
        preparing="This email could not be prepared because of an unexpected error. The server's log has the error.",
        when="The channel, or the preparation of the email, failed unexpectedly.",
        do="Read the server's log.",
    )
    UNSUBSCRIBED_AT_PROVIDER = code(
        "The recipient unsubscribed at the provider that sends the emails.",
        when="A provider reports that the recipient unsubscribed. It is the reason of the suppression.",
        do="Do not write to this address.",
    )
    UNSUBSCRIBED_BY_MAIL = code(
        "The recipient sent an email that asks to unsubscribe.",
        when="A mail to the signed unsubscribe address of an email arrived. It is the reason of the suppression.",
        do="Do not write to this address.",
    )
    UNRESOLVED_FIELD = code(
        "The dynamic field {field} has no value for this person.",
        compose="The dynamic field {field} has no value for {email}. Enter a value, then open the task again.",
        when="A dynamic field has no value for this person.",
        do="Set the value for the person, or a `default` in the template, and retry the email.",
    )
