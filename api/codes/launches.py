"""Refusals about launches and background jobs."""

from strategies.codes import Code, code


class LaunchCode(Code):
    """Refusals about launches and background jobs."""

    ALREADY_ENROLLED = code(
        "{email} is already in this campaign.",
        meanwhile="Someone was enrolled at the same moment. Check the list and launch again.",
        when="The person is in this campaign, or stands twice in the launch.",
        do="Leave them out, or end their campaign first.",
    )
    ENDED_BEFORE = code(
        "This campaign ended for {email} on {date} ({reason}). To launch it for them again, pass `again: true`.",
        when=(
            "This campaign has ended for the person before: by a reply, a bounce, an unsubscribe, or because they were "
            "removed by hand (also why a launch in the background left people out)."
        ),
        do="Give `again: true` to launch it for them once more.",
    )
    LAUNCH_FAILED = code(
        when="The launch could not go on: this person was left out (`Launch.problem` says why).",
        do="Mend the cause, and launch for them again.",
    )
    LAUNCH_NOT_PAUSED = code(
        "This launch is not paused.",
        when="The launch is not paused.",
        do="Look at its status.",
    )
    LAUNCH_NOT_RUNNING = code(
        "This launch is finished. It enrolls nobody else.",
        paused="This launch is paused or finished.",
        when="The launch is over, or paused already.",
        do="Look at its status.",
    )
    NAMED_TWICE = code(
        "{email} is in the list twice. Name each person once.",
        choice="{person!r} has two entries in perPerson. Give one.",
        step="Step {step} has two new times. Give one.",
        when="A person, or a step's new time, is given twice in one launch.",
        do="Give it once.",
    )
    NO_PEOPLE = code(
        "Choose at least one person.",
        or_everyone="Choose at least one person, or everyone.",
        when="Nobody was chosen.",
        do="Choose at least one person.",
    )
    ROW_FAILED = code(
        "This row could not be written. {reason}",
        when=(
            "The database or an extension refuses one row of a background job: a row of an import, a person of a "
            "launch, an edit or a resume. It was set aside, and the others were done. Also the reason of a failed "
            "email that could not be read as it was due; its sender's other emails left."
        ),
        do="The message or the server's log says why. Mend the row; `retrySend` sends such an email again.",
    )
    SEND_AT_AMBIGUOUS = code(
        "Give sendNow or sendAt, not both.",
        when="Both sendNow and sendAt were given.",
        do="Give one.",
    )
    TOO_MANY_LAUNCHES = code(
        "A workspace runs up to {limit} background launches at once. Wait until one has finished, or cancel one.",
        when="A workspace runs up to 20 background launches at once, those that wait or are paused included.",
        do="Wait until one has ended, or call `cancelLaunch`.",
    )
    TOO_MANY_PEOPLE = code(
        "`launch` takes up to {limit:,} people. Use `startLaunch` for more.",
        by_id="One launch takes up to {limit:,} people by id.",
        scheduled=(
            "`launch` schedules up to {limit:,} emails and tasks; this launch has {scheduled:,}. Name fewer people, or "
            "use `startLaunch`."
        ),
        when=(
            "A launch at once takes up to 1,000 people and schedules up to 2,000 emails and tasks, `startLaunch` takes "
            "up to 200,000 people by id."
        ),
        do="Use `startLaunch`, or everyone.",
    )
