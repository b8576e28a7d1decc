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
    ATTACHMENTS_TOO_LARGE = code(
        "The attachments of an email can have {limit} MB in total. These have {size} bytes.",
        file="A file can have {limit} MB. This one has {size} bytes or more.",
        when="The attachments of the email or the uploaded file have more than 20 MB in total.",
        do="Remove an attachment, or send a link to the file.",
    )
    ATTACHMENT_INVALID = code(
        "The upload is not complete. Send the whole file again.",
        empty="The file is empty. Send its bytes as the body of the request.",
        compressed="The body of an upload must not be compressed.",
        form="The body is a form (multipart/form-data). Send the bytes of the file alone as the body.",
        name="The file has no name. Give it as the parameter `name` of the URL, such as `/attachments?name=offer.pdf`.",
        when="The upload of a file is empty, not complete, compressed or a form, or the file has no name.",
        do="Send the bytes of the file as the body, and its name as the parameter `name` of the URL.",
    )
    CAMPAIGN_EMAIL = code(
        "This email belongs to a campaign. Emails of campaigns cannot be deleted, and have no CC, BCC or attachments.",
        when="The email belongs to a campaign, and the mutation is for one-off emails only.",
        do="Call `editEmail` or `rescheduleEmail`, or end the campaign for the person.",
    )
    CONTENT_NOT_KEPT = code(
        "The content of this email is not stored. The email was not sent yet, was sent by an old release, or its "
        "content has expired or was erased.",
        when=(
            "The email was not sent yet, was sent by a release that stored no contents, or its content has expired "
            "(`TOUCHLINE_CONTENT_DAYS`) or was erased."
        ),
        do="Nothing. For an email that is not sent yet, read `composition`.",
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
        "This task has the type {type}. Complete it instead.",
        no_email="This task has the type {type}, so it has no email.",
        when="Only EMAIL tasks have an email.",
        do="Complete the task instead.",
    )
    NOT_A_TASK_EMAIL = code(
        "The campaign sends this email automatically. Reschedule it, remove its step, or end the person's campaign.",
        when="The campaign sends this email automatically, so it does not belong to a task.",
        do="Call `rescheduleEmail`, remove its step, or end the campaign for the person.",
    )
    ONE_RECIPIENT = code(
        "An email needs exactly one recipient: give personId, or the address as to.",
        both="An email has exactly one recipient: give personId or to, but not both.",
        when="The email has no recipient, or two.",
        do="Give `personId`, or `to` with an address. Other recipients get a copy: `cc`, `bcc`.",
    )
    TEST_NOT_BUILT = code(
        "The test email cannot be built: {fault}",
        when="A value of the email, such as the name of the sender, cannot be used in an email.",
        do="Read the message, and correct the value.",
    )
    TEST_RECIPIENT = code(
        "No sender of this workspace has the address {address}. Test emails go only to: {addresses}.",
        when="The recipient of a test email is not a sender of the workspace.",
        do="Choose the address of a sender. Test emails never go to strangers.",
    )
    TOO_MANY_ATTACHMENTS = code(
        "An email can have up to {limit} attachments.",
        when="The email has more than 25 attachments.",
        do="Remove some of them.",
    )
    TOO_MANY_RECIPIENTS = code(
        "An email can have up to {limit} recipients, with CC and BCC.",
        when="The email has more than 50 recipients: the person, CC and BCC.",
        do="Remove some of them, or launch a campaign.",
    )
    NOT_IN_DOUBT = code(
        "This email is {status}, not in doubt.",
        when="The email is not in doubt.",
        do="Query its `status`.",
    )
    NOT_SCHEDULED = code(
        "This email is {status}. Only a scheduled email can be changed.",
        draft="This email is a draft already.",
        draft_time="This email is a draft. Call sendEmail to send it, now or later.",
        one_off="This email is {status}. Only a draft or a scheduled email can be changed.",
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
        follow_up="This email is {status}. A follow-up can only answer an email that was sent.",
        answer="This email is {status}. Nobody can have received it, so nobody can answer it.",
        when="The email was not sent. Only sent emails can be archived, and only they can be answered in a sandbox.",
        do="Query its `status`.",
    )
    NOT_UNDELIVERED = code(
        "This email is {status}. Only an undelivered email can be retried.",
        in_doubt="This email is in doubt: it may have arrived. Check it, then call resolveInDoubt for it.",
        when="Only undelivered emails can be retried. `retrySends` retries none in doubt.",
        do="Query its `status`. For an email in doubt, call `resolveInDoubt`.",
    )
    OUTSIDE_CAMPAIGNS = code(
        "This email belongs to no campaign, so there is no campaign to end.",
        when="The email belongs to no campaign.",
        do="Nothing.",
    )
    SENDER_NOT_READY = code(
        "The rate limit of this sender allows the next email at {at}. Try again then.",
        paused="The account of this sender is paused until {at}, because it failed. Try again then.",
        tests="A workspace can send {limit} test emails an hour. Try again later.",
        when="The sender's rate limit or paused account, or the limit of 100 test emails an hour, allows no test now.",
        do="Try again at the time that the message names.",
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
