"""Refusals and failures of background jobs."""

from strategies.codes import Code, code


class JobCode(Code):
    """Refusals and failures of background jobs."""

    ROW_FAILED = code(
        "This row could not be written. {reason}",
        unreadable="This email could not be read. {reason}",
        follows="{detail} Some effects could not be recorded. {reason}",
        not_recorded="{outcome}: this outcome could not be recorded. {reason}",
        not_moved="The email's time could not be moved when the campaign resumed.",
        when=(
            "The database or an extension rejects one row of a background job: a row of an import, or a person of a "
            "launch, an edit or a resume. The job continues with the other rows. Also the reason of a failed email "
            "that could not be read from the database; the sender's other emails are sent."
        ),
        do="Read the reason in the message or in the server's log. Correct the row. For an email, call `retrySend`.",
    )
    TOO_MANY_IMPORTS = code(
        "A workspace runs up to {limit} imports at once. Wait until one has finished.",
        when="A workspace runs up to 5 imports at once. Waiting imports count as well.",
        do="Wait until one has finished.",
    )
    TOO_MANY_LAUNCHES = code(
        "A workspace runs up to {limit} background launches at once. Wait until one has finished, or cancel one.",
        when="A workspace runs up to 20 background launches at once. Waiting and paused launches count as well.",
        do="Wait until one has finished, or call `cancelLaunch`.",
    )
