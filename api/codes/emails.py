"""Refusals about scheduled emails and tasks."""

from strategies.codes import Code, code


class EmailCode(Code):
    """Refusals about scheduled emails and tasks."""

    ALREADY_SCHEDULED = code(
        "The email of this task is already scheduled. Reschedule, edit or withdraw it.",
        in_doubt="The email of this task is in doubt. Call resolveInDoubt first.",
        undelivered="The email of this task was not delivered. Retry it, or withdraw it to write another.",
        when="This task already has an email, which is scheduled, undelivered or in doubt.",
        do=(
            "For a scheduled email, call `rescheduleEmail`, `editEmail` or `withdrawEmail`. For an undelivered one, "
            "call `retrySend` or `withdrawEmail`. For one in doubt, call `resolveInDoubt`."
        ),
    )
    EMAIL_LEAVING = code(
        "This email is being transmitted to the mail server. Try again in a moment.",
        of_task="The email of this task is being transmitted. The task is completed when it is sent.",
        when=(
            "The email is being transmitted to the mail server, so it cannot be changed. Its task is completed "
            "automatically."
        ),
        do="Try again in a moment.",
    )
    EMAIL_TOO_LARGE = code(
        (
            "This email has more than {limit} MB, including the earlier emails that a follow-up quotes. Shorten its "
            "template, or the template of an earlier email in the thread."
        ),
        when=(
            "The encoded email has more than 25 MB, with the earlier emails that a follow-up quotes. Also the reason "
            "of a failed email, which is not tried again automatically."
        ),
        do="Shorten its template, or the templates of the earlier emails in its thread.",
    )
    FIELD_PROMPT_LEFT = code(
        "A field prompt is still in this email: {prompts}. Replace it with your own text.",
        when=(
            "A field prompt such as `{{! Introduce yourself }}` is still in the email (also the reason of a failed "
            "email)."
        ),
        do="Replace each field prompt with your text. `composition.prompts` lists them.",
    )
    NOT_AN_EMAIL_TASK = code(
        "This is a {type} task. Complete it instead.",
        no_email="This is a {type} task. It has no email.",
        when="Only EMAIL tasks have an email.",
        do="Complete the task instead.",
    )
    NOT_A_TASK_EMAIL = code(
        "The campaign sends this email automatically. Reschedule it, remove its step, or end the person's campaign.",
        when="The campaign sends this email automatically, so it does not belong to a task.",
        do="Call `rescheduleEmail`, remove its step, or end the campaign for the person.",
    )
    NOT_IN_DOUBT = code(
        "This email is {status}, not in doubt.",
        when="The email is not in doubt.",
        do="Query its `status`.",
    )
    NOT_SCHEDULED = code(
        "This email is {status}. Only a scheduled email can be changed.",
        undelivered="This email is {status}. Only a scheduled email can be changed. Retry it.",
        undelivered_task=(
            "This email is {status}. Only a scheduled email can be changed. Retry it, or withdraw it while its task is "
            "open."
        ),
        when="Only a scheduled email can be changed. This email was sent, failed, bounced or is in doubt.",
        do=(
            "Query its `status`. `retrySend` sends an undelivered email again. `withdrawEmail` withdraws the email of "
            "an open task."
        ),
    )
    NOT_SENT = code(
        "This email is {status}. Only a sent email can be archived.",
        answer="This email is {status}. Nobody can have received it, so nobody can answer it.",
        when="The email was not sent. Only sent emails can be archived, and only they can be answered in a sandbox.",
        do="Query its `status`.",
    )
    NOT_UNDELIVERED = code(
        "This email is {status}. Only an undelivered email can be retried.",
        when="Only undelivered emails can be retried.",
        do="Query its `status`.",
    )
    TASK_NOT_OPEN = code(
        "This task is {status}. Only an open task can be changed.",
        email="The task of this email is completed. It cannot be opened again, because the next steps are scheduled.",
        email_cancelled="The task of this email was cancelled with the person's campaign. It cannot be opened again.",
        ended="This person's campaign has ended.",
        gone="This task has just been completed, or an edit has removed it.",
        meanwhile="Someone else has just done this task.",
        not_done="This task is not done. Only a completed or skipped task can be opened again.",
        when=(
            "The task is not open any more, or the campaign has ended for the person. For `reopenTask`: the task is "
            "open."
        ),
        do="Query its `status`.",
    )
