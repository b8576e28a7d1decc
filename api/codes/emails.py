"""Refusals about scheduled emails and tasks."""

from strategies.codes import Code, code


class EmailCode(Code):
    """Refusals about scheduled emails and tasks."""

    ALREADY_SCHEDULED = code(
        "{problem}",
        when="This task has an email already: scheduled, undelivered or in doubt.",
        do=(
            "`rescheduleEmail`, `editEmail` or `withdrawEmail` of the task's `email`; where it did not go out, "
            "`retrySend` or `withdrawEmail`; in doubt, `resolveInDoubt`."
        ),
    )
    EMAIL_LEAVING = code(
        "This email is being transmitted to the mail server. Try again in a moment.",
        of_task="The email of this task is being transmitted. The task is completed when it is sent.",
        when=(
            "The email is being handed over to the mail server just now: it cannot be changed, and its task completes "
            "by itself."
        ),
        do="Look again in a moment.",
    )
    EMAIL_TOO_LARGE = code(
        when=(
            "The email has more than 25 MB as it leaves, encoded, with the earlier emails that a follow-up quotes "
            "(also the reason of a failed email, which is not tried again by itself)."
        ),
        do="Make its template shorter, or those of the earlier emails in its thread.",
    )
    FIELD_PROMPT_LEFT = code(
        "{problem}",
        when=(
            "A field prompt such as `{{! Introduce yourself }}` is still in the email (also the reason of a failed "
            "email)."
        ),
        do="Write something in its place; `composition.prompts` lists them.",
    )
    NOT_AN_EMAIL_TASK = code(
        "This is a {type} task. Complete it instead.",
        no_email="This is a {type} task. It has no email.",
        when="Only EMAIL tasks have an email.",
        do="Complete the task instead.",
    )
    NOT_A_TASK_EMAIL = code(
        "The campaign sends this email automatically. Reschedule it, remove its step, or end the person's campaign.",
        when="The campaign sends this email by itself: there is no task to withdraw it to.",
        do="`rescheduleEmail`, remove its step, or end the person's campaign.",
    )
    NOT_IN_DOUBT = code(
        "This email is {status}, not in doubt.",
        when="The email is not in doubt.",
        do="Look at its status.",
    )
    NOT_SCHEDULED = code(
        "{problem}",
        when="Only an email that is scheduled can be changed: this one has left, failed, bounced or is in doubt.",
        do=(
            "Look at its status. `retrySend` sends an undelivered one again; `withdrawEmail` takes that of an open "
            "task back."
        ),
    )
    NOT_SENT = code(
        "Only sent emails can be archived.",
        when="Only sent emails can be archived.",
        do="Look at its status.",
    )
    NOT_UNDELIVERED = code(
        "This email is {status}, not undelivered.",
        when="Only undelivered emails can be retried.",
        do="Look at its status.",
    )
    TASK_NOT_OPEN = code(
        "This task is {status}.",
        email="{problem}",
        ended="This person's campaign has ended.",
        gone="This task has just been completed, or an edit has removed it.",
        meanwhile="Someone else has just done this task.",
        when="The task is done, or the campaign has ended.",
        do="Look at its status.",
    )
