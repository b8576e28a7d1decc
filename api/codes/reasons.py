"""Why an email failed or waits, why an enrollment ended, and why a launch left someone out."""

from strategies.codes import Code, code


class ReasonCode(Code):
    """Why an email failed or waits, why an enrollment ended, and why a launch left someone out."""

    CHANNEL_NOT_INSTALLED = code(
        when="The sender's channel is not installed.",
        do="Install it, and retry the email.",
    )
    DOUBTS_IN_A_ROW = code(
        when="The last ten emails of the account were cut off after their content.",
        do="The account waits; look at the mail server, and settle the doubts.",
    )
    FOLLOWS_UNSENT = code(
        when="The follow-up waits until the email that it follows up has left, or has failed.",
        do="Nothing; see that email.",
    )
    INVALID_MESSAGE = code(
        when="The email cannot be built for this person.",
        do="The detail says why.",
    )
    IN_DOUBT = code(
        when="The process stopped while the email was being handed over.",
        do="Ask the recipient or the mail server, then `resolveInDoubt`.",
    )
    LAUNCH_CANCELLED = code(
        when="The launch in the background was cancelled before this person's turn came.",
        do="Launch the campaign for them again.",
    )
    REMOVED = code(
        when="The person was removed by hand.",
        do="Nothing.",
    )
    REPLIED = code(
        when="The person replied.",
        do="Nothing.",
    )
    RESENT_IN_DOUBT = code(
        when="It was in doubt, and the campaign's settings send it again.",
        do="Nothing; see the campaign's `inDoubtResends`.",
    )
    RESTORED = code(
        when="The database was restored from a backup; the email may have left since the backup was made.",
        do="Look for its `messageId` at the mail server, then `resolveInDoubt`.",
    )
    SETTLED = code(
        when="The email was settled before it reached the channel. Only the server's log shows this.",
        do="Nothing.",
    )
    STOPPED = code(
        when="The process was asked to stop before the email left.",
        do="Nothing; another process sends it.",
    )
    TASK_COMPLETED = code(
        when="The task was completed without its email, which was withdrawn (in the Live Feed).",
        do="Nothing.",
    )
    TASK_EXPIRED = code(
        when="A task expired, which ends this campaign.",
        do="See the campaign's settings.",
    )
    TASK_SKIPPED = code(
        when="The task was skipped before its email went out.",
        do="Nothing.",
    )
    THROTTLED = code(
        when="The sender's throttle or daily cap is used up.",
        do="Nothing; it goes out as soon as it may.",
    )
    UNEXPECTED = code(
        when="The channel, or the preparation of the email, failed in a way that nobody foresaw.",
        do="See the server's log.",
    )
    UNRESOLVED_FIELD = code(
        "The dynamic field {field} has no value for {email}. Give it one, and open it again.",
        when="A dynamic field has no value for this person.",
        do="Give the person the value, or the field a `default`, and retry.",
    )
